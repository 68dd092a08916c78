"""Where somebody lives, and the day they were born: by their own words, or as the answer to a question for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import cue_of
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.passages import Passage, Taken, since
from qa_pipeline.values.numbers import read_numbers, with_digits
from qa_pipeline.values.value import Number
from qa_pipeline.values.word_numbers import WORD

_MOST_BETWEEN_DATE_WORDS = 4
_FIRST_YEAR, _LAST_YEAR = 1900, 2030
_WRITTEN_DATE = re.compile(r"\d{4}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}|\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{2,4}")
_SHORTEST_HAN_ADDRESS = 4


def find_addresses(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Addresses with a street and a number, and what answers a question for one."""
    said = table(passage.language, Privacy)
    plain = with_digits(passage.text, passage.language)
    lowered = plain.text
    for pattern in said.streets:
        for match in pattern.finditer(lowered):
            if not match.group().strip() or not _is_address(match.group(), passage.language):
                continue
            start, end = plain.original(*match.span())
            if start in taken:
                continue
            cue, is_said = cue_of(passage, start, end, since(taken, start), said)
            if not (is_said and cue is None):
                yield Personal.ADDRESS, start, end, passage.text[start:end]


def _is_address(text: str, language: str) -> bool:
    """Whether it tells a place closely enough: in Han characters, which have no capitals, with a number."""
    return not is_han(language) or (len(text) >= _SHORTEST_HAN_ADDRESS and any(char.isdigit() for char in text))


def find_births(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Dates of birth: dates near a word of birth, or in answer to it."""
    said = table(passage.language, Privacy)
    for start, end in _dates(passage, said, taken):
        if cue_of(passage, start, end, since(taken, start), said)[0] is Personal.BIRTH_DATE:
            yield Personal.BIRTH_DATE, start, end, passage.text[start:end]


def _dates(passage: Passage, said: Privacy, taken: Taken) -> Iterator[tuple[int, int]]:
    """Spans of numbers and months with nothing but words of dates between; at least a month or a year."""
    months = [match.span() for match in said.months.finditer(passage.plain)]
    parts: list[tuple[int, int, bool]] = [(n.start, n.end, _FIRST_YEAR <= n.value <= _LAST_YEAR) for n in _numbers(passage, taken)]
    parts += [(start, end, True) for start, end in months]
    parts += [(*match.span(), True) for match in _WRITTEN_DATE.finditer(passage.text)]
    spans: list[list[int]] = []
    for start, end, tells_date in sorted(parts):
        if spans and start < spans[-1][1]:
            spans[-1][1] = max(end, spans[-1][1])
            spans[-1][2] += tells_date
            continue
        between = [word.group() for word in WORD.finditer(passage.plain, spans[-1][1], start)] if spans else []
        if spans and len(between) <= _MOST_BETWEEN_DATE_WORDS and all(word in said.date_words for word in between):
            spans[-1][1:] = [end, spans[-1][2] + tells_date, spans[-1][3] + 1]
        else:
            spans.append([start, end, int(tells_date), 1])
    for start, end, telling, count in spans:
        if telling and not (count == 1 and said.counted.match(passage.plain[end:])):
            yield start, _date_ends(passage, end, said)


def _numbers(passage: Passage, taken: Taken) -> Iterator[Number]:
    """Numbers that may be a day, a month, a year, or a date in digits alone."""
    for number in read_numbers(passage.text, passage.language):
        if number.start not in taken and (number.value < 100 or _FIRST_YEAR <= number.value <= _LAST_YEAR or len(number.digits) in (6, 8)):
            yield number


def _date_ends(passage: Passage, end: int, said: Privacy) -> int:
    """On over words that are of a date and no numbers to the program: ordinals of telling, 年."""
    for word in WORD.finditer(passage.plain, end):
        if word.start() - end > 1 or word.group() not in said.date_words:
            break
        end = word.end()
    return end
