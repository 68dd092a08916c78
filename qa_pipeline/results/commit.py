"""Commits of details and heads: `utterances`, `embeddings`, `metrics` before `calls`; `findings`, `captures` before `scores`.

Rows whose id is nowhere yet are appended, which takes the same time however much is stored; others (a commit that was cut short and is repeated, work
redone on purpose) are merged by key. Which ids are there is read once and looked up again only when somebody else has written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.results.columns import Table
from qa_pipeline.results.files import Opened, file_paths, file_system, files_without, in_arrow, open_table, rows_of_day
from qa_pipeline.results.log import ROW_GROUP, Listing, add_rows, change_rows
from qa_pipeline.results.tables import TABLES

if TYPE_CHECKING:
    from deltalake import DeltaTable, WriterProperties


@cache
def row_groups() -> WriterProperties:
    """How rows lie in the files of a day."""
    from deltalake import WriterProperties

    return WriterProperties(max_row_group_size=ROW_GROUP)


class Commits:
    """Writes one kind of thing, known by `id_column`. `tables`: details first, the head last. `path` gives the place of a table."""

    def __init__(self, tables: tuple[str, ...], id_column: str, *, path: Callable[[str], str], opened: Opened) -> None:
        self._tables, self._id_column, self._path, self._opened = tables, id_column, path, opened
        self._deltas: dict[str, DeltaTable | None] = {}
        self._versions: dict[str, int] = {}
        self._known: dict[str, set[str]] = {}
        self._files: dict[str, set[str]] = {}

    def write(self, rows: Mapping[str, pa.Table], *, keep_details: bool = False) -> None:
        """Commit rows of each table. `keep_details`: details of what has a head already stay as they are, instead of being written again."""
        for name in self._tables:
            self._refresh(name)
        *_, head = self._tables
        standing = set(self._known[head]) if keep_details else set()
        for name in self._tables:
            data = rows[name]
            if keep_details and name != head:
                data = data.filter(self._are_in(data, standing, negated=True))
            if data.num_rows:
                self._commit(name, data)

    def write_few(self, rows: Mapping[str, pa.Table], *, days: Iterable[date | None]) -> None:
        """The same for the rows of a call or two, which may stand on some days and nowhere else: only there it is looked whether they do.

        It takes the same time however much is stored.
        """
        *_, head = self._tables
        for name in self._tables:
            data, table = rows[name], TABLES[name]
            if not data.num_rows:
                continue
            path = self._path(name)
            listing = self._opened.listing(path)
            # The same score may stand for several purposes; details are of an id, however many there were.
            columns = table.key if name == head else (self._id_column,)
            standing = [] if listing is None else self._standing(table, listing, data, days)
            if listing is None or not standing:
                add(table, path, self._opened, data)
            # Details of the same id are the same, but for the run that wrote them, as long as the same code made them.
            elif (name == head or not _say_the_same(table, standing, data)) and not self._replace(table, listing, columns, data, days):
                merge(table, path, open_table(path), data)

    def _standing(self, table: Table, listing: Listing, data: pa.Table, days: Iterable[date | None]) -> list[pa.Table]:
        """What stands of the ids of rows that are to be written."""
        ids = set(data[self._id_column].to_pylist())
        found = [rows_of_day(table, listing, self._id_column, ids, day=day, known=self._opened.known) for day in _parts(listing, days)]
        return [rows for rows in found if rows.num_rows]

    def _replace(self, table: Table, listing: Listing, columns: tuple[str, ...], data: pa.Table, days: Iterable[date | None]) -> bool:
        """Put rows in the place of those that are the same in some columns, the first of them an id; False where the library has to do it."""
        gone = set(zip(*(data[name].to_pylist() for name in columns), strict=True))
        rest: dict[str, pa.Table] = {}
        for day in _parts(listing, days):
            rest |= files_without(table, listing, columns, gone, day=day, known=self._opened.known)
        try:
            return change_rows(listing, [data], rest, bounded=table.bounded)
        except OSError as error:
            raise _unwritable(table, error) from error

    def _commit(self, name: str, data: pa.Table) -> None:
        known = self._known[name]
        for write, is_new in ((append, True), (merge, False)):
            part = data.filter(self._are_in(data, known, negated=is_new))
            if part.num_rows:
                self._deltas[name] = write(TABLES[name], self._path(name), self._deltas[name], part)
        self._known[name].update(data[self._id_column].to_pylist())
        self._note(name)

    def _are_in(self, data: pa.Table, ids: set[str], *, negated: bool) -> pa.Array:
        return pa.array([(value in ids) is not negated for value in data[self._id_column].to_pylist()], pa.bool_())

    def _refresh(self, name: str) -> None:
        """See what others have written since."""
        delta = self._deltas.get(name)
        if delta is None:
            delta = self._deltas[name] = open_table(self._path(name))
        else:
            delta.update_incremental()
        if delta is None:
            self._known[name] = set()
        elif self._versions.get(name) != delta.version():
            self._learn(name, delta)
            self._note(name)

    def _learn(self, name: str, delta: DeltaTable) -> None:
        """Ids of files that were not there before. One that is known but was deleted since is merged: as right, and slower."""
        before = self._files.get(name)
        if before is None:
            self._known[name] = read_ids(delta, self._id_column)
        elif fresh := file_paths(delta) - before:
            self._known[name] |= _ids_in(delta, fresh, self._id_column)

    def _note(self, name: str) -> None:
        delta = self._deltas[name]
        if delta is not None:
            self._versions[name] = delta.version()
            self._files[name] = file_paths(delta)


def _parts(listing: Listing, days: Iterable[date | None]) -> set[date | None]:
    """Days to look at one by one: of a table that does not lie by days, all at once."""
    return set(days) if listing.lies_by_days else {None}


def _say_the_same(table: Table, standing: Iterable[pa.Table], data: pa.Table) -> bool:
    """Whether rows are those that stand, in whatever order they lie: what joined a day's files put only those of a call together."""
    stood, new = (_by_key(table, rows.drop_columns(["run_id"])) for rows in (pa.concat_tables(standing), data))
    return bool(stood.equals(new))


def _by_key(table: Table, rows: pa.Table) -> pa.Table:
    """Rows in the order of their key. In Python: Arrow's own sorting is a library of 9 MB, loaded at the first."""
    keys = list(zip(*(rows[name].to_pylist() for name in table.key), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return rows if order == list(range(len(keys))) else pa.concat_tables([rows.slice(place, 1) for place in order])


def add(table: Table, path: str, opened: Opened, data: pa.Table) -> int:
    """Add a few rows that are known to be new. Returns the version that this made. Raises EnvironmentNotReady."""
    try:
        listing = opened.listing(path)
        if listing is not None and add_rows(listing, data, bounded=table.bounded):
            return listing.version + 1
    except OSError as error:
        raise _unwritable(table, error) from error
    return append(table, path, open_table(path), data).version()


def append(table: Table, path: str, delta: DeltaTable | None, data: pa.Table) -> DeltaTable:
    """Add rows that are known to be new. Raises EnvironmentNotReady."""
    from deltalake import DeltaTable, write_deltalake
    from deltalake.exceptions import DeltaError

    try:
        if delta is None:
            write_deltalake(path, data, partition_by=[table.partition] if table.partition else None, configuration=_said_of_files(table))
            return DeltaTable(path)
        write_deltalake(delta, data, mode="append", schema_mode="merge")
        return delta
    except (DeltaError, OSError) as error:
        raise _unwritable(table, error) from error


def _said_of_files(table: Table) -> dict[str, str]:
    """What the log says of each file of a table."""
    return {"delta.dataSkippingStatsColumns": ",".join(table.bounded)}


def laid_by_days(table: Table, path: str, delta: DeltaTable) -> DeltaTable:
    """Lay a table by days that was begun before it did: its rows, each on the day of its call. Raises EnvironmentNotReady."""
    from deltalake import DeltaTable, QueryBuilder, write_deltalake
    from deltalake.exceptions import DeltaError

    calls = open_table(f"{path.rpartition('/')[0]}/calls")
    if calls is None:
        return delta
    columns = ", ".join(
        f"d.{name}" for name in table.schema.names if name != table.partition and name in {f.name for f in delta.schema().fields}
    )
    sql = f"select {columns}, c.{table.partition} from data d left join calls c on d.conversation_id = c.conversation_id"
    rows = QueryBuilder().register("data", delta).register("calls", calls).execute(sql)
    try:
        write_deltalake(path, rows, mode="overwrite", schema_mode="overwrite", partition_by=[table.partition or ""])
    except (DeltaError, OSError) as error:
        raise _unwritable(table, error) from error
    return DeltaTable(path)


def merge(table: Table, path: str, delta: DeltaTable | None, data: pa.Table) -> DeltaTable:
    """Add rows, or replace those with the same key. Raises EnvironmentNotReady."""
    from deltalake.exceptions import DeltaError

    if delta is None:
        return append(table, path, None, data)
    try:
        predicate = " and ".join(f"t.{column} = s.{column}" for column in table.key)
        merging = delta.merge(data, predicate, source_alias="s", target_alias="t", merge_schema=True)
        merging.when_matched_update_all().when_not_matched_insert_all().execute()
        return delta
    except (DeltaError, OSError) as error:
        raise _unwritable(table, error) from error


def revise(table: Table, delta: DeltaTable | None, data: pa.Table, *, day: date | None) -> None:
    """Overwrite columns of the rows of one day (None: of calls whose day is not known) that have the same key; others are not added.

    Raises EnvironmentNotReady.
    """
    from deltalake.exceptions import DeltaError

    if delta is None:
        return
    is_of_day = "t.call_date is null" if day is None else f"t.call_date = date '{day}'"
    try:
        predicate = " and ".join([is_of_day, *(f"t.{column} = s.{column}" for column in table.key)])
        merging = delta.merge(data, predicate, source_alias="s", target_alias="t", merge_schema=True)
        merging.when_matched_update({column: f"s.{column}" for column in data.column_names if column not in table.key}).execute()
    except (DeltaError, OSError) as error:
        raise _unwritable(table, error) from error


def read_ids(delta: DeltaTable | None, column: str) -> set[str]:
    """All values of an id column."""
    from deltalake import QueryBuilder

    if delta is None:
        return set()
    return set(in_arrow(QueryBuilder().register("data", delta).execute(f"select distinct {column} from data"))[column].to_pylist())


def _ids_in(delta: DeltaTable, paths: Iterable[str], column: str) -> set[str]:
    system = file_system(delta)
    found: set[str] = set()
    for path in paths:
        with pq.ParquetFile(system.open_input_file(path)) as file:
            found.update(file.read(columns=[column])[column].to_pylist())
    return found


def _unwritable(table: Table, error: Exception) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        f"Table {table.name} could not be written: {error}.",
        advice="Check space and rights at the results root, then run the same command again; nothing is doubled.",
    )
