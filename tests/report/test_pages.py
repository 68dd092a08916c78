"""A report as one page, or as pages of days with one above them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from report_rows import call_report, finding, report_data
from test_html import chromium

from qa_pipeline.report import pages
from qa_pipeline.report.data import CallReport, ReportSource, Row
from qa_pipeline.report.pages import write_report


def call(name: str, day: int | None, **score: Any) -> CallReport:
    return call_report(
        "0:00 agent: Hello there.", findings=(finding("greeting", "met"),), call_id=name, agent_name=f"Agent of {name}",
        started_at=datetime(2026, 3, day, 9, 30, tzinfo=UTC) if day else None, score=score,
    )  # fmt: skip


def source_of(*calls: CallReport) -> ReportSource:
    """A report as it is read from tables that hold these calls."""
    whole = {item.call["call_id"]: item for item in calls}

    class Stored:
        """What the tables would give of some of them."""

        def findings(self, ids: list[str]) -> list[Row]:
            return [{**row, "call_id": call_id} for call_id in ids for row in whole[call_id].findings]

        def utterances(self, ids: list[str]) -> list[Row]:
            return [{**row, "call_id": call_id} for call_id in ids for row in whole[call_id].utterances]

        def metrics(self, ids: list[str]) -> list[Row]:
            return [{**whole[call_id].metrics, "call_id": call_id} for call_id in ids]

    overview = report_data(*(replace(item, utterances=(), metrics={}) for item in calls))
    return ReportSource(overview=overview, _rows=Stored(), _zone=ZoneInfo("UTC"))  # type: ignore[arg-type]  # as far as a report asks


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_CALLS", 2)


def test_few_calls_are_one_page(tmp_path: Path) -> None:
    assert write_report(source_of(call("c1", 2), call("c2", 3)), tmp_path / "report.html", clip_megabytes=0) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert "Hello there." in (tmp_path / "report.html").read_text("utf-8")


def test_many_calls_are_a_page_a_day_and_one_above_them(tmp_path: Path) -> None:
    calls = [call("c1", 2), call("c2", 3), call("c3", 2), call("c4", None), call("c5", 2)]
    assert write_report(source_of(*calls), tmp_path / "report.html", clip_megabytes=0) == 4
    names = sorted(path.name for path in (tmp_path / "report_days").iterdir())
    assert names == ["2026-03-02-1.html", "2026-03-02-2.html", "2026-03-03.html", "undated.html"]
    above = (tmp_path / "report.html").read_text("utf-8")
    assert "Hello there." not in above
    for name in names:
        assert f'href="report_days/{name}"' in above
    day = (tmp_path / "report_days" / "2026-03-02-2.html").read_text("utf-8")
    assert "2026-03-02, part 2" in day
    assert 'href="../report.html"' in day
    assert 'href="2026-03-02-1.html"' in day
    assert 'href="2026-03-03.html"' in day
    # The third call of that day, with its words, and no other.
    assert "c5" in day
    assert "Hello there." in day
    assert "c1" not in re.findall(r'<h2 id="call-1-head" tabindex="-1">(\w+)<', day)


def test_the_page_above_says_where_each_call_is(tmp_path: Path) -> None:
    calls = [call("c1", 2), call("c2", 3), call("c3", 3)]
    write_report(source_of(*calls), tmp_path / "report.html", clip_megabytes=0)
    above = (tmp_path / "report.html").read_text("utf-8")
    known = json.loads(re.findall(r'id="known-calls">(.*?)</script>', above)[0])
    assert known["calls"] == [["c1", "Agent of c1", 0, 1], ["c2", "Agent of c2", 1, 1], ["c3", "Agent of c3", 1, 2]]
    day = (tmp_path / known["pages"][1]).read_text("utf-8")
    assert re.findall(r'<h2 id="call-2-head" tabindex="-1">(\w+)<', day) == ["c3"]


def test_what_fails_critically_comes_first(tmp_path: Path) -> None:
    calls = [
        call("c1", 2, needs_review=True, review_reasons=["critical_failed"], critical_failed=True, critical_state="provisional"),
        call("c2", 3, needs_review=True, review_reasons=["low_coverage"]),
        call("c3", 3),
    ]
    write_report(source_of(*calls), tmp_path / "report.html", clip_megabytes=0)
    above = (tmp_path / "report.html").read_text("utf-8")
    listed = above[above.index("To look at first") : above.index('id="criteria-head"')]
    assert re.findall(r'href="(report_days/[^"]+)"', listed) == ["report_days/2026-03-02.html#call-1", "report_days/2026-03-03.html#call-1"]
    assert "critical not met" in listed


def test_pages_of_days_that_are_no_more_are_deleted(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_report(source_of(call("c1", 2), call("c2", 3), call("c3", 3)), target, clip_megabytes=0)
    (tmp_path / "report_days" / "notes.html").write_text("mine", "utf-8")
    write_report(source_of(call("c2", 3), call("c3", 3)), target, clip_megabytes=0)
    assert [path.name for path in (tmp_path / "report_days").iterdir()] == ["notes.html"]


@pytest.mark.browser
def test_a_browser_shows_the_page_above_without_errors(tmp_path: Path) -> None:
    if not shutil.which("chromium"):
        pytest.skip("needs Debian's chromium")
    write_report(source_of(call("c1", 2), call("c2", 3), call("c3", 3)), tmp_path / "report.html", clip_megabytes=0)
    document, console = chromium((tmp_path / "report.html").as_uri())
    assert console == ""
    assert 'data-ready="yes"' in document
