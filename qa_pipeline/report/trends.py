"""How figures go from week to week: calls in, small charts out, each point with its 95 % interval so that a wobble of few calls is not taken for news."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from statistics import mean, variance

from markupsafe import Markup, escape

from qa_pipeline.report.data import CallReport
from qa_pipeline.report.intervals import Estimate, Sample, mean_of, share

_MOST_TEAMS = 8
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 320, 150, 34, 10, 12, 24
_TICKS = (0, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A week by its Monday. `estimate` in per cent; `count`: calls it rests on."""

    week: date
    estimate: Estimate
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One figure over weeks, in order; weeks without calls are left out."""

    title: str
    points: tuple[Point, ...]


def trends(calls: Sequence[CallReport], titles: dict[str, str]) -> list[Trend]:
    """Mean percent, share passed, mean percent of the teams with most calls, share met of each criterion. Empty under two weeks with scored calls.

    `titles`: criterion id → title.
    """
    scored = [
        (week, call)
        for call in calls
        if (week := _week(call)) is not None and call.is_official and call.counting and call.counting.percent is not None
    ]
    if len({week for week, _ in scored}) < 2:
        return []
    found = [
        Trend(title="Percent, mean of all calls", points=_points(scored, _mean_percent)),
        Trend(title="Passed", points=_points(scored, lambda group: _share([bool(c.counting and c.counting.passed) for c in group]))),
    ]
    teams = Counter(call.call["team"] for _, call in scored if call.call["team"])
    for team, _ in teams.most_common(_MOST_TEAMS) if len(teams) > 1 else ():
        found.append(Trend(title=f"Percent, {team}", points=_points([(w, c) for w, c in scored if c.call["team"] == team], _mean_percent)))
    for criterion, title in titles.items():
        found.append(Trend(title=f"{title}: met", points=_points(scored, partial(_met, criterion))))
    return [trend for trend in found if len(trend.points) > 1]


def chart(trend: Trend, *, said: Callable[[Point], str] | None = None) -> Markup:
    """A line with its interval as a band; each point says its figures when pointed at, and the whole is told in words.

    `said`: a point in words; by default in English.
    """
    tell = said or _said
    first, last = trend.points[0].week, trend.points[-1].week
    days = max(7, (last - first).days)
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(week: date) -> float:
        return _LEFT + across * (week - first).days / days

    def y(percent: float) -> float:
        return _TOP + down * (1 - max(0.0, min(100.0, percent)) / 100)

    drawn = [
        f'<g class="grid"><line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text x="{_LEFT - 4}" y="{y(tick):.1f}" dy=".35em" class="tick">{tick}</text></g>'
        for tick in _TICKS
    ]
    told = [p for p in trend.points if p.estimate.value is not None]
    banded = [p for p in told if p.estimate.low is not None]
    upper = " ".join(f"{x(p.week):.1f},{y(p.estimate.high or 0):.1f}" for p in banded)
    lower = " ".join(f"{x(p.week):.1f},{y(p.estimate.low or 0):.1f}" for p in reversed(banded))
    if len(banded) > 1:
        drawn.append(f'<polygon class="band" points="{upper} {lower}"/>')
    drawn.append(f'<polyline class="line" points="{" ".join(f"{x(p.week):.1f},{y(p.estimate.value or 0):.1f}" for p in told)}"/>')
    in_words = [tell(point) for point in told]
    for point, text in zip(told, in_words, strict=True):
        drawn.append(
            f'<circle cx="{x(point.week):.1f}" cy="{y(point.estimate.value or 0):.1f}" r="3"><title>{escape(text)}</title></circle>'
        )
    drawn.append(f'<text x="{_LEFT}" y="{_HEIGHT - 6}" class="from">{first:%Y-%m-%d}</text>')
    drawn.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" class="to">{last:%Y-%m-%d}</text>')
    words = escape(f"{trend.title}: " + "; ".join(in_words))
    return Markup(f'<svg class="trend" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{words}">{"".join(drawn)}</svg>')


def _said(point: Point) -> str:
    estimate = point.estimate
    between = "" if estimate.low is None or estimate.high is None else f" ({max(0.0, estimate.low):.0f}–{min(100.0, estimate.high):.0f})"
    return f"week of {point.week:%Y-%m-%d}: {estimate.value:.0f} %{between}, {point.count} call{'' if point.count == 1 else 's'}"


def _week(call: CallReport) -> date | None:
    """Monday of the week a call was in."""
    day = call.call["call_date"]
    return day - timedelta(days=day.weekday()) if day else None


def _points(calls: Iterable[tuple[date, CallReport]], figure: Callable[[list[CallReport]], tuple[Estimate, int]]) -> tuple[Point, ...]:
    weeks: dict[date, list[CallReport]] = defaultdict(list)
    for week, call in calls:
        weeks[week].append(call)
    measured = ((week, *figure(those)) for week, those in sorted(weeks.items()))
    return tuple(Point(week=week, estimate=estimate, count=count) for week, estimate, count in measured if estimate.value is not None)


def _mean_percent(calls: list[CallReport]) -> tuple[Estimate, int]:
    values = [counting.percent for call in calls if (counting := call.counting) and counting.percent is not None]
    sample = Sample(count=len(values), mean=mean(values) if values else None, variance=variance(values) if len(values) > 1 else None)
    return mean_of(sample), len(values)


def _met(criterion: str, calls: list[CallReport]) -> tuple[Estimate, int]:
    # A sentiment that was told is described, not judged.
    outcomes = [f["outcome"] for call in calls for f in call.findings if f["criterion_id"] == criterion and f["reason_code"] != "sentiment"]
    return _share([outcome == "met" for outcome in outcomes if outcome in ("met", "not_met")])


def _share(outcomes: list[bool]) -> tuple[Estimate, int]:
    found = share(sum(outcomes), len(outcomes))
    if found.value is None or found.low is None or found.high is None:
        return found, 0
    return Estimate(value=100 * found.value, low=100 * found.low, high=100 * found.high), len(outcomes)
