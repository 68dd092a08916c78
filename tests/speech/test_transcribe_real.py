"""The real recogniser: no words where nobody speaks, other languages found, the same words whatever the threads."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.evaluation.sounds import non_speech
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.confidence import calibrated
from qa_pipeline.speech.models import choose_manifest, model_folder
from qa_pipeline.speech.transcribe import Transcriber, _batch_that_fits

LANGUAGES = ("zh", "en", "pl", "sv")


@cache
def transcriber(threads: int = 1) -> Transcriber:
    settings = load_settings()
    folder = model_folder(choose_manifest(settings, "asr"), settings)
    return Transcriber(folder, device="cpu", compute_type="int8", threads=threads, beam_size=5, simplified_chinese=True)


@cache
def track(name: str, channel: int, seconds: float) -> NDArray[np.float32]:
    return decode(str(PACKAGE_ROOT / "sample_audio" / name)).samples[channel, : round(seconds * SAMPLE_RATE)]


@pytest.mark.models
@pytest.mark.parametrize("name", non_speech(1.0))
def test_sounds_without_speech_give_no_words(name: str) -> None:
    sound = non_speech(20.0, seed=7)[name]
    assert (sound.dtype, sound.size) == (np.float32, 20 * SAMPLE_RATE)
    assert transcriber().transcribe(sound, language="zh", language_confidence=None, allowed=LANGUAGES).words == ()


@pytest.mark.models
def test_the_same_words_come_of_one_thread_and_of_two() -> None:
    sound = track("zh_fruit_refund.flac", 0, 55.0)
    found = [transcriber(threads).transcribe(sound, language="zh", language_confidence=None) for threads in (1, 2)]
    assert len(found[0].words) > 50
    assert found[0] == found[1]


@pytest.mark.models
def test_a_very_quiet_recording_gives_the_words_of_a_loud_one() -> None:
    sound = track("en_garage_no_name.flac", 0, 15.0)
    # As 16 bits keep it, 55 dB down: before, not a word, and nothing said.
    quiet = (np.round(sound * 10 ** (-55 / 20) * 32768) / 32768).astype(np.float32)
    loud, faint = (transcriber().transcribe(one, language="en", language_confidence=None) for one in (sound, quiet))
    texts = ["".join(word.text for word in found.words) for found in (loud, faint)]
    assert SequenceMatcher(None, *texts, autojunk=False).ratio() > 0.8
    assert faint.speech_ms == pytest.approx(loud.speech_ms, rel=0.1)


@pytest.mark.models
def test_utterances_of_another_language_are_heard_in_it() -> None:
    english, chinese = track("en_garage_no_name.flac", 0, 15.0), track("zh_fruit_refund.flac", 0, 20.0)
    both = np.concatenate((english, np.zeros(SAMPLE_RATE, np.float32), chinese))
    found = transcriber().transcribe(both, language="en", language_confidence=None, allowed=LANGUAGES)
    in_chinese = [segment for place, segment in enumerate(found.segments) if found.others.get(place) == "zh"]
    assert in_chinese
    assert all(segment[0].start_ms >= 15_000 for segment in in_chinese)
    assert any("\u4e00" <= char <= "\u9fff" for segment in in_chinese for word in segment for char in word.text)


@pytest.mark.models
@pytest.mark.parametrize(("name", "language"), [("zh_fruit_refund.flac", "zh"), ("en_garage_no_name.flac", "en")])
def test_the_language_of_a_call_is_told(name: str, language: str) -> None:
    detected = transcriber().detect_language(track(name, 0, 20.0), LANGUAGES)
    assert detected is not None
    assert detected[0] == language
    assert transcriber().detect_language(np.zeros(3 * SAMPLE_RATE, np.float32), LANGUAGES) is None


def test_confidence_rises_with_probability_and_stays_below_certainty() -> None:
    steps = [calibrated(share / 20) for share in range(21)]
    assert all(low < high for low, high in pairwise(steps))
    assert (steps[0], steps[-1]) == (0.4, 0.98)


@pytest.mark.models
def test_windows_in_a_batch_give_the_words_of_windows_one_by_one() -> None:
    settings = load_settings()
    folder = model_folder(choose_manifest(settings, "asr"), settings)
    batched = Transcriber(folder, device="cpu", compute_type="int8", threads=1, beam_size=5, simplified_chinese=True, batch_size=3)
    sound = track("zh_fruit_refund.flac", 0, 90.0)
    alone, together = (one.transcribe(sound, language="zh", language_confidence=None) for one in (transcriber(), batched))
    text_alone, text_together = ("".join(word.text for word in found.words) for found in (alone, together))
    assert SequenceMatcher(a=text_alone, b=text_together, autojunk=False).ratio() > 0.9
    times_alone = [word.start_ms for word in alone.words if word.confidence > 0.9]
    times_together = np.array([word.start_ms for word in together.words])
    assert np.median([np.abs(times_together - ms).min() for ms in times_alone]) < 200


@pytest.mark.parametrize(("free_gb", "batch"), [(1.0, 1), (2.5, 2), (4.0, 10), (40.0, 24)])
def test_a_batch_is_as_large_as_memory_allows(free_gb: float, batch: int) -> None:
    assert _batch_that_fits(free_gb, beam_size=5) == batch
