"""A table's files: opened, kept open, listed, and the rows of one call read from those of its day.

To open a table costs more than to ask it for a call, so it is kept as long as nothing is committed to it. A table of a folder is the one that was opened
while its log ends with the same commit: that is one look whether the next is there, and one at the file of the last, which another table at the same
place would not share. Tables of an object store are opened anew each time: a look there costs as much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from arro3.core.types import ArrowStreamExportable
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler

from qa_pipeline.results.columns import Table

# What tables lie by.
_DAY = "call_date"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEFT_OUT_US = 1_000

_Stamp = tuple[int, int, int, int]


def open_table(path: str) -> DeltaTable | None:
    """A table, or None when nothing was written to it yet."""
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
    handler = DeltaStorageHandler.from_table(delta._table, delta._storage_options, delta._table.get_add_file_sizes())
    return pafs.PyFileSystem(handler)


def files_by_day(delta: DeltaTable) -> Mapping[date | None, Sequence[str]]:
    """Paths of a table's files below it, by day; those of a table that does not lie by days are of no day."""
    files = in_arrow(delta.get_add_actions(flatten=True))
    paths = files["path"].to_pylist()
    if not lies_by_days(delta):
        return {None: sorted(paths)}
    found: dict[date | None, list[str]] = {}
    for path, day in zip(paths, files[f"partition.{_DAY}"].to_pylist(), strict=True):
        found.setdefault(day, []).append(path)
    return found


def lies_by_days(delta: DeltaTable) -> bool:
    """Whether a table lies by days: one that was begun before tables did does not."""
    return _DAY in delta.metadata().partition_columns


def newest_bound(delta: DeltaTable, column: str) -> datetime | None:
    """A time that no row's in a column is later than, from what the log says of each file; None where it does not say of all.

    The log may leave out what is less than a millisecond.
    """
    files = in_arrow(delta.get_add_actions(flatten=True))
    name = f"max.{column}"
    if name not in files.column_names or not len(files) or files[name].null_count:
        return None
    newest = max(files[name].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist())
    return _EPOCH + timedelta(microseconds=newest + _LEFT_OUT_US)


def rows_of_day(
    table: Table,
    delta: DeltaTable,
    column: str,
    values: Collection[str],
    *,
    day: date | None,
    columns: Sequence[str] | None = None,
    files: Mapping[date | None, Sequence[str]] | None = None,
) -> pa.Table:
    """Rows of a day (None: of calls without one) that have one of some values in a text column; of a table that does not lie by days, all such rows.

    `files`: of the table by day, where they are known already. Only groups of rows that may hold them are read, without the engine of the tables' library: that is 60 MB.
    """
    wanted = [name for name in table.schema.names if columns is None or name in columns]
    schema = pa.schema([table.schema.field(name) for name in wanted])
    system, looked_for, found = file_system(delta), frozenset(values), []
    by_day = files_by_day(delta) if files is None else files
    for path in by_day.get(day if lies_by_days(delta) else None, ()):
        with pq.ParquetFile(system.open_input_file(path)) as file:
            there = [name for name in wanted if name in set(file.schema_arrow.names)]
            for group in _groups_with(file, column, values):
                # In Python: Arrow's own comparisons are a library of 40 MB, loaded at the first.
                ids = file.read_row_group(group, columns=[column], use_threads=False)[column].to_pylist()
                if not looked_for.isdisjoint(ids):
                    places = [place for place, value in enumerate(ids) if value in looked_for]
                    first, count = places[0], places[-1] - places[0] + 1
                    rows = file.read_row_group(group, columns=there, use_threads=False).slice(first, count)
                    are_they = [value in looked_for for value in ids[first : first + count]]
                    found.append(_as_table(rows, schema, day).filter(pa.array(are_they)))
    return pa.concat_tables(found) if found else schema.empty_table()


def all_rows(table: Table, delta: DeltaTable, columns: Sequence[str]) -> pa.Table:
    """All rows of a small table that lies in one folder, in these columns."""
    schema = pa.schema([table.schema.field(name) for name in table.schema.names if name in columns])
    system, found = file_system(delta), []
    for path in sorted(file_paths(delta)):
        with pq.ParquetFile(system.open_input_file(path)) as file:
            there = set(file.schema_arrow.names)
            found.append(_as_table(file.read(columns=[name for name in schema.names if name in there]), schema, None))
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


def _as_table(rows: pa.Table, schema: pa.Schema, day: date | None) -> pa.Table:
    """Rows of a file as the table has them: what only its folder says, and nulls for columns that are newer than the file."""
    arrays = []
    for column in schema:
        if column.name == _DAY and column.name not in rows.column_names:
            arrays.append(pa.array([day] * len(rows), column.type))
        elif column.name in rows.column_names:
            arrays.append(rows[column.name].cast(column.type))
        else:
            arrays.append(pa.nulls(len(rows), column.type))
    return pa.Table.from_arrays([pa.chunked_array(one) if isinstance(one, pa.Array) else one for one in arrays], schema=schema)


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
