"""Looking through all that lies under the results root and the cache for anything of a call: proof that it is forgotten, or where it lies still.

Tables are read value by value, for Parquet is compressed, and its log with them; the review database row by row and as bytes; every other file as bytes, after
its compression if it has one. A file's name counts as what it holds.
"""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Engine, String, exists, func, inspect, or_, select, table
from sqlalchemy import column as named

from qa_pipeline.privacy.going import Going
from qa_pipeline.privacy.needles import Needles
from qa_pipeline.reading.database import FILE_NAME
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.forgotten import FOLDER
from qa_pipeline.results.outside import OUTSIDE, Outside, Place
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.sealed import Keys, SealError, is_sealed, unseal
from qa_pipeline.settings import Settings

_TELLING = {Kind.WORDS, Kind.PERSON, Kind.PATH, Kind.NOTE}
_MODELS = "models"
# Writers of Parquet cut least and greatest values after so many bytes.
_CUT_BYTES, _CUT_END = 60, re.compile(r"[\w-]*.?\Z", re.DOTALL)
# More than any file of a cache has that holds words: a bomb would be none of ours.
_LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the results root or the cache. `path`: below its place; `entry`: what it is, by the list of what lies outside the tables.

    `keys`: what sealed ones are opened with; one whose key is not there is noise, and stays it.
    """

    fs: Any
    full: str
    path: str
    entry: Outside | None
    keys: Keys | None = None

    def read(self) -> bytes:
        """What it holds, decompressed; of one that went away meanwhile nothing."""
        try:
            content: bytes = self.fs.cat_file(self.full)
        except FileNotFoundError:
            return b""
        if is_sealed(content) and self.keys is not None:
            with suppress(SealError):
                content = unseal(content, self.keys)
        if self.path.endswith(".gz"):
            try:
                return gzip.GzipFile(fileobj=io.BytesIO(content)).read(_LARGEST)
            except (OSError, EOFError):
                return content
        return content

    def delete(self) -> None:
        """Delete it; gone already is as good."""
        if self.fs.exists(self.full):
            self.fs.rm(self.full)


def files_outside(root: str, settings: Settings) -> Iterator[File]:
    """Every file of the root, the cache and the folder for temporary files that is none of a table's, the review database's, or a stone.

    Of the cache, without weights of models. Of the temporary folder, what is of this program.
    """
    keys = settings.encryption_keys
    for where, place in ((root, Place.RESULTS), (str(settings.cache), Place.CACHE), (tempfile.gettempdir(), Place.TEMPORARY)):
        fs, path = fsspec.core.url_to_fs(where)
        if not fs.exists(path):
            continue
        if place is Place.TEMPORARY:
            patterns = [pattern for one in OUTSIDE if one.place is place for pattern in one.patterns]
            tops = [name for pattern in patterns for name in fs.glob(f"{path}/{pattern}")]
        else:
            tops = fs.ls(path, detail=False)
        for top in sorted(map(str, tops)):
            name = top.rstrip("/").rpartition("/")[2]
            if place is Place.RESULTS and (name in TABLES or name == FOLDER or name.startswith(FILE_NAME)):
                continue
            if place is Place.CACHE and (name == _MODELS or name == "review"):
                continue
            for full in fs.find(top) if fs.isdir(top) else (top,):
                below = str(full).removeprefix(path).lstrip("/")
                yield File(fs=fs, full=str(full), path=below, entry=_entry(below, place), keys=keys)


def made_again(file: File) -> bool:
    """Whether a file is one that this program made of calls and can do without: it may be deleted for what it holds."""
    return file.entry is not None and bool(_TELLING & set(file.entry.holds))


def left_in_tables(store: Store, going: Going) -> Iterator[str]:
    """Places in the tables, their log included, where anything of it is found."""
    for name, one in TABLES.items():
        of_ids = {"call_id": going.calls, "conversation_id": going.conversations, "customer_id": going.customers}
        for column, values in of_ids.items():
            if column in one.schema.names and values and set(values) & set(store.read(name, columns=[column])[column].to_pylist()):
                yield f"table {name}: {column}"
        fs, path = fsspec.core.url_to_fs(store.path(name))
        if not fs.exists(path):
            continue
        for full in sorted(map(str, fs.find(path))):
            if _is_in_file(fs, full, going.needles):
                yield full


def holds_any(path: Path, needles: Needles) -> bool:
    """Whether a file holds any of them: Parquet and spreadsheets by what stands in them, whatever else as bytes."""
    fs, full = fsspec.core.url_to_fs(str(path))
    if path.suffix == ".parquet":
        return _is_in_file(fs, full, needles)
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return any(needles.are_in(book.read(name)) for name in book.namelist())
    return needles.are_in(path.read_bytes())


def _is_in_file(fs: Any, full: str, needles: Needles) -> bool:
    if not full.endswith(".parquet"):
        return needles.are_in(fs.cat_file(full))
    with fs.open(full, "rb") as source:
        parquet = pq.ParquetFile(source)
        telling = [field.name for field in parquet.schema_arrow if _has_text(field.type)]
        for batch in parquet.iter_batches(columns=telling, batch_size=65_536) if telling else ():
            if any(needles.are_in_column(batch.column(number)) for number in range(batch.num_columns)):
                return True
        return any(needles.are_in_text(text) for text in _texts_of_footer(parquet.metadata))


def _texts_of_footer(metadata: pq.FileMetaData) -> Iterator[str]:
    """What the footer says beside the rows: notes of who wrote it, least and greatest values of columns."""
    for value in (metadata.metadata or {}).values():
        yield value.decode("utf-8", "replace")
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            found = metadata.row_group(group).column(column).statistics
            for value in (found.min, found.max) if found is not None and found.has_min_max else ():
                if isinstance(value, str | bytes):
                    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
                    # A long one is cut and its last character counted up, so that call-7-b may end as "call-7.": what an id would end is not known.
                    yield _CUT_END.sub("", text) if len(text.encode()) >= _CUT_BYTES else text


def _has_text(kind: pa.DataType) -> bool:
    if pa.types.is_nested(kind):
        return any(_has_text(kind.field(number).type) for number in range(kind.num_fields))
    return not (pa.types.is_primitive(kind) or pa.types.is_null(kind))


def left_in_database(engine: Engine, going: Going) -> Iterator[str]:
    """Places in the review database where anything of it is found: in tables by their values, and in a file of SQLite as bytes."""
    needles = going.needles
    is_file = engine.dialect.name == "sqlite" and bool(engine.url.database)
    # In the bytes of a file values stand side by side: ids are looked for in the values.
    likely = needles.ids if is_file else needles.all
    place = func.instr if engine.dialect.name == "sqlite" else func.strpos
    of_ids = {"call_id": going.calls, "conversation_id": going.conversations, "customer_id": going.customers}
    with engine.connect() as connection:
        inspector = inspect(connection)
        for name in inspector.get_table_names():
            columns: dict[str, ColumnElement[str]] = {
                one["name"]: named(one["name"]) for one in inspector.get_columns(name) if isinstance(one["type"], String)
            }
            whole = [columns[one].in_(values) for one, values in of_ids.items() if one in columns and values]
            parts = [place(one, word) > 0 for one in columns.values() for word in likely]
            if whole and connection.execute(select(exists().where(or_(*whole)).select_from(table(name)))).scalar_one():
                yield f"review database: {name}"
            elif parts:
                rows = connection.execute(select(*columns.values()).select_from(table(name)).where(or_(*parts)))
                if any(value is not None and needles.are_in_text(value) for row in rows for value in row):
                    yield f"review database: {name}"
    if is_file:
        for path in (Path(f"{engine.url.database}{end}") for end in ("", "-wal")):
            if path.is_file() and needles.words_are_in(path.read_bytes()):
                yield str(path)


def _entry(path: str, place: Place) -> Outside | None:
    return next((one for one in OUTSIDE if one.place is place and one.covers(path)), None)
