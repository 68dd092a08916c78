"""People's names in spoken words: where the words say that one follows (my name is …, 免贵姓…), or are nothing else; after a question for one, whatever is said.

How a language says so is in its names.yaml (languages/name_tables.py).
"""

from __future__ import annotations

import re
from functools import cache

from qa_pipeline.languages.load import is_han, language_codes, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.text.normalise import simplify
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import Value, fold
from qa_pipeline.values.word_numbers import WORD

_MOST_WORDS = 3
# Surname and given name in Han characters; in two-character surnames one more.
_SHORTEST_HAN, _LONGEST_HAN = 1, 4
_CLAUSES = re.compile(r"[^,.;:!?，。；：！？、…]+")
# Letters told one by one: B-I-R-C-H, b i r c h.
_SPELLED = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-–,]+[^\W\d_](?!\w)){2,}")
_LONGEST_LETTERS = 15


def find_names(text: str, language: str) -> list[Value]:
    """A person's name, where the words say that it is one or are nothing else; at most one."""
    names = table(language, Names)
    for pattern in names.patterns:
        for match in pattern.finditer(text):
            name = match.group(1)
            if not (names.begins_no_name.match(name) or any(fold(word) in _no_names(language_codes()) for word in name.split())):
                return [_in_full(text, Value(value=name, value_type="name", start=match.start(1), end=match.end(1)), language)]
    return []


def _in_full(text: str, name: Value, language: str) -> Value:
    """A surname in Han characters, or the whole name that ends a clause behind it, however it is explained between: 姓宫，宫殿的宫，宫雪."""
    names = table(language, Names)
    if not is_han(language) or name.value not in (*names.surnames, *names.double_surnames):
        return name
    whole = re.compile(rf"{name.value}(?!{name.value})[^\W\d_]{{1,2}}(?=\W|$)")
    for match in whole.finditer(text, name.end - len(name.value)):
        given = match.group()[len(name.value) :]
        is_given = given not in names.addressed and not names.ends.search(given) and not names.no_answer.search(given)
        if is_given and not names.begins_no_name.match(match.group()):
            return Value(value=match.group(), value_type="name", start=match.start(), end=match.end())
    return name


def asks_name(text: str, language: str) -> bool:
    """Whether somebody's words ask for a name."""
    return bool(table(language, Names).asked.search(simplify(text) if is_han(language) else fold(text)))


def answered_name(text: str, language: str) -> Value | None:
    """The name in an answer to a question for one, written with capitals; None for an answer that is none."""
    if is_han(language):
        return _answered_in_han(text, language)
    clauses = [found for match in _CLAUSES.finditer(text) if (found := _answered_in(text, match.start(), match.end(), language))]
    if not clauses:
        spelled = _SPELLED.search(text)
        return _value(spelled.group(), spelled.start(), spelled.end()) if spelled and len(spelled.group()) > _MOST_WORDS else None
    return _fullest(clauses)


def _fullest(found: list[Value]) -> Value | None:
    """The first name, or the same said again in full: Nowicka, Monika Nowicka; 姓邬，邬建平."""
    fuller = (value for value in found[1:] if fold(found[0].value) in fold(value.value))
    return max((*found[:1], *fuller), key=lambda value: len(value.value), default=None)


def spoken_to(name: str, language: str) -> tuple[str, ...]:
    """Wordings in which a name is said back or somebody addressed by it: whole, by either part, inflected, as Mr or by surname and title."""
    names = table(language, Names)
    if is_han(language):
        surname = next((double for double in names.double_surnames if name.startswith(double)), name[:1])
        given = name[len(surname) :]
        whole = [name] if given else []
        return (*whole, *(surname + title for title in names.addressed), *([given] if len(given) > 1 else []))
    parts = [part for part in name.split() if len(part) > 1]
    return tuple(dict.fromkeys((name, *parts, *(form for part in parts for form in _inflected(part, names)))))


def _inflected(word: str, names: Names) -> list[str]:
    folded = fold(word)
    ending = max((ending for ending in names.inflected if folded.endswith(ending)), key=len, default=None)
    return [] if ending is None else [folded[: len(folded) - len(ending)] + other for other in names.inflected[ending]]


def _answered_in(text: str, start: int, end: int, language: str) -> Value | None:
    """The name that a clause is, behind what may stand before one."""
    names = table(language, Names)
    folded = fold(text[:end])
    while (lead := names.lead.match(folded, start)) and lead.end() > start:
        start = lead.end()
    stop = names.ends.search(folded, start)
    # Who is asked for a name and a number says the one after the other.
    number = next((found.start for found in digit_pieces(text[start:end], language)), None)
    end = min(stop.start() if stop else end, end if number is None else start + number)
    words = list(WORD.finditer(text, start, end))
    known = _no_names(language_codes())
    if not 1 <= len(words) <= _MOST_WORDS or any(fold(word.group()) in known or word.group().isdigit() for word in words):
        return None
    if names.no_answer.search(folded[start:end]) or len(words[0].group()) < 2 or _SPELLED.search(text[start:end]):
        return None
    return _value(text[words[0].start() : words[-1].end()], words[0].start(), words[-1].end())


def _answered_in_han(text: str, language: str) -> Value | None:
    names = table(language, Names)
    plain = simplify(text)
    found: list[Value] = []
    for clause in _CLAUSES.finditer(plain):
        start = clause.start()
        while (lead := names.lead.match(plain, start)) and start < lead.end() <= clause.end():
            start = lead.end()
        stop = names.ends.search(plain, start)
        end = min(stop.start() if stop else clause.end(), clause.end())
        name = plain[start:end].strip()
        is_fit = _SHORTEST_HAN <= len(name) <= _LONGEST_HAN and name.isalpha() and not names.no_answer.search(name)
        if is_fit and not names.begins_no_name.match(name):
            found.append(Value(value=name, value_type="name", start=start, end=start + len(name)))
    # Four characters are a name with a surname of two, or one from elsewhere; else a firm or a house: 我是金环大厦的.
    return _fullest(sorted(found, key=lambda value: len(value.value) == _LONGEST_HAN and value.value[:2] not in names.double_surnames))


def _value(name: str, start: int, end: int) -> Value:
    if _SPELLED.fullmatch(name):
        name = re.sub(r"[\W\d_]", "", name)[:_LONGEST_LETTERS].capitalize()
    elif name == name.lower():
        name = " ".join(word[:1].upper() + word[1:] for word in name.split())
    return Value(value=name, value_type="name", start=start, end=end)


@cache
def _no_names(languages: tuple[str, ...]) -> frozenset[str]:
    """Words that are no names in any of some languages: people mix them (okay, super, hello)."""
    return frozenset(word for language in languages for word in table(language, Names).no_names)
