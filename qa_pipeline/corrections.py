"""Corrections of stored calls that take effect at once: who is the agent, by a reviewer; what is a recording, by repetition over calls.

What the commands `swap-roles` and `announcements` drive. Either keeps a decision, writes the conversation with its roles put right, and scores it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.announcements import Announcement, Played, announcements_in, find_announcements, played_in
from qa_pipeline.conversation.correct import RoleCorrection, corrected_id, middle_of, swap
from qa_pipeline.engine import corrected, new_run_id
from qa_pipeline.errors import InputRefused
from qa_pipeline.rescoring import RescoreSummary, Selection, plan_rescoring, rescore
from qa_pipeline.results.decisions import (
    PLAYS,
    REPETITION,
    SPEAKS,
    all_role_corrections,
    keep_announcements,
    keep_role_swap,
    refused_announcements,
    role_corrections,
)
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
    percent_before = _percent(store, call_id)
    keep_role_swap(store, current, correction, author=author, reason=reason)
    (after,), summary = _put_right(store, settings, rubrics, [current])
    return Swap(before=current, after=after, rescored=summary, percent_before=percent_before, percent_after=_percent(store, call_id))


def _current(store: Store, call_id: str) -> Conversation:
    found = rows(store, f"select conversation_id from current_calls where call_id = {sql_text(call_id)}")
    if not found:
        raise InputRefused(
            f"There is no call {call_id!r} in the results.", advice="`qa-pipeline report` lists the calls; give --results ROOT."
        )
    return store.load_conversations([found[0]["conversation_id"]])[0]


def _put_right(
    store: Store, settings: Settings, rubrics: Mapping[str, Rubric], current: Sequence[Conversation]
) -> tuple[list[Conversation], RescoreSummary]:
    """Write conversations as the decisions about them have it now, and score them again."""
    holds = role_corrections(store)
    after = [corrected(heard, holds.get(heard.call.call_id), settings) for heard in _as_heard(store, current)]
    store.write_conversations(after, run_id=new_run_id(datetime.now(UTC)))
    plan = plan_rescoring(store, rubrics, select=Selection(call_ids=tuple(c.call.call_id for c in after)), purpose="official")
    return after, rescore(plan, settings, store, rubrics, workers=1)


def _as_heard(store: Store, current: Sequence[Conversation]) -> list[Conversation]:
    """The conversations before anything corrected them, in the same order."""
    kept = all_role_corrections(store)
    of_call: dict[str, list[str]] = {}
    for name, owner in store.conversation_ids().items():
        of_call.setdefault(owner, []).append(name)
    origins: dict[str, str] = {}
    for conversation in current:
        call_id = conversation.call.call_id
        for correction in kept.get(call_id, ()):
            origins |= {corrected_id(name, correction): name for name in of_call.get(call_id, ())}
    wanted = [origins.get(c.conversation_id, c.conversation_id) for c in current]
    heard = {c.conversation_id: c for c in store.load_conversations(wanted)}
    return [heard[name] for name in wanted]


def _percent(store: Store, call_id: str) -> float | None:
    found = rows(store, f"select percent from current_scores where call_id = {sql_text(call_id)}")
    return found[0]["percent"] if found else None


# --- recordings, by repetition ---------------------------------------------------------------------------------------------------------

# Of so many of the newest calls, what repeats is found; and so many calls are put right in one commit.
_COMPARED_CALLS = 2_000
_LOT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Announcements found, and the calls in which something was somebody's words until now, by announcement. `failed`: calls that could not be scored again."""

    announcements: tuple[Announcement, ...]
    calls: Mapping[str, tuple[str, ...]]
    failed: int = 0

    @property
    def changed(self) -> int:
        """Calls whose roles change."""
        return len({call_id for several in self.calls.values() for call_id in several})


def mark_announcements(
    store: Store, settings: Settings, rubrics: Mapping[str, Rubric], *, since: datetime | None = None, is_trial: bool = False
) -> Recorded:
    """Find what plays word for word and in one rhythm in several calls, and make it nobody's words; score those calls again.

    The newest two thousand calls are compared with each other; in those heard after `since` (or in these) it is marked. `is_trial`: only say what would be.
    What somebody has called a person's words (`refuse_announcement`) stays that, in all calls.
    """
    least = settings.announcement_calls
    newest = rows(
        store, "select conversation_id, processed_at from current_calls where layout <> 'text' order by processed_at desc, conversation_id"
    )
    compared = [row["conversation_id"] for row in newest[:_COMPARED_CALLS]]
    wanted = [row["conversation_id"] for row in newest if since is not None and row["processed_at"] >= since] if since else compared
    if not least or len(compared) < least or not wanted:
        return Recorded(announcements=(), calls={})
    refused = refused_announcements(store)
    played = [played_in(c) for c in _stream(store, compared)]
    known = [one for one in find_announcements(played, least_calls=least) if not _is_refused(one, played, refused)]
    if not known:
        return Recorded(announcements=(), calls={})
    calls: dict[str, list[str]] = {}
    failed = 0
    several = _stream(store, wanted)
    while lot := list(islice(several, _LOT)):
        found = [(c, middle_of(u), one) for c in lot for u, one in announcements_in(played_in(c), known) if u.role is not Role.OTHER]
        for conversation, _, one in found:
            calls.setdefault(one.text, []).append(conversation.call.call_id)
        if found and not is_trial:
            reasons = [(c, moment, f"the same words in the same rhythm in {one.calls} calls") for c, moment, one in found]
            keep_announcements(store, reasons, outcome=PLAYS, author=REPETITION)
            _, summary = _put_right(store, settings, rubrics, list({c.conversation_id: c for c, _, _ in found}.values()))
            failed += len(summary.failures)
    return Recorded(announcements=tuple(known), calls={text: tuple(dict.fromkeys(ids)) for text, ids in calls.items()}, failed=failed)


def refuse_announcement(store: Store, settings: Settings, rubrics: Mapping[str, Rubric], call_id: str, *, author: str | None) -> int:
    """Say that what was marked as recorded in a call is a person's words: there and in every call that has it. Returns how many calls changed.

    Raises InputRefused when nothing is marked in that call.
    """
    holds = role_corrections(store)
    current = _current(store, call_id)
    marked = holds.get(call_id, RoleCorrection()).announcements
    if not marked:
        raise InputRefused(f"Nothing in call {call_id!r} is marked as a recording.", advice="`qa-pipeline announcements` lists what is.")
    said = [one for utterance, one in played_in(current).candidates if middle_of(utterance) in marked]
    named = [call for call, correction in holds.items() if correction.announcements]
    identities = rows(store, f"select conversation_id from current_calls where call_id in ({', '.join(map(sql_text, named))})")
    changed = 0
    several = _stream(store, [row["conversation_id"] for row in identities])
    while lot := list(islice(several, _LOT)):
        found = [
            (c, middle_of(u), "a person speaks")
            for c in lot
            for u, _ in announcements_in(played_in(c), said)
            if middle_of(u) in holds[c.call.call_id].announcements
        ]
        if found:
            keep_announcements(store, found, outcome=SPEAKS, author=author)
            after, _ = _put_right(store, settings, rubrics, list({c.conversation_id: c for c, _, _ in found}.values()))
            changed += len(after)
    return changed


def _is_refused(one: Announcement, played: Iterable[Played], refused: Mapping[str, set[int]]) -> bool:
    return any(
        middle_of(u) in refused[call.call_id] for call in played if call.call_id in refused for u, _ in announcements_in(call, [one])
    )


def _stream(store: Store, ids: Sequence[str]) -> Iterator[Conversation]:
    for lot in store.stream(ids, with_vectors=False):
        yield from lot
