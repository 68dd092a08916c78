"""JSON documents → dialogues: which of the known shapes a document has, or what it is instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qa_pipeline.recordings import platform_json, recogniser_json
from qa_pipeline.recordings.dialogue import NO_TEXT, Line, Parsed, Reading, checked, dialogue_of
from qa_pipeline.recordings.json_lines import json_dialogues, rows_of_list
from qa_pipeline.recordings.labels import LONGEST_LABEL
from qa_pipeline.recordings.said import Malformed, Said

_KEYS_SHOWN = 5
_LONGEST_KEY = 40

# Each of a document of one call; the first that knows it reads it.
SHAPES: Mapping[str, Callable[[Mapping[str, Any]], list[Said] | None]] = {
    "Amazon Call Analytics and Contact Lens": platform_json.amazon_analytics,
    "Genesys Cloud": platform_json.genesys,
    "Amazon Transcribe": recogniser_json.amazon_transcribe,
    "Deepgram": recogniser_json.deepgram,
    "Google Speech-to-Text": recogniser_json.google,
    "Azure Speech": recogniser_json.azure,
    "AssemblyAI": recogniser_json.assembly_ai,
    "whisper.cpp": recogniser_json.whisper_cpp,
    "Whisper, faster-whisper and WhisperX": recogniser_json.whisper,
    "insanely-fast-whisper": recogniser_json.chunks,
    "lists of messages": platform_json.messages,
}


def document_dialogues(data: object, text: str, reading: Reading) -> Parsed:
    """The dialogues of a JSON document; with a fault that names what it is where its shape is not known."""
    if isinstance(data, list) and _are_rows(data):
        return json_dialogues(text, rows_of_list(data, reading.path), reading)
    lines: list[Line] = []
    try:
        said = _said(data)
    except Malformed as error:
        reading.fault(None, f"{error}, which a document of this shape has", "export it again")
    else:
        if said is None:
            reading.fault(None, f"JSON that is no transcript of a known shape: {what_it_is(data)}", _advice())
        else:
            lines = checked([_line(number, one, reading) for number, one in enumerate(said, 1)], reading)
    return Parsed(dialogues=(dialogue_of(None, text, lines, reading),), notes=+reading.notes)


def is_known_shape(data: object) -> bool:
    """Whether a JSON document is a transcript."""
    try:
        return (isinstance(data, list) and _are_rows(data)) or _said(data) is not None
    except Malformed:
        return True


def what_it_is(data: object) -> str:
    """A JSON document of no known shape, in words."""
    if isinstance(data, list):
        first = f"; its first is {_object(data[0])}" if data and isinstance(data[0], dict) else ""
        return f"a list of {len(data)}{first}" if data else "an empty list"
    return _object(data) if isinstance(data, dict) else "a text" if isinstance(data, str) else "a single value"


def _said(data: object) -> list[Said] | None:
    if isinstance(data, list):
        if len(data) == 1 and isinstance(data[0], dict) and (inner := _said(data[0])) is not None:
            return inner
        found = platform_json.messages(data)
        return found if found is not None or not data else recogniser_json.whisper({"segments": data})
    if not isinstance(data, dict):
        return None
    return next((said for read in SHAPES.values() if (said := read(data)) is not None), None)


def _are_rows(data: list[Any]) -> bool:
    """Whether a list holds what lines of JSON Lines hold."""
    return bool(data) and all(isinstance(entry, dict) and "role" in entry and "text" in entry for entry in data)


def _line(number: int, said: Said, reading: Reading) -> Line:
    label = said.label
    if NO_TEXT.search(said.text) or (label and (NO_TEXT.search(label) or len(label) > LONGEST_LABEL)):
        reading.fault(number, "a character that is none, or a name too long", "export it again")
        label = None
    return Line(line=number, role=reading.role(label), label=label, start_ms=said.start_ms, end_ms=said.end_ms, text=said.text)


def _object(data: Mapping[str, Any]) -> str:
    names = [key if key.isprintable() and len(key) < _LONGEST_KEY else "…" for key in data]
    shown = ", ".join(names[:_KEYS_SHOWN]) + (" …" if len(names) > _KEYS_SHOWN else "")
    return f"an object with the keys {shown}" if names else "an empty object"


def _advice() -> str:
    return f'known shapes: {"; ".join(SHAPES)}; or write JSON Lines, {{"role": …, "text": …}} a line'
