"""A rubric's effect for reading: on the terminal, and as one self-contained HTML page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import jinja2
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from qa_pipeline.report.terminal import open_console
from qa_pipeline.trainer.diff import AgentEffect, Agreement, CallEffect, Change, Diff
from qa_pipeline.whole_file import write_whole

_MOST_CALLS = 20
_STYLES = {"met": "green", "not_met": "bold red", "not_applicable": "dim", "undetermined": "yellow", "–": "dim"}


def show_diff(difference: Diff, console: Console | None = None, *, most_calls: int = _MOST_CALLS) -> None:
    """Totals, criteria, agents and the first changed calls with their evidence."""
    console = console or open_console()
    totals = difference.totals
    console.print(f"[bold]{escape(difference.old)}[/bold] → [bold]{escape(difference.new)}[/bold]")
    console.print(
        f"{totals.calls} calls, {totals.changed} change; passed {totals.passed_before} → {totals.passed_after}; mean {shift_text(totals)}"
    )
    if difference.agreed.verdicts:
        console.print(agreement_text(difference.agreed))
    if not difference.changed:
        console.print("No verdict changes.")
        return
    if difference.transitions:
        console.print(_criteria_table(difference))
    console.print(_agents_table(difference))
    console.print("\n[bold]Calls that change[/bold]")
    for effect in difference.changed[:most_calls]:
        percent = f"{_percent(effect.percent_before)} → {_percent(effect.percent_after)}"
        line = f"{effect.call_id}  agent {effect.agent_id or '?'}  {percent}"
        console.print(Text("; ".join([line, *consequences(effect)])))
        for change in effect.changes:
            console.print(Text(f"  {change.criterion_id}: {change_text(change)}"))
            if change.said:
                console.print(Text(f"      a person said: {said_text(change)}"))
            for evidence in change.evidence:
                console.print(Text(f"      {evidence}", style="dim"))
    if len(difference.changed) > most_calls:
        console.print(f"… and {len(difference.changed) - most_calls} more; --html FILE lists them all.")


def _criteria_table(difference: Diff) -> Table:
    table = Table(title="\nCriteria", header_style="bold", box=None, pad_edge=False, title_justify="left")
    for name in ("criterion", "from", "to", "calls"):
        table.add_column(name, justify="right" if name == "calls" else "left")
    for criterion, before, after, count in transition_rows(difference):
        table.add_row(criterion, Text(before, _STYLES.get(before, "")), Text(after, _STYLES.get(after, "")), str(count))
    return table


def _agents_table(difference: Diff) -> Table:
    table = Table(title="\nAgents", header_style="bold", box=None, pad_edge=False, title_justify="left")
    for name in ("agent", "calls", "changed", "mean percent", "passed"):
        table.add_column(name, justify="left" if name == "agent" else "right")
    for agent in difference.agents:
        table.add_row(
            escape(agent.agent_id), str(agent.calls), str(agent.changed), shift_text(agent), f"{agent.passed_before} → {agent.passed_after}"
        )
    return table


def transition_rows(difference: Diff) -> list[tuple[str, str, str, int]]:
    """(criterion, from, to, calls), in the order of the rubric, the most frequent first."""
    empty: Counter[tuple[str, str]] = Counter()
    return [
        (criterion, before, after, count)
        for criterion in difference.criteria
        for (before, after), count in sorted(difference.transitions.get(criterion, empty).items(), key=lambda item: (-item[1], item[0]))
    ]


def change_text(change: Change) -> str:
    """A change in words."""
    before, after = (outcome.value.replace("_", " ") if outcome else "not there" for outcome in (change.before, change.after))
    if before == after:
        return f"{after}, answered {change.answer_before} → {change.answer_after}"
    return f"{before} → {after}. {change.reason_after}"


def agreement_text(agreed: Agreement) -> str:
    """With how many verdicts of people either rubric agrees."""
    return (
        f"Of {agreed.verdicts} verdict{'s' if agreed.verdicts != 1 else ''} of people it agrees with {agreed.before} → {agreed.after}: "
        f"{agreed.gained} more, {agreed.lost} no longer."
    )


def said_text(change: Change) -> str:
    """What a person said of a criterion that changes, and whether it comes nearer to them."""
    if change.said is None:
        return ""
    became = {(False, True): ", as it is now", (True, False): ", as it was"}.get(
        (change.before is change.said, change.after is change.said), ""
    )
    return f"{change.said.value.replace('_', ' ')}{became}"


def consequences(effect: CallEffect) -> list[str]:
    """What a change means for the call, in words."""
    sentences = []
    if effect.passed_before != effect.passed_after:
        sentences.append({True: "now passes", False: "no longer passes", None: "can no longer be judged"}[effect.passed_after])
    if effect.critical_before != effect.critical_after:
        sentences.append("a critical failure" if effect.critical_after else "no critical failure any more")
    return sentences


def shift_text(effect: AgentEffect) -> str:
    """Mean percent before and after."""
    return f"{_percent(effect.mean_before)} → {_percent(effect.mean_after)}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def write_diff_html(difference: Diff, path: Path) -> None:
    """Write the page. What callers said is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("diff.html").render(
        diff=difference, totals=difference.totals, rows=transition_rows(difference), change_text=change_text, shift_text=shift_text, percent=_percent,
        consequences=consequences, agreement_text=agreement_text, said_text=said_text, most=max((count for _, _, _, count in transition_rows(difference)), default=1),
    )  # fmt: skip
    write_whole(path, page)
