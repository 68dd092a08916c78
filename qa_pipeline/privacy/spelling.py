"""How a name is spelled or explained beside it, which is the name once more: w o j c i k, sz jak szymon, med h på slutet, 美丽的美. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import pairwise

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import SIGNS, Found, Personal
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.privacy.signs import letters_of
from qa_pipeline.values.word_numbers import WORD

# How far from where a name is said it is spelled, in utterances.
_NEAR = 3
# Letters alone that are of a name wherever they stand, and that make a word said before or after a name.
_FEWEST_LETTERS, _FEWEST_OF_WORD = 3, 4
# Words that a surname may have been heard as.
_HEARD_AS = (1, 2)
_ONE_SIGN = re.compile(r"[^\W\d_]")


def find_spellings(utterances: Sequence[Utterance], found: Sequence[Found]) -> list[Found]:
    """Where names that were found are spelled, and words that are no language's own and are spelled out beside."""
    names = [one for one in found if one.kind is Personal.NAME]
    spelled: list[Found] = []
    for at, utterance in enumerate(utterances):
        near = [one for one in names if abs(one.utterance - at) <= _NEAR]
        taken = [one for one in found if one.utterance == at and one.kind in SIGNS | {Personal.EMAIL}]
        find = _explained if is_han(utterance.language) else _in_letters
        for where, start, end in find(utterances, at, near):
            if where != at or not any(one.start < end and start < one.end for one in taken):
                value = utterances[where].text[start:end]
                spelled.append(Found(kind=Personal.NAME, utterance=where, start=start, end=end, value=value))
    return spelled


def _explained(utterances: Sequence[Utterance], at: int, near: Sequence[Found]) -> Iterator[tuple[int, int, int]]:
    """Characters of a name, each told by a word that it is in (田野的田), by its parts (弓长张) or its strokes, where the name stands near."""
    utterance = utterances[at]
    said = table(utterance.language, Privacy)
    plain = fold_text(utterance.text, utterance.language)
    signs = set("".join(fold_text(one.value, utterance.language) for one in near))
    for match in said.sign_told.finditer(plain):
        sign, word = match["sign"], match["word"]
        if sign in signs and sign in word:
            yield at, *match.span()
    for match in said.sign_parts.finditer(plain):
        if plain[match.end() - 1] in signs:
            yield at, *match.span()
    for pattern in (said.sign_composed, said.sign_asked):
        # 吾是五下面一个口; 桐呢？
        yield from ((at, *match.span()) for match in pattern.finditer(plain) if match["sign"] in signs)
    for match in said.sign_strokes.finditer(plain):
        # 姓阮，耳朵旁一个元: of which name it tells, the name right before says.
        before = [one for one in near if one.utterance == at and one.end <= match.start()]
        if any(not _ONE_SIGN.search(plain[one.end : match.start()]) for one in before):
            yield at, *match.span()


def _in_letters(utterances: Sequence[Utterance], at: int, near: Sequence[Found]) -> Iterator[tuple[int, int, int]]:
    """Letters in a row that a name near has, or that make a word near, which then is a name too; a letter told by a word that begins with it; a letter
    that a name has, beside it.
    """
    utterance = utterances[at]
    said = table(utterance.language, Privacy)
    plain = fold_text(utterance.text, utterance.language)
    parts = {
        word.group()
        for one in near
        for word in WORD.finditer(fold_text(utterances[one.utterance].text[one.start : one.end], utterance.language))
    }
    here = [one for one in near if one.utterance == at]
    yield from ((at, *span) for span in _halves(plain, parts))
    for match in _rows(utterance.language).finditer(plain):
        several = [letter.group() for letter in _letters(utterance.language).finditer(plain, *match.span())]
        letters = "".join(_letter(one, utterance.language) for one in several)
        is_told = any(" " in one for one in several)
        if (
            len(letters) >= _FEWEST_LETTERS and any(letters in part or part in letters for part in parts if len(part) >= _FEWEST_LETTERS)
        ) or (
            is_told
            and any(
                _are_beside(plain, one, *match.span()) and fold_text(one.value, utterance.language).startswith(letters[0]) for one in here
            )
        ):
            yield at, *match.span()
        if len(letters) >= _FEWEST_OF_WORD:
            words = list(_words_of(utterances, at, letters))
            yield from words
            if words:
                yield at, *match.span()
    for match in said.letter_beside.finditer(plain):
        letters = match["letters"].replace(" ", "")
        if any(letters in fold_text(one.value, utterance.language) and plain[one.end : match.start()].strip(" ,") == "" for one in here):
            yield at, *match.span("letters")
    for match in said.heard_apart.finditer(plain):
        for one in here:
            # rut väster gren med enkelt v: what stands between a first name and the letter is a surname that begins with it.
            between = [word.group() for word in WORD.finditer(plain, one.end, max(one.end, match.start()))]
            is_near = len(between) in _HEARD_AS and plain[one.end : match.start()] == f" {' '.join(between)}"
            if is_near and between[0].startswith(match["letter"]):
                yield at, one.end + 1, match.start()


def _halves(plain: str, parts: Collection[str]) -> Iterator[tuple[int, int]]:
    """Two words that together make a name, with a word between them at most: inchbald like inch and bald."""
    words = list(WORD.finditer(plain))
    for step in (1, 2):
        for first, second in zip(words, words[step:], strict=False):
            if min(len(first.group()), len(second.group())) >= _FEWEST_LETTERS and first.group() + second.group() in parts:
                yield first.span()
                yield second.span()


def _words_of(utterances: Sequence[Utterance], at: int, letters: str) -> Iterator[tuple[int, int, int]]:
    """Where a word that letters make is said near, or two words that a recogniser heard in its stead."""
    for other in range(max(0, at - _NEAR), min(len(utterances), at + 2)):
        plain = fold_text(utterances[other].text, utterances[other].language)
        words = list(WORD.finditer(plain))
        yield from ((other, *word.span()) for word in words if word.group() == letters)
        yield from (
            (other, first.start(), second.end())
            for first, second in pairwise(words)
            if first.group() + second.group() == letters and min(len(first.group()), len(second.group())) > 1
        )


def _are_beside(plain: str, one: Found, start: int, end: int) -> bool:
    """Whether a place stands right before or behind a name."""
    between = plain[one.end : start] if one.end <= start else plain[end : one.start]
    return between.strip(" ,.") == ""


def _letter(said: str, language: str) -> str:
    """The letter that is told, alone or with an example: z of żet jak żaba, s of sz jak szymon."""
    name = said.split()[0]
    if name == said and said in table(language, Privacy).letters_together:
        return said
    return letters_of(language).get(name, name[0])


def _one(language: str) -> str:
    example = "|".join(re.escape(word) for word in table(language, Privacy).spelled_as)
    alone = "|".join(("[a-z]", *table(language, Privacy).letters_together))
    return rf"(?<![\w'’])(?:[a-z]{{1,3}}(?: (?:{example}))+ [a-z]+|(?:{alone})(?![\w'’@]))" if example else r"\b[a-z]\b"


@cache
def _letters(language: str) -> re.Pattern[str]:
    return re.compile(_one(language))


@cache
def _rows(language: str) -> re.Pattern[str]:
    """Letters one after the other, with what tells a mark on one of them."""
    one, marks = _one(language), table(language, Privacy).letter_marks.pattern
    return re.compile(rf"{one}(?:[ ,.\-]+(?:(?:{marks})[ ,.\-]+)?{one})*(?: (?:{marks}))?")
