"""Counts of reports, and their bars."""

from __future__ import annotations

from xml.etree import ElementTree

from report_rows import call_report, finding

from qa_pipeline.report.charts import Part, Tally, bar, call_state, count_calls, count_criterion


def test_a_share_is_of_what_was_judged() -> None:
    tally = Tally(met=3, not_met=1, undetermined=2, not_applicable=4)
    assert (tally.judged, tally.share) == (4, 0.75)


def test_nothing_judged_has_no_share() -> None:
    assert Tally(undetermined=2).share is None


def test_calls_are_counted_by_how_they_were_scored() -> None:
    calls = [
        call_report(),
        call_report(
            score={"percent": 60.0, "passed": False, "critical_failed": True, "critical_state": "provisional", "needs_review": True}
        ),
        call_report(score={"percent": None, "passed": None, "needs_review": True}),
        call_report(findings=None),
    ]
    count = count_calls(calls)
    assert (count.calls, count.scored, count.passed, count.critical, count.confirmed, count.review, count.no_rubric) == (
        4,
        2,
        1,
        1,
        0,
        2,
        1,
    )
    assert count.mean_percent == 80.0
    assert [call_state(item) for item in calls] == ["passed", "critical", "not scored", "not scored"]


def test_no_scored_call_has_no_mean() -> None:
    assert count_calls([call_report(findings=None)]).mean_percent is None


def test_a_sentiment_counts_as_its_label() -> None:
    rows = [
        finding("mood", "not_met", reason_code="sentiment", answer="negative"),
        finding("mood", "undetermined", reason_code="no_customer_words"),
    ]
    count = count_criterion("mood", rows)
    assert (count.tally, count.feelings, count.total) == (Tally(undetermined=1), {"negative": 1}, 2)


def test_a_bar_says_its_counts_in_words_and_is_well_formed() -> None:
    drawn = bar(
        [
            Part(kind="met", label="met <b>", count=3),
            Part(kind="none", label="none", count=0),
            Part(kind="not_met", label='not "met"', count=1),
        ]
    )
    svg = ElementTree.fromstring(drawn)
    assert svg.attrib["aria-label"] == '3 met <b>, 1 not "met"'
    assert [rect.attrib["width"] for rect in svg.iter("rect")] == ["75.00%", "25.00%"]


def test_an_empty_bar_says_so() -> None:
    assert 'aria-label="nothing counted"' in bar([])
