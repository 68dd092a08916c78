"""Commands of operators: run, watch, status, failures, compact, verify-results, retain. They read options, call the library, print.

Exit codes of `run`: 0 done, 1 done with failures listed, 2 bad usage or input refused, 3 environment not ready, 4 the deadline left calls for the next run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.cli.options import LANGUAGE, open_settings, open_store, results_option, rubrics_for, user_name
from qa_pipeline.cli.show import Progress, show_plan, show_recorded, show_summary
from qa_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qa_pipeline.recordings.ingest import Defaults
    from qa_pipeline.running.observe import JsonLog
    from qa_pipeline.running.plan import Plan
    from qa_pipeline.running.record import Summary
    from qa_pipeline.running.run import Run
    from qa_pipeline.settings import Settings

LEFT_EXIT_CODE = 4

_DESCRIBING = (
    click.option("--profile", metavar="NAME", help="Model profile (base, small, large)."),
    click.option("--rubric", metavar="NAME|PATH", help="Rubric for calls whose metadata name none; a path scores as a trial."),
    click.option("--direction", type=click.Choice(["inbound", "outbound"]), help="For calls whose metadata do not say."),
    click.option("--agent-channel", type=click.IntRange(0, 1), help="Track of the agent in stereo calls: 0 first (left)."),
    click.option("--language", type=LANGUAGE, help="Language, instead of detecting it."),
    click.option("--timezone", metavar="ZONE", help="Zone of times written without one."),
    click.option("--encoding", default="utf-8-sig", show_default=True, help="Encoding of metadata and transcripts."),
    click.option("--roles", metavar="LABEL=ROLE,…", help="Who is who in transcripts, as Anna=agent,Visitor=customer."),
    click.option(
        "--raw", metavar="ENDING=FORM,…", help="Sound without a header, as .ulaw=mulaw,.vox=vox,.pcm=s16le:16000:2 (Hz, channels)."
    ),
    click.option("--join", is_flag=True, help="Files whose names say so are one call: …-in and …-out, …-part1 and …-part2."),
    click.option("--filename-pattern", metavar="PATTERN", help="Metadata in file names, as {campaign}_{agent_id}_{started_at}."),
)


def _describing(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what holds where the metadata are silent."""
    for option in reversed(_DESCRIBING):
        command = option(command)
    return command


@click.command("run")
@click.argument("sources", nargs=-1, required=True)
@results_option
@_describing
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
    Files .jsonl, .vtt, .srt and .txt are read as text.
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from qa_pipeline.running.batch import here
    from qa_pipeline.running.night import Night, spend
    from qa_pipeline.running.pace import deadline_of, pace_of
    from qa_pipeline.running.priority import parse_priority
    from qa_pipeline.running.run import Run

    settings = open_settings(results=options["results"], profile=options["profile"], timezone=options["timezone"])
    priorities = [parse_priority(text) for text in options["priority"]]
    deadline = deadline_of(options["deadline"], settings.timezone, now=datetime.now(UTC)) if options["deadline"] else None
    rubrics, named, purpose = rubrics_for(settings, options["rubric"])
    run = Run(settings=settings, store=open_store(settings), rubrics=rubrics, purpose=purpose, pace=pace_of(settings, deadline=deadline))
    night = Night(
        sources=sources, defaults=_defaults(settings, named, options), since=options["since"], call_ids=options["call_ids"],
        force=options["force"], retry_failed=options["retry_failed"], priorities=priorities,
    )  # fmt: skip
    plan = night.plan(run, checks=not options["dry_run"])
    for warning in plan.warnings:
        _warn(warning)
    if options["dry_run"]:
        show_plan(plan, settings, deadline=deadline)
        return
    progress = _progress(settings, len(plan.listen))

    def in_one_piece(plan: Plan, run: Run) -> Sequence[Summary | None]:
        with progress:
            return here(plan, run)

    ended = spend(
        plan,
        replace(run, on_event=progress.on_event),
        in_pieces=in_one_piece,
        on_summary=lambda summary: show_summary(summary, settings),
        on_warning=_warn,
    )
    if ended.recorded:
        show_recorded(ended.recorded)
    sys.exit(1 if ended.failed else LEFT_EXIT_CODE if ended.summary.left else 0)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@results_option
@_describing
@click.option("--interval", type=click.FloatRange(min=0.1), default=15.0, show_default=True, help="Seconds between two looks.")
def watch(sources: tuple[str, ...], interval: float, **options: Any) -> None:
    """Process recordings as they arrive, until stopped.

    A file that still grows waits until it has stayed as it is for `settle_seconds`. Stop it with Ctrl-C or SIGTERM: what it works on is finished.
    """
    import signal

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
    if settings.metrics_port:
        metrics.serve(settings.metrics_port)
    with _progress(settings, 0) as progress:
        watcher = Watcher(
            night=Night(sources=sources, defaults=_defaults(settings, named, options)),
            run=Run(settings=settings, store=store, rubrics=rubrics, on_event=progress.on_event),
            interval=interval,
            metrics=metrics,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop.set())
        click.echo(f"Watching {', '.join(sources)} every {interval:g} s. Results: {settings.results}")
        looks = watcher.watch(on_summary=lambda summary: show_summary(summary, settings), on_warning=_warn)
    click.echo(f"Stopped after {looks} looks.")


@click.command()
@results_option
def status(results: str | None) -> None:
    """Show what ran, what runs now, and what is there."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.lease import Claims
    from qa_pipeline.results.query import rows

    store = open_store(open_settings(results=results))
    shown = rows(store, "select * exclude (code_version) from runs order by started_at desc limit 20")
    show_rows(shown)
    for working in Claims(store.root, "").living():
        click.echo(f"Working now: run {working.run_id}, {working.who}, {working.calls} calls.")
    there = rows(
        store,
        """select (select count(*) from current_calls) calls, (select count(*) from current_scores) scores,
        (select count(*) from current_failures) failed, (select count(*) from current_failures where transient) passing,
        (select max(processed_at) from calls) newest""",
    )[0]
    newest = f"; the newest of {there['newest']:%Y-%m-%d %H:%M} UTC" if there["newest"] else ""
    click.echo(
        f"{there['calls']} calls, {there['scores']} scored{newest}. {there['failed']} failed, {there['passing']} of them to be tried again."
    )


@click.command()
@results_option
def failures(results: str | None) -> None:
    """Show what could not be processed, why, and what to do."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.query import rows

    sql = 'select source_uri, stage, attempt, message, advice, transient from current_failures order by "at" desc'
    show_rows(rows(open_store(open_settings(results=results)), sql))


@click.command()
@results_option
@click.option("--dry-run", is_flag=True, help="Only list what repeats.")
@click.option(
    "--refuse", metavar="CALL_ID", help="What is marked in this call is a person's words after all, here and in every call that has it."
)
@click.option("--author", metavar="NAME", help="Who refuses; by default the user of this machine.")
def announcements(results: str | None, dry_run: bool, refuse: str | None, author: str | None) -> None:
    """Find recordings that play in several calls, by their equal words and rhythm, and make them nobody's words.

    `run` and the nightly flow do this by themselves for what they have listened to. Calls whose roles change are scored again.
    """
    from qa_pipeline.running import corrections

    settings = open_settings(results=results)
    rubrics, _, _ = rubrics_for(settings, None)
    store = open_store(settings)
    if refuse:
        refused = corrections.refuse_announcement(store, settings, rubrics, refuse, author=author or user_name())
        click.echo(f"Calls put back: {len(refused.calls)}.")
        sys.exit(1 if refused.failed else 0)
    recorded = corrections.mark_announcements(store, settings, rubrics, is_trial=dry_run)
    show_recorded(recorded, is_whole=True)
    sys.exit(1 if recorded.failed else 0)


@click.command()
@results_option
def compact(results: str | None) -> None:
    """Join small files of the tables; afterwards any Parquet reader sees exactly the current rows.

    Norms that were made by other code, language data or dictionaries are made anew and written down.
    """
    from qa_pipeline.results.norms import renew_norms

    store = open_store(open_settings(results=results))
    if renewed := renew_norms(store):
        click.echo(f"norms of {renewed} call{'s' if renewed != 1 else ''} made anew")
    for name, files in store.compact().items():
        click.echo(f"{name}: {files} file{'s' if files != 1 else ''}")


@click.command("verify-results")
@results_option
def verify_results(results: str | None) -> None:
    """Read every file of the results and check that nothing is missing, doubled or torn. Exit code 1 when something is."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.verify import verify_results as verify

    store = open_store(open_settings(results=results))
    found = verify(store, report=lambda table: click.echo(f"reading {table}", err=True))
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
    click.echo("Whole." if found.tables else f"There are no results in {store.root}.")


@click.command()
@results_option
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def retain(results: str | None, dry_run: bool) -> None:
    """Delete what is older than the retention windows of the settings: keep_words_days, keep_calls_days, keep_failures_days.

    With the words go stage outputs in the cache and files that killed nights left; with whole calls what was decided about them.
    """
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from qa_pipeline.results.retention import Retention, expire, expired

    settings = open_settings(results=results)
    retention = Retention(
        words_days=settings.keep_words_days, calls_days=settings.keep_calls_days, failures_days=settings.keep_failures_days
    )
    if retention == Retention():
        raise InputRefused("No retention window is set.", advice="Set keep_words_days, keep_calls_days or keep_failures_days.")
    store, today = open_store(settings), datetime.now(ZoneInfo(settings.timezone)).date()
    found = (expired if dry_run else expire)(store, retention, today=today, work=settings.work)
    lose, go = ("would lose", "would go") if dry_run else ("lost", "went")
    click.echo(f"{len(found.words)} calls {lose} their words, {len(found.calls)} everything; {found.failures} failures {go}.")
    click.echo(
        f"Decisions on {len(found.decided)} calls, {len(found.stage_outputs)} stage outputs and files of {len(found.nights)} killed nights {go}."
    )
    if not dry_run and (found.words or found.calls or found.failures or found.decided):
        store.compact()
        click.echo("The tables were compacted: the rows are in no file any more.")


COMMANDS = (run_command, watch, status, failures, announcements, compact, verify_results, retain)


def _progress(settings: Settings, total: int) -> Progress | JsonLog:
    from qa_pipeline.running.observe import JsonLog

    return JsonLog() if settings.log_format == "json" else Progress(total)


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _defaults(settings: Settings, rubric: str | None, options: dict[str, Any]) -> Defaults:
    from qa_pipeline.recordings.address import parse_raw
    from qa_pipeline.recordings.ingest import Defaults
    from qa_pipeline.recordings.transcripts import parse_roles

    return Defaults(
        rubric=rubric,
        direction=options["direction"],
        agent_channel=options["agent_channel"],
        language=options["language"],
        timezone=settings.timezone,
        encoding="utf-8-sig" if options["encoding"].lower() in ("utf-8", "utf8") else options["encoding"],
        filename_pattern=options["filename_pattern"],
        roles=parse_roles(options["roles"] or ""),
        raw=parse_raw(options["raw"] or ""),
        join=options["join"],
    )
