"""Whether certainties mean what they say: of the findings that are 80 % sure, four in five should be right. Pure; counts that add.

Reliability in ten bins, the expected calibration error over them (Guo et al., 2017: On Calibration of Modern Neural Networks), and the risk-coverage curve:
how many of the findings that are left are wrong when the least sure are withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = 10
WITHHELD_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One finding beside the truth. `certainty` 0–1, None where it asserted nothing: it is then among the first to be withheld."""

    certainty: float | None
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Findings of like certainty: how many, how sure together, how many right."""

    low: float
    count: int
    certainty: float
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The risk where a share of the findings is withheld. `least`: the certainty from which findings are kept."""

    withheld: int
    kept: int
    right: int
    least: float | None


def reliability(judgements: Iterable[Judgement], bins: int = BINS) -> tuple[Bin, ...]:
    """The bins that hold any finding, from unsure to sure."""
    held: dict[int, list[Judgement]] = {}
    for judgement in judgements:
        if judgement.certainty is not None:
            held.setdefault(min(bins - 1, int(judgement.certainty * bins)), []).append(judgement)
    return tuple(
        Bin(
            low=place / bins,
            count=len(held[place]),
            certainty=sum(j.certainty or 0.0 for j in held[place]),
            right=sum(j.is_right for j in held[place]),
        )
        for place in sorted(held)
    )


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error: by how much certainty and rightness differ, on average over the findings; None of none."""
    count = sum(one.count for one in bins)
    return sum(abs(one.certainty - one.right) for one in bins) / count if count else None


def risk_coverage(judgements: Sequence[Judgement], shares: Sequence[float] = WITHHELD_SHARES) -> tuple[Point, ...]:
    """What is left, and how much of it is right, where these shares of the findings are withheld, the least sure first."""
    ordered = sorted(judgements, key=lambda j: -1.0 if j.certainty is None else j.certainty)
    points = []
    for share in shares:
        withheld = round(share * len(ordered))
        kept = ordered[withheld:]
        points.append(
            Point(withheld=withheld, kept=len(kept), right=sum(j.is_right for j in kept), least=kept[0].certainty if kept else None)
        )
    return tuple(points)
