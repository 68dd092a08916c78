"""The log of a table in a folder: which files the table has now, and a commit of new rows; by Arrow alone.

The tables' library does the same and everything else. It takes 45 MB to be there, a few more for each table, and for a few new rows its query engine, 80 MB;
one call is read, and a decision written, without it. What this module does not know of, it leaves to the library: logs of another protocol than the
tables are written by, and whatever changes rows.

A commit is seen whole or not at all, and never replaces one. Who dies before it leaves files that no log names: nobody reads them, and `compact` and
`forget` take them away. Source: the protocol of Delta Lake, "Delta Log Entries", "Checkpoints", "Actions" and "Per-file Statistics".
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from qa_pipeline.results.checkpoint import actions_in_checkpoint, by_library, statistics_in, write_checkpoint

# What tables lie by, and the folder of calls without one.
DAY = "call_date"
_NO_DAY = "__HIVE_DEFAULT_PARTITION__"
# The protocol of tables without any of the later features.
_READER, _WRITER = 1, 2
# Chosen: the words of some 50 calls. One call is read with its group, so small ones; each costs a kilobyte at the file's end.
ROW_GROUP = 2_048
# A checkpoint after so many commits, as the library makes them.
_COMMITS = 100
# Longer texts are no ids.
_LONGEST_BOUND = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotPlain(Exception):
    """A log that the tables' library has to read."""


@dataclass(frozen=True, slots=True)
class File:
    """One file: the day of its rows, None for calls without one and in a table that does not lie by days; what the log says of its rows, as JSON.

    What a checkpoint says of rows is not read with the files: it is longer than all else, and only the newest time and how many they are is ever asked of it.
    """

    day: date | None
    statistics: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A file that a commit adds to a table, or takes out of it. `is_change`: its rows come or go by it; False where files were joined, with the same rows."""

    path: str
    file: File
    is_added: bool
    is_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table at a version. `files`: by path below the table; `folder`: where it lies, None where only the library can write it.

    `checkpoint`: the one that it was read from, if any.
    """

    version: int
    columns: frozenset[str]
    lies_by_days: bool
    files: Mapping[str, File]
    system: pafs.FileSystem
    folder: Path | None
    checkpoint: Path | None = None

    def paths_of(self, day: date | None) -> list[str]:
        """Paths of a day's files (None: of calls without one); of all where the table does not lie by days."""
        return [path for path, file in self.files.items() if not self.lies_by_days or file.day == day]

    def bounds(self, paths: Collection[str], column: str) -> dict[str, tuple[str, str] | None]:
        """Between which values the ids of some files lie in a column, by what the log says of each; None where it does not say."""
        told = {path: self.files[path].statistics for path in paths}
        if self.checkpoint is not None and (untold := {path for path, statistics in told.items() if not statistics}):
            told |= statistics_in(self.checkpoint, untold)
        return {path: _bounds_in(statistics, column) for path, statistics in told.items()}

    def open(self, path: str) -> pq.ParquetFile:
        """One of the files."""
        return pq.ParquetFile(self.system.open_input_file(path))

    def counts(self) -> dict[str, int | None]:
        """How many rows each file has by what the log says; None where it does not say."""
        return {path: json.loads(told).get("numRecords") if told else None for path, told in self._told()}

    def _told(self) -> Iterator[tuple[str, str | None]]:
        """What the log says of the rows of each file."""
        of_checkpoint = statistics_in(self.checkpoint) if self.checkpoint is not None else {}
        return ((path, file.statistics or of_checkpoint.get(path)) for path, file in self.files.items())

    def latest(self, column: str) -> datetime | None:
        """A time that no row's in a column is later than, from what the log says of each file; None where it does not say of all.

        The log may leave out what is less than a millisecond.
        """
        found = []
        for _, statistics in self._told():
            newest = json.loads(statistics).get("maxValues", {}).get(column) if statistics else None
            if newest is None:
                return None
            found.append(datetime.fromisoformat(newest))
        return max(found) + timedelta(milliseconds=1) if found else None


def read_listing(folder: Path) -> Listing | None:
    """The newest version of a table; None where there is no table. Raises NotPlain."""
    log = folder / "_delta_log"
    if not log.is_dir():
        return None
    with _plain():
        checkpoint = _newest_checkpoint(log)
        if checkpoint is None and not (log / commit_name(0)).exists():
            raise NotPlain
        empty = Listing(version=-1, columns=frozenset(), lies_by_days=False, files={}, system=_system(folder), folder=folder)
        if checkpoint is None:
            return _follow(log, empty)
        path = log / f"{checkpoint:020}.checkpoint.parquet"
        return _follow(log, replace(_with(empty, actions_in_checkpoint(path)), version=checkpoint, checkpoint=path))


def followed(listing: Listing) -> Listing:
    """The same table with what was committed since. Raises NotPlain."""
    if listing.folder is None:
        return listing
    with _plain():
        return _follow(listing.folder / "_delta_log", listing)


def add_rows(listing: Listing, rows: pa.Table, *, bounded: Iterable[str]) -> bool:
    """Commit new rows after a version; `bounded`: columns whose bounds the log is to say. False, and nothing is committed, where the library has to do it.

    That is where the table has other columns than the rows, and where somebody else has committed since.
    """
    return change_rows(listing, [rows], {}, bounded=bounded)


def change_rows(listing: Listing, added: Iterable[pa.Table], remade: Mapping[str, pa.Table], *, bounded: Iterable[str]) -> bool:
    """The same in one commit with files made anew, by their paths: of each, the rows that stay."""
    parts = [rows for rows in (*added, *remade.values()) if rows.num_rows]
    if listing.folder is None or any(listing.columns != set(rows.column_names) for rows in parts):
        return False
    version = listing.version + 1
    made: list[dict[str, Any]] = []
    is_committed = False
    try:
        for rows in parts:
            for partition, part in _each_day(rows) if listing.lies_by_days else iter([({}, rows)]):
                made.append(_placed(listing.folder, partition))
                made[-1] |= _written(listing.folder / made[-1]["path"], part, frozenset(bounded))
        gone = [{"remove": _removed(listing, path)} for path in remade]
        actions = [_commit_info(listing, is_update=bool(gone)), *gone, *({"add": one} for one in made)]
        is_committed = _commit(listing.folder / "_delta_log" / commit_name(version), actions)
    finally:
        if not is_committed:
            # They hold callers' words, and no log would ever tell of them.
            for one in made:
                (listing.folder / one["path"]).unlink(missing_ok=True)
    if is_committed and (version + 1) % _COMMITS == 0:
        _check_point(listing.folder, version)
    return is_committed


def _removed(listing: Listing, path: str) -> dict[str, Any]:
    """The action that takes a file out of a table. The file stays until the table is tidied: somebody may be reading it."""
    day = listing.files[path].day
    partition = {DAY: None if day is None else str(day)} if listing.lies_by_days else {}
    return {
        "path": path,
        "deletionTimestamp": _now_ms(),
        "dataChange": True,
        "extendedFileMetadata": True,
        "partitionValues": partition,
        "size": ((listing.folder or Path()) / path).stat().st_size,
    }


def _commit_info(listing: Listing, *, is_update: bool) -> dict[str, Any]:
    """What a commit says of itself."""
    appended = {"mode": "Append", "partitionBy": json.dumps([DAY] if listing.lies_by_days else [])}
    about = {
        "timestamp": _now_ms(),
        "operation": "UPDATE" if is_update else "WRITE",
        "operationParameters": {} if is_update else appended,
        "engineInfo": "qa-pipeline",
    }
    return {"commitInfo": about}


def _check_point(folder: Path, version: int) -> None:
    """Make a checkpoint, as the library does now and then. The log is whole without one, and the next comes after as many commits again."""
    with contextlib.suppress(OSError, NotPlain):
        log = folder / "_delta_log"
        if not write_checkpoint(log, version, before=_newest_checkpoint(log)):
            by_library(folder)


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Whatever is not as expected, or goes away while it is read, the library knows better."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise NotPlain from error


def _newest_checkpoint(log: Path) -> int | None:
    try:
        pointer = json.loads((log / "_last_checkpoint").read_bytes())
    except FileNotFoundError:
        return None
    if pointer.get("parts") is not None:
        raise NotPlain
    return int(pointer["version"])


def _follow(log: Path, listing: Listing) -> Listing:
    version, actions = listing.version, list[dict[str, Any]]()
    with contextlib.suppress(FileNotFoundError):
        while True:
            actions += _actions_in((log / commit_name(version + 1)).read_text("utf-8"))
            version += 1
    # All at once: commits are many, and so are the files that each would copy.
    return replace(_with(listing, actions), version=version) if version > listing.version else listing


def moves_in(commit: str) -> Iterator[Move]:
    """Files that came and went by a commit, from the text of its file."""
    return filter(None, map(_move_of, _actions_in(commit)))


def _actions_in(commit: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, commit.splitlines())


def _move_of(action: Mapping[str, Any]) -> Move | None:
    """The file that an action is about; None for what is said of the table, or of the commit."""
    added = action.get("add")
    file_action = added or action.get("remove")
    if not file_action:
        return None
    file = File(_day_of(file_action), file_action.get("stats"))
    # A checkpoint says only which files there are.
    return Move(path=unquote(file_action["path"]), file=file, is_added=bool(added), is_change=file_action.get("dataChange", True))


def _with(listing: Listing, actions: Iterable[dict[str, Any]]) -> Listing:
    """A table after the actions of some commits, or all that came before a checkpoint."""
    files = dict(listing.files)
    columns, lies_by_days = listing.columns, listing.lies_by_days
    for action in actions:
        if move := _move_of(action):
            if move.is_added:
                files[move.path] = move.file
            else:
                files.pop(move.path, None)
        elif metadata := action.get("metaData"):
            columns = frozenset(field["name"] for field in json.loads(metadata["schemaString"])["fields"])
            lies_by_days = DAY in metadata["partitionColumns"]
        elif (protocol := action.get("protocol")) and (protocol["minReaderVersion"], protocol["minWriterVersion"]) != (_READER, _WRITER):
            raise NotPlain
    return replace(listing, files=files, columns=columns, lies_by_days=lies_by_days)


def _each_day(rows: pa.Table) -> Iterator[tuple[dict[str, str | None], pa.Table]]:
    """Rows by day, without the column that only their folder says."""
    days, rest = rows[DAY].to_pylist(), rows.drop_columns([DAY])
    several = dict.fromkeys(days)
    for day in several:
        part = rest if len(several) == 1 else rest.filter(pa.array([one == day for one in days]))
        yield {DAY: None if day is None else str(day)}, part


def _placed(folder: Path, partition: dict[str, str | None]) -> dict[str, Any]:
    """The action that adds a file of one day, as far as it is known before the file is written: where it will lie."""
    below = "".join(f"{column}={_NO_DAY if value is None else value}/" for column, value in partition.items())
    (folder / below).mkdir(exist_ok=True)
    return {"path": f"{below}part-00000-{uuid.uuid4()}-c000.snappy.parquet", "partitionValues": partition}


def _written(path: Path, rows: pa.Table, bounded: frozenset[str]) -> dict[str, Any]:
    """Write a file of rows. Returns what the action that adds it says of it."""
    made = list[pq.FileMetaData]()
    # Types as Parquet has them, which every reader takes alike.
    pq.write_table(rows, path, row_group_size=ROW_GROUP, store_schema=False, metadata_collector=made)
    return {
        "size": path.stat().st_size,
        "modificationTime": _now_ms(),
        "dataChange": True,
        "stats": json.dumps(_statistics(made[0], bounded)),
    }


def _statistics(file: pq.FileMetaData, bounded: frozenset[str]) -> dict[str, Any]:
    """How many rows a file has, and the bounds of some columns."""
    statistics: dict[str, Any] = {"numRecords": file.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    for place in range(file.num_columns):
        columns = [file.row_group(group).column(place) for group in range(file.num_row_groups)]
        name, several = columns[0].path_in_schema, [column.statistics for column in columns]
        # Compared with anything else they crash.
        if name not in bounded or any(found is None for found in several):
            continue
        statistics["nullCount"][name] = sum(found.null_count for found in several)
        # A group of nulls alone has none.
        known = [found for found in several if found.has_min_max]
        if not known or any(not found.has_min_max and found.num_values for found in several):
            continue
        raws = min(found.min_raw for found in known), max(found.max_raw for found in known)
        bounds = [_as_told(known[0], raw) for raw in raws]
        if None not in bounds:
            statistics["minValues"][name], statistics["maxValues"][name] = bounds
    return statistics


def _as_told(found: pq.Statistics, raw: Any) -> str | int | None:
    """A bound as the log says it; None where it may be left out."""
    match found.logical_type.type, found.physical_type:
        case "STRING", _:
            text = str(raw.decode("utf-8"))
            return text if len(text) <= _LONGEST_BOUND else None
        case "TIMESTAMP", _:
            return time_as_told(raw)
        case "DATE", _:
            return str(_EPOCH.date() + timedelta(days=raw))
        case "NONE" | "INT", "INT32" | "INT64":
            return int(raw)
        case _:
            return None


def commit_name(version: int) -> str:
    """What the file of a commit is called, in the folder of the log."""
    return f"{version:020}.json"


def _day_of(told: Mapping[str, Any]) -> date | None:
    """The day of a file that came or went; None for calls without one, and in a table that does not lie by days."""
    values = told.get("partitionValues")
    if values is None:
        # Older writers leave it out where a file is removed; the path says it too.
        text = next((part.partition("=")[2] for part in unquote(told["path"]).split("/") if part.startswith(f"{DAY}=")), None)
    else:
        text = dict(values).get(DAY)
    return None if text in (None, "", _NO_DAY) else date.fromisoformat(str(text))


def _bounds_in(statistics: str | None, column: str) -> tuple[str, str] | None:
    told = json.loads(statistics) if statistics else {}
    least, most = told.get("minValues", {}).get(column), told.get("maxValues", {}).get(column)
    return None if least is None or most is None else (least, most)


def time_as_told(microseconds: int) -> str:
    """A time as the log says it, of microseconds since 1970."""
    return f"{_EPOCH + timedelta(microseconds=microseconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def _commit(path: Path, actions: Iterable[Mapping[str, Any]]) -> bool:
    """Put a commit there, whole; False where one is there already, or the disk knows no such step."""
    part = path.with_name(f".{path.name}.{uuid.uuid4()}")
    part.write_text("".join(json.dumps(action, ensure_ascii=False) + "\n" for action in actions), "utf-8")
    try:
        os.link(part, path)
    except OSError:
        # A network folder may answer that it is there already, of a step that it did itself.
        return part.stat().st_nlink > 1
    finally:
        part.unlink()
    return True


def _system(folder: Path) -> pafs.FileSystem:
    return pafs.SubTreeFileSystem(str(folder.absolute()), pafs.LocalFileSystem())


def _now_ms() -> int:
    return int(time.time() * 1000)
