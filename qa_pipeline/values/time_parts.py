"""Parts of a date or time in spoken words: a day, a part of the day, an hour, a span of time, each where it stands.

In: a text with its numbers in digits. Out: parts in order; how they make one time is in times.py. What a language says is in its times.yaml
(languages/time_tables.py).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

from qa_pipeline.languages.load import table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.time_tables import Times

Kind = Literal["day", "week", "later", "part", "clock", "range", "ahead", "past"]
Groups = Mapping[str, str]
_WEEK = timedelta(weeks=1)
# Characters between a day and the weeks it is moved by. Chosen, not measured.
_MOST_BETWEEN_DAY_AND_WEEK = 6
_SATURDAY, _FRIDAY = 5, 4
# Nobody makes an appointment in ten years; who says so says something else. Chosen, not measured.
_MOST_MINUTES_AHEAD, _MOST_WORKING_DAYS = 10 * 366 * 24 * 60, 2_600
_LONGEST_COUNT = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a time, where it stands in the rewritten text. `day`: a date; `weekday`: one of the week named or of the next; `is_bare`: without it.

    `weeks`: so many weeks ahead, or later than the day beside it. `is_unsure`: the words may mean another day.

    `ahead`: from when the call began, or so many `working_days`.
    """

    kind: Kind
    start: int
    end: int
    day: date | None = None
    weekday: int | None = None
    is_bare: bool = False
    is_unsure: bool = False
    weeks: int | None = None
    hours: tuple[int, int] | None = None
    clock: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    is_marked: bool = False
    ahead: timedelta | None = None
    working_days: int | None = None
    is_deadline: bool = False


def find_parts(plain: str, language: str, today: date) -> list[Part]:
    """Every part of a time in a text; of parts that overlap the one found first (the more definite pattern) counts."""
    times = table(language, Times)
    taken: list[Part] = []

    def is_free(part: Part) -> bool:
        return all(part.end <= other.start or part.start >= other.end for other in taken)

    for finder in (_find_past, _find_later, _find_ahead, _find_days, _find_dayparts, _find_ranges, _find_about_hours, _find_clocks):
        for part in finder(plain, language, today):
            if is_free(part) or part.start == part.end:
                taken.append(part)
    taken += [part for part in _find_loose(plain, times, taken) if is_free(part)]
    return _weeks_on(sorted(taken, key=lambda part: (part.start, part.end)), plain, times, today)


def _weeks_on(parts: list[Part], plain: str, times: Times, today: date) -> list[Part]:
    """Weeks from now beside a weekday (za tydzień w piątek, fredag om två veckor) name its week, not a time of their own.

    Where the weekday itself is not of this week any more, so many weeks after the next one may be meant too.
    """
    out = list(parts)
    for at, part in enumerate(parts):
        if part.kind != "ahead" or part.is_deadline or not part.ahead or part.ahead % _WEEK:
            continue
        beside = [other for other in parts[max(0, at - 1) : at + 2] if other.kind == "day" and _is_beside(part, other, plain, times)]
        if beside:
            kind: Kind = "week" if beside[0].weekday is not None else "later"
            is_unsure = beside[0].weekday is not None and beside[0].weekday <= today.weekday()
            out[at] = replace(part, kind=kind, weeks=part.ahead // _WEEK, ahead=None, is_unsure=is_unsure)
    return out


def _is_beside(one: Part, other: Part, plain: str, times: Times) -> bool:
    between = plain[min(one.end, other.end) : max(one.start, other.start)]
    return len(between) <= _MOST_BETWEEN_DAY_AND_WEEK and not times.separate.search(between)


def _find_later(plain: str, language: str, today: date) -> Iterator[Part]:
    for pattern, weeks in table(language, Times).later.items():
        for match in pattern.finditer(plain):
            yield Part(kind="later", start=match.start(), end=match.end(), weeks=weeks)


def _find_past(plain: str, language: str, today: date) -> Iterator[Part]:
    for match in table(language, Times).past.finditer(plain):
        yield Part(kind="past", start=match.start(), end=match.end())


def _find_ahead(plain: str, language: str, today: date) -> Iterator[Part]:
    times = table(language, Times)
    for pattern in (*times.ahead, times.within):
        for match in pattern.finditer(plain):
            groups = _groups(match)
            count = _count(groups.get("n", "1"), times)
            unit = groups["unit"]
            # A few hours, or a unit of which nothing is told, is no time.
            if count is None or (unit not in times.working_days and unit not in times.units):
                continue
            if count > _MOST_WORKING_DAYS if unit in times.working_days else count * times.units[unit] > _MOST_MINUTES_AHEAD:
                continue
            if "half" in groups or "half2" in groups:
                count += 0.5
            is_deadline = pattern is times.within
            if unit in times.working_days:
                yield Part(kind="ahead", start=match.start(), end=match.end(), working_days=int(count), is_deadline=is_deadline)
            else:
                ahead = timedelta(minutes=round(count * times.units[unit]))
                yield Part(kind="ahead", start=match.start(), end=match.end(), ahead=ahead, is_deadline=is_deadline)


def _groups(match: re.Match[str]) -> dict[str, str]:
    """The groups of a match that took something."""
    return {name: said for name, said in match.groupdict().items() if said}


def _count(said: str, times: Times) -> float | None:
    """How many a word or a number in digits says; None for words that leave it open."""
    said = said.strip()
    if said.isdecimal():
        return float(said) if len(said) <= _LONGEST_COUNT else None
    return times.counts.get(said)


# --- days ---------------------------------------------------------------------------------------------------------------------------------


def _find_days(plain: str, language: str, today: date) -> Iterator[Part]:
    times = table(language, Times)
    for pattern, days in times.relative_days.items():
        for match in pattern.finditer(plain):
            yield Part(kind="day", start=match.start(), end=match.end(), day=today + timedelta(days=days))
    for match in times.next_week.finditer(plain):
        yield Part(kind="week", start=match.start(), end=match.end(), weeks=_weeks(_groups(match), times))
    for pattern, weeks in times.weeks_ahead.items():
        for match in pattern.finditer(plain):
            yield Part(kind="week", start=match.start(), end=match.end(), weeks=weeks)
    yield from _find_week_numbers(plain, times, today)
    yield from _find_spans(plain, times, today)
    yield from _find_dates(plain, times, today)
    yield from _find_weekdays(plain, times, today)


def _find_week_numbers(plain: str, times: Times, today: date) -> Iterator[Part]:
    monday = today - timedelta(days=today.weekday())
    for match in times.week_number.finditer(plain):
        number = int(match.group("week"))
        for year in (today.isocalendar().year, today.isocalendar().year + 1):
            if 1 <= number <= date(year, 12, 28).isocalendar().week:
                weeks = (date.fromisocalendar(year, number, 1) - monday) // _WEEK
                if weeks >= 0:
                    yield Part(kind="week", start=match.start(), end=match.end(), weeks=weeks)
                    break


def _find_spans(plain: str, times: Times, today: date) -> Iterator[Part]:
    """Weekends, and the ends of weeks, months and years: by their first day and their last."""
    monday = today - timedelta(days=today.weekday())
    for match in times.weekend.finditer(plain):
        saturday = monday + timedelta(days=_SATURDAY, weeks=1 if "next" in _groups(match) else 0)
        yield Part(kind="day", start=match.start(), end=match.end(), day=max(saturday, today), is_unsure=True)
    for pattern, what in times.ends.items():
        for match in pattern.finditer(plain):
            ahead = 1 if "next" in _groups(match) else 0
            year, month = divmod(today.month - 1 + (ahead if what in ("month", "month_start") else 0), 12)
            month += 1
            ends = {
                "week": monday + timedelta(days=_FRIDAY, weeks=ahead),
                "month": date(today.year + year, month, monthrange(today.year + year, month)[1]),
                "month_start": date(today.year + year, month, 1),
                "year": date(today.year + ahead, 12, 31),
            }
            yield Part(kind="day", start=match.start(), end=match.end(), day=max(ends[what], today), is_unsure=True)


def _weeks(groups: Groups, times: Times) -> int:
    """How many weeks ahead the next one is: 下下周 is the week after next."""
    return groups.get("next", "").count(times.next_sign) if times.next_sign else 1


def _find_weekdays(plain: str, times: Times, today: date) -> Iterator[Part]:
    monday = today - timedelta(days=today.weekday())
    for weekday, pattern in enumerate(times.weekday):
        for match in pattern.finditer(plain):
            groups = _groups(match)
            if "next" in groups or "this" in groups:
                day = monday + timedelta(days=weekday, weeks=_weeks(groups, times) if "next" in groups else 0)
                is_unsure = times.unsure_next and "next" in groups and weekday > today.weekday()
            else:
                # Without a word for the week the next such day is meant; nobody calls today by its weekday.
                day, is_unsure = today + timedelta(days=(weekday - today.weekday()) % 7 or 7), False
            is_bare = not groups.keys() & {"next", "this"}
            yield Part(kind="day", start=match.start(), end=match.end(), day=day, weekday=weekday, is_bare=is_bare, is_unsure=is_unsure)


def _find_dates(plain: str, times: Times, today: date) -> Iterator[Part]:
    named = ((month, pattern) for month, pattern in enumerate(times.date_with_month, 1))
    for month, pattern in (*named, *((None, pattern) for pattern in times.dates)):
        for match in pattern.finditer(plain):
            groups = _groups(match)
            day, said_month = (int(_count(said, times) or 0) for said in (_first(groups, "day", "day2"), groups.get("month", "0")))
            number = today.month % 12 + 1 if "next" in groups else month or said_month or None
            if found := _next_date(today, day, number):
                yield Part(kind="day", start=match.start(), end=match.end(), day=found)


def _first(groups: Groups, *names: str) -> str:
    return next(groups[name] for name in names if name in groups)


def _next_date(today: date, day: int, month: int | None) -> date | None:
    """The next day of that number (and month) from today on; None where there is none."""
    if not 1 <= day <= 31:
        return None
    for ahead in range(13):
        year, number = divmod(today.month - 1 + ahead, 12)
        if month is not None and number + 1 != month:
            continue
        try:
            found = date(today.year + year, number + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _find_dayparts(plain: str, language: str, today: date) -> Iterator[Part]:
    for pattern, hours in table(language, Times).dayparts.items():
        for match in pattern.finditer(plain):
            yield Part(kind="part", start=match.start(), end=match.end(), hours=hours)


# --- hours --------------------------------------------------------------------------------------------------------------------------------


def _find_ranges(plain: str, language: str, today: date) -> Iterator[Part]:
    for match in table(language, Times).range.finditer(plain):
        groups = _groups(match)
        first, last = (
            (int(groups[h]), 30 if half in groups else int(groups.get(m, 0))) for h, half, m in (("h", "half", "m"), ("h2", "half2", "m2"))
        )
        if max(first[0], last[0]) > 24 or first == last:
            continue
        if groups.get("ap") == "p" and last[0] < 12:
            last = (last[0] + 12, last[1])
            first = (first[0] + 12, first[1]) if first[0] < 12 and first[0] + 12 < last[0] else first
        is_marked = "ap" in groups or last[0] > 12
        yield Part(kind="range", start=match.start(), end=match.end(), clock=first, until=last, is_marked=is_marked)


def _find_about_hours(plain: str, language: str, today: date) -> Iterator[Part]:
    """Two or three o'clock, said as one number (两三点)."""
    numbers = table(language, Numbers)
    for match in _about_hours(language).finditer(plain):
        first, last = (numbers.digits[char] for char in match.group(1))
        yield Part(kind="range", start=match.start(), end=match.end(), clock=(first, 0), until=(last, 0))


@cache
def _about_hours(language: str) -> re.Pattern[str]:
    numbers = table(language, Numbers)
    return re.compile(f"({'|'.join(numbers.about_pairs)}){numbers.hour_sign}" if numbers.about_pairs else "(?!)")


def _find_clocks(plain: str, language: str, today: date) -> Iterator[Part]:
    times = table(language, Times)
    others = [match.span() for match in times.no_clock.finditer(plain)]
    for pattern in times.clock:
        for match in pattern.finditer(plain):
            if any(start < match.end() and match.start() < end for start, end in others):
                continue
            if (read := _read_clock(match, times)) is not None:
                yield read


def _find_loose(plain: str, times: Times, taken: Sequence[Part]) -> Iterator[Part]:
    """An hour with no word for it: right after a day or a part of the day, or alone."""
    days = [part for part in taken if part.kind in ("day", "week", "part")]
    for match in times.loose.finditer(plain):
        before = plain[: match.start()].rstrip(" ,")
        after_day = any(part.end == len(before) for part in days) or (
            match.group("m") is not None and any(times.before_day.fullmatch(plain[match.end() : part.start]) for part in days)
        )
        is_alone = times.alone_before.fullmatch(plain[: match.start()]) and times.alone_behind.fullmatch(plain[match.end() :])
        if (after_day or is_alone) and (read := _read_clock(match, times)) is not None:
            yield read


def _read_clock(match: re.Match[str], times: Times) -> Part | None:
    groups = _groups(match)
    if "noon" in groups:
        return Part(kind="clock", start=match.start(), end=match.end(), clock=(12, 0), is_marked=True)
    said = _first(groups, "h", "h2", "halfto", "halfto2")
    hour, minute = _number(said, times), 0
    if "to" in groups or "to2" in groups:
        hour, minute = hour - 1, 60 - _number(_first(groups, "to", "to2"), times)
    elif "past" in groups:
        minute = _number(groups["past"], times)
    elif "halfto" in groups or "halfto2" in groups:
        hour, minute = hour - 1, 30 + int(groups.get("over", 0))
    elif "half" in groups:
        minute = 30
    elif "m" in groups:
        minute = _number(groups["m"], times)
    if not 0 <= hour <= 24 or not 0 <= minute < 60:
        return None
    # Before one o'clock it is twelve.
    hour = 12 if hour == 0 and groups.keys() & {"to", "to2", "halfto", "halfto2"} else hour
    is_marked = "ap" in groups or hour > 12 or said.startswith("0")
    if groups.get("ap") == "p" and hour < 12:
        hour += 12
    elif groups.get("ap") == "a" and hour == 12:
        hour = 0
    return Part(kind="clock", start=match.start(), end=match.end(), clock=(hour % 24, minute), is_marked=is_marked)


def _number(said: str, times: Times) -> int:
    """An hour or minutes; -1, which is neither, where the words say no number."""
    count = _count(said, times)
    return -1 if count is None else int(count)
