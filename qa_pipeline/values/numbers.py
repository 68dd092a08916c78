"""Numbers in spoken words: composed as people compose them (three hundred and fifty → 350), and a text with its numbers in digits.

How a language says them is in its numbers.yaml (languages/number_tables.py); how their words are read in han_numbers.py and word_numbers.py.
Telephone numbers are in phones.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.text.normalise import simplify
from qa_pipeline.values.han_numbers import han_numbers
from qa_pipeline.values.value import Number, Rewritten, Value, fold
from qa_pipeline.values.word_numbers import word_numbers

_WRITTEN = re.compile(r"(?<![\d.,:])\d{1,3}(?:[ \u00a0,.]\d{3})+(?![\d.,]*\d)|(?<![\d.,:])\d+[.,]\d{1,2}(?![\d.,:]*\d)")


def read_numbers(text: str, language: str, *, is_strung: bool = False) -> list[Number]:
    """Every number of a text, composed as people compose them, in order. Digits with separators are left as their parts.

    `is_strung`: as in a telephone number, where nine hundred one two is 900 12.
    """
    return _numbers_of(_plain(text, language), language, is_strung=is_strung)


def with_digits(text: str, language: str) -> Rewritten:
    """The text folded (Han characters: simplified), numbers in words as digits; ordinals keep an ending (15th, 15ego, 15ej, 15e)."""
    plain = _plain(text, language)
    return _rewritten(plain, _numbers_of(plain, language))


def find_numbers(text: str, language: str) -> list[Value]:
    """Every number said in a text, in digits or words; 2.5 and two and a half too."""
    return list(_numbers_in(text, language))


def _plain(text: str, language: str) -> str:
    return simplify(text) if is_han(language) else fold(text)


def _numbers_of(plain: str, language: str, *, is_strung: bool = False) -> list[Number]:
    return list(han_numbers(plain, language) if is_han(language) else word_numbers(plain, language, is_strung=is_strung))


def _rewritten(plain: str, numbers: Sequence[Number]) -> Rewritten:
    out, origins, position = [], [], 0
    for number in numbers:
        out.append(plain[position : number.start])
        origins += [(at, at + 1) for at in range(position, number.start)]
        written = number.digits + number.ordinal
        out.append(written)
        origins += [(number.start, number.end)] * len(written)
        position = number.end
    out.append(plain[position:])
    origins += [(at, at + 1) for at in range(position, len(plain))]
    return Rewritten("".join(out), tuple(origins))


# Passages overlap: an utterance after two cues is read for both.
@lru_cache(maxsize=2_000)
def _numbers_in(text: str, language: str) -> tuple[Value, ...]:
    said = table(language, Numbers)
    simple = _plain(text, language)
    numbers = _numbers_of(simple, language)
    plain = _rewritten(simple, numbers)
    found = _written(text, numbers)
    taken = {at for value in found for at in range(value.start, value.end)}
    for pattern, amount in said.amounts.items():
        for match in pattern.finditer(plain.text):
            start, end = plain.original(*match.span())
            if start in taken:
                continue
            times, end = _scaled(plain, end, said)
            found.append(Value(value=_written_out(amount * times), value_type="number", start=start, end=end))
            taken |= set(range(start, end))
    vague = {at for match in said.vague.finditer(text) for at in range(*match.span())}
    index = 0
    while index < len(numbers):
        number, end, value = numbers[index], numbers[index].end, str(numbers[index].value)
        index += 1
        if number.ordinal or number.start in taken or number.start in vague or _is_no_number(plain, number, said):
            continue
        following = numbers[index] if index < len(numbers) else None
        rest = plain.text[_after(plain, number) :]
        if half := said.and_a_half.match(rest):
            value, end = f"{value}.5", _original_end(plain, number, half.end())
        elif following and said.point.match(rest) and _is_decimal(following, language):
            value, end = f"{value}.{following.digits}", following.end
            index += 1
        times, end = _scaled(plain, end, said)
        if times > 1:
            value = _written_out(float(value) * times)
        while index < len(numbers) and numbers[index].start < end:
            index += 1
        found.append(Value(value=value, value_type="number", start=number.start, end=end))
    return tuple(sorted(found, key=lambda value: value.start))


def _written(text: str, numbers: Sequence[Number]) -> list[Value]:
    """Numbers written with separators: 1,250,000 and 2.5. What goes on with a scale (1.2亿) is read with it."""
    ends = {number.start: number.end for number in numbers}
    return [
        Value(value=_plain_number(match.group()), value_type="number", start=match.start(), end=match.end())
        for match in _WRITTEN.finditer(text)
        if ends.get(match.start(), 0) <= match.end()
    ]


def _plain_number(written: str) -> str:
    if re.fullmatch(r"\d+[.,]\d{1,2}", written):
        return written.replace(",", ".")
    return re.sub(r"\D", "", written)


def _scaled(plain: Rewritten, end: int, said: Numbers) -> tuple[int, int]:
    """How often an amount is meant that ends at a place of the text (one and a half thousand), and where its words end; 1 where no scale follows."""
    at = _place_after(plain, end)
    for pattern, times in said.scaled.items():
        if match := pattern.match(plain.text[at:]):
            return times, plain.origins[at + match.end() - 1][1]
    return 1, end


def _written_out(amount: float) -> str:
    return str(round(amount)) if amount == round(amount) else f"{amount:g}"


def _is_decimal(number: Number, language: str) -> bool:
    # 三点二十 is an hour, 三点五 a number.
    return number.value < 10 and (not is_han(language) or len(number.digits) == 1)


def _after(plain: Rewritten, number: Number) -> int:
    """Where a number ends in the rewritten text."""
    return _place_after(plain, number.end)


def _place_after(plain: Rewritten, end: int) -> int:
    """Where the rewritten text goes on behind a place of the original."""
    return next((at + 1 for at in range(len(plain.origins) - 1, -1, -1) if plain.origins[at][1] <= end), 0)


def _original_end(plain: Rewritten, number: Number, length: int) -> int:
    at = _after(plain, number) + length
    return plain.origins[at - 1][1]


def _is_no_number(plain: Rewritten, number: Number, said: Numbers) -> bool:
    at = _after(plain, number) - len(number.digits)
    return any(match.end() == at for match in said.no_number.finditer(plain.text))
