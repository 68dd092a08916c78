"""What was decided about calls: rows of `decisions`, only ever added."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.correct import ANNOUNCEMENT, ROLE_SWAP, WORD_CORRECTION, Correction, WordChange
from qa_pipeline.results.heard import Row
from qa_pipeline.results.store import Store

# Outcomes of decisions on announcements: it plays at that moment, or somebody speaks after all.
PLAYS, SPEAKS = "plays", "speaks"
TAKE_BACK = "take_back"
CORRECTIONS = (ROLE_SWAP, ANNOUNCEMENT, WORD_CORRECTION)
"""Kinds of decisions that put a conversation right."""
REPETITION = "repetition"
"""Author of what nobody decided but what repetition over calls proved."""


def keep_role_swap(store: Store, conversation: Conversation, correction: Correction, *, author: str | None, reason: str | None) -> str:
    """Keep that the agent speaks at a moment of a call. Returns the decision's id."""
    (decision_id,) = _keep(
        store, [_row(conversation.call.call_id, conversation.conversation_id, ROLE_SWAP, "agent", correction.moment_ms, author, reason)]
    )
    return decision_id


def keep_announcements(store: Store, moments: Iterable[tuple[str, str, int, str]], *, outcome: str, author: str | None) -> None:
    """Keep that at a moment of a call a recording plays, or that somebody speaks (`outcome`). `moments`: call, conversation, moment in ms, reason."""
    _keep(
        store, [_row(call, conversation, ANNOUNCEMENT, outcome, moment, author, reason) for call, conversation, moment, reason in moments]
    )


def role_corrections(store: Store) -> dict[str, Correction]:
    """What holds now for each call of which anything was put right, by call_id."""
    return {call_id: corrections[-1] for call_id, corrections in all_role_corrections(store).items()}


def all_role_corrections(store: Store) -> dict[str, list[Correction]]:
    """What held for each call after each decision that put something right, by call_id, in order of time."""
    by_call: dict[str, list[Row]] = {}
    for row in _decisions(store):
        by_call.setdefault(row["call_id"], []).append(row)
    return {call_id: list(corrections_after_each(rows)) for call_id, rows in by_call.items()}


def corrections_after_each(rows: Sequence[Row]) -> Iterator[Correction]:
    """What held after each of the decisions about one call that put something right or took that back; rows in order of time."""
    for upto in range(1, len(rows) + 1):
        taken = {row["about"] for row in rows[:upto] if row["kind"] == TAKE_BACK}
        held = Correction()
        for row in rows[:upto]:
            if row["decision_id"] not in taken:
                held = _then(held, row)
        yield held


def _then(held: Correction, row: Row) -> Correction:
    moment = row["moment_ms"]
    if row["kind"] == ROLE_SWAP:
        return replace(held, moment_ms=moment)
    # Whose words are gone by retention puts none right any more.
    if row["kind"] == WORD_CORRECTION and row["before"] is not None:
        return replace(held, words=(*held.words, WordChange(moment_ms=moment, before=row["before"], after=row["after"])))
    if row["kind"] == ANNOUNCEMENT:
        others = tuple(m for m in held.announcements if m != moment)
        return replace(held, announcements=(*others, moment) if row["outcome"] == PLAYS else others)
    return held


def refused_announcements(store: Store) -> dict[str, set[int]]:
    """Moments at which somebody said that no recording plays, by call_id."""
    found: dict[str, set[int]] = {}
    for row in _decisions(store):
        if row["kind"] == ANNOUNCEMENT:
            (set.add if row["outcome"] == SPEAKS else set.discard)(found.setdefault(row["call_id"], set()), row["moment_ms"])
    return {call_id: moments for call_id, moments in found.items() if moments}


def _decisions(store: Store) -> list[Row]:
    """Decisions that put something right, and those that take any back, in order of time."""
    columns = ["decision_id", "call_id", "kind", "outcome", "moment_ms", "before", "after", "about", "at"]
    rows = store.read("decisions", columns=columns).to_pylist()
    ours = {row["decision_id"] for row in rows if row["kind"] in CORRECTIONS}
    return sorted((row for row in rows if row["decision_id"] in ours or row["about"] in ours), key=lambda row: row["at"])


def _keep(store: Store, rows: Sequence[Row]) -> list[str]:
    if rows:
        # Within the lock: whoever is committed later has the later time, and the latest decision is the one in force.
        with store.lock:
            at = store.now("decisions", "at")
            store.write_rows("decisions", [{**row, "at": at + timedelta(microseconds=i)} for i, row in enumerate(rows)])
    return [row["decision_id"] for row in rows]


def _row(call_id: str, conversation_id: str, kind: str, outcome: str, moment_ms: int | None, author: str | None, reason: str | None) -> Row:
    return {
        "decision_id": uuid.uuid4().hex, "call_id": call_id, "conversation_id": conversation_id, "kind": kind, "outcome": outcome,
        "moment_ms": moment_ms, "author": author, "reason": reason,
    }  # fmt: skip
