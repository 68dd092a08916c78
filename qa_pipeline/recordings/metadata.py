"""What calls.csv, calls.parquet and calls.jsonl say of calls: rows of text.

Every fault is located and collected; whether they refuse the run is for ingest.py to say. How text is parted into cells is in delimited.py, other systems'
names in mapping.py, what may stand in a column in columns.py.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from qa_pipeline.recordings.columns import COLUMNS, Row
from qa_pipeline.recordings.delimited import BLANKS, Record, Table, decoded, is_printed, read_table
from qa_pipeline.recordings.json_lines import several_values
from qa_pipeline.recordings.mapping import ColumnMap, fitting_presets, folded
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.sources import SUFFIXES

# Whole numbers up to here survive in a float.
_EXACT = 2**53


def read_metadata(path: str, encoding: str, remarks: Remarks, mapping: ColumnMap | None = None) -> list[Row]:
    """Rows of a metadata file. What is wrong with it, and how it was read, goes to `remarks`; raises InputRefused when no encoding has that name."""
    import fsspec

    with fsspec.open(path, "rb") as file:
        raw: bytes = file.read()
    reader = _Reader(path, remarks, mapping or ColumnMap(name=""))
    if path.lower().endswith(".parquet"):
        return list(reader.parquet(raw))
    text = decoded(path, raw, encoding, remarks)
    if text is None:
        return []
    return list(reader.csv(text) if path.lower().endswith((".csv", ".tsv")) else reader.json(text))


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
        if record.cells == table.header:
            self._remarks.decide(
                self._path, "header again", f"the header stands again on line {record.line}, as where files were put together; it is left"
            )
            return []
        if is_printed(record):
            self._remarks.decide(self._path, "printed", f"line {record.line} is a rule, a count of rows or their types, and is left")
            return []
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
        if _is_one_value(text):
            self._remarks.fault(
                self._path, 1, "JSON over several lines, or a list", "write one object a line, as `jq -c '.[]?' FILE` does of a list, and `jq -c . FILE` of an object"
            )  # fmt: skip
            return
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line, object_pairs_hook=_Pairs)
            except (ValueError, RecursionError) as error:
                self._remarks.fault(self._path, number, f"not JSON: {error}", 'write one object a line: {"file": …}')
                continue
            if not isinstance(data, _Pairs):
                self._remarks.fault(self._path, number, "not an object", 'write one object a line: {"file": …}')
                continue
            if (lists := _lists_of_rows(data)) and not any(key == "file" for key, _ in data):
                self._remarks.fault(
                    self._path, number, f"the rows stand in a list, under {lists[0]!r}", f"write one object a line, as `jq -c '.{lists[0]}[]' FILE` does"
                )  # fmt: skip
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
            table = pq.ParquetFile(io.BytesIO(raw)).read()
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
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
        wanted = f", nor {self._map.sources('file')} as the mapping {self._map.name} says" if self._map.columns.get("file") else ""
        self._remarks.fault(self._path, line, f"no column `file`{wanted}; found {found}", _how_to_name(header, cells))

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
            inner = name.partition(".")[0]
            if inner != name and inner in COLUMNS and inner not in names and not self._map.reads(inner, [name]):
                self._remarks.warn(
                    self._path, None,
                    f"`{inner}` holds an object and is not read; to have it read give --map FILE with the lines `columns:` and `  {inner}: {name}`",
                )  # fmt: skip
            ours = _OURS_FOLDED.get(folded(name))
            if ours and name != ours and not self._map.reads(ours, [name]) and ours not in self._map.unread:
                self._remarks.warn(
                    self._path, None,
                    f"column `{name}` is not read, only kept in `extra`; to have it read write `{ours}` in the header, "
                    f"or give --map FILE with the lines `columns:` and `  {ours}: {name}`",
                )  # fmt: skip

    def _row(self, line: int, cells: dict[str, str]) -> Iterable[Row]:
        mapped, rest = self._map.applied(cells) if self._map.columns else ({}, cells)
        for column in mapped:
            self._remarks.decide(
                self._path, f"column {column}", f"{column} is read from {self._map.sources(column)}, as the mapping {self._map.name} says"
            )
        values = {name: self._map.value(name, value) for name, value in rest.items() if name in COLUMNS and name not in self._map.unread}
        if values.get("file"):
            # A person has put it there.
            mapped.pop("file", None)
        values |= {column: value for column, value in mapped.items() if value or column not in values}
        if not values.get("file"):
            advice = (
                "name the recording of this row, or take the row out" if "file" in rest else _how_to_name(list(cells), list(cells.values()))
            )
            self._remarks.fault(self._path, line, "no `file`", advice)
            return []
        extra = {name: value for name, value in rest.items() if name and value != "" and (name not in COLUMNS or name in self._map.unread)}
        return [
            Row(path=self._path, line=line, values=values, extra=extra, times=self._map.times, is_pattern="*" in mapped.get("file", ""))
        ]


def _how_to_name(header: Sequence[str], cells: Sequence[str]) -> str:
    """What to do where no column is called `file`: by the header, else by the first row, else by the presets."""
    if any(len(name) > 2 and name[0] == name[-1] == "'" for name in header):
        return 'put cells in double quotes ("), or in none'
    if len(header) == 1 and "file" in re.split(r"\W+", header[0].casefold()):
        return "separate the columns by commas, semicolons, tabs or |"
    if any(_is_value(name) for name in header):
        return "the first line is no header: write a line above it that names the columns, the one with the recordings' names `file`"
    likely = [name for name in header if folded(name) in ("file", "filename", "recording", "recordingfile", "audio", "path")]
    likely += [name for name, cell in zip(header, cells, strict=False) if cell.lower().endswith(SUFFIXES)]
    if likely:
        return f"write `file` for {likely[0]!r} in the header, or give --map FILE with the lines `columns:` and `  file: {likely[0]}`"
    if presets := fitting_presets(header, COLUMNS):
        return f"these are headers of {presets[0]}: give --map {presets[0]}"
    if ids := [name for name in header if len(name) > 2 and folded(name).endswith(("id", "uuid"))]:
        return (
            "name the column with the recordings' names `file`; where the names hold an id, give --map FILE with the lines `columns:` and "
            f'`  file: "*{{{ids[0]}}}*"`'
        )
    return "name the column with the recordings' names `file`"


def _is_value(name: str) -> bool:
    """Whether a cell of a header is what stands in rows: a day with a time, a number of a telephone, or a recording's name."""
    return name.lower().endswith(SUFFIXES) or re.fullmatch(r"\+?\d{7,}|\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*", name) is not None


_OURS_FOLDED = {folded(name): name for name in COLUMNS}


def _is_one_value(text: str) -> bool:
    """Whether a text is a list, or objects over several lines, and so no JSON Lines."""
    begins = text.lstrip()[:1]
    if begins != "[" and not (begins == "{" and text.strip() != text.strip().split("\n", 1)[0]):
        return False
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return begins == "{" and bool(several_values(text)) and not all(_is_object(line) for line in text.split("\n") if line.strip())


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with its keys as they stand, also those that stand twice."""


def _flat(pairs: _Pairs, before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        while isinstance(value, _Pairs) and len(value) == 1 and value[0][0].startswith("$"):
            # As databases write what JSON has no form for: {"$date": "2025-03-04T10:12:00Z"}.
            value = value[0][1]
        if isinstance(value, _Pairs):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield _storable(f"{before}{key}").strip(BLANKS), _storable(_text_of(value)).strip(BLANKS)


def _lists_of_rows(pairs: _Pairs) -> list[str]:
    """Keys under which objects stand in a list."""
    return [key for key, value in pairs if isinstance(value, list) and value and all(isinstance(one, _Pairs) for one in value)]


def _storable(text: str) -> str:
    """Text without halves of characters, which JSON can name (\\ud83d) and no table can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


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
    if isinstance(value, list | dict):
        return json.dumps(_plain(value), ensure_ascii=False, default=str)
    return str(value)


def _plain(value: Any) -> Any:
    """Pairs as objects again, at any depth."""
    if isinstance(value, _Pairs):
        return {key: _plain(inner) for key, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _arrow_texts(column: Any) -> list[str]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Nanoseconds are more than a datetime holds.
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError):
        # Text that is not UTF-8, a day that no calendar has: each cell for itself, and what cannot be had is told as what it is not.
        values = [_value_of(cell) for cell in column]
    return [_text_of(value).strip(BLANKS) for value in values]


def _value_of(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return cell.as_buffer().to_pybytes().decode("utf-8", "replace")
    except (ValueError, OverflowError):
        return f"{cell.value} of no calendar"


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
