"""Charts of the pages: the report's own, with their words in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from qa_pipeline.report.charts import steps
from qa_pipeline.report.trends import Point, Trend, chart
from qa_pipeline.web.signed import Signed
from qa_pipeline.web.written import day_text, number_text

STEPS = ("0", "10", "20", "30", "40", "50", "60", "70", "80", "90")
"""What the ten steps of percents begin with."""


def trend_chart(who: Signed, trend: Trend) -> Markup:
    """A figure week by week with its intervals."""

    def said(point: Point) -> str:
        estimate, locale = point.estimate, who.texts.locale
        value = number_text(estimate.value or 0, locale, "0")
        between = (
            "" if estimate.low is None or estimate.high is None else f" ({max(0.0, estimate.low):.0f}–{min(100.0, estimate.high):.0f})"
        )
        calls = who.texts.ngettext("%(num)s call", "%(num)s calls", point.count) % {"num": point.count}
        week = who.gettext("week of %(day)s") % {"day": day_text(point.week, locale)}
        return f"{week}: {value} %{between}, {calls}"

    return chart(trend, said=said)


def percents_chart(who: Signed, counts: Sequence[int]) -> Markup:
    """How many calls have which percent, in ten steps."""
    ends = [*STEPS[1:], "100"]
    told = "; ".join(f"{first}–{last} %: {count}" for first, last, count in zip(STEPS, ends, counts, strict=True) if count)
    return steps(counts, STEPS, f"{who.gettext('Calls by percent')}: {told}")
