"""Labelled windows to turns, worked by hand. That all of it comes to what pyannote.audio comes to is asked in test_diarize_pretrained.py."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.speech.reconstruct import Frames, Windows, close_pauses, count_voices, read_turns, runs, voices_in_frames

# A frame every quarter of a second, windows of a second that begin half a second after one another: each frame but the first two and the last two is in two.
FRAMES = Frames(step=0.25, seconds=0.25)


def windows_of(*windows: list[list[float]]) -> Windows:
    """Windows of four frames, each the local speakers active in it."""
    return Windows(active=np.array(windows, np.float32), seconds=1.0, hop=0.5)


def test_as_many_voices_as_the_mean_of_windows() -> None:
    heard = windows_of([[1, 0], [1, 0], [1, 1], [0, 0]], [[1, 1], [1, 1], [0, 0], [0, 1]])
    # Frame 2: both windows hear two; frame 3: none and two; the end: what one window hears.
    assert count_voices(heard, FRAMES).tolist()[:6] == [1, 1, 2, 1, 0, 1]


def test_half_a_voice_is_rounded_to_the_even_number() -> None:
    assert count_voices(windows_of([[0], [0], [1], [1]], [[0], [1], [0], [0]]), FRAMES).tolist()[2:4] == [0, 1]


def test_the_voices_that_most_windows_hear_speak() -> None:
    windows = windows_of([[1, 0], [1, 0], [1, 0], [1, 1]], [[1, 0], [0, 1], [0, 1], [0, 1]])
    speaking = voices_in_frames(windows.active, np.array([1, 1, 1, 1, 1, 0, 0], np.int8), windows, FRAMES)
    assert speaking[:6].tolist() == [[True, False], [True, False], [True, False], [False, True], [False, True], [False, False]]


def speaking(*spans: tuple[int, int, int], frames: int = 10, voices: int = 2) -> NDArray[np.bool_]:
    mask = np.zeros((frames, voices), np.bool_)
    for voice, first, last in spans:
        mask[first:last, voice] = True
    return mask


def test_turns_go_from_the_middle_of_a_frame_to_that_of_another() -> None:
    assert read_turns(speaking((1, 0, 2), (0, 4, 8)), FRAMES, 10_000) == [(125, 625, 1), (1125, 2125, 0)]


def test_turns_end_with_the_recording() -> None:
    assert read_turns(speaking((0, 4, 10)), FRAMES, 10_000) == [(1125, 2375, 0)]
    assert read_turns(speaking((0, 4, 8), (1, 6, 9)), FRAMES, 1_500) == [(1125, 1500, 0)]


@pytest.mark.parametrize(("mask", "found"), [("0000", []), ("0110", [(1, 3)]), ("1101", [(0, 2), (3, 4)]), ("", [])])
def test_runs(mask: str, found: list[tuple[int, int]]) -> None:
    assert list(runs(np.array([sign == "1" for sign in mask], np.bool_))) == found


class TestPauses:
    def test_a_voice_keeps_its_turn_through_a_pause(self) -> None:
        assert close_pauses([(0, 1000, 0), (1500, 2000, 0)], 500) == [(0, 2000, 0)]

    def test_a_longer_pause_ends_it(self) -> None:
        assert close_pauses([(0, 1000, 0), (1501, 2000, 0)], 500) == [(0, 1000, 0), (1501, 2000, 0)]

    def test_another_voice_in_between_ends_it(self) -> None:
        turns = [(0, 1000, 0), (1100, 1200, 1), (1300, 2000, 0)]
        assert close_pauses(turns, 500) == turns

    def test_another_voice_underneath_ends_it(self) -> None:
        turns = [(0, 3000, 0), (500, 1000, 1), (1200, 2000, 1)]
        assert close_pauses(turns, 500) == turns
