"""check: ask — what a language model answered to a question, as far as words of the call prove it.

Comes in: a criterion, the conversation with its stored replies. Goes out: a verdict, or why there is none. Nobody is asked here: scoring is pure. What is put
to the model: prompts.py.

An answer counts where every quote stands to the letter in the line that it names, and one of them was said by the party asked about within what was searched.
That nothing was said needs no quote: there, what was searched stands for it. Of several wordings the answer that most of them give counts, and how many that
are is how sure it is.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from qa_pipeline.call import Outcome, Quote, Reply, Utterance
from qa_pipeline.rubric.asking import CANNOT_TELL, DOES_NOT_APPLY, WRITTEN, AskCriterion
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.prompts import Request, in_language, requests_of
from qa_pipeline.scoring.verdict import ROLES, Capture, Context, Verdict, as_causes, in_order, search_window
from qa_pipeline.scoring.windows import Searched
from qa_pipeline.text.normalise import unit_count

NOT_ASKED, SETTLED = "not_asked_yet", "settled"
# One word proves nothing: it stands in half of all lines. Chosen.
_FEWEST_UNITS = 2
# What stands where personal data or a name were hidden from the model.
_HIDDEN = re.compile(r"\[[a-z_]+\]")
_EDGES = " \t\n\r\"'“”„«»「」…"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    """What one wording came to over all stretches. `answer`: None where it counts for nothing, `why` then says so."""

    answer: str | None
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the replies to a question come to. `answer`: the one that counts, None where none does, and `why` then says so. `agreeing` of `asked` wordings give it;
    `evidence`: their quotes, of all wordings where no answer counts; `values`: what they copied.
    """

    answer: str | None
    agreeing: int
    asked: int
    evidence: tuple[Evidence, ...]
    why: str = ""
    values: tuple[str, ...] = ()


def check_ask(criterion: AskCriterion, context: Context) -> Verdict:
    """Met where the model's answer is one that meets, and proved; undetermined where it was not asked, cannot tell, contradicts itself or proves nothing."""
    searched = search_window(criterion, context)
    for name in criterion.settled_by:
        verdict = context.verdicts[name]
        if verdict.outcome is Outcome.MET:
            return Verdict(
                outcome=Outcome.MET, reason_code=SETTLED, reason_args={"by": name}, evidence=as_causes(verdict.evidence), searched=searched,
                occurrences=1, rests_on=(("criterion", name),),
            )  # fmt: skip
    question = in_language(criterion.question, context.search.language)
    given = answered(criterion, context, searched)
    if given is None:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code=NOT_ASKED, reason_args={"question": question}, searched=searched)
    if given.answer is None:
        return Verdict(
            outcome=Outcome.UNDETERMINED,
            reason_code=given.why,
            reason_args={"question": question},
            searched=searched,
            evidence=given.evidence,
        )
    return _verdict(criterion, question, given.answer, given, searched)


def answered(criterion: AskCriterion, context: Context, searched: Searched) -> Answered | None:
    """What the stored replies to a question come to; None where one of them is still to be asked."""
    votes = _votes(criterion, context, searched)
    if votes is None:
        return None
    counted = Counter(vote.answer for vote in votes if vote.answer is not None)
    answer, agreeing = counted.most_common(1)[0] if counted else (None, 0)
    if answer is None or 2 * agreeing <= len(votes):
        reasons = Counter(vote.why for vote in votes if vote.answer is None)
        why = "answers_differ" if len(counted) > 1 or not reasons else min(reasons, key=lambda why: (-reasons[why], why))
        return Answered(answer=None, agreeing=0, asked=len(votes), evidence=in_order({e for vote in votes for e in vote.evidence}), why=why)
    counting = [vote for vote in votes if vote.answer == answer]
    return Answered(
        answer=answer, agreeing=agreeing, asked=len(votes), evidence=in_order({e for vote in counting for e in vote.evidence}),
        values=tuple(vote.value for vote in counting if vote.value),
    )  # fmt: skip


def requests_open(criterion: AskCriterion, context: Context) -> list[Request]:
    """What must still be asked before a criterion that is not asked yet can be judged."""
    replies = _counting(criterion, context)
    asked = requests_of(criterion, context.search.conversation, search_window(criterion, context))
    return [request for request in asked if not any(request.is_answered_by(reply) for reply in replies)]


def _verdict(criterion: AskCriterion, question: str, answer: str, given: Answered, searched: Searched) -> Verdict:
    args = {"question": question, "answer": answer, "agreeing": str(given.agreeing), "asked": str(given.asked)}
    agreement = (given.agreeing, given.asked)
    if answer == DOES_NOT_APPLY:
        return Verdict(
            outcome=Outcome.NOT_APPLICABLE, reason_code="not_concerned", reason_args=args, searched=searched, agreement=agreement
        )
    is_met = answer in criterion.met_answers
    evidence = given.evidence
    captures: tuple[Capture, ...] = ()
    if given.values and evidence:
        value = Counter(given.values).most_common(1)[0][0]
        told = next((e for e in evidence if value in e.text), evidence[0])
        captures = (Capture(name=criterion.id, value=value, value_type="text", text=told.text, start_ms=told.start_ms),)
    return Verdict(
        outcome=Outcome.MET if is_met else Outcome.NOT_MET, reason_code="answered", reason_args=args, evidence=evidence, searched=searched,
        answer=answer, occurrences=1, captures=captures, agreement=agreement,
    )  # fmt: skip


def _votes(criterion: AskCriterion, context: Context, searched: Searched) -> list[_Vote] | None:
    """What each wording came to; None where one of them is still to be asked."""
    replies = _counting(criterion, context)
    by_phrasing: dict[int, list[_Vote]] = {}
    for request in requests_of(criterion, context.search.conversation, searched):
        reply = next((reply for reply in replies if request.is_answered_by(reply)), None)
        if reply is None:
            return None
        by_phrasing.setdefault(request.phrasing, []).append(_vote(reply, criterion, context, searched))
    return [_over_stretches(votes, criterion) for votes in by_phrasing.values()]


def _counting(criterion: AskCriterion, context: Context) -> list[Reply]:
    """Stored replies to the criterion's question by the model that counts."""
    models = {WRITTEN, context.answered_by}
    question = criterion.question_sha256
    return [r for r in context.search.conversation.replies if r.question_sha256 == question and r.model in models]


def _vote(reply: Reply, criterion: AskCriterion, context: Context, searched: Searched) -> _Vote:
    """One reply, as far as it is proved."""
    if reply.answer == CANNOT_TELL or (reply.answer == DOES_NOT_APPLY and not criterion.applies):
        return _Vote(answer=None, why="cannot_tell")
    if reply.answer in (DOES_NOT_APPLY, criterion.absent_answer):
        return _Vote(answer=reply.answer)
    if reply.answer not in criterion.possible_answers():
        return _Vote(answer=None, why="no_proof")
    evidence = _proof(reply, criterion, context, searched)
    if not evidence:
        return _Vote(answer=None, why="no_proof")
    value = (reply.value or "").strip(_EDGES) or None
    if criterion.answered == "value" and not (value and any(_stands_in(value, e.text) for e in evidence if e.kind == "hit")):
        return _Vote(answer=None, why="no_proof")
    return _Vote(answer=reply.answer, evidence=evidence, value=value)


def _over_stretches(votes: Sequence[_Vote], criterion: AskCriterion) -> _Vote:
    """One wording over all stretches: what was found in one of them counts, the best of several; that nothing was said only where it holds of all."""
    found = [vote for vote in votes if vote.answer not in (None, criterion.absent_answer, DOES_NOT_APPLY)]
    if found:
        return max(found, key=lambda vote: (vote.answer in criterion.met_answers, criterion.levels.get(vote.answer or "", 0.0)))
    doubtful = [vote for vote in votes if vote.answer is None]
    if doubtful:
        return doubtful[0]
    return next((vote for vote in votes if vote.answer == criterion.absent_answer), votes[0])


def _proof(reply: Reply, criterion: AskCriterion, context: Context, searched: Searched) -> tuple[Evidence, ...]:
    """The quotes as evidence; none where one of them does not stand in its line, or none was said by the party within what was searched."""
    evidence = []
    question = in_language(criterion.question, context.search.language)
    for quote in reply.quotes:
        utterance = context.search.by_number.get(quote.utterance)
        if utterance is None or not reply.first <= quote.utterance <= reply.last or not _is_quoted(quote, utterance):
            return ()
        is_partys = utterance.role in ROLES[criterion.party] and quote.utterance in searched.numbers
        text, start_ms, end_ms = _place(quote, utterance)
        evidence.append(
            Evidence(
                kind="hit" if is_partys else "answer",
                utterance=utterance.utterance,
                role=utterance.role,
                text=text,
                start_ms=start_ms,
                end_ms=end_ms,
                expected=question,
                similarity=1.0,
            )  # fmt: skip
        )
    return tuple(evidence) if any(e.kind == "hit" for e in evidence) else ()


def _place(quote: Quote, utterance: Utterance) -> tuple[str, int | None, int | None]:
    """The words quoted with their times; the whole utterance where it is written otherwise there, or nothing is known of single words."""
    wanted = quote.text.strip(_EDGES)
    start = utterance.text.find(wanted)
    if start < 0 or not utterance.words:
        return utterance.text.strip(), utterance.start_ms, utterance.end_ms
    ends = list(accumulate(len(word.text) for word in utterance.words))
    first, last = bisect_right(ends, start), bisect_left(ends, start + len(wanted))
    if last >= len(utterance.words):
        return utterance.text.strip(), utterance.start_ms, utterance.end_ms
    return wanted, utterance.words[first].start_ms, utterance.words[last].end_ms


def _is_quoted(quote: Quote, utterance: Utterance) -> bool:
    return _stands_in(quote.text, utterance.text) and (
        unit_count(quote.text) >= _FEWEST_UNITS or _plain(quote.text) == _plain(utterance.text)
    )


def _stands_in(quoted: str, text: str) -> bool:
    """Whether words stand in a text to the letter, whatever the spaces and the marks around them. Where something was hidden from the model, anything stands."""
    pieces = [piece for part in _HIDDEN.split(quoted) if (piece := _plain(part))]
    said, at = _plain(text), 0
    for piece in pieces:
        at = said.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return bool(pieces)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).strip(_EDGES)
