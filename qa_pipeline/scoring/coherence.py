"""What was plainly done was due: where the call itself speaks against what was read out of a few words, the reading gives way.

A customer who wants no message left, declines the questions or has no time makes many criteria not applicable, and each is read from one sign. Where several
of those criteria are plainly found in the call all the same, in different places, the sign was something else: "the label was dialled in wrongly" is no wrong
number, and who asks for a name, takes a message and says it back was not told that there is none. Less is needed against what was only meant. Situations are asked the same: asked_anyway.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from qa_pipeline.call import Outcome, Utterance
from qa_pipeline.rubric.criteria import (
    CaptureCriterion,
    CombinationCriterion,
    Criterion,
    PhraseCriterion,
    QuestionCriterion,
    SurveyCriterion,
)
from qa_pipeline.rubric.shared_keys import AnyCriterion, CombiningCriterion, SearchingCriterion
from qa_pipeline.scoring.asked_anyway import plainly_asked
from qa_pipeline.scoring.checks import CHECKS
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.verdict import Context, Verdict, as_heard
from qa_pipeline.text.normalise import unit_count

CONTRADICTED = "contradicted"
# So many places of a call in which something was done that was not due are no chance finds. Chosen on written dialogues.
_DEEDS = 2
# One question that was put and answered afterwards is enough against an answer that was taken for unwilling.
_DEEDS_AFTER_ANSWER = 1
# A wording counts as plainly said where it may mean what is looked for; a meaning alone where it is as sure as this. Chosen on written dialogues.
_AS_WORDED, _MAY_MEAN, _SURELY_MEANS = 0.9, 0.4, 0.95
_MOST_SHOWN = 3
# So many words, or Han characters, tell something; so many tell something and ask as well. Chosen on written dialogues.
_LEAST_TOLD, _LEAST_TOLD_AND_ASKED = 4, 14
_WILLING, _UNWILLING = "willing", "unwilling"


def contradictions(context: Context) -> dict[str, tuple[int, ...]]:
    """The criteria of a judged call whose reading the rest of it speaks against, each with the utterances in which it does."""
    by_id: dict[str, Criterion] = {criterion.id: criterion for criterion in context.rubric.criteria}
    spared: dict[str, list[AnyCriterion]] = {}
    for criterion in context.rubric.criteria:
        root = _root(criterion.id, by_id, context) if criterion.id in context.verdicts else None
        if root is not None and _may_give_way(root, by_id, context):
            spared.setdefault(root, []).append(criterion)
    deeds = {root: _deeds(root, several, by_id, context) for root, several in spared.items()}
    return {root: tuple(sorted({e.utterance for e in told})) for root, told in deeds.items() if len(told) >= _least(root, context)}


def _deeds(root: str, spared: Sequence[AnyCriterion], by_id: Mapping[str, Criterion], context: Context) -> list[Evidence]:
    """Of each criterion that a reading spares, the first words by which it was plainly done all the same, none of them told twice."""
    reading, signs, since = context.verdicts[root], _signs(root, by_id, context), _since(root, by_id, context)
    told: list[Evidence] = []
    for criterion in spared:
        # Why they call, and how often they will, can be said to somebody who has no time; only who answers has.
        if reading.answer == _UNWILLING and not isinstance(criterion, QuestionCriterion | SurveyCriterion):
            continue
        done = (e for e in _plainly_done(criterion, context, is_meant=reading.reason_code == "said_by_meaning") if e.utterance >= since)
        deed = next((e for e in done if not any(_overlap(e, other, context) for other in (*signs, *told))), None)
        if deed is not None:
            told.append(deed)
    return told


def borne_out(criterion: AnyCriterion, verdict: Verdict, context: Context) -> Verdict:
    """The verdict on a wish of the customer; found where the call as a whole was one of somebody busy and the criterion asks for the same meaning: they were put off, in whatever
    words.
    """
    rules, evidence = context.rubric.situations, context.facts.situations.get("customer_busy")
    if verdict.outcome is not Outcome.NOT_MET or not isinstance(criterion, PhraseCriterion) or rules is None or not evidence:
        return verdict
    same = criterion.meaning and rules.customer_busy.meaning and criterion.meaning.list == rules.customer_busy.meaning.list
    if not same or criterion.party != "customer":
        return verdict
    return replace(verdict, outcome=Outcome.MET, reason_code="said_by_meaning", reason_args={}, evidence=evidence, occurrences=1, places=1)


def done_before(criterion: AnyCriterion, excuse: Verdict, context: Context) -> Verdict | None:
    """What was plainly done before the words by which it no longer applied is done: who has said what the call is about, and is told then that it is a bad moment."""
    if excuse.reason_code != "situation" or not isinstance(criterion, PhraseCriterion) or criterion.party != "agent":
        return None
    signs = [e.utterance for e in excuse.evidence]
    if not signs or context.search.language not in context.languages[criterion.id]:
        return None
    said = CHECKS[criterion.check](criterion, context)
    return said if any(e.utterance < min(signs) for e in _plain(criterion, said, context)) else None


def _least(name: str, context: Context) -> int:
    return _DEEDS_AFTER_ANSWER if context.verdicts[name].answer == _UNWILLING else _DEEDS


def lifted(context: Context) -> dict[str, Verdict]:
    """Criteria of the agent that were not found, and on which another hangs that was plainly done: who offers to take a message right after telling something has told that
    the one wanted is not there, in whatever words.
    """
    by_id = {criterion.id: criterion for criterion in context.rubric.criteria}
    hanging = (
        (by_id[condition.criterion], child)
        for child in context.rubric.criteria
        if isinstance(child, QuestionCriterion) and child.id in context.verdicts
        for condition in child.when
        if condition.outcome == Outcome.MET.value and condition.criterion in by_id
    )
    return {parent.id: verdict for parent, child in hanging if (verdict := _proved_by(parent, child, context)) is not None}


def _proved_by(parent: AnyCriterion, child: QuestionCriterion, context: Context) -> Verdict | None:
    """What a criterion that was not found becomes by one that hangs on it and was plainly asked right after something was told."""
    verdict = context.verdicts.get(parent.id)
    if verdict is None or verdict.outcome is not Outcome.NOT_MET:
        return None
    if not isinstance(parent, PhraseCriterion) or parent.party != "agent" or parent.meaning is None:
        return None
    place = plainly_asked(child, context)
    told = _told_before(place, context) if place is not None else None
    if told is None:
        return None
    chance = context.search.probability(parent.meaning, told.utterance) or 0.0
    evidence = context.search.utterance_evidence(told, parent.meaning.list, chance)
    return replace(verdict, outcome=Outcome.MET, reason_code="said_by_meaning", reason_args={}, evidence=(evidence,), occurrences=1)


def _told_before(place: int, context: Context) -> Utterance | None:
    """What the agent told in the turn in which a question was put, before it; None where the question is all that was said."""
    search = context.search
    asked = search.by_number[place]
    own = search.by_number.get(place - 1)
    if own is not None and own.role is asked.role and unit_count(own.text) >= _LEAST_TOLD:
        return own
    return asked if unit_count(asked.text) >= _LEAST_TOLD_AND_ASKED else None


def given_way(verdict: Verdict, deeds: tuple[int, ...], search: Search) -> Verdict:
    """What a contradicted reading becomes: what was taken for a no was none, what was taken for a wish was not said; what speaks against it is shown beside it."""
    if verdict.answer == _UNWILLING:
        return replace(verdict, answer=_WILLING, reason_args={**verdict.reason_args, "answer": _WILLING})
    against = tuple(search.utterance_evidence(search.by_number[deed], CONTRADICTED, 1.0, "heard") for deed in deeds[:_MOST_SHOWN])
    return replace(
        verdict, outcome=Outcome.NOT_MET, reason_code=CONTRADICTED, evidence=(*(as_heard(e) for e in verdict.evidence), *against), occurrences=0,
        otherwise=None,
    )  # fmt: skip


def _may_give_way(name: str, by_id: Mapping[str, Criterion], context: Context) -> bool:
    """Whether a reading is of a few words: a wish or a refusal found in the customer's, that it was no good moment, or one of several such things."""
    criterion, verdict = by_id[name], context.verdicts[name]
    if isinstance(criterion, CombinationCriterion):
        return criterion.check == "any" and verdict.outcome is Outcome.MET
    if _is_customers(criterion):
        return verdict.outcome is Outcome.MET
    return isinstance(criterion, QuestionCriterion) and verdict.answer == _UNWILLING and _WILLING in criterion.answers


def _signs(name: str, by_id: Mapping[str, Criterion], context: Context) -> tuple[Evidence, ...]:
    """The words that a reading was found by."""
    criterion = by_id[name]
    names = criterion.of if isinstance(criterion, CombinationCriterion) else (name,)
    return tuple(e for name in names if context.verdicts[name].outcome is Outcome.MET for e in context.verdicts[name].evidence)


def _since(name: str, by_id: Mapping[str, Criterion], context: Context) -> int:
    """From which utterance on a deed counts: from the sign on where it was said in so many words, since people change their minds; anywhere where it was only
    meant, or was said to the agent's own question.
    """
    criterion = by_id[name]
    if context.verdicts[name].answer == _UNWILLING:
        return max((e.utterance for e in context.verdicts[name].evidence if e.kind == "answer"), default=0)
    parts = criterion.of if isinstance(criterion, CombinationCriterion) else (name,)
    signs = [
        e.utterance
        for part in parts
        if (verdict := context.verdicts[part]).outcome is Outcome.MET and verdict.reason_code == "said" and _is_customers(by_id[part])
        for e in verdict.evidence
    ]
    return min(signs, default=0)


def _is_customers(criterion: Criterion) -> bool:
    return isinstance(criterion, PhraseCriterion) and criterion.party == "customer"


def _overlap(one: Evidence, other: Evidence, context: Context) -> bool:
    """Whether two pieces of evidence are the same words, or some of them."""
    if one.utterance != other.utterance:
        return False
    text = context.search.by_number[one.utterance].text
    start, begins = text.find(one.text), text.find(other.text)
    return start < begins + len(other.text) and begins < start + len(one.text)


def _root(name: str, by_id: dict[str, Criterion], context: Context) -> str | None:
    """The criterion whose reading makes another not applicable, through whatever lies between; None where it is none, or not this alone."""
    verdict = context.verdicts[name]
    follows = verdict.outcome is Outcome.NOT_APPLICABLE and verdict.reason_code in ("condition", "parent")
    # What was asked all the same speaks against the reading as well.
    above = next((of for what, of in (verdict.rests_on if follows else verdict.despite) if what == "criterion"), None)
    if above is None:
        return None
    parent = context.verdicts[above]
    if parent.outcome is Outcome.NOT_APPLICABLE:
        return _root(above, by_id, context)
    if any(c.criterion == above and c.outcome == Outcome.NOT_APPLICABLE.value for c in by_id[name].when):
        # What applies only because of an answer: the answer is what counts.
        answered = [c.criterion for c in by_id[above].when if c.criterion and c.answers]
        return answered[0] if len(answered) == 1 else None
    return above


def _plainly_done(criterion: AnyCriterion, context: Context, *, is_meant: bool = False) -> Iterator[Evidence]:
    """The words by which what a criterion asks for was plainly done; nothing where it was not, or may be something else. `is_meant`: what it speaks against was only
    meant, so that meaning it is enough.
    """
    if isinstance(criterion, CombiningCriterion):
        if criterion.check == "any":
            yield from (e for name in criterion.of for e in _plainly_found(name, context))
        return
    if not isinstance(criterion, SearchingCriterion) or context.search.language not in context.languages[criterion.id]:
        return
    if isinstance(criterion, QuestionCriterion | SurveyCriterion):
        if_meant = 0.0 if is_meant else _SURELY_MEANS
        if (place := plainly_asked(criterion, context, if_meant=if_meant)) is not None:
            yield context.search.utterance_evidence(context.search.by_number[place], CONTRADICTED, 1.0)
        return
    is_repeated = isinstance(criterion, CaptureCriterion) and criterion.repeats
    if criterion.check in ("phrase", "semantic", "capture") and not (is_repeated and not context.verdicts[str(is_repeated)].captures):
        yield from _plain(criterion, CHECKS[criterion.check](criterion, context), context)


def _plainly_found(name: str, context: Context) -> Iterator[Evidence]:
    """The same of a part that was judged already."""
    criterion = next(c for c in context.rubric.criteria if c.id == name)
    if isinstance(criterion, SearchingCriterion):
        yield from _plain(criterion, context.verdicts[name], context)


def _plain(criterion: SearchingCriterion, said: Verdict, context: Context) -> Iterator[Evidence]:
    if said.outcome is not Outcome.MET or said.otherwise is not None:
        return
    for e in said.evidence:
        chance = context.search.probability(criterion.meaning, e.utterance) if criterion.meaning else None
        is_worded = said.reason_code == "said" and e.similarity >= _AS_WORDED
        least = _MAY_MEAN if is_worded else _SURELY_MEANS
        is_told = isinstance(criterion, CaptureCriterion) or (is_worded if chance is None else chance >= least)
        if e.kind == "hit" and is_told:
            yield e
