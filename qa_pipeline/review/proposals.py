"""What a decision teaches: a moment of a call put on the trainer's desk, as a case of a criterion or as words for its `like` or `unlike` list.

A reviewer adds one, out of an override or of anything heard; a trainer lists them and accepts or refuses each. Accepting writes nothing into a rubric:
that is the trainer's page, which calls `settle` once it has. Nothing is deleted but with its call (forgetting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import find_call, require_seen
from qa_pipeline.reading.viewer import Matter, Role, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.tables import audit, proposals

MOST_WORDS = 2_000
"""Characters of the words of a proposal at most: a case is a moment, not a call."""
_PROPOSING = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER})


class Teaches(StrEnum):
    """What a proposal would become."""

    CASE = "case"
    """A case beside the rubric: these words, and how the criterion comes out."""
    LIKE = "like"
    """Words that mean what the criterion looks for."""
    UNLIKE = "unlike"
    """Words that sound so and do not mean it."""


class State(StrEnum):
    """Where a proposal is."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One proposal. `words`: None once retention took them; `outcome`: how the criterion should come out there, for a case.

    `start_ms`, `end_ms`: the moment, None in a call without times; `utterance`: its number. `decision_id`: the override that it comes from, if any.
    """

    proposal: int
    kind: Teaches
    state: State
    call_id: str
    conversation_id: str
    rubric_id: str
    rubric_version: int
    criterion_id: str
    words: str | None
    outcome: Outcome | None
    utterance: int | None
    start_ms: int | None
    end_ms: int | None
    decision_id: str | None
    note: str | None
    author: str | None
    account: int | None
    at: datetime
    settled_by: str | None
    settled_at: datetime | None
    settled_reason: str | None


def propose(
    desk: Desk,
    viewer: Viewer,
    call_id: str,
    kind: Teaches,
    *,
    criterion_id: str,
    words: str,
    outcome: Outcome | None = None,
    utterance: int | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    decision_id: str | None = None,
    note: str | None = None,
) -> Proposal:
    """Put a moment of a call on the trainer's desk. The same again, while it waits, is the one that is there.

    Raises InputRefused for a call that is not theirs to see or has no score, for no words or too many, for a case without an outcome; AccessRefused for
    who proposes nothing.
    """
    call = find_call(desk.engine, viewer, call_id, matter=Matter.WORDS)
    _may(viewer, _PROPOSING, "propose")
    if call.rubric_id is None or call.rubric_version is None:
        raise InputRefused(f"Call {call_id} has no score.", advice="A proposal is about a criterion; score the call first.")
    words = words.strip()
    if not 0 < len(words) <= MOST_WORDS:
        raise InputRefused(f"The words have {len(words)} characters.", advice=f"Mark 1 to {MOST_WORDS:,} of them.")
    if kind is Teaches.CASE and outcome is None:
        raise InputRefused("It is not said how the criterion comes out in this case.", advice="Choose an outcome.")
    now = as_text(datetime.now(UTC))
    with writing(desk.engine) as connection:
        there = connection.execute(
            select(proposals.c.proposal).where(
                proposals.c.call_id == call_id,
                proposals.c.criterion_id == criterion_id,
                proposals.c.kind == kind.value,
                proposals.c.words == words,
                proposals.c.state == State.WAITING.value,
            )
        ).scalar_one_or_none()
        if there is not None:
            return _read(connection, there)
        made = insert(proposals).values(
            kind=kind.value,
            state=State.WAITING.value,
            criterion_id=criterion_id,
            words=words,
            outcome=outcome.value if outcome else None,
            utterance=utterance,
            start_ms=start_ms,
            end_ms=end_ms,
            decision_id=decision_id,
            note=(note or "").strip() or None,
            author=viewer.name,
            account=viewer.account,
            at=now,
            **_of_call(call),
        )
        number = int(connection.execute(made.returning(proposals.c.proposal)).scalar_one())
        _put_on_record(connection, viewer, "proposed", call_id, number, now)
        return _read(connection, number)


def list_proposals(
    desk: Desk,
    viewer: Viewer,
    *,
    state: State | None = State.WAITING,
    rubric_id: str | None = None,
    call: CallLine | None = None,
    skip: int = 0,
    size: int = 50,
) -> Sequence[Proposal]:
    """Proposals, the newest first: all for a trainer, for others those about one call that they see. `state` None: whatever their state.

    `call`: as `find_call` found it for the same viewer. Raises AccessRefused, and InputRefused as `find_call`.
    """
    if call is None:
        _may(viewer, frozenset({Role.TRAINER}), "see proposals")
    else:
        require_seen(viewer, call, Matter.WORDS)
        _may(viewer, _PROPOSING, "see proposals")
    which = {"state": state, "rubric_id": rubric_id, "call_id": call.call_id if call else None}
    given = {name: value for name, value in which.items() if value is not None}
    with desk.engine.connect() as connection:
        rows = connection.execute(_listed(*given), given | {"skip": skip, "size": size}).mappings()
        return [_proposal(dict(row)) for row in rows]


@cache
def _listed(*given: str) -> Select[Any]:
    """Proposals, the newest first, by the columns that are given."""
    asked = select(proposals).where(*(proposals.c[name] == bindparam(name) for name in given))
    return asked.order_by(proposals.c.proposal.desc()).offset(bindparam("skip")).limit(bindparam("size"))


def count_waiting(desk: Desk, viewer: Viewer) -> dict[str, int]:
    """How many proposals wait, by rubric. Raises AccessRefused for who is no trainer."""
    _may(viewer, frozenset({Role.TRAINER}), "see proposals")
    asked = (
        select(proposals.c.rubric_id, func.count().label("waiting"))
        .where(proposals.c.state == State.WAITING.value)
        .group_by(proposals.c.rubric_id)
    )
    with desk.engine.connect() as connection:
        return {row.rubric_id: row.waiting for row in connection.execute(asked.order_by(proposals.c.rubric_id))}


def find_proposal(desk: Desk, viewer: Viewer, number: int) -> Proposal:
    """One proposal. Raises AccessRefused for who is no trainer, InputRefused where there is none of that number."""
    _may(viewer, frozenset({Role.TRAINER}), "see proposals")
    with desk.engine.connect() as connection:
        return _read(connection, number)


def settle(desk: Desk, viewer: Viewer, number: int, *, is_accepted: bool, reason: str | None = None) -> Proposal:
    """Accept or refuse a proposal. A refusal says why, so that whoever proposed it learns something.

    Raises Conflict where somebody settled it before, InputRefused for a refusal without a reason, AccessRefused for who is no trainer.
    """
    _may(viewer, frozenset({Role.TRAINER}), "settle proposals")
    reason = (reason or "").strip() or None
    if not is_accepted and reason is None:
        raise InputRefused("The reason is empty.", advice="Say why the proposal is refused; whoever made it sees it.")
    now = as_text(datetime.now(UTC))
    with writing(desk.engine) as connection:
        there = _read(connection, number)
        if there.state is not State.WAITING:
            raise Conflict(f"{there.settled_by or 'Somebody'} has {there.state} this proposal already.", advice="Look at the list again.")
        state = State.ACCEPTED if is_accepted else State.REFUSED
        changed = update(proposals).where(proposals.c.proposal == number)
        connection.execute(changed.values(state=state.value, settled_by=viewer.name, settled_at=now, settled_reason=reason))
        _put_on_record(connection, viewer, f"{state.value} a proposal", there.call_id, number, now)
        return _read(connection, number)


def _of_call(call: CallLine) -> dict[str, Any]:
    return {name: getattr(call, name) for name in ("call_id", "conversation_id", "rubric_id", "rubric_version")}


def _may(viewer: Viewer, roles: frozenset[Role], what: str) -> None:
    if not (viewer.is_local or viewer.roles & roles):
        raise AccessRefused(f"{viewer.name} may not {what}.", advice=f"It is for a {' or '.join(sorted(roles))} (docs/review.md).")


def _put_on_record(connection: Connection, viewer: Viewer, did: str, call_id: str, number: int, at: str) -> None:
    values = {"at": at, "who": viewer.name, "account": viewer.account, "did": did, "call_id": call_id, "about": str(number)}
    connection.execute(insert(audit).values(values))


def _read(connection: Connection, number: int) -> Proposal:
    row = connection.execute(select(proposals).where(proposals.c.proposal == number)).mappings().one_or_none()
    if row is None:
        raise InputRefused(f"There is no proposal {number}.", advice="It went with its call; look at the list again.")
    return _proposal(dict(row))


def _proposal(row: dict[str, Any]) -> Proposal:
    values = {field.name: row[field.name] for field in fields(Proposal)}
    values |= {"kind": Teaches(row["kind"]), "state": State(row["state"]), "at": from_text(row["at"])}
    values["outcome"] = None if row["outcome"] is None else Outcome(row["outcome"])
    values["settled_at"] = None if row["settled_at"] is None else from_text(row["settled_at"])
    return Proposal(**values)
