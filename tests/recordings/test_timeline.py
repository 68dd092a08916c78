"""Times are the player's: what a player plays at a moment stands at that moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from containers import loud_ms, speech, write_tracks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_pipeline.recordings.audio import decode

STAMPED = [("c.webm", "libopus"), ("c.mka", "libopus"), ("c.mka", "aac")]
FROM_ZERO = [("c.webm", "libopus"), ("c.mka", "flac"), ("c.m4a", "aac"), ("c.mov", "pcm_s16le")]


def onset_ms(track: np.ndarray) -> int:  # type: ignore[type-arg]
    return int(np.flatnonzero(np.abs(track) > 0.02)[0]) * 1000 // 16_000


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(STAMPED), start=st.floats(1.0, 6.0), seconds=st.floats(0.2, 90.0))
def test_a_gap_in_the_time_stamps_is_silence(tmp_path: Path, form: tuple[str, str], start: float, seconds: float) -> None:
    audio = decode(str(write_tracks(tmp_path / form[0], speech(8.0), codec=form[1], gaps=[(start, seconds)])))
    assert audio.duration_ms == pytest.approx(8000 + seconds * 1000, abs=250)
    assert audio.lost_ms == 0
    quiet = audio.samples[0, int((start + 0.15) * 16_000) : int((start + seconds) * 16_000)]
    assert np.abs(quiet).max(initial=0.0) < 0.02


def test_many_gaps_do_not_add_up_to_a_drift(tmp_path: Path) -> None:
    gaps = [(float(second), 0.5) for second in range(1, 8)]
    audio = decode(str(write_tracks(tmp_path / "c.webm", speech(8.0), codec="libopus", gaps=gaps)))
    assert audio.duration_ms == pytest.approx(8000 + 7 * 500, abs=60)


@pytest.mark.parametrize("form", FROM_ZERO, ids=str)
@pytest.mark.parametrize("offset_s", [0.5, 2.0, 75.0])
def test_a_track_that_begins_later_begins_with_silence(tmp_path: Path, form: tuple[str, str], offset_s: float) -> None:
    audio = decode(str(write_tracks(tmp_path / form[0], speech(4.0), codec=form[1], offset_s=offset_s)))
    assert onset_ms(audio.samples[0]) == pytest.approx(offset_s * 1000, abs=130)
    assert audio.duration_ms == pytest.approx(4000 + offset_s * 1000, abs=250)


def test_a_transport_stream_counts_from_its_own_start(tmp_path: Path) -> None:
    audio = decode(str(write_tracks(tmp_path / "c.ts", speech(4.0), codec="aac", offset_s=300.0)))
    assert audio.duration_ms == pytest.approx(4000, abs=260)


def test_a_clock_that_jumps_by_hours_is_no_silence(tmp_path: Path) -> None:
    audio = decode(str(write_tracks(tmp_path / "c.mka", speech(8.0), codec="libopus", gaps=[(4.0, 5 * 3600.0)])))
    assert audio.duration_ms == pytest.approx(8000, abs=200)
    assert loud_ms(audio.samples) > 5000


def test_jitter_of_time_stamps_is_no_gap(tmp_path: Path) -> None:
    gaps = [(second / 4, (-1) ** second * 0.02) for second in range(1, 24)]
    audio = decode(str(write_tracks(tmp_path / "c.mka", speech(8.0), codec="libopus", gaps=gaps)))
    assert audio.duration_ms == pytest.approx(8000, abs=60)
