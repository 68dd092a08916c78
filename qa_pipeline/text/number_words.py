"""Numbers in words → digits, as `norm` and the values read them alike. The words themselves are data: numbers.yaml of each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from qa_pipeline.languages.load import table
from qa_pipeline.languages.number_tables import Numbers

# From 万 on a scale multiplies all that stands before it: 三千五百万. Below, only the digit: 三千五百.
LEAST_LARGE = 10_000
_TEN = 10
# Below a large scale: 3万5000.
_PLACES = 4


@cache
def norm_numbers(language: str) -> Mapping[str, int]:
    """The folded words that `norm` writes in digits, each with its value."""
    numbers = table(language, Numbers)
    words = {word: value for value, forms in numbers.words.items() for word in forms}
    if not numbers.is_joined:
        return words
    tens, ones = tens_and_ones(words)
    return words | {ten + one: tens[ten] + ones[one] for ten in tens for one in ones}


def tens_and_ones(words: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Words for twenty to ninety, and for one to nine."""
    tens = {word: value for word, value in words.items() if 20 <= value < 100 and value % _TEN == 0}
    return tens, {word: value for word, value in words.items() if 0 < value < _TEN}


def han_run(chars: Sequence[str], index: int, language: str) -> int:
    """How many units the number has that begins at an index: spoken (三亿), or with digits before a large scale (3亿); 0 for none.

    What is unsure alone (一 in 一下, 一些) and a lone scale (千万, 百分) are none.
    """
    numbers = table(language, Numbers)
    if chars[index].isdecimal():
        return _mixed_run(chars, index, numbers)
    end = index
    while end < len(chars) and (chars[end] in numbers.digits or chars[end] in numbers.scales):
        end += 1
    run = chars[index:end]
    if len(run) == 1 and run[0] in numbers.unsure_alone:
        return 0
    return len(run) if any(char in numbers.digits or numbers.scales[char] == _TEN for char in run) else 0


def _mixed_run(units: Sequence[str], index: int, numbers: Numbers) -> int:
    """Digits with a large scale, a middle one between them or not: 3万, 2千万. What goes on below it belongs to it: digits before a scale or of all
    four places, and numerals (3万5千, 3万5000, 3亿零五十; not 10万3年)."""

    def scale(place: int) -> int:
        return numbers.scales.get(units[place], 0) if place < len(units) else 0

    end, found = index + 1, 0
    while True:
        end += _TEN < scale(end) < LEAST_LARGE <= scale(end + 1)
        if scale(end) < LEAST_LARGE:
            return found
        end += 1
        while end < len(units) and (
            units[end] in numbers.digits
            or 0 < scale(end) < LEAST_LARGE
            or (units[end].isdecimal() and (scale(end + 1) > 0 or len(units[end]) == _PLACES))
        ):
            end += 1
        found = end - index


def han_number(run: Sequence[str], language: str) -> str:
    """A spoken number in digits: its value, or digit by digit where it has no scale (幺三八 → 138)."""
    numbers = table(language, Numbers)
    if any(char in numbers.scales for char in run):
        return str(han_value(run, language))
    return "".join(str(numbers.digits[char]) for char in run)


def han_value(run: Sequence[str], language: str) -> int:
    """Value of a spoken number with scales (三 百 五 → 350). Its parts are digits, scales and numbers already written in digits (3 亿 5000 万)."""
    numbers = table(language, Numbers)
    if len(run) > 1 and run[-1] in numbers.digits and (scale := numbers.scales.get(run[-2], 0)) > _TEN:
        # 三百五 is 350, 一亿二 is 120000000: the scale below is left unsaid.
        return _composed(run[:-1], numbers) + numbers.digits[run[-1]] * scale // _TEN
    return _composed(run, numbers)


def _composed(run: Sequence[str], numbers: Numbers) -> int:
    large = max((value for part in run if (value := numbers.scales.get(part, 0)) >= LEAST_LARGE), default=0)
    if large:
        at = next(index for index, part in enumerate(run) if numbers.scales.get(part) == large)
        return _composed(run[:at], numbers) * large + _composed(run[at + 1 :], numbers)
    section = digit = 0
    for part in run:
        if part in numbers.scales:
            section, digit = section + (digit or 1) * numbers.scales[part], 0
        else:
            digit = numbers.digits[part] if part in numbers.digits else int(part)
    return section + digit
