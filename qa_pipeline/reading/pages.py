"""Lists of calls, a page at a time, from the index: what somebody may see of what they ask for.

A page begins after the last row of the one before (its `Key`), which takes the same time for the first page and the five-hundredth, and skips or
doubles nothing when calls are scored meanwhile. Source: M. Winand, "We need tool support for keyset pagination" (use-the-index-luke.com/no-offset).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, bindparam, false, func, or_, select

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.consents import held_back
from qa_pipeline.reading.index import LINES, CallLine, Waiting, call_index, criterion_sets, known_line, line_of, read_line
from qa_pipeline.reading.outcomes import letters_of
from qa_pipeline.reading.viewer import Matter, Scope, Tenure, Viewer

_ROW = call_index.c
_HELD_BACK = select(held_back).where(held_back.c.call_id == bindparam("call_id"))
MOST_ROWS = 500
"""Rows of a page at most."""


class Order(Enum):
    """In which order a list is read."""

    DOUBT = "doubt"
    """What is expected to be wrong most often first: the review queue."""
    NEWEST = "newest"
    LOWEST = "lowest"
    """By effective percent, the lowest first; calls without one at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls a list is of; None leaves it open. Days are inclusive. `in_slice`: scored calls of the random slice of so large a share, 0–1."""

    since: date | None = None
    until: date | None = None
    team: str | None = None
    agent_id: str | None = None
    site: str | None = None
    rubric_id: str | None = None
    campaign: str | None = None
    disposition: str | None = None
    to_review: bool | None = None
    passed: bool | None = None
    critical_failed: bool | None = None
    critical_state: str | None = None
    sentiment: str | None = None
    criterion_id: str | None = None
    """With `outcome`: calls in which this criterion counts so; without: calls that were judged by it."""
    outcome: Outcome | None = None
    is_decided: bool | None = None
    waiting: Waiting | None = None
    is_disputed: bool | None = None
    is_confirmed: bool | None = None
    in_slice: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Where a page ends: the value it is ordered by, and the call."""

    value: str | float | None
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of a list, and where the next page begins; None at the end."""

    lines: tuple[CallLine, ...]
    after: Key | None


ALL = Wanted()


def page(
    engine: Engine,
    viewer: Viewer,
    wanted: Wanted = ALL,
    *,
    order: Order = Order.NEWEST,
    after: Key | None = None,
    skip: int = 0,
    size: int = 50,
) -> Page:
    """A page of the calls that `viewer` may see. `skip`: rows to leave out, for a jump to a page whose key is not known.

    Raises InputRefused for a size out of bounds, AccessRefused for who sees no scores at all.
    """
    if not 1 <= size <= MOST_ROWS:
        raise InputRefused(f"A page of {size} rows cannot be given.", advice=f"Ask for 1 to {MOST_ROWS}.")
    with engine.connect() as connection:
        rows = connection.execute(_page_of(viewer, wanted, order, after, skip, size)).mappings().all()
    lines = tuple(as_seen(line_of(dict(row)), viewer) for row in rows[:size])
    end = Key(value=rows[size - 1][_ORDERS[order][0].name], call_id=lines[-1].call_id) if len(rows) > size else None
    return Page(lines=lines, after=end)


def count(engine: Engine, viewer: Viewer, wanted: Wanted = ALL) -> int:
    """How many calls a list has in all."""
    with engine.connect() as connection:
        return int(connection.execute(_count_of(viewer, wanted)).scalar_one())


def find_call(engine: Engine, viewer: Viewer, call_id: str, *, matter: Matter = Matter.SCORE) -> CallLine:
    """One call by its id. Raises NotThere when none that is theirs to see is called so, AccessRefused when they see nothing of the matter at all."""
    viewer.require(matter)
    with engine.connect() as connection:
        found = known_line(connection, call_id) if viewer.is_local else read_line(connection, call_id)
        is_kept = is_kept_from(connection, viewer, call_id)
    if found is None:
        raise _not_there(call_id)
    require_seen(viewer, found, matter)
    if is_kept:
        raise AccessRefused(
            f"Call {call_id} is held back: the caller's consent is not there.",
            advice="Whoever leads the team decides (`qa-pipeline consent list`).",
        )
    return as_seen(found, viewer)


def require_seen(viewer: Viewer, line: CallLine, matter: Matter) -> None:
    """Raise, as `find_call` does, where a call that was found for one matter is not theirs to see in another."""
    viewer.require(matter)
    if not viewer.sees(matter, agent_id=line.agent_id, team=line.team, day=line.call_date):
        raise _not_there(line.call_id)


def _not_there(call_id: str) -> NotThere:
    # Who may see only some calls must not learn which others there are.
    return NotThere(f"There is no call {call_id!r} in the results.", advice="Look at the list of calls that are yours to see.")


def as_seen(line: CallLine, viewer: Viewer) -> CallLine:
    """A line without the names of people, where they are not for who asks."""
    if viewer.sees(Matter.NAMES, agent_id=line.agent_id, team=line.team, day=line.call_date):
        return line
    return replace(line, agent_name=None, customer_id=None)


def come_only_from(engine: Engine, viewer: Viewer, folder: str) -> bool:
    """Whether there are calls, and the files of all of them lie in a folder of a name, wherever it is. Raises AccessRefused for who sees no runs."""
    viewer.require(Matter.RUNS)
    lies_there = _ROW.source_uri.like(f"%/{folder.replace('_', '!_')}/%", escape="!")
    with engine.connect() as connection:
        known = connection.execute(select(_ROW.call_id).limit(1)).one_or_none()
        other = connection.execute(select(_ROW.call_id).where(or_(lies_there.is_(False), _ROW.source_uri.is_(None))).limit(1)).one_or_none()
    return known is not None and other is None


# The same few questions are asked all day, and to put one together takes as long as to ask it.
@lru_cache(maxsize=500)
def _page_of(viewer: Viewer, wanted: Wanted, order: Order, after: Key | None, skip: int, size: int) -> Select[Any]:
    asked = _of(viewer, wanted, LINES)
    column, is_falling = _ORDERS[order]
    if after is not None:
        asked = asked.where(_is_after(column, is_falling, after))
    ordered = column.desc().nulls_last() if is_falling else column.asc().nulls_last()
    return asked.order_by(ordered, _ROW.call_id).offset(skip or None).limit(size + 1)


@lru_cache(maxsize=500)
def _count_of(viewer: Viewer, wanted: Wanted) -> Select[Any]:
    return _of(viewer, wanted, select(func.count()).select_from(call_index))


def _of(viewer: Viewer, wanted: Wanted, asked: Select[Any]) -> Select[Any]:
    viewer.require(Matter.SCORE)
    return asked.where(*conditions(wanted), visible(viewer, Matter.SCORE))


def visible_ids(engine: Engine, viewer: Viewer, matter: Matter) -> frozenset[str]:
    """Ids of all calls of which somebody may see a matter."""
    with engine.connect() as connection:
        return frozenset(connection.execute(select(_ROW.call_id).where(visible(viewer, matter))).scalars())


def visible(viewer: Viewer, matter: Matter) -> ColumnElement[bool]:
    """The rule of viewer.py as a condition on rows of the index: the same as `Viewer.sees` of each, without calls that are held back from people."""
    seen = _in_scope(viewer, matter)
    # Counts tell nothing of a single call, and the record nothing of what was said in it.
    return (
        seen
        if viewer.is_machine or matter in (Matter.FIGURES, Matter.PEOPLE)
        else and_(seen, _ROW.call_id.not_in(select(held_back.c.call_id)))
    )


def is_kept_from(connection: Connection, viewer: Viewer, call_id: str) -> bool:
    """Whether a call is kept from somebody for want of consent: from all people."""
    return not viewer.is_machine and connection.execute(_HELD_BACK, {"call_id": call_id}).first() is not None


def held_back_ids(engine: Engine, viewer: Viewer) -> frozenset[str]:
    """Calls that are kept from somebody until it is decided about their consent: from all people, not from the machine."""
    if viewer.is_machine:
        return frozenset()
    with engine.connect() as connection:
        return frozenset(connection.execute(select(held_back.c.call_id)).scalars())


def _in_scope(viewer: Viewer, matter: Matter) -> ColumnElement[bool]:
    scopes = viewer.scopes(matter)
    if Scope.ALL in scopes:
        return _ROW.call_id == _ROW.call_id
    conditions: list[ColumnElement[bool]] = []
    if Scope.OWN in scopes and viewer.agent_ids:
        conditions.append(_ROW.agent_id.in_(sorted(viewer.agent_ids)))
    if Scope.TEAMS in scopes:
        conditions += [_in_tenure(tenure) for tenure in viewer.teams]
    return or_(*conditions) if conditions else false()


def _in_tenure(tenure: Tenure) -> ColumnElement[bool]:
    days = [
        *([_ROW.call_date >= tenure.first.isoformat()] if tenure.first else []),
        *([_ROW.call_date <= tenure.last.isoformat()] if tenure.last else []),
    ]
    return and_(_ROW.team == tenure.team, *days)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a list is of, as conditions on rows of the index."""
    found: list[ColumnElement[bool]] = []
    for name in ("team", "agent_id", "site", "rubric_id", "campaign", "disposition", "sentiment", "to_review", "waiting", "is_confirmed"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(_ROW[name] == value)
    if wanted.since:
        found.append(_ROW.call_date >= wanted.since.isoformat())
    if wanted.until:
        found.append(_ROW.call_date <= wanted.until.isoformat())
    for name in ("passed", "critical_failed", "critical_state"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(_ROW[f"effective_{name}"] == value)
    if wanted.is_disputed is not None:
        # Written as the condition of its partial index: disputes are few.
        found.append(_ROW.is_disputed.is_(wanted.is_disputed))
    if wanted.in_slice is not None:
        found += [_ROW.slice_place < wanted.in_slice, _ROW.purpose == "official"]
    if wanted.criterion_id is not None:
        found.append(_came_out(wanted.criterion_id, wanted.outcome))
    if wanted.is_decided is not None:
        found.append(_ROW.decided_count > 0 if wanted.is_decided else _ROW.decided_count == 0)
    return found


def _came_out(criterion_id: str, outcome: Outcome | None) -> ColumnElement[bool]:
    """Calls that a criterion judged, with this outcome."""
    in_set = (criterion_sets.c.criteria == _ROW.criteria) & (criterion_sets.c.criterion_id == criterion_id)
    place = select(criterion_sets.c.place).where(in_set).scalar_subquery()
    if outcome is None:
        return place.is_not(None)
    return func.substr(_ROW.effective_outcomes, place, 1).in_(list(letters_of(outcome)))


_ORDERS: dict[Order, tuple[ColumnElement[Any], bool]] = {
    Order.DOUBT: (_ROW.doubt, True),
    Order.NEWEST: (_ROW.call_date, True),
    Order.LOWEST: (_ROW.effective_percent, False),
}


def _is_after(column: ColumnElement[Any], is_falling: bool, key: Key) -> ColumnElement[bool]:
    """Rows behind a key; those without a value stand at the end."""
    if key.value is None:
        return and_(column.is_(None), _ROW.call_id > key.call_id)
    beyond = column < key.value if is_falling else column > key.value
    return or_(beyond, and_(column == key.value, _ROW.call_id > key.call_id), column.is_(None))
