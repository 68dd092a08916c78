"""Reports on the terminal: calls × criteria, one scorecard, and plain tables of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from qa_pipeline.report.data import CallReport, Counting, ReportData, Row
from qa_pipeline.report.doubts import heard_otherwise, not_heard, review_reasons
from qa_pipeline.report.sureness import expected_wrong, first_line
from qa_pipeline.report.wording import title_of
from qa_pipeline.review.effective import EffectiveFinding, EffectiveScore

MARKS = {"met": ("✓", "green"), "not_met": ("✗", "bold red"), "not_applicable": ("–", "dim"), "undetermined": ("?", "yellow")}
_HEADING_WIDTH = 9
_MOST_REVIEWS = 30
# A table is as wide as it would be on a screen without end.
_UNBOUNDED = 10_000
# What people make of file names is longer, and breaks.
_LONGEST_ID = 40
_KEY = "✓ met  ✗ not met  – not applicable  ? undetermined, in brackets: a draft that does not count; sentiment: + positive, 0 neutral, − negative"
_FEELINGS = {"positive": ("+", "green"), "neutral": ("0", ""), "negative": ("−", "red")}


def show_calls(data: ReportData, console: Console | None = None) -> None:
    """Calls × criteria, agents, failures."""
    console = console or open_console()
    table = _calls_table(data, data.criteria)
    is_narrow = Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).maximum > console.width
    console.print(_calls_table(data, ()) if is_narrow else table)
    if is_narrow:
        console.print("Its criteria do not fit into this width: the page has them, and `qa-pipeline scorecard CALL_ID`.", style="dim")
    else:
        console.print(_KEY, style="dim")
    _show_agents(data, console)
    _show_reviews(data, console)
    if data.failures:
        console.print()
        for row in data.failures:
            console.print(f"failed: {row['source_uri']}: {row['message']} {row['advice']}", style="red", markup=False, highlight=False)


def _calls_table(data: ReportData, criteria: Sequence[str]) -> Table:
    """Calls with some of their criteria. A call's id stays in one piece: people copy it."""
    table = Table(title="Calls", header_style="bold", box=None, pad_edge=False)
    table.add_column("call", no_wrap=True, overflow="ignore", min_width=max((len(item.call["call_id"]) for item in data.calls), default=0))
    for name in ("lang", "rubric", "disposition"):
        table.add_column(name)
    for criterion in criteria:
        table.add_column(_heading(criterion), justify="center")
    for name in ("percent", "passed", "review"):
        table.add_column(name, justify="right")
    for item in data.calls:
        table.add_row(*_call_cells(item, data, criteria))
    return table


def show_scorecard(data: ReportData, call_id: str, console: Console | None = None) -> None:
    """One call: every criterion with evidence or the window searched, then the transcript."""
    console = console or open_console()
    item = data.calls[0]
    call, score = item.call, item.score
    console.print(
        f"[bold]{escape(call_id)}[/bold]  agent {escape(call['agent_id'] or '?')}  {call['language'] or '?'}  {clock(call['duration_ms'] or None)}"
    )
    if score is None:
        console.print("No rubric applies to this call; it is stored unscored.")
    else:
        if much := first_line(score, item.findings):
            console.print(Text(f"{much}.", style="yellow"))
        percent = "not scored: too little could be judged" if score["percent"] is None else f"{score['percent']:.0f} %"
        verdict = {True: " passed", False: " not passed", None: ""}[score["passed"]]
        console.print(
            f"{score['rubric_id']} version {score['rubric_version']}: {percent}{verdict}; disposition {(score['disposition'] or 'unknown').replace('_', ' ')}"
        )
        if not item.is_official:
            console.print("A trial: it does not count.", style="yellow")
        if item.effective is not None:
            _show_effective(item.effective, console)
        if item.counting is not None and item.counting.needs_review:
            console.print(f"needs review: {', '.join(review_reasons(item))}", style="yellow")
        if wrong := expected_wrong(score):
            console.print(wrong, style="dim")
    if missing := not_heard(call):
        console.print("; ".join(f"{what.lower()}: {how_much}" for what, how_much in missing.items()), style="yellow")
    for finding in item.findings:
        _show_finding(finding, item, data, console)
    console.print()
    marked = {e["utterance"] for f in item.findings for e in f["evidence"] or () if e["kind"] == "hit"}
    for row in item.utterances:
        style = {"agent": "cyan", "customer": "", "other": "dim"}.get(row["role"], "dim")
        mark = "▶" if row["utterance"] in marked else " "
        # Where nobody has a role, `swap-roles --agent` wants the voice's name.
        who = row["speaker"] if row["role"] == "unknown" else row["role"]
        console.print(Text(f"{mark} {clock(row['start_ms'])} {who:9s} {row['text']}", style=style))
        for other in heard_otherwise(row):
            console.print(Text(f"{'':>18s}or heard as “{other['text']}”", style="dim"))
    if call["dropped"]:
        console.print("\nTaken for invented by the recogniser and left out, judging nothing:", style="dim")
        for word in call["dropped"]:
            console.print(Text(f"  {clock(word['start_ms'])} “{word['text'].strip()}”", style="dim"))


def show_rows(rows: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Any rows as a table. Ids stay in one piece, however narrow it is: people copy them."""
    console = console or open_console()
    if not rows:
        console.print("Nothing.")
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        if name == "call" or name.endswith("_id"):
            longest = max(len(_cell(row.get(name))) for row in rows)
            table.add_column(name, no_wrap=True, overflow="ignore", min_width=min(longest, _LONGEST_ID))
        else:
            table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    console.print(table)


def clock(ms: int | None) -> str:
    """A moment as M:SS.t."""
    return "–:––" if ms is None else f"{ms // 60_000}:{ms // 1000 % 60:02d}.{ms // 100 % 10}"


def _heading(criterion: str) -> str:
    """A criterion's id over a narrow column: a word a line, long ones cut."""
    return "\n".join(word if len(word) <= _HEADING_WIDTH else f"{word[: _HEADING_WIDTH - 1]}…" for word in criterion.split("_") if word)


def _call_cells(item: CallReport, data: ReportData, criteria: Sequence[str]) -> list[Text | str]:
    call, score = item.call, item.score
    found = {f["criterion_id"]: f for f in item.findings}
    cells: list[Text | str] = [
        escape(call["call_id"]),
        call["language"] or "?",
        (score["rubric_id"] + ("" if item.is_official else " (trial)")) if score else "none",
        (score["disposition"] if score else None) or "–",
    ]
    for criterion in criteria:
        finding = found.get(criterion)
        if finding is None:
            cells.append("")
        elif finding["reason_code"] == "sentiment":
            cells.append(Text(*_FEELINGS[finding["answer"]]))
        else:
            mark, style = MARKS[finding["outcome"]]
            cells.append(Text(f"({mark})", "dim") if data.words_of(finding).is_draft else Text(mark, style))
    percent = "" if not score or score["percent"] is None else f"{score['percent']:.0f}"
    if score and score.get("decided"):
        # What the program found, and what counts since people decided.
        percent += f" → {'–' if score['effective_percent'] is None else format(score['effective_percent'], '.0f')}"
    counting = item.counting
    passed = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("")}[counting.passed if counting else None]
    return [*cells, percent, passed, Text("review", "yellow") if counting and counting.needs_review else ""]


def _show_agents(data: ReportData, console: Console) -> None:
    by_agent: dict[str, list[Counting]] = {}
    for item in data.calls:
        if (counting := item.counting) and item.is_official:
            by_agent.setdefault(item.call["agent_id"] or "unknown", []).append(counting)
    table = Table(title="\nAgents", header_style="bold", box=None, pad_edge=False, title_justify="left")
    for name in ("agent", "calls", "mean percent", "passed", "critical", "to review"):
        table.add_column(name, justify="left" if name == "agent" else "right")
    for agent, scores in sorted(by_agent.items()):
        percents = [s.percent for s in scores if s.percent is not None]
        table.add_row(
            escape(agent), str(len(scores)), f"{mean(percents):.0f}" if percents else "–", str(sum(bool(s.passed) for s in scores)),
            str(sum(bool(s.critical_failed) for s in scores)), str(sum(s.needs_review for s in scores)),
        )  # fmt: skip
    console.print(table)


def _show_reviews(data: ReportData, console: Console) -> None:
    """Calls that a person should look at: those first in which most is expected to be wrong."""
    waiting = [
        (item, item.score) for item in data.calls if item.score and item.counting and item.counting.needs_review and item.is_official
    ]
    if not waiting:
        return
    table = Table(title="\nTo review, what is least sure first", header_style="bold", box=None, pad_edge=False, title_justify="left")
    for name in ("call", "expected wrong", "why"):
        table.add_column(name, justify="right" if name == "expected wrong" else "left", no_wrap=name == "call")
    waiting.sort(key=lambda found: (-(found[1].get("expected_wrong") or 0.0), found[0].call["call_id"]))
    for item, score in waiting[:_MOST_REVIEWS]:
        wrong = "–" if score.get("expected_wrong") is None else f"{score['expected_wrong']:.1f}"
        table.add_row(escape(item.call["call_id"]), wrong, ", ".join(review_reasons(item)))
    console.print(table)
    if len(waiting) > _MOST_REVIEWS:
        console.print(f"… and {len(waiting) - _MOST_REVIEWS} more", style="dim")


def _show_effective(effective: EffectiveScore, console: Console) -> None:
    """The score as it counts, under the program's own."""
    totals = effective.totals
    percent = "not scored: too little is judged" if totals.percent is None else f"{totals.percent:.0f} %"
    verdict = {True: " passed", False: " not passed", None: ""}[totals.passed]
    critical = "" if effective.critical_state == "none" else f"; critical failure {effective.critical_state}"
    stale = f", {effective.stale} of them on criteria that changed since" if effective.stale else ""
    console.print(f"as it counts: {percent}{verdict}{critical}; {effective.decided} decided by people{stale}", style="bold")
    if effective.acknowledgement is not None:
        console.print(f"acknowledged by {effective.acknowledgement.author or '?'}", style="dim", markup=False)
    if effective.dispute is not None:
        console.print(f"disputed: {effective.dispute.reason}", style="yellow", markup=False)
    if effective.late:
        console.print(f"{len(effective.late)} decided after its period was closed, without effect", style="dim")


def _show_decision(found: EffectiveFinding, console: Console) -> None:
    """What people decided about a criterion."""
    for decision in ([found.decision] if found.decision else []) + list(found.earlier):
        is_latest = decision is found.decision
        what = f"{found.outcome.value.replace('_', ' ')}{f' ({found.answer})' if found.answer else ''}" if is_latest else "before that"
        stale = "; the criterion changed since" if is_latest and found.is_stale else ""
        why = f": {decision.reason}" if decision.reason else ""
        told = f"    → {what}, {decision.kind.replace('_', ' ')} by {decision.author or '?'}{why}{stale}"
        console.print(Text(told, style="bold" if is_latest else "dim"))
    if found.dispute is not None:
        console.print(Text(f"    disputed by {found.dispute.author or '?'}: {found.dispute.reason}", style="yellow"))


def _show_finding(finding: Row, item: CallReport, data: ReportData, console: Console) -> None:
    mark, style = MARKS[finding["outcome"]]
    words = data.words_of(finding)
    _, title = title_of(words.title, finding["criterion_id"])
    points = "" if finding["points"] is None else f" ({finding['points']:g}/{finding['max_points']:g})"
    if words.is_draft:
        mark, style, points = f"({mark})", "dim", " (draft: does not count)"
    _, reason = data.reason_of(item, finding)
    console.print(Text(f"{mark} {title}: {finding['outcome'].replace('_', ' ')}{points}. {reason}", style=style))
    if item.effective is not None:
        for found in item.effective.findings:
            if found.criterion.id == finding["criterion_id"]:
                _show_decision(found, console)
    if sure := data.sureness_of(item, finding):
        console.print(Text(f"    {sure[1]}", style="dim" if finding.get("likely") is None else "yellow"))
    for e in finding["evidence"] or ():
        near = "" if e["kind"] == "answer" else f"  [{e['similarity']:.2f} {e['expected']}]"
        stretch = clock(e["start_ms"]) + ("" if e["end_ms"] is None else f"–{clock(e['end_ms'])}")
        console.print(Text(f"    {e['kind']} {stretch} {e['role']}: “{e['text']}”{near}"))
    if finding["outcome"] in ("not_met", "undetermined") and finding["window_start_ms"] is not None:
        console.print(Text(f"    searched {clock(finding['window_start_ms'])}–{clock(finding['window_end_ms'])}", style="dim"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "isoformat") and hasattr(value, "hour") else str(value)


def open_console() -> Console:
    """The terminal, or where there is none a page wide enough for tables."""
    import os

    # Piped output keeps its columns: a log is read later, on some other screen.
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=170)
