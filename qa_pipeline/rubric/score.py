"""Conversation × rubric → Score. Pure: no files, no clock, no models; the same two values always give the same score.

Order for each criterion: can it be judged at all (speech, language, roles)? does it apply (situations, `when`)? then its check; then whether a
"not met" may be believed (the window is cut off, or its words are too unclear). Formulas: design of the scorecard in docs/scoring.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qa_pipeline.call import Conversation, Disposition, Outcome, Role
from qa_pipeline.rubric.checks import CHECKS, Context, Verdict, search_window
from qa_pipeline.rubric.load import criterion_sha256, rubric_sha256
from qa_pipeline.rubric.matching import Evidence, Listening
from qa_pipeline.rubric.meanings import Heads
from qa_pipeline.rubric.reasons import SITUATION_NAMES, reason_text
from qa_pipeline.rubric.references import dependencies
from qa_pipeline.rubric.schema import Condition, Criterion, Rubric
from qa_pipeline.rubric.situations import Facts, find_facts
from qa_pipeline.rubric.windows import Searched

# Chosen on recorded calls: below, an agent might be scored on the customer's words.
ROLE_CONFIDENCE = 0.6
REVIEW_ROLE_CONFIDENCE = 0.8
REVIEW_COVERAGE = 0.8
# Mean word confidence of a window below which "not heard" says nothing.
UNCLEAR_CONFIDENCE = 0.3
_JUDGED = (Outcome.MET, Outcome.NOT_MET)
_WORDLESS = ("metric", "manual", "all", "any", "not")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion's outcome with its evidence or the window searched. `points` is None where nothing was judged."""

    criterion: Criterion
    section_id: str
    criterion_sha256: str
    outcome: Outcome
    answer: str | None
    points: float | None
    max_points: float
    occurrences: int
    reason_code: str
    reason_args: Mapping[str, str]
    reason: str
    evidence: tuple[Evidence, ...]
    window_start_ms: int | None
    window_end_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A scored conversation. `percent` and `passed` are None when too little could be judged."""

    score_id: str
    conversation: Conversation
    rubric: Rubric
    rubric_sha256: str
    findings: tuple[Finding, ...]
    disposition: Disposition | None
    disposition_evidence: tuple[Evidence, ...]
    points: float
    max_points: float
    percent: float | None
    passed: bool | None
    critical_failed: bool
    critical_state: str
    coverage: float | None
    needs_review: bool
    review_reasons: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A rubric ready to score with: its hashes worked out once, and the fitted heads of its lists (meanings.py) by list id."""

    rubric: Rubric
    heads: Heads
    sha256: str
    criterion_sha256: Mapping[str, str]


def prepare(rubric: Rubric, heads: Heads) -> Scorecard:
    """Make a rubric ready for many calls."""
    hashes = {criterion.id: criterion_sha256(criterion) for criterion in rubric.criteria}
    return Scorecard(rubric=rubric, heads=heads, sha256=rubric_sha256(rubric), criterion_sha256=hashes)


def score_id_of(conversation_id: str, rubric_sha256: str) -> str:
    """Identity of a score: what was heard, and by which rubric it is judged."""
    return hashlib.sha256(f"{conversation_id}|{rubric_sha256}".encode()).hexdigest()[:32]


def score(conversation: Conversation, scorecard: Scorecard) -> Score:
    """Score one conversation by one rubric."""
    rubric, heads = scorecard.rubric, scorecard.heads
    listening = Listening(conversation, heads, {str(slot): wordings for slot, wordings in rubric.names.items()})
    if rubric.situations is None:
        facts = Facts(situations={}, disposition=None)
    else:
        facts = find_facts(listening, rubric.situations)
    verdicts: dict[str, Verdict] = {}
    for criterion in _judging_order(rubric):
        verdicts[criterion.id] = _judge(criterion, Context(listening=listening, facts=facts, verdicts=verdicts))
    findings = tuple(_finding(criterion, scorecard, verdicts[criterion.id]) for criterion in rubric.criteria)
    return _total(conversation, scorecard, findings, facts)


def _judging_order(rubric: Rubric) -> list[Criterion]:
    """Criteria after those they depend on (load.py has refused cycles)."""
    by_id = {criterion.id: criterion for criterion in rubric.criteria}
    ordered: dict[str, Criterion] = {}

    def visit(criterion: Criterion) -> None:
        for name in dependencies(criterion):
            visit(by_id[name])
        ordered.setdefault(criterion.id, criterion)

    for criterion in rubric.criteria:
        visit(criterion)
    return list(ordered.values())


def _judge(criterion: Criterion, context: Context) -> Verdict:
    conversation = context.listening.conversation
    if criterion.check in _WORDLESS:
        verdict = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context)
        return verdict or CHECKS[criterion.check](criterion, context)
    if not conversation.utterances:
        return _undetermined("too_short", searched=search_window(criterion, context))
    if excuse := _situation(criterion.not_applicable_when, context):
        return excuse
    if blocked := _blocked_by_parent(criterion, context):
        return blocked
    if criterion.check != "sentiment" and context.listening.language not in criterion.languages():
        return _undetermined("wrong_language", language=context.listening.language)
    if unknown := _if_roles_known(context):
        return unknown
    if criterion.check == "sentiment":
        return CHECKS["sentiment"](criterion, context)
    if criterion.check == "forbidden" and not search_window(criterion, context).utterances:
        return _undetermined("nobody_spoke", who=criterion.who)
    verdict = CHECKS[criterion.check](criterion, context)
    if verdict.outcome is not Outcome.NOT_MET or criterion.check == "forbidden":
        return verdict
    return _situation(criterion.excused_when, context) or _doubt(criterion, verdict, conversation) or verdict


def _if_roles_known(context: Context) -> Verdict | None:
    confidence = context.listening.conversation.role_confidence
    return _undetermined("role_unknown", confidence=f"{confidence:.2f}") if confidence < ROLE_CONFIDENCE else None


def _situation(names: tuple[str, ...], context: Context) -> Verdict | None:
    for name in names:
        evidence = context.facts.situations.get(name)  # type: ignore[call-overload]  # the schema allows these names only
        if evidence is not None:
            return Verdict(
                outcome=Outcome.NOT_APPLICABLE, reason_code="situation", reason_args={"situation": SITUATION_NAMES[name]}, evidence=evidence
            )
    return None


def _blocked_by_parent(criterion: Criterion, context: Context) -> Verdict | None:
    """`when`: a parent not applicable or undetermined makes the child the same; a condition that fails makes it not applicable."""
    for condition in criterion.when:
        if condition.criterion:
            parent = context.verdicts[condition.criterion]
            if parent.outcome in (Outcome.NOT_APPLICABLE, Outcome.UNDETERMINED) and condition.outcome != parent.outcome.value:
                return Verdict(
                    outcome=parent.outcome,
                    reason_code="parent",
                    reason_args={"parent": condition.criterion, "outcome": parent.outcome.value},
                )
        if not _holds(condition, context):
            text = condition.model_dump_json(exclude_none=True, by_alias=True)
            return Verdict(outcome=Outcome.NOT_APPLICABLE, reason_code="condition", reason_args={"condition": text})
    return None


def _holds(condition: Condition, context: Context) -> bool:
    if condition.criterion:
        parent = context.verdicts[condition.criterion]
        return condition.outcome in (None, parent.outcome.value) and condition.answer in (None, parent.answer)
    if condition.metadata:
        call = context.listening.conversation.call
        value = getattr(call, condition.metadata, None)
        text = call.extra.get(condition.metadata) if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        return text is not None and (condition.is_ in (None, text)) and (condition.in_ is None or text in condition.in_)
    if condition.disposition:
        return context.facts.disposition is not None and context.facts.disposition.value in condition.disposition
    return True


def _doubt(criterion: Criterion, verdict: Verdict, conversation: Conversation) -> Verdict | None:
    """Why a "not met" cannot be believed, if so."""
    window = criterion.within
    cut = (conversation.starts_cut and (window is None or window.first is not None)) or (
        conversation.ends_cut and (window is None or window.last is not None)
    )
    if cut:
        return replace(verdict, outcome=Outcome.UNDETERMINED, reason_code="cut_off", reason_args={})
    heard = [u.confidence for u in verdict.searched.utterances if u.confidence is not None] if verdict.searched else []
    if heard and sum(heard) / len(heard) < UNCLEAR_CONFIDENCE:
        args = {"confidence": f"{sum(heard) / len(heard):.2f}"}
        return replace(verdict, outcome=Outcome.UNDETERMINED, reason_code="unclear_words", reason_args=args)
    return None


def _undetermined(code: str, *, searched: Searched | None = None, **args: str) -> Verdict:
    return Verdict(outcome=Outcome.UNDETERMINED, reason_code=code, reason_args=args, searched=searched)


def _finding(criterion: Criterion, scorecard: Scorecard, verdict: Verdict) -> Finding:
    credit = {Outcome.MET: 1.0, Outcome.NOT_MET: 0.0}.get(verdict.outcome)
    return Finding(
        criterion=criterion,
        section_id=scorecard.rubric.section_of(criterion.id),
        criterion_sha256=scorecard.criterion_sha256[criterion.id],
        outcome=verdict.outcome,
        answer=verdict.answer,
        points=None if credit is None else criterion.weight * (verdict.credit if verdict.credit is not None else credit),
        max_points=criterion.weight,
        occurrences=verdict.occurrences,
        reason_code=verdict.reason_code,
        reason_args=verdict.reason_args,
        reason=reason_text(verdict.reason_code, verdict.reason_args),
        evidence=verdict.evidence,
        window_start_ms=verdict.searched.start_ms if verdict.searched else None,
        window_end_ms=verdict.searched.end_ms if verdict.searched else None,
    )


def _total(conversation: Conversation, scorecard: Scorecard, findings: tuple[Finding, ...], facts: Facts) -> Score:
    """Formulas of the design: percent over what was judged, coverage over what applied, stable criteria only."""
    rubric = scorecard.rubric
    counted = [f for f in findings if f.criterion.status == "stable"]
    judged = [f for f in counted if f.outcome in _JUDGED]
    applicable = [f for f in counted if f.outcome in _JUDGED or (f.outcome is Outcome.UNDETERMINED and f.criterion.check != "manual")]
    points = sum(f.points or 0.0 for f in judged)
    max_points = sum(f.max_points for f in judged)
    weight_applicable = sum(f.max_points for f in applicable)
    coverage = max_points / weight_applicable if weight_applicable else None
    is_scored = max_points > 0 and coverage is not None and coverage >= rubric.min_coverage
    percent = round(100 * points / max_points, 4) if is_scored else None
    critical_failed = any(f.criterion.critical and f.outcome is Outcome.NOT_MET for f in counted)
    reasons = _review_reasons(conversation, counted, coverage, critical_failed)
    return Score(
        score_id=score_id_of(conversation.conversation_id, scorecard.sha256),
        conversation=conversation,
        rubric=rubric,
        rubric_sha256=scorecard.sha256,
        findings=findings,
        disposition=facts.disposition,
        disposition_evidence=facts.disposition_evidence,
        points=points,
        max_points=max_points,
        percent=percent,
        passed=None if percent is None else percent >= rubric.pass_mark and not critical_failed,
        critical_failed=critical_failed,
        critical_state="provisional" if critical_failed else "none",
        coverage=coverage,
        needs_review=bool(reasons),
        review_reasons=reasons,
    )


def _review_reasons(conversation: Conversation, counted: list[Finding], coverage: float | None, critical_failed: bool) -> tuple[str, ...]:
    has_speech = any(u.role in (Role.AGENT, Role.CUSTOMER) for u in conversation.utterances)
    checks = {
        "critical_failed": critical_failed,
        "low_coverage": coverage is None or coverage < REVIEW_COVERAGE,
        "role_unsure": conversation.role_confidence < REVIEW_ROLE_CONFIDENCE,
        "critical_undetermined": any(f.criterion.critical and f.outcome is Outcome.UNDETERMINED for f in counted),
        "no_speech": not has_speech,
    }
    return tuple(name for name, holds in checks.items() if holds)
