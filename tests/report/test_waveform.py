"""The waveform: a lane a role, silences folded, as many points for an hour as a screen has."""

from __future__ import annotations

from typing import Any

import numpy as np

from qa_pipeline.recordings.playback import Peaks
from qa_pipeline.report.waveform import MOST_POINTS, draw_waveform, find_silences


def row(role: str, start_ms: int | None, end_ms: int | None, channel: int | None = None) -> dict[str, Any]:
    return {"role": role, "start_ms": start_ms, "end_ms": end_ms, "channel": channel}


def peaks(*channels: list[int]) -> Peaks:
    return Peaks(bin_ms=50, values=np.array(channels, np.uint8))


def test_a_mixed_track_stands_in_the_lane_of_who_speaks() -> None:
    drawn = draw_waveform(peaks([9, 8, 7, 6]), [row("agent", 0, 100), row("customer", 100, 150)])
    assert drawn.lanes == {"agent": (9, 8, 0, 0), "customer": (0, 0, 7, 0), "other": (0, 0, 0, 6)}
    assert (drawn.duration_ms, drawn.step_ms) == (200, 50.0)


def test_of_two_tracks_each_party_has_its_own_also_when_both_speak() -> None:
    drawn = draw_waveform(peaks([9, 9], [5, 4]), [row("agent", 0, 100, 0), row("customer", 0, 50, 1)])
    assert drawn.lanes == {"agent": (9, 9), "customer": (5, 0), "other": (0, 4)}


def test_who_is_unknown_and_what_has_no_times_are_nobodys() -> None:
    drawn = draw_waveform(peaks([9, 8]), [row("unknown", 0, 50), row("agent", None, None), row("agent", 5_000, 6_000)])
    assert drawn.lanes == {"agent": (0, 0), "customer": (0, 0), "other": (9, 8)}


def test_an_hour_has_no_more_points_than_a_screen() -> None:
    drawn = draw_waveform(peaks([0] * 71_999 + [200]), [row("agent", 0, 3_600_000)])
    assert len(drawn.lanes["agent"]) <= MOST_POINTS
    assert drawn.lanes["agent"][-1] == 200
    assert {len(lane) for lane in drawn.lanes.values()} == {len(drawn.lanes["agent"])}


def test_silences_are_where_nobody_speaks_for_long() -> None:
    said = [row("agent", 5_000, 6_000), row("customer", 5_500, 9_000), row("agent", 12_000, 13_000)]
    assert find_silences(said, 17_000) == ((0, 5_000), (13_000, 17_000))
    assert find_silences([], 3_999) == ()


def test_nothing_recorded_is_nothing_drawn() -> None:
    assert draw_waveform(peaks([]), []).lanes == {"agent": (), "customer": (), "other": ()}
