"""The checks: each a plain function (criterion, context) → Verdict, in one dict. The criterion is of the check's own type (rubric/criteria.py).

A check says met or not_met and shows why; whether it applies at all, and whether the measurement allows an answer, is decided in judging.py
around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qa_pipeline.call import Outcome, Role
from qa_pipeline.rubric.criteria import (
    CombinationCriterion,
    LevelBounds,
    ManualCriterion,
    MetricCriterion,
    QuestionCriterion,
    SentimentCriterion,
    SequenceCriterion,
)
from qa_pipeline.scoring.answers import asked_before, find_answer, gives_way, is_bare, is_murmur, polarity_of, replies_to, taken_back
from qa_pipeline.scoring.ask import check_ask
from qa_pipeline.scoring.captures import check_capture
from qa_pipeline.scoring.forbidden import check_forbidden
from qa_pipeline.scoring.metadata import check_metadata
from qa_pipeline.scoring.said import asked, check_phrase, check_semantic, valid_hits
from qa_pipeline.scoring.surveys import check_survey
from qa_pipeline.scoring.verdict import Context, Verdict, first_hit, in_order


def check_question(criterion: QuestionCriterion, context: Context) -> Verdict:
    """Asked → met, with how the other side answered (an id of `answers`, or `unclear`); not asked → not met."""
    question = asked(criterion, context, criterion.answers)
    if question.outcome is not Outcome.MET:
        return question
    conversation = context.search.conversation
    asker = Role.CUSTOMER if criterion.party == "customer" else Role.AGENT
    again = _asked_again(criterion, context, question)
    replies = replies_to(conversation, question.evidence[-1].utterance, asker, again=again)
    asked_at = question.evidence[-1].utterance
    search = context.search
    before = asked_before(conversation, asked_at, asker, replies)
    answer, evidence = find_answer(search, criterion.answers, replies, polarity_of(search, before), asked=before, again=again)
    is_open = answer is None or (is_murmur(replies) and bool(evidence) and is_bare(search, replies[0], evidence[0].text))
    if "unwilling" in criterion.answers and is_open and (way := gives_way(search, asker, replies)):
        answer, evidence = "unwilling", (*evidence, way)
    if back := taken_back(search, answer, evidence[0] if evidence else None):
        answer, evidence = back[0], (*evidence, back[1])
    return Verdict(
        outcome=Outcome.MET, reason_code=question.reason_code, reason_args={"answer": answer or "unclear"},
        evidence=(*question.evidence, *evidence), searched=question.searched, answer=answer or "unclear", occurrences=1,
    )  # fmt: skip


def _asked_again(criterion: QuestionCriterion, context: Context, question: Verdict) -> frozenset[int]:
    if question.searched is None:
        return frozenset()
    return frozenset(hit.utterance for hit in valid_hits(context.search, criterion, criterion.phrases, question.searched))


def check_sequence(criterion: SequenceCriterion, context: Context) -> Verdict:
    """The criteria of `of` were said in this order; those that do not apply are left out."""
    places: list[tuple[str, Verdict, int]] = []
    args = {"of": ", ".join(criterion.of)}
    undetermined = False
    for name in criterion.of:
        verdict = context.verdicts[name]
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            continue
        place = first_hit(verdict)
        if verdict.outcome is Outcome.UNDETERMINED:
            undetermined = True
        elif verdict.outcome is Outcome.NOT_MET or place is None:
            return Verdict(outcome=Outcome.NOT_MET, reason_code="step_missing", reason_args={"step": name, **args})
        else:
            places.append((name, verdict, place))
    evidence = tuple(next(e for e in verdict.evidence if e.kind == "hit") for _, verdict, _ in places)
    for (name, _, place), (later, _, later_place) in zip(places, places[1:], strict=False):
        if later_place < place:
            return Verdict(
                outcome=Outcome.NOT_MET, reason_code="out_of_order", reason_args={"first": later, "then": name}, evidence=evidence
            )
    if undetermined:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="combination", reason_args=args, evidence=evidence)
    if not places:
        return Verdict(outcome=Outcome.NOT_APPLICABLE, reason_code="combination", reason_args=args)
    return Verdict(outcome=Outcome.MET, reason_code="in_order", reason_args=args, evidence=evidence)


def check_metric(criterion: MetricCriterion, context: Context) -> Verdict:
    """A figure of the conversation between `at_least` and `at_most`; a level its bounds hold gives its credit."""
    conversation = context.search.conversation
    value = getattr(conversation.metrics, criterion.metric)
    bounds = [
        f"{word} {limit:g}" for word, limit in (("at least", criterion.at_least), ("at most", criterion.at_most)) if limit is not None
    ]
    args = {"metric": criterion.metric, "value": str(value), "wanted": ", ".join(bounds) or "one of the levels"}
    if value is None or isinstance(value, str):
        has_times = any(u.start_ms is not None for u in conversation.utterances) or not conversation.utterances
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="not_measured" if has_times else "no_times", reason_args=args)
    level = next(((name, level) for name, level in criterion.levels.items() if _holds(value, level)), None)
    has_bounds = criterion.at_least is not None or criterion.at_most is not None
    is_met = _holds(value, criterion) if has_bounds else level is not None and level[1].credit > 0
    credit = level[1].credit if level else None
    return Verdict(
        outcome=Outcome.MET if is_met else Outcome.NOT_MET,
        reason_code="metric",
        reason_args=args,
        answer=level[0] if level else None,
        credit=credit,
    )


def _holds(value: float, bounds: LevelBounds | MetricCriterion) -> bool:
    return (bounds.at_least is None or value >= bounds.at_least) and (bounds.at_most is None or value <= bounds.at_most)


def check_sentiment(criterion: SentimentCriterion, context: Context) -> Verdict:
    """Met unless the customer's words are negative over the call; the label is the answer."""
    metrics = context.search.conversation.metrics
    label, value = metrics.customer_sentiment_label, metrics.customer_sentiment
    if label is None or value is None:
        spoke = bool(context.search.conversation.by_role(Role.CUSTOMER))
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="not_felt" if spoke else "no_customer_words")
    spoken = [u for u in context.search.conversation.by_role(Role.CUSTOMER) if u.sentiment is not None]
    strongest = sorted(spoken, key=lambda u: -(u.sentiment or 0.0) * (1 if value >= 0 else -1))[:2]
    evidence = tuple(
        context.search.utterance_evidence(u, label, abs(u.sentiment or 0.0)) for u in strongest if abs(u.sentiment or 0) >= 0.25
    )
    outcome = Outcome.NOT_MET if label == "negative" else Outcome.MET
    return Verdict(
        outcome=outcome,
        reason_code="sentiment",
        reason_args={"label": label, "value": f"{value:+.2f}"},
        evidence=in_order(evidence),
        answer=label,
    )


def check_manual(criterion: ManualCriterion, context: Context) -> Verdict:
    """Waits for a person."""
    return Verdict(outcome=Outcome.UNDETERMINED, reason_code="needs_person")


def check_combination(criterion: CombinationCriterion, context: Context) -> Verdict:
    """all / any / not over other criteria, in three-valued logic: what is not judged decides nothing."""
    outcomes = [context.verdicts[name].outcome for name in criterion.of]
    judged = [outcome for outcome in outcomes if outcome is not Outcome.NOT_APPLICABLE]
    args = {"of": ", ".join(criterion.of)}
    if not judged:
        return Verdict(outcome=Outcome.NOT_APPLICABLE, reason_code="combination", reason_args=args)
    deciding, otherwise = (Outcome.NOT_MET, Outcome.MET) if criterion.check == "all" else (Outcome.MET, Outcome.NOT_MET)
    if criterion.check == "not":
        opposite = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}
        return Verdict(outcome=opposite.get(judged[0], judged[0]), reason_code="combination", reason_args=args)
    if deciding in judged:
        return Verdict(outcome=deciding, reason_code="combination", reason_args=args)
    outcome = Outcome.UNDETERMINED if Outcome.UNDETERMINED in judged else otherwise
    return Verdict(outcome=outcome, reason_code="combination", reason_args=args)


CHECKS: dict[str, Callable[[Any, Context], Verdict]] = {
    "phrase": check_phrase,
    "question": check_question,
    "forbidden": check_forbidden,
    "capture": check_capture,
    "survey": check_survey,
    "sequence": check_sequence,
    "metric": check_metric,
    "sentiment": check_sentiment,
    "metadata": check_metadata,
    "semantic": check_semantic,
    "ask": check_ask,
    "manual": check_manual,
    "all": check_combination,
    "any": check_combination,
    "not": check_combination,
}
