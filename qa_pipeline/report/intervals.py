"""Intervals for small samples: shares, means, and the difference of two of either. Counts and values in, 95 % intervals out.

Shares: Wilson's score interval ("Probable inference", 1927). Differences of shares: Newcombe's hybrid of two of these ("Interval estimation for the
difference between independent proportions", 1998, method 10). Means: Student's t; differences of means: Welch's ("The generalization of Student's
problem", 1947). Worked by hand or against published examples in tests/report/test_intervals.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value and the 95 % interval it lies in; None where nothing, or too little, was measured."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval, and 0 is not in it: of a difference, that there is one."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a mean needs: how many values, their mean, their variance (of the sample, n − 1)."""

    count: int
    mean: float | None
    variance: float | None


def share(met: int, judged: int) -> Estimate:
    """Share of `judged` that is met. Raises ValueError when more are met than judged."""
    if not 0 <= met <= judged:
        raise ValueError(f"{met} met of {judged}")
    if judged == 0:
        return Estimate(value=None)
    low, high = _wilson(met, judged)
    return Estimate(value=met / judged, low=low, high=high)


def share_difference(met: int, judged: int, other_met: int, other_judged: int) -> Estimate:
    """Share of the first less share of the other."""
    one, other = share(met, judged), share(other_met, other_judged)
    if one.value is None or other.value is None:
        return Estimate(value=None)
    difference = one.value - other.value
    down = math.hypot(one.value - (one.low or 0.0), (other.high or 0.0) - other.value)
    up = math.hypot((one.high or 0.0) - one.value, other.value - (other.low or 0.0))
    return Estimate(value=difference, low=difference - down, high=difference + up)


def mean_of(sample: Sample) -> Estimate:
    """Mean of some values; from two on with an interval, unless all are equal: values that do not vary say nothing of how far others may lie."""
    if sample.count < 2 or sample.mean is None or not sample.variance:
        return Estimate(value=sample.mean)
    half = _t(sample.count - 1) * math.sqrt(sample.variance / sample.count)
    return Estimate(value=sample.mean, low=sample.mean - half, high=sample.mean + half)


def mean_difference(first: Sample, second: Sample) -> Estimate:
    """Mean of the first less mean of the second."""
    if first.mean is None or second.mean is None:
        return Estimate(value=None)
    difference = first.mean - second.mean
    if min(first.count, second.count) < 2 or first.variance is None or second.variance is None:
        return Estimate(value=difference)
    a, b = first.variance / first.count, second.variance / second.count
    if a + b == 0:
        return Estimate(value=difference)
    freedom = (a + b) ** 2 / (a**2 / (first.count - 1) + b**2 / (second.count - 1))
    half = _t(freedom) * math.sqrt(a + b)
    return Estimate(value=difference, low=difference - half, high=difference + half)


def _wilson(met: int, judged: int) -> tuple[float, float]:
    p, z2 = met / judged, _Z * _Z
    middle = (p + z2 / (2 * judged)) / (1 + z2 / judged)
    half = _Z / (1 + z2 / judged) * math.sqrt(p * (1 - p) / judged + z2 / (4 * judged * judged))
    return max(0.0, middle - half), min(1.0, middle + half)


def _t(freedom: float) -> float:
    """97.5 % point of Student's t."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # ships no types

    return float(stdtrit(freedom, 0.975))
