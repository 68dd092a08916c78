"""Files and their metadata → Calls.

In: folders, files, glob patterns or fsspec URIs, of recordings or transcripts, and optionally calls.csv | calls.parquet | calls.jsonl beside them,
or a filename pattern. Out: an Intake: calls to process, the dialogues of those that are text, warnings, and files that cannot be had. Faults in
metadata refuse the whole run before any work, all at once; faults in a transcript are that call's.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call, Disposition, Role
from qa_pipeline.errors import CallFailed, Fault, InputRefused, MetadataError, ReadFailed, RecordingError
from qa_pipeline.recordings.audio import read_bytes, sha256_of
from qa_pipeline.recordings.transcripts import (
    JSON_SUFFIXES,
    PLAIN_SUFFIXES,
    TRANSCRIPT_SUFFIXES,
    Dialogue,
    begins_as_dialogue,
    is_transcript,
    parse_transcripts,
)

AUDIO_SUFFIXES = (
    ".wav", ".mp3", ".ogg", ".opus", ".oga", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr", ".gsm", ".wma", ".au", ".aif", ".aiff",
)  # fmt: skip
SUFFIXES = (*AUDIO_SUFFIXES, *TRANSCRIPT_SUFFIXES)
METADATA_NAMES = ("calls.csv", "calls.parquet", "calls.jsonl")
CALL_ID_LENGTH = 16
_STILL_GROWING_SECONDS = 10
# A file of chats is held in memory; larger exports are split.
_MOST_TEXT_BYTES = 256_000_000
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
    """What holds where the metadata are silent. `roles`: further labels of transcripts, folded (transcripts.parse_roles)."""

    rubric: str | None = None
    direction: str | None = None
    agent_channel: int | None = None
    language: str | None = None
    timezone: str = "Asia/Shanghai"
    encoding: str = "utf-8-sig"
    filename_pattern: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A file that was named but cannot be had."""

    source_uri: str
    call_id: str | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a run has before it: calls in order of file name, warnings for the operator, files that cannot be had.

    `dialogues`: by call id, the words of the calls that came as text.
    """

    calls: tuple[Call, ...]
    warnings: tuple[str, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    dialogues: Mapping[str, Dialogue] = field(default_factory=dict)

    @property
    def needs_speech(self) -> bool:
        """Whether any call is a recording."""
        return any(call.call_id not in self.dialogues for call in self.calls)


@dataclass(slots=True)
class _Row:
    path: str
    line: int
    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Files of the sources. `searched`: those that nobody named, found in a folder. `is_whole`: a folder or metadata file was asked for."""

    files: list[str]
    metadata: list[str]
    searched: frozenset[str]
    is_whole: bool


# A row of the metadata stands for a file, or for one call of a file that holds many.
_Key = tuple[str, str | None]


@dataclass(slots=True)
class _Described:
    rows: dict[_Key, _Row] = field(default_factory=dict)
    values: dict[_Key, dict[str, object]] = field(default_factory=dict)
    has_metadata: bool = False

    def calls_in(self, uri: str) -> list[_Key]:
        """Rows that name a call of a file."""
        return [key for key in self.rows if key[0] == uri and key[1] is not None]


def ingest(
    sources: Sequence[str],
    defaults: Defaults,
    *,
    hash_of: Callable[[str], str] = sha256_of,
    growing: Collection[str] = (),
    quiet: bool = False,
) -> Intake:
    """Collect the calls of some sources. `hash_of`: how files are hashed (known_files.py); `growing`: files that are known to be written still.
    `quiet`: a folder without recordings is no fault, they may come yet.

    Raises MetadataError with every fault of every metadata file, InputRefused when a source names nothing.
    """
    found = _collect(sources, may_be_empty=quiet)
    faults: list[Fault] = []
    rows = [row for path in found.metadata for row in _read_metadata(path, defaults, faults)]
    described = _Described(has_metadata=bool(found.metadata))
    taken = _Taken(hash_of=hash_of)
    for row in rows:
        values = _validated(row, defaults, faults)
        uri = _beside(row.path, row.values["file"])
        key = (uri, row.values.get("call_id") or None) if uri.lower().endswith(JSON_SUFFIXES) else (uri, None)
        if key in described.rows:
            first = described.rows[key].line
            taken.warnings.append(f"{row.path}:{row.line}: {row.values['file']} stands twice; the row of line {first} is used.")
            continue
        described.rows[key], described.values[key] = row, values
    if faults:
        raise MetadataError(f"The metadata have {len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was processed.", faults=faults)
    # Files named one by one are the question; other rows of the metadata beside them are not.
    # What the metadata describe comes first, so that of two equal recordings the described one is the call.
    named = {uri for uri, _ in described.rows}
    uris = sorted({*found.files, *named} if found.is_whole else set(found.files), key=lambda uri: (uri not in named, uri))
    growing = {*growing, *_growing(uris)}
    spoken = {uri.rpartition(".")[0] for uri in uris if not is_transcript(uri)}
    for uri in uris:
        name = PurePosixPath(uri).name
        if uri in growing:
            taken.warnings.append(f"{name} is still being written; it is left for the next run.")
        elif is_transcript(uri):
            is_guess = uri in found.searched and uri not in named
            if is_guess and uri.rpartition(".")[0] in spoken:
                taken.warnings.append(f"{name} stands beside a recording of the same name and is left; the recording is the call.")
            else:
                _take_text(uri, described, defaults, taken, is_guess=is_guess)
        else:
            _take_recording(uri, described, defaults, taken)
    return Intake(
        calls=tuple(taken.calls.values()), warnings=tuple(taken.warnings), unavailable=tuple(taken.unavailable), dialogues=taken.dialogues
    )


@dataclass(slots=True)
class _Taken:
    """The calls so far. `hash_of`: SHA-256 of a file. `by_sha256`: the first call with that content, and whether somebody gave it its call id."""

    hash_of: Callable[[str], str]
    calls: dict[str, Call] = field(default_factory=dict)
    by_sha256: dict[str, tuple[Call, bool]] = field(default_factory=dict)
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)

    def add(self, call: Call, dialogue: Dialogue | None, *, is_id_given: bool) -> None:
        """Take one call, unless it is there already. Two texts whose ids were given are two calls: short chats may well say the same."""
        name = PurePosixPath(call.source_uri).name
        twin, is_twin_id_given = self.by_sha256.get(call.audio_sha256, (None, False))
        are_apart = dialogue is not None and twin is not None and is_id_given and is_twin_id_given and twin.call_id != call.call_id
        if twin and not are_apart:
            kind = "audio" if dialogue is None else "text"
            self.warnings.append(f"{name} is the same {kind} as {PurePosixPath(twin.source_uri).name}; it is one call, processed once.")
            return
        if call.call_id in self.calls:
            other = PurePosixPath(self.calls[call.call_id].source_uri).name
            raise MetadataError(f"Call id {call.call_id} is given to {other} and to {name}.", advice="Give each recording its own call_id.")
        self.calls[call.call_id] = call
        self.by_sha256.setdefault(call.audio_sha256, (call, is_id_given))
        if dialogue is not None:
            self.dialogues[call.call_id] = dialogue


def _take_recording(uri: str, described: _Described, defaults: Defaults, taken: _Taken) -> None:
    values = _values(uri, described, defaults, taken)
    try:
        sha256 = taken.hash_of(uri)
    except (RecordingError, ReadFailed) as error:
        taken.unavailable.append(_unavailable(uri, values, error))
        return
    taken.add(_call(uri, sha256, values, defaults), None, is_id_given="call_id" in values)


def _take_text(uri: str, described: _Described, defaults: Defaults, taken: _Taken, *, is_guess: bool) -> None:
    """The calls of a transcript. `is_guess`: only its ending says that it is one."""
    try:
        raw = read_bytes(uri, at_most=_MOST_TEXT_BYTES)
    except (RecordingError, ReadFailed) as error:
        taken.unavailable.append(_unavailable(uri, _values(uri, described, defaults, taken), error))
        return
    name = PurePosixPath(uri).name
    if is_guess and uri.lower().endswith(PLAIN_SUFFIXES) and not begins_as_dialogue(raw, encoding=defaults.encoding):
        taken.warnings.append(f"{name} does not begin as a dialogue (`agent: …`) and is left; name the file itself to have it read.")
        return
    parsed = parse_transcripts(raw, uri, encoding=defaults.encoding, roles=defaults.roles)
    taken.warnings.extend(parsed.warnings)
    has_ids = parsed.dialogues[0].call_id is not None
    missing = dict.fromkeys(described.calls_in(uri))
    if not has_ids:
        (dialogue,) = parsed.dialogues
        # The lines name no call, so the row may.
        key = next(iter(missing), (uri, None))
        missing.pop(key, None)
        values = described.values.get(key) or _values(uri, described, defaults, taken)
        taken.add(_call(uri, dialogue.sha256, values, defaults), dialogue, is_id_given="call_id" in values)
    else:
        shared = _values(uri, described, defaults, taken, is_told=not missing)
        strangers = []
        for dialogue in parsed.dialogues:
            key = (uri, dialogue.call_id)
            if missing and key not in described.rows and (uri, None) not in described.rows:
                strangers.append(str(dialogue.call_id))
            own = {**shared, **{name: value for name, value in described.values.get(key, {}).items() if value is not None}}
            values = {**own, "call_id": dialogue.call_id}
            taken.add(_call(f"{uri}#{dialogue.call_id}", dialogue.sha256, values, defaults), dialogue, is_id_given=True)
        for dialogue in parsed.dialogues:
            missing.pop((uri, dialogue.call_id), None)
        if strangers:
            shown = ", ".join(strangers[:5]) + (" …" if len(strangers) > 5 else "")
            taken.warnings.append(
                f"{name}: {len(strangers)} calls are not in the metadata ({shown}); they are processed with the defaults."
            )
    taken.unavailable.extend(
        Unavailable(
            source_uri=f"{uri}#{call_id}",
            call_id=call_id,
            message=f"{name} holds no call {call_id}.",
            advice="Export it again, or take the row out of the metadata.",
        )
        for _, call_id in missing
    )


def _values(uri: str, described: _Described, defaults: Defaults, taken: _Taken, *, is_told: bool = True) -> dict[str, object]:
    """What the metadata, else the name of the file, say of it. `is_told`: warn where the metadata do not name it."""
    if (uri, None) in described.values:
        return dict(described.values[uri, None])
    values = _from_pattern(PurePosixPath(uri).name, defaults, taken.warnings)
    if described.has_metadata and not defaults.filename_pattern and is_told:
        taken.warnings.append(f"{PurePosixPath(uri).name} is not in the metadata; it is processed with the defaults.")
    return values


def _unavailable(uri: str, values: Mapping[str, object], error: CallFailed) -> Unavailable:
    return Unavailable(source_uri=uri, call_id=_text(values.get("call_id")), message=error.message, advice=error.advice)


def _call(uri: str, sha256: str, values: Mapping[str, object], defaults: Defaults) -> Call:
    known = {f.name for f in fields(Call)}
    given = {key: value for key, value in values.items() if value is not None and key in known}
    for name in ("rubric", "direction", "agent_channel", "language"):
        if given.get(name) is None and getattr(defaults, name) is not None:
            given[name] = getattr(defaults, name)
    given.setdefault("call_id", sha256[:CALL_ID_LENGTH])
    return Call(source_uri=uri, audio_sha256=sha256, **given)  # type: ignore[arg-type]  # validated column by column above


# --- files -----------------------------------------------------------------------------------------------------------------------------


def recordings_in(sources: Sequence[str]) -> list[str]:
    """Files of some sources, whether or not the metadata name them. Raises InputRefused when a source is not there."""
    return _collect(sources, may_be_empty=True).files


def _collect(sources: Sequence[str], *, may_be_empty: bool = False) -> _Found:
    """Recordings, transcripts and metadata files of all sources."""
    import fsspec

    files: list[str] = []
    metadata: list[str] = []
    searched: set[str] = set()
    is_whole = False
    for source in sources:
        fs, path = fsspec.core.url_to_fs(source)
        prefix = source.split("://", 1)[0] + "://" if "://" in source else ""
        if fs.isdir(path):
            is_whole = True
            inside = sorted(str(p) for p in fs.find(path))
            metadata += [prefix + p for p in inside if PurePosixPath(p).name in METADATA_NAMES]
            here = [prefix + p for p in inside if p.lower().endswith(SUFFIXES) and PurePosixPath(p).name not in METADATA_NAMES]
            searched |= set(here) - set(files)
            files += here
        elif PurePosixPath(path).name in METADATA_NAMES and fs.exists(path):
            metadata.append(prefix + path)
            is_whole = True
        else:
            matched = sorted(str(p) for p in fs.glob(path)) if any(mark in path for mark in "*?[") else ([path] if fs.exists(path) else [])
            if not matched:
                raise InputRefused(f"{source} is not there.", advice="Name a folder of recordings, files, or a pattern in quotes.")
            named = [prefix + p for p in matched if PurePosixPath(p).name not in METADATA_NAMES]
            searched -= set(named)
            files += named
            metadata += [
                prefix + str(PurePosixPath(p).parent / name)
                for p in matched[:1]
                for name in METADATA_NAMES
                if fs.exists(str(PurePosixPath(p).parent / name))
            ]
    if not files and not metadata and not may_be_empty:
        raise InputRefused(f"No recordings in {', '.join(sources)}.", advice=f"Known file types: {' '.join(SUFFIXES)}")
    return _Found(files=files, metadata=metadata, searched=frozenset(searched), is_whole=is_whole)


def _beside(metadata_path: str, name: str) -> str:
    if "://" in name or name.startswith("/"):
        return name
    folder, slash, _ = metadata_path.rpartition("/")
    return f"{folder}{slash}{name}"


def _growing(uris: Sequence[str]) -> set[str]:
    """Local files that changed moments ago and change still; one short wait for all of them."""
    recent = {uri: before for uri in uris if (before := file_state(uri)) and time.time() - before[1] / 1e9 <= _STILL_GROWING_SECONDS}
    if recent:
        time.sleep(0.05)
    return {uri for uri, before in recent.items() if file_state(uri) != before}


def file_state(uri: str) -> tuple[int, int] | None:
    """Size and time of change (ns) of a local file."""
    try:
        found = Path(uri).stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


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
