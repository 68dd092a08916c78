"""JSON of recognisers that list single words → stretches of speech: Rev.ai, Speechmatics, IBM Watson, ElevenLabs, Vosk, NeMo; and Gladia, which does not.

As in recogniser_json.py: a function a shape, None for a document of another. Sources: docs/input.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from qa_pipeline.recordings.said import Document, Malformed, Said, in_time, inside, ms_of, numbered, objects, stretches, text_of


def rev_ai(data: Document) -> list[Said] | None:
    """`monologues` of Rev.ai: a voice by number, and elements of text and punctuation; seconds."""
    if not isinstance(data.get("monologues"), list):
        return None
    made = []
    for number, monologue in enumerate(objects(data["monologues"], "monologues"), 1):
        elements = objects(monologue.get("elements"), f"elements of monologue {number}")
        times = [(ms_of(one.get("ts")), ms_of(one.get("end_ts"))) for one in elements if one.get("ts") is not None]
        start, end = (times[0][0], times[-1][1]) if times else (None, None)
        text = "".join(_raw_text(one.get("value"), f"monologue {number}") for one in elements)
        made.append(Said(label=numbered("Speaker", monologue.get("speaker")), start_ms=start, end_ms=end, text=" ".join(text.split())))
    return in_time(made)


def speechmatics(data: Document) -> list[Said] | None:
    """`results` of Speechmatics: words and punctuation with their voice, or their channel; seconds."""
    results = data.get("results")
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) and "type" in one for one in results):
        return None
    if not any(one.get("type") in ("word", "punctuation") for one in results):
        return None
    has_channels = len({one.get("channel") for one in results}) > 1
    made: dict[str | None, list[Said]] = {}
    for item in (one for one in results if one.get("type") in ("word", "punctuation", "entity")):
        best = _best(item)
        channel = numbered("Channel", item.get("channel")) if has_channels else None
        # Punctuation goes with the word before it, whatever voice it is given.
        voice = None if item.get("type") == "punctuation" else numbered("Speaker", _voice(best.get("speaker")))
        said = _word(item, channel if has_channels else voice, best.get("content"), "start_time", "end_time")
        made.setdefault(channel, []).append(said)
    return in_time([said for own in made.values() for said in stretches(own)])


def watson(data: Document) -> list[Said] | None:
    """`results` of IBM Watson with `timestamps` of words, and `speaker_labels` by the time at which a word begins; seconds."""
    results = data.get("results")
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) for one in results):
        return None
    best = [_best(one) for one in results if "alternatives" in one]
    if not any(isinstance(one.get("timestamps"), list) for one in best):
        return None
    voices = {ms_of(one.get("from")): one.get("speaker") for one in objects(data.get("speaker_labels"), "speaker_labels")}
    words = []
    for entry in (entry for one in best for entry in one.get("timestamps") or ()):
        if not isinstance(entry, list) or len(entry) < 3:
            raise Malformed("a timestamp is no word with two times")
        start = ms_of(entry[1])
        words.append(
            Said(label=numbered("Speaker", voices.get(start)), start_ms=start, end_ms=ms_of(entry[2]), text=text_of(entry[0], "a word"))
        )
    if any(word.label for word in words):
        return [said for _, own in groupby(words, key=lambda word: word.label) for said in stretches(own)]
    return [_as_written(one) for one in best]


def eleven_labs(data: Document) -> list[Said] | None:
    """`words` of ElevenLabs Scribe: words, spaces and sounds with `speaker_id`; seconds."""
    words = data.get("words")
    if not isinstance(words, list) or not words or not all(isinstance(one, dict) and "type" in one and "text" in one for one in words):
        return None
    return stretches(
        _word(one, numbered("Speaker", one.get("speaker_id")), one["text"], "start", "end") for one in words if one["type"] == "word"
    )


def vosk(data: Document) -> list[Said] | None:
    """`result` of Vosk: words with seconds, no voices."""
    words = data.get("result")
    if not isinstance(words, list) or not words or not all(isinstance(one, dict) and "word" in one and "start" in one for one in words):
        return None
    return stretches(_word(one, None, one["word"], "start", "end") for one in words)


def nemo(data: Document) -> list[Said] | None:
    """`words` of NVIDIA NeMo with the voice that its diarization found; seconds."""
    words = data.get("words")
    if not isinstance(words, list) or not words or not all(isinstance(one, dict) and {"word", "start_time"} <= one.keys() for one in words):
        return None
    return stretches(_word(one, numbered("Speaker", one.get("speaker")), one["word"], "start_time", "end_time") for one in words)


def gladia(data: Document) -> list[Said] | None:
    """`utterances` inside `transcription` of Gladia, also inside `result`; seconds, voices and channels by number."""
    utterances = inside((inside(data.get("result")) or data).get("transcription")).get("utterances")
    if not isinstance(utterances, list):
        return None
    entries = objects(utterances, "utterances")
    channels = {one.get("channel") for one in entries}
    made = []
    for number, one in enumerate(entries, 1):
        label = numbered("Channel", one.get("channel")) if len(channels) > 1 else numbered("Speaker", one.get("speaker"))
        made.append(_word(one, label, one.get("text"), "start", "end", what=f"utterance {number}"))
    return in_time(made)


def _best(entry: Document) -> Document:
    """The first of the alternatives of a result."""
    alternatives = objects(entry.get("alternatives"), "alternatives")
    return alternatives[0] if alternatives else {}


def _word(entry: Document, label: str | None, text: object, start: str, end: str, *, what: str = "a word") -> Said:
    begins = ms_of(entry.get(start))
    return Said(label=label, start_ms=begins, end_ms=ms_of(entry.get(end)) if begins is not None else None, text=text_of(text, what))


def _voice(value: object) -> object:
    """Speechmatics writes S1, S2, and UU for a voice that is not known."""
    if not isinstance(value, str) or value == "UU":
        return None
    return value[1:] if value[:1] == "S" and value[1:].isdigit() else value


def _raw_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"no text in {what}")
    return value


def _as_written(best: Document) -> Said:
    times: Sequence[Any] = best.get("timestamps") or []
    start, end = (ms_of(times[0][1]), ms_of(times[-1][2])) if times else (None, None)
    return Said(label=None, start_ms=start, end_ms=end, text=text_of(best.get("transcript", ""), "a result"))
