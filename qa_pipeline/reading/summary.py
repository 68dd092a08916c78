"""Counts and means of scores by agent, team, week …, from the index: what people made of them beside what the machine said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine, Float, Integer, and_, case, cast, func, select

from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.pages import Wanted, conditions, visible
from qa_pipeline.reading.viewer import Matter, Viewer

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
class Line:
    """One line of a summary: what it is of, its calls, of these to be reviewed and decided about, and scores by the machine and by people."""

    key: tuple[str | None, ...]
    calls: int
    to_review: int
    decided: int
    machine: Scores
    effective: Scores

    def __add__(self, other: Line) -> Line:
        names = [name for name in Line.__slots__ if name != "key"]
        return Line(key=self.key, **{name: getattr(self, name) + getattr(other, name) for name in names})


def count_scores(engine: Engine, viewer: Viewer, by: Sequence[str], wanted: Wanted) -> list[Line]:
    """Official scores by these dimensions, in their order; those without a value first. Raises AccessRefused for who sees no figures."""
    viewer.require(Matter.FIGURES)
    columns = list(dict.fromkeys(name for dimension in by for name in _DIMENSIONS[dimension][0]))

    def counted(condition: Any) -> Any:
        return func.coalesce(func.sum(cast(case((condition, 1), else_=0), Integer)), 0)

    def scores(prefix: str) -> list[Any]:
        percent = cast(_ROW[f"{prefix}percent"], Float)
        return [
            func.count(percent),
            func.coalesce(func.sum(percent), 0.0),
            func.coalesce(func.sum(percent * percent), 0.0),
            counted(and_(_ROW[f"{prefix}passed"])),
            counted(and_(_ROW[f"{prefix}critical_failed"])),
        ]

    asked = select(
        *(_ROW[name] for name in columns),
        func.count(),
        counted(_ROW.to_review),
        counted(_ROW.decided_count > 0),
        *scores(""),
        *scores("effective_"),
    ).where(_ROW.purpose == "official", *conditions(wanted), visible(viewer, Matter.FIGURES))
    with engine.connect() as connection:
        rows = connection.execute(asked.group_by(*(_ROW[name] for name in columns))).all()
    found: dict[tuple[str | None, ...], Line] = {}
    for row in rows:
        value = dict(zip(columns, row, strict=False))
        calls, to_review, decided, *figures = row[len(columns) :]
        key = tuple(shown(*(value[name] for name in names)) for names, shown in (_DIMENSIONS[dimension] for dimension in by))
        one = Line(key=key, calls=calls, to_review=to_review, decided=decided, machine=_scores(figures[:5]), effective=_scores(figures[5:]))
        found[key] = found[key] + one if key in found else one
    return [found[key] for key in sorted(found, key=lambda key: tuple(part or "" for part in key))]


def _scores(figures: Sequence[Any]) -> Scores:
    count, total, squares, passed, critical = figures
    return Scores(count=count, total=float(total), squares=float(squares), passed=passed, critical=critical)
