"""People who are named by whose they are (my daughter …, farmor …, 老公叫…), and names and towns said again in another form. Pure.

What stands behind a relation is a name where lists know it as one, or where neither they nor the language know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.forms import plain_forms
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.names import is_ordinary, own_names
from qa_pipeline.privacy.names_in_han import is_word
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.values.value import fold
from qa_pipeline.values.word_numbers import WORD

_SHORTEST = 3
_SHORTEST_TOWN = 4
# How often a word may be said (frequent.txt: 0 most, 5 least) that is a name all the same: one that lists know as a first name, another one.
_OFTEN_FIRST, _OFTEN_OTHER = "2", "4"
# A word of the language written in Han characters is no longer than this.
_LONG_HAN = 4
_HYPHENED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
# The number of a house behind a village: Ekeby 112.
_HOUSE = re.compile(r" \d{1,4}(?: ?[a-d])?(?![\w,.:]?\d)")


def find_related(utterances: Sequence[Utterance], known: Mapping[str, str], *, agent_name: str | None) -> list[Found]:
    """Names behind words of relation."""
    own = own_names(utterances, agent_name)
    related: list[Found] = []
    for at, utterance in enumerate(utterances):
        if utterance.role is Role.OTHER:
            continue
        plain = fold_text(utterance.text, utterance.language)
        for pattern in table(utterance.language, Privacy).related:
            for match in pattern.finditer(plain):
                start, end = match.span("name")
                if not is_han(utterance.language):
                    start, end = _as_names(utterance, start, end, known)
                elif end - start < _LONG_HAN and is_word(plain[start:end], utterance.language):
                    continue
                value = utterance.text[start:end]
                if end > start and fold(value) not in own and not any(fold(part) in own for part in value.split()):
                    related.append(Found(kind=Personal.NAME, utterance=at, start=start, end=end, value=value))
    return related


def _as_names(utterance: Utterance, start: int, end: int, known: Mapping[str, str]) -> tuple[int, int]:
    """The words of a place, from its first, as far as they are names."""
    plain, last = fold_text(utterance.text, utterance.language), start
    for word in WORD.finditer(plain, start, end):
        if not _is_name(word.group(), utterance.language, known, is_last=not WORD.search(plain, word.end())):
            break
        last = word.end()
    return start, last


def _is_name(word: str, language: str, known: Mapping[str, str], *, is_last: bool) -> bool:
    """Whether a word may be a name where one is to be expected. `is_last`: nothing stands behind it, as verbs do not."""
    if len(word) < _SHORTEST or not word.replace("-", "").isalpha() or is_ordinary(word, language):
        return False
    letters, often = known.get(word, ""), known.get(f"{language}:{word}")
    if "f" in letters:
        return often is None or often >= _OFTEN_FIRST
    if "o" in letters:
        return False
    if set(letters) & {"l", "r"} or _plain_forms(word, language) & _first_names(language):
        return often is None or often >= _OFTEN_OTHER
    return often is None or (is_last and often >= "5")


@cache
def _first_names(language: str) -> frozenset[str]:
    return frozenset(table(language, Privacy).first_names)


def find_forms_again(
    utterances: Sequence[Utterance], found: Sequence[Found], known: Mapping[str, str], *, agent_name: str | None
) -> Iterator[Found]:
    """Words that are another form of a word of a name that was found (dżesika, dżesikę), and towns of addresses said again alone."""
    own = own_names(utterances, agent_name)
    for kind, least in ((Personal.NAME, _SHORTEST), (Personal.ADDRESS, _SHORTEST_TOWN)):
        forms: set[tuple[str, bool]] = set()
        for one in (one for one in found if one.kind is kind):
            utterance = utterances[one.utterance]
            if is_han(utterance.language):
                continue
            for word in WORD.finditer(fold_text(utterance.text, utterance.language), one.start, one.end):
                if len(word.group()) >= least and _is_rare(word.group(), utterance.language, known):
                    several = _plain_forms(word.group(), utterance.language) if kind is Personal.NAME else {word.group()}
                    forms |= {(form, utterance.text[word.start()].isupper()) for form in several}
        for at, utterance in enumerate(utterances):
            if is_han(utterance.language) or utterance.role is Role.OTHER:
                continue
            for word in WORD.finditer(fold_text(utterance.text, utterance.language)):
                text = word.group()
                if len(text) < least or fold(text) in own or not _is_rare(text, utterance.language, known):
                    continue
                several = _plain_forms(text, utterance.language) if kind is Personal.NAME else {text}
                is_capital = utterance.text[word.start()].isupper()
                if any((form, False) in forms or (is_capital and (form, True) in forms) for form in several):
                    house = _HOUSE.match(utterance.text, word.end()) if kind is Personal.ADDRESS else None
                    end = house.end() if house else word.end()
                    yield Found(kind=kind, utterance=at, start=word.start(), end=end, value=utterance.text[word.start() : end])


def _is_rare(word: str, language: str, known: Mapping[str, str]) -> bool:
    """Whether a word is none of the language's own in small letters, or is seldom said."""
    often = known.get(f"{language}:{word}")
    return (
        word.isalpha() and not is_ordinary(word, language) and "o" not in known.get(word, "") and (often is None or often >= _OFTEN_OTHER)
    )


def _plain_forms(word: str, language: str) -> set[str]:
    """A word, and what it may be a form of."""
    return {word, *plain_forms(word, table(language, Privacy).name_endings, shortest=_SHORTEST)}


def with_hyphen(one: Found, utterance: Utterance, known: Mapping[str, str]) -> Found:
    """A name with what a hyphen joins to it, where lists know the whole: inga-lill."""
    plain = fold_text(utterance.text, utterance.language)
    for word in _HYPHENED.finditer(plain) if one.kind is Personal.NAME else ():
        is_known = "f" in known.get(word.group(), "") or word.group() in _first_names(utterance.language)
        if is_known and word.start() < one.end and one.start < word.end():
            return replace(one, start=min(one.start, word.start()), end=max(one.end, word.end()))
    return one
