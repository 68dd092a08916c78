"""Labelled windows to turns, as pyannote.audio does it: how many voices speak in each frame, which, and from when to when.

Comes in: for overlapping windows, who speaks in each of their frames, as speech/segmentation.py gives it or with voices in the place of local speakers. Goes
out: spans by voice. Pure. Its numbers are rounded where those of pyannote.audio are, so that turns are the same to the millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """`active`: (windows, frames, local speakers), 0 or 1; each window `seconds` long, `hop` seconds after the one before."""

    active: NDArray[np.float32]
    seconds: float
    hop: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What a frame of a window stands for: one every `step` seconds, each seen through `seconds`."""

    step: float
    seconds: float


def count_voices(windows: Windows, frames: Frames) -> NDArray[np.int8]:
    """(frames of the recording,): how many speak there, by the mean of the windows that see it."""
    spoken, seen = (
        _added(windows.active.sum(axis=2, keepdims=True), windows, frames),
        _added(np.ones((*windows.active.shape[:2], 1)), windows, frames),
    )
    return np.rint(spoken / np.maximum(seen, 1e-12))[:, 0].astype(np.int8)


def voices_in_frames(labelled: Floats, count: NDArray[np.int8], windows: Windows, frames: Frames) -> NDArray[np.bool_]:
    """(frames of the recording, voices): in each frame as many voices as speak, those that most windows hear.

    `labelled`: (windows, frames, voices), 0 or 1, of the same windows.
    """
    heard = _added(labelled, windows, frames)
    likeliest = np.argsort(-heard, axis=1)
    rank = np.empty_like(likeliest)
    np.put_along_axis(rank, likeliest, np.arange(heard.shape[1])[None], axis=1)
    chosen: NDArray[np.bool_] = rank < count[:, None]
    return chosen


def read_turns(speaking: NDArray[np.bool_], frames: Frames, duration_ms: int) -> list[tuple[int, int, int]]:
    """(start_ms, end_ms, voice) in order, from the middle of a frame to that of another, cut at the end: the last window is padded with silence."""
    starts = np.arange(len(speaking)) * frames.step
    middles = 0.5 * (starts + (starts + frames.seconds))
    turns = []
    for voice in range(speaking.shape[1]):
        for first, last in runs(speaking[:, voice]):
            end = middles[min(last, len(middles) - 1)]
            start_ms, end_ms = max(0, round(middles[first] * 1000)), min(duration_ms, round(end * 1000))
            if start_ms < end_ms:
                turns.append((start_ms, end_ms, voice))
    return sorted(turns)


def close_pauses(turns: list[tuple[int, int, int]], longest_ms: int) -> list[tuple[int, int, int]]:
    """Turns, (start_ms, end_ms, voice) in order, joined across pauses of one voice in which nobody else speaks."""
    joined: list[tuple[int, int, int]] = []
    others_end = 0
    for start_ms, end_ms, voice in turns:
        if joined and joined[-1][2] == voice and start_ms - joined[-1][1] <= longest_ms and others_end <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end_ms, joined[-1][1]), voice)
        else:
            others_end = max([others_end, *(end for _, end, other in joined[-1:] if other != voice)])
            joined.append((start_ms, end_ms, voice))
    return joined


def runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Each run of True as half-open (start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _added(numbers: Floats, windows: Windows, frames: Frames) -> NDArray[np.float32]:
    """(frames of the recording, columns): sums over windows of (windows, frames, columns)."""
    last = (len(numbers) - 1) * windows.hop
    total = np.zeros((_nearest(windows.seconds + last + 0.5 * frames.seconds, frames) + 1, numbers.shape[2]), np.float32)
    for place, window in enumerate(numbers):
        first = _nearest(place * windows.hop + 0.5 * frames.seconds, frames)
        total[first : first + len(window)] += window
    return total


def _nearest(seconds: float, frames: Frames) -> int:
    """The frame whose middle is nearest to a time."""
    return int(np.rint((seconds - 0.5 * frames.seconds) / frames.step))
