"""Close and open again periods whose scores are paid out or reported: who may, for which teams, and what lists make of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role, Tenure, Viewer
from qa_pipeline.results.periods import Period, close_period, reopen_period
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.record import note


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPeriod:
    """A period with what became of it. `reopened_at`: None while it is closed. `may_reopen`: whoever asked may."""

    period: Period
    reopened_at: datetime | None
    reopened_by: str | None
    reopened_because: str | None
    may_reopen: bool


def close(desk: Desk, viewer: Viewer, first: date, last: date, *, team: str | None, reason: str) -> Period:
    """Close a period of a team, or of all where `team` is None. Raises AccessRefused, and InputRefused as `close_period`."""
    _require(viewer, team, first, last)
    period = close_period(desk.store, first, last, team=team, reason=reason, author=viewer.name)
    _note(desk, viewer, "period closed", period)
    return period


def reopen(desk: Desk, viewer: Viewer, period_id: str, *, reason: str) -> Period:
    """Open a period again: official scores are written in it again. Raises AccessRefused, and InputRefused as `reopen_period`."""
    found = next((p for p in desk.store.closed_periods() if p.period_id == period_id), None)
    if found is None or not _sees(viewer, found.team):
        raise InputRefused(f"No period {period_id!r} is closed.", advice="Look at the list of periods.")
    _require(viewer, found.team, found.first_date, found.last_date)
    period = reopen_period(desk.store, period_id, reason=reason, author=viewer.name)
    _note(desk, viewer, "period reopened", period)
    return period


def list_periods(desk: Desk, viewer: Viewer) -> list[ClosedPeriod]:
    """Periods that hold calls somebody may see, the latest first, also those that were opened again."""
    rows = desk.store.read("periods").to_pylist()
    reopenings = {row["reopens"]: row for row in rows if row["reopens"] is not None}
    found = []
    for row in rows:
        if row["reopens"] is not None or not _sees(viewer, row["team"]):
            continue
        period = Period(**{name: row[name] for name in Period.__slots__})
        again = reopenings.get(period.period_id)
        found.append(
            ClosedPeriod(
                period=period,
                reopened_at=again["reopened_at"] if again else None,
                reopened_by=again["author"] if again else None,
                reopened_because=again["reason"] if again else None,
                may_reopen=again is None and may_close(viewer, period.team, period.first_date, period.last_date),
            )
        )
    return sorted(found, key=lambda one: (one.period.first_date, one.period.closed_at), reverse=True)


def may_close(viewer: Viewer, team: str | None, first: date, last: date) -> bool:
    """Whether somebody may close or open these days: of a team that they lead on all of them; an operator, of any and of all."""
    if viewer.is_local or Role.OPERATOR in viewer.roles:
        return True
    return Role.SUPERVISOR in viewer.roles and any(tenure.team == team and _covers(tenure, first, last) for tenure in viewer.teams)


def _covers(tenure: Tenure, first: date, last: date) -> bool:
    return tenure.covers(first) and tenure.covers(last)


def _sees(viewer: Viewer, team: str | None) -> bool:
    return viewer.is_local or Role.OPERATOR in viewer.roles or team is None or any(tenure.team == team for tenure in viewer.teams)


def _require(viewer: Viewer, team: str | None, first: date, last: date) -> None:
    if not may_close(viewer, team, first, last):
        raise AccessRefused(
            f"{viewer.name} may not close or open {team or 'all teams'} on these days.",
            advice="Whoever leads the team on all of them does, or an operator.",
        )


def _note(desk: Desk, viewer: Viewer, did: str, period: Period) -> None:
    about = f"{period.period_id}: {period.first_date} to {period.last_date}, {period.team or 'all teams'}"
    with writing(desk.engine) as connection:
        note(connection, viewer, did, about=about)
    # Lists follow before the next one is asked for.
    bring_up_to_date(desk)
