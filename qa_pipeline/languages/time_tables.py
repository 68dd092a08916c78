"""times.yaml: how a language says dates and times."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainValidator, ValidationInfo

from qa_pipeline.languages.patterns import NEVER, Pattern, Pieces, compiled
from qa_pipeline.languages.tables import Table

# A pattern that is said of each of some names in turn: field → names, and the placeholder for one.
_SAID_OF_EACH = {"weekday": ("weekdays", "weekday"), "date_with_month": ("months", "month")}


def _compile_each(pattern: object, info: ValidationInfo) -> tuple[re.Pattern[str], ...]:
    names, placeholder = _SAID_OF_EACH[info.field_name or ""]
    pieces = info.data.get("pieces")
    # Where the pieces or the names are at fault, that is told; what uses them is not blamed too.
    if pieces is None or names not in info.data:
        return ()
    return tuple(compiled(pattern, pieces | {placeholder: name}) for name in info.data[names])


EachPattern = Annotated[tuple[re.Pattern[str], ...], PlainValidator(_compile_each)]


class Times(Table):
    """Days, parts of a day, hours and spans of time, as patterns over a text that is folded (Han characters: simplified), its numbers in digits.

    Where patterns overlap, the one further up counts. `pieces`: parts that several patterns share, used as {name}.

    Days. `weekdays` (from Monday) and `months`: patterns of names, without inflection. `weekday`: a weekday, as {weekday}, with the groups `next` and
    `this` for the week it is of; `next_sign`: a character that stands in `next` once for each week. `relative_days`: days from today.
    `next_week`: a week without its day; it may have `next` too. `dates` and `date_with_month` (with {month}): the groups `day` or `day2`, `month` as a
    number, `next` for the month to come.

    Weeks and longer. `later`: what moves the day beside it so many weeks on (a week on Friday, Monday after next); `weeks_ahead`: weeks without their
    day, other than the next. `weekend`, with `next`. `ends`: pattern → the week, month or year whose end it is, or `month_start`; with `next`.
    `week_number`: the group `week` of the year. `unsure_next`: whether `next` with a weekday may mean the one of this week.

    Parts of a day. `dayparts`: pattern → from hour, to hour.

    Hours. `clock`: the groups `h` or `h2` (hour), `m` (minutes), `half` (half past), `past` (minutes past `h`), `to` or `to2` (minutes before it),
    `halfto` or `halfto2` (half before that hour; `over`: minutes past that half), `ap` (a or p), `noon`. `no_clock`: what only looks like one.
    `loose`: an hour without a word for it, taken right after a day, or where `before_day` is all that stands before one, or where the rest of the
    utterance is `alone_before` and `alone_behind`. `range`: two hours, `h` `m` `half` and `h2` `m2` `half2`, with `ap`.

    Spans of time. `ahead` (in two hours) and `within` (at the latest): the groups `n` (how many), `half` or `half2` (and a half), `unit`.
    `units`: how many minutes; `working_days`: units that are these. `counts`: words in `n`, `m`, `past`, `to`, `day` → how many.

    What is no time to come. `past`; `denied_before` and `denied_behind`: beside a time that does not suit. `separate`: between two times.
    `after_before_hour`, `after_behind_hour`: what makes an hour one after which is meant; `before_before_hour`, `before_behind_hour`: before which.
    `minutes_first`: hours as they are read in which such a word
    belongs to the minutes (half past three). `wish`: utterances in which a part of the day alone is a time.

    `zone`: that of calls in the language where neither the call nor its rubric says another.
    """

    FILE: ClassVar[str] = "times.yaml"
    zone: str | None = None
    pieces: Pieces = Field(default={}, validate_default=True)
    weekdays: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    weekday: EachPattern = ()
    next_sign: str = ""
    relative_days: dict[Pattern, int] = Field(default_factory=dict)
    next_week: Pattern = NEVER
    later: dict[Pattern, int] = Field(default_factory=dict)
    weeks_ahead: dict[Pattern, int] = Field(default_factory=dict)
    weekend: Pattern = NEVER
    ends: dict[Pattern, Literal["week", "month", "month_start", "year"]] = Field(default_factory=dict)
    week_number: Pattern = NEVER
    unsure_next: bool = False
    date_with_month: EachPattern = ()
    dates: tuple[Pattern, ...] = ()
    dayparts: dict[Pattern, tuple[int, int]] = Field(default_factory=dict)
    clock: tuple[Pattern, ...] = ()
    no_clock: Pattern = NEVER
    loose: Pattern = NEVER
    before_day: Pattern = NEVER
    alone_before: Pattern = NEVER
    alone_behind: Pattern = NEVER
    range: Pattern = NEVER
    ahead: tuple[Pattern, ...] = ()
    within: Pattern = NEVER
    units: dict[str, int] = Field(default_factory=dict)
    working_days: tuple[str, ...] = ()
    counts: dict[str, float] = Field(default_factory=dict)
    past: Pattern = NEVER
    denied_before: Pattern = NEVER
    denied_behind: Pattern = NEVER
    separate: Pattern = NEVER
    after_before_hour: Pattern = NEVER
    after_behind_hour: Pattern = NEVER
    before_before_hour: Pattern = NEVER
    before_behind_hour: Pattern = NEVER
    minutes_first: Pattern = NEVER
    wish: Pattern = NEVER
