"""The commands of whoever asks how far verdicts may be trusted: agreement of program and people, and blind calibration sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.cli.deciding import OUTCOME, deciding_options, open_desk_as, reason_option, tell_score
from qa_pipeline.cli.options import DATE, as_day

if TYPE_CHECKING:
    from qa_pipeline.review.agreement import Figure
    from qa_pipeline.review.trust import Share


@click.command()
@click.option("--rubric", "rubric_id", metavar="NAME", help="Only criteria of this rubric.")
@click.option("--by-version", is_flag=True, help="A line for each version of a rubric.")
@click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later.")
@click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date.")
@deciding_options
def agreement(rubric_id: str | None, by_version: bool, since: Any, until: Any, results: str | None, as_name: str | None) -> None:
    """Show for each criterion how far the program and people agree, and people among themselves.

    AC1 and κ say how much of what chance leaves open is agreed: 1 all, 0 nothing. In brackets are 95 % intervals. `missed` and `false` are counted in
    the random slice alone, where they are without bias. `bar` says whether it is above the centre's (`agreement_bar`).
    """
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.trust import trust

    settings, desk, viewer = open_desk_as(results, as_name)
    lines = trust(desk, viewer, settings, rubric_id=rubric_id, since=as_day(since), until=as_day(until), by_version=by_version)
    show_rows(
        [
            {
                "rubric": line.rubric_id + (f" v{line.rubric_version}" if line.rubric_version else ""),
                "criterion": line.criterion_id,
                "calls": line.program.calls,
                "agreed": "" if line.program.observed is None else f"{100 * line.program.observed:.0f} %",
                "AC1": figure_text(line.program.ac),
                "κ": figure_text(line.program.kappa),
                "blind": figure_text(line.blind.ac),
                "people": figure_text(line.people.ac),
                "of": line.people.calls,
                "missed": _share(line.rates.missed),
                "false": _share(line.rates.false),
                "bar": line.standing(settings.agreement_bar, settings.agreement_calls).value,
            }
            for line in lines
        ]
    )
    if not lines:
        click.echo("Nobody has judged anything yet.")


@click.command()
@click.argument("rubric_id", metavar="[RUBRIC]", required=False)
@click.option("--publish", is_flag=True, help="Publish it: RUBRIC gets its next version.")
@deciding_options
def assist(rubric_id: str | None, publish: bool, results: str | None, as_name: str | None) -> None:
    """List criteria that should leave the score, as people agree with them too rarely, or come back into it.

    With --publish they do: their `status` becomes assist, which is shown and does not count, or stable again. New scores follow it; `rescore` makes those
    of stored calls.
    """
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.trainer.assist import advise, publish_statuses

    settings, desk, viewer = open_desk_as(results, as_name)
    found = [one for one in advise(desk, viewer, settings) if rubric_id in (None, one.rubric_id)]
    show_rows(
        [
            {
                "rubric": one.rubric_id,
                "criterion": one.criterion_id,
                "AC1": figure_text(one.trust.program.ac),
                "calls": one.trust.program.calls,
                "should": "leave the score" if one.to == "assist" else "come back",
            }
            for one in found
        ]
    )
    if not found:
        click.echo(f"Nothing should leave the score or come back: the bar is {settings.agreement_bar:g}.")
    elif publish:
        if rubric_id is None:
            raise InputRefused("It is not said which rubric is published.", advice="Name it: `qa-pipeline assist RUBRIC --publish`.")
        published = publish_statuses(desk, settings, rubric_id, {one.criterion_id: one.to for one in found})
        click.echo(f"{published.id}: version {published.version} is published.")


@click.group()
def calibration() -> None:
    """Sessions in which several judge the same calls apart from each other: open, judge, done, close, compare, settle, list."""


@calibration.command("open")
@click.argument("name")
@click.option("--call", "calls", multiple=True, required=True, metavar="CALL_ID", help="A call to judge; may be given again.")
@click.option("--person", "people", multiple=True, metavar="ACCOUNT", help="Who judges; without any, whoever may.")
@deciding_options
def calibration_open(name: str, calls: tuple[str, ...], people: tuple[str, ...], results: str | None, as_name: str | None) -> None:
    """Begin the session NAME. Nobody sees what another judged until all are done, or it is closed."""
    from qa_pipeline.review.calibration import open_session

    _, desk, viewer = open_desk_as(results, as_name)
    open_session(desk, viewer, name, calls=calls, people=people)
    click.echo(f"Session {name}: {len(calls)} calls, {', '.join(people) or 'whoever may'}.")


@calibration.command("judge")
@click.argument("name")
@click.argument("call_id")
@click.argument("criterion")
@click.argument("outcome", type=OUTCOME)
@click.option("--answer", metavar="ANSWER", help="Which, for a criterion that has answers.")
@reason_option
@deciding_options
def calibration_judge(
    name: str,
    call_id: str,
    criterion: str,
    outcome: str,
    answer: str | None,
    reason: str | None,
    results: str | None,
    as_name: str | None,
) -> None:
    """Say in session NAME what CRITERION of CALL_ID is."""
    from qa_pipeline.call import Outcome
    from qa_pipeline.review.calibration import judge

    _, desk, viewer = open_desk_as(results, as_name)
    judge(desk, viewer, name, call_id, criterion, Outcome(outcome), answer=answer, reason=reason)
    click.echo(f"{name}: {criterion} of {call_id} is {outcome}.")


@calibration.command("done")
@click.argument("name")
@deciding_options
def calibration_done(name: str, results: str | None, as_name: str | None) -> None:
    """Say that you have judged all of session NAME."""
    from qa_pipeline.review.calibration import finish

    _, desk, viewer = open_desk_as(results, as_name)
    waiting = [who for who, done in finish(desk, viewer, name).people.items() if done is None]
    click.echo(f"{name}: done. {'Still judging: ' + ', '.join(waiting) if waiting else 'All are done: compare.'}")


@calibration.command("close")
@click.argument("name")
@deciding_options
def calibration_close(name: str, results: str | None, as_name: str | None) -> None:
    """End session NAME, whoever is not done."""
    from qa_pipeline.review.calibration import close_session

    _, desk, viewer = open_desk_as(results, as_name)
    close_session(desk, viewer, name)
    click.echo(f"{name} is closed.")


@calibration.command("compare")
@click.argument("name")
@deciding_options
def calibration_compare(name: str, results: str | None, as_name: str | None) -> None:
    """Show what everybody judged in session NAME, where they differ first."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.calibration import compare

    _, desk, viewer = open_desk_as(results, as_name)
    found = compare(desk, viewer, name)
    people = sorted({who for one in found for who in one.outcomes})
    show_rows(
        [
            {
                "call": one.call_id,
                "criterion": one.criterion_id,
                **{who: one.answers.get(who) or (one.outcomes[who].value if who in one.outcomes else "") for who in people},
                "program": one.program.value if one.program else "",
                "agreed": "yes" if one.is_agreed else "no",
            }
            for one in found
        ]
    )


@calibration.command("settle")
@click.argument("name")
@click.argument("call_id")
@click.argument("criterion")
@click.argument("outcome", type=OUTCOME)
@click.option("--answer", metavar="ANSWER", help="Which, for a criterion that has answers.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the decision.")
@deciding_options
def calibration_settle(
    name: str, call_id: str, criterion: str, outcome: str, answer: str | None, reason: str, results: str | None, as_name: str | None
) -> None:
    """Write down what those of session NAME came to about CRITERION of CALL_ID: it counts from now on."""
    from qa_pipeline.call import Outcome
    from qa_pipeline.review.calibration import settle

    _, desk, viewer = open_desk_as(results, as_name)
    tell_score(settle(desk, viewer, name, call_id, criterion, Outcome(outcome), answer=answer, reason=reason))


@calibration.command("list")
@deciding_options
def calibration_list(results: str | None, as_name: str | None) -> None:
    """List all sessions, with who is done."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.calibration import sessions

    _, desk, viewer = open_desk_as(results, as_name)
    show_rows(
        [
            {
                "session": one.name,
                "begun by": one.author or "?",
                "on": f"{one.created_at:%Y-%m-%d}",
                "calls": len(one.calls),
                "done": ", ".join(who for who, done in one.people.items() if done),
                "judging": ", ".join(who for who, done in one.people.items() if not done),
                "over": "yes" if one.is_over else "no",
            }
            for one in sessions(desk, viewer)
        ]
    )


COMMANDS = (agreement, assist, calibration)


def figure_text(figure: Figure) -> str:
    if figure.value is None:
        return ""
    return f"{figure.value:.2f}" + ("" if figure.low is None else f" ({figure.low:.2f}–{figure.high:.2f})")


def _share(share: Share) -> str:
    return f"{share.some} of {share.all}" if share.all else ""
