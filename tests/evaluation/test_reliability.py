"""Reliability, calibration error and the risk-coverage curve, worked by hand."""

from __future__ import annotations

from qa_pipeline.evaluation.reliability import Bin, Judgement, calibration_error, reliability, risk_coverage


def judgements(*items: tuple[float | None, bool]) -> list[Judgement]:
    return [Judgement(certainty=certainty, is_right=is_right) for certainty, is_right in items]


FIVE = judgements((0.95, True), (0.95, True), (1.0, False), (0.55, True), (0.55, False))


def test_findings_of_like_certainty_are_counted_together() -> None:
    found = reliability(FIVE)
    assert [(b.low, b.count, b.right) for b in found] == [(0.5, 2, 1), (0.9, 3, 2)]
    assert [round(b.certainty, 6) for b in found] == [1.1, 2.9]


def test_the_calibration_error_is_the_mean_difference() -> None:
    # |1.1 − 1| + |2.9 − 2| over 5.
    assert round(calibration_error(reliability(FIVE)) or 0, 6) == 0.2
    assert calibration_error([Bin(low=0.9, count=10, certainty=9.5, right=9)]) == 0.05
    assert calibration_error([]) is None


def test_what_asserts_nothing_is_withheld_first_and_in_no_bin() -> None:
    found = judgements((None, False), (0.9, True), (0.6, False), (0.8, True))
    assert sum(b.count for b in reliability(found)) == 3
    assert [(p.withheld, p.kept, p.right, p.least) for p in risk_coverage(found, (0.0, 0.25, 0.5))] == [
        (0, 4, 2, None), (1, 3, 2, 0.6), (2, 2, 2, 0.8),
    ]  # fmt: skip
