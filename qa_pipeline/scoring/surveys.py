"""check: survey — one item of a questionnaire: was it asked, what was answered (yes/no, three levels, 1–10, a choice, free text), and why."""

from __future__ import annotations

from qa_pipeline.call import Outcome, Role, Utterance
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.criteria import SURVEY_ANSWERS, SurveyCriterion
from qa_pipeline.scoring.answers import asked_before, find_answer, polarity_of, replies_to
from qa_pipeline.scoring.marks_given import mark_given
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.said import asked, valid_hits
from qa_pipeline.scoring.verdict import Capture, Context, Verdict, search_window
from qa_pipeline.text.normalise import unit_count

_LEAST_TEXT_UNITS = 2


def check_survey(criterion: SurveyCriterion, context: Context) -> Verdict:
    """Asked → met, with the answer (`unclear` when none was understood) and captures; not asked → not met."""
    question = asked(criterion, context, _standard_answers(criterion))
    if question.outcome is not Outcome.MET:
        return question
    search = context.search
    asker = Role.CUSTOMER if criterion.party == "customer" else Role.AGENT
    answer: str | None = None
    evidence: tuple[Evidence, ...] = ()
    replies: list[Utterance] = []
    for asked_at in _askings(criterion, context, question):
        heard = replies_to(search.conversation, asked_at, asker)
        if criterion.answered == "ten":
            reply_answer, reply_evidence = mark_given(search, asked_at, asker, until=_next_item(criterion, context, asked_at))
        else:
            reply_answer, reply_evidence = _answer(criterion, search, heard, asked_before(search.conversation, asked_at, asker, heard))
        if reply_answer is not None or not replies:
            answer, evidence, replies = reply_answer, reply_evidence, heard
        if reply_answer is not None:
            break
    captures: list[Capture] = []
    if answer is not None and evidence:
        value = " ".join(u.text.strip() for u in replies) if criterion.answered == "text" else answer
        captures.append(
            Capture(name=criterion.id, value=value, value_type=criterion.answered, text=evidence[0].text, start_ms=evidence[0].start_ms)
        )
        if answer in criterion.reason_when and (reason := _reason(search, replies, evidence[0])):
            captures.append(
                Capture(name=f"{criterion.id}_reason", value=reason.text, value_type="text", text=reason.text, start_ms=reason.start_ms)
            )
            evidence = (*evidence, reason)
    return Verdict(
        outcome=Outcome.MET, reason_code=question.reason_code, reason_args={"answer": answer or "unclear"}, evidence=(*question.evidence, *evidence),
        searched=question.searched, answer=answer or "unclear", occurrences=1, captures=tuple(captures),
    )  # fmt: skip


def _askings(criterion: SurveyCriterion, context: Context, question: Verdict) -> list[int]:
    """Utterances in which the question is put: an announcement of it, or a question not understood, is followed by the question again. For a mark those
    that are another item's as well come last.
    """
    search = context.search
    first = [evidence.utterance for evidence in question.evidence if evidence.kind == "hit"]
    if question.searched is None:
        return first
    again = {hit.utterance for hit in search.hits(search.phrases(criterion.phrases), question.searched)}
    askings = [*first, *sorted(number for number in again if number > first[-1])]
    if criterion.answered != "ten" or len(askings) == 1:
        return askings
    others = [other for other in context.rubric.criteria if isinstance(other, SurveyCriterion) and other.id != criterion.id]
    shared = {number for other in others for number in _asked_in(other, criterion, context)}
    return sorted(askings, key=lambda number: (number in shared, number))


def _next_item(criterion: SurveyCriterion, context: Context, asked: int) -> int | None:
    """The utterance in which another item of the questionnaire is asked next: a mark given then is not for this one."""
    own = _asked_in(criterion, criterion, context)
    others = (other for other in context.rubric.criteria if isinstance(other, SurveyCriterion) and other.id != criterion.id)
    return min((number for other in others for number in _asked_in(other, criterion, context) - own if number > asked), default=None)


def _asked_in(item: SurveyCriterion, criterion: SurveyCriterion, context: Context) -> set[int]:
    """The utterances of a criterion's window in which an item is asked, in its words or by meaning."""
    search, everything = context.search, search_window(criterion, context)
    in_words = {hit.utterance for hit in valid_hits(search, item, item.phrases, everything)}
    return in_words | {utterance.utterance for utterance, _ in search.meaning_hits(item.meaning, everything)}


def _answer(
    criterion: SurveyCriterion, search: Search, replies: list[Utterance], asked: list[Utterance]
) -> tuple[str | None, tuple[Evidence, ...]]:
    if criterion.answered == "text":
        said = [u for u in replies if unit_count(u.text) >= _LEAST_TEXT_UNITS]
        return ("given" if said else None), tuple(search.utterance_evidence(u, "answer", 1.0, "answer") for u in said[:1])
    return find_answer(search, _standard_answers(criterion), replies, polarity_of(search, asked), asked=asked)


def _standard_answers(criterion: SurveyCriterion) -> dict[str, PhraseLists]:
    """The answers that a question of its kind has, with those of the criterion's own."""
    standard: dict[str, PhraseLists] = {name: {} for name in SURVEY_ANSWERS.get(criterion.answered, ())}
    return {**standard, **criterion.answers}


def _reason(search: Search, replies: list[Utterance], answered: Evidence) -> Evidence | None:
    """What the customer says beside and after the answer, until the asker goes on to something else."""
    own = next((u for u in replies if u.utterance == answered.utterance), None)
    if own is not None and unit_count(own.text) > unit_count(answered.text) + _LEAST_TEXT_UNITS:
        return search.utterance_evidence(own, "reason", 1.0, "answer")
    later = [u for u in replies if u.utterance > answered.utterance and unit_count(u.text) > _LEAST_TEXT_UNITS]
    if not later:
        asker = Role.AGENT if answered.role is Role.CUSTOMER else Role.CUSTOMER
        follow_up = next((u for u in search.conversation.utterances if u.utterance > answered.utterance and u.role is asker), None)
        if follow_up is None:
            return None
        later = [u for u in replies_to(search.conversation, follow_up.utterance, asker) if unit_count(u.text) > _LEAST_TEXT_UNITS]
    return search.utterance_evidence(later[0], "reason", 1.0, "answer") if later else None
