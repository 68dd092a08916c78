"""Where somebody speaks on a track, by energy: cheap, and it does not clip the first and last syllables.

Silero's detector, which faster-whisper brings, was measured to cut up to half a second off turns of telephone speech and to miss whole short
ones; here it only has a veto: a stretch in which it hears no speech at all (music, clicks) is left out.
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
_VETO_THRESHOLD = 0.15

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


def with_speech(spans: Sequence[Span], audio: NDArray[np.float32]) -> list[Span]:
    """The spans in which Silero hears speech at all."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    stamps = get_speech_timestamps(
        audio, VadOptions(threshold=_VETO_THRESHOLD, min_speech_duration_ms=60, min_silence_duration_ms=300, speech_pad_ms=100)
    )
    speech = [(stamp["start"] * 1000 // SAMPLE_RATE, stamp["end"] * 1000 // SAMPLE_RATE) for stamp in stamps]
    return [(a, b) for a, b in spans if any(start < b and end > a for start, end in speech)]


def _runs(active: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    return [(int(a) * _FRAME_MS, int(b) * _FRAME_MS) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _merged(spans: Sequence[Span], gap_ms: int) -> list[Span]:
    merged: list[Span] = []
    for a, b in spans:
        if merged and a - merged[-1][1] <= gap_ms:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged
