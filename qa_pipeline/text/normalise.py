"""Text → `norm`: the tokens that matching reads, and where each lies in the text.

Han script: toneless syllables of the simplified characters; letters: case and diacritics folded, lightly stemmed words; numbers as digits everywhere.
`norm` is one string, stored per utterance, so that scoring needs no dictionary. Its grammar, by example:

    "nin hao"        two units of the text, one token each
    "20/3"           one token that covers three units (二 十 … as written)
    "is+!not"        one unit (isn't) that gives two tokens
    "!bu"            a negation: never matched by, or bridged over by, anything that is not one

A unit is a Han character, a run of digits or a word of letters; `unit_spans` finds them by one regular expression, so that `norm` together with
the text gives back character positions without being stored twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from qa_pipeline.languages.load import han_languages, is_han, table
from qa_pipeline.languages.patterns import one_of
from qa_pipeline.languages.writing_tables import Writing
from qa_pipeline.text.fold import fold
from qa_pipeline.text.number_words import han_number, han_run, norm_numbers
from qa_pipeline.text.respell import frequencies, join, respell, split

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNIT = re.compile(rf"[{HAN}]|\d+(?:[.,:]\d+)*|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)*")
_HAN_UNIT = re.compile(rf"[{HAN}]")
_SHORTEST_STEMMED = 4


@dataclass(frozen=True, slots=True)
class Token:
    """One token of `norm`. `start`/`end`: half-open character span in the text it came from."""

    text: str
    start: int
    end: int
    is_negation: bool = False


def normalise(text: str, language: str) -> str:
    """The `norm` of a text. Deterministic; reads no files besides the dictionaries of pypinyin, OpenCC and Snowball."""
    units = [match.group() for match in _UNIT.finditer(text)]
    if is_han(language):
        return " ".join(_norm_han(units, language))
    return " ".join(_norm_words(units, language))


def tokens_of(norm: str, text: str) -> tuple[Token, ...]:
    """The tokens of a stored `norm`, located in the text it was made from."""
    spans = unit_spans(text)
    tokens = []
    unit = 0
    for item in norm.split():
        body, _, covered = item.partition("/")
        count = int(covered) if covered else 1
        if unit + count > len(spans):
            break
        start, end = spans[unit][0], spans[unit + count - 1][1]
        for part in body.split("+"):
            is_negation = part.startswith("!")
            tokens.append(Token(part.lstrip("!"), start, end, is_negation))
        unit += count
    return tuple(tokens)


def unit_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the units of a text."""
    return [match.span() for match in _UNIT.finditer(text)]


def unit_count(text: str) -> int:
    """How many units a text has."""
    return len(_UNIT.findall(text))


def has_units(text: str) -> bool:
    """Whether a text has any unit at all."""
    return _UNIT.search(text) is not None


def simplify(text: str) -> str:
    """Traditional Chinese characters → simplified, one for one (the length never changes)."""
    return text.translate(_SIMPLIFIED)


def _norm_han(units: Sequence[str], language: str) -> list[str]:
    chars = [_simplified(unit) if len(unit) == 1 and _HAN_UNIT.match(unit) else unit for unit in units]
    syllables = _syllables(chars)
    negating = _negating(chars, language)
    out: list[str] = []
    index = 0
    while index < len(chars):
        run = han_run(chars, index, language)
        if run:
            value = han_number(chars[index : index + run], language)
            out.append(value if run == 1 else f"{value}/{run}")
            index += run
            continue
        unit = chars[index]
        if unit[0].isdigit():
            out.append(_plain_number(unit))
        elif _HAN_UNIT.match(unit):
            out.append(("!" if index in negating else "") + syllables[index])
        else:
            out.append(fold(unit, language).replace("'", ""))
        index += 1
    return out


def _negating(chars: Sequence[str], language: str) -> set[int]:
    negations, idioms = _negations(language)
    denials = {index for index, char in enumerate(chars) if char in negations}
    if not denials:
        return denials
    text = "".join(char if len(char) == 1 else "x" for char in chars)
    denials -= {index for match in idioms.finditer(text) for index in range(*match.span())}
    # 方不方便, 有没有: a question, not a denial.
    # …不/没 at the end of a clause asks too (方便不), but the text has no reliable clause ends: it stays a negation.
    return {index for index in denials if not (0 < index < len(text) - 1 and text[index - 1] == text[index + 1])}


@cache
def _negations(language: str) -> tuple[frozenset[str], re.Pattern[str]]:
    """Characters that deny, and the idioms in which they do not."""
    writing = table(language, Writing)
    return frozenset(writing.negations), re.compile(one_of(writing.not_denying))


def syllables(text: str) -> tuple[str, ...]:
    """How each Han character of a text sounds, without its tone; "x" for any other character."""
    return tuple(_syllables(list(text)))


def _syllables(chars: Sequence[str]) -> list[str]:
    from pypinyin import lazy_pinyin

    out = [""] * len(chars)
    index = 0
    while index < len(chars):
        end = index
        while end < len(chars) and len(chars[end]) == 1 and _HAN_UNIT.match(chars[end]):
            end += 1
        if end > index:
            run = "".join(chars[index:end])
            found = lazy_pinyin(run, v_to_u=False)
            out[index:end] = found if len(found) == end - index else [lazy_pinyin(char)[0] for char in run]
        index = max(end, index + 1)
    return [re.sub(r"[^a-z]", "", syllable) or "x" for syllable in out]


@cache
def _simplified(char: str) -> str:
    converted: str = _opencc().convert(char)
    return converted if len(converted) == 1 else char


class _Simplified(dict[int, str]):
    """Characters simplified, worked out as they are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        simplified = self[code] = _simplified(char) if _HAN_UNIT.match(char) else char
        return simplified


_SIMPLIFIED = _Simplified()


@cache
def _opencc():  # type: ignore[no-untyped-def]  # opencc ships no types
    from opencc import OpenCC

    return OpenCC("t2s")


def _norm_words(units: Sequence[str], language: str) -> list[str]:
    """Words, with what was broken made whole: "goo d" is one token over two units, "goodday" one unit of two tokens."""
    if not frequencies(language):
        return [_norm_word(unit, language) for unit in units]
    out: list[str] = []
    index = 0
    while index < len(units):
        whole, covered = _whole(units[index], units[index + 1] if index + 1 < len(units) else "", language)
        out.append("+".join(_norm_word(word, language) for word in whole) + (f"/{covered}" if covered > 1 else ""))
        index += covered
    return out


@lru_cache(maxsize=100_000)
def _whole(unit: str, following: str, language: str) -> tuple[tuple[str, ...], int]:
    """The words that a unit stands for, and how many units they cover. What has digits or an apostrophe is left as it is."""
    if not unit.isalpha() or _HAN_UNIT.match(unit):
        return (unit,), 1
    word = fold(unit, language)
    if word in table(language, Writing).spoken:
        return (unit,), 1
    if following.isalpha() and join(word, fold(following, language), language):
        return (word + fold(following, language),), 2
    if parts := split(word, language):
        return parts, 1
    respelt = respell(word, language)
    return (respelt if respelt != word else unit,), 1


@cache
def _norm_word(unit: str, language: str) -> str:
    if unit[0].isdigit():
        return _plain_number(unit)
    if _HAN_UNIT.match(unit):
        return _norm_han([unit], next(iter(han_languages()), ""))[0]
    word = fold(unit, language)
    if word in norm_numbers(language):
        return str(norm_numbers(language)[word])
    writing = table(language, Writing)
    if word in writing.spoken:
        return "+".join(_norm_word(written, language) for written in writing.spoken[word].split())
    if word in writing.negated:
        head, negation = writing.negated[word]
        return f"{head}+!{negation}"
    for ending, negation in writing.negating_endings.items():
        if word.endswith(ending):
            return f"{_stem(word.removesuffix(ending), writing.stemmer)}+!{negation}"
    head, apostrophe, tail = word.rpartition("'")
    if apostrophe and tail in writing.contractions:
        return f"{_stem(head, writing.stemmer)}+{writing.contractions[tail]}"
    word = word.replace("'", "")
    return f"!{word}" if word in writing.negations else _stem(word, writing.stemmer)


def _stem(word: str, stemmer: str) -> str:
    if not stemmer or len(word) < _SHORTEST_STEMMED:
        return word
    stem: str = _stemmer(stemmer).stemWord(word)
    return stem


@cache
def _stemmer(name: str):  # type: ignore[no-untyped-def]  # snowballstemmer ships no types
    import snowballstemmer

    return snowballstemmer.stemmer(name)


def _plain_number(unit: str) -> str:
    return re.sub(r"[.,:]", "", unit)
