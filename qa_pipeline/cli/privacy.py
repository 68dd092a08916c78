"""The commands of whoever answers for callers' data: a call without what identifies people."""

from __future__ import annotations

from pathlib import Path

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as


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
        click.echo(f"{call_id}: {len(hidden.found)} places would be hidden.")
        return
    assert folder is not None
    for path in write_redacted(found, hidden, folder, is_silent=silence):
        click.echo(str(path))


COMMANDS = (redact_command,)
