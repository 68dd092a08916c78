"""Numbers written or said in Han characters: 三百五, 幺三八, 三亿五千万; and with digits before a scale: 3万, 1.2亿."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from qa_pipeline.languages.load import table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.text.number_words import LEAST_LARGE, han_number, han_value
from qa_pipeline.values.value import LONGEST_NUMBER, Number

_LEAST_AMOUNT = 1000


def han_numbers(text: str, language: str) -> Iterator[Number]:
    """Every number of a text in simplified characters, in order."""
    numbers = table(language, Numbers)
    idioms = {at for match in numbers.idioms.finditer(text) for at in range(*match.span())}
    counted = {match.start() for match in numbers.counts_alone.finditer(text)}
    for match in _spoken(language).finditer(text):
        said, start, end = match.group(), match.start(), match.end()
        if len(said) > LONGEST_NUMBER:
            continue
        if said.isdecimal():
            yield Number(int(said), said if said.isascii() else str(int(said)), start, end)
        elif start in idioms or _is_none(said, text[end : end + 1], numbers, is_counted=start in counted):
            continue
        elif match.group("decimal"):
            value = _decimal_value(match, numbers)
            yield Number(value, str(value), start, end)
        elif match.group("mixed"):
            value = han_value(re.findall(r"\d+|\D", said.replace(",", "")), language)
            yield Number(value, str(value), start, end)
        else:
            digits = han_number(said, language)
            yield Number(int(digits), digits, start, end)


def has_large_scale(said: str, language: str) -> bool:
    """Whether a number was said with a scale of a thousand or more: an amount, no piece of a telephone number."""
    scales = table(language, Numbers).scales
    return any(scales.get(char, 0) >= _LEAST_AMOUNT for char in said)


def _is_none(said: str, following: str, numbers: Numbers, *, is_counted: bool) -> bool:
    is_pair_of_hours = said in numbers.about_pairs and following == numbers.hour_sign
    is_lone_scale = len(said) == 1 and numbers.scales.get(said, 0) > 10
    return is_pair_of_hours or is_lone_scale or (said in numbers.unsure_alone and not is_counted)


@cache
def _spoken(language: str) -> re.Pattern[str]:
    """What may be a number: a decimal with a large scale, digits with one, digits, numerals."""
    numbers = table(language, Numbers)
    large = _class(scale for scale, value in numbers.scales.items() if value >= LEAST_LARGE)
    middle = _class(scale for scale, value in numbers.scales.items() if 10 < value < LEAST_LARGE)
    digits, numerals, scales = _class(numbers.digits), _class((*numbers.digits, *numbers.scales)), _class(numbers.scales)
    below = _class((*numbers.digits, *(scale for scale, value in numbers.scales.items() if value < LEAST_LARGE)))
    whole = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
    decimal = rf"(?P<decimal>(?P<whole>{whole}|{digits}+)(?:\.|{re.escape(numbers.hour_sign) or '(?!)'})(?P<part>\d+|{digits}+)(?P<scales>{middle}?{large}))"
    # Digits after a scale go on with the number where a scale follows them too, or all places are said: 3万5千, 3万5000; not 10万3年.
    mixed = rf"(?P<mixed>{whole}(?:{middle}?{large}(?:\d+(?={scales})|\d{{4}}(?!\d)|{below})*)+)"
    return re.compile(rf"{decimal}|{mixed}|\d+|{numerals}+")


def _class(chars: object) -> str:
    joined = "".join(map(re.escape, chars))  # type: ignore[call-overload]  # any iterable of characters
    return f"[{joined}]" if joined else "(?!)"


def _decimal_value(match: re.Match[str], numbers: Numbers) -> int:
    whole, part = (
        "".join(str(numbers.digits.get(char, char)) for char in match.group(name).replace(",", "")) for name in ("whole", "part")
    )
    value = Decimal(f"{whole}.{part}")
    for scale in match.group("scales"):
        value *= numbers.scales[scale]
    return round(value)
