"""In which order calls are listened to: what an operator puts first, then the newest. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused


def in_order(calls: Sequence[Call], priorities: Sequence[Mapping[str, str]]) -> list[Call]:
    """Calls with those first that match the first priority (column → value), then the second …; among equals the newest first.

    What is without a time comes last among its equals, in the order given.
    """

    def rank(call: Call) -> int:
        return next((place for place, wanted in enumerate(priorities) if all(_is(call, *pair) for pair in wanted.items())), len(priorities))

    def age(call: Call) -> float:
        return -call.started_at.timestamp() if call.started_at else float("inf")

    return sorted(calls, key=lambda call: (rank(call), age(call)))


def parse_priority(text: str) -> dict[str, str]:
    """`campaign=renewal,team=A` → columns and values. Raises InputRefused."""
    found = {}
    for part in text.split(","):
        column, sign, value = part.partition("=")
        if not sign or not column.strip():
            raise InputRefused(f"{text!r} is no priority.", advice="Write COLUMN=VALUE, as --priority campaign=renewal.")
        found[column.strip()] = value.strip()
    return found


def _is(call: Call, column: str, value: str) -> bool:
    found = getattr(call, column, None) if column in Call.__slots__ else call.extra.get(column)
    return found is not None and str(found) == value
