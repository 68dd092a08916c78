"""The command that puts questions of rubrics to the centre's language model, and what runs tell of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.cli.agreeing import figure_text
from qa_pipeline.cli.options import DATE, as_day, open_results, open_settings, open_store, results_option, rubrics_for, user_name, warn
from qa_pipeline.cli.show import Progress, show_failures
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import local_viewer

if TYPE_CHECKING:
    from qa_pipeline.running.ask_plan import AskPlan
    from qa_pipeline.running.asking import AskSummary
    from qa_pipeline.settings import Settings
    from qa_pipeline.trainer.publish import Workbench


@click.command("ask")
@results_option
@click.option(
    "--rubric", metavar="NAME|PATH", help="Rubric for calls whose metadata name none; a path asks for a file that is being tried."
)
@click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later.")
@click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date.")
@click.option("--call", "call_ids", multiple=True, metavar="ID", help="Only this call; may be given again.")
@click.option("--agent", metavar="ID", help="Only calls of this agent.")
@click.option("--retry-failed", is_flag=True, help="Ask again also where it failed too often.")
@click.option("--dry-run", is_flag=True, help="Only say what would be asked, and about how many tokens that takes.")
def ask_command(results: str | None, **options: Any) -> None:
    """Put the open questions of rubrics (check: ask) to the language model of the settings, and score the calls anew.

    Nothing is asked twice. What a night may spend is kept; the same command again goes on with the rest.
    """
    from qa_pipeline.reading.stored import Selection
    from qa_pipeline.running.ask_journal import take_over
    from qa_pipeline.running.ask_plan import asks, plan_asking
    from qa_pipeline.running.asking import carry_out_asking
    from qa_pipeline.running.judge import Endpoint
    from qa_pipeline.running.run import Run

    settings = open_settings(results=results)
    rubrics, named, purpose = rubrics_for(settings, options["rubric"])
    if settings.ask_model is None:
        raise InputRefused("No language model is named.", advice="Set ask_model, and ask_url to ask it (docs/ask.md).")
    if not asks(rubrics, settings):
        raise InputRefused(
            "No rubric has a question for a language model.", advice="Write one with `check: ask`, or set second_look (docs/ask.md)."
        )
    select = Selection(
        since=as_day(options["since"]), until=as_day(options["until"]), call_ids=options["call_ids"], agent_id=options["agent"]
    )
    run = Run(settings=settings, store=open_results(settings), rubrics=rubrics, purpose=purpose)
    if not options["dry_run"]:
        take_over(run.store, settings, run_id=run.run_id)
    plan = plan_asking(run, select=select, named=named, by_path=list(rubrics) == [named], retry_failed=options["retry_failed"])
    show_ask_plan(plan, settings)
    if options["dry_run"]:
        return
    with Endpoint(settings) as judge, Progress(len(plan.open)) as progress:
        summary = carry_out_asking(plan, replace(run, on_event=progress.on_event), judge)
    show_asked(summary)
    sys.exit(1 if summary.failures else 0)


def show_ask_plan(plan: AskPlan, settings: Settings) -> None:
    """Say what would be asked, and what the budget leaves for later."""
    click.echo(
        f"Questions: {plan.requests} about {plan.calls} calls, some {plan.tokens} tokens; {plan.settled} calls have nothing open, "
        f"{plan.later} are left for another night."
    )
    for criterion, count in sorted(plan.by_criterion.items()):
        click.echo(f"  {criterion}: {count} calls")
    for criterion, count in sorted(plan.spared.items()):
        click.echo(f"  {criterion}: in {count} calls a cheaper criterion has settled it, and nobody is asked")
    click.echo(f"  A night asks about at most {settings.ask_calls} calls, for {settings.ask_tokens} tokens and {settings.ask_seconds:g} s.")
    if settings.second_look:
        click.echo(
            f"  While second looks wait, they are at least {100 * settings.second_look_share:.0f} % of what is asked (second_look_share)."
        )
    if plan.given_up:
        warn(f"{plan.given_up} calls could not be asked about too often and are left out; --retry-failed tries them again.", settings)


def show_asked(summary: AskSummary) -> None:
    """Say what was asked, and what could not be."""
    scored = f"; {summary.rescored.scored} calls scored anew, {summary.rescored.changed} with a changed verdict" if summary.rescored else ""
    click.echo(
        f"Asked about {summary.calls} calls: {summary.requests} questions, {summary.tokens} tokens, {summary.sent + summary.received} bytes, "
        f"{summary.seconds:.1f} s; {summary.left} calls wait{scored}."
    )
    show_failures(summary.failures)


def show_measured(bench: Workbench, name: str, settings: Settings) -> None:
    """Ask about the cases of a rubric and say how far the answers agree with them, and stored ones with people."""
    from qa_pipeline.report.intervals import share
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.running.judge import Endpoint
    from qa_pipeline.trainer.answers_measured import measure_answers, measure_looks
    from qa_pipeline.trainer.work import people_say

    people = people_say(settings, open_store(settings), local_viewer(user_name()), bench.scorecards[name].rubric.id)
    with Endpoint(settings) as judge:
        measured, looks = measure_answers(bench, name, judge, people=people), measure_looks(bench, name, judge)
    bar, least = settings.agreement_bar, settings.agreement_calls
    show_rows(
        [
            {
                "criterion": one.criterion_id,
                "cases": one.cases.calls,
                "unsure": one.unsure,
                "failed": one.failed,
                "AC1": figure_text(one.cases.ac),
                "κ": figure_text(one.cases.kappa),
                "calls people judged": one.people.program.calls if one.people else 0,
                "AC1 with people": figure_text(one.people.program.ac) if one.people else "",
                "it is fit for": "assist only" if one.is_assist_only(bar, least) else "the score",
            }
            for one in measured
        ]
    )
    for one in looks:
        click.echo(
            f"Second looks at {one.criterion_id}: {one.right} of {one.proved} proved answers are right; {one.unproved} prove nothing, {one.failed} failed."
        )
    if proved := sum(one.proved for one in looks):
        found = share(sum(one.right for one in looks), proved)
        click.echo(f"second_look_agreement: {found.value:.2f} ({found.low:.2f} to {found.high:.2f}); set the lower end.")
    if not measured and not looks:
        click.echo("The rubric has no question for a language model, and second_look names none of its criteria.")


COMMANDS = (ask_command,)
