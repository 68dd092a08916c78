"""Spans of speech laid into the windows that a recogniser takes, and words' times brought back from there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Word
from qa_pipeline.speech.activity import Span

SAMPLE_RATE = 16_000
# Between two spans of a window.
PAUSE_MS = 500
# A long span is parted in its quietest moment of so many of the last ms, looked for in frames of 20 ms.
_CUT_SEARCH_MS = 5_000
_CUT_FRAME = 320


def windows_of(spans: Sequence[Span], audio: NDArray[np.float32], longest_ms: int) -> list[list[Span]]:
    """Spans grouped so that each group, with its pauses, is no longer than a window; a longer span is cut where it is quietest."""
    windows: list[list[Span]] = []
    used = longest_ms
    for span in spans:
        for a, b in _cut(span, audio, longest_ms - PAUSE_MS):
            if used + b - a + PAUSE_MS > longest_ms:
                windows.append([])
                used = 0
            windows[-1].append((a, b))
            used += b - a + PAUSE_MS
    return windows


def _cut(span: Span, audio: NDArray[np.float32], longest_ms: int) -> list[Span]:
    """A span in parts of at most a length, parted in the quietest moment of the last seconds: never inside a word if there is a pause."""
    start, end = span
    parts: list[Span] = []
    while end - start > longest_ms:
        first = start + longest_ms - min(_CUT_SEARCH_MS, longest_ms // 2)
        stretch = audio[first * SAMPLE_RATE // 1000 : (start + longest_ms) * SAMPLE_RATE // 1000]
        frames = stretch[: stretch.size // _CUT_FRAME * _CUT_FRAME].reshape(-1, _CUT_FRAME)
        level = np.convolve(np.mean(np.square(frames), axis=1), np.ones(5) / 5, mode="same")
        cut = first + int(level.argmin()) * _CUT_FRAME * 1000 // SAMPLE_RATE
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def span_of(word: Word, spans: Sequence[Span]) -> int:
    """Which span of a window a word lies in, by its middle."""
    middle, offset = (word.start_ms + word.end_ms) // 2, 0
    for index, (start, end) in enumerate(spans):
        offset += end - start + PAUSE_MS
        if middle < offset:
            return index
    return len(spans) - 1


def put_back(word: Word, spans: Sequence[Span], index: int) -> Word:
    """The word with times of the recording instead of the window."""
    offset = sum(end - start + PAUSE_MS for start, end in spans[:index])
    start, end = spans[index]
    return replace(
        word,
        start_ms=min(max(start, word.start_ms - offset + start), end),
        end_ms=min(max(start, word.end_ms - offset + start), end),
    )
