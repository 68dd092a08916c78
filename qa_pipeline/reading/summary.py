"""Counts and means of scores by agent, team, week …, from the index: what people made of them beside what the machine said.

Criteria are counted there too (`count_criteria`), from the letters that calls carry (outcomes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, Float, Select, and_, case, cast, func, select

from qa_pipeline.reading.days import Key, Part, Question, sums
from qa_pipeline.reading.index import call_index, criterion_sets
from qa_pipeline.reading.outcomes import CriterionTally, count_letters, tallies
from qa_pipeline.reading.pages import Wanted, conditions, visible
from qa_pipeline.reading.viewer import Matter, Viewer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROW = call_index.c


def _of_day(shown: Callable[[date], str]) -> Callable[[Any], str | None]:
    return lambda day: None if day is None else shown(date.fromisoformat(day))


# Dimension → columns of the index, and how their values are shown.
_DIMENSIONS: dict[str, tuple[tuple[str, ...], Callable[..., str | None]]] = {
    "agent": (("agent_id",), lambda value: value),
    "team": (("team",), lambda value: value),
    "site": (("site",), lambda value: value),
    "campaign": (("campaign",), lambda value: value),
    "rubric": (("rubric_id",), lambda value: value),
    "version": (("rubric_id", "rubric_version"), lambda name, version: f"{name} v{version}"),
    "disposition": (("disposition",), lambda value: value),
    "day": (("call_date",), _of_day(date.isoformat)),
    # Weeks are named by their Monday.
    "week": (("call_date",), _of_day(lambda day: (day - timedelta(days=day.weekday())).isoformat())),
    "month": (("call_date",), _of_day(lambda day: f"{day:%Y-%m}")),
}
CALL_DIMENSIONS = tuple(_DIMENSIONS)
"""What calls can be counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Percents of some calls: how many, their sum and the sum of their squares; calls passed of those with a percent; critical failures."""

    count: int
    total: float
    squares: float
    passed: int
    critical: int

    def __add__(self, other: Scores) -> Scores:
        return Scores(**{name: getattr(self, name) + getattr(other, name) for name in Scores.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A figure of some calls: how many have it, and their sum."""

    count: int
    total: float

    @property
    def mean(self) -> float | None:
        """Of those that have it; None where none has."""
        return self.total / self.count if self.count else None

    def __add__(self, other: Sum) -> Sum:
        return Sum(count=self.count + other.count, total=self.total + other.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feelings:
    """Calls by what the customer felt, from their words. Calls of which it was not told are in none."""

    positive: int
    neutral: int
    negative: int

    @property
    def told(self) -> int:
        """Calls of which it was told."""
        return self.positive + self.neutral + self.negative

    def __add__(self, other: Feelings) -> Feelings:
        return Feelings(**{name: getattr(self, name) + getattr(other, name) for name in Feelings.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a summary: what it is of, its calls, of these to be reviewed and decided about, and scores by the machine and by people.

    `provisional`, `confirmed`: calls with a critical failure as they count, by the program alone and seen by a person. `coverage`: 0–1 of each score;
    `expected_wrong`: findings of each that are expected to be wrong.
    """

    key: tuple[str | None, ...]
    calls: int
    to_review: int
    decided: int
    machine: Scores
    effective: Scores
    provisional: int
    confirmed: int
    coverage: Sum
    expected_wrong: Sum
    feelings: Feelings

    def __add__(self, other: Line) -> Line:
        names = [name for name in Line.__slots__ if name != "key"]
        return Line(key=self.key, **{name: getattr(self, name) + getattr(other, name) for name in names})


def count_scores(engine: Engine, viewer: Viewer, by: Sequence[str], wanted: Wanted) -> list[Line]:
    """Official scores by these dimensions, in their order; those without a value first. Raises AccessRefused for who sees no figures."""
    viewer.require(Matter.FIGURES)
    columns = list(dict.fromkeys(name for dimension in by for name in _DIMENSIONS[dimension][0]))

    def counted(condition: Any) -> Any:
        return func.count(case((condition, 1)))

    def scores(prefix: str) -> list[Any]:
        percent = cast(_ROW[f"{prefix}percent"], Float)
        return [
            func.count(percent),
            func.coalesce(func.sum(percent), 0.0),
            func.coalesce(func.sum(percent * percent), 0.0),
            counted(and_(_ROW[f"{prefix}passed"])),
            counted(and_(_ROW[f"{prefix}critical_failed"])),
        ]

    def summed(column: Any) -> list[Any]:
        return [func.count(column), func.coalesce(func.sum(column), 0.0)]

    asked = select(
        *(_ROW[name] for name in columns),
        func.count(),
        counted(_ROW.to_review),
        counted(_ROW.decided_count > 0),
        *scores(""),
        *scores("effective_"),
        *(counted(_ROW.effective_critical_state == state) for state in ("provisional", "confirmed")),
        *summed(_ROW.coverage),
        *summed(_ROW.expected_wrong),
        *(counted(_ROW.sentiment == label) for label in Feelings.__slots__),
    ).where(*_countable(viewer, wanted))
    found: dict[tuple[str | None, ...], Any] = {}
    for values, figures in _summed(engine, viewer, wanted, ("scores", *columns), asked, [_ROW[name] for name in columns]).items():
        key = _key(by, dict(zip(columns, values, strict=True)))
        found[key] = found[key] + figures if key in found else figures
    if not by and not found:
        # Of no calls at all there is a line too.
        return [_line((), [0.0] * 22)]
    return [_line(key, found[key].tolist()) for key in sorted(found, key=_in_order)]


def _countable(viewer: Viewer, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Which calls figures are of, whatever their day."""
    return [_ROW.purpose == "official", *conditions(replace(wanted, since=None, until=None)), visible(viewer, Matter.FIGURES)]


def _summed(
    engine: Engine, viewer: Viewer, wanted: Wanted, name: Hashable, asked: Select[Any], keys: Sequence[ColumnElement[Any]]
) -> dict[Key, NDArray[np.float64]]:
    """Numbers behind the columns that they are counted by, added up over days."""
    import numpy as np

    def parts(_: Connection, rows: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
        return tuple((tuple(row[: len(keys)]), np.array(row[len(keys) :], np.float64)) for row in rows)

    return sums(engine, viewer, wanted, Question(name=name, asked=asked, keys=tuple(keys), parts=parts))


def _line(key: tuple[str | None, ...], figures: Sequence[float]) -> Line:
    calls, to_review, decided, *rest = figures
    return Line(
        key=key,
        calls=int(calls),
        to_review=int(to_review),
        decided=int(decided),
        machine=_scores(rest[:5]),
        effective=_scores(rest[5:10]),
        provisional=int(rest[10]),
        confirmed=int(rest[11]),
        coverage=Sum(count=int(rest[12]), total=rest[13]),
        expected_wrong=Sum(count=int(rest[14]), total=rest[15]),
        feelings=Feelings(positive=int(rest[16]), neutral=int(rest[17]), negative=int(rest[18])),
    )


def count_percents(engine: Engine, viewer: Viewer, wanted: Wanted) -> tuple[int, ...]:
    """Calls by effective percent, in ten steps: below 10, below 20 … and from 90 to 100. Raises AccessRefused for who sees no figures."""
    viewer.require(Matter.FIGURES)
    step = _step()
    asked = select(step, func.count()).where(_ROW.effective_percent.is_not(None), *_countable(viewer, wanted))
    found = _summed(engine, viewer, wanted, "percents", asked, [step])
    return tuple(int(found[(place,)][0]) if (place,) in found else 0 for place in range(10))


CriterionKey = tuple[str, str]
"""Rubric and criterion: equal ids in two rubrics may ask two things."""


def count_criteria(
    engine: Engine, viewer: Viewer, by: Sequence[str], wanted: Wanted
) -> dict[tuple[str | None, ...], dict[CriterionKey, CriterionTally]]:
    """Criteria of official scores, as they count, by these dimensions of calls. Raises AccessRefused for who sees no figures."""
    viewer.require(Matter.FIGURES)
    columns = list(dict.fromkeys(["rubric_id", "criteria", *(name for dimension in by for name in _DIMENSIONS[dimension][0])]))
    length = func.length(_ROW.effective_outcomes)
    asked = select(*(_ROW[name] for name in columns), length, func.aggregate_strings(_ROW.effective_outcomes, "")).where(
        _ROW.effective_outcomes.is_not(None), *_countable(viewer, wanted)
    )

    def parts(_: Connection, rows: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
        return tuple((tuple(row[:-1]), count_letters(row[-2], row[-1])) for row in rows)

    keys = (*(_ROW[name] for name in columns), length)
    counted = sums(engine, viewer, wanted, Question(name=("criteria", *columns), asked=asked, keys=keys, parts=parts))
    of_set = select(criterion_sets.c.criteria, criterion_sets.c.criterion_id).order_by(criterion_sets.c.criteria, criterion_sets.c.place)
    with engine.connect() as connection:
        names: dict[str, list[str]] = {}
        for name, criterion_id in connection.execute(of_set):
            names.setdefault(name, []).append(criterion_id)
    found: dict[tuple[str | None, ...], dict[CriterionKey, CriterionTally]] = {}
    for values, counts in counted.items():
        value = dict(zip(columns, values, strict=False))
        several = found.setdefault(_key(by, value), {})
        for criterion_id, tally in tallies(names[value["criteria"]], counts).items():
            key = (value["rubric_id"], criterion_id)
            several[key] = several[key] + tally if key in several else tally
    return {key: found[key] for key in sorted(found, key=_in_order)}


def _step() -> Any:
    """0 below 10 %, 1 below 20 % … 9 from 90 % on."""
    return case(*((_ROW.effective_percent < 10 * (place + 1), place) for place in range(9)), else_=9)


def _key(by: Sequence[str], value: Mapping[str, Any]) -> tuple[str | None, ...]:
    return tuple(shown(*(value[name] for name in names)) for names, shown in (_DIMENSIONS[dimension] for dimension in by))


def _in_order(key: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(part or "" for part in key)


def _scores(figures: Sequence[float]) -> Scores:
    count, total, squares, passed, critical = figures
    return Scores(count=int(count), total=total, squares=squares, passed=int(passed), critical=int(critical))
