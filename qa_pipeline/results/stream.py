"""Rows of many conversations, read once from end to end, in memory that does not grow with the tables.

A table's Parquet files hold the rows of a conversation together as a rule, but merges may scatter them. So a first pass over the id column alone
notes where each conversation lies; the second reads row group by row group and gives a shelf of conversations out as soon as the last of their
rows has come. Rows that come early wait; when too many wait, they wait in temporary files. Time is linear in the rows read, whatever their order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qa_pipeline.results.files import file_system, in_arrow
from qa_pipeline.results.heard import METRIC_COLUMNS, REPLY_COLUMNS, UTTERANCE_COLUMNS, StoredConversations
from qa_pipeline.results.tables import TABLES

if TYPE_CHECKING:
    from deltalake import DeltaTable

# Rows decoded at a time: some 200 calls with their words, 25 MB of vectors.
_ROWS = 16_384
# What may wait in memory for its neighbours, for each table. Chosen: well above what a merge of one batch scatters.
_WAITING_BYTES = 256_000_000

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """A row group: which ids its rows have, as runs. `codes`: number of the id, −1 for one nobody wants."""

    path: str
    number: int
    codes: Places
    lengths: Places


class TableFiles:
    """The Parquet files of one Delta table, in the order in which they were written, day by day. `folder`: where they lie; None if not on a disk."""

    def __init__(self, name: str, delta: DeltaTable | None, *, folder: Path | None) -> None:
        self.schema = TABLES[name].schema
        self._files = _Files(delta, folder) if delta is not None else None

    def locate(self, key: str, ids: Sequence[str | None]) -> Located:
        """Find the rows of some ids: reads the id column, nothing else. None stands for "no rows"."""
        codes = {name: code for code, name in enumerate(ids) if name is not None}
        groups = list(self._files.groups(key, codes)) if self._files else []
        return Located(files=self._files, schema=self.schema, groups=[g for g in groups if (g.codes >= 0).any()], count=len(ids))


class Located:
    """Rows of some ids, found but not read."""

    def __init__(self, *, files: _Files | None, schema: pa.Schema, groups: Sequence[_Group], count: int) -> None:
        self._files, self._schema, self._groups, self._count = files, schema, groups, count

    def order(self) -> Places:
        """Codes of the ids in the order in which their rows begin; those without rows at the end."""
        codes = np.concatenate([np.zeros(0, np.int64), *(group.codes for group in self._groups)])
        found, first = np.unique(codes[codes >= 0], return_index=True)
        with_rows = found[np.argsort(first)]
        absent = np.ones(self._count, np.bool_)
        absent[with_rows] = False
        return np.concatenate([with_rows, np.flatnonzero(absent)])

    def shelves(
        self, columns: Sequence[str], *, place_of: Places, size: int, within: str | None = None, scratch: Path | None = None
    ) -> Shelves:
        """Read them in lots of `size` places. `place_of`: place of each code; `scratch`: where temporary files go."""
        schema = pa.schema([self._schema.field(name) for name in columns])
        return Shelves(files=self._files, groups=self._groups, schema=schema, place_of=place_of, size=size, within=within, scratch=scratch)


class Shelves:
    """Rows by lots: `take(0)`, `take(1)`, … give each lot's rows with a column `place` (0 to size − 1), sorted by it and by `within`."""

    def __init__(
        self,
        *,
        files: _Files | None,
        groups: Sequence[_Group],
        schema: pa.Schema,
        place_of: Places,
        size: int,
        within: str | None,
        scratch: Path | None,
    ) -> None:
        self._schema, self._place_of, self._size, self._within, self._scratch = schema, place_of, size, within, scratch
        self._last = _last_rows(groups, place_of, size)
        self._batches = self._read(files, groups) if files else iter(())
        self._position = 0
        self._waiting: dict[int, list[pa.Table]] = {}
        self._waiting_bytes = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._spilled: dict[int, list[Path]] = {}

    def take(self, lot: int) -> pa.Table:
        """Rows of one lot; ask for each once, in order."""
        while self._position < (self._last[lot] if lot < len(self._last) else 0):
            self._put(*next(self._batches), wanted=lot)
        parts = [_load(path) for path in self._spilled.pop(lot, ())] + self._waiting.pop(lot, [])
        self._waiting_bytes -= sum(part.nbytes for part in parts)
        self._waiting_bytes = max(0, self._waiting_bytes)
        if not parts:
            return self._schema.append(pa.field("place", pa.int32())).empty_table()
        return self._sorted(pa.concat_tables(parts).combine_chunks(), lot)

    def close(self) -> None:
        """Delete temporary files."""
        if self._folder:
            self._folder.cleanup()

    def _put(self, table: pa.Table, places: Places, *, wanted: int) -> None:
        self._position += len(table)
        lots = np.where(places >= 0, places // self._size, -1)
        table = table.append_column("place", pa.array(places, pa.int32()))
        if (np.diff(lots) < 0).any():
            order = np.argsort(lots, kind="stable")
            table, lots = table.take(pa.array(order)), lots[order]
        starts = np.flatnonzero(np.diff(lots, prepend=-2))
        for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(lots)], strict=True):
            if lots[start] >= 0:
                part = table.slice(start, stop - start)
                self._waiting.setdefault(int(lots[start]), []).append(part)
                self._waiting_bytes += part.nbytes
        if self._waiting_bytes > _WAITING_BYTES:
            self._spill(wanted)

    def _sorted(self, rows: pa.Table, lot: int) -> pa.Table:
        places = rows["place"].to_numpy().astype(np.int64) - lot * self._size
        rows = rows.set_column(rows.schema.get_field_index("place"), "place", pa.array(places, pa.int32()))
        numbers = rows[self._within].to_numpy().astype(np.int64) if self._within else np.zeros(len(rows), np.int64)
        order = np.lexsort((numbers, places))
        return rows if (order == np.arange(len(order))).all() else rows.take(pa.array(order)).combine_chunks()

    def _spill(self, wanted: int) -> None:
        """Put what waits for later lots into temporary files."""
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="qa-rows-", dir=self._scratch)
        for lot in [lot for lot in self._waiting if lot != wanted]:
            rows = pa.concat_tables(self._waiting.pop(lot))
            paths = self._spilled.setdefault(lot, [])
            paths.append(Path(self._folder.name) / f"{lot}-{len(paths)}-{self._position}.arrow")
            with pa.OSFile(str(paths[-1]), "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
                writer.write_table(rows)
            self._waiting_bytes -= rows.nbytes

    def _read(self, files: _Files, groups: Sequence[_Group]) -> Iterator[tuple[pa.Table, Places]]:
        for group in groups:
            places = np.repeat(np.where(group.codes >= 0, self._place_of[group.codes], -1), group.lengths)
            start = 0
            for table in files.read(group, self._schema):
                yield table, places[start : start + len(table)]
                start += len(table)


class ConversationStream:
    """Stored conversations in lots of `size`, in the order in which they lie. `ids`: that order. `scratch`: where temporary files go."""

    def __init__(
        self,
        *,
        calls: pa.Table,
        utterances: TableFiles,
        metrics: pa.Table,
        embeddings: TableFiles | None,
        size: int,
        scratch: Path | None = None,
        replies: TableFiles | None = None,
    ) -> None:
        names = calls["conversation_id"].to_pylist()
        located = utterances.locate("conversation_id", names)
        order = located.order()
        place_of = np.empty(len(order), np.int64)
        place_of[order] = np.arange(len(order))
        self.size = size
        self._calls = calls.take(pa.array(order))
        self.ids: list[str] = self._calls["conversation_id"].to_pylist()
        self._metrics = beside(self.ids, metrics)
        self._utterances = located.shelves(UTTERANCE_COLUMNS, place_of=place_of, size=size, within="utterance", scratch=scratch)
        self._embeddings: Shelves | None = None
        self._replies: Shelves | None = None
        if replies:
            answered = replies.locate("conversation_id", names)
            self._replies = answered.shelves(REPLY_COLUMNS, place_of=place_of, size=size, within="first", scratch=scratch)
        if embeddings:
            vectors = embeddings.locate("conversation_id", names)
            self._embeddings = vectors.shelves(("utterance", "vector"), place_of=place_of, size=size, within="utterance", scratch=scratch)

    def __len__(self) -> int:
        """How many lots there are."""
        return -(-len(self.ids) // self.size)

    def __iter__(self) -> Generator[StoredConversations, None, None]:
        try:
            for lot in range(len(self)):
                yield StoredConversations(
                    calls=self._calls.slice(lot * self.size, self.size).combine_chunks(),
                    utterances=self._utterances.take(lot),
                    metrics=self._metrics.slice(lot * self.size, self.size).combine_chunks(),
                    embeddings=self._embeddings.take(lot) if self._embeddings else None,
                    replies=self._replies.take(lot) if self._replies else None,
                )
        finally:
            for shelves in (self._utterances, self._embeddings, self._replies):
                if shelves:
                    shelves.close()


class _Files:
    """Parquet files of a table, local or in an object store."""

    def __init__(self, delta: DeltaTable, folder: Path | None) -> None:
        added = in_arrow(delta.get_add_actions(flatten=True))
        days = added["partition.call_date"].to_pylist() if "partition.call_date" in added.column_names else [None] * len(added)
        stored = zip([str(day or "") for day in days], added["modification_time"].to_pylist(), added["path"].to_pylist(), strict=True)
        self._paths = [path for _, _, path in sorted(stored)]
        self._is_local = folder is not None
        if folder is not None:
            self._system: pafs.FileSystem = pafs.SubTreeFileSystem(str(folder.absolute()), pafs.LocalFileSystem())
        else:
            self._system = file_system(delta)

    def groups(self, key: str, codes: Mapping[str, int]) -> Iterator[_Group]:
        """Every row group with the runs of its ids."""
        for path in self._paths:
            with self._open(path, key) as file:
                for number in range(file.num_row_groups):
                    runs = [_runs(batch.column(0), codes) for batch in file.iter_batches(_ROWS * 4, row_groups=[number], columns=[key])]
                    if runs:
                        yield _Group(
                            path=path,
                            number=number,
                            codes=np.concatenate([codes for codes, _ in runs]),
                            lengths=np.concatenate([lengths for _, lengths in runs]),
                        )

    def read(self, group: _Group, schema: pa.Schema) -> Iterator[pa.Table]:
        """Rows of a row group in pieces, with the columns and types of a schema; columns that an older file lacks are null."""
        with self._open(group.path) as file:
            stored_columns = [name for name in schema.names if name in file.schema_arrow.names]
            for batch in file.iter_batches(_ROWS, row_groups=[group.number], columns=stored_columns):
                columns = [
                    _cast(batch.column(field.name), field.type) if field.name in stored_columns else pa.nulls(len(batch), field.type)
                    for field in schema
                ]
                yield pa.table(columns, schema=schema)

    def _open(self, path: str, *dictionaries: str) -> pq.ParquetFile:
        # Reading ahead pays where every read is a request; on a disk it only fills the memory.
        return pq.ParquetFile(self._system.open_input_file(path), read_dictionary=list(dictionaries), pre_buffer=not self._is_local)


def _runs(column: pa.Array, codes: Mapping[str, int]) -> tuple[Places, Places]:
    encoded = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    indices = encoded.indices.to_numpy()
    starts = np.flatnonzero(np.diff(indices, prepend=-1))
    lengths = np.diff(starts, append=len(indices))
    used, which = np.unique(indices[starts], return_inverse=True)
    names = encoded.dictionary.take(pa.array(used)).to_pylist()
    return np.array([codes.get(name, -1) for name in names], np.int64)[which], lengths


def _last_rows(groups: Sequence[_Group], place_of: Places, size: int) -> Places:
    """For each lot, how many rows must have been read until it is whole."""
    last = np.zeros(-(-len(place_of) // size), np.int64)
    begin = 0
    for group in groups:
        ends = begin + np.cumsum(group.lengths)
        mine = group.codes >= 0
        np.maximum.at(last, place_of[group.codes[mine]] // size, ends[mine])
        begin = int(ends[-1])
    return last


def beside(ids: Sequence[str], metrics: pa.Table) -> pa.Table:
    """A row for each id, of nulls where there is none."""
    row_of: dict[Any, int] = {name: row for row, name in enumerate(metrics["conversation_id"].to_pylist())}
    rows = pa.array([row_of.get(name) for name in ids], pa.int64())
    return metrics.select(METRIC_COLUMNS).take(rows)


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    return column if column.type == wanted else column.cast(wanted)


def _load(path: Path) -> pa.Table:
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
        rows = reader.read_all()
    path.unlink()
    return rows
