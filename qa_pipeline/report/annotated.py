"""A scored dialogue on the terminal: what was found in each line, and every check with what made it fire."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from qa_pipeline.report.terminal import MARKS, clock, open_console
from qa_pipeline.scoring.score import Finding, Score


def show_annotated(scored: Score, console: Console | None = None) -> None:
    """The dialogue with what was found in it, then each criterion with its reason, evidence and captures, then the total."""
    console = console or open_console()
    conversation = scored.conversation
    marks: dict[int, list[str]] = {}
    for finding in scored.findings:
        for e in finding.evidence:
            if e.kind in ("hit", "answer"):
                marks.setdefault(e.utterance, []).append(finding.criterion.id)
    for u in conversation.utterances:
        style = {"agent": "cyan", "customer": "", "other": "dim"}.get(u.role.value, "dim")
        found = ", ".join(dict.fromkeys(marks.get(u.utterance, ())))
        console.print(
            Text(f"{clock(u.start_ms)} {u.role.value:9s} {u.text}", style=style), Text(f"  ← {found}" if found else "", style="magenta")
        )
    console.print()
    for finding in scored.findings:
        _show(finding, console)
    console.print()
    percent = "too little could be judged" if scored.percent is None else f"{scored.percent:.1f} %"
    verdict = {True: "passes", False: "does not pass", None: ""}[scored.passed]
    console.print(
        f"[bold]{escape(scored.rubric.id)}[/bold] version {scored.rubric.version}: {percent} {verdict}; coverage "
        f"{'–' if scored.coverage is None else f'{scored.coverage:.2f}'}; disposition {scored.disposition.value if scored.disposition else 'unknown'}"
    )
    if scored.review_reasons:
        console.print(f"needs review: {', '.join(scored.review_reasons)}", style="yellow")


def _show(finding: Finding, console: Console) -> None:
    mark, style = MARKS[finding.outcome.value]
    if finding.criterion.status == "draft":
        mark, style = f"({mark})", "dim"
    points = "" if finding.points is None else f" {finding.points:g}/{finding.max_points:g}"
    if finding.deduction:
        points = f" −{finding.deduction:g}"
    status = "" if finding.criterion.status == "stable" else f" [{finding.criterion.status}: does not count]"
    head = f"{mark} {finding.criterion.id}: {finding.outcome.value.replace('_', ' ')}{points}{status}. {finding.reason}"
    console.print(Text(head, style=style))
    if finding.certainty:
        console.print(Text(f"    {100 * finding.certainty.share:.0f} % sure", style="dim"))
    for e in finding.evidence:
        near = "" if e.kind == "answer" else f" [{e.similarity:.2f} {shortened(e.expected)}]"
        console.print(Text(f"    {e.kind} {clock(e.start_ms)} {e.role.value}: “{e.text}”{near}", style="dim"))
    for capture in finding.captures:
        console.print(Text(f"    captured {capture.name} = {capture.value} ({capture.value_type})"))


def shortened(phrase: str, most: int = 48) -> str:
    """A phrase as wide as a line bears."""
    return phrase if len(phrase) <= most else f"{phrase[: most - 1]}…"
