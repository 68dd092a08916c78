"""The commands of whoever answers for callers' data: a call without what identifies people."""

from __future__ import annotations

from pathlib import Path

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as
from qa_pipeline.cli.options import results_option


@click.command("redact")
@click.argument("call_id")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write the transcript and the recording here.")
@click.option("--dry-run", is_flag=True, help="Show what would be hidden, and write nothing.")
@click.option("--silence", is_flag=True, help="Silence in the recording instead of a tone.")
@deciding_options
def redact_command(call_id: str, folder: Path | None, dry_run: bool, silence: bool, results: str | None, as_name: str | None) -> None:
    """Write CALL_ID without what identifies its people: CALL_ID.txt with placeholders, CALL_ID.flac with a tone over these words.

    By the part `files` of the policy, or without one everything of the customer's (docs/privacy.md). Scores and the recording itself stay as they are.
    """
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.privacy.files import write_redacted
    from qa_pipeline.privacy.policy import EVERYTHING, load_policy
    from qa_pipeline.privacy.rows import hidden_of
    from qa_pipeline.reading.call import read_call
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.record import look
    from qa_pipeline.review.written import Sort, keep_written

    if folder is None and not dry_run:
        raise InputRefused("It is not said where to write.", advice="Give --to FOLDER, or --dry-run to see what would be hidden.")
    settings, desk, viewer = open_desk_as(results, as_name)
    found = read_call(desk.store, desk.engine, viewer, call_id)
    look(desk, viewer, call_id)
    hidden = hidden_of(found.call, found.utterances, load_policy(settings.privacy_policy).files or EVERYTHING)
    if dry_run:
        said = found.utterances
        show_rows(
            [
                {
                    "kind": one.kind.value,
                    "from ms": said[one.utterance]["start_ms"],
                    "who": said[one.utterance]["role"],
                    "words": said[one.utterance]["text"][one.start : one.end],
                }
                for one in hidden.found
            ]
        )
        count = len(hidden.found)
        click.echo(f"{call_id}: {count} {'place' if count == 1 else 'places'} would be hidden.")
        return
    assert folder is not None
    paths = write_redacted(found, hidden, folder, is_silent=silence)
    keep_written(settings, paths, Sort.REDACTED, author=viewer.name)
    for path in paths:
        click.echo(str(path))


@click.command("forget")
@click.option("--call", "call_id", metavar="ID", help="The call to forget.")
@click.option("--customer", "customer_id", metavar="ID", help="The customer whose calls to forget, by the metadata's customer_id.")
@click.option("--recordings", is_flag=True, help="Delete the recordings too, where they lie.")
@click.option("--exports", is_flag=True, help="Delete exports and pages too that were written elsewhere and hold anything of them.")
@click.option("--dry-run", is_flag=True, help="Say what is held, and delete nothing.")
@results_option
def forget_command(
    call_id: str | None, customer_id: str | None, recordings: bool, exports: bool, dry_run: bool, results: str | None
) -> None:
    """Delete all that is held of a call or a customer: tables with their history, files of the cache and of nights, decisions, lists, reports.

    Drafts and cases that were made of the calls go too. A search through every file shows that nothing is left. A stone without personal data keeps
    later runs from bringing the call back. What was killed half-way is ended by the same command again, with or without an id.
    """
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.privacy.forget import forget, told, under_way
    from qa_pipeline.privacy.going import what_goes
    from qa_pipeline.privacy.places import RECORDINGS, WRITTEN, Ground, places
    from qa_pipeline.review.holds import refuse_held

    if call_id is not None and customer_id is not None:
        raise InputRefused("Both a call and a customer are named.", advice="Name one of them.")
    settings, desk, _ = open_desk_as(results, None)
    ground = Ground(store=desk.store, settings=settings, engine=desk.engine)
    going = [] if dry_run else under_way(desk.store)
    if not going and call_id is None and customer_id is None:
        raise InputRefused("It is not said what to forget.", advice="Give --call ID or --customer ID.")
    if call_id is not None or customer_id is not None:
        try:
            going.append(what_goes(desk.store, settings, call_id=call_id, customer_id=customer_id))
        except InputRefused:
            # What was begun before it was killed may be all there was.
            if not going:
                raise
    also = [*([RECORDINGS] if recordings else ()), *([WRITTEN] if exports else ())]
    for one in going:
        if dry_run:
            click.echo(f"{len(one.calls)} calls, {len(one.conversations)} conversations of them: {', '.join(one.calls)}")
            for place in places():
                if held := place.holds(ground, one):
                    click.echo(f"  {place.name}: {len(held.rows) or len(held.files)}")
                    for path in held.files:
                        click.echo(f"    {path}")
            try:
                refuse_held(desk.engine, one.calls, one.customers)
            except InputRefused as error:
                click.echo(f"{error.message} {error.advice}")
            continue
        gone = forget(ground, one, also=also, tell=lambda step: click.echo(f"… {step}", err=True))
        for line in told(gone):
            click.echo(line)
        if gone.found:
            raise click.exceptions.Exit(1)


@click.command("access-report")
@click.option("--call", "call_id", metavar="ID", help="The call to tell of.")
@click.option("--customer", "customer_id", metavar="ID", help="The customer whose calls to tell of, by the metadata's customer_id.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Write both files into this folder.")
@results_option
def access_report_command(call_id: str | None, customer_id: str | None, folder: Path, results: str | None) -> None:
    """Gather all that is held of a call or a customer: access-report.html to read, access-report.json as data, for this user's eyes only.

    It asks every place that `forget` erases. Look it over before you hand it out: it names agents and reviewers too.
    """
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.privacy.access import NAMES, gather, write_access_report
    from qa_pipeline.privacy.going import what_goes
    from qa_pipeline.privacy.places import Ground
    from qa_pipeline.review.record import EXPORTED, look
    from qa_pipeline.review.written import Sort, keep_written

    if (call_id is None) == (customer_id is None):
        raise InputRefused("It is not said what to tell of.", advice="Give --call ID or --customer ID.")
    settings, desk, viewer = open_desk_as(results, None)
    going = what_goes(desk.store, settings, call_id=call_id, customer_id=customer_id)
    report = gather(Ground(store=desk.store, settings=settings, engine=desk.engine), going)
    for one in going.calls:
        look(desk, viewer, one, did=EXPORTED)
    keep_written(settings, [folder / name for name in NAMES], Sort.ACCESS, author=viewer.name)
    for path in write_access_report(report, folder):
        click.echo(str(path))
    click.echo(f"{len(going.calls)} {'call' if len(going.calls) == 1 else 'calls'}, held in {len(report.held)} places.")


@click.group("consent")
def consent_group() -> None:
    """What callers agreed to, and calls that are held back for want of it: list, release, hold back, note that it was withdrawn."""


@consent_group.command("list")
@click.option("--call", "call_id", metavar="ID", help="Of this call alone.")
@click.option("--customer", "customer_id", metavar="ID", help="Of this customer's calls alone.")
@click.option("--held", "only_held", is_flag=True, help="Only calls that are held back.")
@deciding_options
def consent_list(call_id: str | None, customer_id: str | None, only_held: bool, results: str | None, as_name: str | None) -> None:
    """List calls whose rubric asks for consent: what was found, in which words, what was decided, and whether the call is held back."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.consent import whole_register
    from qa_pipeline.review.record import look

    _, desk, viewer = open_desk_as(results, as_name)
    found = list(whole_register(desk, viewer, call_id=call_id, customer_id=customer_id, only_held=only_held))
    for one in found:
        look(desk, viewer, one.call_id)
    if not found:
        click.echo("No call is held back." if only_held else "No rubric asks for consent, or no call is like that.")
        return
    show_rows(
        [
            {
                "call": one.call_id,
                "day": one.day or "",
                "customer": one.customer_id or "",
                "consent": one.state or "",
                "words": one.words or "",
                "decided": "; ".join(f"{ruling.kind.value.replace('_', ' ')}: {ruling.reason}" for ruling in one.rulings),
                "held back": "yes" if one.is_held_back else "no",
            }
            for one in found
        ]
    )


_consent_reason = click.option("--reason", required=True, metavar="TEXT", help="What it rests on; kept on record.")


@consent_group.command("release")
@click.argument("call_ids", metavar="CALL_ID…", nargs=-1, required=True)
@_consent_reason
@deciding_options
def consent_release(call_ids: tuple[str, ...], reason: str, results: str | None, as_name: str | None) -> None:
    """Let people see calls that are held back."""
    from qa_pipeline.reading.consents import Ruled
    from qa_pipeline.review.consent import rule

    _, desk, viewer = open_desk_as(results, as_name)
    for name in rule(desk, viewer, call_ids, Ruled.RELEASED, reason=reason):
        click.echo(f"{name} may be seen.")


@consent_group.command("hold-back")
@click.argument("call_ids", metavar="CALL_ID…", nargs=-1, required=True)
@_consent_reason
@deciding_options
def consent_hold_back(call_ids: tuple[str, ...], reason: str, results: str | None, as_name: str | None) -> None:
    """Keep calls from people."""
    from qa_pipeline.reading.consents import Ruled
    from qa_pipeline.review.consent import rule

    _, desk, viewer = open_desk_as(results, as_name)
    for name in rule(desk, viewer, call_ids, Ruled.HELD_BACK, reason=reason):
        click.echo(f"{name} is held back.")


@consent_group.command("withdraw")
@click.option("--call", "call_id", metavar="ID", help="Of this call.")
@click.option("--customer", "customer_id", metavar="ID", help="Of all calls of this customer.")
@_consent_reason
@deciding_options
def consent_withdraw(call_id: str | None, customer_id: str | None, reason: str, results: str | None, as_name: str | None) -> None:
    """Note that the caller took the consent back: their calls are held back from now on."""
    from qa_pipeline.errors import InputRefused
    from qa_pipeline.reading.consents import Ruled
    from qa_pipeline.review.consent import calls_of, rule

    if (call_id is None) == (customer_id is None):
        raise InputRefused("It is not said whose consent.", advice="Give --call ID or --customer ID.")
    _, desk, viewer = open_desk_as(results, as_name)
    names = (call_id,) if call_id is not None else calls_of(desk, viewer, customer_id or "")
    for name in rule(desk, viewer, names, Ruled.WITHDRAWN, reason=reason):
        click.echo(f"{name} is held back: the consent is withdrawn.")


COMMANDS = (redact_command, access_report_command, consent_group, forget_command)
