"""The commands of whoever answers for how long things are kept: what is too old goes, what is held stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as
from qa_pipeline.cli.options import open_results, open_settings, results_option

if TYPE_CHECKING:
    from qa_pipeline.sealed import Keys


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
    from qa_pipeline.reading.follow import catch_up
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.results.history import erase_history
    from qa_pipeline.review.forgetting import forget_decisions, forget_notes, write_anew
    from qa_pipeline.review.holds import held_calls
    from qa_pipeline.review.written import drop_written, list_written
    from qa_pipeline.running.retention import Retention, expire, expired

    retention = Retention.of(open_settings(results=results))
    if retention == Retention():
        raise InputRefused(
            "No retention window is set.", advice="Set keep_words_days, keep_calls_days, keep_failures_days or another (docs/settings.md)."
        )
    settings, desk, _ = open_desk_as(results, None)
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


@click.command("verify-access")
@results_option
@click.option("--fix", is_flag=True, help="Take away the rights that should not be there.")
@click.option(
    "--bucket-policy",
    "readers",
    multiple=True,
    metavar="ARN",
    help="Print a policy for the bucket instead: ARN may read what may be shared.",
)
def verify_access(results: str | None, fix: bool, readers: tuple[str, ...]) -> None:
    """Check who may read files: restricted tables, cache, secrets and exports on record; each fault with its cure. Exit code 1 where there are any."""
    from qa_pipeline.privacy.rights import access_faults, bucket_policy, mend
    from qa_pipeline.reading.database import open_database
    from qa_pipeline.review.written import list_written

    settings = open_settings(results=results)
    if readers:
        click.echo(bucket_policy(settings.results, readers))
        return
    # A place that is there and empty may be looked at before the first run; one that is not there is a wrong name.
    if "://" not in settings.results and not Path(settings.results).exists():
        open_results(settings)
    faults = access_faults(settings, list_written(open_database(settings)))
    if fix:
        mend(faults)
    for fault in faults:
        click.echo(f"{'mended: ' if fix else ''}{fault}")
    if not faults:
        click.echo("Nobody may read or write what is not theirs.")
    elif not fix:
        raise click.exceptions.Exit(1)


@click.group("keys")
def keys_group() -> None:
    """Keys under which stage outputs and kept sound are encrypted: make, list, rotate, drop (docs/privacy.md)."""


@keys_group.command("new")
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Add it to this file, which is its owner's alone; by default print it.",
)
def keys_new(path: Path | None) -> None:
    """Make a key. The last one of the file is in force for new files; `keys rotate` puts the others under it."""
    from qa_pipeline.sealed import add_key, make_key

    if path is None:
        click.echo(make_key())
        return
    click.echo(f"Key {add_key(path)} is in force in {path}. Keep a copy elsewhere: without it what it seals is noise.")


@keys_group.command("list")
def keys_list() -> None:
    """List the keys by id, with how many files wait for each."""
    from collections import Counter

    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.sealed import key_of_file, sealed_files

    settings = open_settings()
    keys, count = settings.encryption_keys, Counter(key_of_file(path) or "none" for path in sealed_files(settings.work))
    names = dict.fromkeys([*(keys.by_id if keys else ()), *count])
    show_rows([{"key": name, "files": count[name], "is": _standing(name, keys)} for name in names])


def _standing(name: str, keys: Keys | None) -> str:
    if name == "none":
        return "not encrypted"
    if keys is None or name not in keys.by_id:
        return "not there"
    return "in force" if name == keys.current else "older"


@keys_group.command("rotate")
def keys_rotate() -> None:
    """Put every file under the key in force: their own keys are wrapped anew; files that are not encrypted yet are."""
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.sealed import SealError, sealed_files, wrap_anew

    settings = open_settings()
    keys = settings.encryption_keys
    if keys is None:
        raise InputRefused(
            "No key is set.", advice="Set encryption_key_file or encryption_key_command; `qa-pipeline keys new` makes a key."
        )
    count, lost = 0, []
    for path in sealed_files(settings.work):
        try:
            count += wrap_anew(path, keys)
        except SealError as error:
            lost.append(str(error))
        except FileNotFoundError:
            continue
    click.echo(f"{count} files are under key {keys.current} now.")
    for line in lost:
        click.echo(line, err=True)
    if lost:
        raise click.exceptions.Exit(1)


@keys_group.command("drop")
@click.argument("key_id")
@click.option(
    "--anyway", is_flag=True, help="Even where files wait for it: they are noise from then on, and made again when they are needed."
)
def keys_drop(key_id: str, anyway: bool) -> None:
    """Forget a key: take it out of encryption_key_file. Copies of that file, and of a key store's, are yours to delete."""
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.sealed import drop_key, key_of_file, sealed_files

    settings = open_settings()
    if settings.encryption_key_file is None:
        raise InputRefused("The keys are in no file.", advice="Drop the key where encryption_key_command has it from.")
    waiting = [path for path in sealed_files(settings.work) if key_of_file(path) == key_id]
    if waiting and not anyway:
        raise InputRefused(f"{len(waiting)} files wait for key {key_id}.", advice="Run `qa-pipeline keys rotate` first, or give --anyway.")
    drop_key(settings.encryption_key_file, key_id)
    click.echo(f"Key {key_id} is dropped" + (f": {len(waiting)} files are noise now." if waiting else "."))


COMMANDS = (retain, hold_group, verify_access, keys_group)
