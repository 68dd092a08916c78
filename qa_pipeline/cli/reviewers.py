"""The commands of reviewers: a call's scorecard, and roles put right in one call or where a recording was taken for a person."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qa_pipeline.cli.options import open_index, open_results, open_settings, open_store, results_option, rubrics_for, user_name
from qa_pipeline.cli.show import show_failures, show_recorded
from qa_pipeline.reading.viewer import local_viewer


@click.command()
@click.argument("call_id")
@results_option
@click.option(
    "--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write a page of this call alone, to read or print."
)
def scorecard(call_id: str, results: str | None, html_path: Path | None) -> None:
    """Show one call: every criterion with its evidence, and the transcript."""
    from qa_pipeline.report.data import load_call
    from qa_pipeline.report.html import write_html
    from qa_pipeline.report.terminal import show_scorecard

    settings = open_settings(results=results)
    store = open_results(settings)
    data = load_call(store, open_index(settings, store), settings, local_viewer(user_name()), call_id)
    if html_path is None:
        show_scorecard(data, call_id)
        return
    write_html(data, html_path, clip_megabytes=settings.clip_megabytes, is_alone=True)
    click.echo(f"Page of {call_id}: {html_path.resolve()}")


@click.command("swap-roles")
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
    recorded = corrections.mark_announcements(store, settings, rubrics, is_dry_run=dry_run)
    show_recorded(recorded, is_whole=True)
    sys.exit(1 if recorded.failed else 0)


COMMANDS = (scorecard, swap_roles, announcements)
