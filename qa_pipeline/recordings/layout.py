"""How a recording carries the parties, told from the signal: one track or two, a dead one, the same call on both, the other party faintly heard.

Levels are taken in frames of 20 ms. Two tracks are one call when they are alike at some delay, or when their levels differ by the same figure all
the time. One party leaks into the other's track when that track follows the louder one, far below it, wherever only the other speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Layout

SAMPLE_RATE = 16_000
_FRAME = 320
_FRAME_MS = 20
# All chosen, and tried on layouts made from recorded and synthetic calls (tests/recordings/test_layout.py).
_SILENT_DB = -65.0
_NOTHING = 1e-4
_DEAD_RANGE_DB = 8.0
_DEAD_BELOW_DB = 45.0
_SPEECH_RANGE_DB = 15.0
_ALIKE = 0.9
_LONGEST_DELAY_MS = 1_100
# Two tracks are only held against each other where they overlap by so much.
_SHORTEST_OVERLAP_SECONDS = 1.0
_EXCERPT_SECONDS = 40
_SAME_SPREAD_DB = 3.0
_SAME_ENVELOPE = 0.97
_LEAK_DB = (-45.0, -6.0)
_LEAK_ALIKE = 0.35
_LEAK_FOLLOWS = 0.75
_LEAK_DELAY_MS = 60
_LEAK_SECONDS = 1.0
_LEAK_EXCERPT_SECONDS = 90
# How far above the leak a track must be to hold words of its own party.
_OWN_ABOVE_LEAK_DB = 6.0
_REACH_FRAMES = 4
# 1.2 s of two voices are alike to 0.28 at most by chance (311 pairs of moments of the sample calls).
_AROUND_MS = 500
_ECHO_ALIKE = 0.35
# In the band of voices, an echo in hum is alike to 0.98 and more.
_ECHO_IN_HUM_ALIKE = 0.7
_VOICES_HZ = (300, 3_400)
# What a codec makes of a sum and of its parts differs by less (AAC, MP3, Opus and Speex of 16 to 64 kbit/s: 0.03 to 2.6 %); each part at a tenth at least. Chosen.
_REST_OF_MIX = 0.15
_LEAST_OF_MIX = 0.1
_LEAST_REST = 1e-3

Tracks = NDArray[np.float32]
Levels = NDArray[np.float64]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """`layout`; `main`: the track to listen to where one is enough; `leaks`: for each track, at how many dB the other is heard in it (None: not)."""

    layout: Layout
    main: int = 0
    leaks: tuple[float | None, float | None] = (None, None)


def examine(samples: Tracks, *, speech_in: Callable[[NDArray[np.float32]], Sequence[Span]] = lambda track: ()) -> Carriage:
    """Tell how a recording carries its parties. samples: (channels, n) float32 at 16 kHz, one channel or two.

    `speech_in`: moments of a track, (n,), in ms, in which somebody surely speaks. It is asked of one that seems to be dead: who says no more than yes and
    goodbye in five minutes hardly moves its level, and whoever is far too quiet does not either.
    """
    if samples.shape[0] == 1:
        return Carriage(layout=Layout.MONO)
    levels = _levels(samples)
    if not levels.shape[1]:
        return Carriage(layout=Layout.DUAL_MONO)
    floor, loud = np.percentile(levels, 10, axis=1), np.percentile(levels, 98, axis=1)
    main = int(loud.argmax())
    if loud.max() < _SILENT_DB:
        return Carriage(layout=Layout.DUAL_MONO, main=main)
    other = 1 - main
    speaks = loud[main] - floor[main] >= _SPEECH_RANGE_DB
    is_dead = loud[other] < max(_SILENT_DB, loud[main] - _DEAD_BELOW_DB) or (speaks and loud[other] - floor[other] < _DEAD_RANGE_DB)
    if is_dead and not any(_is_own(samples, levels, other, *moment) for moment in speech_in(samples[other])):
        return Carriage(layout=Layout.ONE_SIDED, main=main)
    if _are_one(samples, levels, floor):
        return Carriage(layout=Layout.DUAL_MONO, main=main)
    leaks = (_leak(samples, levels, floor, 0), _leak(samples, levels, floor, 1))
    return Carriage(layout=Layout.STEREO if leaks == (None, None) else Layout.CROSS_TALK, main=main, leaks=leaks)


def as_parties(tracks: Sequence[Tracks]) -> Tracks | None:
    """Several tracks of one file as channels, each a party: (1 or 2, n). None when they are not one or two parties.

    tracks: each (channels, n) float32 at 16 kHz. A track of two equal channels is one; beside two others, a silent track is left, and so is a copy of one and
    what is no more than the two together. More than two channels of a track are as so many tracks, and so are two that differ.
    """
    if len(tracks) == 1 and tracks[0].shape[0] <= 2:
        return tracks[0]
    tracks = (
        [track[at : at + 1] for track in tracks for at in range(track.shape[0])] if any(track.shape[0] > 2 for track in tracks) else tracks
    )
    longest = max(track.shape[1] for track in tracks)
    even = [np.pad(track, ((0, 0), (0, longest - track.shape[1]))) for track in tracks]
    sounding = [track for track in even if np.abs(track).max(initial=0.0) > _NOTHING] or even[:1]
    if len(sounding) == 1:
        return sounding[0] if len(even) > 2 or sounding[0].shape[0] > 1 else np.concatenate([track[:1] for track in even])
    alone: list[Tracks] = []
    for track in sounding:
        carriage = examine(track)
        is_one = carriage.layout in (Layout.MONO, Layout.DUAL_MONO, Layout.ONE_SIDED)
        alone += [track[carriage.main : carriage.main + 1]] if is_one else [track[:1], track[1:]]
    parties: list[Tracks] = []
    for party in _without_mixes(alone):
        is_copy = len(alone) > 2 and any(examine(np.concatenate((other, party))).layout is Layout.DUAL_MONO for other in parties)
        if not is_copy:
            parties.append(party)
    return np.concatenate(parties) if len(parties) <= 2 else None


def _without_mixes(tracks: Sequence[Tracks]) -> Sequence[Tracks]:
    """Tracks, (1, n) each, but for those that are no more than two others together, as meetings and screen recorders add one."""
    mixes = {
        place
        for place, track in enumerate(tracks)
        if any(_is_mix(track[0], tracks[a][0], tracks[b][0]) for a, b in combinations([n for n in range(len(tracks)) if n != place], 2))
    }
    return [track for place, track in enumerate(tracks) if place not in mixes]


def _is_mix(track: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    """Whether a track is the sum of two others at about their own levels, and no copy of one. (The parts are a difference of it and the other: with a gain
    below zero.)
    """
    parts = (first, second)
    between = np.array([[np.dot(one, other) for other in parts] for one in parts], np.float64)
    towards = np.array([np.dot(track, part) for part in parts], np.float64)
    energy = float(np.dot(track, track))
    gains, *_ = np.linalg.lstsq(between, towards, rcond=None)
    rest = energy - float(gains @ towards)
    rest_of_one = min(energy - towards[place] ** 2 / max(between[place, place], 1e-12) for place in (0, 1))
    is_more_than_one = rest_of_one > _LEAST_REST * energy and rest < 0.5 * rest_of_one
    return bool((gains > _LEAST_OF_MIX).all()) and is_more_than_one and rest < _REST_OF_MIX * energy


def without_leaks(samples: Tracks, carriage: Carriage) -> Tracks:
    """The tracks with silence where they only hold the other party: (2, n)."""
    if carriage.leaks == (None, None):
        return samples
    levels = _levels(samples)
    floor = np.percentile(levels, 10, axis=1)
    cleaned = samples.copy()
    for own, leak in enumerate(carriage.leaks):
        if leak is None:
            continue
        louder = _spread(levels[1 - own])
        is_leak = (levels[own] < louder + leak + _OWN_ABOVE_LEAK_DB) & (louder > floor[1 - own] + 10.0)
        # Ten milliseconds of fading, so that no click is heard as a consonant.
        gain = np.repeat((~is_leak).astype(np.float32), _FRAME)
        gain = np.convolve(gain, np.ones(160, np.float32) / 160, mode="same").astype(np.float32)
        cleaned[own, : gain.size] *= gain
        cleaned[own, gain.size :] = 0
    return cleaned


def _is_own(samples: Tracks, levels: Levels, track: int, start_ms: int, end_ms: int) -> bool:
    """Whether what is heard on a track in a moment is more than a faint echo of the other."""
    moment = slice(start_ms // _FRAME_MS, -(-end_ms // _FRAME_MS))
    above = levels[track, moment] > _spread(levels[1 - track])[moment] - _DEAD_BELOW_DB + _OWN_ABOVE_LEAK_DB
    if not above.size or above.mean() <= 0.5:
        return False
    around = slice(max(0, start_ms - _AROUND_MS) * SAMPLE_RATE // 1000, (end_ms + _AROUND_MS) * SAMPLE_RATE // 1000)
    theirs, own = samples[1 - track, around], samples[track, around]
    if _likeness(theirs, own, _LEAK_DELAY_MS)[0] >= _ECHO_ALIKE:
        return False
    # The hum of a mains lies below the voices, and may be far louder than an echo.
    return _likeness(_of_voices(theirs), _of_voices(own), _LEAK_DELAY_MS)[0] < _ECHO_IN_HUM_ALIKE


def _of_voices(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of a sound, (n,), what lies in the telephone's band."""
    parts = np.fft.rfft(sound)
    pitches = np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE)
    parts[(pitches < _VOICES_HZ[0]) | (pitches > _VOICES_HZ[1])] = 0
    return np.fft.irfft(parts, sound.size).astype(np.float32)


def _levels(samples: Tracks) -> Levels:
    """(channels, frames): level in dB of full scale, over three frames; digital silence counts as −100."""
    count = samples.shape[1] // _FRAME
    power = np.mean(np.square(samples[:, : count * _FRAME], dtype=np.float64).reshape(samples.shape[0], count, _FRAME), axis=2)
    smooth = np.stack([np.convolve(track, np.ones(3) / 3, mode="same") for track in power]) if count else power
    found: Levels = 10 * np.log10(smooth + 1e-10)
    return found


def _spread(level: Levels) -> Levels:
    """The highest level a few frames around: leaks come late."""
    padded = np.pad(level, _REACH_FRAMES, constant_values=-100.0)
    highest: Levels = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH_FRAMES + 1).max(axis=1)
    return highest


def _are_one(samples: Tracks, levels: Levels, floor: Levels) -> bool:
    """Whether both tracks carry the same sound, whatever its gain and delay."""
    likeness, delay = _likeness(*_excerpt(samples, levels), _LONGEST_DELAY_MS)
    if likeness > _ALIKE:
        return True
    shift = round(delay / _FRAME)
    first, second = levels[0], np.roll(levels[1], -shift)
    active = (first > floor[0] + _SPEECH_RANGE_DB) | (second > floor[1] + _SPEECH_RANGE_DB)
    if active.sum() < 50:
        return False
    difference = (first - second)[active]
    spread = float(np.percentile(difference, 90) - np.percentile(difference, 10))
    return spread < _SAME_SPREAD_DB and float(np.corrcoef(first[active], second[active])[0, 1]) > _SAME_ENVELOPE


def _excerpt(samples: Tracks, levels: Levels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The loudest stretch of both tracks."""
    length = _EXCERPT_SECONDS * SAMPLE_RATE // _FRAME
    if levels.shape[1] <= length:
        return samples[0], samples[1]
    power = np.cumsum(np.concatenate(([0.0], (10 ** (levels / 10)).sum(axis=0))))
    start = int((power[length:] - power[:-length]).argmax()) * _FRAME
    return samples[0, start : start + length * _FRAME], samples[1, start : start + length * _FRAME]


def _likeness(first: NDArray[np.float32], second: NDArray[np.float32], longest_ms: int) -> tuple[float, int]:
    """Highest correlation of two tracks at any delay up to a limit, and the delay of the second in samples. Sign does not matter."""
    size = 1 << (2 * first.size - 1).bit_length()
    across = np.fft.irfft(np.conj(np.fft.rfft(first - first.mean(), size)) * np.fft.rfft(second - second.mean(), size), size)
    longest = min(first.size - 1, longest_ms * SAMPLE_RATE // 1000)
    near = np.concatenate((across[-longest:], across[: longest + 1])) if longest else across[:1]
    delay = int(np.abs(near).argmax()) - longest
    overlap = slice(max(0, -delay), first.size - max(0, delay)), slice(max(0, delay), first.size + min(0, delay))
    a, b = first[overlap[0]], second[overlap[1]]
    energy = float(np.std(a)) * float(np.std(b)) * a.size
    if not energy or a.size < min(first.size, _SHORTEST_OVERLAP_SECONDS * SAMPLE_RATE):
        return 0.0, delay
    return abs(float(np.dot(a - a.mean(), b - b.mean()))) / energy, delay


def _leak(samples: Tracks, levels: Levels, floor: Levels, own: int) -> float | None:
    """At how many dB the other party is heard in a track; None where it is not."""
    mine, theirs = levels[own], levels[1 - own]
    louder = _spread(theirs)
    only_theirs = (theirs > floor[1 - own] + 20.0) & (theirs > mine + 6.0)
    if only_theirs.sum() < _LEAK_SECONDS * SAMPLE_RATE / _FRAME:
        return None
    gain = float(np.median((mine - theirs)[only_theirs]))
    if not _LEAK_DB[0] <= gain <= _LEAK_DB[1] or float(np.median(mine[only_theirs])) < floor[own] + 4.0:
        return None
    # Frames where this party speaks too are far above the rest, and say nothing.
    quiet = only_theirs & (mine < louder + gain + 10.0)
    follows = float(np.corrcoef(mine[quiet], theirs[quiet])[0, 1]) if quiet.sum() > 20 else 0.0
    keep = np.repeat(quiet, _FRAME)[: _LEAK_EXCERPT_SECONDS * SAMPLE_RATE]
    alike, _ = _likeness(samples[1 - own, : keep.size] * keep, samples[own, : keep.size] * keep, _LEAK_DELAY_MS)
    return gain if alike > _LEAK_ALIKE or follows > _LEAK_FOLLOWS else None
