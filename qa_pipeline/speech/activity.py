"""Where somebody speaks on a track, by energy: cheap, and it does not clip the first and last syllables.

Silero's detector, which faster-whisper brings, was measured to cut up to half a second off turns of telephone speech and to miss whole short
ones; here it only has a veto: a stretch in which it hears no speech at all (music, tones, clicks) is left out. It carries a state along, and
after minutes of near silence, or at another gain, that state no longer answers to clear speech. So it listens to each stretch by itself, from
a fresh start and at one level: what is heard of a stretch does not depend on what lies around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.recordings.loudness import floor_of, loud_of

SAMPLE_RATE = 16_000
_FRAME = 320
_FRAME_MS = 20
# Chosen on telephone recordings with and without line noise.
_ABOVE_FLOOR_DB = 7.0
_BELOW_SPEECH_DB = 32.0
_BRIDGE_MS = 300
_SHORTEST_MS = 80
_PAD_BEFORE_MS = 200
_PAD_AFTER_MS = 250
# Padded stretches this near are one: a boundary inside fluent speech would cut words.
_JOIN_MS = 400
# Of Silero's probabilities over 160 ms: the least heard stretch of speech reaches 0.49 (93 stretches of sample and recorded calls), ringing and
# noise up to 0.3 where they begin (benchmarks/activity.py). The mean of 1.6 s of speech, also noisy, is above 0.2 but for pauses; music is mostly below.
_VETO_THRESHOLD = 0.25
_VETO_FRAMES = 5
_LOCAL_LEAST = 0.15
_PROBABILITY_SAMPLES = 512
PROBABILITY_MS = 32
# What Silero is given: parts of a stretch, the loud tenth of each at this level, after some of the sound before it and a little noise. Chosen in
# the same benchmark: at −20 dBFS noise is taken for speech more often.
_PIECE_MS = 10_000
_LEAD_FRAMES = 16
_WARM_FRAMES = 8
_LEVEL_DB = -26.0
_DITHER = 1e-4
_LOCAL_FRAMES = 50
_LONG_MS = 2_000
_EMPTY_MS = 2_000
_EMPTY_PAD_MS = 300

Span = tuple[int, int]


def active_spans(audio: NDArray[np.float32]) -> list[Span]:
    """Stretches louder than the track's own background, padded, in ms. audio: (n,) float32 at 16 kHz."""
    frames = audio[: audio.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return []
    level = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    level = np.convolve(level, np.ones(3) / 3, mode="same")
    loud, floor = loud_of(level), floor_of(level)
    threshold = min(max(floor + _ABOVE_FLOOR_DB, loud - _BELOW_SPEECH_DB), loud - 6.0)
    if loud < -70:
        return []
    raw = _runs(level > threshold)
    bridged = _merged(raw, _BRIDGE_MS)
    duration = int(audio.size * 1000 // SAMPLE_RATE)
    long_enough = [(max(0, a - _PAD_BEFORE_MS), min(duration, b + _PAD_AFTER_MS)) for a, b in bridged if b - a >= _SHORTEST_MS]
    return _merged(long_enough, _JOIN_MS)


def with_speech(spans: Sequence[Span], probability: NDArray[np.float32]) -> list[Span]:
    """The parts of the spans in which Silero hears speech at all. `probability`: of speech, for each 32 ms of the track.

    A short span needs one moment of it. From a long one, what goes on for seconds without any is cut out: hold music that a voice follows at once.
    """
    if not spans:
        return []
    local = np.convolve(probability, np.ones(_LOCAL_FRAMES) / _LOCAL_FRAMES, mode="same")
    kept: list[Span] = []
    for start, end in spans:
        first, last = _frames_of(start, end)
        is_empty = np.zeros(last - first, dtype=bool)
        if end - start >= _LONG_MS:
            for a, b in _runs(local[first:last] < _LOCAL_LEAST, PROBABILITY_MS):
                if b - a >= _EMPTY_MS:
                    is_empty[a // PROBABILITY_MS : b // PROBABILITY_MS] = True
        for a, b in _runs(~is_empty, PROBABILITY_MS):
            part = max(start, start + a - _EMPTY_PAD_MS), min(end, start + b + _EMPTY_PAD_MS)
            if _holds_speech(probability[first + a // PROBABILITY_MS : first + b // PROBABILITY_MS]):
                kept.append(part)
    return _merged(kept, 0)


def speech_probability(audio: NDArray[np.float32], spans: Sequence[Span]) -> NDArray[np.float32]:
    """Silero's probability of speech for each 32 ms of audio, (frames,); 0 outside the spans. audio: (n,) float32 at 16 kHz; spans: in ms."""
    from faster_whisper.vad import get_vad_model

    listen = get_vad_model()
    padded = np.pad(audio, (0, -audio.size % _PROBABILITY_SAMPLES))
    found = np.zeros(padded.size // _PROBABILITY_SAMPLES, np.float32)
    for start, end in _pieces(spans):
        first, last = _frames_of(start, min(end, audio.size * 1000 // SAMPLE_RATE))
        before = max(0, first - _LEAD_FRAMES)
        given = _at_one_level(padded[before * _PROBABILITY_SAMPLES : last * _PROBABILITY_SAMPLES], (first - before) * _PROBABILITY_SAMPLES)
        heard = listen(given).reshape(-1)[_WARM_FRAMES + first - before :]
        # Pieces that follow each other share a frame.
        found[first:last] = np.maximum(found[first:last], heard)
    return found


def _at_one_level(sound: NDArray[np.float32], lead: int) -> NDArray[np.float32]:
    """What Silero is given of a piece: brought to one level, with a little noise before and in it. `lead`: samples before the piece itself."""
    frames = sound[lead:].reshape(-1, _PROBABILITY_SAMPLES)
    level = 10 * np.log10(np.percentile(np.mean(np.square(frames, dtype=np.float64), axis=1), 90) + 1e-12)
    # One full-scale click must not decide the level of a piece; it is cut off instead.
    louder = np.clip(sound * 10 ** ((_LEVEL_DB - level) / 20), -1, 1)
    given = np.concatenate((np.zeros(_WARM_FRAMES * _PROBABILITY_SAMPLES), louder))
    # Seeded: equal input is heard equally.
    dithered: NDArray[np.float32] = (given + np.random.default_rng(0).normal(0, _DITHER, given.size)).astype(np.float32)
    return dithered


def _pieces(spans: Sequence[Span]) -> Iterator[Span]:
    """Spans in equal parts of at most ten seconds."""
    for start, end in spans:
        count = -(-(end - start) // _PIECE_MS)
        bounds = [start + (end - start) * place // count for place in range(count + 1)]
        yield from pairwise(bounds)


def _holds_speech(probability: NDArray[np.float32]) -> bool:
    """Whether a moment of 160 ms, or all of a shorter part, sounds like speech."""
    if probability.size < _VETO_FRAMES:
        return bool(probability.size) and float(probability.mean()) >= _VETO_THRESHOLD
    return float(np.convolve(probability, np.ones(_VETO_FRAMES) / _VETO_FRAMES, mode="valid").max()) >= _VETO_THRESHOLD


def _frames_of(start_ms: int, end_ms: int) -> Span:
    """Frames of Silero that a stretch touches: first, and one past the last."""
    return start_ms // PROBABILITY_MS, -(-end_ms // PROBABILITY_MS)


def _runs(active: NDArray[np.bool_], frame_ms: int = _FRAME_MS) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    return [(int(a) * frame_ms, int(b) * frame_ms) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _merged(spans: Sequence[Span], gap_ms: int) -> list[Span]:
    merged: list[Span] = []
    for a, b in spans:
        if merged and a - merged[-1][1] <= gap_ms:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged
