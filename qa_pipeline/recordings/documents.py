"""JSON documents → dialogues: which of the known shapes a document has, or what it is instead."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from qa_pipeline.recordings import platform_json, recogniser_json, sentence_json, word_json
from qa_pipeline.recordings.dialogue import NO_TEXT, Dialogue, Line, Note, Parsed, Reading, checked, dialogue_of, sha256_of_text
from qa_pipeline.recordings.json_lines import is_call_id, json_dialogues, rows_of_list
from qa_pipeline.recordings.labels import LONGEST_LABEL
from qa_pipeline.recordings.said import Malformed, Said

_KEYS_SHOWN = 5
_LONGEST_KEY = 40
# Recognisers begin a first word a little before the sound.
_EARLY_MS = 500
_TIMES = ("start", "start_time", "timestamp")
_WRAPPERS = (
    "data", "result", "results", "response", "resp", "output", "body", "payload", "transcript", "transcription", "content", "Data", "Result", "Response",
    "conversation", "conversations", "conversation_parts", "threads", "artifact", "analysisInput",
)  # fmt: skip
# Keys that name the call of a document, where a file holds several.
_IDS = ("call_id", "callId", "id", "transcript_id", "conversationId", "conversation_id", "jobName", "job_id", "uuid", "request_id")

# Each of a document of one call; the first that knows it reads it.
SHAPES: Mapping[str, Callable[[Mapping[str, Any]], list[Said] | None]] = {
    "Amazon Call Analytics and Contact Lens": platform_json.amazon_analytics,
    "Genesys Cloud": platform_json.genesys,
    "Gong": platform_json.gong,
    "Amazon Transcribe": recogniser_json.amazon_transcribe,
    "Deepgram": recogniser_json.deepgram,
    "Rev.ai": word_json.rev_ai,
    "Speechmatics": word_json.speechmatics,
    "IBM Watson": word_json.watson,
    "Gladia": word_json.gladia,
    "ElevenLabs": word_json.eleven_labs,
    "Google Speech-to-Text": recogniser_json.google,
    "Azure Speech": recogniser_json.azure,
    "AssemblyAI": recogniser_json.assembly_ai,
    "whisper.cpp": recogniser_json.whisper_cpp,
    "Whisper, faster-whisper and WhisperX": recogniser_json.whisper,
    "insanely-fast-whisper": recogniser_json.chunks,
    "Vosk": word_json.vosk,
    "NeMo": word_json.nemo,
    "Alibaba Paraformer and Tingwu": sentence_json.paraformer,
    "iFlytek": sentence_json.iflytek,
    "Vonage": sentence_json.vonage,
    "lists of messages": platform_json.messages,
}


def document_dialogues(data: object, text: str, reading: Reading) -> Parsed:
    """The dialogues of a JSON document; with a fault that names what it is where its shape is not known."""
    if isinstance(data, list) and _are_rows(data):
        return json_dialogues(text, rows_of_list(data, reading.path), reading)
    if several := _several(data, reading.path):
        notes: Counter[Note] = Counter()
        dialogues = []
        for call_id, document in several.items():
            alone = Reading(path=reading.path, roles=reading.roles)
            dialogues.append(_dialogue(call_id, document, json.dumps(document, ensure_ascii=False, sort_keys=True), alone))
            notes.update(alone.notes)
        return Parsed(dialogues=tuple(dialogues), notes=+notes)
    return Parsed(dialogues=(_dialogue(None, data, text, reading),), notes=+reading.notes)


def is_known_shape(data: object) -> bool:
    """Whether a JSON document is a transcript, or several are."""
    try:
        return (isinstance(data, list) and _are_rows(data)) or bool(_several(data, "")) or _said(data) is not None
    except Malformed:
        return True


def _dialogue(call_id: str | None, data: object, text: str, reading: Reading) -> Dialogue:
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
    return dialogue_of(call_id, text, lines, reading)


def _several(data: object, path: str) -> dict[str, object]:
    """Documents of several calls by their ids: a list of documents, several calls of Gong, or Google's batch of several files; empty where it is none."""
    if isinstance(data, list):
        if len(data) < 2 or not all(isinstance(one, dict) and _is_document(one) for one in data):
            return {}
        key = next((key for key in _IDS if len({_id_of(one, key) for one in data} - {None}) == len(data)), None)
        return {(_id_of(one, key) if key else None) or _made_id(path, number, one): one for number, one in enumerate(data, 1)}
    calls = data.get(platform_json.GONG_CALLS) if isinstance(data, dict) else None
    if isinstance(calls, list) and len(calls) > 1 and all(isinstance(one, dict) for one in calls):
        return _several([{**one, platform_json.GONG_CALLS: [one]} for one in calls], path)
    results = data.get("results") if isinstance(data, dict) else None
    if (
        not isinstance(results, dict)
        or len(results) < 2
        or not all("://" in name and isinstance(one, dict) for name, one in results.items())
    ):
        return {}
    stems = {name: PurePosixPath(name).stem for name in results}
    are_apart = len(set(stems.values())) == len(stems)
    return {stems[name] if are_apart else name.partition("://")[2]: {"results": {name: one}} for name, one in results.items()}


def _is_document(data: Mapping[str, Any]) -> bool:
    """Whether an object is a whole transcript by itself, and no entry of one."""
    try:
        return any(read(data) is not None for read in SHAPES.values())
    except Malformed:
        return True


def _made_id(path: str, number: int, document: object) -> str:
    """A call id for a document that names none: of its file and place, and of what it holds, since exports of many days have one name."""
    digest = sha256_of_text(json.dumps(document, ensure_ascii=False, sort_keys=True))
    return f"{PurePosixPath(path).stem[:_LONGEST_KEY]}-{number}-{digest[:6]}"


def _id_of(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and is_call_id(text) else None


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
    found = next((said for read in SHAPES.values() if (said := read(data)) is not None), None)
    if found is None:
        # As interfaces answer: the document lies inside another.
        wrapped = [document for key in _WRAPPERS if isinstance(document := _alone(data.get(key)), dict)]
        found = next((said for document in wrapped if (said := _said(document)) is not None), None)
    return found


def _alone(value: object) -> object:
    """What stands in a list by itself; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _are_rows(data: list[Any]) -> bool:
    """Whether a list holds what lines of JSON Lines hold, with times in ms or none."""
    if not data or not all(isinstance(entry, dict) and "role" in entry and "text" in entry for entry in data):
        return False
    has_ids, has_ms = (any(key in entry for entry in data) for key in ("call_id", "start_ms"))
    return has_ids or has_ms or not any(key in entry for entry in data for key in _TIMES)


def is_timed_otherwise(row: Mapping[str, Any]) -> bool:
    """Whether a row of JSON Lines has its times under keys that count seconds, or moments of the day."""
    return "start_ms" not in row and any(key in row for key in _TIMES)


def _line(number: int, said: Said, reading: Reading) -> Line:
    label = said.label
    if NO_TEXT.search(said.text) or (label and (NO_TEXT.search(label) or len(label) > LONGEST_LABEL)):
        reading.fault(number, "a character that is none, or a name too long", "export it again")
        label = None
    start = 0 if said.start_ms is not None and -_EARLY_MS <= said.start_ms < 0 else said.start_ms
    return Line(line=number, role=reading.role(label), label=label, start_ms=start, end_ms=said.end_ms, text=said.text)


def _object(data: Mapping[str, Any]) -> str:
    names = [key if key.isprintable() and len(key) < _LONGEST_KEY else "…" for key in data]
    shown = ", ".join(names[:_KEYS_SHOWN]) + (" …" if len(names) > _KEYS_SHOWN else "")
    return f"an object with the keys {shown}" if names else "an empty object"


def _advice() -> str:
    return f'known shapes: {"; ".join(SHAPES)}; or write JSON Lines, {{"role": …, "text": …}} a line'
