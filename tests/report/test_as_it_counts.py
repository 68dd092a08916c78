"""What people decided is shown wherever the program's score is: page and terminal, of one call and of many."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from desks import make_desk
from rich.console import Console

from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import MACHINE, local_viewer
from qa_pipeline.report.charts import call_state, count_calls, count_criterion
from qa_pipeline.report.data import ReportData, load_call, load_report
from qa_pipeline.report.html import write_html
from qa_pipeline.report.terminal import show_calls
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.standing import read_effective
from qa_pipeline.settings import Settings


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two calls with 40 %; in the first a critical criterion and another one were overridden: 100 %."""
    desk = make_desk(tmp_path, calls=("c1", "c2"))
    for criterion in ("long", "grave"):
        decide(desk, local_viewer("Wu"), "c1", Override(outcome=Outcome.MET), criterion_id=criterion, reason="heard it")
    return desk


@pytest.fixture
def settings(desk: Desk) -> Settings:
    return Settings(results=desk.store.root)


def page(data: ReportData, folder: Path, *, is_alone: bool = False) -> str:
    write_html(data, folder / "page.html", clip_megabytes=0, is_alone=is_alone)
    return re.sub(r"\s+", " ", (folder / "page.html").read_text("utf-8"))


@pytest.mark.slow
def test_many_calls_are_counted_as_they_count(desk: Desk, settings: Settings) -> None:
    data = load_report(desk.store, settings, MACHINE)
    first, second = sorted(data.calls, key=lambda item: item.call["call_id"])
    assert (first.counting and first.counting.percent, second.counting and second.counting.percent) == (100.0, 40.0)
    assert (call_state(first), call_state(second)) == ("passed", "critical")
    count = count_calls(data.calls)
    assert (count.mean_percent, count.critical, count.decided) == (70.0, 1, 1)
    tally = count_criterion("long", [finding for item in data.calls for finding in item.findings]).tally
    assert (tally.met, tally.not_met) == (1, 1)


@pytest.mark.slow
def test_the_page_shows_both_and_who_decided(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    text = page(load_report(desk.store, settings, MACHINE), tmp_path)
    assert '<span class="was">40 %</span> → <b title="2 decided by people">100 %</b>' in text
    assert text.count("Counts as met") == 2
    assert "decided by Wu" in text
    assert "<dt>decided by people</dt><dd>1</dd>" in text


def test_the_page_of_one_call_shows_both(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    data = load_call(desk.store, desk.engine, settings, MACHINE, "c1", effective=read_effective(desk, "c1"))
    text = page(data, tmp_path, is_alone=True)
    assert "as it counts, 2 decided by people; the program found 40 %" in text
    assert text.count("Counts as met") == 2


def test_where_nobody_decided_the_page_says_nothing_of_it(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    text = page(load_call(desk.store, desk.engine, settings, MACHINE, "c2"), tmp_path, is_alone=True)
    assert "decided by" not in text
    assert '<b class="big">40 %</b>' in text


@pytest.mark.slow
def test_the_terminal_shows_both(desk: Desk, settings: Settings) -> None:
    console = Console(file=io.StringIO(), width=200)
    show_calls(load_report(desk.store, settings, MACHINE), console)
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "40 → 100" in told
    assert re.search(r"a1\s+2\s+70\s+1\s+1", told)
