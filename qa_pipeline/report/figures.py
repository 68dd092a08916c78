"""What a supervisor counts: scores and criteria by agent, team, campaign, week …, and two groups beside each other. Tables in, rows out.

Shares are of what could be judged; every figure comes with how many calls it rests on and a 95 % interval (intervals.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.counting import DIMENSIONS, CallFilter, Counted, count_by
from qa_pipeline.reading.outcomes import CriterionTally
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import CALL_DIMENSIONS, Scores, count_criteria, count_scores
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.intervals import Estimate, Sample, mean_difference, mean_of, share, share_difference
from qa_pipeline.results.store import Store

# Dimensions that choose calls in the index → the name there.
_WANTED = {"agent": "agent_id", "team": "team", "site": "site", "campaign": "campaign", "rubric": "rubric_id", "disposition": "disposition"}


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


def summarise(
    store: Store, viewer: Viewer, by: Sequence[str], wanted: CallFilter | None = None, *, engine: Engine | None = None
) -> list[Group]:
    """Calls, or findings where `criterion` is among the dimensions, by these dimensions, in their order.

    `engine`: of the index, for a viewer who sees only some calls. Raises InputRefused, AccessRefused.
    """
    (found,) = count_by(store, viewer, [(by, wanted or CallFilter())], engine=engine)
    return [_group(one) for one in found]


def summarise_calls(engine: Engine, viewer: Viewer, by: Sequence[str], wanted: CallFilter | None = None) -> list[Group]:
    """Calls by these dimensions from the index, with what people made of them beside the machine's. Raises InputRefused, AccessRefused."""
    for name in by:
        if name not in CALL_DIMENSIONS:
            raise InputRefused(f"There is no dimension {name!r}.", advice=f"There are: {', '.join(DIMENSIONS)}.")
    chosen = wanted or CallFilter()
    if strange := [name for name, _ in chosen.where if name not in _WANTED]:
        raise InputRefused(f"{strange[0]!r} chooses no calls here.", advice=f"There are: {', '.join(_WANTED)}.")
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


def _group(counted: Counted) -> Group:
    return Group(
        key=dict(counted.key),
        calls=counted.calls,
        met=counted.met,
        judged=counted.judged,
        undetermined=counted.undetermined,
        not_applicable=counted.not_applicable,
        review=counted.review,
        critical=counted.critical,
        percent=Sample(count=counted.with_percent, mean=counted.mean, variance=counted.variance),
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


def compare(store: Store, viewer: Viewer, first: CallFilter, second: CallFilter, *, engine: Engine | None = None) -> Comparison:
    """Put two groups beside each other: teams, variants of a script, before and after a version. Raises InputRefused where one is empty."""
    asked: list[tuple[Sequence[str], CallFilter]] = [((), first), ((), second), (("criterion",), first), (("criterion",), second)]
    (one,), (other,), *of_criteria = ([_group(counted) for counted in found] for found in count_by(store, viewer, asked, engine=engine))
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
        if not found[0].calls:
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
        if not any(tally.judged for tally in met):
            continue
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
