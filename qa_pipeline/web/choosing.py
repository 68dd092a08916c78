"""Which calls and figures a page is asked for: the fields of its forms → a Shape, and back into addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, QueryParams

from qa_pipeline.call import Disposition, Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.report.shaped import WANTED_BY, checked
from qa_pipeline.review.shapes import PERIODS, Shape
from qa_pipeline.settings import Settings
from qa_pipeline.web.signed import Signed
from qa_pipeline.web.translations import marked

Asked = QueryParams | FormData
FIELDS = {"team": "team", "agent": "agent_id", "campaign": "campaign", "site": "site", "rubric": "rubric_id", "disposition": "disposition"}
"""Fields that calls are chosen by with the values there are → columns of the index."""

NAMES: Mapping[str, str] = {
    "team": marked("Team"),
    "agent": marked("Agent"),
    "campaign": marked("Campaign"),
    "site": marked("Site"),
    "rubric": marked("Rubric"),
    "version": marked("Version of the rubric"),
    "disposition": marked("How it ended"),
    "day": marked("Day"),
    "week": marked("Week"),
    "month": marked("Month"),
    "criterion": marked("Criterion"),
    "sentiment": marked("Customer's feeling"),
    "calls": marked("Calls"),
    "scored": marked("Scored"),
    "percent": marked("Percent"),
    "machine_percent": marked("Percent by the program"),
    "passed": marked("Passed"),
    "confirmed": marked("Critical, confirmed"),
    "provisional": marked("Critical, provisional"),
    "to_review": marked("To be reviewed"),
    "decided": marked("Decided by people"),
    "coverage": marked("Share judged"),
    "expected_wrong": marked("Expected wrong findings a call"),
    "positive": marked("Positive customers"),
    "neutral": marked("Neutral customers"),
    "negative": marked("Negative customers"),
    "met": marked("Met"),
    "judged": marked("Judged"),
    "not_met": marked("Not met"),
    "undetermined": marked("Undetermined"),
    "not_applicable": marked("Does not apply"),
    "low": marked("from"),
    "high": marked("to"),
    "of": marked("of calls"),
}
"""What dimensions and figures are called."""
VALUES: Mapping[str, Mapping[str, str]] = {
    "disposition": {
        Disposition.COMPLETED.value: marked("completed"),
        Disposition.CALL_BACK.value: marked("to be called back"),
        Disposition.REFUSED.value: marked("refused by the customer"),
        Disposition.WRONG_PERSON.value: marked("wrong person"),
        Disposition.VOICEMAIL.value: marked("voicemail"),
        Disposition.OPTED_OUT.value: marked("opted out"),
        Disposition.CUT_OFF.value: marked("cut off"),
    },
    "sentiment": {"positive": marked("positive"), "neutral": marked("neutral"), "negative": marked("negative")},
    "critical_state": {"confirmed": marked("Critical, confirmed"), "provisional": marked("Critical, provisional")},
}
"""What values are called that the program gives; those of the metadata stand as they are."""
NONE: Mapping[str, str] = {
    "team": marked("no team"),
    "agent": marked("no agent"),
    "campaign": marked("no campaign"),
    "site": marked("no site"),
    "rubric": marked("no rubric"),
    "disposition": marked("not known how it ended"),
    "day": marked("no day"),
    "week": marked("no day"),
    "month": marked("no day"),
}
"""What calls are called that have no value of a dimension."""
PERIOD_NAMES: Mapping[str, str] = {
    "last_7_days": marked("last 7 days"),
    "last_30_days": marked("last 30 days"),
    "last_90_days": marked("last 90 days"),
    "this_month": marked("this month"),
    "last_month": marked("last month"),
    "this_year": marked("this year"),
    "all": marked("all days"),
    "days": marked("days from … to …"),
}


def today(settings: Settings) -> date:
    """The day by the clock that calls are dated by."""
    return datetime.now(ZoneInfo(settings.timezone)).date()


def shape_of(asked: Asked, *, by: Sequence[str] = (), columns: Sequence[str] = (), period: str = "all") -> Shape:
    """The shape that a form asks for; what it leaves out is as given. Raises InputRefused."""
    chosen = asked.get("period") or period
    return checked(
        Shape(
            by=tuple(_texts(asked, "by")) or tuple(by),
            columns=tuple(_texts(asked, "columns")) or tuple(columns),
            titles={
                name[6:]: text.strip()
                for name, text in asked.multi_items()
                if name.startswith("title.") and isinstance(text, str) and text.strip()
            },
            period=chosen if chosen in (*PERIODS, "days") else period,
            since=_text(asked, "since"),
            until=_text(asked, "until"),
            where={name: value for name in WANTED_BY if (value := _text(asked, name))},
        )
    )


def query_of(shape: Shape, **more: str | None) -> str:
    """A shape as the query of an address."""
    pairs = [("by", name) for name in shape.by] + [("columns", name) for name in shape.columns]
    pairs += [("period", shape.period), *((name, value) for name, value in (("since", shape.since), ("until", shape.until)) if value)]
    pairs += list(shape.where.items()) + [(f"title.{name}", text) for name, text in shape.titles.items()]
    return urlencode([*pairs, *((name, value) for name, value in more.items() if value)])


def without_names(shape: Shape) -> Shape:
    """The same calls, counted by nothing in particular."""
    return replace(shape, by=(), columns=(), titles={})


_LISTED = (
    "since",
    "until",
    "team",
    "agent_id",
    "site",
    "rubric_id",
    "campaign",
    "disposition",
    "sentiment",
    "criterion_id",
    "critical_state",
)


def calls_query(wanted: Wanted) -> str:
    """Calls of a list as the query of its address."""
    pairs = [(name, str(value)) for name in _LISTED if (value := getattr(wanted, name)) is not None]
    pairs += [("outcome", wanted.outcome.value)] if wanted.outcome is not None else []
    pairs += [
        (name, "yes" if getattr(wanted, name) else "no")
        for name in ("to_review", "passed", "is_decided")
        if getattr(wanted, name) is not None
    ]
    return urlencode(pairs)


def calls_wanted(asked: QueryParams) -> Wanted:
    """The calls that such a query asks for. Raises InputRefused."""
    values: dict[str, object] = {name: text for name in _LISTED if (text := _text(asked, name))}
    for name in ("since", "until"):
        if name in values:
            values[name] = read_day(str(values[name]))
    if outcome := _text(asked, "outcome"):
        if outcome not in set(Outcome):
            raise InputRefused(f"There is no outcome {outcome!r}.", advice=f"There are: {', '.join(Outcome)}.")
        values["outcome"] = Outcome(outcome)
    for name in ("to_review", "passed", "is_decided"):
        if text := _text(asked, name):
            values[name] = text == "yes"
    return Wanted(**values)  # type: ignore[arg-type]


def read_day(text: str) -> date:
    """A day of a form. Raises InputRefused."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write it as 2026-05-31.") from error


def names_in(who: Signed, shape: Shape | None = None) -> dict[str, str]:
    """What dimensions and figures are called in somebody's language, and as a shape calls them."""
    return {name: who.gettext(text) for name, text in NAMES.items()} | (shape.titles if shape else {})


def _text(asked: Asked, name: str) -> str | None:
    value = asked.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _texts(asked: Asked, name: str) -> list[str]:
    return [value for value in asked.getlist(name) if isinstance(value, str) and value]
