"""What a supervisor counts: scores and criteria by agent, team, campaign, week …, and two groups beside each other. Tables in, rows out.

Shares are of what could be judged; every figure comes with how many calls it rests on and a 95 % interval (intervals.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb
from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.outcomes import CriterionTally
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import CALL_DIMENSIONS, Scores, count_criteria, count_scores
from qa_pipeline.reading.tables import OPEN_CURRENT_SCORES, connect
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.intervals import Estimate, Sample, mean_difference, mean_of, share, share_difference
from qa_pipeline.results.store import Store, sql_text

# Dimensions → SQL over current_scores (s), joined with its findings (f) where the criterion is one.
DIMENSIONS = {
    "agent": "s.agent_id",
    "team": "s.team",
    "site": "s.site",
    "campaign": "s.campaign",
    "rubric": "s.rubric_id",
    "version": "s.rubric_id || ' v' || s.rubric_version",
    "disposition": "s.disposition",
    "day": "s.call_date",
    "week": "cast(date_trunc('week', s.call_date) as date)",
    "month": "strftime(s.call_date, '%Y-%m')",
    "criterion": "f.criterion_id",
}
# Dimensions that choose calls in the index → the name there.
_WANTED = {"agent": "agent_id", "team": "team", "site": "site", "campaign": "campaign", "rubric": "rubric_id", "disposition": "disposition"}
# What these questions read: a table of a million findings is read in a few columns.
_COLUMNS = {
    "calls": ("call_id", "conversation_id", "processed_at"),
    "scores": (
        "call_id", "conversation_id", "score_id", "purpose", "agent_id", "team", "site", "campaign", "rubric_id", "rubric_version",
        "disposition", "percent", "passed", "critical_failed", "coverage", "needs_review", "scored_at", "call_date",
    ),
    "findings": ("score_id", "criterion_id", "outcome"),
    "periods": ("period_id", "first_date", "last_date", "team", "closed_at", "reopens", "reopened_at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are counted: dates, both included, and values of dimensions."""

    first: date | None = None
    last: date | None = None
    where: tuple[tuple[str, str], ...] = ()

    def sql(self) -> str:
        """As an SQL condition. Raises InputRefused for a dimension that is none, or for a criterion: calls are chosen here."""
        parts = ["true"]
        parts += [f"s.call_date >= date '{self.first}'"] if self.first else []
        parts += [f"s.call_date <= date '{self.last}'"] if self.last else []
        for name, value in self.where:
            if name not in DIMENSIONS or name == "criterion":
                raise InputRefused(
                    f"{name!r} is nothing to choose calls by.", advice=f"There are: {', '.join(d for d in DIMENSIONS if d != 'criterion')}."
                )
            parts.append(f"cast({DIMENSIONS[name]} as varchar) = {sql_text(value)}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One line of a summary. `key`: values of the dimensions. Of a criterion: `met` of `judged`; of calls: those passed of those with a percent."""

    key: dict[str, str]
    calls: int
    met: int
    judged: int
    undetermined: int
    not_applicable: int
    percent: Sample
    review: int = 0
    critical: int = 0
    effective: Sample | None = None
    effective_critical: int = 0
    decided: int = 0

    @property
    def share(self) -> Estimate:
        """Met of judged."""
        return share(self.met, self.judged)

    @property
    def mean(self) -> Estimate:
        """Mean percent; its interval ends where percents do."""
        return _within_percents(mean_of(self.percent))

    @property
    def effective_mean(self) -> Estimate | None:
        """The same of what people made of the scores; None where that was not asked for."""
        return None if self.effective is None else _within_percents(mean_of(self.effective))


def _within_percents(found: Estimate) -> Estimate:
    return replace(
        found, low=None if found.low is None else max(0.0, found.low), high=None if found.high is None else min(100.0, found.high)
    )


def summarise(store: Store, by: Sequence[str], wanted: CallFilter | None = None) -> list[Group]:
    """Calls, or findings where `criterion` is among the dimensions, by these dimensions, in their order. Raises InputRefused."""
    return _summaries(store, [(by, wanted or CallFilter())])[0]


def summarise_calls(engine: Engine, viewer: Viewer, by: Sequence[str], wanted: CallFilter | None = None) -> list[Group]:
    """Calls by these dimensions from the index, with what people made of them beside the machine's. Raises InputRefused, AccessRefused."""
    for name in by:
        if name not in CALL_DIMENSIONS:
            raise InputRefused(f"There is no dimension {name!r}.", advice=f"There are: {', '.join(DIMENSIONS)}.")
    chosen = wanted or CallFilter()
    choice: dict[str, Any] = {_WANTED[name]: value for name, value in chosen.where}
    found = count_scores(engine, viewer, by, Wanted(since=chosen.first, until=chosen.last, **choice))
    return [
        Group(
            key={name: value or "–" for name, value in zip(by, one.key, strict=True)},
            calls=one.calls,
            met=one.machine.passed,
            judged=one.machine.count,
            undetermined=one.calls - one.machine.count,
            not_applicable=0,
            percent=_sample(one.machine),
            review=one.to_review,
            critical=one.machine.critical,
            effective=_sample(one.effective),
            effective_critical=one.effective.critical,
            decided=one.decided,
        )
        for one in found
    ]


def is_in_index(by: Sequence[str], wanted: CallFilter) -> bool:
    """Whether the index answers this alone: `summarise_calls` can be asked."""
    return "criterion" not in by and all(name in _WANTED for name, _ in wanted.where)


def _sample(scores: Scores) -> Sample:
    n = scores.count
    mean = scores.total / n if n else None
    # Of equal percents rounding may leave a little less than nothing.
    variance = max(0.0, (scores.squares - scores.total**2 / n) / (n - 1)) if n > 1 else None
    return Sample(count=n, mean=mean, variance=variance)


def _summaries(store: Store, questions: Sequence[tuple[Sequence[str], CallFilter]]) -> list[list[Group]]:
    """Several summaries of tables that are read once."""
    asked = [(by, _question(by, wanted)) for by, wanted in questions]
    return [[_group(by, row) for row in rows] for (by, _), rows in zip(asked, _ask(store, [sql for _, sql in asked]), strict=True)]


def _question(by: Sequence[str], wanted: CallFilter) -> str:
    for name in by:
        if name not in DIMENSIONS:
            raise InputRefused(f"There is no dimension {name!r}.", advice=f"There are: {', '.join(DIMENSIONS)}.")
    condition = wanted.sql()
    keys = [f"coalesce(cast({DIMENSIONS[name]} as varchar), '–') as k{place}" for place, name in enumerate(by)]
    of_criteria = "criterion" in by
    if of_criteria:
        figures = """count(*) filter (f.outcome = 'met') as met, count(*) filter (f.outcome in ('met', 'not_met')) as judged,
            count(*) filter (f.outcome = 'undetermined') as undetermined, count(*) filter (f.outcome = 'not_applicable') as not_applicable,
            0 as review, 0 as critical, 0 as n, null as mean, null as variance"""
        source = "findings f join standing s using (score_id)"
    else:
        figures = """count(*) filter (s.passed) as met, count(s.passed) as judged, count(*) filter (s.percent is null) as undetermined,
            0 as not_applicable, count(*) filter (s.needs_review) as review, count(*) filter (s.critical_failed) as critical,
            count(s.percent) as n, avg(s.percent) as mean, var_samp(s.percent) as variance"""
        source = "standing s"
    grouped = f"group by {', '.join(f'k{place}' for place in range(len(by)))} order by all" if by else ""
    return f"select {', '.join([*keys, 'count(*) as calls', figures])} from {source} where {condition} {grouped}"


def _group(by: Sequence[str], row: dict[str, Any]) -> Group:
    return Group(
        key={name: row[f"k{place}"] for place, name in enumerate(by)},
        calls=row["calls"],
        met=row["met"],
        judged=row["judged"],
        undetermined=row["undetermined"],
        not_applicable=row["not_applicable"],
        review=row["review"],
        critical=row["critical"],
        percent=Sample(count=row["n"], mean=row["mean"], variance=row["variance"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure of two groups: shares, or means of percents, and the first less the second."""

    name: str
    first: Estimate
    second: Estimate
    difference: Estimate
    counts: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two groups of calls. `lines`: mean percent, share passed, then every criterion that either has."""

    calls: tuple[int, int]
    lines: tuple[Line, ...] = field(default_factory=tuple)


def compare(store: Store, first: CallFilter, second: CallFilter) -> Comparison:
    """Put two groups beside each other: teams, variants of a script, before and after a version. Raises InputRefused where one is empty."""
    (one,), (other,), *of_criteria = _summaries(store, [((), first), ((), second), (("criterion",), first), (("criterion",), second)])
    for name, group in (("first", one), ("second", other)):
        if not group.calls:
            raise InputRefused(f"The {name} group has no scored calls.", advice="Look at `qa-pipeline summary` for the values there are.")
    lines = [
        Line(
            name="percent", first=one.mean, second=other.mean, difference=mean_difference(one.percent, other.percent),
            counts=(one.percent.count, other.percent.count),
        ),
        _share_line("passed", one, other),
    ]  # fmt: skip
    criteria = [{group.key["criterion"]: group for group in groups} for groups in of_criteria]
    for name in dict.fromkeys([*criteria[0], *criteria[1]]):
        groups = [several.get(name, _nothing(name)) for several in criteria]
        lines.append(_share_line(name, *groups))
    return Comparison(calls=(one.calls, other.calls), lines=tuple(lines))


def compare_calls(engine: Engine, viewer: Viewer, first: Wanted, second: Wanted) -> Comparison:
    """The same of what counts, from the index, of calls that somebody sees. Criteria are named RUBRIC/CRITERION. Raises as `compare`, and AccessRefused."""
    groups = (first, second)
    counted = [count_scores(engine, viewer, (), wanted) for wanted in groups]
    for name, found in zip(("first", "second"), counted, strict=True):
        if not found or not found[0].calls:
            raise InputRefused(f"The {name} group has no scored calls.", advice="Choose other days or other calls.")
    one, other = (found[0].effective for found in counted)
    means = [_within_percents(mean_of(_sample(scores))) for scores in (one, other)]
    lines = [
        Line(
            name="percent", first=means[0], second=means[1], difference=mean_difference(_sample(one), _sample(other)),
            counts=(one.count, other.count),
        ),
        _shares("passed", (one.passed, one.count), (other.passed, other.count)),
    ]  # fmt: skip
    tallies = [count_criteria(engine, viewer, (), wanted).get((), {}) for wanted in groups]
    for rubric_id, criterion in sorted({*tallies[0], *tallies[1]}):
        met = [several.get((rubric_id, criterion), CriterionTally()) for several in tallies]
        lines.append(_shares(f"{rubric_id}/{criterion}", *((tally.met, tally.judged) for tally in met)))
    return Comparison(calls=(counted[0][0].calls, counted[1][0].calls), lines=tuple(lines))


def _shares(name: str, one: tuple[int, int], other: tuple[int, int]) -> Line:
    return Line(name=name, first=share(*one), second=share(*other), difference=share_difference(*one, *other), counts=(one[1], other[1]))


def _share_line(name: str, one: Group, other: Group) -> Line:
    difference = share_difference(one.met, one.judged, other.met, other.judged)
    return Line(name=name, first=one.share, second=other.share, difference=difference, counts=(one.judged, other.judged))


def _nothing(criterion: str) -> Group:
    empty = Sample(count=0, mean=None, variance=None)
    return Group(key={"criterion": criterion}, calls=0, met=0, judged=0, undetermined=0, not_applicable=0, percent=empty)


def _ask(store: Store, questions: Sequence[str]) -> list[list[dict[str, Any]]]:
    """Rows of each question. What they read: `findings`, and `standing`, the current scores, worked out once."""
    with connect(store, "current_scores", *questions, columns=_COLUMNS) as connection:
        try:
            is_open = not connection.sql("select count(*) from current_periods").fetchall()[0][0]
            connection.execute(f"create temp table standing as {OPEN_CURRENT_SCORES if is_open else 'select * from current_scores'}")
            return [connection.sql(sql).to_arrow_table().to_pylist() for sql in questions]
        except duckdb.Error as error:
            raise InputRefused(f"This cannot be counted: {error}", advice="Say which dimensions with --by.") from error
