"""The nightly batch as a Prefect flow: recordings in, scored calls out, with a schedule, progress, retries and a summary to look at.

The flow plans and claims the night; tasks are batches of calls and are given the path of a small file, never audio or text. Where tasks run is a setting
(`runner`): in this process, on a Dask or on a Ray cluster. Each keeps its worker processes warm from batch to batch. Runs with no server set up
(Prefect starts one for the run) and against one (PREFECT_API_URL).

    python -m flows.nightly recordings/ --results results/
    python -m flows.nightly recordings/ --results results/ --serve "0 2 * * *"
"""

from __future__ import annotations

import argparse
import atexit
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flows.prefect_server import reach_server, wait_longer
from qa_pipeline.telemetry import disable_telemetry

disable_telemetry()
wait_longer()

from prefect import flow, get_run_logger, tags, task  # noqa: E402  # telemetry is read when Prefect is imported
from prefect.artifacts import (  # noqa: E402
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.runtime import task_run  # noqa: E402
from prefect.tasks import exponential_backoff  # noqa: E402

from qa_pipeline.conversation.listen import conversation_options  # noqa: E402
from qa_pipeline.errors import EnvironmentNotReady, InputRefused, QaError  # noqa: E402
from qa_pipeline.pace import deadline_of, parse_priority  # noqa: E402
from qa_pipeline.recordings.ingest import Defaults, Intake, ingest  # noqa: E402
from qa_pipeline.recordings.known_files import KnownFiles  # noqa: E402
from qa_pipeline.recordings.transcripts import parse_roles  # noqa: E402
from qa_pipeline.results.store import Store  # noqa: E402
from qa_pipeline.rubric.load import load_rubrics  # noqa: E402
from qa_pipeline.rubric.schema import Rubric  # noqa: E402
from qa_pipeline.running import engine, nights  # noqa: E402
from qa_pipeline.running.corrections import mark_announcements  # noqa: E402
from qa_pipeline.running.isolation import LISTENING, Workers  # noqa: E402
from qa_pipeline.running.notify import notify  # noqa: E402
from qa_pipeline.running.observe import observed  # noqa: E402
from qa_pipeline.scoring.score import Scorecard  # noqa: E402
from qa_pipeline.settings import Settings, load_settings  # noqa: E402
from qa_pipeline.speech.models import manifests_digest  # noqa: E402
from qa_pipeline.trainer.publish import check_published  # noqa: E402

BATCH_CALLS = 100
LEFT_EXIT_CODE = 4
# What stands for listening, and is another thing in tests and benchmarks.
worker = LISTENING

# What a task is told besides its batch: settings that the night was planned with.
Told = Mapping[str, Any]
Counts = dict[str, Any]


@flow(name="nightly", log_prints=False)
def nightly(
    sources: Sequence[str],
    results: str | None = None,
    since: str | None = None,
    rubric: str | None = None,
    profile: str | None = None,
    direction: str | None = None,
    roles: str | None = None,
    encoding: str = "utf-8-sig",
    deadline: str | None = None,
    priority: Sequence[str] = (),
    runner: str | None = None,
    separate_scoring: bool = False,
    batch_calls: int = BATCH_CALLS,
) -> dict[str, int]:
    """Process every recording of `sources` that is not done yet; returns the counts of the night.

    Calls that fail are rows of `failures`, not failed tasks. `since`: a date, `A..B`, `last-night` or `last-run`. `runner`: here, dask or ray; by
    default as the settings say. `separate_scoring`: listening and scoring are tasks of their own, tagged `speech` and `scoring`, so that they can
    be given to different machines.
    """
    log = get_run_logger()
    settings = load_settings(results=results, profile=profile, runner=runner)
    now = datetime.now(UTC)
    until = deadline_of(deadline, settings.timezone, now=now) if deadline else None
    store, rubrics = _store(settings.results, settings.timezone), load_rubrics(settings.rubrics)
    check_published(rubrics.values(), settings.rubrics)
    defaults = Defaults(rubric=rubric, direction=direction, timezone=settings.timezone, encoding=encoding, roles=parse_roles(roles or ""))
    intake = ingest(sources, defaults, hash_of=KnownFiles(settings.work / "files.sqlite").sha256)
    intake = nights.window_of(since, store, settings.timezone, now=now).of(intake, settings.timezone)
    engine.check_environment(settings, store, needs_speech=intake.needs_speech)
    priorities = [parse_priority(text) for text in priority] or ([{}] if until else [])
    plan = engine.plan(intake, settings, store, rubrics, purpose="official", priorities=priorities)
    for warning in plan.warnings:
        log.warning(warning)
    run_id = engine.new_run_id(now)
    with engine.claimed(plan, store, run_id) as (plan, busy):
        log.info(
            "%d recordings: %d to listen to, %d to score, %d there already, %d busy",
            plan.found, len(plan.listen), len(plan.rescore), len(plan.skipped), busy,
        )  # fmt: skip
        parts = list(nights.split(plan, batch_calls))
        # What is known before any work: files that are not there, and what failed for good.
        first = engine.run(
            replace(parts[0], listen=(), rescore=(), redescribe=(), dialogues={}),
            settings,
            store,
            rubrics,
            purpose="official",
            part_of=run_id,
        )
        paths = [
            nights.write_batch(replace(part, unavailable=(), known_failures=()), store.root, run_id, n) for n, part in enumerate(parts)
        ]
        told: Told = {
            "run_id": run_id,
            "overrides": {"results": settings.results, "profile": settings.profile, "timezone": settings.timezone},
            "identity": _identity(settings),
            "deadline": until.isoformat() if until else None,
            "asks_resources": settings.runner == "dask" and settings.runner_address is not None,
        }
        try:
            carry_out = process_batches.with_options(task_runner=_task_runner(settings))
            found: list[Counts | None] = carry_out(paths, told, at_once=_at_once(settings), separate_scoring=separate_scoring)
        finally:
            nights.forget_batches(store.root, run_id)
    summary = _joined(run_id, plan, first, found, busy=busy, began=now)
    if plan.listen or plan.rescore or plan.redescribe or plan.unavailable or busy:
        engine.write_run(store, summary, now)
        store.tidy()
    _tell(summary, [counts for counts in found if counts])
    for wrong in (*observed(summary, settings), *notify(summary, settings)):
        log.warning(wrong)
    if summary.processed:
        recorded = mark_announcements(store, settings, rubrics, since=now)
        log.info(
            "%d recordings play in several calls; in %d calls they counted as somebody's words",
            len(recorded.announcements),
            recorded.changed,
        )
        if recorded.failed:
            log.warning("%d of these calls could not be scored again", recorded.failed)
    log.info("%(processed)d processed, %(scored)d scored, %(skipped)d there already, %(failed)d failed, %(left)d left", summary.counts)
    if lost := sum(one is None for one in found):
        raise EnvironmentNotReady(
            f"{lost} of {len(found)} batches could not be finished.",
            advice="The log of their tasks says why. Run the flow again: what was committed is not done twice.",
        )
    return summary.counts


@flow(name="batches")
def process_batches(paths: Sequence[str], told: Told, *, at_once: int, separate_scoring: bool) -> list[Counts | None]:
    """Batches as tasks, never more than `at_once` under way. None stands for a batch whose task failed for good."""
    progress = create_progress_artifact(progress=0.0, key="nightly-progress", description=f"{len(paths)} batches")
    waiting: deque[tuple[Any, ...]] = deque()
    found: list[Counts | None] = []

    def take() -> None:
        parts = [future.result(raise_on_failure=False) for future in waiting.popleft()]
        found.append(_together(parts) if all(isinstance(part, dict) for part in parts) else None)
        update_progress_artifact(progress, progress=100.0 * len(found) / len(paths))  # type: ignore[arg-type]  # a UUID in a flow that is not async

    for path in paths:
        while len(waiting) >= at_once:
            take()
        if separate_scoring:
            with tags("speech"), _on("GPU", told):
                heard = listen_batch.submit(path, told)
            with tags("scoring"), _on("CPU", told):
                waiting.append((heard, score_batch.submit(path, told, wait_for=[heard])))  # type: ignore[call-overload]  # Prefect's own argument
        else:
            waiting.append((process_batch.submit(path, told),))
    while waiting:
        take()
    return found


def _is_worth_a_retry(task: Any, run: Any, state: Any) -> bool:
    """What may pass is tried again: a store that did not answer, a worker that was lost. What was given wrongly is not."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, InputRefused)


_TASK: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=10),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _is_worth_a_retry,
    "persist_result": False,
    "cache_policy": NO_CACHE,
}


@task(name="process-batch", task_run_name="{path}", **_TASK)
def process_batch(path: str, told: Told) -> Counts:
    """One batch through all stages. Safe to retry: what is committed is not done again."""
    return _run_batch(path, told, score=True)


@task(name="listen-batch", task_run_name="{path}", **_TASK)
def listen_batch(path: str, told: Told) -> Counts:
    """One batch, listening only."""
    return _run_batch(path, told, score=False)


@task(name="score-batch", task_run_name="{path}", **_TASK)
def score_batch(path: str, told: Told) -> Counts:
    """What a batch has listened to, scored; on a machine without models."""
    settings, store, rubrics, scorecards = _desk(told)
    batch = nights.read_batch(path)
    plan = engine.plan(Intake(calls=batch.listen, dialogues=batch.dialogues), settings, store, rubrics, purpose="official")
    plan = replace(
        plan,
        listen=(),
        dialogues={},
        unavailable=(),
        known_failures=(),
        rescore=(*plan.rescore, *batch.rescore),
        redescribe=(*plan.redescribe, *batch.redescribe),
        rubric_of={**batch.rubric_of, **plan.rubric_of},
        older={**batch.older, **plan.older},
    )
    summary = engine.run(plan, settings, store, rubrics, purpose="official", part_of=told["run_id"], scorecards=scorecards)
    return _counts(summary, path)


def _run_batch(path: str, told: Told, *, score: bool) -> Counts:
    settings, store, rubrics, scorecards = _desk(told)
    plan, log = nights.read_batch(path), get_run_logger()
    # A try before this one may have committed some of it; that counts too.
    done = 0
    known: tuple[engine.Failure, ...] = ()
    if (task_run.run_count or 1) > 1:
        again = engine.plan(Intake(calls=plan.listen, dialogues=plan.dialogues), settings, store, rubrics, purpose="official")
        done, known = len(plan.listen) - len(again.listen) - len(again.known_failures), again.known_failures
        plan = replace(plan, listen=again.listen, rescore=(*plan.rescore, *again.rescore), known_failures=())
    deadline = datetime.fromisoformat(told["deadline"]) if told["deadline"] else None
    pace = settings.pace(deadline=deadline)

    def report(event: engine.Event) -> None:
        if event.kind == "failed":
            log.warning("call %s failed: %s", event.call_id, event.text)

    summary = engine.run(
        plan, settings, store, rubrics, purpose="official", report=report, pace=pace, workers=_workers(settings), scorecards=scorecards,
        part_of=told["run_id"], score=score,
    )  # fmt: skip
    log.info("%d of %d calls, %d failed, %.1f s", summary.processed, len(plan.listen), summary.failed, summary.seconds)
    counts = _counts(summary, path)
    return {**counts, "processed": counts["processed"] + done, "failures": [*counts["failures"], *map(_as_dict, known)]}


# --- what a process keeps from batch to batch ------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _store(root: str, timezone: str) -> Store:
    return Store(root, timezone=timezone, code_version=engine.code_version())


@lru_cache(maxsize=2)
def _ready(run_id: str, overrides: tuple[tuple[str, Any], ...]) -> tuple[Settings, dict[str, Rubric], dict[str, Scorecard]]:
    settings = load_settings(**dict(overrides))
    rubrics = load_rubrics(settings.rubrics)
    return settings, rubrics, engine.ready_scorecards(rubrics, settings)


def _desk(told: Told) -> tuple[Settings, Store, dict[str, Rubric], dict[str, Scorecard] | None]:
    """Settings, store and rubrics of a night, read once in each process. Raises EnvironmentNotReady where this machine is set up otherwise."""
    settings, rubrics, scorecards = _ready(told["run_id"], tuple(sorted(told["overrides"].items())))
    if (mine := _identity(settings)) != told["identity"]:
        differing = sorted(name for name in mine.keys() | told["identity"].keys() if mine.get(name) != told["identity"].get(name))
        raise EnvironmentNotReady(
            f"This machine would hear calls otherwise than the one that planned the night: {', '.join(differing)}.",
            advice="Give all machines the same settings and the same version of this package.",
        )
    return settings, _store(settings.results, settings.timezone), rubrics, scorecards


def _identity(settings: Settings) -> dict[str, str]:
    """What makes two machines hear alike."""
    return {**conversation_options(settings), "models": manifests_digest(settings), "code": engine.code_version()}


_warm: dict[str, Workers] = {}


def _workers(settings: Settings) -> Workers:
    """Worker processes of this process, begun when first needed, warm until it ends."""
    key = settings.model_dump_json()
    if key not in _warm:
        _end_workers()
        _warm[key] = Workers(settings, worker=worker)
    return _warm[key]


@atexit.register
def _end_workers() -> None:
    while _warm:
        _warm.popitem()[1].close(at_once=True)


# --- where tasks run -------------------------------------------------------------------------------------------------------------------


def _task_runner(settings: Settings) -> Any:
    """Prefect's runner of tasks that the settings name. Raises EnvironmentNotReady where its package is not installed."""
    from prefect.task_runners import ThreadPoolTaskRunner

    if settings.runner == "here":
        return ThreadPoolTaskRunner(max_workers=1)
    try:
        if settings.runner == "dask":
            import dask
            from prefect_dask import DaskTaskRunner  # type: ignore[attr-defined]  # not marked as exported

            # Dask's workers must be allowed worker processes of their own: they are what a crashing call takes down.
            dask.config.set({"distributed.worker.daemon": False})
            if settings.runner_address:
                return DaskTaskRunner(address=settings.runner_address)
            return DaskTaskRunner(cluster_kwargs={"n_workers": settings.runner_workers, "threads_per_worker": 1, "dashboard_address": None})
        from prefect_ray import RayTaskRunner  # type: ignore[import-untyped]  # ships no types

        if settings.runner_address:
            return RayTaskRunner(address=settings.runner_address)
        return RayTaskRunner(init_kwargs={"num_cpus": settings.runner_workers, "include_dashboard": False})
    except ImportError as error:
        raise EnvironmentNotReady(
            f"The runner {settings.runner} needs a package that is not installed: {error.name}.",
            advice=f"Install it: pip install 'qa-pipeline[{settings.runner}]'.",
        ) from error


def _at_once(settings: Settings) -> int:
    """Batches under way: two for each place they can run in, so that none waits for this process."""
    return 1 if settings.runner == "here" else 2 * settings.runner_workers


def _on(resource: str, told: Told) -> Any:
    """Where Dask runs a task, on a cluster whose workers say what they have; without meaning elsewhere."""
    if not told["asks_resources"]:
        return nullcontext()
    import dask

    return dask.annotate(resources={resource: 1})  # type: ignore[attr-defined]  # not marked as exported


# --- what is told ----------------------------------------------------------------------------------------------------------------------


def _counts(summary: engine.Summary, path: str) -> Counts:
    return {
        "batch": path.rpartition("/")[2].partition(".")[0],
        **{name: getattr(summary, name) for name in ("processed", "scored", "updated", "unscored", "left", "seconds")},
        "failures": [_as_dict(failure) for failure in summary.failures if not failure.is_known],
    }


def _as_dict(failure: engine.Failure) -> dict[str, Any]:
    return {name: getattr(failure, name) for name in engine.Failure.__slots__}


def _together(parts: Sequence[Counts]) -> Counts:
    """Counts of a batch whose stages were tasks of their own."""
    first, *others = parts
    for other in others:
        sums = {name: first[name] + other[name] for name in ("processed", "scored", "updated", "unscored", "left", "seconds", "failures")}
        first = {**first, **sums}
    return first


def _joined(
    run_id: str, plan: engine.Plan, first: engine.Summary, found: Sequence[Counts | None], *, busy: int, began: datetime
) -> engine.Summary:
    batches = [counts for counts in found if counts]
    done = sum(counts["processed"] for counts in batches)
    failures = (*first.failures, *(engine.Failure(**failure) for counts in batches for failure in counts["failures"]))
    # A call that was heard and could not be scored is among those processed.
    of_listening = sum(failure["stage"] != "score" for counts in batches for failure in counts["failures"])
    return engine.Summary(
        run_id=run_id,
        found=plan.found,
        processed=done,
        scored=sum(counts["scored"] for counts in batches),
        skipped=len(plan.skipped),
        unscored=sum(counts["unscored"] for counts in batches),
        failures=failures,
        seconds=(datetime.now(UTC) - began).total_seconds(),
        updated=sum(counts["updated"] for counts in batches),
        left=max(0, len(plan.listen) - done - of_listening),
        busy=busy,
    )


def _tell(summary: engine.Summary, batches: Sequence[Counts]) -> None:
    """Summary, failures and throughput as artifacts."""
    lines = ["| | calls |", "|---|---|", *(f"| {name} | {count} |" for name, count in summary.counts.items())]
    a_second = summary.processed / summary.seconds if summary.seconds else 0.0
    lines += ["", f"Run {summary.run_id}, {summary.seconds:.1f} s, {a_second:.2f} calls a second."]
    create_markdown_artifact(markdown="\n".join(lines), key="nightly-summary", description="What the night did")
    if summary.failures:
        table = [
            {"recording": f.source_uri, "stage": f.stage, "what": f.message, "what to do": f.advice, "known": f.is_known}
            for f in summary.failures
        ]
        create_table_artifact(table=table, key="nightly-failures", description="What could not be processed")
    throughput = [
        {
            "batch": counts["batch"],
            "calls": counts["processed"],
            "failed": len(counts["failures"]),
            "seconds": round(counts["seconds"], 1),
            "calls a second": round(counts["processed"] / counts["seconds"], 2) if counts["seconds"] else None,
        }
        for counts in batches
    ]
    create_table_artifact(table=throughput, key="nightly-throughput", description="Calls and seconds of each batch")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow once from the command line, or serve it on a schedule."""
    parser = argparse.ArgumentParser(description="The nightly batch as a Prefect flow.")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--results")
    parser.add_argument("--since", metavar="DATE|A..B|last-night|last-run")
    parser.add_argument("--rubric")
    parser.add_argument("--profile")
    parser.add_argument("--direction", choices=("inbound", "outbound"))
    parser.add_argument("--roles", metavar="LABEL=ROLE,…")
    parser.add_argument("--encoding", default="utf-8-sig")
    parser.add_argument("--deadline", metavar="TIME")
    parser.add_argument("--priority", action="append", default=[], metavar="COLUMN=VALUE")
    parser.add_argument("--runner", choices=("here", "dask", "ray"))
    parser.add_argument("--separate-scoring", action="store_true")
    parser.add_argument("--batch-calls", type=int, default=BATCH_CALLS)
    parser.add_argument("--serve", metavar="CRON", help="stay, and run at these times (cron, local time)")
    given = vars(parser.parse_args(arguments))
    cron = given.pop("serve")
    try:
        reach_server()
        if cron:
            nightly.serve(name="nightly", cron=cron, parameters=given, limit=1)
            return 0
        counts: dict[str, int] = nightly(**given)
    except QaError as error:
        faults = [str(fault) for fault in error.faults] if isinstance(error, InputRefused) else []
        parser.exit(error.exit_code, "\n  ".join([str(error), *faults]) + "\n")
    finally:
        _end_workers()
    return 1 if counts["failed"] else LEFT_EXIT_CODE if counts["left"] else 0


if __name__ == "__main__":
    # By its name: clusters find a task by the module it lies in, and `__main__` is another one there.
    from flows.nightly import main as named_main

    raise SystemExit(named_main())
