"""What runs tell on the terminal: their progress, what they are going to do, what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from qa_pipeline.engine import Event, Failure, Plan, Summary
    from qa_pipeline.settings import Settings

# A chat of twenty lines on one core: its sentence vectors.
_TEXT_SECONDS = 0.4
# Of a worker of one thread with profile base (benchmarks/throughput.py), mono being the slower.
_REAL_TIME_FACTOR = 0.2


class Progress:
    """A progress bar on the terminal, or plain lines where there is none."""

    def __init__(self, total: int) -> None:
        from rich import progress
        from rich.console import Console

        self._console = Console(stderr=True)
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            console=self._console,
        )
        self._is_bar = self._console.is_terminal
        self._twentieth = 0
        self._task = self._bar.add_task("calls", total=total or None, visible=total > 0)

    def __enter__(self) -> Progress:
        if self._is_bar:
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._is_bar:
            self._bar.stop()

    def report(self, event: Event) -> None:
        """Show one event of the engine."""
        if event.kind == "stage":
            self._console.print(event.text, highlight=False)
            return
        if event.kind == "failed":
            self._console.print(f"failed: {event.call_id}: {event.text}", highlight=False, markup=False)
        if self._is_bar:
            self._bar.update(self._task, completed=event.done, total=event.total, visible=True)
        elif event.done == event.total or event.done * 20 // event.total > self._twentieth:
            self._twentieth = event.done * 20 // event.total
            self._console.print(f"{event.done}/{event.total} calls", highlight=False)


def show_plan(plan: Plan, settings: Settings) -> None:
    """Say what a run would do, and about how long it would take."""
    from collections import Counter

    minutes = _minutes([call.source_uri for call in plan.listen if call.call_id not in plan.dialogues])
    chosen = Counter(plan.rubric_of[call.call_id] or "none (stored unscored)" for call in plan.listen)
    hours = (minutes / 60 * _REAL_TIME_FACTOR + len(plan.dialogues) * _TEXT_SECONDS / 3600) / max(1, settings.workers)
    click.echo(
        f"{plan.found} recordings: {len(plan.listen)} to listen to ({minutes:.1f} min), {len(plan.rescore)} to score, {len(plan.skipped)} done already."
    )
    if plan.dialogues:
        click.echo(f"  as text: {len(plan.dialogues)}")
    for name, count in sorted(chosen.items()):
        click.echo(f"  rubric {name}: {count}")
    for dialogue in plan.dialogues.values():
        for fault in dialogue.faults:
            click.echo(f"  {fault}")
    for missing in plan.unavailable:
        click.echo(f"  not there: {missing.source_uri}")
    click.echo(f"Models: profile {settings.profile}. Expected: at most {hours:.2f} h. Results need about {minutes * 0.05:.1f} MB.")


def _minutes(uris: list[str]) -> float:
    """Length of recordings in minutes, from their headers; what cannot be read counts nothing."""
    import av

    total = 0.0
    for uri in uris:
        try:
            with av.open(uri) as container:
                total += (container.duration or 0) / 60e6
        except (av.FFmpegError, OSError, ValueError):
            continue
    return total


def show_summary(summary: Summary, settings: Settings) -> None:
    """Say what a run did, and what it could not do."""
    click.echo(
        f"{summary.found} recordings: {summary.processed} processed, {summary.scored} scored, {summary.skipped} there already, "
        f"{summary.unscored} without a rubric, {summary.failed} failed; {summary.seconds:.1f} s. Results: {settings.results}"
    )
    show_failures(summary.failures)


def show_failures(failures: Sequence[Failure]) -> None:
    """A line for each failure, and one with what to do."""
    for failure in failures:
        click.echo(f"failed: {failure.source_uri}: {failure.message}{' (known; not tried again)' if failure.is_known else ''}")
        click.echo(f"        {failure.advice}")
