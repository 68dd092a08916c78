"""On one track a party far quieter than the other is heard; where there is none, not a sample is changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Layout
from qa_pipeline.evaluation.sounds import non_speech
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.layout import examine
from qa_pipeline.speech.activity import SAMPLE_RATE, Span
from qa_pipeline.speech.even import evened
from qa_pipeline.speech.track import track_of

pytestmark = pytest.mark.slow

Sound = NDArray[np.float32]
SAMPLES = PACKAGE_ROOT / "sample_audio"
STEREO = ("en_garage_no_name.flac", "en_parking_brush_off.m4a", "en_broadband_happy.mp3")
MONO = ("en_boiler_menu_first.wav", "zh_carloan_opted_out.wav", "zh_tyres_complaint.mp3", "zh_insurance_voicemail.wav")


@cache
def parties(name: str) -> Sound:
    samples = decode(str(SAMPLES / name)).samples
    assert examine(samples).layout is Layout.STEREO
    return samples


def in_steps(spans: list[Span], samples: int) -> NDArray[np.bool_]:
    """Whether somebody is heard in each 10 ms."""
    steps = np.zeros(samples * 100 // SAMPLE_RATE, dtype=bool)
    for start, end in spans:
        steps[start // 10 : end // 10] = True
    return steps


def share_heard(name: str, sound: Sound) -> float:
    """Share of what the customer says alone that is heard of a call on one track."""
    agent, customer = parties(name)
    alone = in_steps(track_of(customer).spans, agent.size) & ~in_steps(track_of(agent).spans, agent.size)
    return float(in_steps(track_of(sound).spans, agent.size)[alone].mean())


@pytest.mark.parametrize("quiet_db", [20, 26, 35])
@pytest.mark.parametrize("name", STEREO)
def test_a_party_far_below_the_other_is_heard(name: str, quiet_db: float) -> None:
    agent, customer = parties(name)
    noise = np.random.default_rng(0).normal(0, 10 ** (-72 / 20), agent.size)
    call = (agent + customer * 10 ** (-quiet_db / 20) + noise).astype(np.float32)
    even = evened(call)
    assert share_heard(name, even) > 0.75
    # What was loud is as it was.
    loud = np.repeat(in_steps(track_of(agent).spans, agent.size), SAMPLE_RATE // 100)
    assert np.array_equal(even[: loud.size][loud], call[: loud.size][loud])


def test_it_was_lost_without() -> None:
    agent, customer = parties(STEREO[0])
    call = (agent + customer * 10 ** (-26 / 20) + np.random.default_rng(0).normal(0, 10 ** (-72 / 20), agent.size)).astype(np.float32)
    assert share_heard(STEREO[0], call) < 0.3


@pytest.mark.parametrize("name", MONO)
def test_a_call_of_one_level_is_left_as_it_is(name: str) -> None:
    call = decode(str(SAMPLES / name)).mixed()
    assert evened(call) is call


def test_what_is_no_speech_is_not_raised() -> None:
    agent = parties(STEREO[0])[0][: 20 * SAMPLE_RATE]
    for kind, sound in non_speech(20.0).items():
        quiet = (agent + 10 ** (-30 / 20) * np.resize(sound, agent.size)).astype(np.float32)
        raised = float((evened(quiet) != quiet).mean())
        assert raised < 0.02, (kind, raised)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(5 * SAMPLE_RATE), np.random.default_rng(0).normal(0, 0.01, 5 * SAMPLE_RATE)])
def test_silence_and_noise_are_left_as_they_are(sound: Sound) -> None:
    samples = sound.astype(np.float32)
    assert evened(samples) is samples
