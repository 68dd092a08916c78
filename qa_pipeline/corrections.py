"""Corrections by people that take effect at once: who is the agent. What the `swap-roles` command drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.correct import RoleCorrection, corrected_id, swap
from qa_pipeline.engine import corrected, new_run_id
from qa_pipeline.errors import InputRefused
from qa_pipeline.rescoring import RescoreSummary, Selection, plan_rescoring, rescore
from qa_pipeline.results.decisions import all_role_corrections, keep_role_swap
from qa_pipeline.results.query import rows
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What came of a correction. `before`, `after`: the conversation that counted and the one that counts; percent: of the official scores."""

    before: Conversation
    after: Conversation
    rescored: RescoreSummary
    percent_before: float | None
    percent_after: float | None

    @property
    def agent(self) -> str:
        """The voice or track that is the agent's now."""
        return next((u.speaker for u in self.after.utterances if u.role is Role.AGENT), "nobody")


def swap_roles(
    store: Store,
    settings: Settings,
    rubrics: Mapping[str, Rubric],
    call_id: str,
    *,
    agent: str | None = None,
    author: str | None = None,
    reason: str | None = None,
) -> Swap:
    """Make the other party of a stored call the agent (or the voice `agent`), keep that as a decision, and score the call again.

    Raises InputRefused when there is no such call, or it is not clear who is meant.
    """
    current = _current(store, call_id)
    correction = swap(current, agent=agent)
    heard = _as_heard(store, current)
    percent_before = _percent(store, call_id)
    keep_role_swap(store, current, correction, author=author, reason=reason)
    after = corrected(heard, correction, settings)
    store.write_conversations([after], run_id=new_run_id(datetime.now(UTC)))
    plan = plan_rescoring(store, rubrics, select=Selection(call_ids=(call_id,)), purpose="official")
    summary = rescore(plan, settings, store, rubrics, workers=1)
    return Swap(before=current, after=after, rescored=summary, percent_before=percent_before, percent_after=_percent(store, call_id))


def _current(store: Store, call_id: str) -> Conversation:
    found = rows(store, f"select conversation_id from current_calls where call_id = {sql_text(call_id)}")
    if not found:
        raise InputRefused(
            f"There is no call {call_id!r} in the results.", advice="`qa-pipeline report` lists the calls; give --results ROOT."
        )
    return store.load_conversations([found[0]["conversation_id"]])[0]


def _as_heard(store: Store, current: Conversation) -> Conversation:
    """The conversation before anybody corrected it."""
    call_id = current.call.call_id
    ids = {name for name, owner in store.conversation_ids().items() if owner == call_id}
    kept: list[RoleCorrection] = all_role_corrections(store).get(call_id, [])
    origin = {corrected_id(name, correction): name for name in ids for correction in kept}
    name = origin.get(current.conversation_id)
    return store.load_conversations([name])[0] if name in ids and name is not None else current


def _percent(store: Store, call_id: str) -> float | None:
    found = rows(store, f"select percent from current_scores where call_id = {sql_text(call_id)}")
    return found[0]["percent"] if found else None
