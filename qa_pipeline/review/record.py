"""The record of who looked at what and who decided what: added to by everything that shows or changes something, read by who looks after it.

The database itself refuses to change or delete what is on record (migrations/versions/sign_in_0004.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, exists, func, insert, select
from sqlalchemy.exc import OperationalError

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.pages import visible
from qa_pipeline.reading.viewer import Matter, Scope, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk, bring_up
from qa_pipeline.review.tables import audit, decisions
from qa_pipeline.settings import Settings

LOOKED, HEARD, EXPORTED = "looked", "heard", "exported"
"""Kinds of looks: at a call's page, at its sound, at rows that leave the app."""
REPORTED, ASKED, COMPARED = "reported", "asked", "compared"
"""Looks at many calls at once: a report of them, a question in SQL, what a rubric changes in them."""
REFUSED = "refused"
"""Somebody who is signed in asked for what is not for them."""
# A page that asks for a part of itself again, or a player for the next second of sound, is the same look.
_SAME_LOOK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that somebody did. `about`: the decision, account or team; `call_id` None: it was about no call.

    `is_decision`: whether `about` is a decision; `criterion_id`: what that decided about, None for the whole call; `rubric_id`: whose criterion it is."""

    number: int
    at: datetime
    who: str | None
    did: str
    call_id: str | None
    about: str | None
    is_decision: bool
    criterion_id: str | None
    rubric_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which entries are asked for; None leaves it open. Days are inclusive, by the clock of `zone`."""

    who: str | None = None
    call_id: str | None = None
    did: str | None = None
    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC


def look(desk: Desk, viewer: Viewer, call_id: str, *, did: str = LOOKED) -> None:
    """Put on record that somebody looked at a call, or heard it; once for what is asked for again within a few minutes."""
    _note_once(desk, viewer, did, call_id=call_id)


def noted(desk: Desk, viewer: Viewer, did: str, about: str) -> None:
    """Put on record that somebody asks about many calls at once, before they are shown anything."""
    with writing(desk.engine) as connection:
        note(connection, viewer, did, about=about)


def note_refused(desk: Desk, viewer: Viewer, about: str) -> None:
    """Put on record that somebody asked for what is not for them; once for what is asked for again within a few minutes. `about`: what they asked for."""
    _note_once(desk, viewer, REFUSED, about=about)


def _note_once(desk: Desk, viewer: Viewer, did: str, *, call_id: str | None = None, about: str | None = None) -> None:
    now = datetime.now(UTC)
    if not viewer.is_local:
        which = {"call_id": call_id, "about": about}
        given = {name: value for name, value in which.items() if value is not None}
        known = given | {"account": viewer.account, "did": did, "since": as_text(now - _SAME_LOOK)}
        with desk.engine.connect() as connection:
            if connection.execute(_same_look(*given), known).scalar_one():
                return
    with writing(desk.engine) as connection:
        note(connection, viewer, did, call_id=call_id, about=about, at=now)


@cache
def _same_look(*given: str) -> Select[tuple[bool]]:
    """Whether a look is on record already, at the call or the thing that is given."""
    column = audit.c
    which = [column[name] == bindparam(name) if name in given else column[name].is_(None) for name in ("call_id", "about")]
    asked_by = column.account == bindparam("account"), column.did == bindparam("did"), column.at > bindparam("since")
    return select(exists().where(*which, *asked_by))


def keep_on_record(settings: Settings, viewer: Viewer, did: str, *, call_id: str | None = None, about: str | None = None) -> None:
    """Put on record what somebody is shown who sits at no desk: a command's words of one call, or of many. Raises EnvironmentNotReady where it cannot be.

    To be called when what is shown is at hand, and before it is shown.
    """
    engine = open_database(settings)
    try:
        bring_up(engine)
        with writing(engine) as connection:
            note(connection, viewer, did, call_id=call_id, about=about)
    except OperationalError as error:
        raise EnvironmentNotReady(
            "Words of calls are shown only where that can be put on record, and the review database cannot be written.",
            advice=f"Give this user the right to write to {settings.results}, or set review_database.",
        ) from error
    finally:
        engine.dispose()


def note(
    connection: Connection,
    viewer: Viewer | None,
    did: str,
    *,
    call_id: str | None = None,
    about: str | None = None,
    at: datetime | None = None,
) -> None:
    """Put on record what somebody does, within the transaction that does it."""
    values = {"who": viewer.name if viewer else None, "account": viewer.account if viewer else None, "did": did, "call_id": call_id}
    connection.execute(insert(audit).values(**values, at=as_text(at or datetime.now(UTC)), about=about))


def search_record(engine: Engine, viewer: Viewer, asked: Asked, *, before: int | None = None, size: int = 100) -> Sequence[Entry]:
    """Entries, the newest first; `before`: the number of the last one of the page before.

    Who leads teams sees what was done about their calls; who looks after all people sees all. Raises AccessRefused for everybody else.
    """
    viewer.require(Matter.PEOPLE)
    column = audit.c
    conditions: list[ColumnElement[bool]] = []
    if Scope.ALL not in viewer.scopes(Matter.PEOPLE):
        conditions.append(exists().where(call_index.c.call_id == column.call_id, visible(viewer, Matter.PEOPLE)))
    for name in ("call_id", "did"):
        value = getattr(asked, name)
        if value:
            conditions.append(column[name] == value)
    if asked.who:
        conditions.append(func.lower(column.who) == asked.who.lower())
    if asked.since:
        conditions.append(column.at >= _begin(asked.since, asked.zone))
    if asked.until:
        conditions.append(column.at < _begin(asked.until + timedelta(days=1), asked.zone))
    if before is not None:
        conditions.append(column.number < before)
    with engine.connect() as connection:
        found = audit.outerjoin(decisions, decisions.c.decision_id == column.about)
        asked_for = (
            select(audit, decisions.c.decision_id, decisions.c.criterion_id, decisions.c.rubric_id).select_from(found).where(*conditions)
        )
        rows = connection.execute(asked_for.order_by(column.number.desc()).limit(size)).all()
    return [
        Entry(
            number=row.number, at=from_text(row.at), who=row.who, did=row.did, call_id=row.call_id, about=row.about,
            is_decision=row.decision_id is not None, criterion_id=row.criterion_id, rubric_id=row.rubric_id,
        )
        for row in rows
    ]  # fmt: skip


def _begin(day: date, zone: tzinfo) -> str:
    return as_text(datetime.combine(day, time.min, zone))
