"""When a call began, as people, recorders, databases and spreadsheets write it → a moment.

In: the text of a cell and the zone of times that name none. Out: a moment with what was decided about it, or why it is none. A moment far from any
recording is refused: retention would delete the call, or never.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table

# Calls are recorded as files since the nineties; 1970, 1980 and 1904 are what clocks and spreadsheets say that know no date.
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
_SOME_TIME = datetime(2026, 5, 11, 10, 20, tzinfo=UTC)
_EXAMPLE = "2026-05-11T10:20:00+08:00"
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt _]\d{2}(?::?\d{2}){1,2}(?:[.,]\d+)?(?:Z|z|[+-]\d{2}(?::?\d{2})?)?)?|\d{8}[Tt]\d{4}(?:\d{2})?(?:[.,]\d+)?(?:Z|z|[+-]\d{2}(?::?\d{2})?)?"
)
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT|Z)$")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", ", %H:%M", ", %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p", ", %I:%M:%S %p")
_FORMATS = (
    "%Y-%m-%dT%H-%M-%S", "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %H-%M-%S", "%Y%m%d-%H%M%S", "%Y%m%d_%H%M%S", "%Y%m%d %H%M%S",
    *(day + clock for day in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y") for clock in _CLOCKS),
)  # fmt: skip
_MIDNIGHT = re.compile(r"(?<=[ Tt_])24:00(?=$|:00|[Zz+-]|\s)")
# Digits alone, by how many there are.
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_NUMBER = re.compile(r"(\d{1,30})(?:[.,](\d{1,30}))?")
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+")
# Names of the tz database behind a time, as 10:12 Europe/Warsaw, or 10:12+01:00[Europe/Warsaw].
_ZONED = re.compile(r"(?P<time>.*?)\s*(?P<open>\[)?(?P<zone>[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_+-]+){1,2})(?(open)\])")
# As .NET writes them in JSON: ms since 1970, with an offset that is for show.
_IN_DATE = re.compile(r"/Date\((\d{1,15})(?:[+-]\d{4})?\)/")
# No time with its zone is longer.
_LONGEST = 80
_POINTED_HALF = re.compile(r"\b([AaPp])\.\s?([Mm])\.?(?!\w)")
# As SQL Server prints them: Mar  4 2025 10:12AM.
_SQL_SERVER = re.compile(r"[A-Za-z]{3} {1,2}\d{1,2} \d{4} {1,2}\d{1,2}:\d{2}(?::\d{2})?[AaPp][Mm]")
_MAIL = re.compile(r"[A-Za-z]{3}, *\d{1,2} [A-Za-z]{3} \d{4} .*")
# From 1 January 1970, UTC. Their moments of 1990 to 2099 do not overlap, so the size of a number says which it is.
_UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_799
# Spreadsheets count days from here. Workbooks that count from 1904 are not made any more.
_DAY_ZERO = datetime(1899, 12, 30)
_FIRST_DAY, _LAST_DAY = 32_874, 73_050
# How times are written that say day and month in either order, for advice.
_AMBIGUOUS_DATES = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When it was. `decided`: how a bare number was read. `doubt`: what the clocks of the zone make of it. Both empty where there is nothing to say."""

    at: datetime
    decided: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMoment:
    """Why a text is no time, as what was wanted."""

    wanted: str


def read_moment(text: str, zone_name: str, formats: Sequence[str] = ()) -> Moment | NoMoment:
    """A time as text. `zone_name`: of times that name none; `formats`: further ways of writing (strptime), tried first."""
    zone = ZoneInfo(zone_name)
    text = match[1] if (match := _IN_DATE.fullmatch(text)) else text
    if (
        len(text) <= _LONGEST
        and (match := _ZONED.fullmatch(text))
        and (named := _zone_of(match["zone"]))
        and _as_written(match["time"], formats) is not None
    ):
        text, zone = match["time"], named
    if _ROUNDED.fullmatch(text):
        return NoMoment(wanted="a whole number; a spreadsheet has rounded this one: export it again without opening it in the spreadsheet")
    if (found := _as_written(text, formats)) is not None:
        moment = Moment(at=found) if found.tzinfo else _local(found, zone)
    elif match := _NUMBER.fullmatch(text):
        numbered = _numbered(int(match[1]), match[2] or "", text, zone)
        if numbered is None:
            return NoMoment(
                wanted=f"a time such as {_EXAMPLE}; as a number: seconds, milli-, micro- or nanoseconds since 1970, or days of a spreadsheet"
            )
        moment = numbered
    else:
        return NoMoment(wanted=f"a time such as {_EXAMPLE}{_hint(text)}")
    if not EARLIEST <= moment.at.date() <= LATEST:
        return NoMoment(wanted=f"a time from {EARLIEST.year} to {LATEST.year}; leave it empty where it is not known")
    return moment


def is_time_format(form: str) -> bool:
    """Whether a way of writing times (strptime) can be read: a part that stands twice, or that there is not, cannot."""
    try:
        datetime.strptime(_SOME_TIME.strftime(form), form)
    except (ValueError, re.error):
        return False
    return True


def parse_time(text: str, zone_name: str) -> datetime | None:
    """A time as people and recorders write it; without a zone it is the configured one. None when it is no time."""
    moment = read_moment(text, zone_name)
    return moment.at if isinstance(moment, Moment) else None


def _as_written(text: str, formats: Sequence[str]) -> datetime | None:
    """A time that says its year, month and day. 24:00 is the next day's beginning."""
    text = _without_halves(_POINTED_HALF.sub(r"\1\2", text))
    if _MIDNIGHT.search(text):
        began = _as_written(_MIDNIGHT.sub("00:00", text), formats)
        return began + timedelta(days=1) if began is not None and began.date() < date.max else None
    if (found := _by_formats(text, formats)) is not None:
        return found
    if text.isdecimal():
        return _by_formats(text, [_DIGITS[len(text)]]) if len(text) in _DIGITS else None
    if _SQL_SERVER.fullmatch(text):
        return _by_formats(" ".join(text.split()), ("%b %d %Y %I:%M%p", "%b %d %Y %I:%M:%S%p"))
    plain = _ZONE_NAME.sub("Z", text) if _ZONE_NAME.search(text) else re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$)", "", text)
    if _ISO.fullmatch(plain):
        try:
            return datetime.fromisoformat(plain.upper())
        except ValueError:
            return None
    if _MAIL.fullmatch(text):
        try:
            return parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
    return _by_formats(text, (*_FORMATS, *_formats_with_words()))


def _zone_of(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _without_halves(text: str) -> str:
    """A time with a word for the half of the day before its hour → with the hour of 24."""
    match = _halves().search(text) if len(text) <= _LONGEST and not text.isascii() else None
    if match is None:
        return text
    hour = int(match["hour"])
    is_after = match["half"] in _words_after_noon()
    if not 1 <= hour <= 12:
        # 下午14:30 says it twice.
        return text if hour > 23 else text[: match.start()] + f" {hour:02d}" + text[match.end() :]
    return text[: match.start()] + f" {hour % 12 + (12 if is_after else 0):02d}" + text[match.end() :]


@cache
def _words_after_noon() -> frozenset[str]:
    return frozenset(word for code in language_codes() for word in table(code, DeskWords).after_noon)


@cache
def _halves() -> re.Pattern[str]:
    words = {word for code in language_codes() for word in (*table(code, DeskWords).before_noon, *table(code, DeskWords).after_noon)}
    return re.compile(
        rf"\s*(?P<half>{'|'.join(sorted(map(re.escape, words), key=len, reverse=True)) or '(?!)'})\s*(?P<hour>\d{{1,2}})(?=[:：时])"
    )


@cache
def _formats_with_words() -> tuple[str, ...]:
    """Those that hold words, of every language there is; behind a day alone, any clock."""
    forms = (form for code in language_codes() for form in table(code, DeskWords).time_formats)
    return tuple(form + clock for form in forms for clock in (_CLOCKS if "%H" not in form else ("",)))


def _by_formats(text: str, formats: Sequence[str]) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _numbered(whole: int, fraction: str, text: str, zone: ZoneInfo) -> Moment | None:
    """A bare number: a time since 1970, or days of a spreadsheet. None where neither gives a moment in range."""
    for unit, size in _UNITS.items():
        if _FIRST_SECOND * size <= whole <= _LAST_SECOND * size:
            second, rest = divmod(whole, size)
            micro = round((rest + float(f"0.{fraction or 0}")) * 1_000_000 / size)
            at = datetime.fromtimestamp(second, UTC) + timedelta(microseconds=micro)
            return Moment(at=at, decided=f"{unit} since 1970 ({text} is {_shown(at.astimezone(zone))})")
    if _FIRST_DAY <= whole < _LAST_DAY:
        # Spreadsheets hold a day as a binary fraction: its seconds are right, what is behind them is not.
        local = _DAY_ZERO + timedelta(seconds=round((whole + float(f"0.{fraction or 0}")) * 86_400))
        moment = _local(local, zone)
        return Moment(at=moment.at, doubt=moment.doubt, decided=f"days of a spreadsheet ({text} is {_shown(moment.at)})")
    return None


def _local(naive: datetime, zone: ZoneInfo) -> Moment:
    """A time on the clocks of a zone; doubtful in the hours that they skip or show twice. Where they do, the offset before the change counts."""
    at = naive.replace(tzinfo=zone)
    if naive.year < EARLIEST.year or naive.year > LATEST.year:
        return Moment(at=at)
    shown = f"{naive:%Y-%m-%d %H:%M}"
    back = at.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) != naive:
        return Moment(
            at=_fixed(at), doubt=f"{shown} is skipped by the clocks of {zone}; {back:%H:%M} is taken. Write times with their offset"
        )
    later = naive.replace(tzinfo=zone, fold=1)
    if later.utcoffset() != at.utcoffset():
        both = f"{_fixed(at).isoformat()} or {_fixed(later).isoformat()}"
        return Moment(at=_fixed(at), doubt=f"{shown} is shown twice by the clocks of {zone}; the first is taken. Write the offset: {both}")
    return Moment(at=at)


def _fixed(at: datetime) -> datetime:
    """The moment with its offset instead of its zone: in a doubtful hour Python calls two spellings of one moment unequal."""
    return at.astimezone(timezone(at.utcoffset() or timedelta(0)))


def _shown(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def _hint(text: str) -> str:
    """How a mapping file would say that this way of writing is meant; empty where none is known."""
    if (named := re.search(r"\s([A-Z]{3,5})$", text)) and _as_written(text[: named.start()], ()) is not None:
        return f"; write the offset for {named[1]}, as +01:00"
    forms = " or ".join(f'times: ["{form}"]' for form in _fitting(text))
    return f"; a mapping file (--map FILE) says how it is written: {forms}" if forms else ""


def _fitting(text: str) -> Iterator[str]:
    for day in _AMBIGUOUS_DATES:
        for clock in _CLOCKS:
            if (found := _by_formats(text, [day + clock])) and EARLIEST <= found.date() <= LATEST:
                yield day + clock
