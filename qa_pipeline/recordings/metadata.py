"""What calls.csv, calls.parquet, calls.jsonl and the names of files say of calls: rows, and typed values of a row.

Every fault is located and collected; whether they refuse the run is for ingest.py to say. How text is parted into cells is in delimited.py, how times
are read in times.py, other systems' names in mapping.py.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from qa_pipeline.call import Call, Disposition
from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import language_codes
from qa_pipeline.recordings.delimited import Record, Table, decoded, read_table
from qa_pipeline.recordings.mapping import ColumnMap, fitting_presets, folded
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.sources import SUFFIXES
from qa_pipeline.recordings.times import NoMoment, read_moment

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
_SECONDS = ("ring_seconds", "wait_seconds")
# Columns that a row may have.
COLUMNS = frozenset({"file", *_JOIN_COLUMNS, *(f.name for f in fields(Call) if f.name not in ("source_uri", "audio_sha256", "extra"))})
_CHANNELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
_SIDES = {"left": 0, "right": 1}
# A language, with script and country behind it or not: en-US, zh_Hans_CN, pl_PL.UTF-8. zh-yue is another language.
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?(?:\.[\w-]+)?")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d+),(\d+)")
# What spreadsheets make of long numbers, and of what they cannot compute.
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+")
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|#+)")
# Whole numbers up to here survive in a float.
_EXACT = 2**53


@dataclass(slots=True)
class Row:
    """One row as text. `values`: columns of ours; `extra`: all others that are not empty; `times`: how its mapping writes times.

    `is_pattern`: the mapping has put the file's name together, and `*` in it is anything.
    """

    path: str
    line: int
    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)
    times: tuple[str, ...] = ()
    is_pattern: bool = False


def read_metadata(path: str, encoding: str, remarks: Remarks, mapping: ColumnMap | None = None) -> list[Row]:
    """Rows of a metadata file. What is wrong with it, and how it was read, goes to `remarks`; raises InputRefused when no encoding has that name."""
    import fsspec

    with fsspec.open(path, "rb") as file:
        raw: bytes = file.read()
    reader = _Reader(path, remarks, mapping or ColumnMap(name=""))
    if path.endswith(".parquet"):
        return list(reader.parquet(raw))
    text = decoded(path, raw, encoding, remarks)
    if text is None:
        return []
    return list(reader.csv(text) if path.endswith(".csv") else reader.json(text))


class _Reader:
    """Reads one file; knows which of its headers it has spoken of."""

    def __init__(self, path: str, remarks: Remarks, mapping: ColumnMap) -> None:
        self._path = path
        self._remarks = remarks
        self._map = mapping
        self._seen: set[str] = set()

    def csv(self, text: str) -> Iterator[Row]:
        """Rows of a delimited text."""
        table = read_table(self._path, text, self._has_recordings, self._remarks)
        first = next(table.records, None)
        if not self._has_recordings(table.header):
            self._refuse_header(table.header, first.cells if first else [], table.header_line)
            return
        names = self._distinct(table.header, table.header_line)
        self._look_at(names)
        width = len(names)
        place = next((at for at, name in enumerate(names) if name == "file"), None)
        for record in [first] if first else []:
            yield from self._record(record, table, names, width, place)
        for record in table.records:
            yield from self._record(record, table, names, width, place)

    def _record(self, record: Record, table: Table, names: Sequence[str], width: int, place: int | None) -> Iterable[Row]:
        surplus = record.cells[width:]
        if any(surplus):
            self._remarks.fault(
                self._path, record.line, f"{len(record.cells)} cells under {width} columns",
                f'columns are separated by {table.separators}: put a cell that has one in it in quotes, as "a{table.separator}b"',
            )  # fmt: skip
            return []
        if swallowed := _row_in_cell(record, table.separator, place):
            self._remarks.fault(
                self._path, record.line, f"a quote is opened here and the cell runs on over the row of line {swallowed}",
                'take the quote out, or close it behind the cell; double each quote that belongs to the text: ""',
            )  # fmt: skip
            return []
        for at, cell in enumerate(record.cells[:width]):
            if cell and not names[at]:
                self._remarks.warn(self._path, record.line, f"the cell in column {at + 1} is left, for the column has no name")
        return self._row(record.line, {name: cell for name, cell in zip(names, record.cells, strict=False) if name})

    def json(self, text: str) -> Iterator[Row]:
        """Rows of JSON Lines; objects inside objects are columns with a point: Agent.Username."""
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line, object_pairs_hook=_Pairs)
            except ValueError as error:
                self._remarks.fault(self._path, number, f"not JSON: {error}", 'write one object a line: {"file": …}')
                continue
            if not isinstance(data, _Pairs):
                self._remarks.fault(self._path, number, "not an object", 'write one object a line: {"file": …}')
                continue
            pairs = list(_flat(data))
            names = self._distinct([name for name, _ in pairs], number)
            self._look_at(names)
            yield from self._row(number, {name: value for name, (_, value) in zip(names, pairs, strict=True)})

    def parquet(self, raw: bytes) -> Iterator[Row]:
        """Rows of Parquet; their lines count from 1."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(raw))
        except (pa.ArrowException, OSError) as error:
            self._remarks.fault(self._path, None, f"not Parquet: {error}", "write it again; a text is named calls.csv or calls.jsonl")
            return
        if not self._has_recordings(table.column_names):
            self._refuse_header(table.column_names, [], None)
            return
        names = self._distinct(table.column_names, None)
        self._look_at(names)
        columns = [_arrow_texts(column) for column in table.columns]
        for number, cells in enumerate(zip(*columns, strict=True), 1):
            yield from self._row(number, dict(zip(names, cells, strict=True)))

    def _has_recordings(self, header: Sequence[str]) -> bool:
        return "file" in header or self._map.reads("file", header)

    def _refuse_header(self, header: Sequence[str], cells: Sequence[str], line: int | None) -> None:
        """Say that no column names the recordings, and how to say which it is."""
        found = ", ".join(name for name in header if name) or "nothing"
        likely = [name for name in header if folded(name) in ("file", "filename", "recording", "recordingfile", "audio", "path")]
        likely += [name for name, cell in zip(header, cells, strict=False) if cell.lower().endswith(SUFFIXES)]
        advice = "name the column with the recordings' names `file`"
        if likely:
            advice = f"write `file` for {likely[0]!r} in the header, or give --map FILE with the lines `columns:` and `  file: {likely[0]}`"
        elif presets := fitting_presets(header, COLUMNS):
            advice = f"these are headers of {presets[0]}: give --map {presets[0]}"
        wanted = f", nor {self._map.sources('file')} as the mapping {self._map.name} says" if self._map.columns.get("file") else ""
        self._remarks.fault(self._path, line, f"no column `file`{wanted}; found {found}", advice)

    def _distinct(self, header: Sequence[str], line: int | None) -> list[str]:
        """Names of columns; of those that stand twice and are not read, the later with a number behind it."""
        read = COLUMNS - self._map.unread
        counted: dict[str, int] = {}
        names = []
        for name in header:
            counted[name] = count = counted.get(name, 0) + 1
            if count > 1 and name in read:
                places = " and ".join(str(at) for at, other in enumerate(header, 1) if other == name)
                if count == 2:
                    self._remarks.fault(
                        self._path, line, f"column {name!r} stands twice, in places {places}", "keep one, and give the other another name"
                    )
            elif count > 1 and name:
                self._remarks.decide(self._path, f"twice {name}", f"column `{name}` stands twice; the later is kept as `{name} ({count})`")
            names.append(f"{name} ({count})" if count > 1 and name and name not in read else name)
        return names

    def _look_at(self, names: Iterable[str]) -> None:
        """Say of columns that are nearly called as ours that they are not read."""
        for name in names:
            if name in self._seen:
                continue
            self._seen.add(name)
            ours = _OURS_FOLDED.get(folded(name))
            if ours and name != ours and not self._map.reads(ours, [name]) and ours not in self._map.unread:
                self._remarks.warn(
                    self._path, None,
                    f"column `{name}` is not read, only kept in `extra`; to have it read write `{ours}` in the header, "
                    f"or give --map FILE with the lines `columns:` and `  {ours}: {name}`",
                )  # fmt: skip

    def _row(self, line: int, cells: dict[str, str]) -> Iterable[Row]:
        mapped, rest = self._map.applied(cells)
        for column in mapped:
            self._remarks.decide(
                self._path, f"column {column}", f"{column} is read from {self._map.sources(column)}, as the mapping {self._map.name} says"
            )
        values = {name: self._map.value(name, value) for name, value in rest.items() if name in COLUMNS and name not in self._map.unread}
        values |= {column: value for column, value in mapped.items() if value or column not in values}
        if not values.get("file"):
            self._remarks.fault(self._path, line, "no `file`", "name the recording of this row, or take the row out")
            return []
        extra = {name: value for name, value in rest.items() if name and value != "" and (name not in COLUMNS or name in self._map.unread)}
        return [Row(path=self._path, line=line, values=values, extra=extra, times=self._map.times, is_pattern="*" in mapped.get("file", ""))]


_OURS_FOLDED = {folded(name): name for name in COLUMNS}


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with its keys as they stand, also those that stand twice."""


def _flat(pairs: _Pairs, before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        if isinstance(value, _Pairs):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}".strip(), _text_of(value).strip()


def _text_of(value: object) -> str:
    """A value of JSON or Parquet as a cell would have it."""
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return format(Decimal(repr(value)), "f") if abs(value) < _EXACT else repr(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, _Pairs):
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _arrow_texts(column: Any) -> list[str]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Nanoseconds are more than a datetime holds.
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return [_text_of(value).strip() for value in column.to_pylist()]


def _row_in_cell(record: Record, separator: str, place: int | None) -> int | None:
    """The line of a row that a quoted cell has swallowed: one that names a recording where rows do. None where there is none."""
    if place is None or not record.inner:
        return None
    own = PurePosixPath(record.cells[place]).suffix.lower() if place < len(record.cells) else ""
    endings = (*SUFFIXES, own) if own else SUFFIXES
    for line, text in record.inner:
        cells = [cell.strip(' "') for cell in text.split(separator)]
        if len(cells) > max(place, 1) and cells[place].lower().endswith(endings):
            return line
    return None


def validated(row: Row, timezone: str, remarks: Remarks) -> dict[str, object]:
    """Typed values of a row; every cell that cannot be used becomes a fault, every one that is doubtful a warning."""
    values: dict[str, object] = {name: _checked_text(row, name, remarks) for name in _TEXT_COLUMNS if row.values.get(name)}

    def refuse(column: str, wanted: str) -> None:
        remarks.fault(row.path, row.line, f"{column} is {row.values[column]!r}", f"wanted: {wanted}")

    for column, choices in {**_CHOICES, "language": language_codes()}.items():
        if value := row.values.get(column):
            match = _LANGUAGE.fullmatch(value) if column == "language" else None
            chosen = match[1].lower() if match else next((choice for choice in choices if folded(choice) == folded(value)), value)
            if chosen in choices:
                values[column] = chosen
                if chosen != value:
                    remarks.decide(row.path, f"{column} {value}", f"{column} {value!r} is read as {chosen!r}")
            else:
                refuse(
                    column,
                    f"{', '.join(choices)}; a mapping file (--map FILE) says what other values mean: values: {{{column}: {{{_yaml(value)}: {choices[0]}}}}}",
                )
    for column in _NUMBERS:
        if value := row.values.get(column):
            number = _number(value, is_time=column in _SECONDS)
            if number is None:
                refuse(column, _wanted_number(column, value))
            elif "," in value:
                remarks.decide(row.path, f"comma {column}", f"{column} is read with a decimal comma ({value} is {number:g})")
            values[column] = number
    for column, wanted in (
        ("agent_channel", "0 (first, left) or 1"),
        ("track", "0 or 1, the party that a file holds; empty where it holds both"),
    ):
        if value := row.values.get(column):
            channel = _CHANNELS.get(value, _SIDES.get(value.lower()) if column == "agent_channel" else None)
            if channel is None:
                refuse(column, wanted)
            else:
                values[column] = channel if column == "agent_channel" else str(channel)
    if value := row.values.get("started_at"):
        moment = read_moment(value, timezone, row.times)
        if isinstance(moment, NoMoment):
            refuse("started_at", moment.wanted)
        else:
            values["started_at"] = moment.at
            if moment.decided:
                kind = moment.decided.partition("(")[0]
                remarks.decide(row.path, f"started_at {kind}", f"started_at is read as {moment.decided}")
            if moment.doubt:
                remarks.warn(row.path, row.line, f"started_at {moment.doubt}")
    if value := row.values.get("same_call"):
        values["same_call"] = value
    values["extra"] = row.extra
    return values


def _checked_text(row: Row, column: str, remarks: Remarks) -> str | None:
    """A text as it stands, warned of where a spreadsheet has spoilt it; None for what stands for an error of one."""
    value = row.values[column]
    if _ROUNDED.fullmatch(value):
        remarks.warn(
            row.path, row.line,
            f"{column} is {value!r}: a spreadsheet has rounded a long number, and others that it rounds alike are taken for the same. "
            "Format the column as text or 0, and save it anew from the source",
        )  # fmt: skip
    elif _SPREADSHEET_ERROR.fullmatch(value):
        remarks.warn(row.path, row.line, f"{column} is {value!r}, an error of a spreadsheet; it is taken as not known")
        return None
    return value


def _number(text: str, *, is_time: bool) -> float | None:
    """A number with a decimal point or comma, or a time as h:mm:ss in seconds. None where it is none, or could be two: 1,234."""
    if is_time and (match := _CLOCK.fullmatch(text)):
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3].replace(",", "."))
    if match := _COMMA_NUMBER.fullmatch(text):
        if len(match[2]) == 3 and match[1] != "0":
            return None
        text = text.replace(",", ".")
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _wanted_number(column: str, value: str) -> str:
    if _COMMA_NUMBER.fullmatch(value):
        return f"a number that can be read in one way: {value.replace(',', '.')} or {value.replace(',', '')}"
    return "a number of seconds, or h:mm:ss" if column in _SECONDS else "a number"


def _yaml(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[A-Za-z][\w -]*", text) and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null")
        else json.dumps(text, ensure_ascii=False)
    )


def values_in_name(name: str, pattern: str, timezone: str, warnings: list[str]) -> dict[str, object]:
    """What a file name says, by a pattern such as `{campaign}_AGENT_{agent_id}_{started_at}`."""
    match = _pattern(pattern).fullmatch(PurePosixPath(name).stem)
    if not match:
        warnings.append(f"{name} does not fit the filename pattern; it is processed with the defaults.")
        return {}
    remarks = Remarks()
    values = validated(Row(path=name, line=1, values=match.groupdict()), timezone, remarks)
    warnings.extend(f"{name}: {fault.message} ({fault.advice})" for fault in remarks.faults)
    warnings.extend(remarks.warnings)
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
