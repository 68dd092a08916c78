"""What commands that decide have in common: who decides, the desk they decide at, and what they say of what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qa_pipeline.cli.options import open_results, open_settings, results_option, user_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from qa_pipeline.reading.viewer import Viewer
    from qa_pipeline.review.decide import Decided
    from qa_pipeline.review.decisions import What
    from qa_pipeline.review.desk import Desk
    from qa_pipeline.settings import Settings

OUTCOME = click.Choice(["met", "not_met", "not_applicable", "undetermined"])
reason_option = click.option("--reason", metavar="TEXT", help="Why; kept with the decision.")
_as_option = click.option(
    "--as", "as_name", metavar="ACCOUNT", help="Who decides, by the name of an account; by default the user of this machine."
)


def deciding_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the results root and who decides."""
    return results_option(_as_option(command))


def open_desk_as(results: str | None, as_name: str | None) -> tuple[Settings, Desk, Viewer]:
    """Settings, the desk of the results root, and who sits at it. Corrections that somebody decided and did not finish are finished first."""
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.review.correcting import apply_due
    from qa_pipeline.review.opening import open_desk
    from qa_pipeline.review.people import viewer_of

    settings = open_settings(results=results)
    desk = open_desk(settings, open_results(settings))
    apply_due(desk, settings)
    return settings, desk, viewer_of(desk.engine, as_name) if as_name else local_viewer(user_name())


def decide_and_tell(
    call_id: str, what: What, *, criterion: str | None, reason: str | None, results: str | None, as_name: str | None
) -> None:
    """Decide, and say what the score is now."""
    _, desk, viewer = open_desk_as(results, as_name)
    tell_decided(desk, viewer, call_id, what, criterion=criterion, reason=reason)


def tell_decided(desk: Desk, viewer: Viewer, call_id: str, what: What, *, criterion: str | None, reason: str | None) -> None:
    """The same at a desk that is open."""
    from qa_pipeline.review.decide import decide

    tell_score(decide(desk, viewer, call_id, what, criterion_id=criterion, reason=reason))


def tell_score(done: Decided) -> None:
    """Say what a decision came to."""
    decision = done.decision
    about = f" of {decision.criterion_id}" if decision.criterion_id else ""
    text = f"{decision.call_id}: {decision.kind.replace('_', ' ')}{about} kept as {decision.decision_id[:8]}."
    if done.before is not None and done.after is not None:
        text += f" {score_change(done.before.totals.percent, done.after.totals.percent)}"
        if done.after.critical_state != "none":
            text += f" Critical failure: {done.after.critical_state}."
    click.echo(text)
    tell_closed(done)


def tell_closed(done: Decided) -> None:
    """Say so where the period of the call is closed."""
    if done.is_closed:
        click.echo("Its period is closed: the official score stands until it is opened again.")


def score_change(before: float | None, after: float | None) -> str:
    """A sentence with both percents."""
    shown = ["none" if percent is None else f"{percent:.0f} %" for percent in (before, after)]
    return f"Score {shown[0]} before, {shown[1]} now."
