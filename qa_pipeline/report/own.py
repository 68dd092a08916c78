"""What an agent reads of their own work: how it goes week by week, what costs them most, and a moment of their own in which they did it well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Engine

from qa_pipeline.call import Outcome
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.outcomes import CriterionTally
from qa_pipeline.reading.pages import Order, Wanted, page
from qa_pipeline.reading.summary import CriterionKey, count_criteria, count_scores
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.report.criteria import KnownCriterion
from qa_pipeline.report.intervals import Estimate
from qa_pipeline.report.shaped import percent_of
from qa_pipeline.report.trends import Point, Trend
from qa_pipeline.results.store import Store

# Calls looked at for a moment of a good example.
_TRIED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A criterion that costs points. `points`: of its weight, lost in each call that it was judged in, on average."""

    criterion: KnownCriterion
    tally: CriterionTally
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call of theirs in which a criterion is met. `moment_ms`, `quote`: where; None where it has no one moment."""

    line: CallLine
    moment_ms: int | None
    quote: str | None


def as_agent(viewer: Viewer) -> Viewer:
    """The same person as an agent alone: whoever reviews too sees others' calls elsewhere."""
    return viewer if viewer.is_local else replace(viewer, roles=viewer.roles & {Role.AGENT})


def own_trend(engine: Engine, viewer: Viewer, title: str, wanted: Wanted) -> Trend:
    """Mean percent as it counts, week by week, of their own calls. Raises AccessRefused for who is no agent."""
    points = []
    for line in count_scores(engine, as_agent(viewer), ("week",), wanted):
        cell = percent_of(line.effective)
        if line.key[0] is not None and cell.value is not None:
            estimate = Estimate(value=cell.value, low=cell.low, high=cell.high)
            points.append(Point(week=date.fromisoformat(line.key[0]), estimate=estimate, count=cell.count))
    return Trend(title=title, points=tuple(points))


def what_costs_most(
    engine: Engine, viewer: Viewer, known: Mapping[CriterionKey, KnownCriterion], wanted: Wanted, *, most: int = 3
) -> list[Loss]:
    """Criteria with the most points lost in their own calls, the dearest first. Raises AccessRefused for who is no agent."""
    counted = count_criteria(engine, as_agent(viewer), (), wanted).get((), {})
    found = [
        Loss(criterion=known[key], tally=tally, points=known[key].weight * tally.lost / tally.judged)
        for key, tally in counted.items()
        if key in known and known[key].is_counted and tally.lost > 0
    ]
    # What weighs nothing and is critical costs the whole call.
    return sorted(found, key=lambda loss: (-loss.points * loss.tally.judged, -loss.tally.not_met, loss.criterion.key))[:most]


def good_example(store: Store, engine: Engine, viewer: Viewer, key: CriterionKey) -> Example | None:
    """Their newest call in which a criterion is met, if possible one with the moment; None where there is none. Raises AccessRefused as above."""
    wanted = Wanted(rubric_id=key[0], criterion_id=key[1], outcome=Outcome.MET)
    lines = page(engine, as_agent(viewer), wanted, order=Order.NEWEST, size=_TRIED).lines
    for line in lines:
        columns = ("criterion_id", "evidence_start_ms", "evidence_text")
        rows = store.read_of("findings", "score_id", str(line.score_id), day=line.call_date, columns=columns).to_pylist()
        found = next((row for row in rows if row["criterion_id"] == key[1]), None)
        if found is not None and found["evidence_start_ms"] is not None:
            return Example(line=line, moment_ms=found["evidence_start_ms"], quote=found["evidence_text"])
    return Example(line=lines[0], moment_ms=None, quote=None) if lines else None
