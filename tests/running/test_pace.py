"""Deadlines, hours of the day, order of calls; worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused
from qa_pipeline.running.pace import Pace, deadline_of
from qa_pipeline.running.priority import in_order, parse_priority
from qa_pipeline.settings import parse_hours


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "now", "wanted"),
    [
        ("06:30", "Asia/Shanghai", "2026-05-01T17:00", "2026-05-01T22:30"),  # 01:00 there: today
        ("06:30", "Asia/Shanghai", "2026-05-01T23:00", "2026-05-02T22:30"),  # 07:00 there: tomorrow
        ("06:30", "UTC", "2026-05-01T06:30", "2026-05-02T06:30"),
        # Clocks go back at three in Warsaw on that Sunday: 06:30 is 05:30 UTC, not 04:30.
        ("06:30", "Europe/Warsaw", "2026-10-24T20:00", "2026-10-25T05:30"),
        ("06:30", "Europe/Warsaw", "2026-03-28T22:00", "2026-03-29T04:30"),
        ("2026-05-02T06:30", "Asia/Shanghai", "2026-05-01T00:00", "2026-05-01T22:30"),
        ("2026-05-02T06:30+00:00", "Asia/Shanghai", "2026-05-01T00:00", "2026-05-02T06:30"),
    ],
)
def test_a_deadline_is_the_next_such_time_by_the_clock_of_the_zone(text: str, zone: str, now: str, wanted: str) -> None:
    assert deadline_of(text, zone, now=at(now)) == at(wanted)


@pytest.mark.parametrize("text", ["25:00", "6", "tomorrow", "06:75"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="is no time"):
        deadline_of(text, "UTC", now=at("2026-05-01T00:00"))


@pytest.mark.parametrize(
    ("hours", "clock", "workers"),
    [
        ("08:00-20:00", "07:59", 4),
        ("08:00-20:00", "08:00", 1),
        ("08:00-20:00", "19:59", 1),
        ("08:00-20:00", "20:00", 4),
        ("22:00-06:00", "23:00", 1),
        ("22:00-06:00", "05:59", 1),
        ("22:00-06:00", "06:00", 4),
        ("00:00-24:00", "12:00", 1),
    ],
)
def test_fewer_work_in_the_daytime(hours: str, clock: str, workers: int) -> None:
    pace = Pace(daytime=parse_hours(hours), now=lambda: at(f"2026-05-01T{clock}"))
    assert pace.workers(4) == workers


def test_hours_are_those_of_the_zone() -> None:
    pace = Pace(daytime=(time(8), time(20)), daytime_workers=2, timezone="Asia/Shanghai", now=lambda: at("2026-05-01T01:00"))
    assert pace.workers(4) == 2


def test_a_deadline_passes() -> None:
    assert Pace(deadline=at("2026-05-01T06:00"), now=lambda: at("2026-05-01T06:00")).is_over()
    assert not Pace(deadline=at("2026-05-01T06:00"), now=lambda: at("2026-05-01T05:59")).is_over()
    assert not Pace().is_over()


@pytest.mark.parametrize("text", ["8-20", "08:00", "aa:bb-cc:dd"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="08:00-20:00"):
        parse_hours(text)


def call(name: str, day: int | None = None, **values: object) -> Call:
    started = datetime(2026, 5, day, tzinfo=UTC) if day else None
    return Call(call_id=name, source_uri=name, audio_sha256=name, started_at=started, **values)  # type: ignore[arg-type]


def test_priorities_come_first_then_the_newest() -> None:
    calls = [
        call("old", 1),
        call("late"),
        call("new", 9),
        call("b", 2, team="B"),
        call("vip", 1, extra={"tier": "gold"}),
        call("b2", 3, team="B"),
    ]
    ordered = in_order(calls, [parse_priority("tier=gold"), parse_priority("team=B")])
    assert [c.call_id for c in ordered] == ["vip", "b2", "b", "new", "old", "late"]


def test_a_priority_without_value_is_refused() -> None:
    with pytest.raises(InputRefused, match="COLUMN=VALUE"):
        parse_priority("team")
