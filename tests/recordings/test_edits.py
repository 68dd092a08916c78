"""Edit lists: a track is heard as a player plays it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from containers import noise, with_edits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sounds import write_sound

from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.edits import Edit, as_played, has_pieces, is_moved, read_edits
from qa_pipeline.recordings.playback import type_played
from qa_pipeline.recordings.timeline import SAMPLE_RATE, Timeline


def edit(start: float | None, seconds: float) -> Edit:
    return Edit(start=None if start is None else Fraction(start), seconds=Fraction(seconds))


@pytest.fixture
def track() -> Timeline:
    """Four seconds, of which each says which it is; the third is lost."""
    return Timeline(samples=np.repeat(np.float32([[1, 2, 0, 4]]), SAMPLE_RATE, axis=1), lost=((2 * SAMPLE_RATE, 3 * SAMPLE_RATE),))


@pytest.mark.parametrize(
    ("edits", "seconds", "lost"),
    [
        ([], [1, 2, 0, 4], [(2, 3)]),
        ([(None, 1), (0, 2)], [0, 1, 2], []),
        ([(0, 1), (None, 2), (3, 1)], [1, 0, 0, 4], []),
        ([(1, 2), (0, 1)], [2, 0, 1], [(1, 2)]),
        ([(2, 1), (2, 1)], [0, 0], [(0, 1), (1, 2)]),
        # What a piece names beyond the end is silence, unless it is the last: there the sound ends.
        ([(3, 2), (0, 1)], [4, 0, 1], []),
        ([(0, 1), (3, 5)], [1, 4], []),
        # A clock that was set, no silence of two hours.
        ([(0, 1), (None, 7200), (3, 1)], [1, 4], []),
    ],
    ids=str,
)
def test_pieces_stand_in_the_order_of_the_list_with_what_was_lost_in_them(
    track: Timeline, edits: list[tuple[float | None, float]], seconds: list[int], lost: list[tuple[int, int]]
) -> None:
    played = as_played(track, [edit(*row) for row in edits])
    assert played.samples[0, SAMPLE_RATE // 2 :: SAMPLE_RATE].tolist() == seconds
    assert played.samples.shape[1] == len(seconds) * SAMPLE_RATE
    assert [(a / SAMPLE_RATE, b / SAMPLE_RATE) for a, b in played.lost] == lost


def test_what_an_encoder_puts_before_the_sound_is_no_piece() -> None:
    assert not is_moved({1: (edit(0.128, 7),)})
    assert is_moved({1: (edit(2.0, 5),)})
    assert has_pieces({1: (edit(None, 1), edit(0, 7))})
    assert not has_pieces({1: (edit(None, 1), edit(0, 0))})


FORMS = [("c.m4a", "aac"), ("c.mov", "pcm_s16le"), ("c.m4a", "alac"), ("c.mp4", "libmp3lame")]
PIECES = st.one_of(st.tuples(st.none(), st.floats(0.1, 3.0)), st.tuples(st.floats(0.0, 4.0), st.floats(0.3, 4.0)))


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(FORMS), edits=st.lists(PIECES, max_size=3), last=st.tuples(st.floats(0.0, 4.0), st.floats(0.3, 4.0)))
def test_what_is_heard_is_what_the_list_plays(
    tmp_path: Path, form: tuple[str, str], edits: list[tuple[float | None, float]], last: tuple[float, float]
) -> None:
    rate = 16_000
    # How loud it is says where in the recording it is.
    sound = noise(8.0, rate=rate) * np.repeat(np.linspace(0.1, 1, 16, dtype=np.float32), rate // 2)
    rows = [*edits, last]
    path = with_edits(write_sound(tmp_path / form[0], sound, codec=form[1], rate=rate), rows)
    wanted = np.concatenate(
        [
            np.zeros(round(seconds * rate), np.float32) if start is None else sound[round(start * rate) :][: round(seconds * rate)]
            for start, seconds in rows
        ]
    )
    audio = decode(str(path))
    assert audio.duration_ms == pytest.approx(wanted.size / 16, abs=20)
    assert known_seconds(str(path)) == pytest.approx(wanted.size / rate, abs=0.05)
    assert audio.lost_ms == 0
    length = min(wanted.size, audio.samples.shape[1]) // 1600 * 1600
    heard, said = (np.abs(track[:length]).reshape(-1, 1600).mean(axis=1) for track in (audio.samples[0], wanted))
    assert np.abs(heard - said).max() < 0.03


@pytest.mark.slow
def test_a_browser_is_given_the_sound_as_we_heard_it_where_a_list_moves_it(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.m4a", noise(6.0), codec="aac")
    assert type_played(str(path)) == "audio/mp4"
    with_edits(path, [(0, 2), (None, 1), (2, 4)])
    assert type_played(str(path)) is None
    with path.open("rb") as file:
        (edits,) = read_edits(file).values()
    assert [float(one.seconds) for one in edits] == [2, 1, 4]
