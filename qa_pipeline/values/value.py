"""What values in spoken words have in common: the value with its place, and a text rewritten for reading with the places kept."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

LONGEST_NUMBER = 300
"""Digits of a number, at most: more are noise, and Python reads no more than 4,300."""
ValueType = Literal["datetime", "datetime_after", "datetime_before", "date", "daypart", "spoken", "number", "phone", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value said in a text. `start`/`end`: half-open character span. `value`: digits, ISO 8601 (a `daypart` is start/end) or the words.

    `is_unsure`: the words may as well mean another (next Friday, said on a Wednesday).
    """

    value: str
    value_type: ValueType
    start: int
    end: int
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was said. `digits`: how it is written in a telephone number (零五 is "05"); `ordinal`: its ending, where it is one."""

    value: int
    digits: str
    start: int
    end: int
    ordinal: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text with parts written otherwise. `origins`: for each character of `text` the span of the original it stands for."""

    text: str
    origins: tuple[tuple[int, int], ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that a span of `text` stands for."""
        return self.origins[start][0], self.origins[end - 1][1]


def fold(text: str) -> str:
    """Case and diacritics folded, one character for one."""
    return text.translate(_FOLDED)


class _Folds(dict[int, str]):
    """Characters folded, worked out as they are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = [c for c in unicodedata.normalize("NFKD", char.casefold()) if not unicodedata.combining(c)]
        folded = self[code] = plain[0] if len(plain) == 1 else char.lower()[:1] or char
        return folded


_FOLDED = _Folds({ord(char): plain for char, plain in {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "’": "'"}.items()})
