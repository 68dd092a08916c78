"""Companies as people call them for short: by the part of the name that tells it from others."""

from __future__ import annotations

from functools import lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.values.value import fold

_LEAST_HAN, _LEAST_LETTERS = 2, 4


@lru_cache(maxsize=4_000)
def short_forms(company: str, language: str) -> tuple[str, ...]:
    """A company's name without its trade and legal form, where enough is left to know it by: 驰远 of 驰远汽车, Hartwell of Hartwell Windows."""
    trades = table(language, Names).trades
    short = _without_han(company, trades) if is_han(language) else _without_words(company, trades)
    is_enough = len(short) >= (_LEAST_HAN if is_han(language) else _LEAST_LETTERS)
    return (short,) if is_enough and short != company else ()


def _without_han(company: str, trades: tuple[str, ...]) -> str:
    short = company
    while trade := next((trade for trade in trades if short.endswith(trade) and len(short) > len(trade)), None):
        short = short.removesuffix(trade)
    return short


def _without_words(company: str, trades: tuple[str, ...]) -> str:
    words = company.split()
    while len(words) > 1 and fold(words[-1]).strip(".,()") in trades:
        words.pop()
    while len(words) > 1 and fold(words[0]).strip(".,()") in trades:
        words.pop(0)
    return " ".join(words)
