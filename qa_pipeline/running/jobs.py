"""Work that a page starts and does not wait for: in a few worker processes that are kept, one piece of work at a time in each.

A page starts a job, looks how far it is, and may stop it. What works is a function of a module, called with `tell` (how far it is) and its arguments;
what it returns is kept for a while. An error of this program's own is kept as what it says; anything else ends the process, and the job with it. Nothing
is stored: whatever a job is to leave behind it writes itself.
"""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from typing import Any, NoReturn

from qa_pipeline.errors import Fault, InputRefused, QaError
from qa_pipeline.running.processes import prepare_process

Tell = Callable[[int, int], None]
"""How many of how many are done."""
# Kept after their end, the newest: enough for a page that is looked at again, few enough for memory.
_KEPT = 60
_MOST_WAITING = 40
_SECONDS_TO_END = 10.0
_AT_EXIT = 20
MOST_SECONDS = 1_800.0
"""What a job may take: cases take seconds, a comparison of five thousand calls minutes. Nobody else's work waits longer for one that hangs."""


class State(StrEnum):
    """How a job stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work as it stands. `done` of `total` are ready; 0 of 0 while nobody knows. `result`: what came of it, when it is done.

    `message`, `advice`, `faults`: of one that failed. `owner`: who started it, and alone sees it.
    """

    number: str
    owner: str
    name: str
    state: State = State.WAITING
    done: int = 0
    total: int = 0
    result: Any = None
    message: str = ""
    advice: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in (State.WAITING, State.WORKING)


class Jobs:
    """Jobs of one server. Processes are begun with the first job that needs them; `close` ends them."""

    def __init__(self, lanes: int = 1, *, most_seconds: float = MOST_SECONDS) -> None:
        self._most_seconds = most_seconds
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._changed = threading.Condition()
        self._lanes = [_Lane() for _ in range(lanes)]
        self._threads: list[threading.Thread] = []
        self._is_closed = False

    def start(self, owner: str, name: str, work: Callable[..., Any], *arguments: Any) -> Job:
        """Let `work(tell, *arguments)` be done. Raises InputRefused while too much waits already, and once all is ended.

        Of jobs of one owner and name the last one counts: earlier ones that have not ended are stopped, as nobody waits for them any more.
        """
        # Here and not in the thread that hands it over: what cannot be handed over is told to whoever asks, and stops nothing else.
        asked = bytes(ForkingPickler.dumps((work, arguments)))
        with self._changed:
            if self._is_closed:
                # Nothing would ever take it up.
                raise InputRefused("The server is ending.", advice="Start it again, then try again.")
            for job in [job for job in self._jobs.values() if (job.owner, job.name) == (owner, name) and not job.is_over]:
                self._stop(job)
            if len(self._waiting) >= _MOST_WAITING:
                raise InputRefused("Too much work waits already.", advice="Try again in a minute.")
            job = Job(number=uuid.uuid4().hex[:12], owner=owner, name=name)
            self._keep(job)
            self._waiting.append((job.number, asked))
            if not self._threads:
                self._threads = [threading.Thread(target=self._drive, args=(lane,), daemon=True) for lane in self._lanes]
                for thread in self._threads:
                    thread.start()
            self._changed.notify_all()
            return job

    def look(self, owner: str, number: str, *, wait_seconds: float = 0) -> Job:
        """How a job stands; after `wait_seconds` at the latest, earlier when it is over. Raises InputRefused for one that is not theirs, or long gone."""
        with self._changed:
            job = self._of(owner, number)
            if wait_seconds and not job.is_over:
                self._changed.wait_for(lambda: self._jobs.get(number, job).is_over, wait_seconds)
                job = self._of(owner, number)
            return job

    def list(self, owner: str) -> tuple[Job, ...]:
        """Somebody's jobs, the newest first."""
        with self._changed:
            return tuple(job for job in reversed(self._jobs.values()) if job.owner == owner)

    def stop(self, owner: str, number: str) -> Job:
        """Stop a job. One that is over stays as it is."""
        with self._changed:
            self._stop(self._of(owner, number))
            return self._jobs[number]

    def close(self) -> None:
        """End everything, and wait until the processes are gone."""
        with self._changed:
            self._is_closed = True
            for job in [job for job in self._jobs.values() if not job.is_over]:
                self._stop(job)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for lane in self._lanes:
            lane.end()

    def _of(self, owner: str, number: str) -> Job:
        job = self._jobs.get(number)
        if job is None or job.owner != owner:
            raise InputRefused("That work is not known any more.", advice="Start it again.")
        return job

    def _keep(self, job: Job) -> None:
        self._jobs[job.number] = job
        over = [one.number for one in self._jobs.values() if one.is_over]
        for number in over[: max(0, len(over) - _KEPT)]:
            del self._jobs[number]

    def _stop(self, job: Job) -> None:
        if job.is_over:
            return
        self._jobs[job.number] = replace(job, state=State.STOPPED)
        self._waiting = deque(one for one in self._waiting if one[0] != job.number)
        for lane in self._lanes:
            if lane.number == job.number:
                lane.interrupt()
        self._changed.notify_all()

    def _note(self, number: str, **changes: Any) -> None:
        """What became of a job, unless it was stopped meanwhile."""
        with self._changed:
            job = self._jobs.get(number)
            if job is not None and not job.is_over:
                self._keep(replace(job, **changes))
                self._changed.notify_all()

    def _drive(self, lane: _Lane) -> None:
        """One thread for each process: hands it work and listens to what it tells."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._is_closed)
                if self._is_closed:
                    return
                number, asked = self._waiting.popleft()
                lane.number, lane.is_interrupted = number, False
            self._note(number, state=State.WORKING)
            lane.carry_out(asked, lambda number=number, **changes: self._note(number, **changes), self._most_seconds)
            with self._changed:
                lane.number = None
            # From here on nobody interrupts it: a process that was asked to end must not be given the next job.
            if lane.is_interrupted:
                lane.end()


class _Lane:
    """A worker process, begun when there is work and kept for the next."""

    def __init__(self) -> None:
        self.number: str | None = None
        self.is_interrupted = False
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def carry_out(self, asked: bytes, note: Callable[..., None], most_seconds: float) -> None:
        """Let the process do it, and note what it tells until it is over, the process has ended, or it takes too long."""
        pipe = self._begun()
        until = time.monotonic() + most_seconds
        try:
            pipe.send_bytes(asked)
            while True:
                if not pipe.poll(max(0.0, until - time.monotonic())):
                    told = f"It took longer than {most_seconds / 60:.0f} minutes and was stopped."
                    note(
                        state=State.FAILED,
                        message=told,
                        advice="Ask for less: fewer days, fewer calls. The command line has no such limit.",
                    )
                    self.end()
                    return
                kind, value = pipe.recv()
                if kind == "tell":
                    note(done=value[0], total=value[1])
                    continue
                note(**value)
                return
        except (EOFError, OSError):
            note(state=State.FAILED, message="The process that worked on it ended.", advice="Try again; the server's log says more.")
            self.end()

    def interrupt(self) -> None:
        """Ask the process to end, with whatever it has begun itself."""
        self.is_interrupted = True
        if self._process is not None:
            self._process.terminate()

    def end(self) -> None:
        """Let the process end, and wait for it."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join(_SECONDS_TO_END)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._process = self._pipe = None

    def _begun(self) -> Connection:
        if self._process is None or self._pipe is None or not self._process.is_alive():
            self.end()
            context = get_context("spawn")
            self._pipe, theirs = context.Pipe()
            # Not as a daemon: a job that listens to recordings begins processes of its own.
            process = context.Process(target=_serve, args=(theirs,))
            process.start()
            theirs.close()
            # Where nobody closes the jobs, as the program ends all the same: it would wait for a process that waits for work.
            Finalize(None, process.terminate, exitpriority=_AT_EXIT)
            self._process = process
            # Whoever interrupted while it was being started had nothing to end yet.
            if self.is_interrupted:
                process.terminate()
        return self._pipe


def _serve(pipe: Connection) -> None:
    """The worker process: does what it is given until nobody is there to give anything."""
    prepare_process()
    signal.signal(signal.SIGTERM, _end)

    def tell(done: int, total: int) -> None:
        pipe.send(("tell", (done, total)))

    while True:
        try:
            work, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            over: dict[str, Any] = {"state": State.DONE, "result": work(tell, *arguments)}
        except QaError as error:
            faults = error.faults if isinstance(error, InputRefused) else ()
            over = {"state": State.FAILED, "message": error.message, "advice": error.advice, "faults": faults}
        pipe.send(("over", over))


def _end(*_: object) -> NoReturn:
    # As an exception, so that what the work has begun is ended on the way out.
    raise SystemExit(0)
