"""What stands in for listening: workers of the test's own process, and for tests of the isolation functions that real processes run."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from qa_pipeline.call import Call, Conversation, Layout
from qa_pipeline.conversation.listen import conversation_id, conversation_options
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.conversation.read import (
    assemble_sentences,
    known_duration_ms,
    reading_manifests,
    reading_options,
    text_conversation_id,
    unreadable,
)
from qa_pipeline.conversation.roles import assign_roles
from qa_pipeline.conversation.text_roles import tell_roles, with_agent
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import CallFailed, RecordingError, WorkerCrashed
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.running.isolation import Worker
from qa_pipeline.running.pace import Pace
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import manifests_digest

_settings: Settings | None = None


def start(settings: Settings, stage_folder: str) -> None:
    """Remember the settings, and make a conversation: what is loaded for the first takes longer than a slow machine's limit of a call in tests."""
    global _settings
    _settings = settings
    conversation("0:00 agent: 您好，方便吗？")
    conversation_options(settings), manifests_digest(settings)


def work(call: Call, dialogue: Dialogue | None = None) -> Conversation:
    """A conversation, or the misfortune that the call's id names. What came as text is read, without vectors."""
    assert _settings is not None
    if call.call_id.startswith("hang"):
        time.sleep(600)
    if call.call_id.startswith("crash"):
        os._exit(139)
    if call.call_id.startswith("once") and not os.path.exists(call.extra["marker"]):
        with open(call.extra["marker"], "w") as file:
            file.write("crashed")
        os._exit(139)
    if call.call_id.startswith("full"):
        raise OSError(errno.ENOSPC, "No space left on device")
    if call.call_id.startswith("flaky"):
        raise OSError(errno.EIO, "Input/output error")
    if call.call_id.startswith("bug"):
        raise ZeroDivisionError("何 the customer said")
    if call.call_id.startswith("alone"):
        # Fails if another such call is under way.
        with open(call.extra["marker"], "x"):
            time.sleep(0.3)
        os.unlink(call.extra["marker"])
    return outcome_of(call, dialogue, _settings)


def outcome_of(call: Call, dialogue: Dialogue | None, settings: Settings) -> Conversation:
    """What a call with nothing wrong but its file comes to."""
    if dialogue is not None:
        options, manifests = reading_options(settings), reading_manifests(settings)
        if dialogue.faults:
            raise unreadable(call, dialogue)
        unproved = assemble_sentences(with_agent(dialogue.lines, call), call.language)
        utterances, role_confidence = tell_roles(unproved, lambda: assign_roles(unproved, call))
        return replace(
            conversation("agent: nothing"),
            call=call,
            conversation_id=text_conversation_id(call, dialogue, options, manifests),
            utterances=utterances,
            duration_ms=known_duration_ms(dialogue.lines),
            layout=Layout.TEXT,
            role_confidence=role_confidence,
            metrics=measure((), 0),
            language=call.language,
        )
    if call.call_id.startswith("broken"):
        raise RecordingError("the file is broken.", advice="Copy it again.", call_id=call.call_id, stage="decode")
    made = conversation(
        "0:00 agent: 您好，我是尚德金融的小王，请问您现在方便吗？",
        "0:06 customer: 方便。",
        "0:08 agent: 谢谢您，再见。",
        direction="outbound",
    )
    identity = conversation_id(call, conversation_options(settings), manifests_digest(settings))
    return replace(made, call=call, conversation_id=identity)


FAKE = Worker(start=start, work=work)


def start_after_a_death(settings: Settings, stage_folder: str) -> None:
    """The first process that is begun dies before it has a call."""
    marker = settings.cache / "died"
    if not marker.exists():
        settings.cache.mkdir(parents=True, exist_ok=True)
        marker.write_text("died")
        os._exit(137)
    start(settings, stage_folder)


def start_never(settings: Settings, stage_folder: str) -> None:
    """No process ever gets as far as a call."""
    os._exit(137)


DIES_ONCE = Worker(start=start_after_a_death, work=work)
NEVER_BEGINS = Worker(start=start_never, work=work)


@contextmanager
def workers_here(settings: Settings, *, count: int | None = None) -> Iterator[WorkersHere]:
    """In the place of `WorkerProcesses`, for tests of what runs with processes of its own."""
    yield WorkersHere(settings)


class WorkersHere:
    """Workers without a process: quick, and for everything but the isolation as good. A call whose id begins with `crash` fails as a crash would."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def listen(
        self, calls: Sequence[Call], dialogues: Mapping[str, Dialogue] | None = None, *, pace: Pace | None = None
    ) -> Iterator[tuple[Call, Conversation | CallFailed]]:
        """Outcomes in the order of the calls, until the pace is over."""
        for call in calls:
            if pace is not None and pace.is_over():
                return
            dialogue = (dialogues or {}).get(call.call_id)
            if dialogue is not None and dialogue.faults:
                yield call, unreadable(call, dialogue)
            elif call.call_id.startswith("crash"):
                yield call, WorkerCrashed("the worker ended.", advice="It is tried again.", call_id=call.call_id, stage="speech")
            else:
                try:
                    yield call, outcome_of(call, dialogue, self._settings)
                except CallFailed as error:
                    yield call, error

    def close(self, *, at_once: bool = False) -> None:
        """There is nothing to end."""
