"""Figures over many calls, kept day by day: a page over a year of calls asks only for the days that changed since the same was asked.

Whoever changes rows of the index gives their days new stamps, in the same transaction (`mark_days` of index.py). What a day came to is kept in this process under the
day's stamp, question by question, and so many rows of it at most: what was asked longest ago goes first. Counts and sums only, no calls.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select

from qa_pipeline.reading.database import PerEngine
from qa_pipeline.reading.index import call_index, index_days
from qa_pipeline.reading.pages import Wanted, conditions
from qa_pipeline.reading.viewer import Matter, Scope, Viewer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = tuple[Any, ...]
Part = tuple[Key, "NDArray[np.float64]"]
"""Figures of some calls of a day: what they are of, and the figures, which add up."""
# Some 300 bytes each. Chosen: twenty supervisors with a year of days, and what all calls come to, stay.
_MOST_PARTS = 60_000
# A question that comes to more is asked anew each time, as by agent over all calls: as many rows as there are calls, nearly.
_MOST_OF_QUESTION = 10_000
_DAY = func.coalesce(call_index.c.call_date, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of calls. `name`: tells it from others; `asked`: without days, its first `keys` columns are what is counted by.

    `parts`: rows of a day, without the day, as figures.
    """

    name: Hashable
    asked: Select[Any]
    keys: tuple[ColumnElement[Any], ...]
    parts: Callable[[Connection, Sequence[Sequence[Any]]], tuple[Part, ...]]


@dataclass(slots=True)
class _Kept:
    """What days came to: by question, by day, with the stamp that the day had. None: a question that is asked anew each time."""

    questions: OrderedDict[Hashable, dict[str, tuple[str, tuple[Part, ...]]] | None] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_KEPT = PerEngine(_Kept)


def sums(engine: Engine, viewer: Viewer, wanted: Wanted, question: Question) -> dict[Key, NDArray[np.float64]]:
    """Figures of the calls of some days by key, added up over the days."""
    name = (question.name, replace(wanted, since=None, until=None), replace(viewer, name=None, account=None if viewer.is_local else 0))
    kept = _KEPT.of(engine)
    with kept.lock:
        known = kept.questions.get(name, {})
    with engine.connect() as connection:
        if known is None or viewer.scopes(Matter.FIGURES) == {Scope.OWN}:
            # An agent's own calls are few and found by their index.
            return _added(question.parts(connection, connection.execute(_grouped(question, *_within(wanted))).all()))
        # Stamps are read first: what changes after them is asked anew the next time.
        stamps = {day: one for day, one in connection.execute(select(index_days)) if _is_within(day, wanted)}
        missing = [day for day, one in stamps.items() if known.get(day, ("",))[0] != one]
        fresh = _ask(connection, question, wanted, missing, is_most=2 * len(missing) > len(stamps))
    found = known | {day: (stamps[day], fresh.get(day, ())) for day in missing}
    _keep(kept, name, found)
    return _added(part for day in sorted(stamps) for part in found[day][1])


def _ask(connection: Connection, question: Question, wanted: Wanted, days: Sequence[str], *, is_most: bool) -> dict[str, tuple[Part, ...]]:
    if not days:
        return {}
    column = call_index.c.call_date
    these = or_(column.in_(days), column.is_(None)) if "" in days else column.in_(days)
    # Where most is missing, one look through all is quicker than one for each day.
    chosen = _within(wanted) if is_most else [these]
    rows: dict[str, list[Sequence[Any]]] = {}
    for day, *row in connection.execute(_grouped(question, *chosen, by_day=True)):
        rows.setdefault(day, []).append(row)
    return {day: question.parts(connection, several) for day, several in rows.items()}


def _grouped(question: Question, *where: ColumnElement[bool], by_day: bool = False) -> Select[Any]:
    asked = question.asked.where(*where)
    if by_day:
        return asked.with_only_columns(_DAY, *asked.selected_columns).group_by(call_index.c.call_date, *question.keys)
    return asked.group_by(*question.keys) if question.keys else asked


def _keep(kept: _Kept, name: Hashable, found: dict[str, tuple[str, tuple[Part, ...]]]) -> None:
    with kept.lock:
        kept.questions[name] = None if _size(found) > _MOST_OF_QUESTION else found
        kept.questions.move_to_end(name)
        total = sum(map(_size, kept.questions.values()))
        while total > _MOST_PARTS:
            total -= _size(kept.questions.popitem(last=False)[1])


def _size(found: Mapping[str, tuple[str, tuple[Part, ...]]] | None) -> int:
    return 1 if found is None else sum(1 + len(parts) for _, parts in found.values())


def _added(parts: Iterable[Part]) -> dict[Key, NDArray[np.float64]]:
    found: dict[Key, NDArray[np.float64]] = {}
    for key, figures in parts:
        before = found.get(key)
        found[key] = figures if before is None else before + figures
    return found


def _within(wanted: Wanted) -> list[ColumnElement[bool]]:
    return conditions(Wanted(since=wanted.since, until=wanted.until))


def _is_within(day: str, wanted: Wanted) -> bool:
    if not day:
        return wanted.since is None and wanted.until is None
    return (wanted.since is None or day >= wanted.since.isoformat()) and (wanted.until is None or day <= wanted.until.isoformat())
