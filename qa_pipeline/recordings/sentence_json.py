"""JSON of recognisers that give whole sentences by channel, or words inside text inside lists: Alibaba's Paraformer and Tingwu, iFlytek,
Vonage.

As in recogniser_json.py: a function a shape, None for a document of another. Sources: docs/input.md.
"""

from __future__ import annotations

import json

from qa_pipeline.recordings.said import Document, Malformed, Said, in_time, inside, ms_of, numbered, objects, text_of


def paraformer(data: Document) -> list[Said] | None:
    """`transcripts` of Paraformer and Fun-ASR: `sentences` in ms by channel, with a `speaker_id` where voices were told apart."""
    channels = data.get("transcripts")
    if not isinstance(channels, list) or not any(isinstance(one, dict) and isinstance(one.get("sentences"), list) for one in channels):
        return None
    made = []
    for channel in objects(channels, "transcripts"):
        own = numbered("Channel", channel.get("channel_id")) if len(channels) > 1 else None
        for number, sentence in enumerate(objects(channel.get("sentences"), "sentences"), 1):
            start, end = (ms_of(sentence.get(key), unit=1) for key in ("begin_time", "end_time"))
            label = own or numbered("Speaker", sentence.get("speaker_id"))
            made.append(Said(label=label, start_ms=start, end_ms=end, text=text_of(sentence.get("text"), f"sentence {number}")))
    return in_time(made)


def iflytek(data: Document) -> list[Said] | None:
    """`lattice` of iFlytek, also as text in `orderResult`: words of the best reading (`json_1best`) in ms, by the number of a role (`rl`; 0: not told)."""
    if isinstance(data.get("orderResult"), str):
        data = inside(_from_text(data["orderResult"], "orderResult"))
    entries = data.get("lattice")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "json_1best" in entry for entry in entries):
        return None
    made = []
    for number, entry in enumerate(entries, 1):
        best = entry["json_1best"]
        sentence = inside(inside(_from_text(best, f"stretch {number}") if isinstance(best, str) else best).get("st"))
        words = [
            text_of(next(iter(objects(word.get("cw"), "cw")), {}).get("w"), f"stretch {number}")
            for part in objects(sentence.get("rt"), "rt")
            for word in objects(part.get("ws"), "ws")
        ]
        start, end = (ms_of(sentence.get(key), unit=1) for key in ("bg", "ed"))
        role = sentence.get("rl")
        made.append(
            Said(label=None if role in (None, "0", 0) else numbered("Speaker", role), start_ms=start, end_ms=end, text=_run_on(words))
        )
    return in_time(made)


def vonage(data: Document) -> list[Said] | None:
    """`channels` of Vonage, each with a `transcript` of sentences: a start and a duration in ms."""
    channels = data.get("channels")
    if not isinstance(channels, list) or not any(isinstance(one, dict) and isinstance(one.get("transcript"), list) for one in channels):
        return None
    made = []
    for channel, own in enumerate(objects(channels, "channels")):
        for number, sentence in enumerate(objects(own.get("transcript"), "transcript"), 1):
            start, length = (ms_of(sentence.get(key), unit=1) for key in ("start", "duration"))
            text = text_of(sentence.get("sentence") or sentence.get("raw_sentence"), f"sentence {number}")
            end = start + length if start is not None and length is not None else None
            made.append(Said(label=numbered("Channel", channel), start_ms=start, end_ms=end, text=text))
    return in_time(made)


def _from_text(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON in {what}") from error


def _run_on(words: list[str]) -> str:
    """Words written one after the other, with a blank where two of letters or figures meet."""
    text = ""
    for word in words:
        meets = text[-1:].isascii() and text[-1:].isalnum() and word[:1].isascii() and word[:1].isalnum()
        text += f" {word}" if meets else word
    return text
