"""Times of calls as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.recordings.times import Moment, NoMoment, read_moment

MOMENT = datetime(2025, 3, 4, 9, 12, 5, tzinfo=UTC)


def moment(text: str, zone: str = "Europe/Warsaw", formats: tuple[str, ...] = ()) -> Moment:
    found = read_moment(text, zone, formats)
    assert isinstance(found, Moment), found
    return found


def wanted(text: str, zone: str = "Europe/Warsaw") -> str:
    found = read_moment(text, zone)
    assert isinstance(found, NoMoment), found
    return found.wanted


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04T10:12:05", "2025-03-04 10:12:05", "2025-03-04 10:12:05.000", "2025-03-04T10:12:05,000", "2025-03-04T10:12:05+01:00",
        "2025-03-04T09:12:05Z", "2025-03-04 09:12:05 UTC", "2025-03-04 09:12:05 +0000", "2025-03-04T101205", "20250304T101205", "20250304T091205Z",
        "20250304101205", "20250304101205000", "20250304-101205", "20250304_101205", "2025/03/04 10:12:05", "2025.03.04 10:12:05",
        "04.03.2025 10:12:05", "2025年3月4日 10:12:05", "2025年03月04日10时12分05秒", "Tue, 04 Mar 2025 09:12:05 +0000", "Mar  4 2025 10:12:05AM", "Tue, 4 Mar 2025 10:12:05 +0100",
        "1741079525", "1741079525.0", "1741079525000", "1741079525000000", "1741079525000000000", "45720.42505787037", "45720,42505787037",
        "2025-03-04 10:12:05 AM", "2025-03-04, 10:12:05", "4-Mar-2025 10:12:05", "04 Mar 2025 10:12:05", "March 4, 2025, 10:12:05 AM", "Tue Mar  4 10:12:05 2025",
        "Tuesday 4 March 2025 10:12:05", "2025/03/04 10:12:05 AM",
    ],
)  # fmt: skip
def test_one_moment_in_many_spellings(text: str) -> None:
    assert moment(text).at == MOMENT


@pytest.mark.parametrize("text", ["2025-03-04 24:00", "2025-03-04T24:00:00", "2025-03-05 0:00", "2025-03-05 12:00 AM", "04.03.2025 24:00"])
def test_midnight_at_the_end_of_a_day_is_the_next_days_beginning(text: str) -> None:
    assert moment(text).at.isoformat() == "2025-03-05T00:00:00+01:00"


def test_midnight_at_the_end_of_the_last_day_there_is_is_no_time() -> None:
    assert wanted("9999-12-31 24:00").startswith("a time such as")


def test_a_zone_by_its_letters_is_refused_with_what_to_write() -> None:
    assert wanted("2025-03-04 10:00:00 CET").endswith("write the offset for CET, as +01:00")


def test_days_and_minutes_alone() -> None:
    assert moment("20250304").at.isoformat() == "2025-03-04T00:00:00+01:00"
    assert moment("2025-03-04").at.isoformat() == "2025-03-04T00:00:00+01:00"
    assert moment("202503041012").at.isoformat() == "2025-03-04T10:12:00+01:00"
    assert moment("45720").at.isoformat() == "2025-03-04T00:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1741079525", "seconds since 1970"), ("1741079525123", "milliseconds since 1970"), ("1741079525123456", "microseconds since 1970"),
        ("45720,5", "days of a spreadsheet"), ("20250304101205", ""), ("2025-03-04 10:12", ""),
    ],
)  # fmt: skip
def test_how_a_bare_number_was_read_is_said(text: str, unit: str) -> None:
    assert moment(text).decided.startswith(unit)
    assert bool(moment(text).decided) == bool(unit)


@given(st.integers(631_152_000, 4_102_400_000))
def test_every_second_of_the_range_is_that_second_in_every_unit(second: int) -> None:
    """Never a date with these digits: 1741054320 is no day of 1741."""
    expected = datetime.fromtimestamp(second, UTC)
    for size in (1, 1_000, 1_000_000, 1_000_000_000):
        assert moment(str(second * size)).at == expected


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)))
def test_a_day_of_a_spreadsheet_is_right_to_the_second(when: datetime) -> None:
    whole = when.replace(microsecond=0)
    serial = (whole - datetime(1899, 12, 30)) / timedelta(days=1)
    assert abs(moment(repr(serial), "UTC").at - whole.replace(tzinfo=UTC)) <= timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    ["1741-05-04 20:00", "1899-12-30", "1904-01-01", "1970-01-01T00:00:00Z", "1980-01-01", "2205-03-04 10:12", "0001-01-01T00:00:00", "9999-12-31",
     "19700101000000", "Thu, 01 Jan 1970 00:00:00 +0000", "04.03.1925 10:12"],
)  # fmt: skip
def test_dates_far_from_any_recording_are_refused(text: str) -> None:
    assert wanted(text).startswith("a time from 1990 to 2099")


@pytest.mark.parametrize(
    "text", ["0", "1", "45", "250304", "123456", "123456789", "99999999999", "174105432000", "17410543200000000000000"]
)
def test_numbers_that_are_no_time_are_refused(text: str) -> None:
    assert "as a number" in wanted(text)


@pytest.mark.parametrize("text", ["1.74108E+09", "1,74E+12", "4.5720E4"])
def test_numbers_that_a_spreadsheet_rounded_are_refused(text: str) -> None:
    assert "a spreadsheet has rounded" in wanted(text)


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2025 10:12",
        "4/3/2025 10:12:05 AM",
        "13/04/2025",
        "03-04-2025 10:12",
        "3/4/25, 10:12:05 PM",
    ],
)
def test_spellings_that_a_mapping_can_name_are_refused_and_what_is_advised_reads_them(text: str) -> None:
    forms = re.findall(r'times: \["([^"]+)"\]', wanted(text))
    assert forms
    readings = {moment(text, formats=(form,)).at for form in forms}
    assert len(readings) == len(forms)


def test_day_and_month_in_either_order_are_both_offered() -> None:
    assert '"%d/%m/%Y %H:%M"' in wanted("03/04/2025 10:12")
    assert '"%m/%d/%Y %H:%M"' in wanted("03/04/2025 10:12")
    assert "%m/%d" not in wanted("13/04/2025 10:12")


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "10:12",
        "2025-13-01",
        "2025-02-30 10:00",
        "2025-03-04x10:12",
        "-1741079525",
        "２０２５",
        "²",
        "Tue, 99 Mar 2025 10:12:05",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert wanted(text).startswith("a time such as 2026-05-11T10:20:00+08:00")


@pytest.mark.parametrize(
    ("zone", "skipped", "twice"),
    [
        ("Europe/Warsaw", "2025-03-30 02:30", "2025-10-26 02:30"),
        ("Europe/Stockholm", "30.03.2025 02:30", "26.10.2025 02:30"),
        ("America/New_York", "20250309023000", "20251102013000"),
        ("Australia/Lord_Howe", "2025-10-05 02:15", "2025-04-06 01:45"),
    ],
)
def test_hours_that_a_clock_skips_or_shows_twice_are_doubtful(zone: str, skipped: str, twice: str) -> None:
    assert "is skipped by the clocks of " + zone in moment(skipped, zone).doubt
    both = re.findall(r"(\S+T\S+) or (\S+)", moment(twice, zone).doubt)
    first, second = (moment(text, zone).at for text in both[0])
    assert first == moment(twice, zone).at < second


@pytest.mark.parametrize("text", ["2025-03-30T02:30:00+01:00", "1743298200", "2025-03-30 01:59", "2025-03-30 03:00"])
def test_other_times_of_such_a_day_are_not(text: str) -> None:
    assert moment(text).doubt == ""


def test_a_zone_without_summer_time_has_no_doubt() -> None:
    assert moment("2025-03-30 02:30", "Asia/Shanghai").doubt == ""
