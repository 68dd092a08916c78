"""What is heard of a call depends on what is said, not on the track's gain, beginning, silence or noise. Detector and calls are in the packages."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa_pipeline.evaluation.sounds import non_speech
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import decode
from qa_pipeline.speech.activity import SAMPLE_RATE, Span, active_spans, speech_probability, with_speech

pytestmark = pytest.mark.slow

Sound = NDArray[np.float32]
CALLS = ("en_clinic_asks_to_repeat.wav", "zh_carloan_opted_out.wav", "en_parking_brush_off.m4a")
# Of the time heard.
MOST_CHANGE = 0.02


def heard(sound: Sound) -> list[Span]:
    spans = active_spans(sound)
    return with_speech(spans, speech_probability(sound, spans))


@cache
def call(name: str) -> Sound:
    return decode(str(PACKAGE_ROOT / "sample_audio" / name)).samples[0]


@cache
def heard_as_it_is(name: str) -> list[Span]:
    return heard(call(name))


def turns(name: str) -> list[Span]:
    truth = json.loads((PACKAGE_ROOT / "sample_audio" / f"{name.split('.')[0]}.truth.json").read_text("utf-8"))
    return [(turn["start_ms"], turn["end_ms"]) for turn in truth["turns"]]


def in_steps(spans: list[Span], length_ms: int, shift_ms: float = 0.0) -> NDArray[np.bool_]:
    """Whether each 10 ms is heard."""
    steps = np.zeros(length_ms // 10 + 1, dtype=bool)
    for start, end in spans:
        steps[max(0, round((start + shift_ms) / 10)) : max(0, round((end + shift_ms) / 10))] = True
    return steps


def share_changed(name: str, spans: list[Span], *, shift_ms: float = 0.0, from_ms: int = 0, to_ms: int | None = None) -> float:
    """Share of the time heard in a call that spans, `shift_ms` later, differ in; from a time on, and up to one."""
    length = call(name).size * 1000 // SAMPLE_RATE
    kept = slice(from_ms // 10, None if to_ms is None else to_ms // 10)
    before, after = in_steps(heard_as_it_is(name), length)[kept], in_steps(spans, length, shift_ms)[kept]
    return float((before ^ after).sum() / before.sum())


@pytest.mark.parametrize("name", CALLS[:2])
def test_every_turn_of_a_mixed_call_is_heard(name: str) -> None:
    steps = in_steps(heard_as_it_is(name), call(name).size * 1000 // SAMPLE_RATE)
    for start, end in turns(name):
        # Turns begin and end with faint sounds, and have pauses.
        assert steps[(start + 150) // 10 : (end - 150) // 10].mean() > 0.8, (start, end)


@settings(max_examples=15, deadline=None)
@given(name=st.sampled_from(CALLS), gain_db=st.floats(-12, 12))
def test_gain_changes_nothing(name: str, gain_db: float) -> None:
    assert share_changed(name, heard((call(name) * 10 ** (gain_db / 20)).astype(np.float32))) <= MOST_CHANGE


@settings(max_examples=15, deadline=None)
@given(name=st.sampled_from(CALLS), cut=st.integers(0, 15 * SAMPLE_RATE))
def test_a_later_beginning_changes_nothing_of_the_rest(name: str, cut: int) -> None:
    # A second after the cut: what it parted is heard in part.
    assert share_changed(name, heard(call(name)[cut:]), shift_ms=cut / 16, from_ms=cut // 16 + 1_000) <= MOST_CHANGE


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(CALLS), cut=st.integers(1, 15 * SAMPLE_RATE))
def test_an_earlier_end_changes_nothing_of_the_rest(name: str, cut: int) -> None:
    kept = call(name)[:-cut]
    # A second before the cut: what it parted is heard in part.
    assert share_changed(name, heard(kept), to_ms=kept.size // 16 - 1_000) <= MOST_CHANGE


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(CALLS), silence=st.integers(0, 60), level=st.floats(-90, -75))
def test_silence_before_and_a_little_noise_change_nothing(name: str, silence: int, level: float) -> None:
    noise = np.random.default_rng(silence).normal(0, 10 ** (level / 20), call(name).size).astype(np.float32)
    later = np.concatenate((np.zeros(silence * SAMPLE_RATE, np.float32), call(name) + noise))
    assert share_changed(name, heard(later), shift_ms=-1000.0 * silence) <= MOST_CHANGE


@pytest.mark.parametrize("gain", [1.0, 4.0, 12.0])
def test_speech_after_minutes_of_near_silence_and_a_full_scale_peak_is_heard(gain: float) -> None:
    # Of the kind in which one long pass of the detector stops answering: loud beyond full scale, a peak, and almost nothing in between.
    name = CALLS[2]
    faint = np.random.default_rng(0).normal(0, 1e-5, 90 * SAMPLE_RATE).astype(np.float32)
    faint[SAMPLE_RATE] = 1.0
    spans = heard(np.concatenate((faint, call(name) * np.float32(gain))))
    late = [(start, end) for start, end in spans if start >= 89_000]
    assert share_changed(name, late, shift_ms=-90_000.0) <= MOST_CHANGE


@pytest.mark.parametrize(
    "kind", ["line_silence", "hum", "white_noise", "pink_noise", "ringing_us", "busy", "dtmf", "fax_data", "music_chords", "beeps"]
)
def test_what_nobody_says_is_still_left_out(kind: str) -> None:
    assert heard(non_speech(15.0, seed=0)[kind]) == []


def test_a_stretch_is_heard_alike_whatever_lies_before_it() -> None:
    sound = call(CALLS[0])
    alone, span = sound[5 * SAMPLE_RATE :], (10_000, 16_000)
    whole = speech_probability(sound, [(0, 4_000), span])
    part = speech_probability(alone, [(span[0] - 5_000, span[1] - 5_000)])
    first, last = span[0] // 32 + 1, span[1] // 32
    shift = 5_000 // 32
    # Frames of 32 ms lie 8 ms apart in the two.
    assert abs(whole[first:last].mean() - part[first - shift : last - shift].mean()) < 0.05
