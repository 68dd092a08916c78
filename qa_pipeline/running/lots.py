"""Stored conversations → what came of scoring them, lot by lot: no audio, no speech models.

Calls are read once from end to end (results/stream.py) and scored in worker processes, which get rows and give rows back; this process reads ahead.
A few are scored in this process. How one lot is scored is the same in both, and that of fresh calls (score.py).
"""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.results.heard import call_from_row
from qa_pipeline.results.norms import renew_norms
from qa_pipeline.results.store import Store
from qa_pipeline.running.failures import scoring_failure
from qa_pipeline.running.lot_worker import SCORING, Lot, result_path, score_file, score_lot, start_worker
from qa_pipeline.running.processes import worker_pool
from qa_pipeline.running.progress import Event, OnEvent, ignore
from qa_pipeline.running.score import Assignment, Scored, Scoring, join_scored
from qa_pipeline.settings import Settings

if TYPE_CHECKING:
    from pebble import ProcessPool

_LOT = 200
# Lots under way for each worker: enough that none idles, few enough that little memory is held.
_WINDOW = 3
# A call is scored in milliseconds. Chosen: what takes this long hangs.
_LOT_SECONDS, _CALL_SECONDS = 60.0, 2.0
_SCRATCH = "rescore-"
_EARLIER = pa.schema([("place", pa.int32()), ("criterion_id", pa.string()), ("outcome", pa.string())])


def score_stored(
    assignments: Mapping[str, Assignment], scoring: Scoring, settings: Settings, store: Store, *, workers: int, on_event: OnEvent = ignore
) -> Iterator[tuple[int, Scored]]:
    """(calls, what came of them) lot by lot, in the order in which they are stored. `assignments`: by conversation. `workers`: 0 is this process.

    Raises EnvironmentNotReady when worker processes cannot begin.
    """
    if not assignments:
        return
    renew_norms(
        store,
        assignments,
        on_begin=lambda count: on_event(Event(kind="stage", text=f"bringing up what matching reads of {count} stored calls, once")),
    )
    if not workers:
        with closing(_lots(assignments, store, None, size=_LOT, with_vectors=scoring.needs_vectors)) as lots:
            yield from ((len(lot.stored), score_lot(lot, scoring)) for lot in lots)
        return
    size = max(1, min(_LOT, -(-len(assignments) // workers)))
    under_way: deque[tuple[str, int, Future[None]]] = deque()
    with (
        _scratch(settings) as folder,
        closing(_lots(assignments, store, folder, size=size, with_vectors=scoring.needs_vectors)) as lots,
    ):
        (folder / SCORING).write_bytes(pickle.dumps(scoring))
        with worker_pool(min(workers, -(-len(assignments) // size)), start_worker, str(folder)) as pool:
            for number, lot in enumerate(lots):
                under_way.append(_schedule(pool, folder / str(number), lot, settings))
                if len(under_way) >= workers * _WINDOW:
                    yield _result(pool, *under_way.popleft(), settings)
            while under_way:
                yield _result(pool, *under_way.popleft(), settings)


def _lots(
    assignments: Mapping[str, Assignment], store: Store, scratch: Path | None, *, size: int, with_vectors: bool
) -> Generator[Lot, None, None]:
    stream = store.stream(assignments, size=size, with_vectors=with_vectors, scratch=scratch)
    ordered = [assignments[name] for name in stream.ids]
    earlier = [assignment.earlier for assignment in ordered]
    if not any(earlier):
        with closing(iter(stream)) as conversations:
            for number, stored in enumerate(conversations):
                yield Lot(stored=stored, assignments=tuple(ordered[number * size : (number + 1) * size]), earlier=_EARLIER.empty_table())
        return
    located = store.files("findings").locate("score_id", earlier)
    shelves = located.shelves(("criterion_id", "outcome"), place_of=np.arange(len(ordered)), size=size, scratch=scratch)
    with closing(shelves) as findings, closing(iter(stream)) as conversations:
        for number, stored in enumerate(conversations):
            yield Lot(stored=stored, assignments=tuple(ordered[number * size : (number + 1) * size]), earlier=findings.take(number))


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """A folder in the cache for lots under way, gone afterwards; also those that killed runs have left.

    Lots go by file: a pipe whose reader dies while the parent writes to it blocks the parent for good.
    """
    settings.work.mkdir(parents=True, exist_ok=True)
    for left in settings.work.glob(f"{_SCRATCH}*"):
        if not Path("/proc", left.name.removeprefix(_SCRATCH).split("-")[0]).exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=settings.work, prefix=f"{_SCRATCH}{os.getpid()}-") as folder:
        yield Path(folder)


def _schedule(pool: ProcessPool, path: Path, lot: Lot, settings: Settings) -> tuple[str, int, Future[None]]:
    path.write_bytes(pickle.dumps(lot))
    count = len(lot.stored)
    limit = min(settings.call_timeout_seconds, _LOT_SECONDS + _CALL_SECONDS * count)
    return str(path), count, pool.schedule(score_file, args=[str(path)], timeout=limit)


def _result(pool: ProcessPool, path: str, count: int, future: Future[None], settings: Settings) -> tuple[int, Scored]:
    """What came of a lot. One that hung or took its worker down is tried call by call, so that it costs the guilty call only."""
    from pebble import ProcessExpired

    try:
        future.result()
        scored: Scored = pickle.loads(result_path(path).read_bytes())
        result_path(path).unlink()
        Path(path).unlink()
        return count, scored
    except FutureTimeout:
        kind = "CallTimeout"
        message = "took too long to score and was stopped."
    except ProcessExpired:
        kind = "WorkerCrashed"
        message = "took its worker process down while it was scored."
    except BrokenProcessPool as error:
        raise EnvironmentNotReady(
            "Worker processes end as soon as they are started.",
            advice="Free some memory, or give fewer --workers; then run the same command again.",
        ) from error
    lot: Lot = pickle.loads(Path(path).read_bytes())
    Path(path).unlink()
    if count > 1:
        parts = (_schedule(pool, Path(f"{path}-{place}"), lot.only(place), settings) for place in range(count))
        return count, join_scored(_result(pool, *part, settings)[1] for part in parts)
    call = call_from_row(lot.stored.calls.to_pylist()[0])
    advice = "It is tried again by the next rescore; a phrase of the rubric may ask for too much."
    failure = scoring_failure(call, kind, message, advice, transient=True)
    return 1, Scored(failures=(failure,))
