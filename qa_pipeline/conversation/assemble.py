"""Words × voices → utterances by voice: the raw conversation, before anybody knows who is the agent.

In: transcripts (one a channel, or one of a mixed track with diarization turns). Out: utterances with speaker labels and role unknown. Roles are
proved in roles.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa_pipeline.call import Role, SpeakerTurn, Utterance, Word
from qa_pipeline.languages.load import is_han
from qa_pipeline.speech.otherwise import OtherReading, alternatives_of
from qa_pipeline.speech.transcribe import Transcript
from qa_pipeline.text.detect import written_language
from qa_pipeline.text.normalise import normalise
from qa_pipeline.text.sentences import ends_sentence

# Chosen on recorded calls: a pause this long ends an utterance; a clause this long ends at the next boundary the recogniser drew.
_PAUSE_MS = 700
_LONG_CLAUSE_CHARACTERS, _LONG_CLAUSE_WORDS = 12, 8
# A run of words this short between two runs of the other voice is a boundary error of the diarization, not a turn.
_BLIP_MS = 250
_NEAREST_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _VoicedWord:
    word: Word
    speaker: str
    segment: int
    language: str


def assemble_channels(transcripts: Sequence[Transcript], *, first_channel: int = 0) -> tuple[Utterance, ...]:
    """Utterances of a recording with one party a channel; the speaker is called `channel0`, `channel1`."""
    runs: list[tuple[int, list[_VoicedWord], Sequence[OtherReading]]] = []
    for channel, transcript in enumerate(transcripts, first_channel):
        voiced = [
            _VoicedWord(word=word, speaker=f"channel{channel}", segment=i, language=transcript.others.get(i, transcript.language))
            for i, segment in enumerate(transcript.segments)
            for word in segment
        ]
        runs.extend((channel, run, transcript.readings) for run in _split(voiced, transcript.language))
    return _numbered([_utterance(run, channel=channel, readings=readings) for channel, run, readings in runs])


def assemble_voices(transcript: Transcript, turns: Sequence[SpeakerTurn], *, channel: int | None = None) -> tuple[Utterance, ...]:
    """Utterances of a mixed track. `turns`: exclusive (never two at a time), sorted, as diarization gives them.

    Each word goes to the voice it overlaps most, else to the nearest within a second, else to the voice of the word before.
    """
    voiced: list[_VoicedWord] = []
    for number, segment in enumerate(transcript.segments):
        for word in segment:
            speaker = _speaker_of(word, turns) or (voiced[-1].speaker if voiced else (turns[0].speaker if turns else "voice0"))
            language = transcript.others.get(number, transcript.language)
            voiced.append(_VoicedWord(word=word, speaker=speaker, segment=number, language=language))
    smoothed = _without_blips(voiced)
    return _numbered([_utterance(run, channel=channel, readings=transcript.readings) for run in _split(smoothed, transcript.language)])


def _speaker_of(word: Word, turns: Sequence[SpeakerTurn]) -> str | None:
    best, best_overlap = None, 0
    nearest, nearest_gap = None, _NEAREST_MS
    for turn in turns:
        overlap = min(word.end_ms, turn.end_ms) - max(word.start_ms, turn.start_ms)
        if overlap > best_overlap:
            best, best_overlap = turn.speaker, overlap
        elif overlap <= 0 and -overlap < nearest_gap:
            nearest, nearest_gap = turn.speaker, -overlap
    return best or nearest


def _without_blips(words: Sequence[_VoicedWord]) -> list[_VoicedWord]:
    """Give very short runs inside the other voice's clause back to it."""
    runs: list[list[_VoicedWord]] = []
    for item in words:
        if runs and runs[-1][-1].speaker == item.speaker:
            runs[-1].append(item)
        else:
            runs.append([item])
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        span = run[-1].word.end_ms - run[0].word.start_ms
        is_inside = before[-1].segment == run[0].segment == after[0].segment
        close = run[0].word.start_ms - before[-1].word.end_ms < 150 and after[0].word.start_ms - run[-1].word.end_ms < 150
        if span <= _BLIP_MS and is_inside and close and before[-1].speaker == after[0].speaker:
            run[:] = [replace(item, speaker=before[-1].speaker) for item in run]
    return [item for run in runs for item in run]


def _split(words: Sequence[_VoicedWord], language: str) -> Iterator[list[_VoicedWord]]:
    """Runs of one voice, ended by a pause, a sentence end, or the recogniser's boundary after a long clause."""
    run: list[_VoicedWord] = []
    in_characters = is_han(language)
    long_clause = _LONG_CLAUSE_CHARACTERS if in_characters else _LONG_CLAUSE_WORDS
    for item in words:
        if run:
            before = run[-1]
            size = sum(len(w.word.text.strip()) for w in run) if in_characters else len(run)
            ends = (
                item.speaker != before.speaker
                or item.language != before.language
                or item.word.start_ms - before.word.end_ms >= _PAUSE_MS
                or ends_sentence(before.word.text)
                or (item.segment != before.segment and size >= long_clause)
            )
            if ends:
                yield run
                run = []
        run.append(item)
    if run:
        yield run


def _utterance(run: Sequence[_VoicedWord], *, channel: int | None, readings: Sequence[OtherReading]) -> Utterance:
    words = tuple(item.word for item in run)
    first = replace(words[0], text=words[0].text.lstrip())
    words = (first, *words[1:])
    text = "".join(word.text for word in words)
    language = written_language(text, run[0].language)
    return Utterance(
        utterance=0,
        role=Role.UNKNOWN,
        speaker=run[0].speaker,
        channel=channel,
        start_ms=words[0].start_ms,
        end_ms=max(word.end_ms for word in words),
        text=text,
        confidence=round(sum(word.confidence for word in words) / len(words), 4),
        language=language,
        norm=normalise(text, language),
        words=words,
        alternatives=alternatives_of(words, readings),
    )


def _numbered(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    ordered = sorted((u for u in utterances if u.text.strip()), key=lambda u: (u.start_ms or 0, u.end_ms or 0, u.speaker))
    return tuple(replace(utterance, utterance=number) for number, utterance in enumerate(ordered))
