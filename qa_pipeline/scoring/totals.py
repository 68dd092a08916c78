"""The sums of a scorecard: outcomes of criteria → points, percent, coverage, passed. Formulas: docs/scoring.md.

Pure, and the one place of the formulas: what the program judged and what people put right (review/effective.py) are summed alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from qa_pipeline.call import Outcome
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.schema import Rubric

REVIEW_COVERAGE = 0.8
JUDGED = (Outcome.MET, Outcome.NOT_MET)


class Judged(Protocol):
    """What of a finding counts in the sums."""

    @property
    def criterion(self) -> Criterion: ...
    @property
    def section_id(self) -> str: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def points(self) -> float | None: ...
    @property
    def deduction(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums. `percent` and `passed` are None when too little could be judged, `coverage` when nothing applies.

    `not_applicable_share`: of the weight of all that counts, bonus left out; None where nothing has any weight.
    """

    points: float
    max_points: float
    percent: float | None
    passed: bool | None
    critical_failed: bool
    coverage: float | None
    not_applicable_share: float | None
    sections_failed: tuple[str, ...]
    has_low_coverage: bool
    has_critical_undetermined: bool


def points_of(criterion: Criterion, outcome: Outcome, credit: float | None) -> float | None:
    """Weight × credit; None where nothing is judged. `credit`: what `levels` give the answer, None for all or nothing."""
    if outcome not in JUDGED:
        return None
    return criterion.weight * (float(outcome is Outcome.MET) if credit is None else credit)


def deduction_of(criterion: Criterion, rubric: Rubric, outcome: Outcome, occurrences: int) -> float | None:
    """Points taken off: so much per occurrence of the fault, up to the cap; None where nothing was judged or nothing is ever taken off."""
    each = criterion.deduct if criterion.deduct is not None else rubric.severities[criterion.severity] if criterion.severity else None
    if rubric.scoring == "points" or each is None or outcome not in JUDGED:
        return None
    if outcome is Outcome.MET:
        return 0.0
    # What is missing is one fault; what was said too often is as many as were said.
    taken = each * max(1, occurrences)
    return taken if criterion.cap is None else min(criterion.cap, taken)


def total(rubric: Rubric, findings: Iterable[Judged]) -> Totals:
    """Percent over what was judged, coverage over what applied, stable criteria only."""
    counted = [f for f in findings if f.criterion.status == "stable"]
    judged = [f for f in counted if f.outcome in JUDGED]
    unknown = [f for f in counted if f.outcome is Outcome.UNDETERMINED]
    failed = tuple(dict.fromkeys(f.section_id for f in judged if f.criterion.critical == "section" and f.outcome is Outcome.NOT_MET))
    # A failed section earns nothing, whatever else in it was met.
    points = sum(f.points or 0.0 for f in judged if f.section_id not in failed)
    max_points = sum(f.criterion.weight for f in judged if not f.criterion.bonus)
    weight_unknown = sum(f.criterion.weight for f in unknown if not f.criterion.bonus and f.criterion.check != "manual")
    applicable = max_points + weight_unknown
    weight = sum(f.criterion.weight for f in counted if not f.criterion.bonus)
    weight_off = sum(f.criterion.weight for f in counted if not f.criterion.bonus and f.outcome is Outcome.NOT_APPLICABLE)
    coverage = max_points / applicable if applicable else None
    if max_points <= 0 or coverage is None or coverage < rubric.min_coverage:
        percent = None
    elif rubric.scoring == "deductions":
        percent = round(max(0.0, 100.0 - sum(f.deduction or 0.0 for f in judged)), 4)
    else:
        percent = round(min(100.0, 100 * points / max_points), 4)
    critical_failed = any(f.criterion.critical is True and f.outcome is Outcome.NOT_MET for f in counted)
    return Totals(
        points=points,
        max_points=max_points,
        percent=percent,
        passed=None if percent is None else percent >= rubric.pass_mark and not critical_failed,
        critical_failed=critical_failed,
        coverage=coverage,
        not_applicable_share=round(weight_off / weight, 4) if weight else None,
        sections_failed=failed,
        has_low_coverage=coverage is None or coverage < REVIEW_COVERAGE,
        has_critical_undetermined=any(f.criterion.critical is True for f in unknown),
    )
