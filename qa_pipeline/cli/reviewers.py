"""The commands of reviewers: a call's scorecard, what they decide about it, and roles put right where a recording was taken for a person."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qa_pipeline.cli.deciding import (
    OUTCOME,
    decide_and_tell,
    deciding_options,
    open_desk_as,
    reason_option,
    score_change,
    tell_closed,
    tell_decided,
    tell_score,
)
from qa_pipeline.cli.options import (
    hiding_from,
    hiding_of_files,
    open_results,
    open_settings,
    redacted_option,
    results_option,
    rubrics_for,
    user_name,
)
from qa_pipeline.cli.show import show_recorded


@click.command()
@click.argument("call_id")
@click.option(
    "--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write a page of this call alone, to read or print."
)
@redacted_option
@deciding_options
def scorecard(call_id: str, html_path: Path | None, redacted: bool, results: str | None, as_name: str | None) -> None:
    """Show one call: every criterion with its evidence, what people decided about it, and the transcript."""
    from qa_pipeline.reading.call import read_call
    from qa_pipeline.report.data import report_of
    from qa_pipeline.report.html import write_html
    from qa_pipeline.report.redacted import redact_report
    from qa_pipeline.report.terminal import show_scorecard
    from qa_pipeline.review.record import look
    from qa_pipeline.review.standing import read_effective
    from qa_pipeline.review.written import Sort, keep_written

    settings, desk, viewer = open_desk_as(results, as_name)
    one = read_call(desk.store, desk.engine, viewer, call_id)
    data = report_of(one, desk.store, settings, effective=read_effective(desk, call_id, one=one))
    look(desk, viewer, call_id)
    data = redact_report(data, hiding_of_files(settings, redacted) if redacted or html_path else hiding_from(settings, viewer))
    if html_path is None:
        show_scorecard(data, call_id)
        return
    keep_written(settings, [html_path], Sort.PAGE, author=viewer.name)
    write_html(data, html_path, clip_megabytes=settings.clip_megabytes, is_alone=True)
    click.echo(f"Page of {call_id}: {html_path.resolve()}")


@click.command("swap-roles")
@click.argument("call_id")
@click.option(
    "--agent",
    metavar="SPEAKER",
    help="The agent's voice or track, as `scorecard` names it where roles are unknown; by default the other party.",
)
@reason_option
@deciding_options
def swap_roles(call_id: str, agent: str | None, reason: str | None, results: str | None, as_name: str | None) -> None:
    """Put right who is the agent in CALL_ID, and score the call again.

    The correction is kept: it also holds when the call is listened to anew. The same command again takes it back.
    """
    from qa_pipeline.review.correcting import swap_roles

    settings, desk, viewer = open_desk_as(results, as_name)
    done = swap_roles(desk, viewer, settings, call_id, agent=agent, reason=reason)
    click.echo(f"{call_id}: {done.agent} is the agent. {score_change(done.percent_before, done.percent_after)}")
    tell_closed(done.decided)


@click.command("correct-word")
@click.argument("call_id")
@click.argument("before")
@click.argument("after")
@click.option("--at", "moment_ms", type=int, metavar="MS", help="A moment of the utterance it stands in, where it stands in several.")
@reason_option
@deciding_options
def correct_word(
    call_id: str, before: str, after: str, moment_ms: int | None, reason: str | None, results: str | None, as_name: str | None
) -> None:
    """Say that AFTER is said in CALL_ID where BEFORE was recognised, and score the call again."""
    from qa_pipeline.review.correcting import correct_word

    settings, desk, viewer = open_desk_as(results, as_name)
    done = correct_word(desk, viewer, settings, call_id, before=before, after=after, moment_ms=moment_ms, reason=reason)
    click.echo(f"{call_id}: put right. {score_change(done.percent_before, done.percent_after)}")
    tell_closed(done.decided)


@click.command()
@click.argument("call_id")
@click.argument("criterion")
@click.argument("outcome", type=OUTCOME)
@click.option("--answer", metavar="ANSWER", help="The answer that is right, for a criterion that has answers.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the decision.")
@deciding_options
def override(call_id: str, criterion: str, outcome: str, answer: str | None, reason: str, results: str | None, as_name: str | None) -> None:
    """Say that CRITERION of CALL_ID is OUTCOME, whatever the program found."""
    from qa_pipeline.call import Outcome
    from qa_pipeline.review.decisions import Override

    decide_and_tell(
        call_id, Override(outcome=Outcome(outcome), answer=answer), criterion=criterion, reason=reason, results=results, as_name=as_name
    )


@click.command()
@click.argument("call_id")
@click.argument("criterion", required=False)
@reason_option
@deciding_options
def confirm(call_id: str, criterion: str | None, reason: str | None, results: str | None, as_name: str | None) -> None:
    """Say that CRITERION of CALL_ID is as it stands, or, without one, the whole score."""
    from qa_pipeline.review.decisions import Confirmation

    decide_and_tell(call_id, Confirmation(), criterion=criterion, reason=reason, results=results, as_name=as_name)


@click.command()
@click.argument("call_id")
@click.argument("criterion")
@click.argument("found")
@reason_option
@deciding_options
def answer(call_id: str, criterion: str, found: str, reason: str | None, results: str | None, as_name: str | None) -> None:
    """Say what you FOUND for a CRITERION that only people judge: met, not_met, not_applicable, or one of its levels."""
    from qa_pipeline.review.decide import answer_of

    _, desk, viewer = open_desk_as(results, as_name)
    what = answer_of(desk, call_id, criterion, found)
    tell_decided(desk, viewer, call_id, what, criterion=criterion, reason=reason)


@click.command()
@click.argument("call_id")
@click.argument("text")
@deciding_options
def note(call_id: str, text: str, results: str | None, as_name: str | None) -> None:
    """Keep a note about CALL_ID."""
    from qa_pipeline.review.decisions import Note

    decide_and_tell(call_id, Note(), criterion=None, reason=text, results=results, as_name=as_name)


@click.command("take-back")
@click.argument("call_id")
@click.argument("decision_id")
@reason_option
@deciding_options
def take_back_command(call_id: str, decision_id: str, reason: str | None, results: str | None, as_name: str | None) -> None:
    """Take back a decision about CALL_ID, as `decisions` lists them; its first letters are enough."""
    from qa_pipeline.review.correcting import take_back
    from qa_pipeline.review.standing import known_decision

    settings, desk, viewer = open_desk_as(results, as_name)
    done = take_back(desk, viewer, settings, call_id, known_decision(desk, call_id, decision_id), reason=reason)
    tell_score(done)


@click.command("decisions")
@click.argument("call_id")
@deciding_options
def decisions_command(call_id: str, results: str | None, as_name: str | None) -> None:
    """List what was decided about CALL_ID, and what of it is in force."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.record import look
    from qa_pipeline.review.standing import told_decisions

    _, desk, viewer = open_desk_as(results, as_name)
    about = told_decisions(desk, viewer, call_id)
    look(desk, viewer, call_id)
    show_rows(about)


@click.command()
@click.argument("call_id")
@click.option("--minutes", type=click.IntRange(min=1), default=30, show_default=True, help="How long.")
@click.option("--release", "is_release", is_flag=True, help="Let it go.")
@deciding_options
def claim(call_id: str, minutes: int, is_release: bool, results: str | None, as_name: str | None) -> None:
    """Say that you look at CALL_ID now, so that nobody else does."""
    from qa_pipeline.review.claims import claim, release

    _, desk, viewer = open_desk_as(results, as_name)
    if is_release:
        release(desk, viewer, call_id)
        return
    taken = claim(desk, viewer, call_id, minutes=minutes)
    click.echo(f"{call_id}: {taken.who} until {taken.until:%H:%M} UTC.")


@click.command()
@click.option("--team", metavar="NAME", help="Calls of this team.")
@click.option("--size", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@deciding_options
def queue(team: str | None, size: int, results: str | None, as_name: str | None) -> None:
    """List calls that a person should look at, those that are expected to be wrong most often first."""
    from qa_pipeline.reading.pages import Order, Wanted, count, page
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.claims import held_claims

    _, desk, viewer = open_desk_as(results, as_name)
    wanted = Wanted(to_review=True, team=team)
    found, held = page(desk.engine, viewer, wanted, order=Order.DOUBT, size=size), held_claims(desk)
    show_rows(
        [
            {
                "call": line.call_id, "date": line.call_date, "team": line.team, "agent": line.agent_id, "percent": line.effective_percent,
                "critical": line.effective_critical_state, "decided": line.decided_count, "stale": line.stale_count,
                "looks at it": held[line.call_id].who if line.call_id in held else "", "why": ", ".join(line.review_reasons),
            }
            for line in found.lines
        ]
    )  # fmt: skip
    click.echo(f"{count(desk.engine, viewer, wanted)} calls wait.")


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
    store = open_results(settings)
    rubrics, _, _ = rubrics_for(settings, None)
    if refuse:
        refused = corrections.refuse_announcement(store, settings, rubrics, refuse, author=author or user_name())
        click.echo(f"Calls put back: {len(refused.calls)}.")
        sys.exit(1 if refused.failed else 0)
    recorded = corrections.mark_announcements(store, settings, rubrics, is_dry_run=dry_run)
    show_recorded(recorded, is_whole=True)
    sys.exit(1 if recorded.failed else 0)


COMMANDS = (
    scorecard, queue, claim, override, confirm, answer, swap_roles, correct_word, note, decisions_command, take_back_command, announcements,
)  # fmt: skip
