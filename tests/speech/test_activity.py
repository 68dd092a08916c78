"""Where somebody speaks on a track, by energy alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa_pipeline.speech.activity import SAMPLE_RATE, Span, active_spans


def track(seconds: float, *bursts: tuple[float, float], noise: float = 0.001, loudness: float = 0.3) -> NDArray[np.float32]:
    """Noise with bursts of tone from–to seconds."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.random.default_rng(0).normal(0, noise, time.size)
    for start, end in bursts:
        inside = (time >= start) & (time < end)
        sound[inside] += loudness * np.sin(2 * np.pi * 440 * time[inside])
    return sound.astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.005])
@pytest.mark.parametrize("loudness", [0.05, 0.5])
def test_a_burst_in_noise_is_found_with_a_little_around_it(noise: float, loudness: float) -> None:
    ((start, end),) = active_spans(track(6, (2, 3), noise=noise, loudness=loudness))
    # 200 ms before and 250 ms after; the level is smoothed over three frames of 20 ms.
    assert (start, end) == (pytest.approx(1800, abs=60), pytest.approx(3250, abs=60))


def test_bursts_apart_are_spans_apart() -> None:
    found = active_spans(track(10, (1, 2), (4, 5), (8, 9)))
    assert [(round(a / 1000), round(b / 1000)) for a, b in found] == [(1, 2), (4, 5), (8, 9)]


def test_a_short_pause_does_not_divide() -> None:
    assert len(active_spans(track(6, (1, 2), (2.3, 3)))) == 1


def test_a_click_is_no_speech() -> None:
    found = active_spans(track(6, (1, 1.01), (3, 4)))
    assert len(found) == 1


@pytest.mark.parametrize("samples", [0, 1, 319])
def test_a_track_shorter_than_a_frame_is_silent(samples: int) -> None:
    assert active_spans(np.zeros(samples, np.float32)) == []


def test_digital_silence_is_silent() -> None:
    assert active_spans(np.zeros(5 * SAMPLE_RATE, np.float32)) == []


def test_speech_without_a_pause_is_one_span() -> None:
    assert active_spans(track(3, (0, 3), noise=0)) == [(0, 3000)]


def test_padding_stays_inside_the_recording() -> None:
    ((start, end),) = active_spans(track(2, (0.1, 1.9)))
    assert (start, end) == (0, 2000)


BURSTS = st.lists(st.tuples(st.floats(0, 7), st.floats(0.05, 2)), max_size=4)


@given(BURSTS)
def test_spans_are_in_order_apart_and_inside(bursts: list[tuple[float, float]]) -> None:
    spans: list[Span] = active_spans(track(8, *((start, min(8, start + length)) for start, length in bursts)))
    assert all(0 <= start < end <= 8000 for start, end in spans)
    assert all(b[0] - a[1] > 400 for a, b in pairwise(spans))
