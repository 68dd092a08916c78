"""The nightly batch as a Prefect flow: recordings in, scored calls out, with progress, retries and a summary to look at.

Tasks are thin and pass ids and paths; the work is engine.py's, in batches of calls, so that a hundred thousand calls make hundreds of tasks. Runs
with no server set up (Prefect starts one for the run) and against one (PREFECT_API_URL).

    python -m flows.nightly recordings/ --results results/
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qa_pipeline.telemetry import disable_telemetry

disable_telemetry()

from prefect import flow, get_run_logger, task  # noqa: E402  # telemetry is read when Prefect is imported
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402

from qa_pipeline import engine  # noqa: E402
from qa_pipeline.errors import InputRefused, QaError  # noqa: E402
from qa_pipeline.publishing.publish import check_published  # noqa: E402
from qa_pipeline.recordings.ingest import Defaults, ingest  # noqa: E402
from qa_pipeline.rubric.load import load_rubrics  # noqa: E402
from qa_pipeline.settings import Settings, load_settings  # noqa: E402

BATCH_CALLS = 50


@flow(name="nightly", log_prints=False)
def nightly(sources: Sequence[str], results: str | None = None, rubric: str | None = None, direction: str | None = None) -> dict[str, int]:
    """Process every recording of `sources`; returns the counts of the night. Calls that fail are rows of `failures`, not failed tasks."""
    log = get_run_logger()
    settings = load_settings(results=results)
    store = engine.open_store(settings)
    rubrics = load_rubrics(settings.rubrics)
    check_published(rubrics.values(), settings.rubrics)
    intake = ingest(sources, Defaults(rubric=rubric, direction=direction, timezone=settings.timezone))
    engine.check_environment(settings, store, needs_speech=intake.needs_speech)
    plan = engine.plan(intake, settings, store, rubrics, purpose="official")
    for warning in plan.warnings:
        log.warning(warning)
    log.info(
        "%d recordings: %d to listen to, %d to score, %d there already", plan.found, len(plan.listen), len(plan.rescore), len(plan.skipped)
    )
    parts = _split(plan)
    progress = create_progress_artifact(progress=0.0, key="nightly-progress", description=f"{len(plan.listen)} calls to listen to")
    summaries = []
    for number, part in enumerate(parts, 1):
        summaries.append(process_batch(part, settings))
        update_progress_artifact(progress, progress=100.0 * number / len(parts))  # type: ignore[arg-type]  # a UUID in a flow that is not async
    counts = _counts(plan, summaries)
    create_markdown_artifact(markdown=_summary_text(counts, summaries), key="nightly-summary", description="What the night did")
    log.info("%(processed)d processed, %(scored)d scored, %(skipped)d there already, %(failed)d failed", counts)
    return counts


@task(
    name="process-batch",
    retries=2,
    retry_delay_seconds=30,
    persist_result=False,
    cache_policy=NO_CACHE,
    task_run_name="batch of {plan.found}",
)
def process_batch(plan: engine.Plan, settings: Settings) -> engine.Summary:
    """One batch through all stages. Safe to retry: what is committed is not done again."""
    store = engine.open_store(settings)
    log = get_run_logger()

    def report(event: engine.Event) -> None:
        if event.kind == "failed":
            log.warning("call %s failed: %s", event.call_id, event.text)
        elif event.kind == "done":
            log.info("%d/%d calls of this batch", event.done, event.total)

    return engine.run(plan, settings, store, load_rubrics(settings.rubrics), purpose="official", report=report)


def _split(plan: engine.Plan) -> list[engine.Plan]:
    """The plan in batches; what is not listened to goes with the first."""
    batches = [plan.listen[start : start + BATCH_CALLS] for start in range(0, len(plan.listen), BATCH_CALLS)] or [()]
    empty = replace(plan, rescore=(), skipped=(), known_failures=(), unavailable=(), warnings=())
    parts = []
    for number, batch in enumerate(batches):
        # Prefect looks through all that a task is given: each gets its own dialogues only.
        dialogues = {call.call_id: plan.dialogues[call.call_id] for call in batch if call.call_id in plan.dialogues}
        found = len(batch) + (0 if number else len(plan.rescore) + len(plan.unavailable))
        parts.append(replace(empty if number else plan, listen=batch, dialogues=dialogues, found=found))
    return parts


def _counts(plan: engine.Plan, summaries: Sequence[engine.Summary]) -> dict[str, int]:
    return {
        "found": plan.found,
        "processed": sum(s.processed for s in summaries),
        "scored": sum(s.scored for s in summaries),
        "skipped": len(plan.skipped),
        "unscored": sum(s.unscored for s in summaries),
        "failed": sum(s.failed for s in summaries),
    }


def _summary_text(counts: dict[str, int], summaries: Sequence[engine.Summary]) -> str:
    lines = ["| | calls |", "|---|---|", *(f"| {name} | {count} |" for name, count in counts.items())]
    failures = [failure for summary in summaries for failure in summary.failures]
    if failures:
        lines += ["", "| recording | stage | what | what to do |", "|---|---|---|---|"]
        lines += [f"| {_cell(f.source_uri)} | {f.stage} | {_cell(f.message)} | {_cell(f.advice)} |" for f in failures]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow once from the command line."""
    parser = argparse.ArgumentParser(description="The nightly batch as a Prefect flow.")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--results")
    parser.add_argument("--rubric")
    parser.add_argument("--direction", choices=("inbound", "outbound"))
    given = parser.parse_args(arguments)
    try:
        counts: dict[str, Any] = nightly(given.sources, results=given.results, rubric=given.rubric, direction=given.direction)
    except QaError as error:
        faults = [str(fault) for fault in error.faults] if isinstance(error, InputRefused) else []
        parser.exit(error.exit_code, "\n  ".join([str(error), *faults]) + "\n")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
