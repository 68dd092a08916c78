"""What worker processes, memory, disks and the clock do to calls: brought by injected faults, and the same command again, which is what the cures say.

That processes really end like this is tested in tests/running (test_isolation.py, test_rescoring.py, test_jobs.py).
"""

from __future__ import annotations

import errno
import pickle
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pebble import ProcessExpired

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import CallFailed, ReadFailed
from qa_pipeline.recordings import files
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.running import isolation, jobs, lots, pieces
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.isolation import WorkerProcesses, limit_seconds
from qa_pipeline.running.jobs import State
from qa_pipeline.running.lot_worker import result_path
from qa_pipeline.running.pieces import briefing_of, run_of
from qa_pipeline.running.plan import plan
from qa_pipeline.running.score import Assignment, Scored
from qa_pipeline.settings import Settings, load_settings
from tests.cures.texts import Do, follow
from tests.running.batches import call, run_here
from tests.running.test_rescoring import FIRST, rescore, spoken

CALL = call("c1")
HEARD = replace(conversation("0:00 agent: Hello.", language="en", call_id="c1"), conversation_id="one")


def _settings(folder: Path, **values: object) -> Settings:
    return load_settings(results=str(folder / "results"), cache=folder / "cache", **{"retries": 0, "threads": 1, **values})


def _of(outcome: object) -> object:
    """What is said of a call: the text of its failure, or the conversation."""
    return [outcome.message] if isinstance(outcome, CallFailed) else outcome


def _heard(*misfortunes: Exception | None, **values: object) -> Do:
    """A call that worker processes were given as often as there are misfortunes; None: it was heard."""

    def do(folder: Path) -> object:
        workers = WorkerProcesses(_settings(folder, **values))
        outcome: object = None
        for misfortune in misfortunes:
            future: Future[Any] = Future()
            if misfortune is None:
                future.set_result(HEARD)
            else:
                future.set_exception(misfortune)
            try:
                outcome = workers._outcome(future, CALL)
            except isolation.EnvironmentNotReady:
                if misfortune is misfortunes[-1]:
                    raise
        workers.close()
        return _of(outcome)

    return do


def _in_time(seconds: float) -> Do:
    """A call that takes 500 s."""
    return lambda folder: _heard(TimeoutError() if limit_seconds(CALL, _settings(folder, call_timeout_seconds=seconds)) < 500 else None)(
        folder
    )


def _started(*, is_started: bool) -> Do:
    def do(folder: Path) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(isolation, "_listener", None)
            patch.setattr(isolation, "_stage_folder", None)
            patch.setattr(isolation, "Listener", lambda settings: SimpleNamespace(listen=lambda call, stage: HEARD))
            patch.setattr(isolation, "prepare_process", lambda: None)
            if is_started:
                isolation._start_worker(_settings(folder), str(folder))
            return isolation._listen_one(CALL).conversation_id

    return do


class _Pool:
    """Processes that memory is enough for, or not: then they end before they have begun."""

    def schedule(self, *_: object, **__: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(HEARD)
        return future


def _begun(workers: int) -> Do:
    """Processes of which memory bears two."""

    def do(folder: Path) -> object:
        with pytest.MonkeyPatch.context() as patch:
            processes = WorkerProcesses(_settings(folder, workers=workers))
            patch.setattr(processes, "_is_broken", lambda: workers > 2)
            patch.setattr(processes, "_processes", _Pool)
            return [outcome.conversation_id for _, outcome in processes.listen([CALL]) if isinstance(outcome, Conversation)]

    return do


def _result(misfortune: Exception | None) -> Do:
    """A lot of one call that was scored, or not."""

    def do(folder: Path) -> object:
        store = open_store(_settings(folder))
        store.prepare()
        store.write_conversations([spoken(1)], run_id="r")
        future: Future[None] = Future()
        future.set_exception(misfortune) if misfortune else future.set_result(None)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lots, "_schedule", lambda pool, path, lot, settings: (str(path), 1, future))
            (lot,) = lots._lots(
                {"conversation-c1": Assignment(rubric="first", purpose="official")}, store, None, size=1, with_vectors=False
            )
            path = folder / "lot"
            path.write_bytes(pickle.dumps(lot))
            result_path(str(path)).write_bytes(pickle.dumps(Scored()))
            _, scored = lots._result(None, str(path), 1, future, _settings(folder))  # type: ignore[arg-type]
        return [failure.message for failure in scored.failures] or "scored"

    return do


def _rescored(*, nights: int) -> Do:
    """Calls scored again, of which one is beyond the scorer in the first night."""

    def do(folder: Path) -> object:
        store = open_store(_settings(folder))
        store.prepare()
        store.write_conversations([spoken(1), spoken(2)], run_id="r")
        failures: tuple[Any, ...] = ()
        for night in range(nights):
            with pytest.MonkeyPatch.context() as patch:
                if night == 0:
                    patch.setattr("qa_pipeline.running.score.score_many", _beyond)
                failures = rescore(store, _settings(folder), FIRST).failures
        return [failure.message for failure in failures] or len(store.read("scores"))

    return do


def _beyond(*_: object) -> object:
    raise KeyError("gone")


def _planned(beam: int) -> Do:
    """A machine that takes part in a night that another, with a beam of 5, has planned."""

    def do(folder: Path) -> object:
        planned = briefing_of(run_here(_settings(folder, beam_size=5), {}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pieces, "_ready", lambda *_: (_settings(folder, beam_size=beam), {}, {}))
            return run_of(planned).run_id

    return do


def _job(*tries: bool) -> Do:
    """A job of a page whose process ends, and once more."""

    def tried(*, is_ended: bool) -> dict[str, Any]:
        noted: dict[str, Any] = {}
        lane = jobs._Lane()
        ours, theirs = Pipe()
        lane._begun = lambda: ours  # type: ignore[method-assign]
        if is_ended:
            theirs.close()
        else:
            theirs.send(("over", {"state": State.DONE, "result": 1}))
        lane.carry_out(b"", lambda **changes: noted.update(changes), 60.0)
        return noted

    def do(_: Path) -> object:
        noted = [tried(is_ended=is_ended) for is_ended in tries][-1]
        return [noted["message"]] if noted["state"] is State.FAILED else noted["result"]

    return do


def _read(*tries: int) -> Do:
    """A file on a disk that reads wrongly at first. Of each try: the error's number, 0 for none."""

    def do(folder: Path) -> object:
        (folder / "a.wav").write_bytes(b"whole")
        told: object = None
        for number in tries:
            with pytest.MonkeyPatch.context() as patch:
                if number:
                    patch.setattr(files, "Reader", _failing(number))
                try:
                    with files.open_file(str(folder / "a.wav")) as file:
                        told = file.read()
                except ReadFailed as error:
                    told = [error.message]
        return told

    return do


def _failing(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise OSError(number, "Input/output error")

    return fail


def _forgotten(folder: Path, *, is_deleted: bool) -> object:
    """A folder with the recording of a call that was forgotten, and what a run says of it."""
    settings = _settings(folder)
    Forgotten(open_store(settings).root).add(["c1"])
    return list(plan(Intake(calls=() if is_deleted else (CALL,)), run_here(settings, {})).warnings)


ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("The worker was not started properly.", _started(is_started=False), _started(is_started=True)),
    ("Work could not be kept while listening: ….", _heard(OSError(errno.ENOSPC, "full")), _heard(OSError(errno.ENOSPC, "full"), None)),
    ("Worker processes ended 10 times before", _begun(4), _begun(2)),
    ("the worker process ended while it had this call", _heard(ProcessExpired("gone", -9)), _heard(ProcessExpired("gone", -9), None)),
    ("took longer than … s and was stopped.", _in_time(100.0), _in_time(1000.0)),
    ("{__name__} while listening.", _heard(MemoryError()), _heard(MemoryError(), None)),
    ("{__name__} while listening.", _heard(OSError(errno.ETIMEDOUT, "late")), _heard(OSError(errno.ETIMEDOUT, "late"), None)),
    ("The process that worked on it ended.", _job(True), _job(True, False)),
    ("Worker processes end as soon as they are started.", _result(BrokenProcessPool("no memory")), _result(None)),
    ("took its worker process down while it was scored.", _result(ProcessExpired("gone", -9)), _result(None)),
    ("took too long to score and was stopped.", _result(TimeoutError()), _result(None)),
    ("This machine would hear calls otherwise", _planned(3), _planned(5)),
    ("could not be scored.", _rescored(nights=1), _rescored(nights=2)),
    ("{uri} could not be read (…).", _read(errno.EIO), _read(errno.EIO, 0)),
    ("{count} call was forgotten on purpose", lambda folder: _forgotten(folder, is_deleted=False), lambda folder: _forgotten(folder, is_deleted=True)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_the_same_again_once_the_cause_is_gone_is_done(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


ALL_TEXTS = tuple(row[0] for row in ROWS)
