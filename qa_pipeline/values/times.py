"""Dates and times in spoken words, read relative to when the call began: tomorrow at three, 下周三上午十点半, za pół godziny, halv fyra.

A text is scanned for parts (a day, a part of the day, an hour, a span of time: time_parts.py); parts that belong together make one value. What is
denied (three does not suit), past (yesterday, three days ago) or a greeting (good morning) gives none. An hour without a part of the day is taken as
business hours have it: one to seven are p.m. (chosen, not measured). Nothing is invented: a word that names no time gives no value.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from qa_pipeline.languages.load import table
from qa_pipeline.languages.time_tables import Times
from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.time_parts import Kind, Part, find_parts
from qa_pipeline.values.value import Rewritten, Value, ValueType

_LATEST_AFTERNOON_HOUR = 7
_LATEST_CALL_HOUR = 21
# What is said before an hour and goes with it, in characters.
_BEFORE_HOUR = 8
# What stands between a weekday and its date, in characters.
_MOST_BEFORE_DATE = 6
# Which day a text is read from does not matter where only its kinds of parts do.
_ANY_DAY = date(2000, 1, 1)


def find_times(text: str, language: str, began: datetime | None, country: str | None = None) -> list[Value]:
    """The dates and times a text names, in order, each with its day, part of the day and hour put together.

    `began`: when the call began, in the zone the parties speak of; without it the words themselves are the value (`spoken`).
    `country`: whose public holidays are no working days; without it only weekends are none.
    """
    times = table(language, Times)
    if not times.clock:
        return []
    plain = with_digits(text, language)
    found: list[Value] = []
    day: date | None = None
    for group in _groups(plain.text, language, began):
        if _is_denied(plain.text, group, times) or any(part.kind == "past" for part in group):
            continue
        value = _value_of(group, plain, text, times, began, day, country)
        if value is not None:
            found.append(value)
            day = next((part.day for part in group if part.day), day)
    return found


def names_day(text: str, language: str) -> bool:
    """Whether a text says which day it speaks of: a date, a weekday, or a span of time from now; an hour alone does not."""
    return any(part.kind in ("day", "week", "ahead") for part in find_parts(with_digits(text, language).text, language, _ANY_DAY))


def _groups(plain: str, language: str, began: datetime | None) -> list[list[Part]]:
    """Parts that make one time each: different parts (day, hour …) with nothing between them that begins another time."""
    times = table(language, Times)
    groups: list[list[Part]] = []
    for part in find_parts(plain, language, began.date() if began else _ANY_DAY):
        group = groups[-1] if groups else None
        between = plain[group[-1].end : part.start] if group else ""
        same = next((other for other in group if other.kind == part.kind), None) if group else None
        is_same_day = same is not None and same.kind == "day" and (same.day == part.day or _is_of_date(same, part, between))
        if group is None or times.separate.search(between) or (same and not is_same_day) or _are_alternatives(group, part):
            groups.append([part])
        elif same is None:
            group.append(part)
        else:
            group[group.index(same)] = replace(same, end=part.end, day=part.day)
    return groups


def _is_of_date(weekday: Part, date_of_it: Part, between: str) -> bool:
    """Whether a weekday and the date after it are one day: Friday, the twenty-seventh."""
    is_fit = weekday.weekday is not None and date_of_it.day is not None and weekday.weekday == date_of_it.day.weekday()
    return is_fit and weekday.is_bare and date_of_it.weekday is None and len(between) <= _MOST_BEFORE_DATE


def _are_alternatives(group: list[Part], part: Part) -> bool:
    whole = {"clock", "range", "ahead"}
    return part.kind in whole and any(other.kind in whole for other in group)


def _is_denied(plain: str, group: list[Part], times: Times) -> bool:
    before, after = plain[: group[0].start], plain[group[-1].end :]
    return bool(times.denied_before.search(before) or times.denied_behind.match(after))


def _value_of(
    group: list[Part], plain: Rewritten, text: str, times: Times, began: datetime | None, day_before: date | None, country: str | None
) -> Value | None:
    kinds = {part.kind: part for part in group}
    start, end = plain.original(min(part.start for part in group), max(max(part.end for part in group), 1))
    if set(kinds) == {"part"} and not times.wish.search(plain.text):
        return None
    if began is None:
        return Value(value=text[start:end], value_type="spoken", start=start, end=end)

    def value(said: str, value_type: ValueType) -> Value:
        is_unsure = any(part.is_unsure for part in group)
        return Value(value=said, value_type=value_type, start=start, end=end, is_unsure=is_unsure)

    if ahead := kinds.get("ahead"):
        return value(*_ahead_value(ahead, began, country))
    day = _day_of(kinds, began.date()) or day_before
    part = kinds["part"].hours if "part" in kinds else None
    clock = kinds.get("clock") or kinds.get("range")
    if clock is not None and clock.clock is not None:
        first = _moment(clock, clock.clock, part, day, began)
        if clock.until is not None:
            last = _until(clock, first, part)
            return value(f"{first.isoformat(timespec='minutes')}/{last.isoformat(timespec='minutes')}", "daypart")
        return value(first.isoformat(timespec="minutes"), _sense(plain.text, clock, times))
    if part is not None:
        on = day or began.date()
        hours = [datetime.combine(on, time(hour), tzinfo=began.tzinfo) for hour in part]
        if day is None and hours[1] <= began:
            hours = [moment + timedelta(days=1) for moment in hours]
        return value("/".join(moment.isoformat(timespec="minutes") for moment in hours), "daypart")
    return value(day.isoformat(), "date") if day else None


def _ahead_value(part: Part, began: datetime, country: str | None) -> tuple[str, ValueType]:
    ahead = part.ahead or timedelta()
    if part.working_days:
        ahead = _calendar(country).get_nth_working_day(began.date(), part.working_days) - began.date()
    if part.is_deadline:
        return (began + ahead).isoformat(timespec="minutes"), "datetime_before"
    if ahead % timedelta(days=1) == timedelta():
        return (began + ahead).date().isoformat(), "date"
    return (began + ahead).isoformat(timespec="minutes"), "datetime"


@cache
def _calendar(country: str | None) -> Any:
    """Working days of a country by the `holidays` package; of no country, all but weekends."""
    import holidays

    return holidays.country_holidays(country) if country else holidays.HolidayBase()


def _day_of(kinds: dict[Kind, Part], today: date) -> date | None:
    monday = today - timedelta(days=today.weekday())
    day, week = kinds.get("day"), kinds.get("week")
    if week is not None and week.weeks is not None:
        weekday = day.weekday if day is not None and day.weekday is not None else 0
        return monday + timedelta(weeks=week.weeks, days=weekday)
    if day is None or day.day is None:
        return None
    return day.day + timedelta(weeks=kinds["later"].weeks or 0) if "later" in kinds else day.day


def _moment(part: Part, clock: tuple[int, int], hours: tuple[int, int] | None, day: date | None, began: datetime) -> datetime:
    """The time a clock names: its half of the day from the words beside it, else as business hours and the time of the call have it."""
    hour, minute = clock
    if not part.is_marked and hour <= 12:
        if hours is not None:
            hour = _in_part(hour, hours)
        elif 1 <= hour <= _LATEST_AFTERNOON_HOUR:
            hour += 12
    at = datetime.combine(day or began.date(), time(hour % 24, minute), tzinfo=began.tzinfo) + timedelta(days=hour // 24)
    if at < began and (day is None or day == began.date()):
        is_open = part.until is None and not part.is_marked and hours is None and hour < 12 and hour + 12 <= _LATEST_CALL_HOUR
        if is_open and at + timedelta(hours=12) > began:
            return at + timedelta(hours=12)
        is_going_on = part.until is not None and part.until > (began.hour, began.minute)
        if day is None and not is_going_on:
            return at + timedelta(days=1)
    return at


def _in_part(hour: int, hours: tuple[int, int]) -> int:
    if hours[0] >= 17:
        return 24 if hour == 12 else hour + 12
    if hours[0] >= 12:
        return hour if hour == 12 else hour + 12
    return hour + 12 if hours[0] == 11 and hour <= 2 else hour


def _until(part: Part, first: datetime, hours: tuple[int, int] | None) -> datetime:
    hour, minute = part.until or (0, 0)
    last = datetime.combine(first.date(), time(hour % 24, minute), tzinfo=first.tzinfo)
    return last if last > first else last + timedelta(hours=12 if hour <= 12 else 24)


def _sense(plain: str, clock: Part, times: Times) -> ValueType:
    """Whether the hour is the time meant, or one after or before which."""
    said, following = plain[clock.start : clock.end], plain[clock.end :]
    before_hour = plain[max(0, clock.start - _BEFORE_HOUR) : clock.start]
    if not times.minutes_first.search(said):
        # The word is read with the hour (at, after, before five), or stands before it.
        before_hour = re.split(r"\d", before_hour + said, maxsplit=1)[0]
    if times.after_before_hour.search(before_hour) or times.after_behind_hour.match(following):
        return "datetime_after"
    if times.before_before_hour.search(before_hour) or times.before_behind_hour.match(following):
        return "datetime_before"
    return "datetime"
