"""What stands in the fields of forms, as values."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from annotated_types import Interval
from fastapi import Query

from qa_pipeline.errors import InputRefused

_MOST = 2**63 - 1
_LONGEST = 18
Whole = Annotated[int, Interval(ge=-_MOST, le=_MOST)]
"""A whole number from outside: databases know no longer ones."""
Skipped = Annotated[int, Query(ge=0, le=_MOST)]
"""How many of a list stand before what is shown."""


def as_count(text: str) -> int | None:
    """The whole number of a field or a header; None where it is none, or longer than any."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= _LONGEST else None


def as_day(text: str) -> date | None:
    """The day of a field; None where it is empty. Raises InputRefused for what is none."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write it as 2026-05-11.") from error
