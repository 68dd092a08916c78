"""What calls.csv, calls.parquet, calls.jsonl and the names of files say of calls: rows, and typed values of a row.

Every fault is located and collected; whether they refuse the run is for ingest.py to say.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call, Disposition
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.load import language_codes

_TEXT_COLUMNS = (
    "call_id", "agent_id", "agent_name", "team", "site", "customer_id", "company", "campaign", "rubric", "transfer",
)  # fmt: skip
_CHOICES = {
    "direction": ("inbound", "outbound"),
    "hangup_by": ("agent", "customer"),
    "disposition": tuple(disposition.value for disposition in Disposition),
}
# Rows with the same `same_call` are one call; `track` says that a file holds one party.
_JOIN_COLUMNS = ("same_call", "track")
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


@dataclass(slots=True)
class Row:
    """One row as text. `values`: columns of ours; `extra`: all others that are not empty."""

    path: str
    line: int
    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)


def read_metadata(path: str, encoding: str, faults: list[Fault]) -> list[Row]:
    """Rows of a metadata file. Appends what is wrong with it to `faults`; raises InputRefused when no encoding has that name."""
    import fsspec

    with fsspec.open(path, "rb") as file:
        raw: bytes = file.read()
    if path.endswith(".parquet"):
        return list(_parquet_rows(path, raw, faults))
    try:
        text = raw.decode(encoding)
    except LookupError as error:
        raise InputRefused(f"No encoding is called {encoding!r}.", advice="Try utf-8 or gb18030.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        faults.append(Fault(path=path, line=line, message=f"not {encoding} text", advice="save it as UTF-8, or give --encoding gb18030"))
        return []
    return list((_csv_rows if path.endswith(".csv") else _json_rows)(path, text, faults))


def _csv_rows(path: str, text: str, faults: list[Fault]) -> Iterator[Row]:
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


def _json_rows(path: str, text: str, faults: list[Fault]) -> Iterator[Row]:
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


def _parquet_rows(path: str, raw: bytes, faults: list[Fault]) -> Iterator[Row]:
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


def _row(path: str, line: int, values: dict[str, str], faults: list[Fault]) -> Iterable[Row]:
    if not values.get("file"):
        faults.append(Fault(path=path, line=line, message="no `file`", advice="name the recording of this row"))
        return []
    known = {f.name for f in fields(Call)} | {"file", *_JOIN_COLUMNS}
    extra = {key: value for key, value in values.items() if key and key not in known and value != ""}
    return [Row(path=path, line=line, values={k: v for k, v in values.items() if k in known}, extra=extra)]


def validated(row: Row, timezone: str, faults: list[Fault]) -> dict[str, object]:
    """Typed values of a row; every cell that cannot be used becomes a fault."""
    values: dict[str, object] = {name: row.values[name] for name in _TEXT_COLUMNS if row.values.get(name)}

    def refuse(column: str, wanted: str) -> None:
        faults.append(Fault(path=row.path, line=row.line, message=f"{column} is {row.values[column]!r}", advice=f"wanted: {wanted}"))

    for column, choices in {**_CHOICES, "language": language_codes()}.items():
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
        started = parse_time(value, timezone)
        if started is None:
            refuse("started_at", "a time such as 2026-05-11T10:20:00+08:00")
        else:
            values["started_at"] = started
    if value := row.values.get("same_call"):
        values["same_call"] = value
    if value := row.values.get("track"):
        track = value.removesuffix(".0")
        if track in ("0", "1"):
            values["track"] = track
        else:
            refuse("track", "0 or 1, the party that a file holds; empty where it holds both")
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


def values_in_name(name: str, pattern: str, timezone: str, warnings: list[str]) -> dict[str, object]:
    """What a file name says, by a pattern such as `{campaign}_AGENT_{agent_id}_{started_at}`."""
    match = _pattern(pattern).fullmatch(PurePosixPath(name).stem)
    if not match:
        warnings.append(f"{name} does not fit the filename pattern; it is processed with the defaults.")
        return {}
    faults: list[Fault] = []
    values = validated(Row(path=name, line=1, values=match.groupdict()), timezone, faults)
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
