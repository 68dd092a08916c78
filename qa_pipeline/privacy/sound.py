"""Recordings without personal data: a tone over the words' times, on every track. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Utterance
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.redact import ALL

MARGIN_MS = 150
"""Before and after the words: recognisers place the edges of words within about a tenth of a second."""
_TONE_HZ, _TONE_LEVEL = 440.0, 0.05
_JOINED_WITHIN_MS = 300


def hidden_spans(
    utterances: Sequence[Utterance], found: Sequence[Found], *, kinds: Collection[Personal] = ALL, margin_ms: int = MARGIN_MS
) -> tuple[tuple[int, int], ...]:
    """Stretches of the recording in which personal data is said, in ms, in order, without overlaps.

    Where an utterance has no words with times, all of it; where it has no times at all, nothing can be told and nothing is there to play.
    """
    spans: list[tuple[int, int]] = []
    for one in found:
        if one.kind not in kinds:
            continue
        utterance = utterances[one.utterance]
        span = _span(utterance, one)
        if span is not None:
            spans.append((max(0, span[0] - margin_ms), span[1] + margin_ms))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + _JOINED_WITHIN_MS:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def hide(
    samples: NDArray[np.float32], spans: Sequence[tuple[int, int]], *, sample_rate: int, is_silent: bool = False
) -> NDArray[np.float32]:
    """A tone, or silence, over stretches of ms. `samples`: (channels, n) or (n,), −1…1; returns a copy of the same shape."""
    out = samples.copy()
    length = samples.shape[-1]
    for start_ms, end_ms in spans:
        start, end = start_ms * sample_rate // 1000, min(length, -(-end_ms * sample_rate // 1000))
        if start >= end:
            continue
        tone = np.zeros(end - start, np.float32)
        if not is_silent:
            tone = (_TONE_LEVEL * np.sin(2 * np.pi * _TONE_HZ * np.arange(start, end) / sample_rate)).astype(np.float32)
        out[..., start:end] = tone
    return out


def _span(utterance: Utterance, one: Found) -> tuple[int, int] | None:
    position = 0
    times: list[tuple[int, int]] = []
    for word in utterance.words:
        start, position = position, position + len(word.text)
        if one.start < position and start < one.end:
            times.append((word.start_ms, word.end_ms))
    if times:
        return min(start for start, _ in times), max(end for _, end in times)
    if utterance.start_ms is None or utterance.end_ms is None:
        return None
    return utterance.start_ms, utterance.end_ms
