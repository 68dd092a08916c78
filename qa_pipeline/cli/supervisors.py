"""The commands of supervisors: figures, indices and promises over many calls, pages and files of them, closed periods."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from qa_pipeline.cli.deciding import OUTCOME, deciding_options, open_desk_as, tell_decided
from qa_pipeline.cli.options import (
    DATE,
    as_day,
    hiding_of_files,
    open_results,
    open_settings,
    redacted_option,
    results_option,
    rubric_path,
    user_name,
)
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import local_viewer

if TYPE_CHECKING:
    from collections.abc import Callable

    from qa_pipeline.reading.counting import CallFilter
    from qa_pipeline.report.intervals import Estimate


def _filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say which calls."""
    for option in (
        click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only calls like that, as team=A; may be given again."),
        click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date."),
        click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later."),
    ):
        command = option(command)
    return command


@click.command("report")
@results_option
@click.option("--html", "html_path", metavar="FILE", help="Write the page here instead of ROOT/report.html.")
@click.option("--no-html", is_flag=True, help="Only the table on the terminal.")
@click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later.")
@click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date.")
@click.option("--team", metavar="NAME", help="Only calls of this team.")
@redacted_option
def report_command(
    results: str | None, html_path: str | None, no_html: bool, since: Any, until: Any, team: str | None, redacted: bool
) -> None:
    """Show the scores: a table here, and one self-contained HTML page; of more than 500 calls one page a day, and one above them."""
    from qa_pipeline.report.data import Choice, open_report
    from qa_pipeline.report.pages import write_report
    from qa_pipeline.report.redacted import redact_source
    from qa_pipeline.report.terminal import show_calls
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import REPORTED, keep_on_record
    from qa_pipeline.review.written import Sort, keep_written

    settings = open_settings(results=results)
    chosen = Choice(since=as_day(since), until=as_day(until), team=team)
    store = open_results(settings)
    with open_report(store, settings, local_viewer(user_name()), chosen=chosen, engine=open_lists(settings, store)) as opened:
        source = redact_source(opened, hiding_of_files(settings, redacted))
        keep_on_record(settings, local_viewer(user_name()), REPORTED, about=f"{len(source.overview.calls)} calls")
        show_calls(source.overview)
        if no_html:
            return
        target = Path(html_path or f"{settings.results}/report.html")
        keep_written(settings, [target], Sort.REPORT, author=user_name())
        days = write_report(source, target, clip_megabytes=settings.clip_megabytes)
    click.echo(f"\nReport: {target.resolve()}" + (f" and {days} pages of days in {target.stem}_days/" if days else ""))


@click.command()
@results_option
@click.option(
    "--by",
    default="team",
    show_default=True,
    metavar="NAME,…",
    help="agent, team, site, campaign, rubric, version, disposition, day, week, month, criterion.",
)
@_filter_options
def summary(results: str | None, by: str, **options: Any) -> None:
    """Count scores by agent, team, campaign, week …, or criteria where `criterion` is among the names; with 95 % intervals.

    `passed` and `met` are shares of what could be judged. A wide interval says that there are too few calls to tell. Where people decided
    about calls, `effective` is the mean of what they made of the scores.
    """
    from qa_pipeline.report.figures import is_in_index, summarise, summarise_calls
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.opening import open_lists

    names = [name.strip() for name in by.split(",") if name.strip()]
    settings = open_settings(results=results)
    store, wanted = open_results(settings), _call_filter(options)
    if is_in_index(names, wanted):
        found = summarise_calls(open_lists(settings, store), local_viewer(user_name()), names, wanted)
    else:
        found = summarise(store, local_viewer(user_name()), names, wanted)
    if not any(group.calls for group in found):
        raise InputRefused("No scored call is like that.", advice="Run `qa-pipeline run` first, or choose other calls.")
    of_criteria, decided = "criterion" in names, any(group.decided for group in found)
    show_rows(
        [
            {
                **group.key,
                "calls": group.calls,
                **(
                    {"met": _percent(group.share), "of": group.judged, "undetermined": group.undetermined, "n/a": group.not_applicable}
                    if of_criteria
                    else {
                        "percent": _points(group.mean),
                        **(
                            {"effective": _points(group.effective_mean), "decided": group.decided}
                            if group.effective_mean and decided
                            else {}
                        ),
                        "passed": _percent(group.share),
                        "of": group.judged,
                        "not scored": group.undetermined,
                        "critical": group.critical,
                        "to review": group.review,
                    }
                ),
            }
            for group in found
        ]
    )


@click.command("compare")
@results_option
@click.option("--a", "first", multiple=True, required=True, metavar="NAME=VALUE", help="First group, as team=A; may be given again.")
@click.option("--b", "second", multiple=True, required=True, metavar="NAME=VALUE", help="Second group.")
@_filter_options
def compare_command(results: str | None, first: tuple[str, ...], second: tuple[str, ...], **options: Any) -> None:
    """Put two groups of calls beside each other: teams, campaigns, script variants, versions of a rubric, months.

    Names are those of `summary --by`, also since=DATE and until=DATE. The difference is the first less the second with its 95 % interval; `*` marks
    those whose interval leaves 0 out. Of twenty figures without any difference, one is marked by chance.
    """
    from qa_pipeline.report.figures import compare
    from qa_pipeline.report.terminal import show_rows

    found = compare(
        open_results(open_settings(results=results)),
        local_viewer(user_name()),
        _call_filter({**options, "where": (*options["where"], *first)}),
        _call_filter({**options, "where": (*options["where"], *second)}),
    )
    shown = []
    for line in found.lines:
        form = _points if line.name == "percent" else _percent
        shown.append(
            {
                "figure": line.name,
                f"A: {', '.join(first)}": form(line.first),
                "of": line.counts[0],
                f"B: {', '.join(second)}": form(line.second),
                "of ": line.counts[1],
                "A − B": form(line.difference, signed=True) + (" *" if line.difference.excludes_zero else ""),
            }
        )
    show_rows(shown)


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@results_option
@click.option("--findings", "of_findings", is_flag=True, help="One row a finding with its evidence, instead of one a call.")
@redacted_option
@_filter_options
def export_command(path: Path, results: str | None, of_findings: bool, redacted: bool, **options: Any) -> None:
    """Write scored calls to PATH: .csv, .xlsx or .parquet, one flat row a call with a column for each criterion."""
    from qa_pipeline.report.export import export, flat_table
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import EXPORTED, keep_on_record
    from qa_pipeline.review.written import Sort, keep_written

    settings = open_settings(results=results)
    store, hiding = open_results(settings), hiding_of_files(settings, redacted)
    engine = open_lists(settings, store)
    table = flat_table(store, settings, local_viewer(user_name()), _call_filter(options), of_findings=of_findings, engine=engine)
    if hiding:
        from qa_pipeline.report.data import open_report
        from qa_pipeline.report.redacted import redact_flat

        with open_report(store, settings, local_viewer(user_name()), engine=engine) as source:
            table = redact_flat(source, table, hiding)
    keep_on_record(settings, local_viewer(user_name()), EXPORTED, about=f"{path.name}: {table.num_rows} rows")
    keep_written(settings, [path], Sort.EXPORT, author=user_name())
    export(table, path, timezone=settings.timezone)
    click.echo(f"{path}: {table.num_rows} rows, {table.num_columns} columns")


@click.command()
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

    rubric = load_rubric(rubric_path(rubric_id))
    store = open_results(open_settings(results=results))
    found = survey_indices(store, local_viewer(user_name()), rubric, by=by, since=as_day(since), until=as_day(until))
    show_rows([{"index": row.index_id, **row.group, "item": row.item, "answers": row.answers, "value": row.value} for row in found])


@click.command()
@click.argument("rubric_id")
@results_option
@click.option("--as-of", metavar="TIME", help="What counts as now; by default the newest stored call.")
@click.option("--all", "every", is_flag=True, help="Also list what was kept.")
def contacts(rubric_id: str, results: str | None, as_of: str | None, every: bool) -> None:
    """Show promises over several contacts of a customer: call-backs in time, day-3 calls, complaints answered."""
    from qa_pipeline.report.contacts import contact_report, counts_by_rule
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.rubric.load import load_rubric

    rubric = load_rubric(rubric_path(rubric_id))
    store = open_results(open_settings(results=results))
    promises = contact_report(store, local_viewer(user_name()), rubric, as_of=_moment(as_of, rubric.timezone))
    show_rows(
        [
            {
                "rule": k.rule, "kept": k.kept, "late": k.late, "missed": k.missed, "open": k.open,
                "kept in time": "–" if k.share is None else f"{k.share:.0%}",
            }
            for k in counts_by_rule(promises)
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


@click.group()
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

    store = open_results(open_settings(results=results))
    period = close_period(store, first.date(), last.date(), team=team, reason=reason, author=author or user_name())
    click.echo(f"Closed: {period.period_id}, {period.first_date} to {period.last_date}, {period.team or 'all teams'}.")


@periods.command("list")
@results_option
def periods_list(results: str | None) -> None:
    """List periods, also those that were reopened."""
    from dataclasses import asdict

    from qa_pipeline.reading.runs import list_periods
    from qa_pipeline.report.terminal import show_rows

    show_rows([asdict(period) for period in list_periods(open_results(open_settings(results=results)), local_viewer(user_name()))])


@periods.command("reopen")
@click.argument("period_id")
@results_option
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the period.")
@click.option("--author", metavar="NAME", help="Who reopens it; by default the user of this machine.")
def periods_reopen(period_id: str, results: str | None, reason: str, author: str | None) -> None:
    """Take a closing back: the next run or rescore writes official scores again."""
    from qa_pipeline.results.periods import reopen_period

    period = reopen_period(open_results(open_settings(results=results)), period_id, reason=reason, author=author or user_name())
    click.echo(f"Reopened: {period.period_id}, {period.first_date} to {period.last_date}, {period.team or 'all teams'}.")


@click.command()
@click.argument("sql")
@results_option
def query(sql: str, results: str | None) -> None:
    """Ask the tables in SQL (DuckDB), for example: select agent_id, avg(percent) from current_scores group by 1."""
    from qa_pipeline.reading.asking import ask_anything
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import ASKED, keep_on_record

    settings, viewer = open_settings(results=results), local_viewer(user_name())
    store = open_results(settings)
    found = ask_anything(store, viewer, sql, engine=open_lists(settings, store), may_reach_outside=settings.query_outside)
    keep_on_record(settings, viewer, ASKED, about=sql)
    show_rows(found)


@click.command("decide")
@click.argument("call_id")
@click.argument("dispute")
@click.argument("decision", type=click.Choice(["uphold", "reject"]))
@click.argument("outcome", required=False, type=OUTCOME)
@click.option("--answer", metavar="ANSWER", help="The answer that is right, for a criterion that has answers.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the agent reads it.")
@deciding_options
def decide_command(
    call_id: str,
    dispute: str,
    decision: str,
    outcome: str | None,
    answer: str | None,
    reason: str,
    results: str | None,
    as_name: str | None,
) -> None:
    """Decide a DISPUTE about CALL_ID, as `decisions` lists it. One that is upheld makes the criterion OUTCOME."""
    from qa_pipeline.call import Outcome
    from qa_pipeline.review.decisions import Ruling
    from qa_pipeline.review.standing import known_decision

    _, desk, viewer = open_desk_as(results, as_name)
    about = known_decision(desk, call_id, dispute)
    what = Ruling(about=about, is_upheld=decision == "uphold", outcome=Outcome(outcome) if outcome else None, answer=answer)
    tell_decided(desk, viewer, call_id, what, criterion=None, reason=reason)


COMMANDS = (report_command, decide_command, summary, compare_command, indices, contacts, export_command, periods, query)


def _call_filter(options: dict[str, Any]) -> CallFilter:
    """Options as a choice of calls. Raises InputRefused."""
    from datetime import date

    from qa_pipeline.reading.counting import CallFilter

    days = {"since": as_day(options["since"]), "until": as_day(options["until"])}
    where = []
    for text in options["where"]:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputRefused(f"{text!r} chooses nothing.", advice="Write NAME=VALUE, as team=A.")
        if name in days:
            try:
                days[name] = date.fromisoformat(value)
            except ValueError as error:
                raise InputRefused(f"{value!r} is no date.", advice="Write it as 2026-05-01.") from error
        else:
            where.append((name, value))
    return CallFilter(first=days["since"], last=days["until"], where=tuple(where))


def _percent(estimate: Estimate, *, signed: bool = False) -> str:
    return _with_interval(estimate, 100.0, " %", signed=signed)


def _points(estimate: Estimate, *, signed: bool = False) -> str:
    return _with_interval(estimate, 1.0, "", signed=signed)


def _with_interval(estimate: Estimate, scale: float, unit: str, *, signed: bool) -> str:
    if estimate.value is None:
        return "–"
    form = "+.0f" if signed else ".0f"
    between = "" if estimate.low is None or estimate.high is None else f" ({estimate.low * scale:{form}} … {estimate.high * scale:{form}})"
    return f"{estimate.value * scale:{form}}{unit}{between}"


def _moment(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputRefused(f"{text!r} is no time.", advice="Write it as 2026-11-22T09:00.") from error
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))
