"""Scoring stored calls again as a Prefect flow: a new rubric version over the calls of some dates, with progress, retries and a summary to look at.

One task does it all, in worker processes (running/lots.py): the tables are read once from end to end, and a retry goes on where the first try
stopped. Runs with no server set up and against one (PREFECT_API_URL).

    python -m flows.rescore --results results/ --since 2026-05-01
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flows.prefect_server import reach_server, wait_longer
from qa_pipeline.telemetry import disable_telemetry

disable_telemetry()
wait_longer()

from prefect import flow, get_run_logger, task  # noqa: E402  # telemetry is read when Prefect is imported
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402

from qa_pipeline.errors import InputRefused, QaError  # noqa: E402
from qa_pipeline.reading.stored import Selection  # noqa: E402
from qa_pipeline.results.versions import official_rubrics  # noqa: E402
from qa_pipeline.rubric.load import load_rubric, readable_rubrics  # noqa: E402
from qa_pipeline.rubric.schema import Rubric  # noqa: E402
from qa_pipeline.running.environment import open_store  # noqa: E402
from qa_pipeline.running.progress import Event  # noqa: E402
from qa_pipeline.running.rescoring import RescoreSummary, plan_rescoring  # noqa: E402
from qa_pipeline.running.rescoring import rescore as carry_out  # noqa: E402
from qa_pipeline.running.run import Run  # noqa: E402
from qa_pipeline.settings import Settings, load_settings  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescoring:
    """What is asked for: which stored calls, by which rubrics, and as what. `by_path`: the rubrics are one file that is being tried."""

    select: Selection
    rubrics: Mapping[str, Rubric]
    named: str | None
    by_path: bool
    purpose: str


@flow(name="rescore", log_prints=False)
def rescore(
    results: str | None = None,
    rubric: str | None = None,
    since: date | None = None,
    until: date | None = None,
    trial: bool = False,
    workers: int | None = None,
) -> dict[str, int]:
    """Score stored calls by the rubrics as they are now; returns the counts. `rubric`: a name, or a path, which scores as a trial."""
    settings = load_settings(results=results)
    by_path = rubric is not None and rubric.endswith((".yaml", ".yml"))
    # Before the task: faults in rubrics are not worth a second try.
    if rubric is not None and by_path:
        tried = load_rubric(Path(rubric))
        rubrics, rubric = {tried.id: tried}, tried.id
    elif trial:
        rubrics, _ = readable_rubrics(settings.rubrics)
    else:
        rubrics, left_out = official_rubrics(settings.rubrics, open_store(settings))
        for warning in left_out:
            get_run_logger().warning(warning)
    is_trial = trial or by_path
    asked = Rescoring(
        select=Selection(since=since, until=until),
        rubrics=rubrics,
        named=rubric,
        by_path=by_path,
        purpose="trial" if is_trial else "official",
    )
    summary = score_stored_calls(settings, asked, workers)
    counts = _counts(summary)
    lines = ["| | calls |", "|---|---|", *(f"| {name} | {count} |" for name, count in counts.items())]
    create_markdown_artifact(markdown="\n".join(lines), key="rescore-summary", description="What was scored again")
    get_run_logger().info(
        "%(found)d calls: %(scored)d scored, %(changed)d with a changed verdict, %(there)d there already, %(failed)d failed", counts
    )
    return counts


@task(name="score-stored-calls", retries=2, retry_delay_seconds=30, persist_result=False, cache_policy=NO_CACHE)
def score_stored_calls(settings: Settings, asked: Rescoring, workers: int | None) -> RescoreSummary:
    """Plan and score. Safe to retry: what is committed is not done again."""
    log = get_run_logger()
    run = Run(settings=settings, store=open_store(settings), rubrics=asked.rubrics, purpose=asked.purpose)
    plan = plan_rescoring(run, select=asked.select, named=asked.named, by_path=asked.by_path)
    for warning in plan.warnings:
        log.warning(warning)
    progress = create_progress_artifact(progress=0.0, key="rescore-progress", description=f"{len(plan.assignments)} calls to score")
    shown = 0

    def on_event(event: Event) -> None:
        nonlocal shown
        if event.kind == "stage":
            log.info(event.text)
        elif event.done == event.total or event.done * 20 // event.total > shown:
            shown = event.done * 20 // event.total
            log.info("%d/%d calls", event.done, event.total)
            update_progress_artifact(progress, progress=100.0 * event.done / event.total)  # type: ignore[arg-type]  # a UUID in a flow that is not async

    summary = carry_out(plan, replace(run, on_event=on_event), workers=workers)
    for failure in summary.failures:
        log.warning("call %s: %s %s", failure.call_id, failure.message, failure.advice)
    return summary


def _counts(summary: RescoreSummary) -> dict[str, int]:
    names = {"found": "found", "scored": "scored", "changed": "changed", "unchanged": "unchanged", "there": "standing"}
    names |= {"unscored": "unscored", "closed": "closed"}
    return {label: getattr(summary, name) for label, name in names.items()} | {"failed": len(summary.failures)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow once from the command line."""
    parser = argparse.ArgumentParser(description="Scoring stored calls again as a Prefect flow.")
    parser.add_argument("--results")
    parser.add_argument("--rubric")
    parser.add_argument("--since", type=date.fromisoformat)
    parser.add_argument("--until", type=date.fromisoformat)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--workers", type=int)
    given = parser.parse_args(arguments)
    try:
        reach_server()
        counts = rescore(
            results=given.results, rubric=given.rubric, since=given.since, until=given.until, trial=given.trial, workers=given.workers
        )
    except QaError as error:
        faults = [str(fault) for fault in error.faults] if isinstance(error, InputRefused) else []
        parser.exit(error.exit_code, "\n  ".join([str(error), *faults]) + "\n")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
