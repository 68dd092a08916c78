"""Tables opened for reading, kept as long as nothing is committed to them: to open one costs more than to ask it for a call.

A table of a folder is the one that was opened while its log ends with the same commit: that is one look whether the next is there, and one at the file of
the last, which another table at the same place would not share. Tables of an object store are opened anew each time: a look there costs as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from deltalake import DeltaTable

from qa_pipeline.results.files import files_by_day, open_table

_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table with the stamp that tells whether it is still the newest, and its files by day once somebody asked for them."""

    delta: DeltaTable
    version: int
    stamp: _Stamp
    files: list[Mapping[date | None, Sequence[str]]] = field(default_factory=list)


class Opened:
    """The tables that one store has open. Safe to be asked by several threads; what it gives is for reading alone."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def table(self, path: str) -> DeltaTable | None:
        """A table as it is now, or None when nothing was written to it yet."""
        if "://" in path:
            return open_table(path)
        kept = self._kept.get(path)
        if kept is not None and _stamp(path, kept.version) == kept.stamp:
            return kept.delta
        delta = open_table(path)
        stamp = None if delta is None else _stamp(path, delta.version())
        if delta is None or stamp is None:
            self._kept.pop(path, None)
        else:
            self._kept[path] = _Kept(delta, delta.version(), stamp)
        return delta

    def files(self, path: str, delta: DeltaTable) -> Mapping[date | None, Sequence[str]]:
        """Files by day of a table that `table` gave: listed once while it is the newest."""
        kept = self._kept.get(path)
        if kept is None or kept.delta is not delta:
            return files_by_day(delta)
        if not kept.files:
            kept.files.append(files_by_day(delta))
        return kept.files[0]


def _stamp(path: str, version: int) -> _Stamp | None:
    """What tells the last commit of a log from any other; None where it is not the last, or its file is there no more."""
    log = Path(path) / "_delta_log"
    if (log / f"{version + 1:020}.json").exists():
        return None
    try:
        found = (log / f"{version:020}.json").stat()
    except OSError:
        return None
    return version, found.st_ino, found.st_mtime_ns, found.st_size
