"""The commands of whoever answers for how long things are kept: what is too old goes, what is held stays."""

from __future__ import annotations

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as
from qa_pipeline.cli.options import results_option


@click.command()
@results_option
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def retain(results: str | None, dry_run: bool) -> None:
    """Delete what is older than the retention windows of the settings: keep_words_days, keep_calls_days, keep_sound_days, keep_notes_days,
    keep_exports_days, keep_failures_days.

    With the words go stage outputs in the cache and files that killed nights left; with whole calls what was decided about them. Calls that are held lose
    nothing (`hold`).
    """
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from qa_pipeline.errors import InputRefused
    from qa_pipeline.reading.index import catch_up
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.history import erase_history
    from qa_pipeline.review.forgetting import forget_decisions, forget_notes, write_anew
    from qa_pipeline.review.holds import held_calls
    from qa_pipeline.review.written import drop_written, list_written
    from qa_pipeline.running.retention import Retention, expire, expired

    settings, desk, _ = open_desk_as(results, None)
    retention = Retention.of(settings)
    if retention == Retention():
        raise InputRefused(
            "No retention window is set.", advice="Set keep_words_days, keep_calls_days, keep_failures_days or another (docs/settings.md)."
        )
    store, today = desk.store, datetime.now(ZoneInfo(settings.timezone)).date()
    held = held_calls(desk.engine)
    found = expired(store, retention, today=today, work=settings.work, held=held)
    limits = {
        name: today - timedelta(days=days) for name in ("exports", "notes") if (days := getattr(retention, f"{name}_days")) is not None
    }
    old = [one for one in list_written(desk.engine) if "exports" in limits and one.at.date() < limits["exports"]]
    notes = forget_notes(settings, before=limits["notes"], but=held, only_count=dry_run) if "notes" in limits else 0
    if not dry_run:
        forget_decisions(settings, call_ids=found.decided, conversation_ids=found.words)
        found = expire(store, retention, today=today, work=settings.work, held=held)
        drop_written(desk.engine, old)
    lose, go = ("would lose", "would go") if dry_run else ("lost", "went")
    click.echo(f"{len(found.words)} calls {lose} their words, {len(found.calls)} everything; {found.failures} failures {go}.")
    click.echo(
        f"Decisions on {len(found.decided)} calls, {len(found.stage_outputs)} stage outputs and files of {len(found.nights)} killed nights {go}."
    )
    if limits:
        click.echo(f"{max(found.notes, notes)} notes and reasons and {len(old)} files of exports {go}.")
        for one in old:
            click.echo(f"  {one.path}")
    if found.held:
        click.echo(f"Held and left as they are: {len(found.held)} calls.")
        show_rows([{"call": name, "hold": one.hold, "reason": one.reason} for name in found.held for one in held[name]])
    if not dry_run and (found.words or found.calls or found.failures or found.decided or found.notes):
        store.compact()
        # While the log still says what changed; without it, the lists would be made anew whole.
        catch_up(desk.engine, store)
        erase_history(store)
        click.echo("The tables were compacted: the rows are in no file any more.")
    if not dry_run and (found.words or found.decided or notes):
        write_anew(desk.engine)


@click.group("hold")
def hold_group() -> None:
    """Calls that must be kept, whatever their time or a customer's wish: hold, list, release."""


@hold_group.command("add")
@click.option("--call", "call_id", metavar="ID", help="The call to hold.")
@click.option("--customer", "customer_id", metavar="ID", help="The customer whose calls to hold, those that come later too.")
@click.option("--reason", required=True, metavar="TEXT", help="Who asked for it, and why; kept on record.")
@deciding_options
def hold_add(call_id: str | None, customer_id: str | None, reason: str, results: str | None, as_name: str | None) -> None:
    """Hold a call or a customer's calls: `retain` and `forget` leave them alone until the hold is released."""
    from qa_pipeline.review.holds import hold

    _, desk, viewer = open_desk_as(results, as_name)
    number = hold(desk, viewer, call_id=call_id, customer_id=customer_id, reason=reason)
    click.echo(f"Hold {number} on {f'call {call_id}' if call_id else f'customer {customer_id}'}.")


@hold_group.command("release")
@click.argument("number", type=int)
@click.option("--reason", required=True, metavar="TEXT", help="Who allowed it, and why; kept on record.")
@deciding_options
def hold_release(number: int, reason: str, results: str | None, as_name: str | None) -> None:
    """Let hold NUMBER go."""
    from qa_pipeline.review.holds import release

    _, desk, viewer = open_desk_as(results, as_name)
    click.echo(f"Hold {number} on {release(desk, viewer, number, reason=reason).whom} is released.")


@hold_group.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were released too.")
@results_option
def hold_list(every: bool, results: str | None) -> None:
    """List the holds in force, with their reasons."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.holds import list_holds

    _, desk, _ = open_desk_as(results, None)
    shown = [
        {
            "hold": one.hold,
            "on": one.whom,
            "since": f"{one.at:%Y-%m-%d}",
            "by": one.author or "",
            "reason": one.reason,
            **({"released": f"{one.released_at:%Y-%m-%d}: {one.released_reason}" if one.released_at else ""} if every else {}),
        }
        for one in list_holds(desk.engine, every=every)
    ]
    if shown:
        show_rows(shown)
    else:
        click.echo("Nothing is held.")


COMMANDS = (retain, hold_group)
