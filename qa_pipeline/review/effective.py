"""What counts: a score as the program made it, and what people decided about it, side by side. Pure.

A decision belongs to its call, its rubric and its criterion. When the call is scored anew it stays in force; when its criterion says something else
since, it stays in force too and is stale, until somebody looks again. In a closed period only what was decided before the closing counts. Of several
about one criterion the latest transaction is in force; the earlier ones are kept beside it.

Criteria that hang on another by `when` keep the program's outcome where a person changes the other: they can be decided too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from qa_pipeline.call import Outcome
from qa_pipeline.review.decisions import Acknowledgement, Answer, Confirmation, Decision, Dispute, Override, Ruling, TakeBack
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import UNSURE
from qa_pipeline.scoring.totals import Totals, deduction_of, points_of, total

DISPUTED = "disputed"
"""The reason that an agent gave: it is answered by a ruling, not by looking."""
# Reasons to look that follow from outcomes and sums: told anew from what counts, like what was withheld. The others stay until the whole score is confirmed.
_OF_SUMS = ("critical_failed", "low_coverage", "critical_undetermined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding as the program made it: what of it counts in sums, and the hash of its criterion. `is_withheld`: too unsure to be said."""

    criterion: Criterion
    section_id: str
    criterion_sha256: str
    outcome: Outcome
    answer: str | None
    points: float | None
    deduction: float | None
    occurrences: int = 0
    is_withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The current score of a call as the program made it."""

    call_id: str
    conversation_id: str
    score_id: str
    rubric: Rubric
    findings: tuple[Found, ...]
    review_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveFinding:
    """One criterion: what the program found, and what counts. `decision`: the person's in force, if any; `earlier`: those before it, newest first.

    `is_stale`: the criterion says something else since; `dispute`: one that nobody has answered.
    """

    machine: Found
    criterion: Criterion
    section_id: str
    outcome: Outcome
    answer: str | None
    points: float | None
    deduction: float | None
    decision: Decision | None = None
    earlier: tuple[Decision, ...] = ()
    is_stale: bool = False
    dispute: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveScore:
    """A score as it counts. `decided`: decisions in force, of which `stale` are about criteria that changed since.

    `critical_state`: none, provisional (by the program alone) or confirmed. `confirmation`: of the whole score, in force. `dispute`: about the whole
    score, not answered. `late`: decided after the period was closed, without effect.
    """

    standing: Standing
    findings: tuple[EffectiveFinding, ...]
    totals: Totals
    critical_state: str
    review_reasons: tuple[str, ...]
    decided: int
    stale: int
    version: int
    confirmation: Decision | None = None
    acknowledgement: Decision | None = None
    dispute: Decision | None = None
    late: tuple[Decision, ...] = ()

    @property
    def to_review(self) -> bool:
        """Whether a person should look, and nobody has settled it yet."""
        return bool(self.review_reasons)


def effective(standing: Standing, decisions: Iterable[Decision], closed_at: datetime | None = None) -> EffectiveScore:
    """The score that counts. `decisions`: in any order; those of other calls count nothing. `closed_at`: when the call's period was closed."""
    own = sorted({d.decision_id: d for d in decisions if d.call_id == standing.call_id}.values(), key=lambda d: d.version)
    timely = [d for d in own if closed_at is None or d.at <= closed_at]
    holding = in_force(timely)
    of_rubric = [d for d in holding if d.rubric_id == standing.rubric.id]
    open_disputes = _open_disputes(of_rubric)
    findings = tuple(_finding(found, standing.rubric, of_rubric, open_disputes) for found in standing.findings)
    totals = total(standing.rubric, findings)
    confirmation = next(
        (d for d in reversed(of_rubric) if isinstance(d.what, Confirmation) and d.criterion_id is None and d.score_id == standing.score_id),
        None,
    )
    about_all = next((d for d in open_disputes if d.criterion_id is None), None)
    failing = [f for f in findings if f.criterion.status == "stable" and f.criterion.critical is True and f.outcome is Outcome.NOT_MET]
    unconfirmed = [f for f in failing if f.decision is None and confirmation is None]
    known = {f.machine.criterion.id for f in findings}
    verdicts = [d for d in of_rubric if verdict_of(d) is not None and d.criterion_id in known]
    return EffectiveScore(
        standing=standing,
        findings=findings,
        totals=totals,
        critical_state="none" if not failing else "provisional" if len(unconfirmed) == len(failing) else "confirmed",
        review_reasons=_reasons(standing, totals, findings, bool(unconfirmed), bool(confirmation), bool(open_disputes)),
        decided=len({d.criterion_id for d in verdicts}) + (confirmation is not None),
        stale=sum(f.is_stale for f in findings),
        version=own[-1].version if own else 0,
        confirmation=confirmation,
        acknowledgement=next((d for d in reversed(of_rubric) if isinstance(d.what, Acknowledgement)), None),
        dispute=about_all,
        late=tuple(d for d in own if d not in timely),
    )


def in_force(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions of a call that nobody took back, without the taking back."""
    taken = {d.what.about for d in decisions if isinstance(d.what, TakeBack)}
    return [d for d in decisions if d.decision_id not in taken and not isinstance(d.what, TakeBack)]


def _open_disputes(decisions: Sequence[Decision]) -> list[Decision]:
    answered = {d.what.about for d in decisions if isinstance(d.what, Ruling)}
    return [d for d in decisions if isinstance(d.what, Dispute) and d.decision_id not in answered]


def verdict_of(decision: Decision) -> tuple[Outcome, str | None] | None:
    """What a decision says that its criterion is; None for one that says nothing of it."""
    what = decision.what
    if decision.criterion_id is None or not isinstance(what, Override | Answer | Confirmation | Ruling) or what.outcome is None:
        return None
    return what.outcome, what.answer


def _finding(found: Found, rubric: Rubric, decisions: Sequence[Decision], open_disputes: Sequence[Decision]) -> EffectiveFinding:
    criterion = found.criterion
    about = [d for d in decisions if d.criterion_id == criterion.id and verdict_of(d) is not None]
    dispute = next((d for d in open_disputes if d.criterion_id == criterion.id), None)
    latest = about[-1] if about else None
    verdict = verdict_of(latest) if latest else None
    if latest is None or verdict is None:
        return EffectiveFinding(
            machine=found,
            criterion=criterion,
            section_id=found.section_id,
            outcome=found.outcome,
            answer=found.answer,
            points=found.points,
            deduction=found.deduction,
            dispute=dispute,
        )
    outcome, answer = verdict
    # Equal to what the program found, it is worth what that is worth.
    is_same = (outcome, answer) == (found.outcome, found.answer)
    credit = None if answer is None else criterion.credits.get(answer)
    return EffectiveFinding(
        machine=found,
        criterion=criterion,
        section_id=found.section_id,
        outcome=outcome,
        answer=answer,
        points=found.points if is_same else points_of(criterion, outcome, credit),
        deduction=found.deduction if is_same else deduction_of(criterion, rubric, outcome, found.occurrences),
        decision=latest,
        earlier=tuple(reversed(about[:-1])),
        is_stale=latest.criterion_sha256 != found.criterion_sha256,
        dispute=dispute,
    )


def _reasons(
    standing: Standing,
    totals: Totals,
    findings: Sequence[EffectiveFinding],
    has_unconfirmed: bool,
    is_confirmed: bool,
    has_dispute: bool,
) -> tuple[str, ...]:
    """Why a person should look now: in the order of the score's own reasons, then what decisions brought."""
    holds = {
        "critical_failed": has_unconfirmed,
        "low_coverage": totals.has_low_coverage,
        "critical_undetermined": any(
            f.criterion.status == "stable" and f.criterion.critical is True and f.outcome is Outcome.UNDETERMINED and f.decision is None
            for f in findings
        ),
        UNSURE: any(f.criterion.status == "stable" and f.machine.is_withheld and f.decision is None for f in findings),
    }
    asked = () if is_confirmed else (*standing.review_reasons, *(name for name in _OF_SUMS if name not in standing.review_reasons))
    found = [name for name in asked if holds.get(name, True)]
    return (*found, *((DISPUTED,) if has_dispute else ()))
