"""A checkpoint of a table's log: what counts at a version, in one file, so that a reader need not go through all commits before it. Read, and written.

Made of the checkpoint before and of the commits since, without the tables' library, whose loading a person who decides something would wait for. What it
does not know it leaves to the library. Source: the protocol of Delta Lake, "Checkpoints", "Action Reconciliation", "Metadata Cleanup".
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

# How long it is kept that a file was taken out, and how long a commit, where a table says nothing else: as the protocol has it.
_REMOVED_MS, _COMMIT_SECONDS = 7 * 86_400_000, 30 * 86_400
_OWN_TIMES = ("delta.deletedFileRetentionDuration", "delta.logRetentionDuration", "delta.checkpointPolicy")


def _must(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_TEXTS = pa.map_(pa.string(), pa.string())
_SCHEMA = pa.schema(
    [
        ("add", pa.struct([
            _must("path", pa.string()), _must("partitionValues", _TEXTS), _must("size", pa.int64()), _must("modificationTime", pa.int64()),
            _must("dataChange", pa.bool_()), ("stats", pa.string()), ("tags", _TEXTS),
        ])),
        ("remove", pa.struct([
            _must("path", pa.string()), ("deletionTimestamp", pa.int64()), _must("dataChange", pa.bool_()), ("extendedFileMetadata", pa.bool_()),
            ("partitionValues", _TEXTS), ("size", pa.int64()), ("stats", pa.string()), ("tags", _TEXTS),
        ])),
        ("metaData", pa.struct([
            _must("id", pa.string()), ("name", pa.string()), ("description", pa.string()),
            _must("format", pa.struct([_must("provider", pa.string()), _must("options", _TEXTS)])), _must("schemaString", pa.string()),
            _must("partitionColumns", pa.list_(pa.string())), ("createdTime", pa.int64()), _must("configuration", _TEXTS),
        ])),
        ("protocol", pa.struct([_must("minReaderVersion", pa.int32()), _must("minWriterVersion", pa.int32())])),
        ("txn", pa.struct([_must("appId", pa.string()), _must("version", pa.int64()), ("lastUpdated", pa.int64())])),
    ]
)  # fmt: skip
# What is read of one to know which files there are.
_ACTIONS = (
    "add.path", "add.partitionValues", "metaData.schemaString", "metaData.partitionColumns", "protocol.minReaderVersion",
    "protocol.minWriterVersion",
)  # fmt: skip
_MAPS = ("partitionValues", "tags", "options", "configuration")


class _Unknown(Exception):
    """Something that the library has to write."""


def actions_in_checkpoint(checkpoint: Path) -> Iterator[dict[str, Any]]:
    """What a checkpoint says of which files there are, and in which form."""
    for row in _read(checkpoint, _ACTIONS):
        yield {kind: action for kind, action in row.items() if action is not None}


def statistics_in(checkpoint: Path, paths: Collection[str] | None = None) -> dict[str, str]:
    """What a checkpoint says of the rows of each file, or of some; nothing where it is there no more."""
    try:
        told = _read(checkpoint, ("add.path", "add.stats"), paths)
    except (OSError, pa.ArrowException):
        return {}
    return {unquote(row["add"]["path"]): row["add"]["stats"] for row in told if row["add"] and row["add"]["stats"]}


def _read(checkpoint: Path, columns: Iterable[str], paths: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a checkpoint; with `paths` those that add one of these files. What is said of others does not leave Arrow."""
    with pq.ParquetFile(checkpoint) as file:
        read = file.read(columns=list(columns), use_threads=False)
        if paths is None:
            rows: list[dict[str, Any]] = read.to_pylist()
        else:
            added = [path for chunk in read["add"].chunks for path in chunk.field("path").to_pylist()]
            rows = [read.slice(place, 1).to_pylist()[0] for place, path in enumerate(added) if path is not None and unquote(path) in paths]
    del read
    # What it was read into is many times its rows, and Arrow would keep it for itself: 5 to 10 MB for each table.
    pa.default_memory_pool().release_unused()
    return rows


def by_library(folder: Path) -> None:
    """Let the tables' library make the checkpoint of a table, and let go of old commits, if it can."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    with contextlib.suppress(DeltaError):
        delta = DeltaTable(folder)
        delta.create_checkpoint()
        delta.cleanup_metadata()


def write_checkpoint(log: Path, version: int, *, before: int | None) -> bool:
    """Write the checkpoint of a version, of the one `before` (None: of all commits), and let go of commits that are old. False, and nothing is done, where it is for the library.

    Raises OSError.
    """
    try:
        rows = _counting(log, version, before)
    except (_Unknown, ValueError, KeyError, TypeError, pa.ArrowException):
        return False
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in _SCHEMA]
    path, part = log / f"{version:020}.checkpoint.parquet", log / f".checkpoint.{uuid.uuid4()}"
    try:
        pq.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA), part, store_schema=False)
        size = part.stat().st_size
        os.replace(part, path)
        files = sum("add" in row for row in rows)
        part.write_text(json.dumps({"version": version, "size": len(rows), "sizeInBytes": size, "numOfAddFiles": files}), "utf-8")
        os.replace(part, log / "_last_checkpoint")
    finally:
        part.unlink(missing_ok=True)
    _let_go(log, version)
    return True


def _counting(log: Path, version: int, before: int | None) -> list[dict[str, Any]]:
    """The actions that count at a version. Raises _Unknown, OSError."""
    files: dict[str, dict[str, Any]] = {}
    others: dict[tuple[str, str], dict[str, Any]] = {}
    for action in _actions(log, version, before):
        ((kind, told),) = action.items()
        if kind in ("add", "remove"):
            # What was removed and added again is there; what comes later counts.
            files[told["path"]] = action
        else:
            others[kind, str(told.get("appId", ""))] = action
    if not {("metaData", ""), ("protocol", "")} <= others.keys():
        raise _Unknown
    settings = dict(others["metaData", ""]["metaData"]["configuration"])
    if any(name in settings for name in _OWN_TIMES):
        raise _Unknown
    since = time.time() * 1000 - _REMOVED_MS
    return [*others.values(), *(one for one in files.values() if "add" in one or (one["remove"].get("deletionTimestamp") or 0) > since)]


def _actions(log: Path, version: int, before: int | None) -> Iterator[dict[str, Any]]:
    """All actions up to a version, as the checkpoint holds them."""
    if before is not None:
        with pq.ParquetFile(log / f"{before:020}.checkpoint.parquet") as file:
            for row in file.read(use_threads=False).to_pylist():
                yield from _known(row.items())
    for number in range(0 if before is None else before + 1, version + 1):
        for line in (log / f"{number:020}.json").read_text("utf-8").splitlines():
            yield from _known(json.loads(line).items())


def _known(action: Iterable[tuple[str, Mapping[str, Any] | None]]) -> Iterator[dict[str, Any]]:
    for kind, told in action:
        if told is None or kind == "commitInfo":
            continue
        if kind not in _SCHEMA.names:
            raise _Unknown
        known = {field.name for field in _SCHEMA.field(kind).type}
        if any(value is not None and name not in known for name, value in told.items()):
            raise _Unknown
        yield {kind: _in_arrow({name: value for name, value in told.items() if name in known})}


def _in_arrow(told: Mapping[str, Any]) -> dict[str, Any]:
    """An action with its maps as pairs."""
    found = dict(told)
    for name, value in told.items():
        if name == "format":
            found[name] = _in_arrow(value)
        elif name in _MAPS and isinstance(value, Mapping):
            found[name] = list(value.items())
    return found


def _let_go(log: Path, version: int) -> None:
    """Delete commits and checkpoints before a checkpoint that are older than they are kept, the oldest first, until one that is not."""
    old = time.time() - _COMMIT_SECONDS
    for path in sorted(log.glob("[0-9]*")):
        number = path.name.partition(".")[0]
        with contextlib.suppress(FileNotFoundError):
            if not number.isdigit() or int(number) >= version or path.stat().st_mtime > old:
                return
            path.unlink()
