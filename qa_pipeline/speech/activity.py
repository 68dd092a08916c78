"""Where somebody speaks on a track, by energy: cheap, and it does not clip the first and last syllables.

Silero's detector, which faster-whisper brings, was measured to cut up to half a second off turns of telephone speech and to miss whole short
ones; here it only has a veto: a stretch in which it hears no speech at all (music, tones, clicks) is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
# Of Silero's probabilities: speech, also quiet speech, reaches 0.2 somewhere and 0.15 on average; music, tones and noise stay below 0.2, or
# reach it for a moment and have an average under 0.04. Chosen on sounds of evaluation/sounds.py and on recorded calls.
_VETO_THRESHOLD = 0.2
_LOCAL_LEAST = 0.07
_PROBABILITY_SAMPLES = 512
PROBABILITY_MS = 32
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
    loud = float(np.percentile(level, 98))
    # The background is the quietest tenth that is not digital silence.
    heard = level[level > -95]
    floor = float(np.percentile(heard, 10)) if heard.size else -100.0
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
        first, last = start // PROBABILITY_MS, -(-end // PROBABILITY_MS)
        is_empty = np.zeros(last - first, dtype=bool)
        if end - start >= _LONG_MS:
            for a, b in _runs(local[first:last] < _LOCAL_LEAST, PROBABILITY_MS):
                if b - a >= _EMPTY_MS:
                    is_empty[a // PROBABILITY_MS : b // PROBABILITY_MS] = True
        for a, b in _runs(~is_empty, PROBABILITY_MS):
            part = max(start, start + a - _EMPTY_PAD_MS), min(end, start + b + _EMPTY_PAD_MS)
            if probability[first + a // PROBABILITY_MS : first + b // PROBABILITY_MS].max(initial=0.0) >= _VETO_THRESHOLD:
                kept.append(part)
    return _merged(kept, 0)


def speech_probability(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silero's probability of speech for each 32 ms of audio: (frames,)."""
    from faster_whisper.vad import get_vad_model

    padded = np.pad(audio, (0, -audio.size % _PROBABILITY_SAMPLES))
    found: NDArray[np.float32] = get_vad_model()(padded).reshape(-1)
    return found


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
