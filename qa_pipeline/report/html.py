"""HTML of a report: a page of calls with their sound as far as the limit goes, and the page above pages of days. No network, no files beside them.

In: ReportData. Out: text, or a file. Everything people said or named reaches a page through Jinja's escaping; its policy lets only its own script and
style run. Which calls come together on which page is in pages.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from qa_pipeline.report.call_view import LOW_CONFIDENCE, Sound, moment_text, view_call
from qa_pipeline.report.charts import CriterionCount, bar, call_parts, call_state, count_calls, count_criterion, outcome_parts
from qa_pipeline.report.clips import Clips, make_clips
from qa_pipeline.report.data import CallReport, ReportData
from qa_pipeline.report.doubts import review_reasons
from qa_pipeline.report.terminal import clock
from qa_pipeline.report.trends import chart, trends
from qa_pipeline.report.wording import title_of
from qa_pipeline.whole_file import write_whole

# Of the calls that need review, so many are listed above the pages of days. Chosen.
_MOST_FIRST = 100
# Runs before the calls are read: what is hidden from the beginning is never laid out, which opens a page of 500 calls twice as fast.
_EARLY = Markup('document.documentElement.classList.add("js");')


def write_html(data: ReportData, target: Path, *, clip_megabytes: float, is_alone: bool = False, place: Place | None = None) -> None:
    """Write a page of calls; of one call alone, for whoever it is about, to read or print.

    `clip_megabytes`: limit of sound in the page, in 10⁶ bytes; beyond it, links to the recordings.
    """
    clips = make_clips(data, limit_bytes=round(clip_megabytes * 1_000_000))
    write_whole(target, render(data, clips, folder=target.parent, is_alone=is_alone, place=place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page stands among pages of days: its title, the address of the page above, title and address of its neighbours."""

    title: str
    index: str
    before: tuple[str, str] | None = None
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPage:
    """One page of days, as the page above shows it. `calls`: in the order of the page."""

    title: str
    href: str
    calls: Sequence[CallReport]


def render(data: ReportData, clips: Clips, *, folder: Path, is_alone: bool = False, place: Place | None = None) -> str:
    """The page as text. `folder`: where it will lie; recordings beneath it are linked relatively. `is_alone`: one call, without what lists calls."""
    names = {moment: f"c{number}" for number, moment in enumerate(clips.sounds)}
    calls = [view_call(number, item, data, names, clips, folder) for number, item in enumerate(data.calls)]
    return _page("page.html").render(
        **_overview(data),
        clips={names[moment]: base64.b64encode(sound).decode("ascii") for moment, sound in clips.sounds.items()},
        calls=calls,
        agent_names=sorted({item.call["agent_id"] or "unknown" for item in data.calls}),
        rubrics=sorted({item.score["rubric_id"] for item in data.calls if item.score}),
        low_confidence=LOW_CONFIDENCE,
        is_alone=is_alone,
        place=place,
    )


def render_days(data: ReportData, days: Sequence[DayPage]) -> str:
    """The page above pages of days: figures of all calls, the days, what to look at first, and where each call is."""
    places = [(item, f"{day.href}#call-{number}") for day in days for number, item in enumerate(day.calls, 1)]
    wanting = [(item, href) for item, href in reversed(places) if item.is_official and item.counting and item.counting.needs_review]
    wanting.sort(key=lambda pair: call_state(pair[0]) != "critical")
    first = [
        {
            "id": item.call["call_id"], "href": href, "agent": _agent(item), "started": moment_text(item.call["started_at"]), "score": item.score,
            "counting": item.counting, "state": call_state(item), "reasons": ", ".join(review_reasons(item)),
        }
        for item, href in wanting[:_MOST_FIRST]
    ]  # fmt: skip
    return _page("days.html").render(
        **_overview(data),
        calls=(),
        place=None,
        is_alone=False,
        days=[{"title": day.title, "href": day.href, "calls": count_calls(day.calls), "bar": bar(call_parts(day.calls))} for day in days],
        first=first,
        more=len(wanting) - len(first),
        known={
            "pages": [day.href for day in days],
            "calls": [
                (item.call["call_id"], _agent(item), page, number)
                for page, day in enumerate(days)
                for number, item in enumerate(day.calls, 1)
            ],
        },
    )


def _page(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("qa_pipeline", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(clock=clock, percent=_percent, moment=_stretch_text, breakable=_breakable)
    return environment.get_template(name)


def _overview(data: ReportData) -> dict[str, object]:
    """What every page of many calls shows: counts, criteria, agents, trends, failures; and its style and script."""
    style, script = (Markup(files(__package__).joinpath(name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    return {
        "style": style,
        "script": script,
        "early": _EARLY,
        "policy": _policy(style, (_EARLY, script)),
        "count": count_calls(data.calls),
        "criteria": [(name, _title(data, name), _local_titles(data, name), data.is_draft(name)) for name in data.criteria],
        "counts": [
            {"count": count, "bar": bar(outcome_parts(count)), "parts": outcome_parts(count)} for count in _counts(data, data.calls)
        ],
        "agents": [
            {"name": name, "calls": count_calls(items), "bar": bar(call_parts(items)), "criteria": _counts(data, items)}
            for name, items in _by_agent(data.calls).items()
        ],
        "failures": data.failures,
        "called": _span(item.call["started_at"] for item in data.calls),
        "processed": _span(
            [item.call["processed_at"] for item in data.calls] + [item.score["scored_at"] for item in data.calls if item.score]
        ),
        "trends": [
            {"title": trend.title, "chart": chart(trend)}
            for trend in trends(data.calls, {n: _title(data, n) for n in data.criteria if not data.is_draft(n)})
        ],
        "timezone": data.timezone,
    }


def _agent(item: CallReport) -> str:
    return str(item.call["agent_name"] or item.call["agent_id"] or "unknown")


def _by_agent(calls: Iterable[CallReport]) -> dict[str, list[CallReport]]:
    grouped: dict[str, list[CallReport]] = {}
    for item in sorted(calls, key=lambda item: item.call["agent_id"] or "unknown"):
        grouped.setdefault(item.call["agent_id"] or "unknown", []).append(item)
    return grouped


def _counts(data: ReportData, calls: Sequence[CallReport]) -> list[CriterionCount]:
    findings = [finding for item in calls if item.is_official for finding in item.findings if not data.words_of(finding).is_draft]
    return [count_criterion(name, findings) for name in data.criteria]


def _title(data: ReportData, criterion: str) -> str:
    return title_of(data.titles_of(criterion), criterion)[1]


def _local_titles(data: ReportData, criterion: str) -> list[tuple[str, str]]:
    """Titles in the other languages that were spoken."""
    titles = data.titles_of(criterion)
    spoken = {item.call["language"] for item in data.calls} - {title_of(titles, criterion)[0]}
    return [(language, title) for language, title in titles.items() if language in spoken]


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Content security policy: this style, these scripts, sound from the page or from the recordings it links; nothing else."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {' '.join(map(digest, scripts))}; media-src data: file: http: https:; "
        "base-uri 'none'; form-action 'none'"
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


def _breakable(name: str) -> Markup:
    """A name that may break after its underscores; escaped."""
    return Markup("_<wbr>").join(name.split("_"))


def _stretch_text(sound: Sound) -> str:
    return f"{clock(sound.start_ms)}–{clock(sound.end_ms)}"


def _span(values: Iterable[datetime | None]) -> str | None:
    """First to last of the times known."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    first, last = (moment_text(value) or "" for value in (known[0], known[-1]))
    return first if first == last else f"{first} – {last}"
