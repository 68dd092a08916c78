"""Intervals against published examples and by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.report.intervals import Estimate, Sample, mean_difference, mean_of, share, share_difference


@pytest.mark.parametrize(
    ("met", "judged", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_shares_are_those_of_the_literature(met: int, judged: int, low: float, high: float) -> None:
    found = share(met, judged)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Newcombe, "Interval estimation for the difference between independent proportions" (1998), table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_differences_of_shares_are_those_of_the_literature(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    found = share_difference(*counts)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.excludes_zero


def test_nothing_judged_has_no_share() -> None:
    assert share(0, 0) == Estimate(value=None)
    assert share_difference(1, 2, 0, 0) == Estimate(value=None)
    with pytest.raises(ValueError, match="3 met of 2"):
        share(3, 2)


def test_a_mean_has_an_interval_from_two_values_on() -> None:
    assert mean_of(Sample(count=0, mean=None, variance=None)).value is None
    assert mean_of(Sample(count=1, mean=80.0, variance=None)) == Estimate(value=80.0)
    # 1, 2, 3: mean 2, variance 1; t of 2 degrees is 4.3027: half 4.3027 / √3.
    found = mean_of(Sample(count=3, mean=2.0, variance=1.0))
    assert found.low == pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-4)


def test_values_that_are_all_equal_have_no_interval() -> None:
    same = Sample(count=2, mean=100.0, variance=0.0)
    assert mean_of(same) == Estimate(value=100.0)
    assert mean_difference(same, Sample(count=3, mean=80.0, variance=0.0)) == Estimate(value=20.0)


def test_a_difference_of_means_is_welchs() -> None:
    one, other = Sample(count=10, mean=20.0, variance=4.0), Sample(count=20, mean=18.0, variance=9.0)
    # Error √(0.4 + 0.45) = 0.92195; degrees 0.85² / (0.16/9 + 0.2025/19) = 25.4; t 2.0579.
    found = mean_difference(one, other)
    assert found.value == 2.0
    assert found.high == pytest.approx(2 + 2.0579 * 0.92195, abs=1e-3)
    assert found.excludes_zero
    assert not mean_difference(one, Sample(count=1, mean=3.0, variance=None)).excludes_zero
    assert mean_difference(one, Sample(count=0, mean=None, variance=None)).value is None


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_difference_lies_in_its_interval_and_turns_its_sign_with_the_groups(a: int, b: int, c: int, d: int) -> None:
    found, turned = share_difference(a, a + b, c, c + d), share_difference(c, c + d, a, a + b)
    if found.value is None or found.low is None or found.high is None or turned.low is None:
        assert 0 in (a + b, c + d)
        return
    assert -1 - 1e-9 <= found.low <= found.value + 1e-12 <= found.high + 2e-12 <= 1 + 1e-9
    assert turned.low == pytest.approx(-found.high)
