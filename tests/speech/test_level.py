"""Sound that is very quiet throughout is raised; what is loud enough, and nothing at all, stay as they are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.layout import examine
from qa_pipeline.speech.activity import SAMPLE_RATE
from qa_pipeline.speech.level import audible, loud_db
from qa_pipeline.speech.track import Track, track_of

NONE = np.zeros(188, np.float32)


def tone(level_db: float, seconds: float = 2.0) -> NDArray[np.float32]:
    """A tone of that level, root mean square."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * 400 * time)).astype(np.float32)


@cache
def call() -> NDArray[np.float32]:
    """The first 20 s of a sample call, both parties on one track."""
    return decode(str(PACKAGE_ROOT / "sample_audio" / "en_boiler_menu_first.wav")).mixed()[: 20 * SAMPLE_RATE]


def quieter(sound: NDArray[np.float32], by_db: float) -> NDArray[np.float32]:
    """As 16 bits keep it."""
    return (np.round(sound * 10 ** (-by_db / 20) * 32768) / 32768).astype(np.float32)


@pytest.mark.parametrize("level_db", [-44.0, -20.0, -3.0])
def test_what_is_loud_enough_stays_as_it_is(level_db: float) -> None:
    sound = tone(level_db)
    assert audible(sound) is sound


@pytest.mark.parametrize("level_db", [-46.0, -60.0, -80.0])
def test_what_is_very_quiet_is_raised_to_one_level(level_db: float) -> None:
    assert loud_db(audible(tone(level_db))) == pytest.approx(-25.0, abs=0.1)


@pytest.mark.parametrize("sound", [np.zeros(SAMPLE_RATE, np.float32), np.zeros(0, np.float32), np.zeros((2, 100), np.float32)])
def test_nothing_is_not_raised(sound: NDArray[np.float32]) -> None:
    assert audible(sound) is sound


def test_channels_are_raised_by_one_gain_and_a_click_decides_nothing() -> None:
    both = np.stack((tone(-60.0), tone(-70.0)))
    both[0, 500] = 1.0
    raised = audible(both)
    assert float(np.abs(raised).max()) == 1.0
    assert raised[1, 800] / both[1, 800] == pytest.approx(raised[0, 800] / both[0, 800])


@pytest.mark.parametrize("by_db", [20, 40, 55])
def test_as_much_is_heard_of_a_call_however_quiet_it_is(by_db: float) -> None:
    def heard_ms(track: Track) -> int:
        return sum(end - start for start, end in track.spans)

    # 55 dB below the sample, speech lies at −75 dBFS, with 16 bits six of their steps high.
    assert heard_ms(track_of(quieter(call(), by_db))) == pytest.approx(heard_ms(track_of(call())), rel=0.05)


def test_parties_are_told_apart_however_quiet_they_are() -> None:
    both = decode(str(PACKAGE_ROOT / "sample_audio" / "zh_finance_satisfied.wav")).samples[:, : 20 * SAMPLE_RATE]
    assert examine(audible(quieter(both, 55))).layout == examine(both).layout


@pytest.mark.parametrize(("is_steady", "stands_out"), [(True, True), (False, False)])
def test_over_the_noise_of_a_line_a_quiet_voice_stands_out_and_in_a_crowd_it_does_not(is_steady: bool, stands_out: bool) -> None:
    rng = np.random.default_rng(0)
    behind = rng.normal(0, 0.001, 6 * SAMPLE_RATE)
    if not is_steady:
        # Voices: the level changes from one tenth of a second to the next.
        behind *= np.repeat(rng.uniform(0.35, 1.5, 60), SAMPLE_RATE // 10)
    behind[2 * SAMPLE_RATE : 4 * SAMPLE_RATE] *= 4 if is_steady else 2.2
    track = Track(samples=behind.astype(np.float32), heard=NONE, spans=[])
    assert 8 < track.stands_out_db(2_000, 4_000) < 18
    assert track.stands_out(2_000, 4_000) is stands_out
