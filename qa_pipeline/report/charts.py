"""What reports count, and the bars that show it: calls and findings in, tallies and inline SVG out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup, escape

from qa_pipeline.report.data import CallReport, Row

# Below this share of the bar a figure would not fit into its part.
_LEAST_LABELLED = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Outcomes of one criterion over calls. Counts add; `share` is of what was judged, None where nothing was."""

    met: int = 0
    not_met: int = 0
    undetermined: int = 0
    not_applicable: int = 0

    @property
    def judged(self) -> int:
        """Findings that are met or not met."""
        return self.met + self.not_met

    @property
    def share(self) -> float | None:
        """Met of judged, 0–1."""
        return self.met / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionCount:
    """One criterion over calls: its outcomes, or the labels of the customer's sentiment. `total`: calls that have it."""

    criterion: str
    tally: Tally
    feelings: Counter[str]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCount:
    """Calls by how they were scored. `critical` calls are among those not passed; `mean_percent` is over the scored ones."""

    calls: int
    scored: int
    passed: int
    critical: int
    confirmed: int
    review: int
    decided: int
    no_rubric: int
    mean_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a bar. `kind` is the class that colours it."""

    kind: str
    label: str
    count: int


def count_calls(calls: Sequence[CallReport]) -> CallCount:
    """Count calls as they count, with what people decided; scored are those with an official percentage."""
    scores = [counting for item in calls if item.is_official and (counting := item.counting)]
    percents = [score.percent for score in scores if score.percent is not None]
    return CallCount(
        calls=len(calls),
        scored=len(percents),
        passed=sum(bool(score.passed) for score in scores),
        critical=sum(bool(score.critical_failed) for score in scores),
        confirmed=sum(score.critical_state == "confirmed" for score in scores),
        review=sum(score.needs_review for score in scores),
        decided=sum(score.decided > 0 for score in scores),
        no_rubric=sum(item.score is None for item in calls),
        mean_percent=mean(percents) if percents else None,
    )


def count_criterion(criterion: str, findings: Iterable[Row]) -> CriterionCount:
    """Count one criterion as it counts, with what people decided. A sentiment that was told counts as its label, not as met or not met."""
    outcomes: Counter[str] = Counter()
    feelings: Counter[str] = Counter()
    for finding in findings:
        if finding["criterion_id"] != criterion:
            continue
        if finding["reason_code"] == "sentiment":
            feelings[finding["answer"]] += 1
        else:
            outcomes[finding.get("effective_outcome") or finding["outcome"]] += 1
    return CriterionCount(criterion=criterion, tally=Tally(**outcomes), feelings=feelings, total=outcomes.total() + feelings.total())


def outcome_parts(count: CriterionCount) -> tuple[Part, ...]:
    """Parts of a criterion's bar."""
    tally = count.tally
    return (
        *(Part(kind=name, label=name, count=count.feelings[name]) for name in ("positive", "neutral", "negative")),
        Part(kind="met", label="met", count=tally.met),
        Part(kind="not_met", label="not met", count=tally.not_met),
        Part(kind="undetermined", label="undetermined", count=tally.undetermined),
        Part(kind="not_applicable", label="not applicable", count=tally.not_applicable),
    )


def call_parts(calls: Sequence[CallReport]) -> tuple[Part, ...]:
    """Parts of a bar of calls: each call in one of four."""
    states = Counter(call_state(item) if item.is_official else "not scored" for item in calls)
    names = {"passed": "met", "critical": "critical", "not passed": "not_met", "not scored": "not_applicable"}
    return tuple(Part(kind=kind, label=state, count=states[state]) for state, kind in names.items())


def call_state(item: CallReport) -> str:
    """critical, passed, not passed, or not scored: as it counts."""
    counting = item.counting
    if counting is None:
        return "not scored"
    if counting.critical_failed:
        return "critical"
    return {True: "passed", False: "not passed", None: "not scored"}[counting.passed]


def bar(parts: Sequence[Part]) -> Markup:
    """A stacked bar as wide as its place, with figures inside and the same in words for those who do not see it."""
    shown = [part for part in parts if part.count]
    total = sum(part.count for part in shown)
    words = ", ".join(f"{part.count} {part.label}" for part in shown) or "nothing counted"
    drawn, left = [], 0.0
    for part in shown:
        share = part.count / total
        drawn.append(
            f'<g class="{escape(part.kind)}"><title>{part.count} {escape(part.label)}</title>'
            f'<rect x="{100 * left:.2f}%" width="{100 * share:.2f}%" height="100%"/>'
        )
        if share >= _LEAST_LABELLED:
            drawn.append(f'<text x="{100 * (left + share / 2):.2f}%" y="50%" dy=".35em">{part.count}</text>')
        drawn.append("</g>")
        left += share
    return Markup(f'<svg class="bar" role="img" aria-label="{escape(words)}">{"".join(drawn)}</svg>')


_STEPS_WIDTH, _STEPS_HEIGHT, _FOOT, _HEAD = 320, 150, 20, 16


def steps(counts: Sequence[int], labels: Sequence[str], words: str) -> Markup:
    """Columns side by side, one a step, with their counts above and labels below. `words`: the same for those who do not see it."""
    most = max((*counts, 1))
    across, down = _STEPS_WIDTH / max(1, len(counts)), _STEPS_HEIGHT - _FOOT - _HEAD
    drawn = []
    for place, (count, label) in enumerate(zip(counts, labels, strict=True)):
        height, middle = down * count / most, across * (place + 0.5)
        drawn.append(
            f"<g><title>{escape(label)}: {count}</title>"
            f'<rect x="{across * place + 2:.1f}" y="{_HEAD + down - height:.1f}" width="{across - 4:.1f}" height="{max(height, 1 if count else 0):.1f}"/>'
            f'<text x="{middle:.1f}" y="{_STEPS_HEIGHT - 6}" class="step">{escape(label)}</text>'
        )
        if count:
            drawn.append(f'<text x="{middle:.1f}" y="{_HEAD + down - height - 4:.1f}" class="count">{count}</text>')
        drawn.append("</g>")
    return Markup(
        f'<svg class="steps" role="img" viewBox="0 0 {_STEPS_WIDTH} {_STEPS_HEIGHT}" aria-label="{escape(words)}">{"".join(drawn)}</svg>'
    )
