"""Reports on the terminal."""

from __future__ import annotations

from io import StringIO

from report_rows import call_report, evidence, finding, report_data
from rich.console import Console

from qa_pipeline.report.data import CallReport
from qa_pipeline.report.terminal import show_calls, show_rows, show_scorecard


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


def test_ids_stay_in_one_piece_in_any_table() -> None:
    console = Console(file=StringIO(), width=60)
    names = ("2026-11-20-north-hotline-000123", "20261201T013059-f5aff2")
    show_rows([{"call": names[0], "run_id": names[1], **{f"number {n}": "some words" for n in range(9)}}], console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert names[0] in told and names[1] in told


def test_a_scorecard_says_what_was_not_heard_and_what_was_left_out() -> None:
    console = Console(file=StringIO(), width=120)
    item = call_report(call_id="c1", score={"needs_review": True, "review_reasons": ["low_coverage"], "percent": None, "passed": None})
    lost = {
        "lost_ms": 2300,
        "wordless_share": 0.124,
        "dropped": [{"text": "Thanks for watching.", "start_ms": 4200, "end_ms": 6000, "confidence": 0.3}],
    }
    quoted = finding("greeting", "met", evidence=[evidence("Hello", 0, None)])
    show_scorecard(
        report_data(CallReport(call=item.call | lost, score=item.score, findings=(quoted,), utterances=item.utterances, metrics={})),
        "c1",
        console,
    )
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "needs review: too little judged" in told
    assert "too little could be judged; disposition completed" in told
    assert "lost of the recording: 2.3 s; speech without words: 12 %" in told
    assert "0:04.2 “Thanks for watching.”" in told
    # Words of a text have no end.
    assert "hit 0:00.0 agent: “Hello”" in told
