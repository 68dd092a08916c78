"""Numbers, days and times as languages write them.

A page of fifty calls has two hundred, most of them several times, and to write one takes longer than all else in its line: each is written once in a
process, as far as there is room.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

# Chosen: every day of some years and every tenth of a percent, in each language; 3 MB at most.
_MOST = 8_192


@lru_cache(_MOST)
def percent_text(value: float, locale: Locale, digits: int = 0) -> str:
    """0–100 as a percentage."""
    pattern = str(locale.percent_formats[None].pattern)
    return format_percent(value / 100, format=pattern.replace("#0", f"#0.{'0' * digits}") if digits else pattern, locale=locale)


@lru_cache(_MOST)
def number_text(value: float, locale: Locale, form: str | None = None) -> str:
    """A number with the marks of a language. `form`: as Unicode's number patterns write it; by default as the language has it."""
    return format_decimal(value, format=form, locale=locale)


@lru_cache(_MOST)
def day_text(day: date, locale: Locale) -> str:
    """A day. Days and months in figures would be read one way here and the other way there."""
    return format_date(day, format="medium", locale=locale)


def time_text(at: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """A day and time by somebody's clock."""
    local = at.astimezone(zone)
    return f"{day_text(local.date(), locale)} {local:%H:%M}"
