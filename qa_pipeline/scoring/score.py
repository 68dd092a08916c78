"""Conversation × rubric → Score. Pure: no files, no clock, no models; the same two values always give the same score.

Order for each criterion: can it be judged at all (speech, language, roles)? does it apply (situations, `when`)? then its check; then whether a
"not met" may be believed (the window is cut off, or its words are too unclear). Sums: totals.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.call import Conversation, Disposition, Outcome, Role
from qa_pipeline.conversation.roles import LEAST_CONFIDENCE
from qa_pipeline.rubric.atoms import Language
from qa_pipeline.rubric.canonical import criterion_sha256, rubric_sha256
from qa_pipeline.rubric.criteria import CaptureCriterion, Criterion, SentimentCriterion
from qa_pipeline.rubric.references import dependencies
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import AnyCriterion, Condition, SearchingCriterion
from qa_pipeline.scoring.captures import disposition_capture
from qa_pipeline.scoring.checks import CHECKS
from qa_pipeline.scoring.identity import JudgedBy, judged_by, score_id_of
from qa_pipeline.scoring.matching import Evidence, Search, searches_of
from qa_pipeline.scoring.meanings import Heads
from qa_pipeline.scoring.metadata import column_value, is_as_wanted
from qa_pipeline.scoring.reasons import SITUATION_NAMES, reason_text
from qa_pipeline.scoring.situations import Facts, find_facts
from qa_pipeline.scoring.totals import JUDGED, Totals, deduction_of, points_of, total
from qa_pipeline.scoring.verdict import ROLES, Capture, Context, Verdict, search_window
from qa_pipeline.scoring.windows import Searched

ROLE_CONFIDENCE = LEAST_CONFIDENCE
REVIEW_ROLE_CONFIDENCE = 0.8
# Chosen, not measured: a second holds a greeting; a fifth of the speech holds what a criterion asks for.
REVIEW_LOST_MS = 1_000
REVIEW_WORDLESS_SHARE = 0.2
# Mean word confidence of a window below which "not heard" says nothing.
UNCLEAR_CONFIDENCE = 0.48


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
    deduction: float | None = None
    captures: tuple[Capture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A scored conversation. `percent` and `passed` are None when too little could be judged."""

    score_id: str
    judged_by: JudgedBy
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
    sections_failed: tuple[str, ...] = ()
    disposition_captures: tuple[Capture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A rubric ready to score with: its hashes worked out once, and the fitted heads of its lists (meanings.py) by list id."""

    rubric: Rubric
    heads: Heads
    sha256: str
    criterion_sha256: Mapping[str, str]
    section_of: Mapping[str, str]
    languages: Mapping[str, frozenset[Language]]


def prepare(rubric: Rubric, heads: Heads) -> Scorecard:
    """Make a rubric ready for many calls."""
    hashes = {criterion.id: criterion_sha256(criterion) for criterion in rubric.criteria}
    section_of = {criterion.id: section.id for section in rubric.sections for criterion in section.criteria}
    languages = {criterion.id: criterion.languages() for criterion in rubric.criteria}
    return Scorecard(
        rubric=rubric, heads=heads, sha256=rubric_sha256(rubric), criterion_sha256=hashes, section_of=section_of, languages=languages
    )


def score(conversation: Conversation, scorecard: Scorecard) -> Score:
    """Score one conversation by one rubric."""
    return score_many([conversation], scorecard)[0]


def score_many(conversations: Sequence[Conversation], scorecard: Scorecard) -> list[Score]:
    """Score conversations by one rubric: equal to `score` of each, and much faster for some hundreds at once."""
    rubric = scorecard.rubric
    searches = searches_of(conversations, scorecard.heads, {str(slot): wordings for slot, wordings in rubric.names.items()})
    return [_score(search, scorecard) for search in searches]


def _score(search: Search, scorecard: Scorecard) -> Score:
    rubric = scorecard.rubric
    if rubric.situations is None:
        facts = Facts(situations={}, disposition=None)
    else:
        facts = find_facts(search, rubric.situations)
    verdicts: dict[str, Verdict] = {}
    context = Context(rubric=rubric, search=search, facts=facts, verdicts=verdicts, languages=scorecard.languages)
    for criterion in _judging_order(rubric):
        verdicts[criterion.id] = _judge(criterion, context)
    findings = tuple(_finding(criterion, scorecard, verdicts[criterion.id]) for criterion in rubric.criteria)
    return _total(context, scorecard, findings)


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
    if isinstance(criterion, SearchingCriterion):
        return _judge_words(criterion, context)
    if isinstance(criterion, SentimentCriterion):
        return _judge_sentiment(criterion, context)
    # No words are read: whether speech, language and roles are known is nothing to the rest.
    verdict = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context)
    return _excused(criterion, verdict or CHECKS[criterion.check](criterion, context), context)


def _judge_sentiment(criterion: SentimentCriterion, context: Context) -> Verdict:
    if not context.search.conversation.utterances:
        return _undetermined("too_short", searched=context.search.select(ROLES[criterion.who or "agent"], None))
    excuse = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context)
    return excuse or _if_roles_known(context) or _with_credit(criterion, CHECKS["sentiment"](criterion, context))


def _judge_words(criterion: SearchingCriterion, context: Context) -> Verdict:
    conversation, language = context.search.conversation, context.search.language
    if not conversation.utterances:
        return _undetermined("too_short", searched=search_window(criterion, context))
    if excuse := _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context):
        return excuse
    if language not in context.languages[criterion.id]:
        return _undetermined("wrong_language", language=language)
    if unknown := _if_roles_known(context):
        return unknown
    if _needs_times(criterion, conversation):
        return _undetermined("no_times")
    is_forbidden = criterion.check == "forbidden"
    if is_forbidden and not search_window(criterion, context).utterances:
        return _undetermined("nobody_spoke", who=criterion.party)
    if isinstance(criterion, CaptureCriterion) and criterion.repeats and not context.verdicts[criterion.repeats].captures:
        return Verdict(
            outcome=Outcome.NOT_APPLICABLE, reason_code="parent",
            reason_args={"parent": criterion.repeats, "outcome": context.verdicts[criterion.repeats].outcome.value},
        )  # fmt: skip
    verdict = _with_credit(criterion, CHECKS[criterion.check](criterion, context))
    if verdict.outcome is not Outcome.NOT_MET or is_forbidden:
        return verdict
    excused = _excused(criterion, verdict, context)
    return excused if excused is not verdict else _doubt(criterion, verdict, conversation) or verdict


def _excused(criterion: AnyCriterion, verdict: Verdict, context: Context) -> Verdict:
    """Not met becomes not applicable where a situation of `excused_when` holds."""
    return (_situation(criterion.excused_when, context) or verdict) if verdict.outcome is Outcome.NOT_MET else verdict


def _needs_times(criterion: SearchingCriterion, conversation: Conversation) -> bool:
    """Whether the window counts seconds alone and the transcript has none."""
    extent = (criterion.within.first or criterion.within.last) if criterion.within else None
    return extent is not None and extent.turns is None and all(u.start_ms is None for u in conversation.utterances)


def _with_credit(criterion: AnyCriterion, verdict: Verdict) -> Verdict:
    """The verdict with the credit that `levels` gives its answer."""
    credit = None if verdict.answer is None else criterion.credits.get(verdict.answer)
    return replace(verdict, credit=credit) if credit is not None and verdict.outcome in JUDGED else verdict


def _if_roles_known(context: Context) -> Verdict | None:
    confidence = context.search.conversation.role_confidence
    return _undetermined("role_unknown", confidence=f"{confidence:.2f}") if confidence < ROLE_CONFIDENCE else None


def _situation(names: tuple[str, ...], context: Context) -> Verdict | None:
    for name in names:
        evidence = context.facts.situations.get(name)  # type: ignore[call-overload]  # the schema allows these names only
        if evidence is not None:
            return Verdict(
                outcome=Outcome.NOT_APPLICABLE, reason_code="situation", reason_args={"situation": SITUATION_NAMES[name]}, evidence=evidence
            )
    return None


def _blocked_by_parent(criterion: AnyCriterion, context: Context) -> Verdict | None:
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
        return condition.outcome in (None, parent.outcome.value) and (not condition.answers or parent.answer in condition.answers)
    if condition.metadata:
        value = column_value(context.search.conversation.call, condition.metadata)
        return value is not None and is_as_wanted(condition, value)
    if condition.disposition:
        return context.facts.disposition is not None and context.facts.disposition.value in condition.disposition
    return True


def _doubt(criterion: SearchingCriterion, verdict: Verdict, conversation: Conversation) -> Verdict | None:
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
    return Finding(
        criterion=criterion,
        section_id=scorecard.section_of[criterion.id],
        criterion_sha256=scorecard.criterion_sha256[criterion.id],
        outcome=verdict.outcome,
        answer=verdict.answer,
        points=points_of(criterion, verdict.outcome, verdict.credit),
        max_points=criterion.weight,
        occurrences=verdict.occurrences,
        reason_code=verdict.reason_code,
        reason_args=verdict.reason_args,
        reason=reason_text(verdict.reason_code, verdict.reason_args),
        evidence=verdict.evidence,
        window_start_ms=verdict.searched.start_ms if verdict.searched else None,
        window_end_ms=verdict.searched.end_ms if verdict.searched else None,
        deduction=deduction_of(criterion, scorecard.rubric, verdict.outcome, verdict.occurrences),
        captures=verdict.captures,
    )


def _total(context: Context, scorecard: Scorecard, findings: tuple[Finding, ...]) -> Score:
    """The score of some findings: their sums (totals.py), and why a person should look."""
    rubric, conversation, facts = scorecard.rubric, context.search.conversation, context.facts
    sums = total(rubric, findings)
    reasons = _review_reasons(conversation, sums)
    by = judged_by(conversation.language, (u.language for u in conversation.utterances))
    return Score(
        score_id=score_id_of(conversation.conversation_id, scorecard.sha256, by),
        judged_by=by,
        conversation=conversation,
        rubric=rubric,
        rubric_sha256=scorecard.sha256,
        findings=findings,
        disposition=facts.disposition,
        disposition_evidence=facts.disposition_evidence,
        points=sums.points,
        max_points=sums.max_points,
        percent=sums.percent,
        passed=sums.passed,
        critical_failed=sums.critical_failed,
        critical_state="provisional" if sums.critical_failed else "none",
        coverage=sums.coverage,
        needs_review=bool(reasons),
        review_reasons=reasons,
        sections_failed=sums.sections_failed,
        disposition_captures=disposition_capture(context),
    )


def _review_reasons(conversation: Conversation, sums: Totals) -> tuple[str, ...]:
    has_speech = any(u.role in (Role.AGENT, Role.CUSTOMER) for u in conversation.utterances)
    checks = {
        "critical_failed": sums.critical_failed,
        "low_coverage": sums.has_low_coverage,
        "role_unsure": conversation.role_confidence < REVIEW_ROLE_CONFIDENCE,
        "critical_undetermined": sums.has_critical_undetermined,
        "no_speech": not has_speech,
        "sound_lost": (conversation.lost_ms or 0) >= REVIEW_LOST_MS,
        "speech_without_words": (conversation.wordless_share or 0.0) > REVIEW_WORDLESS_SHARE,
    }
    return tuple(name for name, holds in checks.items() if holds)
