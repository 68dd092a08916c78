"""check: metadata — what is known of a call beside its words: when it was made, how long it rang, any column."""

from __future__ import annotations

from datetime import datetime

from qa_pipeline.call import Call, Outcome
from qa_pipeline.rubric.criteria import MetadataCriterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import Condition
from qa_pipeline.rubric.windows import CallWindow
from qa_pipeline.scoring.verdict import Context, Verdict

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check_metadata(criterion: MetadataCriterion, context: Context) -> Verdict:
    """Met when the column is as wanted, and the call was made at an allowed time; undetermined when the metadata do not say."""
    call = context.search.conversation.call
    if criterion.column is None or criterion.call_windows or criterion.not_on_holidays:
        return _check_time(criterion, context.rubric, context.began)
    value = column_value(call, criterion.column)
    args = {"column": criterion.column, "value": value or ""}
    if value is None:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="no_metadata", reason_args=args)
    has_limits = criterion.at_least is not None or criterion.at_most is not None
    if has_limits and _number(value) is None:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="no_metadata", reason_args=args)
    holds = is_as_wanted(criterion, value)
    return Verdict(outcome=Outcome.MET if holds else Outcome.NOT_MET, reason_code="metadata", reason_args=args)


def column_value(call: Call, column: str) -> str | None:
    """A column of the call's metadata as text; None where it is empty or not there."""
    value = getattr(call, column, None) if column in Call.__dataclass_fields__ and column != "extra" else call.extra.get(column)
    if value is None or value == "":
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_as_wanted(wanted: Condition | MetadataCriterion, value: str) -> bool:
    """Whether a value is the one, among those, or within the limits wanted; what is no number is within none."""
    if wanted.is_ not in (None, value) or (wanted.in_ is not None and value not in wanted.in_):
        return False
    if wanted.at_least is None and wanted.at_most is None:
        return True
    number = _number(value)
    return (
        number is not None
        and (wanted.at_least is None or number >= wanted.at_least)
        and (wanted.at_most is None or number <= wanted.at_most)
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _check_time(criterion: MetadataCriterion, rubric: Rubric, began: datetime | None) -> Verdict:
    if began is None:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="no_metadata", reason_args={"column": "started_at", "value": ""})
    args = {"column": "started_at", "value": f"{began:%Y-%m-%d %H:%M}, {_DAYS[began.weekday()]}"}
    if criterion.not_on_holidays and rubric.country and (holiday := holiday_name(rubric.country, began)):
        return Verdict(outcome=Outcome.NOT_MET, reason_code="on_holiday", reason_args={**args, "holiday": holiday})
    is_inside = not criterion.call_windows or any(_holds(window, rubric, began) for window in criterion.call_windows)
    code = "in_call_window" if is_inside else "outside_call_window"
    return Verdict(outcome=Outcome.MET if is_inside else Outcome.NOT_MET, reason_code=code, reason_args=args)


def _holds(window: CallWindow, rubric: Rubric, began: datetime) -> bool:
    if window.days and _DAYS[began.weekday()] not in window.days:
        return False
    if window.season:
        season, day = rubric.seasons[window.season], f"{began:%m-%d}"
        inside = season.from_ <= day <= season.to if season.from_ <= season.to else day >= season.from_ or day <= season.to
        if not inside:
            return False
    return window.from_ <= f"{began:%H:%M}" < window.to


def holiday_name(country: str, day: datetime) -> str | None:
    """The public holiday of a country on a day, by the `holidays` package; None on other days."""
    import holidays

    name: str | None = holidays.country_holidays(country, years=day.year).get(day.date())
    return name
