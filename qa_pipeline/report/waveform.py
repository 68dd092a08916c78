"""A call's waveform by who speaks: a lane for the agent, one for the customer, one for whatever else is heard; and its silences. Pure.

A mixed track and one track a party are drawn alike: a lane shows the track while its party speaks. What nobody is known to say, as music and noise,
is in the third lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qa_pipeline.recordings.playback import Peaks

MOST_POINTS = 6_000
"""Points of a lane: more than a wide screen has, so that an hour costs what a minute does."""
FOLDED_MS = 4_000
"""Silences from so long on are folded. Chosen: longer than a pause for thought."""
_LANES = ("agent", "customer", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform:
    """`lanes`: by role, values 0–255 a `step_ms` each, of one length. `silences`: (start_ms, end_ms) in which nobody speaks, FOLDED_MS and longer."""

    duration_ms: int
    step_ms: float
    lanes: Mapping[str, tuple[int, ...]]
    silences: tuple[tuple[int, int], ...]


def draw_waveform(peaks: Peaks, utterances: Sequence[Mapping[str, Any]]) -> Waveform:
    """The waveform of a call. `utterances`: rows with `role`, `channel`, `start_ms`, `end_ms`."""
    channels, count = peaks.values.shape
    duration_ms = count * peaks.bin_ms
    lanes = {name: np.zeros(count, np.uint8) for name in _LANES}
    told = np.zeros((channels, count), bool)
    for row in utterances:
        if row["start_ms"] is None or row["end_ms"] is None:
            continue
        bins = slice(row["start_ms"] // peaks.bin_ms, -(-row["end_ms"] // peaks.bin_ms))
        lane = lanes[row["role"] if row["role"] in lanes else "other"]
        channel = row["channel"]
        own = slice(channel, channel + 1) if channel is not None and channel < channels else slice(None)
        lane[bins] = np.maximum(lane[bins], peaks.values[own, bins].max(axis=0, initial=0))
        # On a mixed track it is one sound; on two, the other party's track is its own.
        told[own, bins] = True
    rest = np.where(told, 0, peaks.values).max(axis=0, initial=0)
    lanes["other"] = np.maximum(lanes["other"], rest)
    every = max(1, -(-count // MOST_POINTS))
    return Waveform(
        duration_ms=duration_ms,
        step_ms=float(peaks.bin_ms * every),
        lanes={name: _thinned(lane, every) for name, lane in lanes.items()},
        silences=find_silences(utterances, duration_ms),
    )


def find_silences(utterances: Sequence[Mapping[str, Any]], duration_ms: int) -> tuple[tuple[int, int], ...]:
    """Where nobody speaks for FOLDED_MS and longer, also before the first and after the last word."""
    spans = sorted((row["start_ms"], row["end_ms"]) for row in utterances if row["start_ms"] is not None and row["end_ms"] is not None)
    found = []
    upto = 0
    for start, end in [*spans, (duration_ms, duration_ms)]:
        if start - upto >= FOLDED_MS:
            found.append((upto, start))
        upto = max(upto, end)
    return tuple(found)


def _thinned(lane: np.ndarray, every: int) -> tuple[int, ...]:
    padded = np.pad(lane, (0, -len(lane) % every))
    return tuple(int(value) for value in padded.reshape(-1, every).max(axis=1)) if len(lane) else ()
