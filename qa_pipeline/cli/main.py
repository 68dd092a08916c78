"""The command line. Each command reads options, calls the library, prints; nothing is decided here.

Exit codes: 0 done, 1 done with failures listed, 2 bad usage or input refused, 3 environment not ready, 4 the deadline left calls for the next run,
130 stopped.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from qa_pipeline.cli import night as cli_night
from qa_pipeline.cli import read as cli_read
from qa_pipeline.cli.options import DATE, as_day, open_settings, open_store, results_option, rubric_path, rubrics_for, user_name
from qa_pipeline.cli.rubric import rubric
from qa_pipeline.cli.show import Progress, show_failures
from qa_pipeline.errors import InputRefused, QaError
from qa_pipeline.telemetry import disable_telemetry

if TYPE_CHECKING:
    pass


@contextmanager
def _stopped_alike() -> Iterator[None]:
    """A request to end (SIGTERM, of a service manager or `kill`) is what Ctrl-C is: what was finished is kept, and no process is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Commands(click.Group):
    """Turns the library's errors into a message and an exit code, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _stopped_alike():
                return super().invoke(ctx)
        except QaError as error:
            click.echo(f"qa-pipeline: {error.message}", err=True)
            if isinstance(error, InputRefused):
                for fault in error.faults:
                    click.echo(f"  {fault}", err=True)
            if error.advice:
                click.echo(f"  {error.advice}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept; the same command goes on from there.", err=True)
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="qa-pipeline")
def main() -> None:
    """Score recorded calls against a rubric, with evidence that can be played."""
    disable_telemetry()


_profile = click.option("--profile", metavar="NAME", help="Model profile (base, small, large).")


@main.command()
@results_option
@click.option("--rubric", metavar="NAME|PATH", help="Rubric for calls whose metadata name none; a path scores as a trial.")
@click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later.")
@click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date.")
@click.option("--call", "call_ids", multiple=True, metavar="ID", help="Only this call; may be given again.")
@click.option("--agent", metavar="ID", help="Only calls of this agent.")
@click.option("--trial", is_flag=True, help="Write the scores as trials: what counts stays as it is.")
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one for each processor.")
def rescore(results: str | None, **options: Any) -> None:
    """Score stored calls again by the rubrics as they are now: no audio, no speech models.

    Old scores stay. Calls in closed periods are scored as trials. The same command again goes on where it was stopped.
    """
    from dataclasses import replace

    from qa_pipeline.running.rescoring import Selection, plan_rescoring
    from qa_pipeline.running.rescoring import rescore as carry_out
    from qa_pipeline.running.run import Run

    settings = open_settings(results=results)
    rubrics, named, purpose = rubrics_for(settings, options["rubric"], trial=options["trial"])
    select = Selection(
        since=as_day(options["since"]), until=as_day(options["until"]), call_ids=options["call_ids"], agent_id=options["agent"]
    )
    run = Run(settings=settings, store=open_store(settings), rubrics=rubrics, purpose=purpose)
    plan = plan_rescoring(run, select=select, named=named, by_path=list(rubrics) == [named])
    with Progress(len(plan.assignments)) as progress:
        summary = carry_out(plan, replace(run, on_event=progress.on_event), workers=options["workers"])
    click.echo(
        f"{summary.found} calls: {summary.scored} scored ({summary.changed} with a changed verdict, {summary.unchanged} as before), "
        f"{summary.standing} there already, {summary.unscored} without a rubric, {summary.closed} in closed periods as trials, "
        f"{len(summary.failures)} failed; {summary.seconds:.1f} s. Results: {settings.results}"
    )
    show_failures(summary.failures)
    sys.exit(1 if summary.failures else 0)


@main.command("swap-roles")
@click.argument("call_id")
@results_option
@click.option(
    "--agent",
    metavar="SPEAKER",
    help="The agent's voice or track, as `scorecard` names it where roles are unknown; by default the other party.",
)
@click.option("--reason", metavar="TEXT", help="Why; kept with the correction.")
@click.option("--author", metavar="NAME", help="Who corrects; by default the user of this machine.")
def swap_roles(call_id: str, results: str | None, agent: str | None, reason: str | None, author: str | None) -> None:
    """Put right who is the agent in CALL_ID, and score the call again.

    The correction is kept: it also holds when the call is listened to anew. The same command again takes it back.
    """
    from qa_pipeline.running import corrections

    settings = open_settings(results=results)
    rubrics, _, _ = rubrics_for(settings, None)
    done = corrections.swap_roles(
        open_store(settings), settings, rubrics, call_id, agent=agent, author=author or user_name(), reason=reason
    )
    shown = ["none" if percent is None else f"{percent:.0f} %" for percent in (done.percent_before, done.percent_after)]
    click.echo(f"{call_id}: {done.agent} is the agent. Score {shown[0]} before, {shown[1]} now.")
    if done.rescored.closed:
        click.echo("Its period is closed: the official score stands, the new one is a trial.")
    show_failures(done.rescored.failures)
    sys.exit(1 if done.rescored.failures else 0)


@main.group()
def periods() -> None:
    """Close dates whose scores are paid out or reported: official scores in them stand."""


@periods.command("close")
@results_option
@click.option("--from", "first", type=DATE, metavar="DATE", required=True, help="First date of the period.")
@click.option("--to", "last", type=DATE, metavar="DATE", required=True, help="Last date, inclusive.")
@click.option("--team", metavar="NAME", help="Only this team.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the period.")
@click.option("--author", metavar="NAME", help="Who closes it; by default the user of this machine.")
def periods_close(results: str | None, first: Any, last: Any, team: str | None, reason: str, author: str | None) -> None:
    """Close a period."""
    from qa_pipeline.results.periods import close_period

    store = open_store(open_settings(results=results))
    period = close_period(store, first.date(), last.date(), team=team, reason=reason, author=author or user_name())
    click.echo(f"Closed: {period.period_id}, {period.first_date} to {period.last_date}, {period.team or 'all teams'}.")


@periods.command("list")
@results_option
def periods_list(results: str | None) -> None:
    """List periods, also those that were reopened."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.query import rows

    sql = """select p.period_id, p.first_date, p.last_date, p.team, p.closed_at, p.author, p.reason, r.reopened_at, r.author as reopened_by,
        r.reason as reopened_because from periods p left join periods r on r.reopens = p.period_id where p.reopens is null order by p.closed_at"""
    show_rows(rows(open_store(open_settings(results=results)), sql))


@periods.command("reopen")
@click.argument("period_id")
@results_option
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the period.")
@click.option("--author", metavar="NAME", help="Who reopens it; by default the user of this machine.")
def periods_reopen(period_id: str, results: str | None, reason: str, author: str | None) -> None:
    """Take a closing back: the next run or rescore writes official scores again."""
    from qa_pipeline.results.periods import reopen_period

    period = reopen_period(open_store(open_settings(results=results)), period_id, reason=reason, author=author or user_name())
    click.echo(f"Reopened: {period.period_id}, {period.first_date} to {period.last_date}, {period.team or 'all teams'}.")


@main.command()
@results_option
@click.option("--html", "html_path", metavar="FILE", help="Write the page here instead of ROOT/report.html.")
@click.option("--no-html", is_flag=True, help="Only the table on the terminal.")
def report(results: str | None, html_path: str | None, no_html: bool) -> None:
    """Show the scores: a table here, and one self-contained HTML page."""
    from qa_pipeline.report.data import load_report
    from qa_pipeline.report.html import write_html
    from qa_pipeline.report.terminal import show_calls

    settings = open_settings(results=results)
    data = load_report(open_store(settings), settings)
    show_calls(data)
    if not no_html:
        target = Path(html_path or f"{settings.results}/report.html")
        write_html(data, target, clip_megabytes=settings.clip_megabytes)
        click.echo(f"\nReport: {target.resolve()}")


@main.command()
@click.argument("call_id")
@results_option
def scorecard(call_id: str, results: str | None) -> None:
    """Show one call: every criterion with its evidence, and the transcript."""
    from qa_pipeline.report.data import load_report
    from qa_pipeline.report.terminal import show_scorecard

    settings = open_settings(results=results)
    show_scorecard(load_report(open_store(settings), settings, call_id=call_id), call_id)


@main.command()
@click.argument("rubric_id")
@results_option
@click.option("--by", multiple=True, metavar="COLUMN", help="Group by a metadata column, month or week; may be given more than once.")
@click.option("--since", type=DATE, help="Calls from this day on.")
@click.option("--until", type=DATE, help="Calls up to this day.")
def indices(rubric_id: str, results: str | None, by: tuple[str, ...], since: Any, until: Any) -> None:
    """Show the survey indices of a rubric over the answers captured, by station, month or any other column."""
    from qa_pipeline.report.indices import survey_indices
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.rubric.load import load_rubric

    days = {"since": since.date() if since else None, "until": until.date() if until else None}
    found = survey_indices(open_store(open_settings(results=results)), load_rubric(rubric_path(rubric_id)), by=by, **days)
    show_rows([{"index": row.index_id, **row.group, "item": row.item, "answers": row.answers, "value": row.value} for row in found])


@main.command()
@click.argument("rubric_id")
@results_option
@click.option("--as-of", metavar="TIME", help="What counts as now; by default the newest stored call.")
@click.option("--all", "every", is_flag=True, help="Also list what was kept.")
def contacts(rubric_id: str, results: str | None, as_of: str | None, every: bool) -> None:
    """Show promises over several contacts of a customer: call-backs in time, day-3 calls, complaints answered."""
    from qa_pipeline.report.contacts import contact_report, kept_by_rule
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.rubric.load import load_rubric

    rubric = load_rubric(rubric_path(rubric_id))
    promises = contact_report(open_store(open_settings(results=results)), rubric, as_of=_moment(as_of, rubric.timezone))
    show_rows(
        [
            {
                "rule": k.rule, "kept": k.kept, "late": k.late, "missed": k.missed, "open": k.open,
                "kept in time": "–" if k.share is None else f"{k.share:.0%}",
            }
            for k in kept_by_rule(promises)
        ]
    )  # fmt: skip
    listed = [p for p in promises if every or p.status != "kept"]
    if listed:
        click.echo()
        show_rows(
            [
                {
                    "rule": p.rule, "status": p.status, "customer": p.customer_id, "call": p.call_id, "agent": p.agent_id,
                    "due from": p.due_from, "due until": p.due_until, "called": p.kept_at, "by call": p.kept_by,
                }
                for p in listed
            ]
        )  # fmt: skip


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@results_option
@_profile
@click.option("--misses", is_flag=True, help="Also list every outcome that differs.")
def evaluate(folder: str, results: str | None, profile: str | None, misses: bool) -> None:
    """Compare what the pipeline makes of FOLDER with the truth beside its recordings (docs/evaluation.md)."""
    from qa_pipeline.evaluation.run import evaluate_folder
    from qa_pipeline.evaluation.show import show_evaluation

    settings = open_settings(results=results, profile=profile)
    with Progress(0) as progress:
        evaluation = evaluate_folder(Path(folder), settings, on_event=progress.on_event)
    show_evaluation(evaluation, misses=misses)


@main.group()
def models() -> None:
    """Fetch and check model weights."""


@models.command("pull")
@_profile
def models_pull(profile: str | None) -> None:
    """Fetch, check and assemble the models of a profile; what is there already is kept."""
    from qa_pipeline.speech.models import manifests_in_use, pull

    settings = open_settings(profile=profile)
    for manifest in manifests_in_use(settings):
        pull(manifest, settings, report=lambda text: click.echo(text, err=True))


@models.command("verify")
@_profile
def models_verify(profile: str | None) -> None:
    """Check every file of the models against its SHA-256."""
    from qa_pipeline.errors import ModelError
    from qa_pipeline.speech.models import manifests_in_use, verify

    settings = open_settings(profile=profile)
    faults = [fault for manifest in manifests_in_use(settings) for fault in verify(manifest, settings)]
    if faults:
        raise ModelError("\n  ".join(["Models are not in order:", *faults]), advice="Run `qa-pipeline models pull`.")
    click.echo(f"All models of profile {settings.profile} are whole.")


@models.command("list")
@_profile
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


main.add_command(rubric)
for command in (*cli_night.COMMANDS, *cli_read.COMMANDS):
    main.add_command(command)


@main.group()
def config() -> None:
    """Look at the settings."""


@config.command("check")
def config_check() -> None:
    """Print every setting with its value and meaning."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.settings import Settings

    settings = open_settings()
    show_rows([{"setting": n, "value": str(getattr(settings, n)), "meaning": f.description} for n, f in Settings.model_fields.items()])


# --- shared by commands ----------------------------------------------------------------------------------------------------------------


def _moment(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputRefused(f"{text!r} is no time.", advice="Write it as 2026-11-22T09:00.") from error
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))


if __name__ == "__main__":
    main()
