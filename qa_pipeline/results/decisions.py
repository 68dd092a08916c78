"""What people decided about calls: rows of `decisions`, only ever added."""

from __future__ import annotations

import uuid

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.correct import ROLE_SWAP, RoleCorrection
from qa_pipeline.results.store import Store


def keep_role_swap(store: Store, conversation: Conversation, correction: RoleCorrection, *, author: str | None, reason: str | None) -> str:
    """Keep that the agent speaks at a moment of a call. Returns the decision's id."""
    decision_id = uuid.uuid4().hex
    store.write_rows(
        "decisions",
        [
            {
                "decision_id": decision_id, "call_id": conversation.call.call_id, "conversation_id": conversation.conversation_id,
                "kind": ROLE_SWAP, "outcome": "agent", "moment_ms": correction.moment_ms, "author": author, "reason": reason,
                "at": store.now("decisions", "at"),
            }
        ],
    )  # fmt: skip
    return decision_id


def role_corrections(store: Store) -> dict[str, RoleCorrection]:
    """The newest correction of each call, by call_id."""
    return {call_id: several[-1] for call_id, several in all_role_corrections(store).items()}


def all_role_corrections(store: Store) -> dict[str, list[RoleCorrection]]:
    """Corrections of each call, by call_id, in order of time."""
    rows = store.read("decisions", columns=["call_id", "kind", "moment_ms", "at"]).to_pylist()
    found: dict[str, list[RoleCorrection]] = {}
    for row in sorted(rows, key=lambda row: row["at"]):
        if row["kind"] == ROLE_SWAP:
            found.setdefault(row["call_id"], []).append(RoleCorrection(moment_ms=row["moment_ms"]))
    return found
