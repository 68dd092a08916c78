"""Worker processes that listen: warm models, a time limit for each call, and a call that crashes native code costs that call only.

Comes in: calls. Goes out: for each a Conversation or why there is none, in the order they finish. What may pass (a worker that died, a disk or network
that did not answer) is tried again after a while; what cannot is not. How many work at a time may change while they do (pace.py).
"""

from __future__ import annotations

import errno
import hashlib
import heapq
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_pipeline.call import Call, Conversation
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.read import unreadable
from qa_pipeline.errors import CallFailed, CallTimeout, EnvironmentNotReady, ReadFailed, WorkerCrashed
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.probing import known_seconds
from qa_pipeline.running.pace import Pace
from qa_pipeline.running.processes import begin_pool, end_pool, prepare_process
from qa_pipeline.settings import Settings

if TYPE_CHECKING:
    from pebble import ProcessPool

# Waiting tasks per worker: enough that none idles, few enough that a kill loses little.
_WINDOW = 2
# How long to look away at most, where the pace may change or a call is to be tried again.
_LOOK_SECONDS = 5.0
# A run goes on after so many breaks of the pool; more are no accident.
_MOST_BREAKS = 10
# A recording whose length cannot be seen from outside (an object store).
_UNKNOWN_SECONDS = 3600.0

_listener: Listener | None = None
_stage_folder: Path | None = None


def _start_worker(settings: Settings, stage_folder: str) -> None:
    """Runs once in each worker process."""
    global _listener, _stage_folder
    prepare_process()
    _listener, _stage_folder = Listener(settings), Path(stage_folder)


def _listen_one(call: Call, dialogue: Dialogue | None = None) -> Conversation:
    """Runs in a worker process."""
    if _listener is None or _stage_folder is None:
        raise EnvironmentNotReady("The worker was not started properly.", advice="Run again.")
    marker = _marker(_stage_folder, call)

    def stage(name: str) -> None:
        _note(marker, name)

    conversation = _listener.read(call, dialogue, stage=stage) if dialogue else _listener.listen(call, stage=stage)
    marker.unlink(missing_ok=True)
    return conversation


def _marker(folder: Path, call: Call) -> Path:
    return folder / hashlib.sha256(call.call_id.encode("utf-8", "replace")).hexdigest()


def _note(marker: Path, stage: str) -> None:
    """Leave word of the stage a call is in, for the parent to read should this process die."""
    marker.write_text(stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What runs in the worker processes: `start(settings, stage folder)` once, then `work(call)` per recording and `work(call, dialogue)` per
    call that came as text. Both importable functions.
    """

    start: Callable[[Settings, str], None]
    work: Callable[..., Conversation]


LISTENING = Worker(start=_start_worker, work=_listen_one)


@dataclass(order=True, slots=True)
class _Again:
    due: float
    number: int
    call: Call


class WorkerProcesses:
    """Worker processes that stay warm from batch to batch. Use as a context, or `close` them."""

    def __init__(self, settings: Settings, *, count: int | None = None, worker: Worker = LISTENING) -> None:
        """`count`: processes, at most as many as the settings say; processors without a call of their own help with the others'."""
        self._settings, self._worker = settings, worker
        self._count = min(settings.workers, count or settings.workers)
        self._lent = settings.model_copy(update={"threads": max(settings.threads, settings.workers // self._count)})
        self._stages = Path(tempfile.mkdtemp(prefix="qa-stages-"))
        self._pool: ProcessPool | None = None

    def __enter__(self) -> WorkerProcesses:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self.close(at_once=kind is not None)

    def close(self, *, at_once: bool = False) -> None:
        """End the processes and forget what they left; `at_once` without waiting for what they do."""
        self.close_processes(at_once=at_once)
        shutil.rmtree(self._stages, ignore_errors=True)

    def close_processes(self, *, at_once: bool) -> None:
        """End the processes; new ones are begun when needed."""
        if self._pool is not None:
            end_pool(self._pool, at_once=at_once)
            self._pool = None

    def _is_broken(self) -> bool:
        try:
            return self._pool is not None and not self._pool.active
        except RuntimeError:
            # It could not even begin its processes.
            return True

    def _processes(self) -> ProcessPool:
        if self._pool is None:
            self._pool = begin_pool(self._count, self._worker.start, self._lent, str(self._stages))
        return self._pool

    def listen(
        self, calls: Sequence[Call], dialogues: Mapping[str, Dialogue] | None = None, *, pace: Pace | None = None
    ) -> Iterator[tuple[Call, Conversation | CallFailed]]:
        """Listen to calls; outcomes in the order they come. Calls that the pace's deadline leaves are not among them.

        Text with faults needs no process to be refused.
        """
        dialogues, pace = dialogues or {}, pace or Pace()
        faulty = {call_id for call_id, dialogue in dialogues.items() if dialogue.faults}
        yield from ((call, unreadable(call, dialogues[call.call_id])) for call in calls if call.call_id in faulty)
        calls = [call for call in calls if call.call_id not in faulty]
        if not calls:
            return
        yield from self._windowed(calls, dialogues, pace)

    def _windowed(
        self, calls: Sequence[Call], dialogues: Mapping[str, Dialogue], pace: Pace
    ) -> Iterator[tuple[Call, Conversation | CallFailed]]:
        queue = iter(calls)
        running: dict[Future[Any], Call] = {}
        later: list[_Again] = []
        tries: dict[str, int] = {}
        order, breaks = count(), 0

        def following() -> Call | None:
            if pace.is_over():
                # What would be tried again is left too, for the next run.
                later.clear()
                return None
            if later and later[0].due <= time.monotonic():
                return heapq.heappop(later).call
            return next(queue, None)

        def refill() -> None:
            allowed = min(self._count, pace.workers(self._count))
            # With fewer at work than there are processes, nothing waits inside the pool: it would be begun by an idle one.
            most = allowed * _WINDOW if allowed == self._count and not pace.may_change else allowed
            while len(running) < most and (call := following()) is not None:
                arguments = [call, dialogues[call.call_id]] if call.call_id in dialogues else [call]
                limit = limit_seconds(call, self._settings)
                try:
                    running[self._processes().schedule(self._worker.work, args=arguments, timeout=limit)] = call
                except RuntimeError:
                    # Broken since the last look: seen to below.
                    heapq.heappush(later, _Again(0.0, next(order), call))
                    return

        def mend() -> None:
            """A process that dies before it has begun a call breaks the whole pool, and every call in it would seem to have failed."""
            nonlocal breaks
            breaks += 1
            if breaks > _MOST_BREAKS:
                raise EnvironmentNotReady(
                    f"Worker processes ended {_MOST_BREAKS} times before they could begin a call.",
                    advice="Memory may be short: set fewer `workers`, or look into the system's log.",
                )
            for call in running.values():
                heapq.heappush(later, _Again(0.0, next(order), call))
            running.clear()
            self.close_processes(at_once=True)

        refill()
        while running or later:
            if self._is_broken():
                mend()
                refill()
                continue
            if not running:
                time.sleep(min(_LOOK_SECONDS, max(0.01, later[0].due - time.monotonic())))
                refill()
                continue
            finished, _ = wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                if isinstance(future.exception(), BrokenExecutor):
                    continue
                call = running.pop(future)
                outcome = self._outcome(future, call)
                tried = tries.get(call.call_id, 0)
                if _may_pass(outcome) and tried < self._settings.retries:
                    tries[call.call_id] = tried + 1
                    due = time.monotonic() + self._settings.retry_delay_seconds * 4**tried
                    heapq.heappush(later, _Again(due, next(order), call))
                else:
                    yield call, outcome
            refill()

    def _outcome(self, future: Future[Any], call: Call) -> Conversation | CallFailed:
        from pebble import ProcessExpired

        marker = _marker(self._stages, call)
        stage = marker.read_text() if marker.is_file() else "speech"
        try:
            conversation: Conversation = future.result()
            return conversation
        except FutureTimeout as error:
            # pebble's own carries words in the place of a number; one of the system comes from a disk or a connection.
            if isinstance(getattr(error, "errno", None), int):
                return _unread(error, call, stage)
            return CallTimeout(
                f"took longer than {limit_seconds(call, self._settings):.0f} s and was stopped.",
                advice="It is tried again in the next run; raise call_timeout_seconds or call_timeout_factor if the machine is slow.",
                call_id=call.call_id, stage=stage,
            )  # fmt: skip
        except ProcessExpired as error:
            return WorkerCrashed(
                f"the worker process ended while it had this call (exit code {error.exitcode}).",
                advice="It is tried again in the next run; if it happens again, the recording may be damaged or memory short.",
                call_id=call.call_id, stage=stage,
            )  # fmt: skip
        except EnvironmentNotReady:
            raise
        except CallFailed as error:
            return error
        except (OSError, MemoryError) as error:
            return _unread(error, call, stage)
        except Exception as error:  # noqa: BLE001  # the one catch-all: whatever one call does, the batch goes on and a failures row tells of it
            return CallFailed(
                f"{type(error).__name__} while listening.",
                advice="Please report it with the name of the error.",
                call_id=call.call_id,
                stage=stage,
            )


def _unread(error: OSError | MemoryError, call: Call, stage: str) -> CallFailed:
    """What disk, network or memory did to a call may pass. Raises EnvironmentNotReady where it would do the same to every call."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        raise EnvironmentNotReady(
            f"Work could not be kept while listening: {os.strerror(number)}.",
            advice="Check space and rights of the cache and of the temporary folder, then run the same command again.",
        ) from error
    return ReadFailed(
        f"{type(error).__name__} while listening.",
        advice="It is tried again; check memory, disk and connection if it stays.",
        call_id=call.call_id,
        stage=stage,
    )


def _may_pass(outcome: Conversation | CallFailed) -> bool:
    """Whether to try again in this run. What ran out of time would cost as much again: that waits for the next run."""
    return isinstance(outcome, CallFailed) and outcome.transient and not isinstance(outcome, CallTimeout)


def limit_seconds(call: Call, settings: Settings) -> float:
    """How long a call may take: a fixed part for loading models, and so many times its own length."""
    seconds = known_seconds(call.source_uri)
    return settings.call_timeout_seconds + settings.call_timeout_factor * (_UNKNOWN_SECONDS if seconds is None else seconds)
