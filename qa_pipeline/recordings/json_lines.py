"""JSON Lines → dialogues: one line of speech an object, one call or many by their `call_id`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from qa_pipeline.errors import Fault
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import NO_TEXT, Dialogue, Line, Parsed, Reading, checked, dialogue_of, in_order, sha256_of_text
from qa_pipeline.recordings.labels import LONGEST_LABEL

_LONGEST_CALL_ID = 128
_KEYS = ("call_id", "role", "start_ms", "end_ms", "start", "end", "text")

# A row: its number, its text, and its object or why it is none.
Row = tuple[int, str, dict[str, Any] | Fault]


@dataclass(slots=True)
class _Call:
    reading: Reading
    lines: list[Line] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)


def rows_of_lines(text: str, path: str) -> list[Row]:
    """One object a line."""
    return [(number, line, _object(number, line, path)) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def rows_of_list(data: Sequence[object], path: str) -> list[Row]:
    """The same objects in one list; their number is their place in it."""
    return [(number, json.dumps(entry, ensure_ascii=False), _as_row(number, entry, path)) for number, entry in enumerate(data, 1)]


def json_dialogues(text: str, rows: Sequence[Row], reading: Reading) -> Parsed:
    """Calls by their `call_id`; without one in any line, the file is one call.

    A line that cannot be read belongs to the call whose id can be made out in it, else to the call before or after it when each call's lines stand
    together, else to any of the file: whichever it may belong to is not scored without it.
    """
    has_ids = any(isinstance(data, dict) and data.get("call_id") not in (None, "") for _, _, data in rows)
    calls: dict[str | None, _Call] = {}
    sequence: list[str | None] = []  # call ids, line by line
    unreadable: list[tuple[int, str, Fault]] = []
    strange: set[str] = set()
    for number, line, data in rows:
        if isinstance(data, Fault):
            unreadable.append((len(sequence), line, data))
            continue
        call_id = _call_id(number, data, reading.path) if has_ids else None
        if isinstance(call_id, Fault):
            unreadable.append((len(sequence), line, call_id))
            continue
        strange |= {key if key.isprintable() and len(key) < 40 else "…" for key in data if key not in _KEYS}
        call = calls.setdefault(call_id, _Call(reading=_alike(reading)))
        sequence.append(call_id)
        call.raw.append(line)
        call.lines.append(_line(number, data, call.reading))
    if not calls:
        faults = in_order([fault for _, _, fault in unreadable])
        return Parsed(dialogues=(Dialogue(call_id=None, sha256=sha256_of_text(text), lines=(), faults=faults),))
    stands_together = sum(1 for _ in groupby(sequence)) == len(calls)
    near = list(calls)
    for place, line, fault in unreadable:
        if has_ids and (named := _id_made_out(line)):
            owner = calls.setdefault(named, _Call(reading=_alike(reading)))
            owner.raw.append(line)
            owner.reading.faults.append(fault)
            continue
        for call_id in dict.fromkeys(sequence[max(0, place - 1) : place + 1]) if stands_together else near:
            calls[call_id].reading.faults.append(fault)
    name = PurePosixPath(reading.path).name
    dialogues = tuple(
        dialogue_of(call_id, text if call_id is None else "\n".join(call.raw), checked(call.lines, call.reading), call.reading)
        for call_id, call in calls.items()
    )
    for call in calls.values():
        reading.notes.update(call.reading.notes)
    warnings = (f"{name}: the keys {', '.join(sorted(strange)[:8])} are not read.",) if strange else ()
    return Parsed(dialogues=dialogues, warnings=warnings, notes=+reading.notes)


def json_text(line: str) -> object:
    """The value of some JSON text. Raises ValueError with the reason, in words, when it is none."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    except ValueError as error:
        raise ValueError("a number too long") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def several_values(text: str) -> list[object]:
    """Objects that stand one behind the other, over any lines; empty where there are not several, or anything else is among them."""
    decoder, found, place = json.JSONDecoder(), list[object](), 0
    try:
        while place < len(text):
            if text[place].isspace():
                place += 1
                continue
            value, place = decoder.raw_decode(text, place)
            if not isinstance(value, dict):
                return []
            found.append(value)
    except (ValueError, RecursionError):
        return []
    return found if len(found) > 1 else []


def _alike(reading: Reading) -> Reading:
    return Reading(path=reading.path, roles=reading.roles)


def _object(number: int, line: str, path: str) -> dict[str, Any] | Fault:
    try:
        # A list that was cut at its brackets has commas at the ends of lines.
        data = json_text(line.strip().removesuffix(","))
    except ValueError as error:
        return Fault(
            path=path, line=number, message=f"not JSON: {error}",
            advice="write one whole object a line; a broken last line means that the export broke off",
        )  # fmt: skip
    return _as_row(number, data, path)


def _as_row(number: int, data: object, path: str) -> dict[str, Any] | Fault:
    if isinstance(data, dict):
        # Role and Text, as programs write them that begin names with a capital.
        known = {key: key.lower() for key in data if key.lower() in _KEYS and key.lower() not in data}
        return {known.get(key) or key: value for key, value in data.items()}
    return Fault(path=path, line=number, message="not an object", advice='write {"call_id": …, "role": …, "text": …}')


def _call_id(number: int, data: Mapping[str, Any], path: str) -> str | Fault:
    value = data.get("call_id")
    call_id = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(call_id, str) and is_call_id(call_id):
        return call_id
    if value in (None, ""):
        return Fault(path=path, line=number, message="no call_id, though other lines have one", advice="name the call in every line")
    advice = f"wanted: printable text of at most {_LONGEST_CALL_ID} characters"
    return Fault(path=path, line=number, message="call_id is no name", advice=advice)


def is_call_id(text: str) -> bool:
    """Whether a text can name a call."""
    return bool(text.strip(". ")) and len(text) <= _LONGEST_CALL_ID and text.isprintable()


def _id_made_out(line: str) -> str | None:
    """The call_id in a line that is not JSON, as one that broke off."""
    match = re.search(r'"call_id"\s*:\s*"([^"\\]+)"', line)
    return match[1] if match and is_call_id(match[1]) else None


def _line(number: int, data: Mapping[str, Any], reading: Reading) -> Line:
    label, text = data.get("role"), data.get("text")
    if isinstance(label, int) and not isinstance(label, bool):
        # Voices by number.
        label = str(label)
    if not isinstance(label, str) or not label.strip():
        reading.fault(number, "no role", "write agent, customer, other or unknown")
        label = None
    elif NO_TEXT.search(label) or len(label) > LONGEST_LABEL:
        reading.fault(number, "the role is no label", "write agent, customer, other or unknown")
        label = None
    if not isinstance(text, str):
        reading.fault(number, "no text", "write what was said, or leave the line out")
        text = "-"
    elif NO_TEXT.search(text):
        reading.fault(number, "the text holds a character that is none", "export it again")
        text = "-"
    start, end = (_time(number, name, data, reading) for name in ("start", "end"))
    label = label.strip() if label else None
    return Line(line=number, role=reading.role(label), label=label, start_ms=start, end_ms=end, text=text.strip())


def _time(number: int, name: str, data: Mapping[str, Any], reading: Reading) -> int | None:
    """`start_ms` or `end_ms`; where there is none, `start` or `end` in seconds."""
    in_ms = f"{name}_ms"
    if data.get(in_ms) is not None or name not in data:
        return _ms(number, in_ms, data.get(in_ms), reading)
    return _ms(number, name, data[name], reading, unit=1000)


def _ms(number: int, name: str, value: object, reading: Reading, *, unit: int = 1) -> int | None:
    """Milliseconds as numbers, with a fraction or in quotes, or as `0:05.2`. `unit`: ms that a number counts."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    figure: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        figure = value * unit
    elif isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(\.\d*)?\s*", value):
        figure = float(value) * unit
    elif isinstance(value, str):
        figure = parse_clock(value)
    if figure is None or (isinstance(figure, float) and not math.isfinite(figure)):
        reading.fault(number, f"{name} is no number", "write milliseconds from the start of the call, or leave it out")
        return None
    return round(figure)
