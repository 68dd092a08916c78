"""What a supervisor agrees with an agent to work on: a note, what was added to it since, a day to look again, open or done.

A note is about an agent, and, where it came up in a call, about the call and a criterion. What is said is only ever added to. Supervisors see the notes
of their teams' agents; the agent sees those that are meant for them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.teams import read_memberships
from qa_pipeline.reading.viewer import Matter, Role, Scope, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.record import note as record
from qa_pipeline.review.tables import coaching, coaching_entries

State = Literal["open", "done"]
_MAY = frozenset({Role.SUPERVISOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something said on a note. `follow_up`: the day to look again, as of then; None: none."""

    at: datetime
    who: str | None
    text: str
    state: State
    follow_up: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coaching:
    """A note with all that was added to it, the first entry first. `team`: the agent's when it was written. `is_shared`: the agent reads it.

    `rubric_id`: what the call is scored by, whose criterion it is about.
    """

    note: int
    agent_id: str
    team: str | None
    call_id: str | None
    criterion_id: str | None
    rubric_id: str | None
    is_shared: bool
    written_on: date
    entries: tuple[Entry, ...]

    @property
    def state(self) -> State:
        """As the last entry leaves it."""
        return self.entries[-1].state

    @property
    def follow_up(self) -> date | None:
        """The day to look again; None once it is done."""
        return self.entries[-1].follow_up if self.state == "open" else None


def write_note(
    desk: Desk,
    viewer: Viewer,
    agent_id: str,
    text: str,
    *,
    call_id: str | None = None,
    criterion_id: str | None = None,
    follow_up: date | None = None,
    is_shared: bool = True,
) -> int:
    """Write a note about an agent. Raises InputRefused for an empty one, AccessRefused where the agent is not of a team that they lead."""
    text = _given(text)
    today = datetime.now(UTC).date()
    with desk.engine.connect() as connection:
        team = _team(connection, agent_id, today)
    _require(viewer, agent_id, team, today)
    if call_id is not None and find_call(desk.engine, viewer, call_id, matter=Matter.DECISIONS).agent_id != agent_id:
        raise InputRefused(f"Call {call_id} is another agent's.", advice="Write the note about the agent who spoke in it.")
    with writing(desk.engine) as connection:
        made = insert(coaching).values(
            agent_id=agent_id,
            team=team,
            call_id=call_id,
            criterion_id=criterion_id,
            is_shared=is_shared,
            account=viewer.account,
            written_on=today.isoformat(),
        )
        note = int(connection.execute(made.returning(coaching.c.note)).scalar_one())
        _add(connection, viewer, note, text, "open", follow_up)
    return note


def add_to_note(desk: Desk, viewer: Viewer, note: int, text: str, *, state: State = "open", follow_up: date | None = None) -> None:
    """Add to a note: how it went, another day, that it is done. Raises InputRefused for an empty text, NotThere, AccessRefused for an agent."""
    text = _given(text)
    found = read_note(desk, viewer, note)
    _require(viewer, found.agent_id, found.team, found.written_on)
    with writing(desk.engine) as connection:
        _add(connection, viewer, note, text, state, follow_up)


def read_note(desk: Desk, viewer: Viewer, note: int) -> Coaching:
    """One note. Raises NotThere where there is none that they see."""
    for found in _read(desk, coaching.c.note == note):
        if _sees(viewer, found):
            return found
    raise NotThere(f"There is no coaching note {note}.", advice="Look at the list of notes that are yours to see.")


def list_notes(desk: Desk, viewer: Viewer, *, agent_id: str | None = None, state: State | None = None) -> list[Coaching]:
    """Notes that somebody sees: what is to be looked at again first, by its day; then what is done, the newest first."""
    viewer.require(Matter.DECISIONS)
    found = [
        one
        for one in _read(desk, *([coaching.c.agent_id == agent_id] if agent_id else []), _likely(viewer))
        if _sees(viewer, one) and state in (None, one.state)
    ]
    waiting = sorted((one for one in found if one.state == "open"), key=lambda one: (one.follow_up or date.max, one.note))
    return waiting + sorted((one for one in found if one.state == "done"), key=lambda one: one.entries[-1].at, reverse=True)


def _read(desk: Desk, *where: ColumnElement[bool]) -> list[Coaching]:
    with desk.engine.connect() as connection:
        with_calls = coaching.outerjoin(call_index, call_index.c.call_id == coaching.c.call_id)
        asked = select(coaching, call_index.c.rubric_id).select_from(with_calls).where(*where)
        notes = connection.execute(asked.order_by(coaching.c.note)).all()
        wanted = select(coaching.c.note).where(*where)
        said = connection.execute(
            select(coaching_entries).where(coaching_entries.c.note.in_(wanted)).order_by(coaching_entries.c.entry)
        ).all()
    by_note: dict[int, list[Row[tuple[object, ...]]]] = {}
    for one in said:
        by_note.setdefault(one.note, []).append(one)
    return [
        Coaching(
            note=one.note,
            agent_id=one.agent_id,
            team=one.team,
            call_id=one.call_id,
            criterion_id=one.criterion_id,
            rubric_id=one.rubric_id,
            is_shared=one.is_shared,
            written_on=date.fromisoformat(one.written_on),
            entries=_entries(by_note[one.note]),
        )
        for one in notes
    ]


def _entries(rows: Sequence[Row[tuple[object, ...]]]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            at=from_text(row.at),
            who=row.who,
            text=row.text,
            state=row.state,
            follow_up=date.fromisoformat(row.follow_up) if row.follow_up else None,
        )
        for row in rows
    )


def _likely(viewer: Viewer) -> ColumnElement[bool]:
    """What `_sees` may let through, for the database to leave out the rest."""
    if Scope.ALL in viewer.scopes(Matter.DECISIONS):
        return coaching.c.note.is_not(None)
    return or_(coaching.c.team.in_([tenure.team for tenure in viewer.teams]), coaching.c.agent_id.in_(sorted(viewer.agent_ids)))


def _sees(viewer: Viewer, note: Coaching) -> bool:
    """An agent's are for who leads them and, if shared, for the agent: other agents, reviewers and trainers have no business with them."""
    if viewer.is_local:
        return True
    if note.agent_id in viewer.agent_ids:
        return note.is_shared
    return _leads(viewer, note.team, note.written_on)


def _leads(viewer: Viewer, team: str | None, day: date) -> bool:
    return Role.SUPERVISOR in viewer.roles and any(tenure.team == team and tenure.covers(day) for tenure in viewer.teams)


def _require(viewer: Viewer, agent_id: str, team: str | None, day: date) -> None:
    if viewer.is_local:
        return
    if not viewer.roles & _MAY or agent_id in viewer.agent_ids or not _leads(viewer, team, day):
        raise AccessRefused(f"{viewer.name} may not coach {agent_id}.", advice="Whoever leads the agent's team does.")


def _team(connection: Connection, agent_id: str, today: date) -> str | None:
    """The agent's team now; of one whom nobody put into a team, that of their last call."""
    team = read_memberships(connection, [agent_id]).team_on(agent_id, today)
    if team is not None:
        return team
    of_calls = select(call_index.c.team).where(call_index.c.agent_id == agent_id).order_by(call_index.c.call_date.desc()).limit(1)
    return connection.execute(of_calls).scalar_one_or_none()


def _add(connection: Connection, viewer: Viewer, note: int, text: str, state: State, follow_up: date | None) -> None:
    at = as_text(datetime.now(UTC))
    said = {"note": note, "at": at, "who": viewer.name, "account": viewer.account, "text": text, "state": state}
    connection.execute(insert(coaching_entries).values(follow_up=follow_up.isoformat() if follow_up else None, **said))
    record(connection, viewer, "coached", about=str(note))


def _given(text: str) -> str:
    if not text.strip():
        raise InputRefused("The note is empty.", advice="Write what was seen, and what is agreed.")
    return text.strip()
