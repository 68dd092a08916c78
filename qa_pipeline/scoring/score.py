"""Conversation × rubric → Score. Pure: no files, no clock, no models; the same two values always give the same score.

Each criterion is judged (judging.py) after those it refers to, and how sure that is (assurance.py); what is unsure may have been looked at a second time
(second_look.py); what is less sure than the bar is withheld as undetermined. Sums: totals.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.call import Conversation, Disposition, Outcome, Role
from qa_pipeline.meaning.acts import Strictness
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.atoms import Language
from qa_pipeline.rubric.canonical import criterion_sha256, rubric_sha256
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.references import dependencies
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.asked_anyway import refusable, refusals, refuted, said_of_it
from qa_pipeline.scoring.assurance import Assurance
from qa_pipeline.scoring.captures import disposition_capture
from qa_pipeline.scoring.certainty import Certainty, Judge, shipped_model
from qa_pipeline.scoring.coherence import contradictions, lifted
from qa_pipeline.scoring.identity import JudgedBy, judged_by_now, score_id_of
from qa_pipeline.scoring.judging import judge, moments
from qa_pipeline.scoring.matching import Evidence, Search, searches_of
from qa_pipeline.scoring.meanings import Heads
from qa_pipeline.scoring.prompts import replies_digest
from qa_pipeline.scoring.reasons import ALSO_SAID, cause_text, reason_text
from qa_pipeline.scoring.second_look import Look, LookQuestion, SecondLooks, hashes_of, is_open_to_looks, look_again, with_look
from qa_pipeline.scoring.situations import Facts, find_facts
from qa_pipeline.scoring.totals import Totals, deduction_of, points_of, total
from qa_pipeline.scoring.verdict import Capture, Context, Verdict

REVIEW_ROLE_CONFIDENCE = 0.8
# Chosen, not measured: a second holds a greeting; a fifth of the speech holds what a criterion asks for.
REVIEW_LOST_MS = 1_000
REVIEW_WORDLESS_SHARE = 0.2
UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion's outcome with its evidence or the window searched. `points` is None where nothing was judged.

    `certainty`: the chance that a careful person agrees; None where nothing is asserted. `likely`: the outcome that was withheld because it was too
    unsure, of which `certainty` then speaks; None elsewhere.
    """

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
    certainty: Certainty | None = None
    likely: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A scored conversation. `percent` and `passed` are None when too little could be judged.

    `expected_wrong`: of what it asserts, how many findings are expected to be wrong; `not_applicable_share`: of the weight of all criteria that count.
    """

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
    disposition_certainty: Certainty | None = None
    expected_wrong: float = 0.0
    not_applicable_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A rubric ready to score with: its hashes worked out once, the fitted heads of its lists (meanings.py) by list id, what tells how sure it is, and
    how strict the reader of acts is. `questions`: criterion → hash of what it asks a language model; `answered_by`: the model whose answers count;
    `in_order`: the criteria, each after those it refers to. `second_looks`: what that model looks at again, None for nothing, `looks`: what it is asked about which criterion, `looked`: the hashes of that.
    """

    rubric: Rubric
    heads: Heads
    sha256: str
    criterion_sha256: Mapping[str, str]
    section_of: Mapping[str, str]
    languages: Mapping[str, frozenset[Language]]
    # Worked out of the rubric here, so that a copy with another rubric never judges by the order of the first.
    in_order: tuple[Criterion, ...] = field(init=False)
    certainty: Judge
    strictness: Strictness | None = None
    questions: Mapping[str, str] = field(default_factory=dict)
    answered_by: str | None = None
    second_looks: SecondLooks | None = None
    looks: Mapping[str, LookQuestion] = field(default_factory=dict)
    looked: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "in_order", _judging_order(self.rubric))

    @property
    def bar(self) -> float:
        """Certainty below which a verdict is withheld."""
        return self.certainty.bar if self.rubric.min_certainty is None else self.rubric.min_certainty

    def searches(self, conversations: Sequence[Conversation]) -> list[Search]:
        """Each conversation, ready to be judged by the rubric."""
        return searches_of(conversations, self.heads, {str(slot): wordings for slot, wordings in self.rubric.names.items()})

    def bar_of(self, criterion: Criterion) -> float:
        """The same of one criterion, which may want more or less."""
        own = criterion.at_least if isinstance(criterion, AskCriterion) else None
        return self.bar if own is None else own

    def needed_for(self, names: Collection[str]) -> tuple[Criterion, ...]:
        """Criteria of these ids, what their verdicts hang on and what hangs on that, in the order of judging."""
        needed = {*names, *moments(self.rubric), *refusable(self.rubric)}
        before = -1
        while len(needed) > before:
            before = len(needed)
            for criterion in reversed(self.in_order):
                # What hangs on a reading may speak against it (coherence.py).
                if criterion.id in needed or any(condition.criterion in needed for condition in criterion.when):
                    needed |= {criterion.id, *dependencies(criterion)}
        return tuple(criterion for criterion in self.in_order if criterion.id in needed)

    def replies_digest(self, conversation: Conversation) -> str | None:
        """Hash of which replies of a language model are judged in a conversation."""
        rule = self.second_looks.rule if self.second_looks else ""
        return replies_digest(conversation.replies, self.questions, self.answered_by, looked=self.looked, rule=rule)


def prepare(
    rubric: Rubric, heads: Heads, certainty: Judge | None = None, *, strictness: Strictness | None = None, answered_by: str | None = None,
    second_looks: SecondLooks | None = None,
) -> Scorecard:  # fmt: skip
    """Make a rubric ready for many calls. `certainty`: what tells how sure verdicts are; the shipped model without. `strictness`: of the reader of acts;
    without it no act is judged. `answered_by`: the language model whose answers count; without it only those that cases hold. `second_looks`: what it looks at again.
    """
    hashes = {criterion.id: criterion_sha256(criterion) for criterion in rubric.criteria}
    section_of = {criterion.id: section.id for section in rubric.sections for criterion in section.criteria}
    languages = {criterion.id: criterion.languages() for criterion in rubric.criteria}
    looks = second_looks.questions(rubric) if second_looks else {}
    return Scorecard(
        rubric=rubric, heads=heads, sha256=rubric_sha256(rubric), criterion_sha256=hashes, section_of=section_of, languages=languages,
        certainty=certainty or shipped_model(),
        strictness=strictness,
        questions=questions_of(rubric),
        answered_by=answered_by,
        second_looks=second_looks,
        looks=looks,
        looked=hashes_of(looks),
    )  # fmt: skip


def questions_of(rubric: Rubric) -> dict[str, str]:
    """Criterion → hash of what it asks a language model; empty for most rubrics."""
    return {criterion.id: criterion.question_sha256 for criterion in rubric.criteria if isinstance(criterion, AskCriterion)}


def score(conversation: Conversation, scorecard: Scorecard) -> Score:
    """Score one conversation by one rubric."""
    return score_many([conversation], scorecard)[0]


def score_many(conversations: Sequence[Conversation], scorecard: Scorecard) -> list[Score]:
    """Score conversations by one rubric: equal to `score` of each, and much faster for some hundreds at once."""
    return [_score(search, scorecard) for search in scorecard.searches(conversations)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A call judged, and how sure that is. `certainties`: by criterion, None where nothing is asserted; `looks`: second looks that were taken; `unsure`: criteria
    whose findings are, or would be without one, unsure enough for a second look.
    """

    context: Context
    certainties: Mapping[str, Certainty | None]
    disposition: Certainty | None
    looks: Mapping[str, Look]
    unsure: tuple[str, ...]


def judge_call(
    search: Search, scorecard: Scorecard, overruled: Mapping[str, Verdict] | None = None, *, only: Collection[str] | None = None
) -> Context:
    """Judge every criterion of a rubric in one conversation: the verdicts, in the order of judging, beside what they were judged on. `overruled`: readings that
    second looks put in the place of checks' own. `only`: ids of those that are asked for; of the others what their verdicts hang on is judged.
    """
    rubric = scorecard.rubric
    criteria = scorecard.in_order if only is None else scorecard.needed_for(only)
    rules = rubric.situations
    facts = find_facts(search, rules) if rules else Facts(situations={}, disposition=None)
    context = _judged(search, scorecard, criteria, facts, overruled)
    wrong, against = refuted(context), contradictions(context)
    misread = {e.utterance for name in against for e in context.verdicts[name].evidence if e.kind != "heard"}
    unsaid = said_of_it(context) | misread
    if rules and (wrong or unsaid & facts.signs):
        facts = find_facts(search, rules, without=wrong, unsaid=unsaid, refusals=refusals(context))
    proved = lifted(context)
    if not wrong and not against and not proved and facts == context.facts:
        return context
    return _judged(search, scorecard, criteria, facts, overruled, against, proved)


def _judged(
    search: Search, scorecard: Scorecard, criteria: Sequence[Criterion], facts: Facts, overruled: Mapping[str, Verdict] | None,
    contradicted: Mapping[str, tuple[int, ...]] = {}, proved: Mapping[str, Verdict] = {},
) -> Context:  # fmt: skip
    rubric = scorecard.rubric
    verdicts: dict[str, Verdict] = {}
    context = Context(
        rubric=rubric, search=search, facts=facts, verdicts=verdicts, languages=scorecard.languages, strictness=scorecard.strictness,
        answered_by=scorecard.answered_by, overruled=overruled or {}, contradicted=contradicted, proved=proved,
    )  # fmt: skip
    for criterion in criteria:
        verdicts[criterion.id] = judge(criterion, context)
    return context


def weigh_call(search: Search, scorecard: Scorecard) -> Weighed:
    """Judge a call and tell how sure each verdict is. What a second look overrules is judged by what follows from it too: once more, with the other reading."""
    by_id = {criterion.id: criterion for criterion in scorecard.in_order}
    overruling: dict[str, Look] = {}
    while True:
        context = judge_call(search, scorecard, {name: look.verdict for name, look in overruling.items() if look.verdict})

        def again(criterion: Criterion, verdict: Verdict, own: Certainty, context: Context = context) -> Look | None:
            return _look(criterion, verdict, own, context, scorecard)

        assurance = Assurance(context, scorecard.certainty, look_again=again if scorecard.looks else None, overruling=overruling)
        certainties = {name: assurance.of(by_id[name], verdict) for name, verdict in context.verdicts.items()}
        fresh = {name: look for name, look in assurance.looks.items() if look.verdict}
        if not fresh:
            break
        overruling |= fresh
    unsure = tuple(name for name, own in assurance.own.items() if _is_unsure(by_id[name], context.verdicts[name], own, scorecard))
    return Weighed(context=context, certainties=certainties, disposition=assurance.disposition, looks=assurance.looks, unsure=unsure)


def _is_unsure(criterion: Criterion, verdict: Verdict, own: Certainty, scorecard: Scorecard) -> bool:
    looks = scorecard.second_looks
    return looks is not None and criterion.id in scorecard.looks and is_open_to_looks(verdict, own, scorecard.bar_of(criterion), looks)


def _look(criterion: Criterion, verdict: Verdict, own: Certainty, context: Context, scorecard: Scorecard) -> Look | None:
    if scorecard.second_looks is None or not _is_unsure(criterion, verdict, own, scorecard):
        return None
    question = scorecard.looks[criterion.id]
    return look_again(criterion, question, context, verdict, own, scorecard.bar_of(criterion), scorecard.second_looks)


def _score(search: Search, scorecard: Scorecard) -> Score:
    weighed = weigh_call(search, scorecard)
    findings = tuple(_finding(criterion, scorecard, weighed) for criterion in scorecard.rubric.criteria)
    return _total(weighed.context, scorecard, findings, weighed.disposition)


def _judging_order(rubric: Rubric) -> tuple[Criterion, ...]:
    """Criteria after those they depend on (load.py has refused cycles)."""
    by_id = {criterion.id: criterion for criterion in rubric.criteria}
    ordered: dict[str, Criterion] = {}

    def visit(criterion: Criterion) -> None:
        for name in dependencies(criterion):
            visit(by_id[name])
        ordered.setdefault(criterion.id, criterion)

    for criterion in rubric.criteria:
        visit(criterion)
    return tuple(ordered.values())


def _withheld(verdict: Verdict, certainty: Certainty) -> Verdict:
    """A verdict that is not sure enough to be given: undetermined, with both readings and why the likelier one is thought of."""
    other = {Outcome.MET: Outcome.NOT_MET.value, Outcome.NOT_MET: Outcome.MET.value}.get(verdict.outcome, "applicable")
    args = {
        **verdict.reason_args, "likely": verdict.outcome.value, "other": other, "percent": f"{100 * certainty.share:.0f}",
        "because": verdict.reason_code,
    }  # fmt: skip
    return replace(verdict, outcome=Outcome.UNDETERMINED, reason_code=UNSURE, reason_args=args, answer=None, credit=None)


def _finding(criterion: Criterion, scorecard: Scorecard, weighed: Weighed) -> Finding:
    verdict, certainty = (
        with_look(weighed.context.verdicts[criterion.id], weighed.looks.get(criterion.id)),
        weighed.certainties[criterion.id],
    )
    likely = None
    if certainty is not None and certainty.share < scorecard.bar_of(criterion):
        likely, verdict = verdict.outcome, _withheld(verdict, certainty)
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
        reason=_reason(verdict),
        evidence=verdict.evidence,
        window_start_ms=verdict.searched.start_ms if verdict.searched else None,
        window_end_ms=verdict.searched.end_ms if verdict.searched else None,
        deduction=deduction_of(criterion, scorecard.rubric, verdict.outcome, verdict.occurrences),
        captures=verdict.captures,
        certainty=certainty,
        likely=likely,
    )


def _reason(verdict: Verdict) -> str:
    parts = [reason_text(verdict.reason_code, verdict.reason_args)]
    parts += [reason_text(verdict.reason_args[name], verdict.reason_args) for name in ALSO_SAID if name in verdict.reason_args]
    cause = next((e for e in verdict.evidence if e.kind == "cause"), None)
    return " ".join([*parts, cause_text(cause.role.value, cause.text, cause.start_ms)] if cause else parts)


def _total(context: Context, scorecard: Scorecard, findings: tuple[Finding, ...], disposition_certainty: Certainty | None) -> Score:
    """The score of some findings: their sums (totals.py), how many may be wrong, and why a person should look."""
    rubric, conversation, facts = scorecard.rubric, context.search.conversation, context.facts
    sums = total(rubric, findings)
    counted = [finding for finding in findings if finding.criterion.status == "stable"]
    reasons = _review_reasons(conversation, sums, is_unsure=any(finding.likely is not None for finding in counted))
    by = replace(
        judged_by_now(conversation),
        replies_digest=scorecard.replies_digest(conversation),
    )
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
        disposition_certainty=disposition_certainty,
        expected_wrong=round(sum(1 - f.certainty.share for f in counted if f.certainty is not None and f.likely is None), 4),
        not_applicable_share=sums.not_applicable_share,
    )


def _review_reasons(conversation: Conversation, sums: Totals, *, is_unsure: bool) -> tuple[str, ...]:
    has_speech = any(u.role in (Role.AGENT, Role.CUSTOMER) for u in conversation.utterances)
    checks = {
        "critical_failed": sums.critical_failed,
        "low_coverage": sums.has_low_coverage,
        "role_unsure": conversation.role_confidence < REVIEW_ROLE_CONFIDENCE,
        "critical_undetermined": sums.has_critical_undetermined,
        UNSURE: is_unsure,
        "no_speech": not has_speech,
        "sound_lost": (conversation.lost_ms or 0) >= REVIEW_LOST_MS,
        "speech_without_words": (conversation.wordless_share or 0.0) > REVIEW_WORDLESS_SHARE,
    }
    return tuple(name for name, holds in checks.items() if holds)
