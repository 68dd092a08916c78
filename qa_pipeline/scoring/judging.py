"""One criterion judged in one conversation: can it be judged at all (speech, language, roles)? does it apply (situations, `when`)? then its check; then
whether a "not met" may be believed (the window is cut off, or its words are too unclear).

What follows from something else (a parent, a situation, the disposition) names it in `rests_on` and shows its evidence as the cause.
"""

from __future__ import annotations

from dataclasses import replace

from qa_pipeline.call import Conversation, Outcome, Role
from qa_pipeline.conversation.roles import LEAST_CONFIDENCE
from qa_pipeline.rubric.criteria import CaptureCriterion, Criterion, QuestionCriterion, SentimentCriterion, SurveyCriterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import AnyCriterion, Condition, PlacedCriterion, SearchingCriterion
from qa_pipeline.scoring.asked_anyway import is_asked_anyway
from qa_pipeline.scoring.captures import read_out
from qa_pipeline.scoring.checks import CHECKS
from qa_pipeline.scoring.coherence import borne_out, done_before, given_way
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.metadata import column_value, is_as_wanted
from qa_pipeline.scoring.reasons import SITUATION_NAMES
from qa_pipeline.scoring.totals import JUDGED
from qa_pipeline.scoring.verdict import ROLES, Context, Support, Verdict, as_causes, first_hit, search_window
from qa_pipeline.scoring.windows import Searched

ROLE_CONFIDENCE = LEAST_CONFIDENCE
# Mean word confidence of a window below which "not heard" says nothing.
UNCLEAR_CONFIDENCE = 0.48
_UNWILLING = "unwilling"
# Who leaves, leaves what was not done yet undone; so many turns after what a criterion follows from are time enough. Chosen on written dialogues.
_LEAVING = frozenset({"customer_hung_up", "customer_ended_first"})
_TURNS_TO_DO_IT, _TURNS_OF_OPENING = 3, 4


def judge(criterion: Criterion, context: Context) -> Verdict:
    """The verdict on one criterion. Those it refers to must have been judged."""
    if isinstance(criterion, PlacedCriterion):
        return _judge_words(criterion, context)
    if isinstance(criterion, SentimentCriterion):
        return _judge_sentiment(criterion, context)
    # No words are read: whether speech, language and roles are known is nothing to the rest.
    verdict = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context)
    return _excused(criterion, verdict or _coherent(criterion, CHECKS[criterion.check](criterion, context), context), context)


def _judge_sentiment(criterion: SentimentCriterion, context: Context) -> Verdict:
    if not context.search.conversation.utterances:
        return _undetermined("too_short", searched=context.search.select(ROLES[criterion.who or "agent"], None))
    excuse = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context)
    return excuse or _if_roles_known(context) or _with_credit(criterion, CHECKS["sentiment"](criterion, context))


def _judge_words(criterion: PlacedCriterion, context: Context) -> Verdict:
    conversation, language = context.search.conversation, context.search.language
    if not conversation.utterances:
        return _undetermined("too_short", searched=search_window(criterion, context))
    silent = _not_told(criterion, context)
    excuse = _situation(criterion.not_applicable_when, context) or _blocked_by_parent(criterion, context, untold=silent)
    if excuse and not is_asked_anyway(criterion, excuse, context):
        return done_before(criterion, excuse, context) or excuse
    if language not in context.languages[criterion.id]:
        return _undetermined("wrong_language", language=language)
    if unknown := _if_roles_known(context):
        return unknown
    if _needs_times(criterion, conversation):
        return _undetermined("no_times")
    is_forbidden = criterion.check == "forbidden"
    if criterion.check in ("forbidden", "ask") and not search_window(criterion, context).utterances:
        return _undetermined("nobody_spoke", who=criterion.party)
    if isinstance(criterion, CaptureCriterion) and criterion.repeats and not context.verdicts[criterion.repeats].captures:
        return read_out(criterion, context) or _as_parent(criterion.repeats, context.verdicts[criterion.repeats], Outcome.NOT_APPLICABLE)
    verdict = (
        context.overruled.get(criterion.id)
        or context.proved.get(criterion.id)
        or _with_credit(criterion, CHECKS[criterion.check](criterion, context))
    )
    verdict = _coherent(criterion, verdict, context)
    if (
        verdict.outcome is Outcome.MET
        and (unfound := [c for c in silent if c.criterion])
        and not _stands_alone(criterion, verdict, context)
    ):
        return _failed(unfound[0], context)
    if _is_answered_by_busy(criterion, verdict, context):
        return _situation(("customer_busy",), context) or verdict
    if verdict.outcome is not Outcome.NOT_MET or is_forbidden:
        return replace(verdict, despite=excuse.rests_on) if excuse else verdict
    if silent:
        return _failed(silent[0], context)
    excused = _excused(criterion, verdict, context)
    return excused if excused is not verdict else _doubt(criterion, verdict, conversation) or verdict


def _coherent(criterion: AnyCriterion, verdict: Verdict, context: Context) -> Verdict:
    """The verdict, or what becomes of it where the rest of the call speaks against it."""
    deeds = context.contradicted.get(criterion.id)
    return given_way(verdict, deeds, context.search) if deeds else borne_out(criterion, verdict, context)


def _is_answered_by_busy(criterion: PlacedCriterion, verdict: Verdict, context: Context) -> bool:
    """Whether all that was said to an item are the words by which the customer was too busy: who says why they call, and asks in the same breath whether it is
    a good moment, has not gone through it.
    """
    busy = {e.utterance for e in context.facts.situations.get("customer_busy", ())}
    is_item = (
        isinstance(criterion, QuestionCriterion | SurveyCriterion) and bool(criterion.when) and "customer_busy" in criterion.excused_when
    )
    answers = {e.utterance for e in verdict.evidence if e.kind == "answer"}
    if verdict.outcome is not Outcome.MET or not is_item or not answers or not answers <= busy:
        return False
    others = [name for name in moments(context.rubric) if name != criterion.id and name in context.verdicts]
    return any(first_hit(context.verdicts[name]) == first_hit(verdict) for name in others)


def moments(rubric: Rubric) -> list[str]:
    """Ids of the questions whether it is a good moment. What is judged after them looks at them without referring to them."""
    return [c.id for c in rubric.criteria if isinstance(c, QuestionCriterion) and _UNWILLING in c.answers]


def _excused(criterion: AnyCriterion, verdict: Verdict, context: Context) -> Verdict:
    """Not met becomes not applicable where a situation of `excused_when` holds; who hangs up excuses nothing whose time was over by then."""
    if verdict.outcome is not Outcome.NOT_MET:
        return verdict
    excuses = criterion.excused_when
    leaves = any(name in _LEAVING for name in excuses)
    if leaves and isinstance(criterion, PlacedCriterion) and (_had_its_time(criterion, context) or _had_the_floor(criterion, context)):
        excuses = tuple(name for name in excuses if name not in _LEAVING)
    return _situation(excuses, context) or verdict


def _had_its_time(criterion: PlacedCriterion, context: Context) -> bool:
    """Whether the party had all turns of its window at the start, or had gone on to other things; or had several after what the criterion follows from."""
    turns = context.search.party(ROLES[criterion.party]).turns
    first = criterion.within.first if criterion.within else None
    if first is not None and first.turns is not None and len(set(turns.values())) > min(first.turns, _TURNS_OF_OPENING):
        return True
    parents = [context.verdicts[c.criterion] for c in criterion.when if c.criterion and c.outcome == Outcome.MET.value]
    causes = [place for parent in parents if parent.outcome is Outcome.MET and (place := first_hit(parent)) is not None]
    return bool(causes) and len({turn for number, turn in turns.items() if number > max(causes)}) >= _TURNS_TO_DO_IT


def _had_the_floor(criterion: PlacedCriterion, context: Context) -> bool:
    """Whether a criterion asks for an answer to something (`after` what `when` wants met), and a turn to give it in came before the customer's last words."""
    if not any(condition.criterion == criterion.after and condition.outcome == Outcome.MET.value for condition in criterion.when):
        return False
    since = first_hit(context.verdicts[criterion.after]) if criterion.after else None
    conversation = context.search.conversation
    last = max((u.utterance for u in conversation.by_role(Role.CUSTOMER)), default=0)
    return since is not None and any(since < u.utterance < last for role in ROLES[criterion.party] for u in conversation.by_role(role))


def _needs_times(criterion: PlacedCriterion, conversation: Conversation) -> bool:
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
                outcome=Outcome.NOT_APPLICABLE, reason_code="situation", reason_args={"situation": SITUATION_NAMES[name]},
                evidence=as_causes(evidence), rests_on=(("situation", name),),
            )  # fmt: skip
    return None


def _not_told(criterion: PlacedCriterion, context: Context) -> tuple[Condition, ...]:
    """Conditions on columns that the call's metadata do not have, and on words that were not found though something may hang on them: words that were said
    tell instead that the criterion applies.
    """
    if criterion.check == "forbidden":
        return ()
    call = context.search.conversation.call
    is_of_meaning = isinstance(criterion, SearchingCriterion) and criterion.meaning is not None
    return tuple(
        c
        for c in criterion.when
        if (c.metadata and column_value(call, c.metadata) is None) or (is_of_meaning and c.criterion and _was_not_found(c, context))
    )


def _stands_alone(criterion: PlacedCriterion, verdict: Verdict, context: Context) -> bool:
    """Whether what was said means what this criterion alone of the rubric looks for, so that it needs no parent to say so."""
    if (
        not isinstance(criterion, SearchingCriterion)
        or criterion.meaning is None
        or any(place[0] == "groups" for place, _, _ in criterion.phrase_lists())
    ):
        return False
    lists = [c.meaning.list for c in context.rubric.criteria if isinstance(c, SearchingCriterion) and c.meaning]
    least = criterion.meaning.at_least
    said = (context.search.probability(criterion.meaning, e.utterance) for e in verdict.evidence if e.kind == "hit")
    return lists.count(criterion.meaning.list) == 1 and any(p is not None and p >= least for p in said)


def _was_not_found(condition: Condition, context: Context) -> bool:
    """Whether a condition wants a parent met, or answered, that was merely not found: nothing speaks against the child."""
    parent = context.verdicts[condition.criterion] if condition.criterion else None
    wants_it = condition.outcome == Outcome.MET.value or bool(condition.answers)
    return parent is not None and parent.outcome is Outcome.NOT_MET and wants_it


def _blocked_by_parent(criterion: AnyCriterion, context: Context, *, untold: tuple[Condition, ...] = ()) -> Verdict | None:
    """`when`: a parent not applicable or undetermined makes the child the same; a condition that fails makes it not applicable. `untold` are passed over."""
    for condition in criterion.when:
        if condition in untold:
            continue
        if condition.criterion:
            parent = context.verdicts[condition.criterion]
            if parent.outcome in (Outcome.NOT_APPLICABLE, Outcome.UNDETERMINED) and condition.outcome != parent.outcome.value:
                return _as_parent(condition.criterion, parent, parent.outcome)
        if not _holds(condition, context):
            return _failed(condition, context)
    return None


def _failed(condition: Condition, context: Context) -> Verdict:
    """Not applicable because a condition does not hold."""
    text = condition.model_dump_json(exclude_none=True, by_alias=True)
    causes, rests_on = _why_not(condition, context)
    return Verdict(
        outcome=Outcome.NOT_APPLICABLE, reason_code="condition", reason_args={"condition": text}, evidence=causes, rests_on=rests_on
    )


def _as_parent(name: str, parent: Verdict, outcome: Outcome) -> Verdict:
    return Verdict(
        outcome=outcome, reason_code="parent", reason_args={"parent": name, "outcome": parent.outcome.value}, evidence=as_causes(parent.evidence),
        rests_on=(("criterion", name),),
    )  # fmt: skip


def _why_not(condition: Condition, context: Context) -> tuple[tuple[Evidence, ...], tuple[Support, ...]]:
    """What a condition failed by: the words that decided it, and what it rests on. What the metadata say rests on nothing."""
    if condition.criterion:
        evidence = context.verdicts[condition.criterion].evidence
        # Where an answer is asked for, the answer decided and not the question.
        answers = tuple(e for e in evidence if e.kind == "answer") if condition.answers else ()
        return as_causes(answers or evidence), (("criterion", condition.criterion),)
    if condition.disposition:
        return as_causes(context.facts.disposition_evidence), (("disposition", ""),)
    return (), ()


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


def _doubt(criterion: PlacedCriterion, verdict: Verdict, conversation: Conversation) -> Verdict | None:
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
