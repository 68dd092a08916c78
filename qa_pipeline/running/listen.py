"""Calls → conversations: what a batch needs from the workers that listen.

The workers are a port. Processes that a call cannot take down fill it (isolation.py); tests fill it with a stand-in of their own process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from qa_pipeline.call import Call, Conversation
from qa_pipeline.errors import CallFailed
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.running.isolation import WorkerProcesses
from qa_pipeline.running.pace import Pace
from qa_pipeline.settings import Settings


class Workers(Protocol):
    """Whoever listens to calls, and stays warm from batch to batch."""

    def listen(
        self, calls: Sequence[Call], dialogues: Mapping[str, Dialogue] | None = None, *, pace: Pace | None = None
    ) -> Iterator[tuple[Call, Conversation | CallFailed]]:
        """Outcomes in the order they come; calls that the pace's deadline leaves are not among them. `dialogues`: of calls that came as text.

        Raises EnvironmentNotReady when no call can be listened to.
        """
        ...

    def close(self, *, at_once: bool = False) -> None:
        """End them; `at_once` without waiting for what they do."""
        ...


@contextmanager
def open_workers(workers: Workers | None, settings: Settings, *, count: int | None = None) -> Iterator[Workers]:
    """Those given, which stay warm; else processes for `count` calls (None: for many), which end with the block."""
    if workers is not None:
        yield workers
        return
    with WorkerProcesses(settings, count=count) as processes:
        yield processes
