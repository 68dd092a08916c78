"""Builders for tests and rubric cases: conversations written by hand, without audio, weights or files.

conversation("0:00 agent: 您好，我是尚德金融的小王。", "0:05 customer: 你好。", direction="outbound")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qa_pipeline.call import Call, Conversation, Layout, Metrics, Role, Utterance, Word
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.languages.load import is_han, language_codes
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.labels import role_of, split_line
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.normalise import unit_spans
from qa_pipeline.text.sentences import sentences

# Speaking rates used to give written words times: characters or words a second. Round figures of telephone speech.
_CHARACTERS_PER_SECOND, _WORDS_PER_SECOND = 4.5, 2.8
_GAP_MS = 400


def conversation(
    *lines: str,
    language: str | None = None,
    role_confidence: float = 1.0,
    sentiment: tuple[float, str] | None = None,
    starts_cut: bool = False,
    ends_cut: bool = False,
    vectors: Mapping[int, tuple[float, ...]] | None = None,
    confidence: float = 0.9,
    **call: object,
) -> Conversation:
    """A conversation from lines `M:SS role: text`, as plain transcripts have them; without a time, a line follows the one before after 400 ms.

    Unlike a transcript it is given the times and words of speech. Lines are split at sentence ends, as recognised speech is. Without `language` it is
    in the first there is. Raises ValueError for a line of another form.
    """
    language = language or language_codes()[0]
    utterances: list[Utterance] = []
    clock = 0
    for start, role, text in spoken_lines(*lines):
        clock = max(clock, start)
        for sentence in sentences(text):
            utterance = _utterance(len(utterances), role, sentence, clock, language, confidence)
            utterances.append(utterance)
            clock = utterance.end_ms or clock
        clock += _GAP_MS
    duration = clock
    value, label = sentiment or (None, None)
    values = {"call_id": "call", "source_uri": "call.wav", "audio_sha256": "0" * 64, **call}
    metrics = measure(utterances, duration, sentiment=value, sentiment_label=label) if utterances else Metrics()
    return Conversation(
        conversation_id="c" * 32,
        call=Call(**values),  # type: ignore[arg-type]  # whatever the test gives
        duration_ms=duration,
        language=language,
        language_confidence=None,
        layout=Layout.STEREO,
        role_confidence=role_confidence,
        utterances=tuple(utterances),
        metrics=metrics,
        asr_model=None,
        diarization_model=None,
        manifest_sha256="",
        starts_cut=starts_cut,
        ends_cut=ends_cut,
        vectors=vectors or {},
    )


def spoken_lines(*lines: str) -> list[tuple[int, Role, str]]:
    """Start in ms (0 where none is written), role and text of each line. Raises ValueError for a line of another form."""
    found = []
    for line in (part for text in lines for part in text.splitlines() if part.strip()):
        spoken = split_line(line)
        role = role_of(spoken.label, {}) if spoken else None
        start = parse_clock(spoken.start) if spoken and spoken.start else 0
        if spoken is None or role is None or start is None:
            raise ValueError(f"{line!r} is not of the form '0:03 agent: text'")
        found.append((start, role, spoken.text))
    return found


def spoken_texts(*lines: str) -> list[str]:
    """The texts of the utterances that `conversation` makes of the same lines."""
    return [sentence for _, _, text in spoken_lines(*lines) for sentence in sentences(text)]


def with_vectors(conversation: Conversation, encode) -> Conversation:  # type: ignore[no-untyped-def]
    """The conversation with what `encode(texts)` makes of its utterances: (n, 384), or (n, 423) with acts and replies."""
    vectors = encode([u.text for u in conversation.utterances])
    return replace(conversation, vectors={u.utterance: tuple(map(float, v)) for u, v in zip(conversation.utterances, vectors, strict=True)})


def _utterance(number: int, role: Role, text: str, start_ms: int, language: str, confidence: float) -> Utterance:
    spans = unit_spans(text)
    per_unit = 1000 / (_CHARACTERS_PER_SECOND if is_han(language) else _WORDS_PER_SECOND)
    words, position = [], 0
    for index, (_, end) in enumerate(spans):
        upto = len(text) if index == len(spans) - 1 else end
        words.append(
            Word(
                text=text[position:upto],
                start_ms=start_ms + round(index * per_unit),
                end_ms=start_ms + round((index + 1) * per_unit),
                confidence=confidence,
            )  # fmt: skip
        )
        position = upto
    return Utterance(
        utterance=number, role=role, speaker=role.value, channel=None, start_ms=start_ms,
        end_ms=words[-1].end_ms if words else start_ms + 300, text=text, confidence=confidence, language=language,
        norm=cached_norm(text, language), words=tuple(words),
    )  # fmt: skip
