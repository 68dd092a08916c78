"""The command line: the group of all commands, a module for each kind of user beside it. A command reads options, calls the library, prints.

Exit codes: 0 done, 1 done with failures listed, 2 bad usage or input refused, 3 environment not ready, 4 the deadline left calls for the next run,
130 stopped.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from qa_pipeline.cli import (
    agents,
    agreeing,
    asking,
    keeping,
    lists,
    operators,
    people,
    privacy,
    programs,
    reviewers,
    serving,
    supervisors,
    trainers,
)
from qa_pipeline.cli.options import show_error
from qa_pipeline.errors import QaError
from qa_pipeline.telemetry import disable_telemetry

# Who a command is for; the help lists them so.
KINDS_OF_USER = {
    "Operators": (
        *operators.COMMANDS,
        *asking.COMMANDS,
        *serving.COMMANDS,
        *people.COMMANDS,
        *lists.COMMANDS,
        *programs.COMMANDS,
        *keeping.COMMANDS,
    ),
    "Supervisors": (*supervisors.COMMANDS, *privacy.COMMANDS),
    "Reviewers": (*reviewers.COMMANDS, *agreeing.COMMANDS),
    "Trainers": trainers.COMMANDS,
    "Agents": agents.COMMANDS,
}


@contextmanager
def _stopped_alike() -> Iterator[None]:
    """A request to end (SIGTERM, of a service manager or `kill`) is what Ctrl-C is: what was finished is kept, and no process is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Commands(click.Group):
    """Lists commands by kind of user; turns the library's errors into a message and an exit code, never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, those of a kind of user together."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each kind of user, with one column of names through all."""
        longest = max(map(len, self.commands))
        for users, commands in KINDS_OF_USER.items():
            names = [command.name or "" for command in commands]
            with formatter.section(users):
                formatter.write_dl(
                    [(command.name or "", command.get_short_help_str(formatter.width - 6 - longest)) for command in commands],
                    col_spacing=2 + longest - max(map(len, names)),
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _stopped_alike():
                return super().invoke(ctx)
        except QaError as error:
            show_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept; the same command goes on from there.", err=True)
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="qa-pipeline")
def main() -> None:
    """Score recorded calls against a rubric, with evidence that can be played."""
    disable_telemetry()
    # What a command loads and reads mostly stays: looking through it for garbage as often as Python does is an eighth of a command's work.
    gc.set_threshold(50_000, 20, 20)


for _commands in KINDS_OF_USER.values():
    for _command in _commands:
        main.add_command(_command)


if __name__ == "__main__":
    main()
