"""Commands that read results: query, summary, compare, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.cli.options import DATE, as_day, open_settings, open_store, results_option
from qa_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from qa_pipeline.report.figures import Chosen
    from qa_pipeline.report.intervals import Estimate


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say which calls."""
    for option in (
        click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only calls like that, as team=A; may be given again."),
        click.option("--until", type=DATE, metavar="DATE", help="Only calls up to this date."),
        click.option("--since", type=DATE, metavar="DATE", help="Only calls of this date and later."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("sql")
@results_option
def query(sql: str, results: str | None) -> None:
    """Ask the tables in SQL (DuckDB), for example: select agent_id, avg(percent) from current_scores group by 1."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.query import rows

    show_rows(rows(open_store(open_settings(results=results)), sql))


@click.command()
@results_option
@click.option(
    "--by",
    default="team",
    show_default=True,
    metavar="NAME,…",
    help="agent, team, site, campaign, rubric, version, disposition, day, week, month, criterion.",
)
@_choosing
def summary(results: str | None, by: str, **options: Any) -> None:
    """Count scores by agent, team, campaign, week …, or criteria where `criterion` is among the names; with 95 % intervals.

    `passed` and `met` are shares of what could be judged. A wide interval says that there are too few calls to tell.
    """
    from qa_pipeline.report.figures import summarise
    from qa_pipeline.report.terminal import show_rows

    names = [name.strip() for name in by.split(",") if name.strip()]
    found = summarise(open_store(open_settings(results=results)), names, _chosen(options))
    if not any(group.calls for group in found):
        raise InputRefused("No scored call is like that.", advice="Run `qa-pipeline run` first, or choose other calls.")
    of_criteria = "criterion" in names
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


@click.command()
@results_option
@click.option("--a", "first", multiple=True, required=True, metavar="NAME=VALUE", help="First group, as team=A; may be given again.")
@click.option("--b", "second", multiple=True, required=True, metavar="NAME=VALUE", help="Second group.")
@_choosing
def compare(results: str | None, first: tuple[str, ...], second: tuple[str, ...], **options: Any) -> None:
    """Put two groups of calls beside each other: teams, campaigns, script variants, versions of a rubric, months.

    Names are those of `summary --by`, also since=DATE and until=DATE. The difference is the first less the second with its 95 % interval; `*` marks
    those whose interval leaves 0 out. Of twenty figures without any difference, one is marked by chance.
    """
    from qa_pipeline.report.figures import compare as put_together
    from qa_pipeline.report.terminal import show_rows

    found = put_together(
        open_store(open_settings(results=results)),
        _chosen({**options, "where": (*options["where"], *first)}),
        _chosen({**options, "where": (*options["where"], *second)}),
    )
    shown = []
    for line in found.lines:
        tell = _points if line.name == "percent" else _percent
        shown.append(
            {
                "figure": line.name,
                f"A: {', '.join(first)}": tell(line.first),
                "of": line.counts[0],
                f"B: {', '.join(second)}": tell(line.second),
                "of ": line.counts[1],
                "A − B": tell(line.difference, signed=True) + (" *" if line.difference.is_told else ""),
            }
        )
    show_rows(shown)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@results_option
@click.option("--findings", "of_findings", is_flag=True, help="One row a finding with its evidence, instead of one a call.")
@_choosing
def export(path: Path, results: str | None, of_findings: bool, **options: Any) -> None:
    """Write scored calls to PATH: .csv, .xlsx or .parquet, one flat row a call with a column for each criterion."""
    from qa_pipeline.report.export import export as write
    from qa_pipeline.report.export import flat

    table = flat(open_store(open_settings(results=results)), _chosen(options), of_findings=of_findings)
    write(table, path)
    click.echo(f"{path}: {table.num_rows} rows, {table.num_columns} columns")


COMMANDS = (query, summary, compare, export)


def _chosen(options: dict[str, Any]) -> Chosen:
    """Options as a choice of calls. Raises InputRefused."""
    from datetime import date

    from qa_pipeline.report.figures import Chosen

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
    return Chosen(first=days["since"], last=days["until"], where=tuple(where))


def _percent(estimate: Estimate, *, signed: bool = False) -> str:
    return _told(estimate, 100.0, " %", signed=signed)


def _points(estimate: Estimate, *, signed: bool = False) -> str:
    return _told(estimate, 1.0, "", signed=signed)


def _told(estimate: Estimate, scale: float, unit: str, *, signed: bool) -> str:
    if estimate.value is None:
        return "–"
    form = "+.0f" if signed else ".0f"
    between = "" if estimate.low is None or estimate.high is None else f" ({estimate.low * scale:{form}} … {estimate.high * scale:{form}})"
    return f"{estimate.value * scale:{form}}{unit}{between}"
