"""The consent register: what callers agreed to, in which words, whether they took it back; and who decides about a call that lacks it.

What the program found stands in reading/consents.py. Here somebody with the right releases a call that is held back, holds one back, or notes that the caller
withdrew; each with a reason, added to what was decided before and on record, and in force in the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.consents import Ruled, State, consent_decisions, consents, held_back, is_held_back
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.viewer import Matter, Role, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.record import note

MAY = frozenset({Role.SUPERVISOR})
"""Who decides about consent: whoever leads the team, of its calls. Nobody else sees a call that is held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What somebody decided about a call's consent."""

    kind: Ruled
    reason: str
    author: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A call in the register. `state`: as the program found, None where its rubric asks for none; `words`: in which it was asked and answered.

    `rulings`: what people decided, the newest last. `is_held_back`: whether it is kept from people now.
    """

    call_id: str
    day: date | None
    customer_id: str | None
    agent_id: str | None
    team: str | None
    state: State | None
    answer: str | None
    words: str | None
    start_ms: int | None
    rubric: str | None
    rulings: tuple[Ruling, ...]
    is_held_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A part of the register, and the call after which the next part begins; None at its end."""

    entries: tuple[Entry, ...]
    after: str | None


def list_register(
    desk: Desk,
    viewer: Viewer,
    *,
    call_id: str | None = None,
    customer_id: str | None = None,
    only_held: bool = False,
    after: str | None = None,
    size: int = 100,
) -> Register:
    """Calls with what is known of their consent, the newest first, `size` of them; of calls that are theirs to decide.

    `after`: the call with which the part before ended. Raises AccessRefused for who decides of none, NotThere for an `after` that is no call.
    """
    _require(viewer)
    column = call_index.c
    in_register = or_(
        column.call_id.in_(select(consents.c.call_id)), column.call_id.in_(select(consent_decisions.c.call_id)),
        column.call_id.in_(select(held_back.c.call_id)),
    )  # fmt: skip
    asked = (
        select(
            column.call_id, column.call_date, column.customer_id, column.agent_id, column.team, consents, held_back.c.call_id.label("held")
        )
        .select_from(
            call_index.outerjoin(consents, consents.c.call_id == column.call_id).outerjoin(held_back, held_back.c.call_id == column.call_id)
        )
        .where(in_register)
        .order_by(column.call_date.desc().nulls_last(), column.call_id)
    )
    for wanted, value in ((column.call_id, call_id), (column.customer_id, customer_id)):
        if value is not None:
            asked = asked.where(wanted == value)
    if only_held:
        asked = asked.where(held_back.c.call_id.is_not(None))
    with desk.engine.connect() as connection:
        if after is not None:
            last = connection.execute(select(column.call_date).where(column.call_id == after)).one_or_none()
            if last is None:
                raise NotThere(f"There is no call {after!r} in the results.", advice="Begin at the start of the register.")
            later = and_(column.call_date.is_(None), column.call_id > after)
            if last.call_date is not None:
                same_day = and_(column.call_date == last.call_date, column.call_id > after)
                later = or_(column.call_date < last.call_date, same_day, column.call_date.is_(None))
            asked = asked.where(later)
        # Of the whole list, what is theirs: the rule stands in viewer.py.
        theirs = (row for row in connection.execute(asked) if _decides(viewer, row.agent_id, row.team, row.call_date))
        rows = list(islice(theirs, size + 1))
        said: dict[str, list[Ruling]] = {}
        names = [row[0] for row in rows[:size]]
        for one in connection.execute(
            select(consent_decisions).where(consent_decisions.c.call_id.in_(names)).order_by(consent_decisions.c.number)
        ):
            said.setdefault(one.call_id, []).append(
                Ruling(kind=Ruled(one.kind), reason=one.reason, author=one.author, at=from_text(one.at))
            )
    entries = tuple(_entry(row, said.get(row[0], ())) for row in rows[:size])
    return Register(entries=entries, after=names[-1] if len(rows) > size else None)


def whole_register(
    desk: Desk, viewer: Viewer, *, call_id: str | None = None, customer_id: str | None = None, only_held: bool = False
) -> Iterator[Entry]:
    """All of `list_register`, part by part. Raises AccessRefused."""
    after = None
    while True:
        part = list_register(desk, viewer, call_id=call_id, customer_id=customer_id, only_held=only_held, after=after)
        yield from part.entries
        after = part.after
        if after is None:
            return


def _entry(row: Row[Any], rulings: Iterable[Ruling]) -> Entry:
    return Entry(
        call_id=row[0],
        day=date.fromisoformat(row.call_date) if row.call_date else None,
        customer_id=row.customer_id,
        agent_id=row.agent_id,
        team=row.team,
        state=State(row.state) if row.state else None,
        answer=row.answer,
        words=row.words,
        start_ms=row.start_ms,
        rubric=f"{row.rubric_id} {row.rubric_version}" if row.rubric_id else None,
        rulings=tuple(rulings),
        is_held_back=row.held is not None,
    )


def rule(desk: Desk, viewer: Viewer, call_ids: Iterable[str], kind: Ruled, *, reason: str) -> tuple[str, ...]:
    """Decide about the consent of calls: released, held back, or withdrawn by the caller. Returns the calls.

    Raises InputRefused without a reason, NotThere for a call that is not theirs to decide or not stored, AccessRefused.
    """
    _require(viewer)
    reason = reason.strip()
    if not reason:
        raise InputRefused("It is not said why.", advice="Say what the decision rests on; it is kept.")
    names = tuple(dict.fromkeys(call_ids))
    with writing(desk.engine) as connection:
        for name in names:
            row = connection.execute(select(call_index).where(call_index.c.call_id == name)).mappings().one_or_none()
            if row is None or not _decides(viewer, row["agent_id"], row["team"], row["call_date"]):
                raise NotThere(f"There is no call {name!r} in the results.", advice="Look at the register of consent.")
            values = {"kind": kind.value, "call_id": name, "reason": reason, "author": viewer.name, "account": viewer.account}
            connection.execute(insert(consent_decisions).values(**values, at=as_text(datetime.now(UTC))))
            connection.execute(delete(held_back).where(held_back.c.call_id == name))
            if is_held_back(False, kind):
                connection.execute(insert(held_back).values(call_id=name))
            note(connection, viewer, f"consent_{kind.value}", call_id=name)
    return names


def calls_of(desk: Desk, viewer: Viewer, customer_id: str) -> tuple[str, ...]:
    """Calls of a customer that are theirs to decide. Raises NotThere where there is none."""
    _require(viewer)
    column = call_index.c
    with desk.engine.connect() as connection:
        asked = select(column.call_id, column.agent_id, column.team, column.call_date).where(column.customer_id == customer_id)
        found = tuple(row.call_id for row in connection.execute(asked) if _decides(viewer, row.agent_id, row.team, row.call_date))
    if not found:
        raise NotThere(f"Nothing is held of {customer_id!r}.", advice="Look at the id in the metadata.")
    return found


def _require(viewer: Viewer) -> None:
    if not viewer.is_local and not viewer.roles & MAY:
        raise AccessRefused(f"{viewer.name} may not decide about consent.", advice="Whoever leads the agent's team does.")


def _decides(viewer: Viewer, agent_id: str | None, team: str | None, day: str | None) -> bool:
    is_own = not viewer.is_local and agent_id is not None and agent_id in viewer.agent_ids
    return not is_own and viewer.sees(Matter.DECISIONS, agent_id=agent_id, team=team, day=date.fromisoformat(day) if day else None)
