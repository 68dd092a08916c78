"""Bytes of a transcript or chat → dialogues: lines with role, text and the times that were written. Pure; ingest.py meets the files.

In: JSON Lines and JSON documents (json_lines.py, documents.py), WebVTT, SubRip and SubViewer (captions.py), TTML (ttml.py), tables of lines (line_tables.py),
plain dialogue text (plain.py), told apart by the ending of the name, and where it may mean several, by how the text begins. Out: one Dialogue a call (dialogue.py), with the faults of its lines located. A line
that cannot be read is a fault of its call, so that no call is scored on part of its words. docs/decisions/transcript-parsers.md says why the parsers are
our own.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from qa_pipeline.call import Role
from qa_pipeline.errors import InputRefused, TranscriptError
from qa_pipeline.recordings.captions import begins_as_captions, begins_as_sbv, sbv_lines, srt_lines, vtt_lines
from qa_pipeline.recordings.chat_texts import in_usual_layout
from qa_pipeline.recordings.delimited import by_zeros, other_encodings
from qa_pipeline.recordings.dialogue import NO_TEXT, Dialogue, Line, Parsed, Reading, checked, dialogue_of, in_order, sha256_of_text
from qa_pipeline.recordings.documents import document_dialogues, is_known_shape, is_timed_otherwise, what_it_is
from qa_pipeline.recordings.json_lines import json_dialogues, json_text, rows_of_lines, several_values
from qa_pipeline.recordings.line_tables import begins_as_lines, table_dialogues
from qa_pipeline.recordings.plain import begins_as_dialogue, plain_lines
from qa_pipeline.recordings.ttml import begins_as_ttml, ttml_lines

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
TABLE_SUFFIXES = (".csv", ".tsv")
TTML_SUFFIXES = (".ttml", ".dfxp", ".xml")
# In a folder, files of these names are nothing to us but where they hold what was said.
BY_CONTENT_SUFFIXES = (*TABLE_SUFFIXES, ".xml")
# Files of these names may be anything; what they hold decides.
OPEN_SUFFIXES = (".txt", ".json")
# A file of these may hold many calls.
MANY_SUFFIXES = (*JSON_SUFFIXES, *TABLE_SUFFIXES)
TRANSCRIPT_SUFFIXES = (".jsonl", ".ndjson", ".vtt", ".srt", ".sbv", ".ttml", ".dfxp", ".txt", ".json")

# What stands before a line and nobody sees: marks of direction, characters without width.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_UNSEEN = re.compile(r"(?m)^[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_PARSERS = {".vtt": vtt_lines, ".srt": srt_lines, ".sbv": sbv_lines, **dict.fromkeys(TTML_SUFFIXES, ttml_lines)}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def is_transcript(name: str) -> bool:
    """Whether a file of this name is read as text."""
    return name.rstrip().lower().endswith((*TRANSCRIPT_SUFFIXES, *BY_CONTENT_SUFFIXES))


def holds_lines(raw: bytes, name: str, *, encoding: str = "utf-8-sig") -> bool:
    """Whether a file whose ending says nothing holds what was said: a table of lines, or captions in XML."""
    text = _decoded(raw, encoding, Reading(path="", roles={}))
    if text is None:
        return False
    text = _universal(text)
    return begins_as_ttml(text) if name.rstrip().lower().endswith(TTML_SUFFIXES) else begins_as_lines(text)


def read_dialogue(text: str, *, path: str = "dialogue", roles: Mapping[str, Role] | None = None) -> tuple[Line, ...]:
    """Lines of a plain dialogue, as `0:03 agent: …`; times may be left out, a line without a label continues the one before.

    `roles`: further labels (labels.parse_roles). A name that says no role is a fault too: nothing here proves who it is. Raises TranscriptError with
    every fault and its line.
    """
    reading = Reading(path=path, roles=roles or {})
    text = _universal(text)
    _check_characters(text, reading)
    written = plain_lines(text, reading)
    for line in written:
        if line.label is None and not any(fault.line == line.line for fault in reading.faults):
            reading.fault(line.line, "a time without a label", "write who speaks after the time")
        elif line.label and not reading.is_known(line.label):
            reading.unknown_label(line.line, line.label)
    lines = checked(written, reading)
    if reading.faults:
        raise TranscriptError(f"{path} has {len(reading.faults)} fault{'s' * (len(reading.faults) > 1)}.", faults=in_order(reading.faults))
    return tuple(lines)


def parse_transcripts(raw: bytes, path: str, *, encoding: str = "utf-8-sig", roles: Mapping[str, Role] | None = None) -> Parsed:
    """The dialogues of one file; its name says the format. A byte order mark is believed over `encoding`.

    Whatever the bytes, faults are in the dialogues; raises InputRefused only for an encoding that does not exist.
    """
    path = path.rstrip()
    reading = Reading(path=path, roles=roles or {})
    text = _decoded(raw, encoding, reading)
    if text is None:
        return Parsed(dialogues=(_failed(hashlib.sha256(raw).hexdigest(), reading),))
    text = _universal(text)
    if not text.strip():
        reading.fault(None, "the file is empty", "export it again")
        return Parsed(dialogues=(_failed(sha256_of_text(text), reading),))
    if path.lower().endswith(JSON_SUFFIXES):
        return _json(text, reading)
    text = _with_line_ends(text)
    _check_characters(text, reading)
    ending = PurePosixPath(path).suffix.lower()
    if ending in TABLE_SUFFIXES:
        return table_dialogues(text, reading)
    if ending == ".txt" and begins_as_ttml(text):
        ending = ".ttml"
    elif ending == ".txt" and begins_as_captions(text):
        ending = ".vtt" if text.lstrip().startswith("WEBVTT") else ".sbv" if begins_as_sbv(text) else ".srt"
    if ending not in _PARSERS:
        lines = checked(plain_lines(in_usual_layout(text, reading), reading), reading)
        return Parsed(dialogues=(dialogue_of(None, text, lines, reading),), notes=+reading.notes)
    parse = _PARSERS[ending]
    lines = checked(parse(text, reading), reading)
    return Parsed(dialogues=(dialogue_of(None, text, lines, reading),), notes=+reading.notes)


def why_no_dialogue(raw: bytes, path: str, *, encoding: str = "utf-8-sig") -> str | None:
    """What a file of an open ending is instead of a transcript, in words; None where it is one, or only a full reading can tell."""
    text = _decoded(raw, encoding, Reading(path="", roles={}))
    if text is None:
        # The full reading says what is wrong.
        return None
    text = _universal(text)
    if not path.lower().endswith(JSON_SUFFIXES):
        text = _with_line_ends(text)
        is_one = begins_as_captions(text) or begins_as_ttml(text) or begins_as_dialogue(in_usual_layout(text, Reading(path="", roles={})))
        return None if is_one else "does not begin as a dialogue (`agent: …`)"
    try:
        data = json_text(text)
    except ValueError as error:
        return None if _are_json_lines(text) or several_values(text) else f"is not JSON: {error}"
    return None if is_known_shape(data) else f"is {what_it_is(data)}"


def _json(text: str, reading: Reading) -> Parsed:
    is_document = reading.path.lower().endswith(".json")
    try:
        data = json_text(text)
    except ValueError as error:
        if is_document and (several := several_values(text)):
            return _json(json.dumps(several, ensure_ascii=False), reading)
        if not is_document or _are_json_lines(text):
            rows = rows_of_lines(text, reading.path)
            data = [row for _, _, row in rows if isinstance(row, dict)]
            has_rows = any(("role" in row and not is_timed_otherwise(row)) or ("call_id" in row and "text" in row) for row in data)
            if len(data) == len(rows) and not has_rows and is_known_shape(data):
                # The entries of a list with other keys, or documents of several calls, one a line.
                return document_dialogues(data, text, reading)
            return json_dialogues(text, rows, reading)
        reading.fault(None, f"not JSON: {error}", "export it again; a document that ends too early broke off")
        return Parsed(dialogues=(_failed(sha256_of_text(text), reading),))
    is_row = isinstance(data, dict) and "role" in data and "text" in data
    if not is_row and (is_document or is_known_shape(data)):
        return document_dialogues(data, text, reading)
    rows = rows_of_lines(text if "\n" not in text.strip() or not is_row else " ".join(text.split("\n")), reading.path)
    return json_dialogues(text, rows, reading)


def _are_json_lines(text: str) -> bool:
    """Whether every line is an object of its own, and there are several."""
    rows = rows_of_lines(text, "")
    return len(rows) > 1 and all(isinstance(data, dict) for _, _, data in rows)


def _check_characters(text: str, reading: Reading) -> None:
    if match := NO_TEXT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        reading.fault(line, f"character {ord(match.group()):#06x}, which is no text", "export it again, or name its encoding by --encoding")


def _decoded(raw: bytes, encoding: str, reading: Reading) -> str | None:
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None) or by_zeros(raw) or encoding
    try:
        return raw.decode(marked)
    except LookupError as error:
        raise InputRefused(f"No encoding is called {encoding!r}.", advice="Try utf-8, utf-16, gb18030, cp1250 or cp1252.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        known = marked.removesuffix("-sig")
        reading.fault(line, f"not {known} text", other_encodings(raw, error.start, known, quotes=False))
        return None


def _universal(text: str) -> str:
    return _UNSEEN.sub("", text).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _with_line_ends(text: str) -> str:
    """Plain text with the line ends that few writers use as those that all do, and without what old programs leave behind its end."""
    return _LINE_ENDS.sub("\n", text).rstrip("\0\x1a")


def _failed(sha256: str, reading: Reading) -> Dialogue:
    return Dialogue(call_id=None, sha256=sha256, lines=(), faults=in_order(reading.faults))
