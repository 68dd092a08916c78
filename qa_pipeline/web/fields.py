"""What stands in the fields of forms, as values."""

from __future__ import annotations

from datetime import date

from qa_pipeline.errors import InputRefused


def as_day(text: str) -> date | None:
    """The day of a field; None where it is empty. Raises InputRefused for what is none."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write it as 2026-05-11.") from error
