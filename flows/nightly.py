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
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
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

from flows.runners import asks_resources, batches_at_once, on, task_runner  # noqa: E402
from qa_pipeline.errors import EnvironmentNotReady, InputRefused, QaError  # noqa: E402
from qa_pipeline.languages.load import language_codes  # noqa: E402
from qa_pipeline.recordings.defaults import written_defaults  # noqa: E402
from qa_pipeline.results.versions import official_rubrics  # noqa: E402
from qa_pipeline.running.environment import open_store  # noqa: E402
from qa_pipeline.running.isolation import LISTENING, WorkerProcesses  # noqa: E402
from qa_pipeline.running.night import Night, carry_out_night  # noqa: E402
from qa_pipeline.running.pace import deadline_of, pace_of  # noqa: E402
from qa_pipeline.running.pieces import Briefing, briefing_of, run_of, score_heard, with_scores, work_on, written_pieces  # noqa: E402
from qa_pipeline.running.plan import Plan  # noqa: E402
from qa_pipeline.running.priority import parse_priority  # noqa: E402
from qa_pipeline.running.progress import Event  # noqa: E402
from qa_pipeline.running.record import Summary  # noqa: E402
from qa_pipeline.running.run import Run  # noqa: E402
from qa_pipeline.settings import Settings, load_settings  # noqa: E402

BATCH_CALLS = 100
LEFT_EXIT_CODE = 4
# What stands for listening, and is another thing in tests and benchmarks.
worker = LISTENING


@flow(name="nightly", log_prints=False)
def nightly(
    sources: Sequence[str],
    results: str | None = None,
    since: str | None = None,
    rubric: str | None = None,
    profile: str | None = None,
    direction: str | None = None,
    agent_channel: int | None = None,
    language: str | None = None,
    timezone: str | None = None,
    encoding: str = "utf-8-sig",
    mapping: str | None = None,
    roles: str | None = None,
    raw: str | None = None,
    join: bool = False,
    filename_pattern: str | None = None,
    deadline: str | None = None,
    priority: Sequence[str] = (),
    runner: str | None = None,
    separate_scoring: bool = False,
    batch_calls: int = BATCH_CALLS,
) -> dict[str, int]:
    """Process every recording of `sources` that is not done yet; returns the counts of the night.

    Calls that fail are rows of `failures`, not failed tasks. What describes calls and files is written as the options of `qa-pipeline run` are
    (`mapping` is --map). `since`: a date, `A..B`, `last-night` or `last-run`. `runner`: here, dask or ray; by
    default as the settings say. `separate_scoring`: listening and scoring are tasks of their own, tagged `speech` and `scoring`, so that they can
    be given to different machines.
    """
    log = get_run_logger()
    settings = load_settings(results=results, profile=profile, runner=runner, timezone=timezone)
    until = deadline_of(deadline, settings.timezone, now=datetime.now(UTC)) if deadline else None
    store = open_store(settings)
    rubrics, left_out = official_rubrics(settings.rubrics, store)
    run = Run(settings=settings, store=store, rubrics=rubrics, pace=pace_of(settings, deadline=until))
    defaults = written_defaults(
        rubric=rubric, timezone=settings.timezone, direction=direction, agent_channel=agent_channel, language=language, encoding=encoding,
        filename_pattern=filename_pattern, roles=roles, raw=raw, join=join, mapping=mapping, folders=settings.recording_folders,
    )  # fmt: skip
    night = Night(sources=sources, defaults=defaults, since=since, priorities=[parse_priority(text) for text in priority])
    plan = night.plan(run)
    for warning in (*left_out, *plan.warnings):
        log.warning(warning)
    batches: list[Summary | None] = []

    def as_tasks(mine: Plan, run: Run) -> Sequence[Summary | None]:
        busy = len(plan.listen) - len(mine.listen)
        log.info(
            "%d recordings: %d to listen to, %d to score, %d there already, %d busy",
            mine.found, len(mine.listen), len(mine.rescore), len(mine.skipped), busy,
        )  # fmt: skip
        carry_out = process_batches.with_options(task_runner=task_runner(settings))
        with written_pieces(mine, run, batch_calls) as paths:
            batches.extend(
                carry_out(
                    paths, briefing_of(run), at_once=batches_at_once(settings), separate_scoring=separate_scoring,
                    asks_resources=asks_resources(settings),
                )
            )  # fmt: skip
        return batches

    ended = carry_out_night(
        plan, run, in_pieces=as_tasks, on_summary=lambda summary: _leave_artifacts(summary, batches), on_warning=log.warning
    )  # fmt: skip
    if ended.recorded:
        log.info(
            "%d recordings play in several calls; in %d calls they counted as somebody's words",
            len(ended.recorded.announcements),
            ended.recorded.changed,
        )
        if ended.recorded.failed:
            log.warning("%d of these calls could not be scored again", ended.recorded.failed)
    if ended.asked:
        log.info("%d questions put about %d calls, %d calls wait", ended.asked.requests, ended.asked.calls, ended.asked.left)
    counts = ended.summary.counts
    log.info("%(processed)d processed, %(scored)d scored, %(skipped)d there already, %(failed)d failed, %(left)d left", counts)
    if lost := batches.count(None):
        raise EnvironmentNotReady(
            f"{lost} of {len(batches)} batches could not be finished.",
            advice="The log of their tasks says why. Run the flow again: what was committed is not done twice.",
        )
    return counts


@flow(name="batches")
def process_batches(
    paths: Sequence[str], briefing: Briefing, *, at_once: int, separate_scoring: bool, asks_resources: bool
) -> list[Summary | None]:
    """Batches as tasks, never more than `at_once` under way. None stands for a batch whose task failed for good."""
    progress = create_progress_artifact(progress=0.0, key="nightly-progress", description=f"{len(paths)} batches")
    waiting: deque[tuple[Any, ...]] = deque()
    summaries: list[Summary | None] = []

    def take() -> None:
        parts = [future.result(raise_on_failure=False) for future in waiting.popleft()]
        summaries.append(reduce(with_scores, parts) if all(isinstance(part, Summary) for part in parts) else None)
        update_progress_artifact(progress, progress=100.0 * len(summaries) / len(paths))  # type: ignore[arg-type]  # a UUID in a flow that is not async

    for path in paths:
        while len(waiting) >= at_once:
            take()
        if separate_scoring:
            with tags("speech"), on("GPU", is_asked=asks_resources):
                heard = listen_batch.submit(path, briefing)
            with tags("scoring"), on("CPU", is_asked=asks_resources):
                waiting.append((heard, score_batch.submit(path, briefing, wait_for=[heard])))  # type: ignore[call-overload]  # Prefect's own argument
        else:
            waiting.append((process_batch.submit(path, briefing),))
    while waiting:
        take()
    return summaries


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
def process_batch(path: str, briefing: Briefing) -> Summary:
    """One batch through all stages. Safe to retry: what is committed is not done again."""
    return _work_on(path, run_of(briefing))


@task(name="listen-batch", task_run_name="{path}", **_TASK)
def listen_batch(path: str, briefing: Briefing) -> Summary:
    """One batch, listening only."""
    return _work_on(path, replace(run_of(briefing), scores=False))


@task(name="score-batch", task_run_name="{path}", **_TASK)
def score_batch(path: str, briefing: Briefing) -> Summary:
    """What a batch has listened to, scored; on a machine without models."""
    return score_heard(path, run_of(briefing))


def _work_on(path: str, run: Run) -> Summary:
    log = get_run_logger()

    def on_event(event: Event) -> None:
        if event.kind == "failed":
            log.warning("call %s failed: %s", event.call_id, event.text)

    run = replace(run, workers=_workers(run.settings), on_event=on_event)
    summary = work_on(path, run, is_retry=(task_run.run_count or 1) > 1)
    log.info("%d calls, %d failed, %.1f s", summary.processed, summary.failed, summary.seconds)
    return summary


# --- worker processes that stay warm from batch to batch -------------------------------------------------------------------------------

_warm: dict[str, WorkerProcesses] = {}


def _workers(settings: Settings) -> WorkerProcesses:
    """Worker processes of this process, begun when first needed, warm until it ends."""
    key = settings.model_dump_json()
    if key not in _warm:
        _end_workers()
        _warm[key] = WorkerProcesses(settings, worker=worker)
    return _warm[key]


@atexit.register
def _end_workers() -> None:
    while _warm:
        _warm.popitem()[1].close(at_once=True)


# --- artifacts -------------------------------------------------------------------------------------------------------------------------


def _leave_artifacts(summary: Summary, batches: Sequence[Summary | None]) -> None:
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
            "batch": f"{number:06d}",
            "calls": batch.processed,
            "failed": sum(not failure.is_known for failure in batch.failures),
            "seconds": round(batch.seconds, 1),
            "calls a second": round(batch.processed / batch.seconds, 2) if batch.seconds else None,
        }
        for number, batch in enumerate(batches)
        if batch
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
    parser.add_argument("--agent-channel", type=int, choices=(0, 1))
    parser.add_argument("--language", choices=language_codes())
    parser.add_argument("--timezone", metavar="ZONE")
    parser.add_argument("--encoding", default="utf-8-sig")
    parser.add_argument("--map", dest="mapping", metavar="NAME|FILE")
    parser.add_argument("--roles", metavar="LABEL=ROLE,…")
    parser.add_argument("--raw", metavar="ENDING=FORM,…")
    parser.add_argument("--join", action="store_true")
    parser.add_argument("--filename-pattern", metavar="PATTERN")
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
