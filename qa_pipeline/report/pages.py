"""A report as files: one page, or from so many calls on a page a day, and one above them.

A browser takes seconds to open a page of more than a few hundred calls; a day is what people look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from qa_pipeline.report.data import CallReport, ReportSource
from qa_pipeline.report.html import DayPage, Place, render_days, write_html
from qa_pipeline.report.redacted import RedactedSource
from qa_pipeline.whole_file import write_whole

MOST_CALLS = 500
"""On one page."""

_NAME = re.compile(r"(?:\d{4}-\d\d-\d\d|undated)(?:-\d+)?\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Calls of a day that come on one page."""

    title: str
    name: str
    calls: Sequence[CallReport]


def write_report(source: ReportSource | RedactedSource, target: Path, *, clip_megabytes: float) -> int:
    """Write the page; of more than MOST_CALLS calls one above a page a day, in the folder `STEM_days` beside it. Returns how many pages of days.

    `clip_megabytes`: limit of sound in all of them, in 10⁶ bytes. Pages of days that an earlier report left there are deleted.
    """
    calls = source.overview.calls
    folder = target.with_name(f"{target.stem}_days")
    parts = list(_parts(calls)) if len(calls) > MOST_CALLS else []
    places = [(part.title, part.name) for part in parts]
    for number, part in enumerate(parts):
        place = Place(
            title=part.title,
            index=f"../{target.name}",
            before=places[number - 1] if number else None,
            after=places[number + 1] if number + 1 < len(places) else None,
        )
        share = clip_megabytes * len(part.calls) / len(calls)
        write_html(source.report(part.calls), folder / part.name, clip_megabytes=share, place=place)
    if parts:
        days = [DayPage(title=part.title, href=f"{folder.name}/{part.name}", calls=part.calls) for part in parts]
        write_whole(target, render_days(source.overview, days))
    else:
        write_html(source.report(), target, clip_megabytes=clip_megabytes)
    _tidy(folder, {part.name for part in parts})
    return len(parts)


def _parts(calls: Sequence[CallReport]) -> Iterator[_Part]:
    """Calls by their day, a long day in several parts; those without a date at the end."""
    dated = sorted((item for item in calls if item.call["call_date"]), key=lambda item: item.call["call_date"])
    days = [(str(day), list(group)) for day, group in groupby(dated, key=lambda item: item.call["call_date"])]
    if undated := [item for item in calls if not item.call["call_date"]]:
        days.append(("undated", undated))
    for day, group in days:
        pieces = [group[at : at + MOST_CALLS] for at in range(0, len(group), MOST_CALLS)]
        for number, piece in enumerate(pieces, 1):
            title = "no date" if day == "undated" else day
            yield _Part(
                title=f"{title}, part {number}" if len(pieces) > 1 else title,
                name=f"{day}-{number}.html" if len(pieces) > 1 else f"{day}.html",
                calls=piece,
            )


def _tidy(folder: Path, written: set[str]) -> None:
    """Delete pages of an earlier report: they hold calls that may have been forgotten since."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name not in written and _NAME.fullmatch(path.name):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
