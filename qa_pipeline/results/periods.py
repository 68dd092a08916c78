"""Closed periods: dates whose official scores stand, because they have been paid out or reported.

Closing and reopening are rows of `periods`, only ever added. What follows from a closed period: new scores of its calls are trials
(`Store.write_scores`), and the views show what stood when it was closed (reading/tables.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from qa_pipeline.results.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A closed period. Both dates belong to it; `team` None: every team."""

    period_id: str
    first_date: date
    last_date: date
    team: str | None
    closed_at: datetime
    author: str | None
    reason: str

    def covers(self, day: date | None, team: str | None) -> bool:
        """Whether a call of this date and team lies in it. A call whose date is not known lies in none."""
        return day is not None and self.first_date <= day <= self.last_date and self.team in (None, team)


def in_force(rows: Iterable[Mapping[str, Any]]) -> tuple[Period, ...]:
    """Periods closed and not reopened, from rows of `periods`, by date."""
    several = list(rows)
    reopened = {row["reopens"] for row in several}
    closed = [
        Period(**{name: row[name] for name in Period.__slots__})
        for row in several
        if row["reopens"] is None and row["period_id"] not in reopened
    ]
    return tuple(sorted(closed, key=lambda period: (period.first_date, period.last_date, period.closed_at)))


def close_period(store: Store, first: date, last: date, *, team: str | None, reason: str, author: str | None) -> Period:
    """Close a period. Raises InputRefused when its dates run backwards or no reason is given."""
    if last < first:
        raise InputRefused(f"The period ends on {last}, before it begins on {first}.", advice="Give --from the earlier date.")
    reason = _given(reason)
    # Within the lock: no score is committed between the time and the closing.
    with store.lock:
        period = Period(
            period_id=_new_id(), first_date=first, last_date=last, team=team, closed_at=store.now("scores", "scored_at"), author=author,
            reason=reason,
        )  # fmt: skip
        store.write_rows("periods", [{name: getattr(period, name) for name in Period.__slots__}])
    return period


def reopen_period(store: Store, period_id: str, *, reason: str, author: str | None) -> Period:
    """Take a closing back. Raises InputRefused when no such period is closed."""
    period = next((p for p in store.closed_periods() if p.period_id == period_id), None)
    if period is None:
        raise InputRefused(f"No period {period_id!r} is closed.", advice="`qa-pipeline periods list` shows those that are.")
    row = {
        "period_id": _new_id(), "first_date": period.first_date, "last_date": period.last_date, "team": period.team, "reopens": period_id,
        "reopened_at": datetime.now(UTC), "author": author, "reason": _given(reason),
    }  # fmt: skip
    store.write_rows("periods", [row])
    return period


def _new_id() -> str:
    return uuid.uuid4().hex[:8]


def _given(reason: str) -> str:
    if not reason.strip():
        raise InputRefused("The reason is empty.", advice="Say why; it stands in the table `periods`.")
    return reason.strip()
