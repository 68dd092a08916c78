"""The columns that metadata may have, and what may stand in them: a row of text → typed values.

What cannot be used is a fault, what is doubtful a warning, what could be read in two ways is said or refused. Where rows come from is in metadata.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath

from qa_pipeline.call import Call, Disposition
from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.recordings.labels import role_of
from qa_pipeline.recordings.mapping import folded
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.times import NoMoment, read_moment

_TEXT_COLUMNS = (
    "call_id", "agent_id", "agent_name", "team", "site", "customer_id", "company", "campaign", "rubric", "transfer",
)  # fmt: skip
_CHOICES = {
    "direction": ("inbound", "outbound"),
    "hangup_by": ("agent", "customer"),
    "disposition": tuple(disposition.value for disposition in Disposition),
}
# How databases, data frames and people write that something is not known.
_NOT_KNOWN = frozenset(("NULL", "(null)", "\\N", "<NA>", "N/A", "n/a", "(blank)"))
# The same where it can be nobody's name: of a choice, a number, a time.
_NEITHER_A_NAME = frozenset(("-", "--", "—", "None", "NaN", "nan", "null", "undefined"))
# Rows with the same `same_call` are one call; `track` says that a file holds one party.
_JOIN_COLUMNS = ("same_call", "track")
_NUMBERS = ("ring_seconds", "wait_seconds", "csat")
_SECONDS = ("ring_seconds", "wait_seconds")
_TYPED = frozenset((*_CHOICES, *_NUMBERS, "language", "agent_channel", "started_at"))
# Columns that a row may have.
COLUMNS = frozenset({"file", *_JOIN_COLUMNS, *(f.name for f in fields(Call) if f.name not in ("source_uri", "audio_sha256", "extra"))})
_CHANNELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
_SIDES = {"left": 0, "right": 1}
# A language, with script and country behind it or not: en-US, zh_Hans_CN, pl_PL.UTF-8. zh-yue is another language.
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?(?:\.[\w-]+)?")
_AFTER_CODE = re.compile(r"(?<=^[a-z]{3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?$")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)")
# As a spreadsheet has lengths that it took for a time of its first day.
_FIRST_DAY = re.compile(r"(?:1899-12-3[01]|1900-01-0[01]|3[01]\.12\.1899|0?[01]\.0?1\.1900|12/3[01]/1899|0?1/0?[01]/1900)[ T]+(?=\d+:)")
_MINUTES = re.compile(r"(\d{1,2}):([0-5]\d)")
# A wait of less is none: such figures are parts of a day. Chosen.
_SHORTEST_SECONDS = 0.05
_DAY_SECONDS = 86_400
# Ids whose figures data frames write with a fraction where a cell of their column is empty.
_WHOLE_IDS = ("agent_id", "customer_id")
_WHOLE = re.compile(r"(\d+)\.0")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d+),(\d+)")
# What spreadsheets make of long numbers, and of what they cannot compute.
_IDS = ("call_id", "agent_id", "customer_id")
_DIGITS_KEPT, _FEWEST_ZEROS = 15, 4
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+")
# How exports keep a spreadsheet from making a number or a formula of a text: ="0017", and '+48600100200.
_KEPT_AS_TEXT = re.compile(r"=\"(?P<formula>[^\"]*)\"|'(?P<quoted>[\d=+@-][^']*)")
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|#+)")


@dataclass(slots=True)
class Row:
    """One row as text. `values`: columns of ours; `extra`: all others that are not empty; `times`: how its mapping writes times.

    `is_pattern`: the mapping has put the file's name together, and `*` in it is anything.
    """

    path: str
    line: int
    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)
    times: tuple[str, ...] = ()
    is_pattern: bool = False


def validated(row: Row, timezone: str, remarks: Remarks) -> dict[str, object]:
    """Typed values of a row; every cell that cannot be used becomes a fault, every one that is doubtful a warning."""
    unknown = {column for column, value in row.values.items() if value in _NOT_KNOWN and column != "file"}
    unknown |= {column for column, value in row.values.items() if value in _NEITHER_A_NAME and column in _TYPED}
    if unknown:
        words = ", ".join(sorted({row.values[column] for column in unknown}))
        remarks.decide(row.path, f"not known {words}", f"{words} is read as not known")
        row = replace(row, values={column: value for column, value in row.values.items() if column not in unknown})
    if kept := {column: match for column, value in row.values.items() if (match := _KEPT_AS_TEXT.fullmatch(value))}:
        column, match = next(iter(kept.items()))
        bare = {column: (match["formula"] or match["quoted"] or "").strip() for column, match in kept.items()}
        remarks.decide(row.path, f"kept as text {column}", f"{column} is read without what kept it as text ({match[0]} is {bare[column]})")
        row = replace(row, values={**row.values, **bare})
    if whole := {column: match[1] for column in _WHOLE_IDS if (match := _WHOLE.fullmatch(row.values.get(column, "")))}:
        column = next(iter(whole))
        remarks.decide(
            row.path, f"whole {column}", f"{column} is read without the fraction of a data frame ({row.values[column]} is {whole[column]})"
        )
        row = replace(row, values={**row.values, **whole})
    values: dict[str, object] = {name: _checked_text(row, name, remarks) for name in _TEXT_COLUMNS if row.values.get(name)}

    def refuse(column: str, wanted: str) -> None:
        remarks.fault(row.path, row.line, f"{column} is {row.values[column]!r}", f"wanted: {wanted}")

    for column, choices in {**_CHOICES, "language": language_codes()}.items():
        if value := row.values.get(column):
            match = _LANGUAGE.fullmatch(value) if column == "language" else None
            chosen = match[1].lower() if match else next((choice for choice in choices if folded(choice) == folded(value)), None)
            chosen = chosen or _in_words(column, value) or value
            if chosen in choices:
                values[column] = chosen
                if chosen != value:
                    remarks.decide(row.path, f"{column} {value}", f"{column} {value!r} is read as {chosen!r}")
            else:
                refuse(
                    column,
                    f"{', '.join(choices)}; a mapping file (--map FILE) says what other values mean: {_likely_mapping(column, value, choices)}",
                )
    for column in _NUMBERS:
        if value := row.values.get(column):
            number = _number(value, is_time=column in _SECONDS)
            if number is None:
                refuse(column, _wanted_number(column, value))
            elif _COMMA_NUMBER.fullmatch(value):
                remarks.decide(row.path, f"comma {column}", f"{column} is read with a decimal comma ({value} is {number:g})")
            values[column] = number
    for column, wanted in (
        ("agent_channel", "0 (first, left) or 1"),
        ("track", "0 or 1, the party that a file holds; empty where it holds both"),
    ):
        if value := row.values.get(column):
            channel = _CHANNELS.get(value, _side(value) if column == "agent_channel" else None)
            if channel is None:
                refuse(column, wanted)
            else:
                values[column] = channel if column == "agent_channel" else str(channel)
    if value := row.values.get("started_at"):
        moment = read_moment(value, timezone, row.times)
        if isinstance(moment, NoMoment):
            refuse("started_at", moment.wanted)
        else:
            values["started_at"] = moment.at
            if moment.decided:
                kind = moment.decided.partition("(")[0]
                remarks.decide(row.path, f"started_at {kind}", f"started_at is read as {moment.decided}")
            if moment.doubt:
                remarks.warn(row.path, row.line, f"started_at {moment.doubt}")
    if value := row.values.get("same_call"):
        values["same_call"] = value
    values["extra"] = row.extra
    return values


def _checked_text(row: Row, column: str, remarks: Remarks) -> str | None:
    """A text as it stands, warned of where a spreadsheet has spoilt it; None for what stands for an error of one."""
    value = row.values[column]
    if _ROUNDED.fullmatch(value):
        remarks.warn(
            row.path, row.line,
            f"{column} is {value!r}: a spreadsheet has rounded a long number, and others that it rounds alike are taken for the same. "
            "Format the column as text or 0, and save it anew from the source",
        )  # fmt: skip
    elif column in _IDS and _is_day_of_spreadsheet(value):
        remarks.warn(
            row.path, row.line,
            f"{column} is {value!r}: a spreadsheet may have made a date of it, as of 3-2 or 17/3. Format the column as text, and save it anew from the source",
        )  # fmt: skip
    elif _SPREADSHEET_ERROR.fullmatch(value):
        remarks.warn(row.path, row.line, f"{column} is {value!r}, an error of a spreadsheet; it is taken as not known")
        return None
    return value


def _number(text: str, *, is_time: bool) -> float | None:
    """A number with a decimal point or comma, or a time as h:mm:ss in seconds. None where it is none, or could be two: 1,234."""
    if is_time:
        text = _FIRST_DAY.sub("", text)
        if match := _CLOCK.fullmatch(text) or _in_units().fullmatch(text):
            hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
            return hours * 3600 + minutes * 60 + seconds
    if match := _COMMA_NUMBER.fullmatch(text):
        if len(match[2]) == 3 and match[1] != "0":
            return None
        text = text.replace(",", ".")
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    number = float(text)
    if is_time and 0 < number < _SHORTEST_SECONDS:
        return None
    return number if math.isfinite(number) else None


@cache
def _in_units() -> re.Pattern[str]:
    """Lengths with units of any of our languages: 35s, 1 min 5 sec; PT1M5S."""
    desks = [table(code, DeskWords) for code in language_codes()]

    def unit(name: str) -> str:
        words = {word for desk in desks for word in getattr(desk, name)}
        return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"

    hours, minutes, seconds = unit("hours"), unit("minutes"), unit("seconds")
    return re.compile(rf"(?:PT)?(?=\d)(?:(\d+)\s*{hours}\s*)?(?:(\d+)\s*{minutes}\s*)?(?:(\d+(?:[.,]\d+)?)\s*{seconds})?", re.IGNORECASE)


def _wanted_number(column: str, value: str) -> str:
    if column in _SECONDS and (match := _MINUTES.fullmatch(value)):
        return f"a number of seconds, or h:mm:ss: {_clock(int(match[1]) * 60 + int(match[2]))} or {_clock(int(match[1]) * 3600 + int(match[2]) * 60)}"
    if column in _SECONDS and _PLAIN_NUMBER.fullmatch(plain := value.replace(",", ".")) and 0 < float(plain) < _SHORTEST_SECONDS:
        return f"a number of seconds, or h:mm:ss; as a part of a day, which spreadsheets make of a time, it is {round(float(plain) * _DAY_SECONDS)}"
    if _COMMA_NUMBER.fullmatch(value):
        return f"a number that can be read in one way: {value.replace(',', '.')} or {value.replace(',', '')}"
    return "a number of seconds, or h:mm:ss" if column in _SECONDS else "a number"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _side(value: str) -> int | None:
    """0 for left and 1 for right, in words of any of our languages. A channel by number may count from 0 or from 1, and is none."""
    desks = [table(code, DeskWords) for code in language_codes()]
    named = (number for name, number in _SIDES.items() for desk in desks if folded(value) in (name, *map(folded, getattr(desk, name))))
    return next(named, None)


def _in_words(column: str, value: str) -> str | None:
    """A choice that is written with a word of one of the languages; None where none is known for it."""
    if column == "direction":
        desks = [table(code, DeskWords) for code in language_codes()]
        return next((name for name in _CHOICES[column] for desk in desks if folded(value) in map(folded, getattr(desk, name))), None)
    if column == "hangup_by" and (role := role_of(value, {})) is not None:
        return role.value if role.value in _CHOICES[column] else None
    if column == "language":
        # A code of three letters may have script and country behind it: cmn-Hans-CN.
        names = {value.casefold(), _AFTER_CODE.sub("", value.casefold())}
        return next((code for code in language_codes() if names & set(table(code, DeskWords).called)), None)
    return None


def _likely_mapping(column: str, value: str, choices: Sequence[str]) -> str:
    """How a mapping file would say what a value means: as the choice that begins like it, else as one of two for a person to choose."""
    likely = [choice for choice in choices if choice[:1] == folded(value)[:1]]
    likely = (
        [max(likely, key=lambda choice: [choice[:length] == folded(value)[:length] for length in (3, 2)])] if likely else list(choices[:2])
    )
    return " or ".join(f"values: {{{column}: {{{_yaml(value)}: {choice}}}}}" for choice in likely)


def _is_day_of_spreadsheet(value: str) -> bool:
    """Whether a text is how spreadsheets show a day without its year, or a month with it: 2-Mar, Mar-17."""
    for form in ("%d-%b %Y", "%b-%y %Y"):
        try:
            # Without a year, 29 February is none.
            datetime.strptime(f"{value} 2000", form)
        except ValueError:
            continue
        return True
    return False


def warn_of_lost_digits(rows: Sequence[Row], remarks: Remarks) -> None:
    """Tell of long numbers of which all end in zeros behind the fifteenth digit, which is how many a spreadsheet keeps."""
    for column in _IDS:
        long = [row for row in rows if len(value := row.values.get(column, "")) > _DIGITS_KEPT and value.isascii() and value.isdigit()]
        ends = [row.values[column][_DIGITS_KEPT:] for row in long]
        if len(long) > 1 and sum(map(len, ends)) >= _FEWEST_ZEROS and not any(end.strip("0") for end in ends):
            first = long[0]
            remarks.warn(
                first.path, first.line,
                f"{column} is {first.values[column]!r}, and each long one ends in zeros: a spreadsheet keeps {_DIGITS_KEPT} digits, and others that it "
                "shortens alike are taken for the same. Format the column as text, and save it anew from the source",
            )  # fmt: skip


def warn_of_lost_zeros(rows: Sequence[Row], remarks: Remarks) -> None:
    """Tell of ids that differ in zeros before them alone: a spreadsheet takes those away, and one agent becomes two."""
    for column in _IDS:
        spelled: dict[str, dict[str, Row]] = {}
        for row in rows:
            value = row.values.get(column, "")
            if value.isascii() and value.isdigit():
                spelled.setdefault(value.lstrip("0"), {}).setdefault(value, row)
        for spellings in spelled.values():
            if len(spellings) > 1:
                longest = max(spellings, key=len)
                shorter = spellings[min(spellings, key=len)]
                remarks.warn(
                    shorter.path, shorter.line,
                    f"{column} is {shorter.values[column]!r} here and {longest!r} elsewhere, which are two to us: a spreadsheet takes zeros away. "
                    "Format the column as text, and save it anew from the source",
                )  # fmt: skip
                break


def _yaml(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[A-Za-z][\w -]*", text) and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null")
        else json.dumps(text, ensure_ascii=False)
    )


def values_in_name(name: str, pattern: str, timezone: str, warnings: list[str]) -> dict[str, object]:
    """What a file name says, by a pattern such as `{campaign}_AGENT_{agent_id}_{started_at}`."""
    match = _pattern(pattern).fullmatch(PurePosixPath(name).stem)
    if not match:
        warnings.append(f"{name} does not fit the filename pattern; it is processed with the defaults.")
        return {}
    remarks = Remarks()
    values = validated(Row(path=name, line=1, values=match.groupdict()), timezone, remarks)
    warnings.extend(f"{name}: {fault.message} ({fault.advice})" for fault in remarks.faults)
    warnings.extend(remarks.warnings)
    return values


def _pattern(text: str) -> re.Pattern[str]:
    known = {f.name for f in fields(Call)}
    out, opened = "", ""
    for part in re.split(r"(\{[a-z_]+\}|\*)", text):
        if part.startswith("{") and part.endswith("}") and part[1:-1] not in known:
            raise InputRefused(f"Filename pattern: no column is called {part}.", advice=f"There are: {', '.join(sorted(known))}.")
        if part == "*" or (part.startswith("{") and part.endswith("}")):
            # What stood open before ends at the first place where its text fits, and is not tried again: if that does not do, no later place does, and
            # a pattern of twenty stars takes no longer than one of two.
            out += f"(?>{opened})" if opened else ""
            opened = ".*?" if part == "*" else f"(?P<{part[1:-1]}>.+?)"
        elif opened:
            opened += re.escape(part)
        else:
            out += re.escape(part)
    try:
        return re.compile(out + opened)
    except re.error as error:
        raise InputRefused(f"Filename pattern {text!r} cannot be used: {error}.", advice="Name each column once.") from error
