"""Dates of birth: dates near a word of birth, or in answer to it; and full dates of a year in which people who telephone were born.

A date is a span of numbers, months and years with nothing but words of dates between: the fourteenth of may eighty two, 八五年三月十二号, trettionde i nionde nittiofem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_pipeline.call import Role
from qa_pipeline.languages.load import table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.languages.time_tables import Times
from qa_pipeline.privacy.digits import cue_of
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import Passage, Taken, fold_text, since
from qa_pipeline.values.numbers import read_numbers
from qa_pipeline.values.word_numbers import WORD

_MOST_BETWEEN = 4
_FIRST_YEAR, _LAST_YEAR = 1900, 2030
# A year this late is more often one of a contract or an appointment.
_LAST_YEAR_OF_BIRTH = 2019
_FIRST_OF_CENTURY, _LAST_OF_CENTURY = 26, 19
_NEAR = 60
_MONTHS, _DAYS = 12, 31
# Ids of persons: ten digits and more, of which the first six or eight are a date; of eighteen signs, those behind the region. Polish ones count twenty
# months more for each century.
_SHORTEST_ID, _LENGTH_WITH_CENTURY, _LENGTH_WITH_REGION, _ID_WITH_REGION, _MONTHS_OF_CENTURY = 10, 12, 18, slice(6, 14), 20
_WRITTEN = re.compile(r"\d{4}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}|\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{2,4}")


@dataclass(slots=True)
class _Date:
    """A date as it grows: where it stands, how many parts it has, whether a month is named, its last year, whether its year is in words alone."""

    start: int
    end: int
    parts: int
    has_month: bool
    year: int | None


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    start: int
    end: int
    value: int | None
    is_month: bool = False
    is_year: bool = False
    is_whole: bool = False


def find_births(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Dates of birth of a passage."""
    said = table(passage.language, Privacy)
    there = set(taken)
    for date in _dates(passage, said, taken):
        if date.parts == 1 and said.counted.match(passage.plain[date.end :]) and not date.has_month:
            continue
        cue, is_said = cue_of(passage, date.start, date.end, since(frozenset(there), date.start), said)
        is_full = date.has_month and date.year is not None and date.year <= _LAST_YEAR_OF_BIRTH
        is_told = cue is Personal.BIRTH_DATE and (passage.role is not Role.AGENT or _is_spoken_of(passage, date, said))
        if is_told or (is_full and not (is_said and cue is None)):
            start, end = _with_words(passage, date, said)
            there |= set(range(start, end))
            yield Personal.BIRTH_DATE, start, end, passage.text[start:end]


def find_births_again(several: Sequence[Passage], found: Sequence[Found]) -> list[Found]:
    """Dates that repeat one that was found, or what an id tells of one: the same numbers, in whoever's words and in any order."""
    if not several:
        return []
    language = several[0].language
    known = [date_told(one.value, language) for one in found if one.kind is Personal.BIRTH_DATE]
    known += [told for one in found if one.kind is Personal.NATIONAL_ID if (told := _of_id(one.value)) is not None]
    again = []
    for passage in several:
        said = table(passage.language, Privacy)
        for date in _dates(passage, said, frozenset()):
            numbers = date_told(passage.text[date.start : date.end], passage.language)
            if date.parts > 1 and len(numbers) > 1 and any(numbers <= one for one in known):
                start, end = _with_words(passage, date, said)
                value = passage.text[start:end]
                again += [
                    Found(kind=Personal.BIRTH_DATE, utterance=at, start=first, end=last, value=value)
                    for at, first, last in passage.places(start, end)
                ]
    return again


def date_told(text: str, language: str) -> frozenset[int]:
    """Numbers of a date, its month's too, years without their century."""
    plain = fold_text(text, language)
    names = list(enumerate(table(language, Times).months, start=1))
    months = {
        number for found in table(language, Privacy).months.finditer(plain) for number, name in names if re.match(name, found.group())
    }
    return frozenset(months | {number.value % 100 for number in read_numbers(plain, language)})


def _of_id(value: str) -> frozenset[int] | None:
    """Year, month and day that an id begins with, or has in its midst; None where it has none."""
    digits = value.rstrip("X")
    told = digits[_ID_WITH_REGION] if len(value) == _LENGTH_WITH_REGION else digits[: 8 if len(digits) == _LENGTH_WITH_CENTURY else 6]
    if len(digits) < _SHORTEST_ID or not told.isdigit():
        return None
    year, month, day = int(told[-6:-4]), int(told[-4:-2]) % _MONTHS_OF_CENTURY, int(told[-2:])
    return frozenset({year, month, day}) if 1 <= month <= _MONTHS and 1 <= day <= _DAYS else None


def _is_spoken_of(passage: Passage, date: _Date, said: Privacy) -> bool:
    """Whether the same words speak of a birth: agents ask for one, and then name other dates."""
    birth = said.cues.get(Personal.BIRTH_DATE)
    return birth is not None and bool(birth.search(passage.plain[max(0, date.start - _NEAR) : date.end + _NEAR]))


def _dates(passage: Passage, said: Privacy, taken: Taken) -> list[_Date]:
    """Dates of two parts and more, or of a month or a year."""
    found: list[_Date] = []
    for part in sorted(_parts(passage, said, taken)):
        if found and part.start < found[-1].end:
            found[-1].end = max(part.end, found[-1].end)
            _take(found[-1], part)
            continue
        between = [word.group() for word in WORD.finditer(passage.plain, found[-1].end, part.start)] if found else []
        gap = passage.plain[found[-1].end : part.start] if found else ""
        if found and len(between) <= _MOST_BETWEEN and all(word in said.date_words for word in between) and "\n" not in gap:
            found[-1].end = part.end
            found[-1].parts += 1
        else:
            found.append(_Date(part.start, part.end, 1, has_month=False, year=None))
        _take(found[-1], part)
    return [date for date in found if date.parts > 1 or date.has_month or date.year is not None]


def _take(date: _Date, part: _Part) -> None:
    date.has_month = date.has_month or part.is_month or part.is_whole
    if part.is_whole:
        date.parts = max(date.parts, 3)
    if part.value is None:
        return
    if _FIRST_YEAR <= part.value <= _LAST_YEAR:
        date.year = part.value
    elif (part.is_year or date.parts > 2 or (date.parts == 2 and date.has_month)) and part.value < 100:
        if part.value >= _FIRST_OF_CENTURY:
            date.year = 1900 + part.value
        elif part.is_year or (date.parts > 2 and part.value <= _LAST_OF_CENTURY):
            date.year = 2000 + part.value


def _parts(passage: Passage, said: Privacy, taken: Taken) -> Iterator[_Part]:
    for match in said.months.finditer(passage.plain):
        yield _Part(*match.span(), None, is_month=True)
    for match in said.years.finditer(passage.plain):
        numbers = [number.value for number in read_numbers(match.group(), passage.language)]
        yield _Part(*match.span(), numbers[-1] if numbers else _FIRST_OF_CENTURY, is_year=True)
    for match in _WRITTEN.finditer(passage.text):
        years = [int(digits) for digits in re.findall(r"\d+", match.group()) if len(digits) == 4]
        yield _Part(*match.span(), years[0] if years else None, is_whole=True)
    for number in read_numbers(passage.text, passage.language):
        is_fit = number.value < 100 or _FIRST_YEAR <= number.value <= _LAST_YEAR or len(number.digits) in (6, 8)
        if number.start not in taken and is_fit:
            yield _Part(number.start, number.end, number.value)


def _with_words(passage: Passage, date: _Date, said: Privacy) -> tuple[int, int]:
    """On and back over words that are of the date: the, of, 年, of the year in words."""
    start, end = date.start, date.end
    for word in WORD.finditer(passage.plain, end):
        if word.start() - end > 1 or word.group() not in said.date_words:
            break
        end = word.end()
    before = list(WORD.finditer(passage.plain, max(0, start - 20), start))
    if before and start - before[-1].end() <= 1 and before[-1].group() in said.articles:
        start = before[-1].start()
    return start, end
