"""Reports on the terminal."""

from __future__ import annotations

from io import StringIO

from report_rows import call_report, finding, report_data
from rich.console import Console

from qa_pipeline.report.terminal import show_calls


def test_criteria_are_headed_by_their_own_words_whatever_they_are_called() -> None:
    console = Console(file=StringIO(), width=120)
    names = ("greeting", "offers_a_callback", "identification")
    show_calls(report_data(call_report(findings=tuple(finding(name, "met") for name in names))), console)
    _, first, second, third, *_ = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert (first.split(), second.split()) == (["offers"], ["a"])
    assert third.split()[:7] == ["call", "lang", "rubric", "disposition", "greeting", "callback", "identifi…"]


def test_ids_of_calls_stay_in_one_piece_where_criteria_do_not_fit() -> None:
    console = Console(file=StringIO(), width=80)
    name = "2026-11-20-north-hotline-000123"
    names = [f"criterion_number_{number}" for number in range(12)]
    show_calls(report_data(call_report(findings=tuple(finding(name, "met") for name in names), call_id=name)), console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert name in told
    assert "Its criteria do not fit into this width" in told
