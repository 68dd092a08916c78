"""What was committed to a table since a version: the days touched, from its log, without reading any rows.

Delta Lake's log is a folder of numbered JSON files, a commit each; joining small files is marked there as changing no data.
Source: the protocol of Delta Lake, "Delta Log Entries" and "Add File and Remove File".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qa_pipeline.results.files import file_system, open_table
from qa_pipeline.results.log import commit_name, moves_in
from qa_pipeline.results.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was committed: the newest version, and days on which rows came or went (None: calls whose day is not known).

    `added`: paths of the files that came, None where some went too.
    """

    version: int
    days: frozenset[date | None]
    added: frozenset[str] | None


def version_of(store: Store, name: str, *, at_least: int = -1) -> int:
    """The newest version of a table; −1 when nothing was written yet. `at_least`: one that it is known to have had, which spares a look through all."""
    folder = _log_folder(store, name)
    if folder is None:
        delta = open_table(store.path(name))
        return -1 if delta is None else delta.version()
    if not folder.is_dir():
        return -1
    version = at_least
    while (folder / commit_name(version + 1)).exists():
        version += 1
    if version > at_least or (at_least >= 0 and (folder / commit_name(at_least)).exists()):
        return version
    # The log was cut back beyond what was known, or the table begins at a checkpoint.
    delta = open_table(store.path(name))
    return -1 if delta is None else delta.version()


def changes_since(store: Store, name: str, version: int) -> Change | None:
    """What was committed after a version; None when the log does not reach back so far, or the table is another one."""
    newest = version_of(store, name, at_least=version)
    if newest < version:
        return None
    days: set[date | None] = set()
    added: set[str] | None = set()
    for number in range(version + 1, newest + 1):
        text = _commit(store, name, number)
        if text is None:
            return None
        for move in moves_in(text):
            if move.is_change:
                days.add(move.file.day)
            if move.is_added and added is not None:
                added.add(move.path)
            elif not move.is_added and move.is_change:
                added = None
            elif added is not None:
                # Joined with others; what came in it is told by the file that came.
                added.discard(move.path)
    return Change(version=newest, days=frozenset(days), added=None if added is None else frozenset(added))


def _commit(store: Store, name: str, number: int) -> str | None:
    """The text of a commit; None when it is there no more."""
    folder = _log_folder(store, name)
    try:
        if folder is not None:
            return (folder / commit_name(number)).read_text("utf-8")
        delta = open_table(store.path(name))
        if delta is None:
            return None
        with file_system(delta).open_input_file(f"_delta_log/{commit_name(number)}") as file:
            return str(file.read().decode("utf-8"))
    except FileNotFoundError:
        return None


def _log_folder(store: Store, name: str) -> Path | None:
    return None if "://" in store.root else Path(store.path(name)) / "_delta_log"
