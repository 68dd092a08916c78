"""What is a recording, by repetition over calls: kept as decisions, and the calls written with their roles put right and scored again.

What the command `announcements` drives. What a person puts right in one call is review/correcting.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.announcements import Announcement, announcements_in, find_announcements, is_same_recording, played_in
from qa_pipeline.conversation.correct import Correction, at_moment, corrected_id, middle_of
from qa_pipeline.conversation.put_right import put_right
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.stored import Selection, current_conversation, current_conversations, heard_lately
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.decisions import (
    PLAYS,
    REPETITION,
    SPEAKS,
    all_role_corrections,
    keep_announcements,
    refused_announcements,
    role_corrections,
)
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.rescoring import RescoreSummary, plan_rescoring, rescore
from qa_pipeline.running.run import Run, new_run_id
from qa_pipeline.settings import Settings

# So many calls are put right in one commit.
_LOT = 200


def _current(store: Store, call_id: str) -> Conversation:
    found = current_conversation(store, MACHINE, call_id)
    if found is None:
        raise InputRefused(
            f"There is no call {call_id!r} in the results.", advice="`qa-pipeline report` lists the calls; give --results ROOT."
        )
    return store.load_conversations([found])[0]


def _put_calls_right(store: Store, settings: Settings, rubrics: Mapping[str, Rubric], current: Mapping[str, str]) -> RescoreSummary:
    """Write calls as the decisions about them have it now, and score them again. `current`: call → the conversation that counts now."""
    decided = all_role_corrections(store)
    heard = _as_heard(store, current, decided)
    run_id = new_run_id()
    for first in range(0, len(heard), _LOT):
        conversations = store.load_conversations(heard[first : first + _LOT])
        store.write_conversations([put_right(c, decided[c.call.call_id][-1], settings) for c in conversations], run_id=run_id)
    run = Run(settings=settings, store=store, rubrics=rubrics)
    plan = plan_rescoring(run, select=Selection(call_ids=tuple(current)))
    # A few are scored in this process: beginning another takes longer.
    return rescore(plan, run, workers=0 if len(current) <= _LOT else None)


def _as_heard(store: Store, current: Mapping[str, str], decided: Mapping[str, Sequence[Correction]]) -> list[str]:
    """The conversations before anything corrected them. `current`: call → the conversation that counts now."""
    origins: dict[str, str] = {}
    for name, call_id in store.conversation_ids().items():
        if call_id in current:
            origins |= {corrected_id(name, correction): name for correction in decided[call_id]}
    return [origins.get(conversation_id, conversation_id) for conversation_id in current.values()]


# --- recordings, by repetition ---------------------------------------------------------------------------------------------------------

# Of so many of the newest calls, what repeats is found; what was refused is known by so many of the calls that had it.
_COMPARED_CALLS = 2_000
_REFUSED_CALLS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Announcements found, and the calls in which something was somebody's words until now, by announcement. `failed`: calls that could not be scored again."""

    announcements: tuple[Announcement, ...]
    calls: Mapping[str, tuple[str, ...]]
    failed: int = 0

    @property
    def changed(self) -> int:
        """Calls whose roles change."""
        return len({call_id for ids in self.calls.values() for call_id in ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Calls in which words are a person's again. `failed`: how many could not be scored again."""

    calls: tuple[str, ...]
    failed: int


def mark_announcements(
    store: Store, settings: Settings, rubrics: Mapping[str, Rubric], *, since: datetime | None = None, is_dry_run: bool = False
) -> Recorded:
    """Find what plays word for word and in one rhythm in several calls, and make it nobody's words; score those calls again.

    The newest two thousand calls are compared with each other; in these, and in all heard after `since`, it is marked. `is_dry_run`: only say what would be.
    What somebody has called a person's words (`refuse_announcement`) stays that, in all calls.
    """
    newest, least = heard_lately(store, MACHINE), settings.announcement_calls
    if not least or len(newest) < least:
        return Recorded(announcements=(), calls={})
    compared = [heard.conversation_id for heard in newest[:_COMPARED_CALLS]]
    later = [heard.conversation_id for heard in newest[_COMPARED_CALLS:] if since is not None and heard.processed_at >= since]
    played = [played_in(c) for c in store.stream_conversations(compared, with_vectors=False)]
    refused = _refused(store)
    known = [one for one in find_announcements(played, least_calls=least) if not any(is_same_recording(one, other) for other in refused)]
    if not known:
        return Recorded(announcements=(), calls={})
    current: dict[str, str] = {}
    calls: dict[str, dict[str, None]] = {}
    decided: list[tuple[str, str, int, str]] = []
    for call in chain(played, (played_in(c) for c in store.stream_conversations(later, with_vectors=False))):
        for utterance, one in announcements_in(call, known):
            if utterance.role is not Role.OTHER:
                current[call.call_id] = call.conversation_id
                calls.setdefault(one.text, {})[call.call_id] = None
                reason = f"the same words in the same rhythm in {one.calls} calls"
                decided.append((call.call_id, call.conversation_id, middle_of(utterance), reason))
    failed = 0
    if decided and not is_dry_run:
        keep_announcements(store, decided, outcome=PLAYS, author=REPETITION)
        failed = len(_put_calls_right(store, settings, rubrics, current).failures)
    return Recorded(announcements=tuple(known), calls={text: tuple(ids) for text, ids in calls.items()}, failed=failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A recording that is marked in calls: its words, and the calls, the last marked last."""

    text: str
    calls: tuple[str, ...]


def marked_announcements(store: Store) -> tuple[Marked, ...]:
    """What is marked as a recording in the thousand calls marked last, what plays most often first."""
    holds = {name: correction for name, correction in role_corrections(store).items() if correction.announcements}
    calls: dict[str, dict[str, None]] = {}
    for conversation in store.stream_conversations(_current_ids(store, list(holds)[-_REFUSED_CALLS:]), with_vectors=False):
        call_id = conversation.call.call_id
        for moment in holds[call_id].announcements:
            if spoken := at_moment(conversation, moment):
                calls.setdefault(spoken.text, {})[call_id] = None
    found = [Marked(text=text, calls=tuple(ids)) for text, ids in calls.items()]
    return tuple(sorted(found, key=lambda one: (-len(one.calls), one.text)))


def refuse_announcement(store: Store, settings: Settings, rubrics: Mapping[str, Rubric], call_id: str, *, author: str | None) -> Refused:
    """Say that what was marked as recorded in a call is a person's words: there and in every call that has it.

    Raises InputRefused when nothing is marked in that call.
    """
    holds = role_corrections(store)
    named = _current(store, call_id)
    marked = holds.get(call_id, Correction()).announcements
    if not marked:
        raise InputRefused(f"Nothing in call {call_id!r} is marked as a recording.", advice="`qa-pipeline announcements` lists what is.")
    # In the call itself whatever is marked, even if its words are not there any more.
    decided = [(call_id, named.conversation_id, moment, "a person speaks") for moment in marked]
    said = _said_at(named, marked)
    others = [name for name, correction in holds.items() if correction.announcements and name != call_id]
    for conversation in store.stream_conversations(_current_ids(store, others), with_vectors=False):
        moments = holds[conversation.call.call_id].announcements
        same = {u.utterance for u, _ in announcements_in(played_in(conversation), said)}
        decided += [
            (conversation.call.call_id, conversation.conversation_id, moment, "a person speaks")
            for moment in moments
            if (found := at_moment(conversation, moment)) and found.utterance in same
        ]
    keep_announcements(store, decided, outcome=SPEAKS, author=author)
    current = {name: conversation_id for name, conversation_id, _, _ in decided}
    return Refused(calls=tuple(current), failed=len(_put_calls_right(store, settings, rubrics, current).failures))


def _refused(store: Store) -> list[Announcement]:
    """What somebody has called a person's words, as it is heard in the newest of the calls that they named or that had it."""
    moments = refused_announcements(store)
    ids = _current_ids(store, list(moments)[-_REFUSED_CALLS:])
    return [
        one
        for conversation in store.stream_conversations(ids, with_vectors=False)
        for one in _said_at(conversation, moments[conversation.call.call_id])
    ]


def _said_at(conversation: Conversation, moments: Iterable[int]) -> list[Announcement]:
    found = {utterance.utterance for moment in moments if (utterance := at_moment(conversation, moment))}
    return [one for utterance, one in played_in(conversation).candidates if utterance.utterance in found]


def _current_ids(store: Store, call_ids: Sequence[str]) -> list[str]:
    return list(current_conversations(store, MACHINE, call_ids).values())
