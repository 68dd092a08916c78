"""Tables of what was said, a line a row (.csv, .tsv) → dialogues: columns for the words, who says them and when, by the headers that languages know.

Cells are parted as metadata are (delimited.py). A table of one call, or of many by a column that names the call. Which of two columns is meant, and what
figures of time count, is told from the whole table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import Any

from qa_pipeline.call import Role
from qa_pipeline.errors import Fault
from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.delimited import Record, Table, read_table
from qa_pipeline.recordings.dialogue import Dialogue, Parsed, Reading, in_order, sha256_of_text
from qa_pipeline.recordings.json_lines import Row, json_dialogues
from qa_pipeline.recordings.labels import LONGEST_LABEL, Labels, is_bare, role_of, split_line
from qa_pipeline.recordings.mapping import folded
from qa_pipeline.recordings.plain import moment_ms
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.said import numbered

# A table of calls names their recordings in it.
_OF_CALLS = "file"
_KINDS = ("speaker", "said", "start", "end", "call")
# Units of a header's figures, by how it ends.
_IN_MS, _IN_SECONDS = ("ms", "millis", "milliseconds"), ("seconds", "secs", "sec")
_NUMBER = re.compile(r"-?\d{1,15}(?:[.,]\d{1,15})?")
# Nobody says fewer characters in a second, or more: then the figures are ms, or the parts of a day that spreadsheets count. Chosen; speech is 5 to 25.
_FEWEST_A_SECOND, _MOST_A_SECOND = 0.5, 500.0
_DAY_MS = 86_400_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Places of the columns; `parties`: of those that hold the words of one party each, by the label in their header.

    `voices`: what a voice is called that has only a number; `unit`: ms that figures of time count, where the header says it.
    """

    said: int | None = None
    speaker: int | None = None
    start: int | None = None
    end: int | None = None
    call: int | None = None
    parties: Mapping[int, str]
    voices: str = "Speaker"
    unit: float | None = None

    @property
    def is_enough(self) -> bool:
        """Whether the words can be told, and who says them or when."""
        return bool(self.parties) or (self.said is not None and (self.speaker is not None or self.start is not None))

    def places(self) -> set[int]:
        """Those that are read."""
        return {place for place in (self.said, self.speaker, self.start, self.end, self.call, *self.parties) if place is not None}


def begins_as_lines(text: str) -> bool:
    """Whether a table holds what was said, beyond doubt: who and when beside the words, or a party that is known. For tables that nobody named."""
    rows = _rows_of(text, Remarks())
    if rows is None:
        return False
    columns, records = rows
    if columns.parties:
        filled = [sum(bool(_cell(record, at)) for at in columns.parties) for record in records]
        return columns.start is not None and sum(count == 1 for count in filled) * 2 > len(filled)
    if columns.said is None or columns.speaker is None:
        return False
    known = {_role(_cell(record, columns.speaker)) for record in records}
    return bool(records) and (columns.start is not None or bool(known & {Role.AGENT, Role.CUSTOMER}))


def table_dialogues(text: str, reading: Reading) -> Parsed:
    """The calls of a table of lines, with a fault that names its columns where it is none."""
    remarks = Remarks()
    found = _rows_of(text, remarks, reading.path)
    if found is None:
        header = read_table(reading.path, text, _is_header, Remarks()).header
        shown = ", ".join(name for name in header if name) or "nothing"
        reading.fault(1, f"no table of lines; its columns are {shown[:200]}", "name the columns time, speaker and text")
    reading.faults.extend(remarks.faults)
    rows = _as_rows(*found, reading) if found is not None else []
    if found is None or reading.faults:
        return Parsed(dialogues=(Dialogue(call_id=None, sha256=sha256_of_text(text), lines=(), faults=in_order(reading.faults)),))
    columns, _ = found
    parsed = json_dialogues(text, rows, reading)
    unread = _unread(text, columns, reading.path)
    name = reading.path.rpartition("/")[2]
    warnings = (f"{name}: the columns {', '.join(unread[:8])} are not read.",) if unread else ()
    return replace(parsed, warnings=(*parsed.warnings, *warnings))


def _rows_of(text: str, remarks: Remarks, path: str = "") -> tuple[_Columns, list[Record]] | None:
    """The columns and rows of a table of lines; None where it is none."""
    made = read_table(path, text, _is_header, remarks)
    if not _is_header(made.header):
        return None
    columns = _columns(made.header)
    records = [_mended(record, columns, made, remarks, path) for record in made.records if record.cells != made.header]
    if columns.said is None and not columns.parties:
        return None
    return columns, records


def _mended(record: Record, columns: _Columns, made: Table, remarks: Remarks, path: str) -> Record:
    """A row whose words have separators in them and no quotes, where they stand last; other rows with too many cells are faults."""
    width = len(made.header)
    if not any(record.cells[width:]):
        return record
    if columns.said == width - 1 and made.separator in ",;":
        return replace(record, cells=[*record.cells[: width - 1], f"{made.separator} ".join(record.cells[width - 1 :])])
    remarks.fault(
        path, record.line, f"{len(record.cells)} cells under {width} columns",
        f'columns are separated by {made.separators}: put a cell that has one in it in quotes, as "a{made.separator}b"',
    )  # fmt: skip
    return record


def _unread(text: str, columns: _Columns, path: str) -> list[str]:
    header = read_table(path, text, _is_header, Remarks()).header
    read = columns.places()
    return [name for at, name in enumerate(header) if name and at not in read]


@cache
def _headers() -> Mapping[str, Mapping[str, int]]:
    """Headers of all languages, folded, by what they head, and how good each is: the first in a language's list is best."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
    for code in language_codes():
        desk = table(code, DeskWords)
        for kind in _KINDS:
            for rank, name in enumerate(getattr(desk, f"{kind}_columns")):
                found[kind].setdefault(folded(name), rank)
    return found


def _is_header(header: Sequence[str]) -> bool:
    """Whether a line heads a table of lines."""
    return _OF_CALLS not in header and _columns(header).is_enough


def _columns(header: Sequence[str]) -> _Columns:
    names = [folded(name) if len(name) <= LONGEST_LABEL else "" for name in header]
    places: dict[str, int] = {}
    for kind in _KINDS:
        known = _headers()[kind]
        fitting = [
            (known[bare], at) for at, name in enumerate(names) if (bare := _without_unit(name) if name not in known else name) in known
        ]
        free = [(rank, at) for rank, at in fitting if at not in places.values()]
        if free:
            places[kind] = min(free)[1]
    roles = {at: _role(name) for at, name in enumerate(header) if name and at not in places.values()}
    parties = {at: header[at] for at, role in roles.items() if role in (Role.AGENT, Role.CUSTOMER)}
    is_wide = "said" not in places and {roles[at] for at in parties} == {Role.AGENT, Role.CUSTOMER} and len(parties) == 2
    return _Columns(
        said=places.get("said"), speaker=places.get("speaker"), start=places.get("start"), end=places.get("end"), call=places.get("call"),
        parties=parties if is_wide else {}, voices=header[places["speaker"]] if "speaker" in places and is_bare(header[places["speaker"]]) else "Speaker",
        unit=_unit_of(names[places["start"]]) if "start" in places else None,
    )  # fmt: skip


def _unit_of(name: str) -> float | None:
    return 1.0 if name.endswith(_IN_MS) else 1000.0 if name.endswith(_IN_SECONDS) else None


def _role(label: str) -> Role | None:
    return role_of(label, {}) if len(label) <= LONGEST_LABEL else None


def _without_unit(name: str) -> str:
    """A folded header without the unit of its figures."""
    return next((name.removesuffix(unit) for unit in (*_IN_MS, *_IN_SECONDS, "s") if name.endswith(unit) and name != unit), name)


def _as_rows(columns: _Columns, records: Sequence[Record], reading: Reading) -> list[Row]:
    """Rows as lines of JSON have them."""
    starts, ends = (_times(records, place, columns) for place in (columns.start, columns.end))
    spoken = _labels_in_words(columns, records, reading)
    rows: list[Row] = []
    before: dict[str, str] = {}
    for record, start, end in zip(records, starts, ends, strict=True):
        call_id = _cell(record, columns.call)
        for label, words in _said_in(record, columns, spoken):
            label = label or before.get(call_id, "unknown")
            before[call_id] = label
            row: dict[str, Any] = {"call_id": call_id or None, "role": label, "start_ms": start, "end_ms": end, "text": words}
            fault = _fault_of(record, row, reading)
            rows.append((record.line, json.dumps(row, ensure_ascii=False), fault or row))
    return rows


def _fault_of(record: Record, row: Mapping[str, Any], reading: Reading) -> Fault | None:
    if _is_dialogue(row["text"]):
        return Fault(
            path=reading.path, line=record.line, message="a whole dialogue in one cell",
            advice="write each dialogue into a file of its own, named as its call, with the ending .txt",
        )  # fmt: skip
    if any(isinstance(row[name], str) for name in ("start_ms", "end_ms")):
        return Fault(
            path=reading.path, line=record.line, message="a time that cannot be read",
            advice="write minutes and seconds as 0:03, or 1:02:03.5 with hours; leave the cell empty where it is not known",
        )  # fmt: skip
    return None


def _said_in(record: Record, columns: _Columns, spoken: Labels | None) -> list[tuple[str, str]]:
    """Who says what in a row."""
    if columns.parties:
        return [(label, _cell(record, at)) for at, label in columns.parties.items() if _cell(record, at)]
    words, label = _cell(record, columns.said), numbered(columns.voices, _cell(record, columns.speaker)) or ""
    if spoken is not None and (taken := split_line(words)) and taken.label in spoken:
        return [(taken.label, taken.text)]
    return [(label, words)]


def _labels_in_words(columns: _Columns, records: Sequence[Record], reading: Reading) -> Labels | None:
    """The labels that stand before the words, where no column says who speaks."""
    if columns.parties or columns.speaker is not None:
        return None
    return Labels([split_line(_cell(record, columns.said)) for record in records], reading.roles)


def _is_dialogue(words: str) -> bool:
    """Whether a cell holds what both parties say."""
    roles = {role_of(spoken.label, {}) for line in words.split("\n") if (spoken := split_line(line))}
    return "\n" in words and {Role.AGENT, Role.CUSTOMER} <= roles


def _times(records: Sequence[Record], place: int | None, columns: _Columns) -> list[object]:
    """The times of a column in ms; what cannot be read stays as it is written, to be told of."""
    cells = [_cell(record, place) for record in records]
    moments = [moment_ms(cell) for cell in cells]
    known = [moment for moment in moments if moment is not None]
    if known and len(known) == sum(bool(cell) for cell in cells):
        first = _first_moments(records, columns)
        return [
            None if moment is None else moment - first.get(_cell(record, columns.call), moment)
            for record, moment in zip(records, moments, strict=True)
        ]
    unit = _unit(records, columns)
    return [_ms(cell, unit) for cell in cells]


def _first_moments(records: Sequence[Record], columns: _Columns) -> dict[str, int]:
    """By call, the first moment that its column of starts has."""
    first: dict[str, int] = {}
    for record in records:
        if (moment := moment_ms(_cell(record, columns.start))) is not None:
            call_id = _cell(record, columns.call)
            first[call_id] = min(moment, first.get(call_id, moment))
    return first


def _ms(cell: str, unit: float) -> object:
    if not cell:
        return None
    if _NUMBER.fullmatch(cell):
        return round(float(cell.replace(",", ".")) * unit)
    clock = parse_clock(cell)
    return cell if clock is None else clock


def _unit(records: Sequence[Record], columns: _Columns) -> float:
    """ms that a figure counts: as the header says, else by the pace at which people would speak, from each start to its end or to the next start."""
    if columns.unit is not None:
        return columns.unit
    starts, ends = ([_figure(_cell(record, place)) for record in records] for place in (columns.start, columns.end))
    following = [*starts[1:], None]
    paces = []
    for record, start, end, later in zip(records, starts, ends, following, strict=True):
        until = end if end is not None else later
        words = "".join(text for _, text in _said_in(record, columns, None))
        if start is not None and until is not None and until > start and words:
            paces.append(len(words) / (until - start))
    pace = median(paces) if paces else 1.0
    return 1.0 if pace < _FEWEST_A_SECOND else _DAY_MS if pace > _MOST_A_SECOND else 1000.0


def _figure(cell: str) -> float | None:
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def _cell(record: Record, place: int | None) -> str:
    return record.cells[place] if place is not None and place < len(record.cells) else ""
