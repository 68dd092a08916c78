"""Layouts told from sounds that are put together the way recorders do it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Layout
from qa_pipeline.evaluation.sounds import as_telephone
from qa_pipeline.recordings.layout import examine, without_leaks

RATE = 16_000


def party(seed: int, *spans: tuple[float, float], seconds: float = 24.0) -> NDArray[np.float32]:
    """Speech-like bursts (syllables of noise, four a second) of one party in some spans, on a quiet line."""
    rng = np.random.default_rng(seed)
    clock = np.arange(int(seconds * 8000)) / 8000
    speaking = sum(((clock >= start) & (clock < end)).astype(float) for start, end in spans)
    syllables = np.clip(np.sin(2 * np.pi * (3.5 + seed % 3) * clock) + 0.4, 0, 1) * speaking
    voice = np.convolve(rng.normal(size=clock.size), np.ones(4) / 4, mode="same")
    return as_telephone(0.3 * syllables * voice + 0.0005 * rng.normal(size=clock.size))


AGENT = party(1, (0.5, 5), (9, 13), (17, 20))
CUSTOMER = party(2, (5.5, 8.5), (13.5, 16.5), (20.5, 23))


@pytest.mark.parametrize("gain", [1.0, 0.5, 0.1, -1.0, -0.3])
@pytest.mark.parametrize("delay_ms", [-1000, -400, 0, 7, 40, 150, 400, 1000])
def test_the_same_call_on_both_tracks_is_known_at_any_gain_and_delay(gain: float, delay_ms: int) -> None:
    call = AGENT + CUSTOMER
    found = examine(np.stack([call, gain * np.roll(call, delay_ms * RATE // 1000)]))
    assert (found.layout, found.main) == (Layout.DUAL_MONO, 0)


@pytest.mark.parametrize("seconds", [3.0, 6.0, 12.0])
def test_a_short_call_is_known_on_both_tracks_too(seconds: float) -> None:
    call = party(1, (0.2, seconds), seconds=seconds)
    late = np.concatenate((np.zeros(RATE, np.float32), call[:-RATE]))
    assert examine(np.stack([call, late])).layout is Layout.DUAL_MONO


@pytest.mark.parametrize("delay_ms", [300, 700, 1000])
def test_parties_are_not_taken_for_one_because_a_longer_delay_is_looked_at(delay_ms: int) -> None:
    assert examine(np.stack([AGENT, np.roll(CUSTOMER, delay_ms * RATE // 1000)])).layout is Layout.STEREO


def test_copies_that_went_through_noisy_lines_are_still_one_call() -> None:
    rng = np.random.default_rng(3)
    call = AGENT + CUSTOMER
    noise = 0.002 * rng.normal(size=(2, call.size)).astype(np.float32)
    assert examine(np.stack([0.3 * call, call]) + noise).layout is Layout.DUAL_MONO


@pytest.mark.parametrize("dead", [0, 1])
@pytest.mark.parametrize("level", [0.0, 0.0005, 0.003])
def test_a_track_with_nothing_but_noise_is_dead(dead: int, level: float) -> None:
    noise = level * np.random.default_rng(4).normal(size=AGENT.size).astype(np.float32)
    tracks = np.stack([AGENT, AGENT])
    tracks[dead] = noise
    assert (examine(tracks).layout, examine(tracks).main) == (Layout.ONE_SIDED, 1 - dead)


def test_parties_that_are_not_heard_on_each_others_track_are_plain_stereo() -> None:
    assert examine(np.stack([AGENT, CUSTOMER])).layout is Layout.STEREO


@pytest.mark.parametrize("level", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("delay_ms", [0, 12])
def test_a_party_faintly_heard_on_the_other_track_is_found_and_taken_out(level: float, delay_ms: int) -> None:
    leak = level * np.roll(CUSTOMER, delay_ms * RATE // 1000)
    tracks = np.stack([AGENT + leak, CUSTOMER])
    found = examine(tracks)
    assert found.layout is Layout.CROSS_TALK
    assert found.leaks[0] == pytest.approx(20 * np.log10(level), abs=3)
    assert found.leaks[1] is None
    cleaned = without_leaks(tracks, found)
    customers_time, agents_time = slice(int(5.6 * RATE), int(8.3 * RATE)), slice(int(9.2 * RATE), int(12.8 * RATE))
    assert np.square(cleaned[0, customers_time]).sum() < 0.02 * np.square(tracks[0, customers_time]).sum()
    assert np.square(cleaned[0, agents_time]).sum() > 0.95 * np.square(tracks[0, agents_time]).sum()
    assert np.array_equal(cleaned[1], tracks[1])


def test_one_track_is_mono_and_silence_is_nobodys() -> None:
    assert examine(AGENT[np.newaxis]).layout is Layout.MONO
    assert examine(np.zeros((2, 0), np.float32)).layout is Layout.DUAL_MONO
