"""JSON of recognisers → stretches of speech: Whisper and its kin, Deepgram, AssemblyAI, Amazon Transcribe, Google, Azure.

A function a shape: it is told from the keys that the makers document, and gives None for a document of another shape. Sources: docs/input.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa_pipeline.recordings.said import Document, Malformed, Said, in_time, inside, ms_of, numbered, objects, stretches, text_of

_TICKS_A_MS = 10_000


def whisper(data: Document) -> list[Said] | None:
    """`segments` of openai-whisper, faster-whisper and WhisperX: seconds, and a `speaker` where voices were told apart."""
    entries = data.get("segments")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "text" in entry for entry in entries):
        return None
    if not all("start" in entry or "end" in entry for entry in entries):
        return None
    made: list[Said] = []
    for number, segment in enumerate(entries, 1):
        words = segment.get("words")
        own = [word for word in words if isinstance(word, dict)] if isinstance(words, list) else []
        voices = {voice for word in own if (voice := numbered("Speaker", word.get("speaker")))}
        if len(voices) > 1:
            made += stretches(_whisper_words(objects(words, f"words of segment {number}"), segment.get("speaker")))
        else:
            label = numbered("Speaker", segment.get("speaker")) or next(iter(voices), None)
            made.append(_stretch(segment, label, segment["text"], f"segment {number}"))
    return made


def _whisper_words(words: Sequence[Document], speaker: object) -> list[Said]:
    return [
        _stretch(word, numbered("Speaker", word.get("speaker", speaker)), word.get("word", word.get("text")), "a word") for word in words
    ]


def whisper_cpp(data: Document) -> list[Said] | None:
    """`transcription` of whisper.cpp: `offsets` in ms, a `speaker` by number with --diarize."""
    entries = data.get("transcription")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and isinstance(entry.get("offsets"), dict) for entry in entries):
        return None
    return [
        Said(
            label=numbered("Speaker", entry.get("speaker")),
            start_ms=ms_of(entry["offsets"].get("from"), unit=1),
            end_ms=ms_of(entry["offsets"].get("to"), unit=1),
            text=text_of(entry.get("text"), f"segment {number}").replace("[SPEAKER_TURN]", "").strip(),
        )
        for number, entry in enumerate(entries, 1)
    ]


def chunks(data: Document) -> list[Said] | None:
    """`speakers` or `chunks` of pipelines that give each stretch a `timestamp` of two: insanely-fast-whisper, transformers."""
    for name in ("speakers", "chunks"):
        entries = data.get(name)
        if isinstance(entries, list) and entries and all(isinstance(e, dict) and "timestamp" in e and "text" in e for e in entries):
            break
    else:
        return None
    made = []
    for number, entry in enumerate(entries, 1):
        times = entry["timestamp"]
        if not isinstance(times, list) or len(times) != 2:
            raise Malformed(f"the timestamp of chunk {number} is no pair")
        start, end = (ms_of(time) for time in times)
        label = numbered("Speaker", entry.get("speaker"))
        made.append(
            Said(label=label, start_ms=start, end_ms=end if start is not None else None, text=text_of(entry["text"], f"chunk {number}"))
        )
    return made


def deepgram(data: Document) -> list[Said] | None:
    """`results.channels` of Deepgram: its utterances, else its paragraphs, else its words; seconds."""
    results = inside(data.get("results"))
    if not isinstance(results.get("channels"), list):
        return None
    channels = objects(results["channels"], "channels")
    if utterances := objects(results.get("utterances"), "utterances"):
        made = [_stretch(one, _party(one, len(channels)), one.get("transcript"), f"utterance {n}") for n, one in enumerate(utterances, 1)]
        return in_time(made)
    made = []
    for number, channel in enumerate(channels):
        for best in objects(channel.get("alternatives"), "alternatives")[:1]:
            made += _deepgram_channel(best, number, len(channels))
    return in_time(made)


def _deepgram_channel(best: Document, channel: int, count: int) -> list[Said]:
    made = []
    for paragraph in objects(inside(best.get("paragraphs")).get("paragraphs"), "paragraphs"):
        label = _party({**paragraph, "channel": channel}, count)
        made += [_stretch(one, label, one.get("text"), "a sentence") for one in objects(paragraph.get("sentences"), "sentences")]
    if made:
        return made
    if words := objects(best.get("words"), "words"):
        return stretches(
            _stretch(word, _party({**word, "channel": channel}, count), word.get("punctuated_word") or word.get("word"), "a word")
            for word in words
        )
    text = text_of(best.get("transcript"), f"channel {channel}")
    return [Said(label=_party({"channel": channel}, count), start_ms=None, end_ms=None, text=text)] if text else []


def assembly_ai(data: Document) -> list[Said] | None:
    """`utterances` of AssemblyAI, else its `words`; ms, voices A, B."""
    if not ("audio_duration" in data or "speaker_labels" in data or "audio_url" in data) or "words" not in data:
        return None
    utterances = objects(data.get("utterances"), "utterances")
    entries = utterances or objects(data.get("words"), "words")
    made = [
        _stretch(one, numbered("Speaker", one.get("speaker")), one.get("text"), f"utterance {n}", unit=1)
        for n, one in enumerate(entries, 1)
    ]
    if not made and isinstance(data.get("text"), str):
        return [Said(label=None, start_ms=None, end_ms=None, text=data["text"].strip())]
    return in_time(made if utterances else stretches(made))


def amazon_transcribe(data: Document) -> list[Said] | None:
    """`results.items` of Amazon Transcribe: words with seconds in quotes; voices by `speaker_labels`, channels by `channel_labels`."""
    results = inside(data.get("results"))
    if not isinstance(results.get("items"), list) and not isinstance(results.get("transcripts"), list):
        return None
    segments = objects(results.get("audio_segments"), "audio_segments")
    if segments and all("transcript" in one for one in segments):
        made = [
            _stretch(one, _amazon_label(one), one["transcript"], f"audio segment {n}", start="start_time", end="end_time")
            for n, one in enumerate(segments, 1)
        ]
        return in_time(made)
    channels = objects(inside(results.get("channel_labels")).get("channels"), "channels")
    if channels:
        per_channel = [stretches(_amazon_words(objects(one.get("items"), "items"), {}, _amazon_channel(one))) for one in channels]
        return in_time([said for own in per_channel for said in own])
    spoken = objects(inside(results.get("speaker_labels")).get("segments"), "segments")
    voices = {
        str(item.get("start_time")): item.get("speaker_label", segment.get("speaker_label"))
        for segment in spoken
        for item in objects(segment.get("items"), "items")
    }
    made = stretches(_amazon_words(objects(results.get("items"), "items"), voices, None, spoken))
    if made:
        return made
    texts = [text_of(one.get("transcript"), "transcripts") for one in objects(results.get("transcripts"), "transcripts")]
    return [Said(label=None, start_ms=None, end_ms=None, text=text) for text in texts]


def _amazon_label(entry: Document) -> str | None:
    return numbered("Speaker", entry.get("speaker_label")) or _amazon_channel(entry)


def _amazon_voice(item: Document, voices: Document, segments: Sequence[Document]) -> object:
    """The voice of a word: its own, that of the word that begins at the same time in `speaker_labels`, or of the segment it lies in."""
    if item.get("speaker_label") is not None:
        return item["speaker_label"]
    if (named := voices.get(str(item.get("start_time")))) is not None:
        return named
    start = ms_of(item.get("start_time")) or 0
    for segment in segments:
        if (ms_of(segment.get("start_time")) or 0) <= start < (ms_of(segment.get("end_time")) or 0):
            return segment.get("speaker_label")
    return None


def _amazon_channel(entry: Document) -> str | None:
    name = entry.get("channel_label")
    return numbered("Channel", name.removeprefix("ch_")) if isinstance(name, str) else None


def _amazon_words(items: Sequence[Document], voices: Document, channel: str | None, spoken: Sequence[Document] = ()) -> list[Said]:
    made = []
    for item in items:
        start = item.get("start_time")
        best = objects(item.get("alternatives"), "alternatives")[:1]
        label = channel or numbered("Speaker", _amazon_voice(item, voices, spoken)) if start is not None else None
        made.append(_stretch(item, label, best[0].get("content") if best else None, "an item", start="start_time", end="end_time"))
    return made


def google(data: Document) -> list[Said] | None:
    """`results` of Google Speech-to-Text, versions 1 and 2, also inside a finished operation or a batch: `alternatives` with words."""
    results = _google_results(data)
    if results is None:
        return None
    best = [(one, objects(one.get("alternatives"), "alternatives")[:1]) for one in results]
    words = [[_google_word(word) for word in objects(own[0].get("words"), "words")] if own else [] for _, own in best]
    if len(words) > 1 and _repeats_all(words):
        # Version 1 tells voices in its last result, which holds the words of all others again.
        return stretches(words[-1])
    channels = {channel for one in results if (channel := _google_channel(one))}
    made: list[Said] = []
    for (result, own), spoken in zip(best, words, strict=True):
        if not own:
            continue
        channel = _google_channel(result) if len(channels) > 1 else None
        if any(word.label for word in spoken) and not channel:
            made += stretches(spoken)
            continue
        text = text_of(own[0].get("transcript", ""), "a result")
        times = [(word.start_ms, word.end_ms) for word in spoken if word.start_ms is not None]
        start, end = (times[0][0], times[-1][1]) if times else (None, None)
        made.append(Said(label=channel, start_ms=start, end_ms=end, text=text))
    return in_time(made)


def _google_channel(result: Document) -> str | None:
    tag = result.get("channelTag", result.get("channel_tag"))
    # Counted from 1, and 0 where there is one channel.
    return numbered("Channel", tag - 1) if isinstance(tag, int) and tag > 0 else None


def _google_results(data: Document) -> list[dict[str, Any]] | None:
    data = inside(data.get("response")) or data
    results = data.get("results")
    if isinstance(results, dict):
        inner = [
            inside(inside(one).get("transcript") or inside(inside(one).get("inlineResult")).get("transcript")) for one in results.values()
        ]
        if len(inner) != 1:
            return None
        results = inner[0].get("results")
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) for one in results):
        return None
    return results if any("alternatives" in one for one in results) else None


def _google_word(word: Document) -> Said:
    def first(*names: str) -> object:
        return next((word[name] for name in names if word.get(name) not in (None, "")), None)

    tag = first("speakerLabel", "speaker_label", "speakerTag", "speaker_tag")
    end = ms_of(first("endTime", "endOffset", "end_time", "end_offset"))
    # Zero is left out by writers of this format.
    start = ms_of(first("startTime", "startOffset", "start_time", "start_offset")) or (0 if end is not None else None)
    return Said(label=numbered("Speaker", tag or None), start_ms=start, end_ms=end, text=text_of(word.get("word"), "a word"))


def _repeats_all(words: Sequence[Sequence[Said]]) -> bool:
    last, before = words[-1], [word for own in words[:-1] for word in own]
    if not last or not all(word.label for word in last) or any(word.label for word in before):
        return False
    return len(last) >= len(before) and [word.text for word in last[: len(before)]] == [word.text for word in before]


def azure(data: Document) -> list[Said] | None:
    """`recognizedPhrases` of Azure's batch transcription, `phrases` of its fast one."""
    if isinstance(data.get("recognizedPhrases"), list):
        phrases = objects(data["recognizedPhrases"], "recognizedPhrases")
        made = []
        for number, phrase in enumerate(phrases, 1):
            best = objects(phrase.get("nBest"), "nBest")[:1]
            start, length = _azure_times(phrase)
            text = text_of(best[0].get("display", best[0].get("lexical")), f"phrase {number}") if best else ""
            made.append(_azure_said(phrase, phrases, start, length, text))
        return in_time(made)
    if not isinstance(data.get("phrases"), list) or not ("combinedPhrases" in data or "durationMilliseconds" in data):
        return None
    phrases = objects(data["phrases"], "phrases")
    made = []
    for number, phrase in enumerate(phrases, 1):
        start = ms_of(phrase.get("offsetMilliseconds", phrase.get("offset")), unit=1)
        length = ms_of(phrase.get("durationMilliseconds", phrase.get("duration")), unit=1)
        made.append(_azure_said(phrase, phrases, start, length, text_of(phrase.get("text"), f"phrase {number}")))
    return in_time(made)


def _azure_times(phrase: Document) -> tuple[int | None, int | None]:
    def time(name: str) -> int | None:
        if (ticks := phrase.get(f"{name}InTicks")) is not None:
            return ms_of(ticks, unit=1 / _TICKS_A_MS)
        if (ms := phrase.get(f"{name}Milliseconds")) is not None:
            return ms_of(ms, unit=1)
        return ms_of(phrase.get(name))

    return time("offset"), time("duration")


def _azure_said(phrase: Document, phrases: Sequence[Document], start: int | None, length: int | None, text: str) -> Said:
    end = start + length if start is not None and length is not None else None
    return Said(
        label=_party(phrase, len({numbered("Channel", one.get("channel")) for one in phrases})), start_ms=start, end_ms=end, text=text
    )


def _party(entry: Document, channels: int) -> str | None:
    """The channel where there are several, else the voice."""
    channel = numbered("Channel", entry.get("channel")) if channels > 1 else None
    return channel or numbered("Speaker", entry.get("speaker"))


def _stretch(
    entry: Document, label: str | None, text: object, what: str, *, start: str = "start", end: str = "end", unit: float = 1000.0
) -> Said:
    begins = ms_of(entry.get(start), unit=unit)
    ends = ms_of(entry.get(end), unit=unit) if begins is not None else None
    return Said(label=label, start_ms=begins, end_ms=ends, text=text_of(text, what))
