"""Files and their metadata → Calls.

In: folders, files, glob patterns or fsspec URIs, and optionally calls.csv | calls.parquet | calls.jsonl beside them, or a filename pattern.
Out: an Intake: calls to process, warnings, and files that cannot be had. Faults in metadata refuse the whole run before any work, all at once.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call, Disposition
from qa_pipeline.errors import Fault, InputRefused, MetadataError, RecordingError
from qa_pipeline.recordings.audio import sha256_of

AUDIO_SUFFIXES = (
    ".wav", ".mp3", ".ogg", ".opus", ".oga", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr", ".gsm", ".wma", ".au", ".aif", ".aiff",
)  # fmt: skip
METADATA_NAMES = ("calls.csv", "calls.parquet", "calls.jsonl")
CALL_ID_LENGTH = 16
_STILL_GROWING_SECONDS = 10
_TEXT_COLUMNS = (
    "call_id", "agent_id", "agent_name", "team", "site", "customer_id", "company", "campaign", "rubric", "transfer",
)  # fmt: skip
_CHOICES = {
    "direction": ("inbound", "outbound"),
    "language": ("zh", "en", "pl", "sv"),
    "hangup_by": ("agent", "customer"),
    "disposition": tuple(disposition.value for disposition in Disposition),
}
_NUMBERS = ("ring_seconds", "wait_seconds", "csat")
_TIME_FORMATS = (
    "%Y-%m-%dT%H-%M-%S",
    "%Y-%m-%d_%H-%M-%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d-%H%M%S",
    "%Y%m%d_%H%M%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where the metadata are silent."""

    rubric: str | None = None
    direction: str | None = None
    agent_channel: int | None = None
    language: str | None = None
    timezone: str = "Asia/Shanghai"
    encoding: str = "utf-8-sig"
    filename_pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A file that was named but cannot be had."""

    source_uri: str
    call_id: str | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a run has before it: calls in order of file name, warnings for the operator, files that cannot be had."""

    calls: tuple[Call, ...]
    warnings: tuple[str, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()


@dataclass(slots=True)
class _Row:
    path: str
    line: int
    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)


def ingest(sources: Sequence[str], defaults: Defaults) -> Intake:
    """Collect the calls of some sources.

    Raises MetadataError with every fault of every metadata file, InputRefused when a source names nothing.
    """
    files, metadata, has_folder = _collect(sources)
    faults: list[Fault] = []
    rows = [row for path in metadata for row in _read_metadata(path, defaults, faults)]
    described: dict[str, dict[str, object]] = {}
    warnings: list[str] = []
    named: dict[str, _Row] = {}
    for row in rows:
        values = _validated(row, defaults, faults)
        uri = _beside(row.path, row.values["file"])
        if uri in named:
            warnings.append(f"{row.path}:{row.line}: {row.values['file']} stands twice; the row of line {named[uri].line} is used.")
            continue
        named[uri], described[uri] = row, values
    if faults:
        raise MetadataError(f"The metadata have {len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was processed.", faults=faults)
    return _intake(files, named, described, defaults, warnings, has_metadata=bool(metadata), has_folder=has_folder)


def _intake(
    files: Sequence[str],
    named: Mapping[str, _Row],
    described: Mapping[str, dict[str, object]],
    defaults: Defaults,
    warnings: list[str],
    *,
    has_metadata: bool,
    has_folder: bool,
) -> Intake:
    calls: dict[str, Call] = {}
    by_sha256: dict[str, Call] = {}
    unavailable: list[Unavailable] = []
    # Files named one by one are the question; other rows of the metadata beside them are not.
    # What the metadata describe comes first, so that of two equal recordings the described one is the call.
    for uri in sorted({*files, *named} if has_folder else set(files), key=lambda uri: (uri not in named, uri)):
        values = dict(described.get(uri, {}))
        name = PurePosixPath(uri).name
        if uri not in named:
            values = _from_pattern(name, defaults, warnings)
            if has_metadata and not defaults.filename_pattern:
                warnings.append(f"{name} is not in the metadata; it is processed with the defaults.")
        if _is_growing(uri):
            warnings.append(f"{name} is still being written; it is left for the next run.")
            continue
        try:
            sha256 = sha256_of(uri)
        except RecordingError as error:
            unavailable.append(
                Unavailable(source_uri=uri, call_id=_text(values.get("call_id")), message=error.message, advice=error.advice)
            )
            continue
        call = _call(uri, sha256, values, defaults)
        if twin := by_sha256.get(sha256):
            warnings.append(f"{name} is the same audio as {PurePosixPath(twin.source_uri).name}; it is one call, processed once.")
            continue
        if call.call_id in calls:
            other = PurePosixPath(calls[call.call_id].source_uri).name
            raise MetadataError(f"Call id {call.call_id} is given to {other} and to {name}.", advice="Give each recording its own call_id.")
        calls[call.call_id] = by_sha256[sha256] = call
    return Intake(calls=tuple(calls.values()), warnings=tuple(warnings), unavailable=tuple(unavailable))


def _call(uri: str, sha256: str, values: Mapping[str, object], defaults: Defaults) -> Call:
    known = {f.name for f in fields(Call)}
    given = {key: value for key, value in values.items() if value is not None and key in known}
    for name in ("rubric", "direction", "agent_channel", "language"):
        if given.get(name) is None and getattr(defaults, name) is not None:
            given[name] = getattr(defaults, name)
    given.setdefault("call_id", sha256[:CALL_ID_LENGTH])
    return Call(source_uri=uri, audio_sha256=sha256, **given)  # type: ignore[arg-type]  # validated column by column above


# --- files -----------------------------------------------------------------------------------------------------------------------------


def _collect(sources: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """Audio files and metadata files of all sources, and whether a whole folder or metadata file was asked for."""
    import fsspec

    files: list[str] = []
    metadata: list[str] = []
    has_folder = False
    for source in sources:
        fs, path = fsspec.core.url_to_fs(source)
        prefix = source.split("://", 1)[0] + "://" if "://" in source else ""
        if fs.isdir(path):
            has_folder = True
            inside = sorted(str(p) for p in fs.find(path))
            metadata += [prefix + p for p in inside if PurePosixPath(p).name in METADATA_NAMES]
            files += [prefix + p for p in inside if p.lower().endswith(AUDIO_SUFFIXES)]
        elif PurePosixPath(path).name in METADATA_NAMES and fs.exists(path):
            metadata.append(prefix + path)
            has_folder = True
        else:
            matched = sorted(str(p) for p in fs.glob(path)) if any(mark in path for mark in "*?[") else ([path] if fs.exists(path) else [])
            if not matched:
                raise InputRefused(f"{source} is not there.", advice="Name a folder of recordings, files, or a pattern in quotes.")
            files += [prefix + p for p in matched if PurePosixPath(p).name not in METADATA_NAMES]
            metadata += [
                prefix + str(PurePosixPath(p).parent / name)
                for p in matched[:1]
                for name in METADATA_NAMES
                if fs.exists(str(PurePosixPath(p).parent / name))
            ]
    if not files and not metadata:
        raise InputRefused(f"No recordings in {', '.join(sources)}.", advice=f"Known file types: {' '.join(AUDIO_SUFFIXES)}")
    return files, metadata, has_folder


def _beside(metadata_path: str, name: str) -> str:
    if "://" in name or name.startswith("/"):
        return name
    folder, slash, _ = metadata_path.rpartition("/")
    return f"{folder}{slash}{name}"


def _is_growing(uri: str) -> bool:
    """Whether a local file changed moments ago and changes still."""
    path = Path(uri)
    try:
        before = path.stat()
    except (OSError, ValueError):
        return False
    if time.time() - before.st_mtime > _STILL_GROWING_SECONDS:
        return False
    time.sleep(0.05)
    after = path.stat()
    return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


# --- metadata --------------------------------------------------------------------------------------------------------------------------


def _read_metadata(path: str, defaults: Defaults, faults: list[Fault]) -> list[_Row]:
    import fsspec

    with fsspec.open(path, "rb") as file:
        raw: bytes = file.read()
    if path.endswith(".parquet"):
        return list(_parquet_rows(path, raw, faults))
    try:
        text = raw.decode(defaults.encoding)
    except LookupError as error:
        raise InputRefused(f"No encoding is called {defaults.encoding!r}.", advice="Try utf-8 or gb18030.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        faults.append(
            Fault(path=path, line=line, message=f"not {defaults.encoding} text", advice="save it as UTF-8, or give --encoding gb18030")
        )
        return []
    return list((_csv_rows if path.endswith(".csv") else _json_rows)(path, text, faults))


def _csv_rows(path: str, text: str, faults: list[Fault]) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    if "file" not in header:
        found = ", ".join(header) or "nothing"
        faults.append(
            Fault(path=path, line=1, message=f"no column `file`; found {found}", advice="name the column with the recordings' names `file`")
        )
        return
    for name in {name for name in header if header.count(name) > 1 and name}:
        faults.append(Fault(path=path, line=1, message=f"column {name!r} stands twice", advice="keep one"))
    for cells in _lines(reader, path, faults):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            faults.append(
                Fault(
                    path=path,
                    line=reader.line_num,
                    message=f"{len(cells)} cells under {len(header)} columns",
                    advice="quote cells that contain a comma",
                )
            )
            continue
        yield from _row(path, reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=False)), faults)


def _lines(reader: Any, path: str, faults: list[Fault]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        faults.append(Fault(path=path, line=reader.line_num, message=f"not CSV: {error}", advice="look for a quote that is not closed"))


def _json_rows(path: str, text: str, faults: list[Fault]) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except ValueError as error:
            faults.append(Fault(path=path, line=number, message=f"not JSON: {error}", advice="one object a line"))
            continue
        if not isinstance(data, dict):
            faults.append(Fault(path=path, line=number, message="not an object", advice='write {"file": …}'))
            continue
        yield from _row(path, number, {str(k): "" if v is None else str(v) for k, v in data.items()}, faults)


def _parquet_rows(path: str, raw: bytes, faults: list[Fault]) -> Iterator[_Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(raw))
    except (pa.ArrowException, OSError) as error:
        faults.append(Fault(path=path, message=f"not Parquet: {error}", advice="write it again"))
        return
    for number, data in enumerate(table.to_pylist(), 1):
        values = {k: "" if v is None else v.isoformat() if isinstance(v, datetime) else str(v) for k, v in data.items()}
        yield from _row(path, number, values, faults)


def _row(path: str, line: int, values: dict[str, str], faults: list[Fault]) -> Iterable[_Row]:
    if not values.get("file"):
        faults.append(Fault(path=path, line=line, message="no `file`", advice="name the recording of this row"))
        return []
    known = {f.name for f in fields(Call)} | {"file"}
    extra = {key: value for key, value in values.items() if key and key not in known and value != ""}
    return [_Row(path=path, line=line, values={k: v for k, v in values.items() if k in known}, extra=extra)]


def _validated(row: _Row, defaults: Defaults, faults: list[Fault]) -> dict[str, object]:
    """Typed values of a row; every cell that cannot be used becomes a fault."""
    values: dict[str, object] = {name: row.values[name] for name in _TEXT_COLUMNS if row.values.get(name)}

    def refuse(column: str, wanted: str) -> None:
        faults.append(Fault(path=row.path, line=row.line, message=f"{column} is {row.values[column]!r}", advice=f"wanted: {wanted}"))

    for column, choices in _CHOICES.items():
        if value := row.values.get(column):
            if value in choices:
                values[column] = value
            else:
                refuse(column, ", ".join(choices))
    for column in _NUMBERS:
        if value := row.values.get(column):
            number = _number(value)
            if number is None:
                refuse(column, "a number")
            values[column] = number
    if value := row.values.get("agent_channel"):
        channel = value.removesuffix(".0")
        if channel in ("0", "1"):
            values["agent_channel"] = int(channel)
        else:
            refuse("agent_channel", "0 (first, left) or 1")
    if value := row.values.get("started_at"):
        started = parse_time(value, defaults.timezone)
        if started is None:
            refuse("started_at", "a time such as 2026-05-11T10:20:00+08:00")
        else:
            values["started_at"] = started
    values["extra"] = row.extra
    return values


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parse_time(text: str, timezone: str) -> datetime | None:
    """A time as people and recorders write it; without a zone it is the configured one. None when it is no time."""
    found: datetime | None = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for form in _TIME_FORMATS:
            try:
                found = datetime.strptime(text, form)
                break
            except ValueError:
                continue
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))


def _from_pattern(name: str, defaults: Defaults, warnings: list[str]) -> dict[str, object]:
    """What a file name says, by a pattern such as `{campaign}_AGENT_{agent_id}_{started_at}`."""
    if not defaults.filename_pattern:
        return {}
    match = _pattern(defaults.filename_pattern).fullmatch(PurePosixPath(name).stem)
    if not match:
        warnings.append(f"{name} does not fit the filename pattern; it is processed with the defaults.")
        return {}
    faults: list[Fault] = []
    values = _validated(_Row(path=name, line=1, values=match.groupdict()), defaults, faults)
    warnings.extend(f"{name}: {fault.message} ({fault.advice})" for fault in faults)
    return values


def _pattern(text: str) -> re.Pattern[str]:
    known = {f.name for f in fields(Call)}
    out = ""
    for part in re.split(r"(\{[a-z_]+\}|\*)", text):
        if part == "*":
            out += ".*?"
        elif part.startswith("{") and part.endswith("}"):
            if part[1:-1] not in known:
                raise InputRefused(f"Filename pattern: no column is called {part}.", advice=f"There are: {', '.join(sorted(known))}.")
            out += f"(?P<{part[1:-1]}>.+?)"
        else:
            out += re.escape(part)
    try:
        return re.compile(out)
    except re.error as error:
        raise InputRefused(f"Filename pattern {text!r} cannot be used: {error}.", advice="Name each column once.") from error


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
