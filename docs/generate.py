"""Write the generated pages: tables.md, settings.md, cli.md, messages.md and who-sees-what.md, from the code that they describe.

    python docs/generate.py

tests/test_docs.py fails while a page differs from what this would write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from qa_pipeline.cli.main import main as cli
from qa_pipeline.languages.load import language_codes
from qa_pipeline.reading import tables as questions
from qa_pipeline.reading.viewer import RULE, Matter, Role, Scope
from qa_pipeline.results.columns import Column, Kind, Table
from qa_pipeline.results.outside import OUTSIDE, Outside, Place
from qa_pipeline.results.tables import TABLES
from qa_pipeline.settings import Settings

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))
import messages  # noqa: E402  # beside this file, which tests load by its path

_NOTE = "<!-- Written by docs/generate.py; change the code, then run `make docs`. -->\n"
# Defaults that differ from machine to machine, in words.
_DEFAULTS = {
    "cache": "`qa-pipeline` in the user's cache folder",
    "rubrics": "`rubrics/` as shipped",
    "manifests": "`models/` as shipped",
    "workers": "a worker for each processor that memory allows",
    "languages": f"`{','.join(language_codes())}`",
}
_WIDTH = 100


def tables_page() -> str:
    """Every table with its columns, and the views."""
    return "\n".join([
        _NOTE,
        "# Tables",
        "",
        "A results root is a folder (or an object-store URI) with one Delta Lake table a folder: Parquet files and a transaction log. After",
        "`qa-pipeline compact` any Parquet reader sees exactly the current rows. Before that, read them with a Delta reader or with",
        "`qa-pipeline query`. Every column may be null unless it is part of the key. Times are UTC; `ms` counts from the start of the recording.",
        "",
        "Each column says what it holds; what is deleted with the words of a call follows from it.",
        "",
        "| holds | that is |",
        "|---|---|",
        *(f"| {kind.label} | {kind.meaning} |" for kind in Kind),
        "",
        *(line for table in TABLES.values() for line in _table(table)),
        "## Outside the tables",
        "",
        "Every other file that this program writes. `CACHE` can be deleted while nothing runs; it costs time, no result.",
        "",
        "| what | where | holds | written by | goes |",
        "|---|---|---|---|---|",
        *(f"| {one.name} | {_where(one)} | {', '.join(kind.label for kind in one.holds) or 'nothing'} | {one.by} | {one.until} |" for one in OUTSIDE),
        "",
        "## Views",
        "",
        "`qa-pipeline query` sees the tables and these views.",
        "",
        *(questions.__doc__ or "").strip().splitlines()[2:],
        "",
        *(line for name, sql in questions.VIEWS.items() for line in (f"### `{name}`", "", "```sql", _flush(sql), "```", "")),
    ])  # fmt: skip


def settings_page() -> str:
    """Every setting with its environment variable, type, default and meaning."""
    properties = Settings.model_json_schema()["properties"]
    return "\n".join([
        _NOTE,
        "# Settings",
        "",
        "Read from `qa-pipeline.toml` in the working folder, or from the file that `QA_PIPELINE_CONFIG` names. An environment variable wins over",
        "the file, a command's option over both. A folder or file that is empty (`QA_PIPELINE_CACHE=`) counts as not set. `qa-pipeline config check`",
        "prints the values in force.",
        "",
        "```toml",
        'results = "/data/qa/results"',
        'timezone = "Europe/Warsaw"',
        "workers = 2",
        "threads = 4",
        "```",
        "",
        "| setting | environment | type | default | meaning |",
        "|---|---|---|---|---|",
        *(
            f"| `{name}` | `QA_PIPELINE_{name.upper()}` | {_type(properties[name])} | {_default(name, field.default)} | {field.description} |"
            for name, field in Settings.model_fields.items()
        ),
        "",
    ])  # fmt: skip


def cli_page() -> str:
    """The help text of every command."""
    return "\n".join([
        _NOTE,
        "# Commands",
        "",
        "Exit codes: 0 done · 1 done, with failures listed · 2 bad usage or input refused, nothing was done · 3 the environment is not ready",
        "(models, disk, rights) · 4 the deadline left calls for the next run · 130 stopped with Ctrl-C or `kill`.",
        "",
        *(line for path, text in _helps(cli, "qa-pipeline", None) for line in (f"## `{path}`", "", "```text", text, "```", "")),
    ])  # fmt: skip


def messages_page() -> str:
    """Every refusal, fault, failure and warning with what to do about it, by the part of the program that says it."""
    found = messages.messages()
    parts = dict.fromkeys(message.module.partition("/")[0].removesuffix(".py") for message in found)
    # Where files, metadata and transcripts are read is where most is said.
    order = sorted(parts, key=lambda part: (part != "recordings", part))
    return "\n".join([
        _NOTE,
        "# Messages",
        "",
        "What this program refuses or warns of, and what to do about it. `{name}` and … stand for what is filled in; several cures are parted by /.",
        "",
        "| kind | that is |",
        "|---|---|",
        "| refusal | something that was given cannot be used; nothing was done (exit code 2) |",
        "| fault | one place in a file, with its line, that a refusal or a failure lists |",
        "| environment | models, disk, rights or other processes are in the way (exit code 3) |",
        "| failure | one call could not be processed; the others go on (a row of `failures`, exit code 1) |",
        "| warning | the run goes on; a person should know |",
        "| reason | why, inside another message or beside what was not delivered |",
        "",
        *(line for part in order for line in _messages_of(part, found)),
    ])  # fmt: skip


def _messages_of(part: str, found: Sequence[Any]) -> Iterator[str]:
    yield from (f"## {part}", "", "| kind | says | to do |", "|---|---|---|")
    rows = {(one.kind, one.text, messages.cure_of(one)): None for one in found if one.module.partition("/")[0].removesuffix(".py") == part}
    yield from (
        f"| {kind} | {_said(text)} | {_said(cure)} |" for kind, text, cure in sorted(rows, key=lambda row: (row[0], row[1].lower(), row))
    )
    yield ""


def _said(text: str) -> str:
    """A message in a cell: marks of Markdown and HTML are meant as they stand."""
    return _cell(" ".join(text.split())).replace("<", "&lt;").replace(">", "&gt;").replace("*", "\\*").replace("[", "\\[")


_MATTERS = {
    Matter.SCORE: "scores and findings of a call, with the words they quote",
    Matter.WORDS: "the transcript and the sound of a call",
    Matter.NAMES: "who the people of a call are beside what is said: the agent's name, the customer's id, the file, further metadata",
    Matter.DECISIONS: "what people decided about a call, and who",
    Matter.FIGURES: "counts and means over calls",
    Matter.RUNS: "runs, failures, closed periods",
    Matter.RUBRICS: "rubrics and their versions",
    Matter.PEOPLE: "accounts, teams, who looked at what",
    Matter.TABLES: "any question in SQL",
}


def who_sees_what_page() -> str:
    """The rule of who sees what."""
    return "\n".join([
        _NOTE,
        "# Who sees what",
        "",
        "Every question to what is stored is asked by somebody, and one rule (`reading/viewer.py`) says what they get. An account may have several",
        "roles and sees what any of them sees. The command line of the machine itself reads the files anyway and sees all.",
        "",
        f"| | {' | '.join(role.value for role in Role)} |",
        f"|---|{'---|' * len(Role)}",
        *(
            f"| {meaning} | {' | '.join(_MARKS[RULE[role].get(matter, Scope.NONE)] for role in Role)} |"
            for matter, meaning in _MATTERS.items()
        ),
        "",
        "**own**: calls in which they were the agent. **teams**: calls of a team on days on which they led it: a call belongs to the team it was of on its",
        "day, so that a supervisor for two months sees the calls of these two months, then and later, and a call without a day is seen only by who leads the",
        "team without a first or last day. A call that is not theirs to see is told as one that is not there.",
        "",
        "A trainer reads words without names: a rubric is made of what is said, whoever said it. The agent's id stays, as it tells whether several calls are one",
        "person's. `qa-pipeline accounts names NAME --allow` lets a trainer see names too. What is said in a call may name people all the same.",
        "",
    ])  # fmt: skip


_MARKS = {Scope.ALL: "all", Scope.TEAMS: "teams", Scope.OWN: "own", Scope.NONE: "–"}

PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page, "settings.md": settings_page, "cli.md": cli_page, "messages.md": messages_page,
    "who-sees-what.md": who_sees_what_page,
}  # fmt: skip


def _table(table: Table) -> Iterator[str]:
    yield from (f"## `{table.name}`", "", table.about, "")
    partition = f" Partitioned by `{table.partition}`." if table.partition else ""
    yield from (
        f"Key: {', '.join(f'`{column}`' for column in table.key)}.{partition}",
        "",
        "| column | type | holds | meaning |",
        "|---|---|---|---|",
    )
    yield from (
        f"| `{column.name}` | {_arrow(str(column.type))} | {_holds(column)} | {_cell(column.meaning)} |" for column in table.columns
    )
    yield ""


def _where(one: Outside) -> str:
    if one.place is Place.NAMED:
        return ", ".join(one.patterns)
    return f"{', '.join(f'`{pattern}`' for pattern in one.patterns)} in {one.place.value}"


def _holds(column: Column) -> str:
    """What a column holds; of a nested one by kind, with the names of the parts."""
    if isinstance(column.kind, Kind):
        return column.kind.label
    parts = {kind: [name for name, other in column.kind.items() if other is kind] for kind in column.kinds}
    return "; ".join(f"{kind.label}: {', '.join(names)}" for kind, names in parts.items())


def _arrow(text: str) -> str:
    return text.replace("element: ", "").replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = ", ".join(f"{sign} {schema[key]:g}" for key, sign in limits.items() if key in schema)
    return " ".join(part for part in ({"array": "list"}.get(schema["type"], schema["type"]), bounds) if part)


def _default(name: str, value: Any) -> str:
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value == "" else "none" if value is None else f"`{value}`"


def _helps(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """(path, help text) of a command and all below it. The width is fixed, so that a page does not depend on a terminal."""
    given = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, info_name=path.split()[-1], parent=parent, **given)
    yield path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                yield from _helps(child, f"{path} {name}", context)


def _flush(sql: str) -> str:
    return "\n".join(line.strip() for line in sql.splitlines())


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
