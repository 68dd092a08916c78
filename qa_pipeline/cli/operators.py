"""The commands of operators: runs and nights, what became of them, upkeep of the tables, models, settings."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.cli.options import (
    DATE,
    as_day,
    defaults_from,
    describing_options,
    open_results,
    open_settings,
    open_store,
    profile_option,
    results_option,
    rubrics_for,
    user_name,
    warn,
)
from qa_pipeline.cli.show import Progress, show_failures, show_plan, show_recorded, show_summary
from qa_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa_pipeline.running.observe import JsonLog
    from qa_pipeline.running.plan import Plan
    from qa_pipeline.running.record import Summary
    from qa_pipeline.running.run import Run
    from qa_pipeline.settings import Settings

LEFT_EXIT_CODE = 4


@click.command("run")
@click.argument("sources", nargs=-1, required=True)
@results_option
@describing_options
@click.option("--since", metavar="DATE|A..B|last-night|last-run", help="Only calls of these days; by default all that are not done yet.")
@click.option("--call", "call_ids", multiple=True, metavar="ID", help="Only this call; may be given again.")
@click.option("--force", is_flag=True, help="Listen again, also to calls that are there.")
@click.option("--retry-failed", is_flag=True, help="Try again what failed for good.")
@click.option("--deadline", metavar="TIME", help="Begin no call after this time, as 06:30; what is left is for the next run (exit code 4).")
@click.option("--priority", multiple=True, metavar="COLUMN=VALUE,…", help="These calls first; may be given again. Then the newest first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def run_command(sources: tuple[str, ...], **options: Any) -> None:
    """Turn recordings, transcripts and chats into scored calls.

    SOURCES are folders, files, patterns or URIs; calls.csv, .parquet or .jsonl beside the recordings describe them.
    Files .jsonl, .json, .vtt, .srt, .sbv, .ttml, .txt and .csv (a line a row) are read as text.
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from qa_pipeline.cli.asking import show_ask_plan, show_asked
    from qa_pipeline.running.ask_plan import asks, plan_night
    from qa_pipeline.running.batch import in_one_piece
    from qa_pipeline.running.night import Night, carry_out_night
    from qa_pipeline.running.pace import deadline_of, pace_of
    from qa_pipeline.running.priority import parse_priority
    from qa_pipeline.running.run import Run

    settings = open_settings(results=options["results"], profile=options["profile"], timezone=options["timezone"])
    priorities = [parse_priority(text) for text in options["priority"]]
    deadline = deadline_of(options["deadline"], settings.timezone, now=datetime.now(UTC)) if options["deadline"] else None
    rubrics, named, purpose = rubrics_for(settings, options["rubric"])
    run = Run(settings=settings, store=open_store(settings), rubrics=rubrics, purpose=purpose, pace=pace_of(settings, deadline=deadline))
    night = Night(
        sources=sources, defaults=defaults_from(settings, named, options), since=options["since"], call_ids=options["call_ids"],
        force=options["force"], retry_failed=options["retry_failed"], priorities=priorities,
    )  # fmt: skip
    plan = night.plan(run, checks=not options["dry_run"])
    for warning in plan.warnings:
        warn(warning, settings)
    if options["dry_run"]:
        show_plan(plan, settings, deadline=deadline)
        if purpose == "official" and settings.ask_url and asks(rubrics, settings):
            show_ask_plan(plan_night(run), settings)
        return
    progress = _progress(settings, len(plan.listen))

    def with_progress(plan: Plan, run: Run) -> Sequence[Summary | None]:
        with progress:
            return in_one_piece(plan, run)

    ended = carry_out_night(
        plan,
        replace(run, on_event=progress.on_event),
        in_pieces=with_progress,
        on_summary=lambda summary: show_summary(summary, settings),
        on_warning=partial(warn, settings=settings),
    )
    if ended.recorded:
        show_recorded(ended.recorded)
    if ended.asked:
        show_asked(ended.asked)
    sys.exit(1 if ended.failed else LEFT_EXIT_CODE if ended.summary.left else 0)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@results_option
@describing_options
@click.option("--interval", type=click.FloatRange(min=0.1), default=15.0, show_default=True, help="Seconds between two looks.")
def watch(sources: tuple[str, ...], interval: float, **options: Any) -> None:
    """Process recordings as they arrive, until stopped.

    A file that still grows waits until it has stayed as it is for `settle_seconds`. Stop it with Ctrl-C or SIGTERM: what it works on is finished.
    """
    import signal

    from qa_pipeline.cli.asking import show_asked
    from qa_pipeline.running.environment import check_environment
    from qa_pipeline.running.night import Night
    from qa_pipeline.running.observe import RunMetrics
    from qa_pipeline.running.run import Run
    from qa_pipeline.running.watch import Watcher

    settings = open_settings(results=options["results"], profile=options["profile"], timezone=options["timezone"])
    rubrics, named, purpose = rubrics_for(settings, options["rubric"])
    if purpose != "official":
        raise InputRefused("A file cannot be tried in watch mode.", advice="Use `qa-pipeline run --rubric PATH`, or publish it.")
    store = open_store(settings)
    check_environment(settings, store)
    metrics = RunMetrics()
    if settings.metrics_file:
        metrics.go_on_from(settings.metrics_file)
    if settings.metrics_port:
        metrics.serve(settings.metrics_port)
    with _progress(settings, 0) as progress:
        watcher = Watcher(
            night=Night(sources=sources, defaults=defaults_from(settings, named, options)),
            run=Run(settings=settings, store=store, rubrics=rubrics, on_event=progress.on_event),
            interval=interval,
            metrics=metrics,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop.set())
        click.echo(f"Watching {', '.join(sources)} every {interval:g} s. Results: {settings.results}")
        looks = watcher.watch(
            on_summary=lambda summary: show_summary(summary, settings), on_warning=partial(warn, settings=settings), on_asked=show_asked
        )
    click.echo(f"Stopped after {looks} looks.")


@click.command("rescore")
@results_option
@click.option("--rubric", metavar="NAME|PATH", help="Rubric for calls whose metadata name none; a path scores as a trial.")
@click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later.")
@click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date.")
@click.option("--call", "call_ids", multiple=True, metavar="ID", help="Only this call; may be given again.")
@click.option("--agent", metavar="ID", help="Only calls of this agent.")
@click.option("--trial", is_flag=True, help="Write the scores as trials: what counts stays as it is.")
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one for each processor.")
def rescore_command(results: str | None, **options: Any) -> None:
    """Score stored calls again by the rubrics as they are now: no audio, no speech models.

    Old scores stay. Calls in closed periods are scored as trials. The same command again goes on where it was stopped.
    """
    from dataclasses import replace

    from qa_pipeline.reading.stored import Selection
    from qa_pipeline.running.rescoring import plan_rescoring, rescore
    from qa_pipeline.running.run import Run

    settings = open_settings(results=results)
    store = open_results(settings)
    rubrics, named, purpose = rubrics_for(settings, options["rubric"], trial=options["trial"])
    select = Selection(
        since=as_day(options["since"]), until=as_day(options["until"]), call_ids=options["call_ids"], agent_id=options["agent"]
    )
    run = Run(settings=settings, store=store, rubrics=rubrics, purpose=purpose)
    plan = plan_rescoring(run, select=select, named=named, by_path=list(rubrics) == [named])
    for warning in plan.warnings:
        warn(warning, settings)
    with Progress(len(plan.assignments)) as progress:
        summary = rescore(plan, replace(run, on_event=progress.on_event), workers=options["workers"])
    click.echo(
        f"{summary.found} calls: {summary.scored} scored ({summary.changed} with a changed verdict, {summary.unchanged} as before), "
        f"{summary.standing} there already, {summary.unscored} without a rubric, {summary.closed} in closed periods as trials, "
        f"{len(summary.failures)} failed; {summary.seconds:.1f} s. Results: {settings.results}"
    )
    show_failures(summary.failures)
    sys.exit(1 if summary.failures else 0)


@click.command()
@results_option
def status(results: str | None) -> None:
    """Show what ran, what runs now, and what is there."""
    from qa_pipeline.reading.runs import count_all, list_runs
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.lease import Claims

    store = open_results(open_settings(results=results))
    viewer = local_viewer(user_name())
    show_rows(list_runs(store, viewer))
    for working in Claims(store.root, "").living():
        click.echo(f"Working now: run {working.run_id}, {working.who}, {working.calls} calls.")
    counts = count_all(store, viewer)
    newest = f"; the newest of {counts.newest:%Y-%m-%d %H:%M} UTC" if counts.newest else ""
    click.echo(f"{counts.calls} calls, {counts.scores} scored{newest}. {counts.failed} failed, {counts.passing} of them to be tried again.")


@click.command()
@results_option
def failures(results: str | None) -> None:
    """Show what could not be processed, why, and what to do."""
    from qa_pipeline.reading.runs import list_failures
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.report.terminal import show_rows

    shown = ("source_uri", "stage", "attempt", "message", "advice", "transient")
    found = list_failures(open_results(open_settings(results=results)), local_viewer(user_name()))
    show_rows([{name: row[name] for name in shown} for row in found])


@click.command()
@results_option
@click.option(
    "--acts",
    is_flag=True,
    help="Read acts and replies of stored calls that have none, or another reader's, from their texts; loads the text encoder.",
)
def compact(results: str | None, acts: bool) -> None:
    """Join small files of the tables; afterwards any Parquet reader sees exactly the current rows.

    Norms that were made by other code, language data or dictionaries are made anew and written down.
    """
    from qa_pipeline.results.norms import renew_norms

    settings = open_settings(results=results)
    store = open_results(settings)
    if renewed := renew_norms(store):
        click.echo(f"norms of {renewed} call{'s' if renewed != 1 else ''} made anew")
    if acts:
        from qa_pipeline.conversation.listen import Listener
        from qa_pipeline.meaning.meanings import read_by
        from qa_pipeline.results.acts import renew_acts

        read = renew_acts(store, Listener(settings).read_meanings, read_by(settings))
        click.echo(f"acts and replies of {read} call{'s' if read != 1 else ''} read anew; `qa-pipeline rescore` judges by them")
    for name, files in store.compact().items():
        click.echo(f"{name}: {files} file{'s' if files != 1 else ''}")


@click.command("verify-results")
@results_option
def verify_results_command(results: str | None) -> None:
    """Read every file of the results and check that nothing is missing, doubled or torn. Exit code 1 when something is."""
    from qa_pipeline.reading.verify import verify_results
    from qa_pipeline.report.terminal import show_rows

    store = open_results(open_settings(results=results))
    found = verify_results(store, report=lambda table: click.echo(f"reading {table}", err=True))
    show_rows(
        [
            {
                "table": t.name,
                "files": t.files,
                "rows": t.rows,
                "rows without a head": t.torn,
                "schema": "current" if t.is_current else "older",
            }
            for t in found.tables
        ]
    )
    for fault in found.faults:
        click.echo(f"fault: {fault}", err=True)
    if found.faults:
        click.echo(
            "  Run the nightly command again: it writes anew what is missing. A file that cannot be read must come from a backup.", err=True
        )
        sys.exit(1)
    click.echo("Whole.")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@results_option
@profile_option
@click.option("--misses", is_flag=True, help="Also list every outcome that differs.")
def evaluate(folder: str, results: str | None, profile: str | None, misses: bool) -> None:
    """Compare what the pipeline makes of FOLDER with the truth beside its recordings (docs/evaluation.md)."""
    from qa_pipeline.evaluation.run import evaluate_folder
    from qa_pipeline.evaluation.show import show_evaluation

    settings = open_settings(results=results, profile=profile)
    with Progress(0) as progress:
        evaluation = evaluate_folder(Path(folder), settings, on_event=progress.on_event)
    show_evaluation(evaluation, misses=misses)


@click.group()
def models() -> None:
    """Fetch and check model weights."""


@models.command("pull")
@profile_option
def models_pull(profile: str | None) -> None:
    """Fetch, check and assemble the models of a profile; what is there already is kept."""
    from qa_pipeline.speech.models import manifests_in_use, pull

    settings = open_settings(profile=profile)
    for manifest in manifests_in_use(settings):
        pull(manifest, settings, report=lambda text: click.echo(text, err=True))


@models.command("verify")
@profile_option
def models_verify(profile: str | None) -> None:
    """Check every file of the models against its SHA-256."""
    from qa_pipeline.errors import ModelError
    from qa_pipeline.speech.models import manifests_in_use, verify

    settings = open_settings(profile=profile)
    faults = [fault for manifest in manifests_in_use(settings) for fault in verify(manifest, settings)]
    if faults:
        listed = "\n  ".join(faults)
        raise ModelError(f"Models are not in order:\n  {listed}", advice="Run `qa-pipeline models pull`.")
    click.echo(f"All models of profile {settings.profile} are whole.")


@models.command("list")
@profile_option
def models_list(profile: str | None) -> None:
    """List the models of a profile with licence and state."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.speech.models import manifests_in_use, verify

    settings = open_settings(profile=profile)
    show_rows(
        [
            {
                "model": m.id,
                "purpose": m.purpose,
                "licence": m.licence,
                "source": m.repository or "package index",
                "state": "; ".join(verify(m, settings)) or "whole",
            }
            for m in manifests_in_use(settings)
        ]
    )


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command("check")
def config_check() -> None:
    """Print every setting with its value and meaning."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.settings import Settings

    settings = open_settings()
    show_rows([{"setting": n, "value": str(getattr(settings, n)), "meaning": f.description} for n, f in Settings.model_fields.items()])


COMMANDS = (run_command, watch, rescore_command, status, failures, compact, verify_results_command, models, config, evaluate)


def _progress(settings: Settings, total: int) -> Progress | JsonLog:
    from qa_pipeline.running.observe import JsonLog

    return JsonLog() if settings.log_format == "json" else Progress(total)
