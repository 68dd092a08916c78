"""Write what a person decides: one transaction, and the tables right after it, or soon where a server has somebody for that (Desk.tell).

The transaction holds the decision, the record of who did it, the call's effective score in the index and a note that the tables are to get it
(export.py). A process that dies before its end leaves nothing; one that dies after it leaves the note, and the next one writes what is missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert

from qa_pipeline.call import Outcome
from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import CallLine, known_line, set_effective
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.decisions import (
    Acknowledgement,
    Announcement,
    Answer,
    Calibration,
    Confirmation,
    Decision,
    Dispute,
    Note,
    Override,
    RoleSwap,
    Ruling,
    TakeBack,
    What,
    WordCorrection,
    as_row,
    as_text,
)
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveScore, Standing, effective, in_force
from qa_pipeline.review.export import tell_tables
from qa_pipeline.review.rule import require, require_in_time
from qa_pipeline.review.standing import closed_at, decisions_about, index_values, read_standing
from qa_pipeline.review.tables import audit, corrections_due, decisions, outbox
from qa_pipeline.rubric.criteria import Criterion

# A commit of the same call between reading and writing is rare; so often in a row it is something else.
_TRIES = 20
_NEEDS_CRITERION = (Override, Answer, Calibration)
_NEEDS_SCORE = (*_NEEDS_CRITERION, Confirmation, Dispute, Acknowledgement)
_NEEDS_REASON = (Override, Dispute, Ruling, Note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of it. `before`, `after`: the call's score as it counted and counts; None where it has none. `is_closed`: its period is, and stands."""

    decision: Decision
    before: EffectiveScore | None
    after: EffectiveScore | None
    is_closed: bool


def decide(
    desk: Desk,
    viewer: Viewer,
    call_id: str,
    what: What,
    *,
    criterion_id: str | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Decided:
    """Decide something about a call; it counts when this returns, in lists and pages; in the tables too, or as soon as they are told (Desk.tell).

    What puts a conversation right counts once it is made.

    `expected_version`: of the call's decisions when the person looked; Conflict says who decided what since. Raises InputRefused for what cannot be
    decided, AccessRefused for what is not theirs to decide.
    """
    for _ in range(_TRIES):
        with desk.engine.connect() as connection:
            call = known_line(connection, call_id)
        standing, closed = read_standing(desk, call), closed_at(desk, call)
        with writing(desk.engine) as connection:
            now = known_line(connection, call_id)
            # A commit came between: what was read is not what counts any more.
            if now.score_id != call.score_id:
                continue
            earlier = decisions_about(connection, call_id)
            if expected_version is not None and expected_version != (earlier[-1].version if earlier else 0):
                raise _conflict(call_id, expected_version, earlier)
            require(viewer, now, what, earlier)
            require_in_time(viewer, now, what, desk.dispute_days, datetime.now(UTC))
            decision = _decision(viewer, now, standing, what, earlier, criterion_id, reason, closed)
            before = effective(standing, earlier, closed) if standing else None
            after = effective(standing, [*earlier, decision], closed) if standing else None
            _write(connection, decision, after)
            if puts_right(what, earlier):
                note_due(connection, call_id)
        if not puts_right(what, earlier):
            # What puts a conversation right reaches the tables with the score that it makes (correcting.py).
            tell_tables(desk)
        return Decided(decision=decision, before=before, after=after, is_closed=closed is not None)
    raise Conflict(f"Call {call_id} is being scored again and again.", advice="Try again when the run is over.")


def answer_of(desk: Desk, call_id: str, criterion_id: str, found: str) -> Answer:
    """The answer that somebody means by an outcome or by a level of the criterion. Raises InputRefused for what is neither."""
    if found in set(Outcome):
        return Answer(outcome=Outcome(found))
    with desk.engine.connect() as connection:
        standing = read_standing(desk, known_line(connection, call_id))
    criteria = {f.criterion.id: f.criterion for f in standing.findings} if standing else {}
    credits = criteria[criterion_id].credits if criterion_id in criteria else {}
    if found not in credits:
        known = ", ".join(("met", "not_met", "not_applicable", *credits))
        raise InputRefused(f"{found!r} is no answer to {criterion_id}.", advice=f"There are: {known}.")
    return Answer(outcome=Outcome.MET if credits[found] > 0 else Outcome.NOT_MET, answer=found)


def puts_right(what: What, earlier: Sequence[Decision]) -> bool:
    """Whether the conversation changes by it, and so its score: somebody puts roles or words right, or takes that back."""
    if isinstance(what, TakeBack):
        return any(d.decision_id == what.about and puts_right(d.what, ()) for d in earlier)
    return isinstance(what, RoleSwap | WordCorrection | Announcement)


def note_due(connection: Connection, call_id: str) -> None:
    """Note that a call's conversation is to be made as decided (correcting.py)."""
    connection.execute(delete(corrections_due).where(corrections_due.c.call_id == call_id))
    connection.execute(insert(corrections_due).values(call_id=call_id))


def _write(connection: Connection, decision: Decision, after: EffectiveScore | None) -> None:
    connection.execute(insert(decisions).values(as_row(decision)))
    connection.execute(
        insert(audit).values(
            at=as_text(decision.at),
            who=decision.author,
            account=decision.account,
            did=decision.kind,
            call_id=decision.call_id,
            about=decision.decision_id,
        )
    )
    if after is not None:
        set_effective(connection, decision.call_id, index_values(after))
    connection.execute(insert(outbox).values(call_id=decision.call_id, decision_id=decision.decision_id, is_begun=False))


def _decision(
    viewer: Viewer,
    call: CallLine,
    standing: Standing | None,
    what: What,
    earlier: Sequence[Decision],
    criterion_id: str | None,
    reason: str | None,
    closed: datetime | None,
) -> Decision:
    """The decision with all that it is about. Raises InputRefused."""
    about = _about(what, earlier)
    if isinstance(what, Ruling) and about is not None:
        criterion_id = about.criterion_id
    reason = (reason or "").strip() or None
    if reason is None and isinstance(what, _NEEDS_REASON):
        raise InputRefused("The reason is empty.", advice="Say why with --reason; it is kept with the decision.")
    if criterion_id is None and isinstance(what, _NEEDS_CRITERION):
        raise InputRefused("It is not said which criterion is meant.", advice="Name it after the call.")
    if standing is None and isinstance(what, _NEEDS_SCORE):
        raise InputRefused(f"Call {call.call_id} has no score.", advice="No rubric applies to it; score it first.")
    digest = None
    if criterion_id is not None and standing is not None:
        found = next((f for f in standing.findings if f.criterion.id == criterion_id), None)
        if found is None:
            known = ", ".join(f.criterion.id for f in standing.findings)
            raise InputRefused(f"{standing.rubric.id} has no criterion {criterion_id!r}.", advice=f"There are: {known}.")
        digest = found.criterion_sha256
        what = _complete(what, standing, criterion_id, earlier, closed)
        _check_answer(what, found.criterion)
    at = datetime.now(UTC)
    # A clock that runs backwards changes no order.
    at = max(at, earlier[-1].at + timedelta(microseconds=1)) if earlier else at
    return Decision(
        decision_id=uuid.uuid4().hex,
        call_id=call.call_id,
        version=earlier[-1].version + 1 if earlier else 1,
        what=what,
        at=at,
        conversation_id=call.conversation_id,
        score_id=call.score_id,
        rubric_id=standing.rubric.id if standing else None,
        rubric_version=standing.rubric.version if standing else None,
        criterion_id=criterion_id,
        criterion_sha256=digest,
        author=viewer.name,
        account=viewer.account,
        reason=reason,
    )


def _about(what: What, earlier: Sequence[Decision]) -> Decision | None:
    """The decision that a ruling answers or a taking back withdraws. Raises InputRefused where it is none that can be."""
    if not isinstance(what, Ruling | TakeBack):
        return None
    holding = {d.decision_id: d for d in in_force(earlier)}
    about = holding.get(what.about)
    answered = {d.what.about for d in holding.values() if isinstance(d.what, Ruling)}
    if isinstance(what, Ruling) and (about is None or not isinstance(about.what, Dispute) or what.about in answered):
        waiting = [d.decision_id for d in holding.values() if isinstance(d.what, Dispute) and d.decision_id not in answered]
        raise InputRefused(f"{what.about} is no dispute that waits.", advice=f"Waiting: {', '.join(waiting) or 'none'}.")
    if isinstance(what, TakeBack):
        if about is None:
            raise InputRefused(
                f"{what.about} is no decision in force about this call.", advice="`qa-pipeline decisions CALL_ID` lists them."
            )
        if what.about in answered:
            raise InputRefused("The dispute was answered.", advice="Take the answer back first.")
    return about


def _complete(what: What, standing: Standing, criterion_id: str, earlier: Sequence[Decision], closed: datetime | None) -> What:
    """A confirmation, and the answer to a dispute that was rejected, with what stood: they hold even if the program comes to think otherwise."""
    is_rejected = isinstance(what, Ruling) and not what.is_upheld
    if not (is_rejected or isinstance(what, Confirmation)):
        if isinstance(what, Ruling) and what.outcome is None:
            raise InputRefused("It is not said what the criterion is instead.", advice="Give the outcome that is right.")
        return what
    stood = next(f for f in effective(standing, earlier, closed).findings if f.criterion.id == criterion_id)
    if isinstance(what, Ruling):
        return Ruling(about=what.about, is_upheld=False, outcome=stood.outcome, answer=stood.answer)
    return Confirmation(outcome=stood.outcome, answer=stood.answer)


def _check_answer(what: What, criterion: Criterion) -> None:
    answer = getattr(what, "answer", None)
    if answer is not None and answer not in (possible := criterion.possible_answers()):
        raise InputRefused(
            f"{answer!r} is no answer to {criterion.id}.", advice=f"There are: {', '.join(possible)}." if possible else "It has no answers."
        )
    if isinstance(what, Answer) and what.outcome is Outcome.UNDETERMINED:
        raise InputRefused("An answer says what was found.", advice="Leave the item open, or answer met, not_met or not_applicable.")


def _conflict(call_id: str, seen: int, earlier: Sequence[Decision]) -> Conflict:
    told = [
        f"{d.author or 'somebody'}: {d.kind.replace('_', ' ')}"
        + (f" of {d.criterion_id}" if d.criterion_id else "")
        + f" at {as_text(d.at)}"
        for d in earlier
        if d.version > seen
    ]
    return Conflict(
        f"Call {call_id} was decided about since it was looked at ({'; '.join(told)}).",
        advice="Look at it again, then decide what still is to be.",
    )
