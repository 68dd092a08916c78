"""A table's files: opened, kept open, listed, and the rows of one call read from those of its day.

To open a table costs more than to ask it for a call, so it is kept as long as nothing is committed to it. A table of a folder is the one that was opened
while its log ends with the same commit: that is one look whether the next is there, and one at the file of the last, which another table at the same
place would not share. Tables of an object store are opened anew each time: a look there costs as much.

Which files a table of a folder has is read from its log (log.py), without the tables' library.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from qa_pipeline.results.columns import Table
from qa_pipeline.results.log import DAY, File, Listing, NotPlain, commit_name, followed, read_listing, time_as_told
from qa_pipeline.results.places import Place, Places

if TYPE_CHECKING:
    from arro3.core.types import ArrowStreamExportable
    from deltalake import DeltaTable

# Which files are looked through whatever the bounds of their ids, by their rows, and how much is known at most. Chosen: commits of a night, and 40 MB at most of each.
_SMALL_ROWS, _MOST_IDS, _MOST_FILES = 4_000, 2_000_000, 500
# So many files of a day are opened without asking the log whose they are; and of how many it is known what it says. Chosen.
_FEW_FILES, _MOST_BOUNDS = 2, 5_000
# Up to these a table is read file by file. Chosen: a quarter of the time of the library's engine, and never longer.
_SMALL_FILES, _SMALL_BYTES = 8, 1_000_000
# Rows of a group that are decoded at a time: chosen, an eighth of a group.
_AT_ONCE = 256
_Stamp = tuple[int, int, int, int]


def open_table(path: str) -> DeltaTable | None:
    """A table, or None when nothing was written to it yet."""
    # Single calls are read, and decisions written, without it.
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    try:
        return DeltaTable(path)
    except TableNotFoundError:
        return None


def in_arrow(answered: ArrowStreamExportable) -> pa.Table:
    """What the tables' library answers, as Arrow. `pa.table` would do it too, and load pandas to look whether it is from there: 120 MB."""
    return pa.RecordBatchReader.from_stream(answered).read_all()


def file_paths(delta: DeltaTable) -> set[str]:
    """Paths of a table's files, below the table."""
    return set(in_arrow(delta.get_add_actions(flatten=True))["path"].to_pylist())


def file_system(delta: DeltaTable) -> pafs.FileSystem:
    """What opens files of a table by their paths, wherever they lie: of a folder the system's own files, which takes a tenth of the time."""
    uri = urlsplit(delta.table_uri)
    if uri.scheme in ("", "file"):
        return pafs.SubTreeFileSystem(unquote(uri.path), pafs.LocalFileSystem())
    from deltalake.fs import DeltaStorageHandler

    handler = DeltaStorageHandler.from_table(delta._table, delta._storage_options, delta._table.get_add_file_sizes())
    return pafs.PyFileSystem(handler)


def lies_by_days(delta: DeltaTable) -> bool:
    """Whether a table lies by days: one that was begun before tables did does not."""
    return DAY in delta.metadata().partition_columns


def listed_by_library(delta: DeltaTable) -> Listing:
    """The files of a table as the library knows them. Of what it knows of their rows, how many they are, and the latest times."""
    added = in_arrow(delta.get_add_actions(flatten=True))
    by_days = lies_by_days(delta)
    days = added[f"partition.{DAY}"].to_pylist() if by_days else [None] * len(added)
    latest: list[dict[str, str | None]] = [{} for _ in range(len(added))]
    for name in added.column_names:
        if name.startswith("max.") and pa.types.is_timestamp(added.schema.field(name).type):
            for of_file, value in zip(latest, _iso(added[name]), strict=True):
                of_file[name.removeprefix("max.")] = value
    counts = added["num_records"].to_pylist() if "num_records" in added.column_names else [None] * len(added)
    return Listing(
        version=delta.version(),
        columns=frozenset(field.name for field in delta.schema().fields),
        lies_by_days=by_days,
        files={
            path: File(day, json.dumps({"numRecords": count, "maxValues": of_file}))
            for path, day, count, of_file in zip(added["path"].to_pylist(), days, counts, latest, strict=True)
        },
        system=file_system(delta),
        folder=None,
    )


class KnownFiles:
    """What is known of files that were opened: where their groups of rows lie, and of those that were looked through which ids they hold, and where.

    A night writes many small files a day, and the bounds of ids that are digests rule none of them out; a decision writes files of one call each, of which
    the log says whose they are, so that nobody opens them all. A file of a table never changes, so what was known of it once holds; the oldest is let
    go. Safe to be asked by several threads.
    """

    def __init__(self) -> None:
        self._metadata: dict[tuple[str, str], tuple[pq.FileMetaData, frozenset[str]]] = {}
        self._ids: dict[tuple[str, str, str], Places] = {}
        self._bounds: dict[tuple[str, str, str], tuple[str, str] | None] = {}
        self._held = 0
        self._lock = threading.Lock()

    def paths(self, table: str, listing: Listing, column: str, values: frozenset[str], *, day: date | None) -> list[str]:
        """Paths of a day's files (None: of calls without one) that may hold one of some ids in a column, as far as is known without opening them."""
        paths = listing.paths_of(day)
        unknown = [path for path in paths if (table, path, column) not in self._ids and (table, path, column) not in self._bounds]
        if len(unknown) > _FEW_FILES:
            told = listing.bounds(unknown, column)
            with self._lock:
                self._bounds |= {(table, path, column): bounds for path, bounds in told.items()}
                while len(self._bounds) > _MOST_BOUNDS:
                    del self._bounds[next(iter(self._bounds))]
        return [path for path in paths if self.may_hold(table, path, column, values)]

    def may_hold(self, table: str, path: str, column: str, values: frozenset[str]) -> bool:
        """Whether a file of a table may hold one of some ids in a column, as far as is known without opening it."""
        ids = self._ids.get((table, path, column))
        if ids is not None:
            return any(value in ids for value in values)
        bounds = self._bounds.get((table, path, column))
        return bounds is None or any(bounds[0] <= value <= bounds[1] for value in values)

    def place(self, table: str, path: str, column: str, values: Collection[str]) -> Place | None:
        """The one place in a file that is known to hold all rows with one of some ids in a column; None where that is not known, or there are several."""
        ids = self._ids.get((table, path, column))
        held = [value for value in values if value in ids] if ids is not None else []
        return ids.of(held[0]) if ids is not None and len(held) == 1 else None

    def open(self, system: pafs.FileSystem, table: str, path: str) -> tuple[pq.ParquetFile, frozenset[str]]:
        """A file and the names of its columns, without reading a second time where its groups lie."""
        metadata, names = self._metadata.get((table, path), (None, frozenset()))
        # To read ahead pays only where files lie far away.
        is_far = isinstance(system, pafs.PyFileSystem)
        file = pq.ParquetFile(system.open_input_file(path), metadata=metadata, pre_buffer=is_far)
        if metadata is None:
            names = frozenset(file.schema_arrow.names)
            # Whoever only looks takes no lock: threads by the dozen look at files by the hundred.
            with self._lock:
                self._metadata[table, path] = file.metadata, names
                while len(self._metadata) > _MOST_FILES:
                    del self._metadata[next(iter(self._metadata))]
        return file, names

    def learn(self, table: str, path: str, column: str, groups: Sequence[Sequence[str | None]]) -> None:
        """Know from now on which ids a file holds in a column, given what stands there in each group of rows."""
        places = Places(groups)
        with self._lock:
            self._held += len(places) - len(self._ids.pop((table, path, column), ()))
            self._ids[table, path, column] = places
            while self._held > _MOST_IDS:
                self._held -= len(self._ids.pop(next(iter(self._ids))))


def rows_of_day(
    table: Table,
    listing: Listing,
    column: str,
    values: Collection[str],
    *,
    day: date | None,
    columns: Sequence[str] | None = None,
    known: KnownFiles | None = None,
) -> pa.Table:
    """Rows of a day (None: of calls without one) that have one of some values in a text column; of a table that does not lie by days, all such rows.

    `known`: what is known of its files. Only groups of rows that may hold them are read, without the engine of the tables' library: that is 60 MB.
    """
    wanted = [name for name in table.schema.names if columns is None or name in columns]
    schema = pa.schema([table.schema.field(name) for name in wanted])
    looked_for, found = frozenset(values), []
    known = known or KnownFiles()
    for path in known.paths(table.name, listing, column, looked_for, day=day):
        opened, names = known.open(listing.system, table.name, path)
        with opened as file:
            stored_columns = [name for name in wanted if name in names]
            place = known.place(table.name, path, column, looked_for)
            if place is not None:
                rows = _stretch(file, place[0], [*stored_columns, *({column} - {*stored_columns})], place[1], place[2])
                # Places are known by a hash of the id.
                if looked_for.issuperset(rows[column].to_pylist()):
                    found.append(_as_table(rows, schema, day))
                    continue
            is_small = column in names and file.metadata.num_rows <= _SMALL_ROWS
            held: list[list[str | None]] = []
            groups = list(range(file.metadata.num_row_groups) if is_small else _groups_with(file, column, values))
            # Bounds of digests rule out hardly any group, unless their rows were put in order.
            is_whole = bool(groups) and len(groups) == file.metadata.num_row_groups
            for group in groups:
                # In Python: Arrow's own comparisons are a library of 40 MB, loaded at the first.
                ids = file.read_row_group(group, columns=[column], use_threads=False)[column].to_pylist()
                if is_whole:
                    held.append(ids)
                if not looked_for.isdisjoint(ids):
                    places = [at for at, value in enumerate(ids) if value in looked_for]
                    first, count = places[0], places[-1] - places[0] + 1
                    rows = _as_table(_stretch(file, group, stored_columns, first, count), schema, day)
                    if len(places) < count:
                        rows = _kept(rows, [value in looked_for for value in ids[first : first + count]])
                    found.append(rows)
            if is_whole:
                known.learn(table.name, path, column, held)
    return pa.concat_tables(found) if found else schema.empty_table()


def files_without(
    table: Table, listing: Listing, columns: Sequence[str], gone: Collection[tuple[object, ...]], *, day: date | None, known: KnownFiles
) -> dict[str, pa.Table]:
    """The files of a day in which rows lie that have one of some values in some columns, the first of them an id; by their paths, each with its other rows."""
    ids, found = frozenset(str(values[0]) for values in gone), {}
    for path in known.paths(table.name, listing, columns[0], ids, day=day):
        opened, _ = known.open(listing.system, table.name, path)
        with opened as file:
            looked_at = file.read(columns=list(columns), use_threads=False)
            stays = [values not in gone for values in zip(*(looked_at[name].to_pylist() for name in columns), strict=True)]
            if not all(stays):
                found[path] = _kept(_as_table(file.read(use_threads=False), table.schema, day), stays)
    return found


def ids_in(listing: Listing, path: str, column: str) -> Collection[str]:
    """The ids that a file of a table holds in a column. Raises FileNotFoundError where it is there no more."""
    with listing.open(path) as file:
        return {value for value in file.read(columns=[column], use_threads=False)[column].to_pylist() if value is not None}


def is_small(listing: Listing) -> bool:
    """Whether a table in a folder is read sooner file by file than by the engine of the tables' library, which takes 10 ms to begin."""
    if listing.folder is None or len(listing.files) > _SMALL_FILES:
        return False
    try:
        return sum((listing.folder / path).stat().st_size for path in listing.files) <= _SMALL_BYTES
    except OSError:
        # Whoever reads it says what is missing.
        return False


def all_rows(table: Table, listing: Listing, columns: Sequence[str]) -> pa.Table:
    """All rows of a small table, in these columns."""
    schema = pa.schema([table.schema.field(name) for name in table.schema.names if name in columns])
    found = []
    for path in sorted(listing.files):
        with listing.open(path) as file:
            stored_columns = set(file.schema_arrow.names)
            rows = file.read(columns=[name for name in schema.names if name in stored_columns], use_threads=False)
            found.append(_as_table(rows, schema, listing.files[path].day))
    return pa.concat_tables(found) if found else schema.empty_table()


def _groups_with(file: pq.ParquetFile, column: str, values: Collection[str]) -> Iterator[int]:
    """Numbers of the groups of rows whose bounds leave room for one of the values."""
    place = file.schema_arrow.names.index(column) if column in file.schema_arrow.names else None
    number = next((n for n in range(file.metadata.num_columns) if file.schema.column(n).path == column), None)
    if place is None or number is None:
        return
    for group in range(file.metadata.num_row_groups):
        bounds = file.metadata.row_group(group).column(number).statistics
        if bounds is None or not bounds.has_min_max or any(bounds.min <= value <= bounds.max for value in values):
            yield group


def _stretch(file: pq.ParquetFile, group: int, columns: Sequence[str], first: int, count: int) -> pa.Table:
    """Some rows of a group, decoded a little at a time up to the last of them: the vectors of a whole group take 20 MB."""
    batches, end = [], 0
    for batch in file.iter_batches(batch_size=_AT_ONCE, row_groups=[group], columns=list(columns), use_threads=False):
        begin, end = end, end + len(batch)
        if end > first:
            batches.append(batch.slice(max(0, first - begin), first + count - max(begin, first)))
        if end >= first + count:
            break
    return pa.Table.from_batches(batches)


def _kept(rows: pa.Table, stays: Iterable[bool]) -> pa.Table:
    """Those rows that stay, run by run: to filter them is a library of 30 MB, loaded at the first."""
    runs, place = [rows.slice(0, 0)], 0
    for is_kept, run in groupby(stays):
        count = sum(1 for _ in run)
        if is_kept:
            runs.append(rows.slice(place, count))
        place += count
    return pa.concat_tables(runs)


def _as_table(rows: pa.Table, schema: pa.Schema, day: date | None) -> pa.Table:
    """Rows of a file as the table has them: what only its folder says, and nulls for columns that are newer than the file."""
    arrays = []
    there = dict(zip(rows.column_names, rows.columns, strict=True))
    for column in schema:
        stored = there.get(column.name)
        if column.name == DAY and stored is None:
            arrays.append(pa.repeat(pa.scalar(day, column.type), len(rows)))
        elif stored is not None:
            # To convert is a library of 10 MB, loaded at the first.
            arrays.append(stored if stored.type == column.type else stored.cast(column.type))
        else:
            arrays.append(pa.nulls(len(rows), column.type))
    return pa.Table.from_arrays([pa.chunked_array(one) if isinstance(one, pa.Array) else one for one in arrays], schema=schema)


class Opened:
    """The tables that one store has open. Safe to be asked by several threads; what it gives is for reading alone. `known`: of their files."""

    def __init__(self) -> None:
        self.known = KnownFiles()
        self._tables: dict[str, tuple[DeltaTable, _Stamp]] = {}
        self._listings: dict[str, tuple[Listing, _Stamp]] = {}
        # Of several threads that find a commit, one reads it.
        self._lock = threading.RLock()

    def table(self, path: str) -> DeltaTable | None:
        """A table as it is now, by the tables' library, or None when nothing was written to it yet."""
        if "://" in path:
            return open_table(path)
        kept = self._tables.get(path)
        if kept is not None and _is_newest(path, kept[1]):
            return kept[0]
        with self._lock:
            kept = self._tables.get(path)
            return kept[0] if kept is not None and _is_newest(path, kept[1]) else self._open(path)

    def listing(self, path: str) -> Listing | None:
        """Which files a table has now, or None when nothing was written to it yet."""
        if "://" in path:
            delta = open_table(path)
            return None if delta is None else listed_by_library(delta)
        kept = self._listings.get(path)
        if kept is not None and _is_newest(path, kept[1]):
            return kept[0]
        with self._lock:
            kept = self._listings.get(path)
            return kept[0] if kept is not None and _is_newest(path, kept[1]) else self._list(path)

    def _open(self, path: str) -> DeltaTable | None:
        delta = open_table(path)
        stamp = None if delta is None else _stamp(path, delta.version())
        if delta is None or stamp is None:
            self._tables.pop(path, None)
        else:
            self._tables[path] = delta, stamp
        return delta

    def _list(self, path: str) -> Listing | None:
        kept = self._listings.get(path)
        try:
            # Where the last commit is still the same, only those after it are read.
            listing = (
                followed(kept[0]) if kept is not None and _stamp(path, kept[1][0], is_last=False) == kept[1] else read_listing(Path(path))
            )
        except NotPlain:
            delta = open_table(path)
            listing = None if delta is None else listed_by_library(delta)
        stamp = None if listing is None else _stamp(path, listing.version)
        if listing is None or stamp is None:
            self._listings.pop(path, None)
        else:
            self._listings[path] = listing, stamp
        return listing


def _is_newest(path: str, stamp: _Stamp) -> bool:
    return _stamp(path, stamp[0]) == stamp


def _stamp(path: str, version: int, *, is_last: bool = True) -> _Stamp | None:
    """What tells the last commit of a log from any other; None where it is not the last (`is_last`), or its file is there no more."""
    log = Path(path) / "_delta_log"
    if is_last and (log / commit_name(version + 1)).exists():
        return None
    try:
        found = (log / commit_name(version)).stat()
    except OSError:
        return None
    return version, found.st_ino, found.st_mtime_ns, found.st_size


def _iso(times: pa.ChunkedArray) -> list[str | None]:
    """Times as the log says them."""
    several = times.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
    return [None if value is None else time_as_told(value) for value in several]
