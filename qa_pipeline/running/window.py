"""Which calls belong to a night.

A night does everything that is not done yet: a night that was missed is made up for by the next one. Where an operator wants only some days,
`Window` says which, by the date of the call in the configured zone: a day is a date there, 23 or 25 hours long when clocks change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.store import Store

LAST_NIGHT, LAST_RUN = "last-night", "last-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Calls of these dates, both included; None is open. A call whose time is not known belongs to every window."""

    first: date | None = None
    last: date | None = None

    def covers(self, call: Call, timezone: str) -> bool:
        """Whether a call was begun in it."""
        if call.started_at is None:
            return True
        day = call.started_at.astimezone(ZoneInfo(timezone)).date()
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def of(self, intake: Intake, timezone: str) -> Intake:
        """The calls of an intake that lie in it."""
        if self.first is None and self.last is None:
            return intake
        calls = tuple(call for call in intake.calls if self.covers(call, timezone))
        return replace(
            intake, calls=calls, dialogues={c.call_id: intake.dialogues[c.call_id] for c in calls if c.call_id in intake.dialogues}
        )


def window_of(text: str | None, store: Store, timezone: str, *, now: datetime) -> Window:
    """What `--since` means.

    A date: calls of that day and later. `A..B`: of these days. `last-night`: of the day before today in the zone, whatever its length, and of today.
    `last-run`: since the day before the last run began that listened to calls and left none, so that a night that was missed is in it; everything where
    there was none. Any such run counts, also one of watch mode or of a single call.
    Raises InputRefused.
    """
    if text is None:
        return Window()
    today = now.astimezone(ZoneInfo(timezone)).date()
    if text == LAST_NIGHT:
        return Window(first=today - timedelta(days=1))
    if text == LAST_RUN:
        # Runs that only scored, or that left calls, are no nights that one may begin after.
        runs = store.read("runs", columns=["started_at", "processed", "left"]).to_pylist()
        began = [row["started_at"] for row in runs if row["processed"] and not row["left"]]
        return Window(first=max(began).astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)) if began else Window()
    first, dots, last = text.partition("..")
    try:
        return Window(first=date.fromisoformat(first) if first else None, last=date.fromisoformat(last) if dots and last else None)
    except ValueError as error:
        raise InputRefused(
            f"--since {text!r} is no time.", advice=f"Write 2026-05-01, 2026-05-01..2026-05-31, {LAST_NIGHT} or {LAST_RUN}."
        ) from error
