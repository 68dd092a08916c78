"""Scoring stored calls again: no audio, no speech models. What the `rescore` command and flow drive.

Calls are read once from end to end (results/stream.py) and scored in worker processes, which get rows and give rows back; this process reads ahead and
commits. Old scores stay beside the new ones. What has a score by the same rubric and the same
scoring is left out, so that a run can be killed at any moment and repeated.
"""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from qa_pipeline.errors import EnvironmentNotReady, RubricError
from qa_pipeline.results.heard import StoredConversations, call_from_row, judged_now
from qa_pipeline.results.norms import renew_norms
from qa_pipeline.results.query import query
from qa_pipeline.results.scored import ScoreTables, join_tables, score_tables
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.results.versions import Choice, freeze
from qa_pipeline.results.versions import choices as versions_in_force
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.engine import (
    Event,
    Failure,
    Report,
    Summary,
    failure_row,
    new_run_id,
    ready_scorecards,
    score_together,
    scoring_failure,
    write_run,
)
from qa_pipeline.running.isolation import prepare_process, worker_pool
from qa_pipeline.scoring.identity import score_id_of
from qa_pipeline.scoring.meanings import meanings_of
from qa_pipeline.scoring.score import Score, Scorecard, prepare
from qa_pipeline.settings import Settings
from qa_pipeline.text.kept_norms import keep_norms, save_norms

if TYPE_CHECKING:
    from pebble import ProcessPool

_LOT = 200
# Lots under way for each worker: enough that none idles, few enough that little memory is held.
_WINDOW = 3
_COMMIT_CALLS = 2_000
_COMMIT_SECONDS = 30.0
# A call is scored in milliseconds. Chosen: what takes this long hangs.
_LOT_SECONDS, _CALL_SECONDS = 60.0, 2.0
_TASK, _SCRATCH = "task", "rescore-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which stored calls. None and empty leave a choice open; dates are call_date, both inclusive."""

    since: date | None = None
    until: date | None = None
    call_ids: tuple[str, ...] = ()
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    rubric: str
    purpose: str
    # Score that counts now, by the same rubric in another version.
    earlier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RescorePlan:
    """What is going to be scored. `closed`: of the choices, how many are trials because their period is closed.

    A choice names a current rubric by id, or by `ID@VERSION` one in `older` that was in force when the call was made.
    """

    choices: Mapping[str, _Choice]
    there: int
    unscored: int
    closed: int
    older: Mapping[str, Rubric] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """Calls selected."""
        return len(self.choices) + self.there + self.unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreSummary:
    """What was scored. Counts are calls. `changed`: some criterion's outcome differs from the score that counted before; `unchanged`: none does."""

    run_id: str
    found: int
    scored: int
    changed: int
    unchanged: int
    there: int
    unscored: int
    closed: int
    failures: tuple[Failure, ...]
    seconds: float


def plan_rescoring(
    store: Store, rubrics: Mapping[str, Rubric], *, select: Selection, purpose: str, named: str | None = None, by_path: bool = False
) -> RescorePlan:
    """Decide what is scored by which rubric: the metadata's, else `named`, else the one that applies; in the version of the call's day.

    `by_path`: the rubrics are one file that is being tried; calls that name another one are none of its business. Raises RubricError when a call
    names an unknown rubric or two apply, for all calls at once.
    """
    # A file that is tried is tried on every call, whatever was in force when it was made.
    in_force = Choice(current=rubrics, older={}) if by_path else versions_in_force(rubrics, store)
    hashes = {name: prepare(rubric, {}).sha256 for name, rubric in in_force.rubrics.items()}
    keys, closed_periods, earlier = store.score_keys(), store.closed_periods(), _current_scores(store)
    choices: dict[str, _Choice] = {}
    refusals: dict[str, None] = {}
    there = unscored = closed = 0
    for row in _selected(store, select):
        identity, call = row["conversation_id"], call_from_row(row)
        if by_path and call.rubric not in (None, *rubrics):
            unscored += 1
            continue
        try:
            rubric = in_force.key_for(replace(call, rubric=call.rubric or named))
        except RubricError as error:
            refusals[str(error)] = None
            continue
        if rubric is None:
            unscored += 1
            continue
        is_closed = purpose == "official" and store.is_closed(call, closed_periods)
        by = judged_now(row)
        score_id = score_id_of(identity, hashes[rubric], by) if by else ""
        # An official score says all that a trial by the same rubric would.
        if (score_id, "official") in keys or ((purpose == "trial" or is_closed) and (score_id, "trial") in keys):
            there += 1
            continue
        closed += is_closed
        counted = earlier.get((call.call_id, in_force.rubrics[rubric].id))
        choices[identity] = _Choice(rubric, "trial" if is_closed else purpose, counted)
    if refusals:
        raise RubricError("; ".join(refusals))
    return RescorePlan(choices=choices, there=there, unscored=unscored, closed=closed, older=in_force.older)


def rescore(
    plan: RescorePlan,
    settings: Settings,
    store: Store,
    rubrics: Mapping[str, Rubric],
    *,
    workers: int | None = None,
    report: Report = lambda event: None,
) -> RescoreSummary:
    """Carry out a plan. `workers`: processes; by default one for each processor."""
    began, started_at = time.monotonic(), datetime.now(UTC)
    run_id = new_run_id(started_at)
    tally = _Tally()
    if plan.choices:
        known = {**rubrics, **plan.older}
        used = {name: known[name] for name in dict.fromkeys(choice.rubric for choice in plan.choices.values())}
        official = dict.fromkeys(choice.rubric for choice in plan.choices.values() if choice.purpose == "official")
        freeze([known[name] for name in official], store)
        scorecards = ready_scorecards(used, settings, report=report)
        renew_norms(store, plan.choices)
        task = _Task(scorecards=scorecards, run_id=run_id, timezone=settings.timezone, cache=settings.cache)
        committer = _Committer(store, run_id, tally)
        try:
            done = 0
            for size, scored in _score_all(plan, settings, store, task, workers or os.cpu_count() or 1):
                committer.add(scored)
                done += size
                report(Event(kind="done", done=done, total=len(plan.choices)))
        finally:
            # Also on Ctrl-C: what has been scored is kept.
            committer.commit()
    summary = RescoreSummary(
        run_id=run_id, found=plan.found, scored=tally.scored, changed=tally.changed, unchanged=tally.unchanged, there=plan.there,
        unscored=plan.unscored, closed=plan.closed, failures=tuple(tally.failures), seconds=time.monotonic() - began,
    )  # fmt: skip
    if plan.choices:
        _write_run(store, summary, started_at)
    return summary


# --- planning --------------------------------------------------------------------------------------------------------------------------


def _selected(store: Store, select: Selection) -> Iterator[dict[str, Any]]:
    conditions = [
        f"call_date >= date '{select.since}'" if select.since else "",
        f"call_date <= date '{select.until}'" if select.until else "",
        f"agent_id = {sql_text(select.agent_id)}" if select.agent_id is not None else "",
        f"call_id in ({', '.join(map(sql_text, select.call_ids))})" if select.call_ids else "",
    ]
    where = " and ".join(condition for condition in conditions if condition) or "true"
    found = query(store, f"select * from current_calls where {where} order by call_date, call_id")
    # In pieces: a Python object for every value of every call at once would take gigabytes.
    for batch in found.to_batches(max_chunksize=2_000):
        yield from batch.to_pylist()


def _current_scores(store: Store) -> dict[tuple[str, str], str]:
    """(call_id, rubric_id) → id of the score that counts now."""
    found = query(store, "select call_id, rubric_id, score_id from current_scores")
    calls, rubrics, scores = (found[name].to_pylist() for name in ("call_id", "rubric_id", "score_id"))
    return dict(zip(zip(calls, rubrics, strict=True), scores, strict=True))


# --- worker processes ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lot:
    """Work for one process: stored conversations, what to score each by, and the verdicts that count now (place, criterion_id, outcome)."""

    stored: StoredConversations
    choices: tuple[_Choice, ...]
    earlier: pa.Table

    def only(self, place: int) -> _Lot:
        rows = self.earlier.filter(pa.array(self.earlier["place"].to_numpy() == place))
        moved = rows.set_column(rows.schema.get_field_index("place"), "place", pa.array(np.zeros(len(rows), np.int32)))
        return _Lot(stored=self.stored.only(place), choices=self.choices[place : place + 1], earlier=moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """What comes back for a lot."""

    tables: ScoreTables | None
    changed: int
    unchanged: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What every lot of a run has in common."""

    scorecards: Mapping[str, Scorecard]
    run_id: str
    timezone: str
    cache: Path

    def needs_vectors(self) -> bool:
        return any(meanings_of(scorecard.rubric) for scorecard in self.scorecards.values())


_task: _Task | None = None


def _start_worker(folder: str) -> None:
    """Runs once in each worker process."""
    import gc

    global _task
    # Utterances by the thousand come and go, none of them in cycles: looking for cycles among them took a quarter of the time of making them.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    prepare_process()
    _task = pickle.loads((Path(folder) / _TASK).read_bytes())
    keep_norms(_task.cache)


def _score_file(path: str) -> None:
    """Runs in a worker process: what comes of the lot in a file lies beside it."""
    if _task is None:
        raise RuntimeError("the worker was not started properly")
    scored = _score_lot(pickle.loads(Path(path).read_bytes()), _task)
    _result_path(path).write_bytes(pickle.dumps(scored))
    save_norms()


def _score_lot(lot: _Lot, task: _Task) -> _Scored:
    scores: list[Score] = []
    places: list[int] = []
    failures: list[Failure] = []
    for place, found in _each_score(lot, task.scorecards):
        if isinstance(found, Score):
            scores.append(found)
            places.append(place)
        else:
            failures.append(found)
    purposes = [lot.choices[place].purpose for place in places]
    changed, unchanged = _compare(lot, places, scores)
    tables = score_tables(scores, purposes=purposes, run_id=task.run_id, timezone=task.timezone) if scores else None
    return _Scored(tables=tables, changed=changed, unchanged=unchanged, failures=tuple(failures))


def _each_score(lot: _Lot, scorecards: Mapping[str, Scorecard]) -> Iterator[tuple[int, Score | Failure]]:
    """(place, what came of it) in order of place; calls of one rubric are scored together."""
    conversations = list(lot.stored)
    found: dict[int, Score | Failure] = {}
    for name in dict.fromkeys(choice.rubric for choice in lot.choices):
        places = [place for place, choice in enumerate(lot.choices) if choice.rubric == name]
        found.update(zip(places, score_together([conversations[place] for place in places], name, scorecards), strict=True))
    yield from sorted(found.items(), key=itemgetter(0))


def _compare(lot: _Lot, places: Sequence[int], scores: Sequence[Score]) -> tuple[int, int]:
    """How many calls have a verdict that differs from the one that counted, and how many have none. Criteria that are new say nothing."""
    before: dict[int, dict[str, str]] = {}
    for place, criterion, outcome in zip(*(lot.earlier[name].to_pylist() for name in ("place", "criterion_id", "outcome")), strict=True):
        before.setdefault(place, {})[criterion] = outcome
    compared = [
        any(known.get(finding.criterion.id, finding.outcome.value) != finding.outcome.value for finding in found.findings)
        for place, found in zip(places, scores, strict=True)
        if (known := before.get(place))
    ]
    return sum(compared), len(compared) - sum(compared)


# --- the parent ------------------------------------------------------------------------------------------------------------------------


def _score_all(plan: RescorePlan, settings: Settings, store: Store, task: _Task, workers: int) -> Iterator[tuple[int, _Scored]]:
    """(calls, what came of them) lot by lot, in the order in which they are stored."""
    size = max(1, min(_LOT, -(-len(plan.choices) // workers)))
    running: deque[tuple[str, int, Future[None]]] = deque()
    with _scratch(settings) as folder, closing(_lots(plan, store, folder, size=size, with_vectors=task.needs_vectors())) as lots:
        (folder / _TASK).write_bytes(pickle.dumps(task))
        with worker_pool(min(workers, -(-len(plan.choices) // size)), _start_worker, str(folder)) as pool:
            for number, lot in enumerate(lots):
                running.append(_schedule(pool, folder / str(number), lot, settings))
                if len(running) >= workers * _WINDOW:
                    yield _result(pool, *running.popleft(), settings)
            while running:
                yield _result(pool, *running.popleft(), settings)


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


def _lots(plan: RescorePlan, store: Store, folder: Path, *, size: int, with_vectors: bool) -> Generator[_Lot, None, None]:
    stream = store.stream(plan.choices, size=size, with_vectors=with_vectors, scratch=folder)
    choices = [plan.choices[name] for name in stream.ids]
    located = store.files("findings").locate("score_id", [choice.earlier for choice in choices])
    shelves = located.shelves(("criterion_id", "outcome"), place_of=np.arange(len(choices)), size=size, scratch=folder)
    with closing(shelves) as findings, closing(iter(stream)) as several:
        for number, stored in enumerate(several):
            here = tuple(choices[number * size : (number + 1) * size])
            yield _Lot(stored=stored, choices=here, earlier=findings.take(number))


def _schedule(pool: ProcessPool, path: Path, lot: _Lot, settings: Settings) -> tuple[str, int, Future[None]]:
    path.write_bytes(pickle.dumps(lot))
    count = len(lot.stored)
    limit = min(settings.call_timeout_seconds, _LOT_SECONDS + _CALL_SECONDS * count)
    return str(path), count, pool.schedule(_score_file, args=[str(path)], timeout=limit)


def _result(pool: ProcessPool, path: str, count: int, future: Future[None], settings: Settings) -> tuple[int, _Scored]:
    """What came of a lot. One that hung or took its worker down is tried call by call, so that it costs the guilty call only."""
    from pebble import ProcessExpired

    try:
        future.result()
        scored: _Scored = pickle.loads(_result_path(path).read_bytes())
        _result_path(path).unlink()
        Path(path).unlink()
        return count, scored
    except FutureTimeout:
        guilt = "CallTimeout", "took too long to score and was stopped."
    except ProcessExpired:
        guilt = "WorkerCrashed", "took its worker process down while it was scored."
    except BrokenProcessPool as error:
        raise EnvironmentNotReady(
            "Worker processes end as soon as they are started.",
            advice="Free some memory, or give fewer --workers; then run the same command again.",
        ) from error
    lot: _Lot = pickle.loads(Path(path).read_bytes())
    Path(path).unlink()
    if count > 1:
        parts = (_schedule(pool, Path(f"{path}-{place}"), lot.only(place), settings) for place in range(count))
        return count, _joined(_result(pool, *part, settings)[1] for part in parts)
    call = call_from_row(lot.stored.calls.to_pylist()[0])
    failure = scoring_failure(
        call, *guilt, "It is tried again by the next rescore; a phrase of the rubric may ask for too much.", transient=True
    )
    return 1, _Scored(tables=None, changed=0, unchanged=0, failures=(failure,))


def _result_path(path: str) -> Path:
    return Path(f"{path}.scored")


def _joined(several: Iterable[_Scored]) -> _Scored:
    parts = list(several)
    tables = [part.tables for part in parts if part.tables]
    return _Scored(
        tables=join_tables(tables) if tables else None,
        changed=sum(part.changed for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        failures=tuple(failure for part in parts for failure in part.failures),
    )


@dataclass(slots=True)
class _Tally:
    scored: int = 0
    changed: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)


class _Committer:
    """Commits what has been scored every so many calls or seconds."""

    def __init__(self, store: Store, run_id: str, tally: _Tally) -> None:
        self._store, self._run_id, self._tally = store, run_id, tally
        self._waiting: list[_Scored] = []
        self._count = 0
        self._last = time.monotonic()

    def add(self, scored: _Scored) -> None:
        """Take one more lot."""
        self._waiting.append(scored)
        self._count += len(scored.tables.scores) if scored.tables else 0
        if self._count >= _COMMIT_CALLS or time.monotonic() - self._last > _COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Write what waits."""
        found = _joined(self._waiting)
        self._waiting, self._count = [], 0
        if found.tables:
            self._store.write_score_tables(found.tables, keep_details=True)
            self._tally.scored += len(found.tables.scores)
        self._store.write_failures([failure_row(failure, self._run_id) for failure in found.failures])
        self._tally.changed += found.changed
        self._tally.unchanged += found.unchanged
        self._tally.failures.extend(found.failures)
        self._last = time.monotonic()


def _write_run(store: Store, summary: RescoreSummary, started_at: datetime) -> None:
    as_run = Summary(
        run_id=summary.run_id, found=summary.found, processed=0, scored=summary.scored, skipped=summary.there,
        unscored=summary.unscored, failures=summary.failures, seconds=summary.seconds,
    )  # fmt: skip
    write_run(store, as_run, started_at)
    store.tidy()
