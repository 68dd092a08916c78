"""Who says no more than yes and goodbye in minutes is heard, on a line of his own as on one with noise; a track on which nobody speaks stays dead."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Layout
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.layout import examine
from qa_pipeline.speech.activity import SAMPLE_RATE, active_spans
from qa_pipeline.speech.level import audible
from qa_pipeline.speech.track import sure_moments, track_of

SECONDS = 120
# When the customer says something, in ms: about a hundredth of the time.
SAID_MS = (30_000, 90_000)


@cache
def parties() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """An agent who speaks all the time, and 0.8 s of a customer, at full scale, of a sample call."""
    agent, customer = decode(str(PACKAGE_ROOT / "sample_audio" / "zh_cosmetics_scolding.mp3")).samples
    size = SAMPLE_RATE * 8 // 10
    starts = np.arange(0, customer.size - size, 1600)
    loudest = max(starts, key=lambda at: float(np.square(customer[at : at + size]).sum()))
    said = customer[loudest : loudest + size] * np.hanning(size).astype(np.float32) ** 0.2
    return np.tile(agent, 20)[: SECONDS * SAMPLE_RATE], said / np.abs(said).max()


def call(*, peak: float, noise: float, echo: float = 0.0) -> NDArray[np.float32]:
    """(2, n): the agent, and a track on which the customer reaches `peak` now and then."""
    agent, said = parties()
    other = echo * np.roll(agent, 80) + np.random.default_rng(0).normal(0, noise, agent.size)
    for at in SAID_MS:
        first = at * SAMPLE_RATE // 1000
        other[first : first + said.size] += peak * said
    return np.stack([agent, other]).astype(np.float32)


@pytest.mark.parametrize(("peak", "noise"), [(0.4, 0.0), (0.05, 0.0), (0.01, 0.0), (0.4, 1e-4), (0.05, 1e-4), (0.1, 1e-3)])
def test_a_few_words_in_minutes_make_a_party_and_are_heard(peak: float, noise: float) -> None:
    tracks = audible(call(peak=peak, noise=noise))
    assert examine(tracks, speech_in=sure_moments).layout in (Layout.STEREO, Layout.CROSS_TALK)
    spans = track_of(tracks[1]).spans
    for at in SAID_MS:
        assert any(start <= at + 200 and end >= at + 600 for start, end in spans), (at, spans)
    assert sum(end - start for start, end in spans) < 10_000


@pytest.mark.parametrize(("noise", "echo"), [(0.0, 0.0), (1e-4, 0.0), (1e-3, 0.0), (1e-5, 0.002), (1e-4, 0.002)])
def test_noise_and_a_faint_echo_make_no_party(noise: float, echo: float) -> None:
    tracks = audible(call(peak=0.0, noise=noise, echo=echo))
    assert examine(tracks, speech_in=sure_moments).layout is Layout.ONE_SIDED


@pytest.mark.parametrize(("name", "hum"), [("en_boiler_menu_first.wav", 0.01), ("en_hotel_caller_leaves.m4a", 0.001)])
def test_a_faint_echo_in_loud_hum_makes_no_party(name: str, hum: float) -> None:
    party = decode(str(PACKAGE_ROOT / "sample_audio" / name)).samples.mean(axis=0)
    time = np.arange(party.size) / SAMPLE_RATE
    mains = hum * sum(np.sin(2 * np.pi * 50 * part * time) / part for part in (1, 2, 3, 5))
    other = mains + 10 ** (-55 / 20) * np.roll(party, 80) + np.random.default_rng(1).normal(0, 1e-5, party.size)
    assert examine(np.stack([party, other]).astype(np.float32), speech_in=sure_moments).layout is Layout.ONE_SIDED


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3])
def test_what_is_loud_for_a_moment_is_not_raised_with_what_is_quiet(noise: float) -> None:
    track = call(peak=0.4, noise=noise)[1]
    assert audible(track) is track


def test_beeps_on_a_dead_track_make_no_party() -> None:
    tracks = call(peak=0.0, noise=1e-4)
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for second in (10, 50, 80):
        tracks[1, second * SAMPLE_RATE : second * SAMPLE_RATE + time.size] += 0.3 * np.sin(2 * np.pi * 425 * time).astype(np.float32)
    assert examine(tracks, speech_in=sure_moments).layout is Layout.ONE_SIDED


def test_digital_silence_has_nothing_active() -> None:
    assert active_spans(np.zeros(60 * SAMPLE_RATE, np.float32)) == []
