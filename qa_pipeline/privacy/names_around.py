"""What stands around a name and shows it to be one: a question for it, words that tell one, a surname behind it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.names import FEW_WORDS, WORDS, is_ordinary, spoken_before
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.values.names import asks_name
from qa_pipeline.values.value import fold

_BEGINS = re.compile(r"(?:^|[.?!…]\s)\W*$")
# Words before a surname, of which the last is a first name; how often it may be said (frequent.txt: 0 most).
_FEWEST_BEFORE, _SELDOM = 2, "4"


def answers_name(utterances: Sequence[Utterance], at: int) -> bool:
    """Whether an utterance is few words and answers a question for somebody's name."""
    utterance = utterances[at]
    before = spoken_before(utterances, at)
    if before is None or utterance.role is Role.AGENT or is_han(utterance.language) or len(WORDS.findall(utterance.text)) > FEW_WORDS:
        return False
    asked = table(before.language, Privacy).asked_name
    return asks_name(before.text, before.language) or bool(asked.search(fold_text(before.text, before.language)))


def begins_sentence(utterance: Utterance, start: int) -> bool:
    """Whether a place stands at the beginning of an utterance or of a sentence in it."""
    return bool(_BEGINS.search(utterance.text, 0, start))


def is_told_as_name(one: Found, utterance: Utterance) -> bool:
    """Whether words right before a place in small letters say that it is a name, and no word of it is one of the language's own."""
    plain = fold_text(utterance.text, utterance.language)
    words = [word.group() for word in WORDS.finditer(plain, one.start, one.end)]
    if is_han(utterance.language):
        return utterance.role is Role.CUSTOMER and bool(table(utterance.language, Privacy).told_surname.search(plain, 0, one.start))
    return bool(table(utterance.language, Privacy).told_name.search(plain, 0, one.start)) and not any(
        is_ordinary(word, utterance.language) for word in words
    )


def find_first_names(utterances: Sequence[Utterance], found: Sequence[Found], known: Mapping[str, str]) -> Iterator[Found]:
    """A word with a capital right before a surname that was found, which is no beginning of a sentence: is that Verity Tollemache?"""
    for one in found:
        utterance = utterances[one.utterance]
        if one.kind is not Personal.NAME or is_han(utterance.language) or not utterance.text[one.start].isupper():
            continue
        before = list(WORDS.finditer(utterance.text, 0, one.start))
        if len(before) < _FEWEST_BEFORE or utterance.text[before[-1].end() : one.start] != " ":
            continue
        word, gap = before[-1].group(), utterance.text[before[-2].end() : before[-1].start()]
        plain = fold(word)
        is_capital = word[0].isupper() and not word.isupper() and gap == " "
        is_title = plain in table(utterance.language, Names).titles or is_ordinary(plain, utterance.language)
        if is_capital and not is_title and "o" not in known.get(plain, "") and known.get(f"{utterance.language}:{plain}", "5") >= _SELDOM:
            yield Found(kind=Personal.NAME, utterance=one.utterance, start=before[-1].start(), end=one.end, value=one.value)
