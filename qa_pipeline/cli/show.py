"""What runs tell on the terminal: their progress, what they are going to do, what they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from datetime import datetime

    from qa_pipeline.running.corrections import Recorded
    from qa_pipeline.running.failures import Failure
    from qa_pipeline.running.plan import Plan
    from qa_pipeline.running.progress import Event
    from qa_pipeline.running.record import Summary
    from qa_pipeline.settings import Settings

T = TypeVar("T")
# A chat of twenty lines on one core: its sentence vectors.
_TEXT_SECONDS = 0.4
# Of a worker of one thread with profile base (benchmarks/throughput.py), mono being the slower.
_REAL_TIME_FACTOR = 0.2
# Of the tables after `compact`: sample_audio, 21 calls of 18 minutes.
_MEGABYTES_A_MINUTE = 0.1


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

    def on_event(self, event: Event) -> None:
        """Show one event of a run."""
        if event.kind == "stage":
            self._console.print(event.text, highlight=False)
            return
        if event.kind == "failed":
            self._console.print(f"failed: {event.call_id}: {event.text}", highlight=False, markup=False)
        if event.kind == "damaged":
            self._console.print(f"warning: {event.call_id}: {event.text}", highlight=False, markup=False)
            return
        if self._is_bar:
            self._bar.update(self._task, completed=event.done, total=event.total, visible=True)
        elif event.done == event.total or event.done * 20 // event.total > self._twentieth:
            self._twentieth = event.done * 20 // event.total
            self._console.print(f"{event.done}/{event.total} calls", highlight=False)


def show_plan(plan: Plan, settings: Settings, *, deadline: datetime | None = None) -> None:
    """Say what a run would do, about how long it would take, and whether models, disk and deadline allow it."""
    from collections import Counter
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from qa_pipeline.recordings.probing import known_seconds

    # From headers; what cannot be read, and what lies elsewhere, counts nothing.
    minutes = sum(known_seconds(call.source_uri) or 0.0 for call in plan.listen if call.call_id not in plan.dialogues) / 60
    chosen = Counter(plan.rubric_of[call.call_id] or "none (stored unscored)" for call in plan.listen)
    hours = (minutes / 60 * _REAL_TIME_FACTOR + len(plan.dialogues) * _TEXT_SECONDS / 3600) / max(1, settings.workers)
    click.echo(
        f"{plan.found} recordings: {len(plan.listen)} to listen to ({minutes:.1f} min), {len(plan.rescore)} to score, {len(plan.skipped)} done already."
    )
    for decision in plan.decided:
        click.echo(f"  {decision}")
    if plan.redescribe:
        click.echo(f"  with new metadata: {len(plan.redescribe)}")
    if plan.known_failures:
        click.echo(f"  failed for good before, not tried again: {len(plan.known_failures)}")
    if plan.dialogues:
        click.echo(f"  as text: {len(plan.dialogues)}")
    for name, count in sorted(chosen.items()):
        click.echo(f"  rubric {name}: {count}")
    for dialogue in plan.dialogues.values():
        for fault in dialogue.faults:
            click.echo(f"  {fault}")
    for missing in plan.unavailable:
        click.echo(f"  not taken: {missing.message}")
    end = datetime.now(ZoneInfo(settings.timezone)) + timedelta(hours=hours)
    click.echo(
        f"Models: profile {settings.profile}, {_models_state(settings)}. Results need about {minutes * _MEGABYTES_A_MINUTE:.1f} MB; {_free(settings)}."
    )
    click.echo(f"Expected: at most {hours:.2f} h with {settings.workers} workers, ending by {end:%Y-%m-%d %H:%M} ({settings.timezone}).")
    if deadline is not None and end > deadline:
        share = (deadline - datetime.now(ZoneInfo(settings.timezone))).total_seconds() / 3600 / max(hours, 1e-9)
        click.echo(f"  The deadline comes first: about {max(0.0, share):.0%} of the calls would be done before it.")


def _models_state(settings: Settings) -> str:
    from qa_pipeline.errors import ModelError
    from qa_pipeline.speech.models import manifests_in_use, model_folder

    missing = []
    for manifest in manifests_in_use(settings):
        try:
            model_folder(manifest, settings)
        except ModelError:
            missing.append(manifest.id)
    return f"not here: {', '.join(missing)} (`qa-pipeline models pull`)" if missing else "all here"


def _free(settings: Settings) -> str:
    """Free disk where results lie."""
    from qa_pipeline.running.environment import free_gb

    free = free_gb(settings.results)
    return "free space there is not known" if free is None else f"{free:.1f} GB are free"


def show_summary(summary: Summary, settings: Settings) -> None:
    """Say what a run did, and what it could not do."""
    click.echo(
        f"{summary.found} recordings: {summary.processed} processed, {summary.scored} scored, {summary.skipped} there already, "
        f"{summary.unscored} without a rubric, {summary.failed} failed; {summary.seconds:.1f} s. Results: {settings.results}"
    )
    if summary.updated:
        click.echo(f"{summary.updated} calls were there with other metadata and were written again.")
    if summary.busy:
        click.echo(f"{summary.busy} calls were left to another run that works on them now.")
    if summary.left:
        click.echo(f"{summary.left} calls were not begun before the deadline; the next run takes them.")
    show_failures(summary.failures)


def show_recorded(recorded: Recorded, *, is_whole: bool = False) -> None:
    """Say which announcements were found, and in how many calls that changed roles. `is_whole`: also when nothing changed."""
    if recorded.changed or is_whole:
        click.echo(
            f"{len(recorded.announcements)} recordings play in several calls; in {recorded.changed} calls they counted as somebody's words."
        )
    for one in recorded.announcements:
        if is_whole or one.text in recorded.calls:
            first = next(iter(recorded.calls.get(one.text, ())), None)
            click.echo(f"  {one.text} ({one.calls} calls{f', as in {first}' if first else ''})")
    if recorded.failed:
        click.echo(f"{recorded.failed} of these calls could not be scored again; see `qa-pipeline failures`.")


def show_failures(failures: Sequence[Failure]) -> None:
    """A line for each failure, and one with what to do."""
    for failure in failures:
        click.echo(f"failed: {failure.source_uri}: {failure.message}{' (known; not tried again)' if failure.is_known else ''}")
        click.echo(f"        {failure.advice}")


def with_bar(compared: Iterable[T], total: int) -> Iterable[T]:
    """The same calls, with the progress of their comparison on standard error."""
    from rich.console import Console
    from rich.progress import track

    return track(compared, description="comparing", total=total, console=Console(stderr=True), transient=True)
