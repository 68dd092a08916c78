"""A report in the shape that somebody gave it (review/shapes.py): figures from the index, each with what it rests on and its interval; rows for a page or a file.

Nothing is judged here that cannot be told: what does not apply is in no share, and a figure that nothing was measured for is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.outcomes import CriterionTally
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import CALL_DIMENSIONS, CriterionKey, Line, Scores, Sum, count_criteria, count_scores
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.intervals import Estimate, Sample, mean_of, share
from qa_pipeline.review.shapes import Shape

Unit = Literal["count", "percent", "number"]
CRITERION = "criterion"
DIMENSIONS = (*CALL_DIMENSIONS, CRITERION)
WANTED_BY = {"team": "team", "agent": "agent_id", "site": "site", "campaign": "campaign", "rubric": "rubric_id", "disposition": "disposition", "sentiment": "sentiment"}  # fmt: skip
"""What calls of a shape can be chosen by → the name in a list's choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure: its value, the 95 % interval where it has one, and the calls it rests on. `percent` units are 0–100."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A column of figures: in what unit, whether with an interval, and how it is had of a line."""

    unit: Unit
    has_interval: bool
    of: Callable[[Any], Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a report. `key`: values of the dimensions of calls; `criterion`: the one it is about; `wanted`: the calls that it counts, for a list of them."""

    key: tuple[str | None, ...]
    criterion: CriterionKey | None
    cells: tuple[Cell, ...]
    wanted: Wanted | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """A report. `dimensions`: those of calls; `columns`: names of figures; `total`: over all rows, of calls; None of criteria."""

    dimensions: tuple[str, ...]
    of_criteria: bool
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row | None
    since: date | None
    until: date | None


def percent_of(scores: Scores) -> Cell:
    """Mean percent of some scores; its interval ends where percents do."""
    found = mean_of(sample_of(scores))
    low, high = found.low, found.high
    return Cell(
        value=found.value,
        low=None if low is None else max(0.0, low),
        high=None if high is None else min(100.0, high),
        count=scores.count,
    )


def sample_of(scores: Scores) -> Sample:
    """What a mean of some scores needs."""
    n = scores.count
    # Of equal percents rounding may leave a little less than nothing.
    variance = max(0.0, (scores.squares - scores.total**2 / n) / (n - 1)) if n > 1 else None
    return Sample(count=n, mean=scores.total / n if n else None, variance=variance)


def share_of(part: int, whole: int) -> Cell:
    """A share as a percentage, with its interval; None of nothing."""
    return as_percent(share(part, whole), whole)


def as_percent(estimate: Estimate, count: int) -> Cell:
    """A share, 0–1, as a cell."""
    value, low, high = (None if figure is None else 100 * figure for figure in (estimate.value, estimate.low, estimate.high))
    return Cell(value=value, low=low, high=high, count=count)


def _mean(found: Sum, times: float = 1.0) -> Cell:
    return Cell(value=None if found.mean is None else times * found.mean, count=found.count)


def _count(of: Callable[[Any], int]) -> Figure:
    return Figure(unit="count", has_interval=False, of=lambda line: Cell(value=of(line), count=of(line)))


def _share(part: Callable[[Any], int], whole: Callable[[Any], int]) -> Figure:
    return Figure(unit="percent", has_interval=True, of=lambda line: share_of(part(line), whole(line)))


OF_CALLS: Mapping[str, Figure] = {
    "calls": _count(lambda line: line.calls),
    "scored": _count(lambda line: line.effective.count),
    "percent": Figure(unit="percent", has_interval=True, of=lambda line: percent_of(line.effective)),
    "machine_percent": Figure(unit="percent", has_interval=True, of=lambda line: percent_of(line.machine)),
    "passed": _share(lambda line: line.effective.passed, lambda line: line.effective.count),
    "confirmed": _count(lambda line: line.confirmed),
    "provisional": _count(lambda line: line.provisional),
    "to_review": _count(lambda line: line.to_review),
    "decided": _count(lambda line: line.decided),
    "coverage": Figure(unit="percent", has_interval=False, of=lambda line: _mean(line.coverage, 100.0)),
    "expected_wrong": Figure(unit="number", has_interval=False, of=lambda line: _mean(line.expected_wrong)),
    "positive": _share(lambda line: line.feelings.positive, lambda line: line.feelings.told),
    "neutral": _share(lambda line: line.feelings.neutral, lambda line: line.feelings.told),
    "negative": _share(lambda line: line.feelings.negative, lambda line: line.feelings.told),
}
"""Figures of calls, by name."""
OF_CRITERIA: Mapping[str, Figure] = {
    "met": _share(lambda tally: tally.met, lambda tally: tally.judged),
    "judged": _count(lambda tally: tally.judged),
    "not_met": _count(lambda tally: tally.not_met),
    "undetermined": _count(lambda tally: tally.undetermined),
    "not_applicable": _count(lambda tally: tally.not_applicable),
}
"""Figures of criteria, by name."""


def figures_of(by: Sequence[str]) -> Mapping[str, Figure]:
    """The figures that a report by these dimensions may have."""
    return OF_CRITERIA if CRITERION in by else OF_CALLS


def checked(shape: Shape) -> Shape:
    """The shape as it can be made: columns that its dimensions have, all where none is left. Raises InputRefused for dimensions or choices that are none."""
    for name in shape.by:
        if name not in DIMENSIONS:
            raise InputRefused(f"There is no dimension {name!r}.", advice=f"There are: {', '.join(DIMENSIONS)}.")
    for name in shape.where:
        if name not in WANTED_BY:
            raise InputRefused(f"{name!r} is nothing to choose calls by.", advice=f"There are: {', '.join(WANTED_BY)}.")
    known = figures_of(shape.by)
    columns = tuple(name for name in shape.columns if name in known) or tuple(known)
    return replace(shape, by=tuple(dict.fromkeys(shape.by)), columns=columns)


def days_of(shape: Shape, today: date) -> tuple[date | None, date | None]:
    """First and last day of a shape's calls, both inclusive; None is open. Raises InputRefused for days that are none."""
    first = today.replace(day=1)
    if shape.period == "days":
        try:
            return (date.fromisoformat(shape.since) if shape.since else None, date.fromisoformat(shape.until) if shape.until else None)
        except ValueError as error:
            raise InputRefused("That is no day.", advice="Write days as 2026-05-31.") from error
    named: dict[str, tuple[date | None, date | None]] = {
        "all": (None, None),
        "last_7_days": (today - timedelta(days=6), today),
        "last_30_days": (today - timedelta(days=29), today),
        "last_90_days": (today - timedelta(days=89), today),
        "this_month": (first, today),
        "last_month": ((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1)),
        "this_year": (today.replace(month=1, day=1), today),
    }
    if shape.period not in named:
        raise InputRefused(f"There is no period {shape.period!r}.", advice=f"There are: days, {', '.join(named)}.")
    return named[shape.period]


def wanted_of(shape: Shape, today: date) -> Wanted:
    """The calls of a shape. Raises InputRefused as `days_of`."""
    since, until = days_of(shape, today)
    return Wanted(since=since, until=until, **{WANTED_BY[name]: value for name, value in shape.where.items()})  # type: ignore[arg-type]


def make_report(engine: Engine, viewer: Viewer, shape: Shape, today: date) -> Shaped:
    """Make a report of what somebody may see. Raises InputRefused as `checked` and `days_of`, AccessRefused for who sees no figures."""
    shape = checked(shape)
    wanted = wanted_of(shape, today)
    dimensions = tuple(name for name in shape.by if name != CRITERION)
    figures = [figures_of(shape.by)[name] for name in shape.columns]

    def cells(of: Line | CriterionTally) -> tuple[Cell, ...]:
        return tuple(figure.of(of) for figure in figures)

    rows: Iterable[Row]
    total = None
    if CRITERION in shape.by:
        counted = count_criteria(engine, viewer, dimensions, wanted)
        rows = (
            Row(key=key, criterion=criterion, cells=cells(tally), wanted=_narrowed(wanted, dimensions, key, criterion))
            for key, several in counted.items()
            for criterion, tally in sorted(several.items())
            if tally.calls
        )
    else:
        lines = count_scores(engine, viewer, dimensions, wanted)
        rows = (Row(key=line.key, criterion=None, cells=cells(line), wanted=_narrowed(wanted, dimensions, line.key)) for line in lines)
        total = Row(key=(), criterion=None, cells=cells(reduce(add, lines)), wanted=wanted) if lines and dimensions else None
    return Shaped(
        dimensions=dimensions,
        of_criteria=CRITERION in shape.by,
        columns=shape.columns,
        rows=tuple(rows),
        total=total,
        since=wanted.since,
        until=wanted.until,
    )


def as_table(report: Shaped, titles: Mapping[str, str], criterion_title: Callable[[CriterionKey], str]) -> pa.Table:
    """A report as a table for a file: a column a dimension and figure, and, where a figure has an interval, its ends and the calls it rests on.

    `titles`: what dimensions and figures are called, and `low`, `high`, `of`.
    """
    figures = OF_CRITERIA if report.of_criteria else OF_CALLS
    columns: dict[str, pa.Array] = {}

    def put(title: str, values: Sequence[Any], kind: pa.DataType) -> None:
        # Two columns that somebody called the same stay two.
        name, number = title, 2
        while name in columns:
            name, number = f"{title} {number}", number + 1
        columns[name] = pa.array(values, kind)

    for place, name in enumerate(report.dimensions):
        put(titles.get(name, name), [row.key[place] for row in report.rows], pa.string())
    if report.of_criteria:
        put(titles.get("rubric", "rubric"), [row.criterion and row.criterion[0] for row in report.rows], pa.string())
        put(titles.get(CRITERION, CRITERION), [row.criterion and criterion_title(row.criterion) for row in report.rows], pa.string())
    for place, name in enumerate(report.columns):
        cells = [row.cells[place] for row in report.rows]
        title, figure = titles.get(name, name), figures[name]
        if figure.unit == "count":
            put(title, [None if cell.value is None else int(cell.value) for cell in cells], pa.int64())
            continue
        put(title, [_rounded(cell.value) for cell in cells], pa.float64())
        if figure.has_interval:
            put(f"{title}: {titles.get('low', 'low')}", [_rounded(cell.low) for cell in cells], pa.float64())
            put(f"{title}: {titles.get('high', 'high')}", [_rounded(cell.high) for cell in cells], pa.float64())
            put(f"{title}: {titles.get('of', 'of')}", [cell.count for cell in cells], pa.int64())
    return pa.table(columns)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _narrowed(
    wanted: Wanted, dimensions: Sequence[str], key: tuple[str | None, ...], criterion: CriterionKey | None = None
) -> Wanted | None:
    """The calls of one row; None where a list cannot be asked for them: calls without a value, or a version of a rubric."""
    values: dict[str, Any] = {}
    for name, value in zip(dimensions, key, strict=True):
        if value is None or name == "version":
            return None
        if name in WANTED_BY:
            values[WANTED_BY[name]] = value
            continue
        first = date.fromisoformat(f"{value}-01" if name == "month" else value)
        last = (
            first
            if name == "day"
            else first + timedelta(days=6)
            if name == "week"
            else (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        )
        values["since"] = max(filter(None, (first, wanted.since, values.get("since"))))
        values["until"] = min(filter(None, (last, wanted.until, values.get("until"))))
    if criterion is not None:
        values |= {"rubric_id": criterion[0], "criterion_id": criterion[1], "outcome": Outcome.NOT_MET}
    return replace(wanted, **values)
