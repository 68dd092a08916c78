"""JSON of contact centres → stretches of speech: Amazon's Call Analytics and Contact Lens, Genesys, Gong, and lists of messages with plain keys.

As in recogniser_json.py: a function a shape, None for a document of another. Sources: docs/input.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from qa_pipeline.recordings.said import Document, Malformed, Said, in_time, ms_of, numbered, objects, text_of

# Where Gong puts its calls.
GONG_CALLS = "callTranscripts"
_MOST = 1e18
_A_WEEK_MS = 7 * 24 * 3_600_000
# Slower than this nobody speaks: then the figures are not seconds. Chosen; speech is 5 to 25 characters a second.
_FEWEST_CHARACTERS_A_SECOND = 0.5
_LISTS = (
    "segments",
    "conversational_transcript",
    "transcriptUtterances",
    "transcriptSegments",
    "conversationEntries",
    "conversationItems",
    "messageList",
    "history",
    "utterances",
    "transcript",
    "transcript_object",
    "transcripts",
    "messages",
    "turns",
    "dialogue",
    "conversation",
    "entries",
    "lines",
    "sentences",
    "sentence_info",
    "resultDetail",
    "timeline",
    "comments",
    "conversation_parts",
    "events",
    "result",
    "data",
)
_TEXTS = (
    "text",
    "msg",
    "messageText",
    "message_parts",
    "snippet",
    "phrase",
    "content",
    "transcript",
    "message",
    "utterance",
    "body",
    "sentence",
    "finalSentence",
    "onebest",
    "textBody",
    "res",
)
_LABELS = (
    "role", "sender_type", "speaker_type", "actor_type", "segmentParticipant", "participantType", "participant_type", "speaker", "speaker_label", "speakerLabel", "speaker_name", "speakerName", "participant", "participantRole", "party", "sender",
    "sender_name", "creator", "displayName", "author", "from", "name", "label", "speakerId", "speaker_id", "spk", "roleCategory", "additions", "users", "user", "author_id", "channel", "channelId", "channel_id",
    "channelTag", "media_channel", "participantId", "direction",
)  # fmt: skip
_LONGEST_NUMBER = 9
_PROMPTS = frozenset(("system", "developer", "tool", "function"))
# Kinds of entries in which somebody says something.
_KINDS_SAID = frozenset(("transcript", "message", "msg", "chat.msg", "text", "Message"))
# Where a platform keeps the offset of a stretch in ticks of 100 ns (Azure).
_TIMING = "conversationItemLevelTiming"
_TICKS_A_MS = 10_000
_OF_WORDS = (("start", "end"), ("startOffset", "endOffset"))
_NAMES = ("role", "name", "n", "nickname", "type", "displayName", "display_name", "username", "speaker", "channel_id")
# Of a message in writing: who it comes from.
_SENDERS = {"inbound": "customer", "outbound": "agent"}
_STARTS_MS = (
    "start_ms",
    "startMs",
    "start_time_ms",
    "startTimeMs",
    "startTimeMillis",
    "begin_ms",
    "offset_ms",
    "offsetMs",
    "beginOffsetMillis",
    "bg",
)
_ENDS_MS = ("end_ms", "endMs", "end_time_ms", "endTimeMs", "endTimeMillis", "endOffsetMillis", "ed")
_STARTS = (
    "secondsFromStart",
    "start",
    "start_time",
    "startTime",
    "begin",
    "begin_time",
    "beginTime",
    "startOffset",
    "timeOffset",
    "snippet_timestamp",
    "time_in_call_secs",
    "offset",
)
# Of these, only what counts from the start of the call; the time of day is none.
_STAMPS = ("timestamp", "time", "ts")
# Moments of the day, counted from the first.
_MOMENTS = (
    "created_at", "createdAt", "created_time", "created_date", "sent_at", "sentAt", "date", "datetime", "timestamp_ms", "clientTimestamp", "startTimestampUsec",
    "originalarrivaltime",
)  # fmt: skip
_ENDS = ("end", "end_time", "endTime", "endOffset", "end_ts", "stop")
# Seconds, ms and µs since 1970 of the years in which chats were kept.
_EPOCHS = ((1.0e9, 4.1e9, 1000.0), (1.0e12, 4.1e12, 1.0), (1.0e15, 4.1e15, 1e-3))


def amazon_analytics(data: Document) -> list[Said] | None:
    """`Transcript` of Amazon's Call Analytics and of Contact Lens: roles by participant, ms; of chats the time of day."""
    if not isinstance(data.get("Transcript"), list):
        return None
    if "Participants" not in data and not any(
        isinstance(one, dict) and {"Content", "ParticipantRole", "ParticipantId"} & one.keys() for one in data["Transcript"]
    ):
        return None
    participants = objects(data.get("Participants"), "Participants")
    role_of = {str(one["ParticipantId"]): one.get("ParticipantRole") for one in participants if "ParticipantId" in one}
    entries = objects(data["Transcript"], "Transcript")
    moments = [_moment(one.get("AbsoluteTime")) for one in entries]
    first = min((moment for moment in moments if moment is not None), default=0)
    made = []
    for number, (entry, moment) in enumerate(zip(entries, moments, strict=True), 1):
        if entry.get("Type", "MESSAGE") != "MESSAGE":
            # Who came and went in a chat.
            continue
        name = entry.get("ParticipantRole") or role_of.get(str(entry.get("ParticipantId"))) or entry.get("ParticipantId")
        start = ms_of(entry.get("BeginOffsetMillis"), unit=1)
        end = ms_of(entry.get("EndOffsetMillis"), unit=1)
        if start is None:
            start, end = (moment - first if moment is not None else None), None
        content = text_of(entry.get("Content"), f"turn {number}")
        made.append(Said(label=numbered("Speaker", name), start_ms=start, end_ms=end, text=content))
    return in_time(made)


def genesys(data: Document) -> list[Said] | None:
    """`transcripts` of Genesys Cloud: `phrases` by purpose of the participant, from the start of the call or in ms of the time of day."""
    transcripts = data.get("transcripts")
    if not isinstance(transcripts, list) or not any(isinstance(one, dict) and isinstance(one.get("phrases"), list) for one in transcripts):
        return None
    made = []
    for transcript in objects(transcripts, "transcripts"):
        for number, phrase in enumerate(objects(transcript.get("phrases"), "phrases"), 1):
            start = ms_of(phrase.get("startTimeMs"), unit=1)
            length = phrase.get("duration", phrase.get("durationMs"))
            length_ms = ms_of(length.get("milliseconds") if isinstance(length, Mapping) else length, unit=1)
            end = start + length_ms if start is not None and length_ms is not None else None
            text = text_of(phrase.get("decoratedText") or phrase.get("text"), f"phrase {number}")
            made.append(Said(label=numbered("Channel", phrase.get("participantPurpose")), start_ms=start, end_ms=end, text=text))
    return in_time(_from_start(made, data))


def gong(data: Document) -> list[Said] | None:
    """`callTranscripts` of Gong's API with one call: `sentences` in ms by the id of who speaks."""
    calls = data.get(GONG_CALLS)
    if not isinstance(calls, list) or len(calls) != 1:
        return None
    made = []
    for number, turn in enumerate(objects(objects(calls, GONG_CALLS)[0].get("transcript"), "transcript"), 1):
        label = numbered("Speaker", turn.get("speakerId"))
        for sentence in objects(turn.get("sentences"), "sentences"):
            start, end = (ms_of(sentence.get(key), unit=1) for key in ("start", "end"))
            made.append(Said(label=label, start_ms=start, end_ms=end, text=text_of(sentence.get("text"), f"turn {number}")))
    return in_time(made)


def messages(data: Document | Sequence[Any]) -> list[Said] | None:
    """A list of stretches with plain keys, as many tools write: text, who speaks, and times in seconds or ms."""
    entries = _entries(data)
    if entries is None:
        return None
    # A file that was sent, or who came and went, is nothing that was said.
    entries = [_timed_by_words(entry) for entry in _said_only(entries) if "type" not in entry or any(entry.get(key) for key in _TEXTS)]
    texts = [next((text for key in _TEXTS if (text := _text(entry.get(key))) is not None), None) for entry in entries]
    said_by = {key: {_label(entry.get(key)) for entry in entries} - {None} for key in _LABELS}
    # A voice counted anew on each channel tells nobody apart; the channel does.
    label_key = next((key for key in _LABELS if len(said_by[key]) > 1), next((key for key in _LABELS if said_by[key]), None))
    if not any(texts) or label_key is None:
        return None
    word = "Channel" if label_key in ("channel", "channelId", "channel_id", "media_channel") else "Speaker"
    # Twilio counts its channels from 1.
    first = 1 if label_key == "media_channel" else 0
    starts, start_unit = _times(entries, _STARTS_MS, _STARTS)
    ends, _ = _times(entries, _ENDS_MS, _ENDS)
    # Vapi counts starts from the call, and ends since 1970.
    ends = [None if _is_since_1970(end) and not _is_since_1970(start) else end for start, end in zip(starts, ends, strict=True)]
    unit = start_unit or _unit(starts, ends, texts)
    made = []
    for number, (entry, text, start, end) in enumerate(zip(entries, texts, starts, ends, strict=True), 1):
        begins = ms_of(start, unit=unit)
        made.append(
            Said(
                label=numbered(word, _counted(_sender(label_key, _label(entry.get(label_key))), first)),
                start_ms=begins,
                end_ms=ms_of(end, unit=unit) if begins is not None else None,
                text=text_of(text, f"entry {number}"),
            )
        )
    return in_time(made)


def _said_only(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a kind that is said, where each says its kind and some are of another: Dialpad's moments, who came and went."""
    roles = {role for entry in entries if isinstance(role := entry.get("role"), str)}
    if "user" in roles and roles & _PROMPTS:
        # What a language model is told before it speaks, and what its tools answer.
        entries = [entry for entry in entries if entry.get("role") not in _PROMPTS]
    kinds = {kind for entry in entries if isinstance(kind := entry.get("type"), str)}
    return [entry for entry in entries if entry.get("type") in _KINDS_SAID] if kinds & _KINDS_SAID and kinds - _KINDS_SAID else entries


def _timed_by_words(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with the times of its first and last word, where it has none of its own (Retell, Google's Insights), or with Azure's ticks."""
    if entry.keys() & {*_STARTS, *_STARTS_MS, *_STAMPS, *_MOMENTS}:
        return entry
    if isinstance(timing := entry.get(_TIMING), dict) and isinstance(ticks := timing.get("offset"), int):
        return {**entry, "start_ms": ticks / _TICKS_A_MS}
    words = entry.get("words")
    if not isinstance(words, list) or not words or not all(isinstance(word, dict) for word in words):
        return entry
    start, end = next((pair for pair in _OF_WORDS if pair[0] in words[0]), ("", ""))
    return {**entry, "start": words[0][start], "end": words[-1].get(end)} if start else entry


def _is_since_1970(value: object) -> bool:
    figure = _figure(value)
    return figure is not None and any(least <= figure <= most for least, most, _ in _EPOCHS)


def _text(value: object) -> str | None:
    """Words as text, or in parts that each have some."""
    if isinstance(value, dict):
        value = value.get("content", value.get("text"))
    if isinstance(value, list) and value:
        parts = [_text(part.get("text")) if isinstance(part, dict) else part for part in value]
        words = [part.strip() for part in parts if isinstance(part, str)]
        return " ".join(words) if len(words) == len(parts) else None
    return value if isinstance(value, str) else None


def _label(value: object) -> str | int | None:
    """Who it is: a name or number, or an object that has one, also in a list by itself."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        return next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    return value if isinstance(value, str | int) else None


def _sender(key: str, label: str | int | None) -> str | int | None:
    return _SENDERS.get(label.lower(), label) if key == "direction" and isinstance(label, str) else label


def _counted(label: str | int | None, first: int) -> str | int | None:
    """A number of a channel, counted from 0."""
    if not first or label is None or not str(label).isdecimal() or len(str(label)) > _LONGEST_NUMBER:
        return label
    return int(label) - first


def _entries(data: Document | Sequence[Any]) -> list[dict[str, Any]] | None:
    lists = [data] if isinstance(data, list) else [_small(data).get(name) for name in _LISTS] if isinstance(data, Mapping) else []
    found = next((one for one in lists if isinstance(one, list) and one and all(isinstance(entry, dict) for entry in one)), None)
    if found is None:
        return None
    # Contact Lens wraps each stretch, beside others that hold what was found in it.
    wrapped = [entry["Transcript"] for entry in found if isinstance(entry.get("Transcript"), dict)]
    return [_small(entry) for entry in wrapped or found]


def _small(data: Document) -> dict[str, Any]:
    """The same with small letters at the beginning of its keys, which some programs write large: `Text`, `StartTime`."""
    return {key if key[:1].lower() + key[1:] in data else key[:1].lower() + key[1:]: value for key, value in data.items()}


def _times(entries: Sequence[Document], in_ms: Sequence[str], plain: Sequence[str]) -> tuple[list[object], float | None]:
    """The times of all entries by the first key that any has, and the ms their figures count where the key says so."""
    for keys, unit in ((in_ms, 1.0), (plain, None)):
        if key := next((key for key in keys if any(entry.get(key) is not None for entry in entries)), None):
            found = [entry.get(key) for entry in entries]
            if all(_moment_or_none(value) is not None for value in found):
                break
            return found, unit
    for key in _STAMPS if "start" in plain else ():
        if any(key in entry for entry in entries) and all(_is_from_start(entry.get(key)) for entry in entries):
            return [entry.get(key) for entry in entries], None
    for key in (*_STARTS, *_STAMPS, *_MOMENTS) if "start" in plain else ():
        moments = [_moment_or_none(entry.get(key)) for entry in entries]
        known = [moment for moment in moments if moment is not None]
        if len(known) == len(moments) > 1:
            return [moment - min(known) for moment in known], 1.0
    return [None] * len(entries), None


def _moment_or_none(value: object) -> int | None:
    figure = _figure(value)
    if figure is not None:
        return next((round(figure * unit) for least, most, unit in _EPOCHS if least <= figure <= most), None)
    try:
        return _moment(value) if isinstance(value, str) else None
    except Malformed:
        pass
    try:
        # Google Chat: Tuesday, March 4, 2025 at 9:12:03 AM UTC.
        return round(
            datetime.strptime(str(value).replace("\u202f", " "), "%A, %B %d, %Y at %I:%M:%S %p %Z").replace(tzinfo=UTC).timestamp() * 1000
        )
    except ValueError:
        return None


def _is_from_start(value: object) -> bool:
    try:
        return (ms_of(value) or 0) <= _A_WEEK_MS
    except Malformed:
        return False


def _unit(starts: Sequence[object], ends: Sequence[object], texts: Sequence[str | None]) -> float:
    """Seconds, unless nobody speaks as slowly as that."""
    paces = []
    for start, end, text in zip(starts, ends, texts, strict=True):
        begins, ends_at = _figure(start), _figure(end)
        if begins is not None and ends_at is not None and ends_at > begins and text:
            paces.append(len(text) / (ends_at - begins))
    return 1.0 if paces and median(paces) < _FEWEST_CHARACTERS_A_SECOND else 1000.0


def _figure(value: object) -> float | None:
    """A number, also as text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}(\.\d{1,9})?", value):
        return float(value)
    # Whole numbers of JSON have as many digits as one likes; NaN and infinity are not below it either.
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST else None


def _from_start(said: Sequence[Said], data: Document) -> list[Said]:
    """Times of day → times from the start of the call, or from its first phrase where its start is not told."""
    starts = [one.start_ms for one in said if one.start_ms is not None]
    if not starts or min(starts) <= _A_WEEK_MS:
        return list(said)
    told = [data.get(name) for name in ("conversationStartTime", "startTime")]
    begins = [value for value in told if isinstance(value, int) and not isinstance(value, bool) and _A_WEEK_MS < value <= min(starts)]
    zero = max(begins, default=min(starts))
    return [
        Said(
            label=one.label,
            start_ms=one.start_ms - zero if one.start_ms is not None else None,
            end_ms=one.end_ms - zero if one.end_ms is not None else None,
            text=one.text,
        )
        for one in said
    ]


def _moment(value: object) -> int | None:
    """A time of day in ISO 8601 → ms."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Malformed(f"{str(value)[:30]!r} is no time") from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
