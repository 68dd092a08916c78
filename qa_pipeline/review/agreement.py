"""How far those who judge the same agree, beyond what chance alone would give: Cohen's and Fleiss' κ, Gwet's AC1, with intervals. Pure.

Sources: J. Cohen, "A coefficient of agreement for nominal scales" (1960) and "Weighted kappa" (1968); J. L. Fleiss, "Measuring nominal scale agreement
among many raters" (1971); K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement" (2008), with missing
ratings and weights as in his Handbook of Inter-Rater Reliability (4th edition, 2014), chapters 2 and 3. Their worked examples are the tests.

κ falls to nothing where nearly everybody is met, however well people agree (the paradox of Feinstein and Cicchetti, 1990): there AC1 still tells, so
that the bar of a centre stands on AC1, and κ is shown beside it.

Intervals: 95 %, percentiles of 1,000 samples drawn anew from the calls, with a seed: the same judgements always give the same interval. Calls are drawn,
not judgements: two judgements of one call are no two witnesses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]
_Facts = Callable[[Mapping[str, str]], _Array]
SAMPLES = 1_000
# Calls below which no interval is given. Chosen: of fewer, samples hold only a few values.
_FEW = 5
_SEED = 20_260_511
# Samples worked out at once: a thousand samples of a hundred thousand calls would not fit into memory.
_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one call, or one pair of people about it, gives: who said what. `call_id`: judgements of one call are drawn together."""

    call_id: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What can be said, and how near two answers are: 1 the same, 0 as far apart as can be. Without weights, any two that differ are as far apart."""

    answers: tuple[str, ...]
    weights: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def nearness(self) -> _Array:
        """(answers, answers): 1 on the diagonal."""
        return np.array([[1.0 if a == b else self.weights.get((a, b), 0.0) for b in self.answers] for a in self.answers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A coefficient and its 95 % interval; None where it cannot be told: nobody judged, or nothing varies."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far some agree. `calls`: with two judgements or more; `observed`: share of pairs that said the same, by weight; `ac`: AC1, or AC2 with weights."""

    calls: int
    observed: float | None
    kappa: Figure
    ac: Figure


def nominal(answers: Sequence[str]) -> Scale:
    """Answers without order."""
    return Scale(answers=tuple(answers))


def ordered(credits: Mapping[str, float], others: Sequence[str] = ()) -> Scale:
    """Answers in order, each with its credit 0–1: how near two are falls with the square of the distance (Cohen 1968). `others` stand apart from all."""
    span = max(credits.values()) - min(credits.values())
    weights = {(a, b): 1.0 - ((x - y) / span) ** 2 if span else 1.0 for a, x in credits.items() for b, y in credits.items()}
    return Scale(answers=(*credits, *others), weights=weights)


def agreement_of_two(judged: Sequence[Judged], first: str, second: str, scale: Scale) -> Agreement:
    """Two who each judged: the program and a person. κ is Cohen's: each has habits of their own. Judgements of one alone count nothing."""
    both = [one for one in judged if first in one.said and second in one.said]
    place, size = {answer: number for number, answer in enumerate(scale.answers)}, len(scale.answers)

    def facts(said: Mapping[str, str]) -> _Array:
        table = np.zeros((size, size))
        table[place[said[first]], place[said[second]]] = 1.0
        return table.ravel()

    return _agreement(both, facts, _OfTwo(nearness=scale.nearness().tobytes(), size=size))


def agreement_of_many(judged: Sequence[Judged], scale: Scale) -> Agreement:
    """Several who judged, not all of them every call. κ is Fleiss': whoever they are. Calls that one alone judged count as Gwet has it: in what is common."""
    some = [one for one in judged if one.said]
    place, size = {answer: number for number, answer in enumerate(scale.answers)}, len(scale.answers)
    nearness = scale.nearness()

    def facts(said: Mapping[str, str]) -> _Array:
        votes = np.zeros(size)
        for answer in said.values():
            votes[place[answer]] += 1.0
        count = votes.sum()
        alike = float(votes @ (nearness @ votes - 1.0)) / (count * (count - 1.0)) if count > 1 else 0.0
        return np.array([float(count > 1), alike, 1.0, *(votes / count)])

    return _agreement(some, facts, _OfMany(nearness=nearness.tobytes(), size=size))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTwo:
    """What is observed, κ and AC of sums of a table of two: a row a sample. `nearness`: of answers, the bytes of a square."""

    nearness: bytes
    size: int

    def __call__(self, sums: _Array) -> tuple[_Array, _Array, _Array]:
        nearness = _square(self.nearness, self.size)
        count = sums.sum(axis=1)
        shares = sums.reshape(-1, self.size, self.size) / count[:, None, None]
        observed = (shares * nearness).sum(axis=(1, 2))
        by_first, by_second = shares.sum(axis=2), shares.sum(axis=1)
        by_chance = np.einsum("si,ij,sj->s", by_first, nearness, by_second)
        return observed, _beyond(observed, by_chance), _beyond(observed, _gwet_chance((by_first + by_second) / 2, nearness))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfMany:
    """The same of sums of votes."""

    nearness: bytes
    size: int

    def __call__(self, sums: _Array) -> tuple[_Array, _Array, _Array]:
        nearness = _square(self.nearness, self.size)
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = sums[:, 1] / sums[:, 0]
            common = sums[:, 3:] / sums[:, 2:3]
        by_chance = np.einsum("si,ij,sj->s", common, nearness, common)
        return observed, _beyond(observed, by_chance), _beyond(observed, _gwet_chance(common, nearness))


def _square(values: bytes, size: int) -> _Array:
    return np.frombuffer(values).reshape(size, size)


def _beyond(observed: _Array, by_chance: _Array) -> _Array:
    """What is agreed beyond chance, of what could be; nan where chance alone agrees always."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance < 1.0 - 1e-12, (observed - by_chance) / (1.0 - by_chance), np.nan)


def _gwet_chance(common: _Array, nearness: _Array) -> _Array:
    size = nearness.shape[0]
    if size < 2:
        return np.ones(common.shape[0])
    return np.asarray(nearness.sum() / (size * (size - 1)) * (common * (1.0 - common)).sum(axis=1))


def _agreement(judged: Sequence[Judged], facts: _Facts, coefficients: _OfTwo | _OfMany) -> Agreement:
    """The coefficients of the sums of facts over all calls, and of calls drawn anew."""
    by_call: dict[str, list[tuple[tuple[str, str], ...]]] = {}
    several: set[str] = set()
    for one in judged:
        by_call.setdefault(one.call_id, []).append(tuple(sorted(one.said.items())))
        if len(one.said) > 1:
            several.add(one.call_id)
    if not several:
        return Agreement(calls=0, observed=None, kappa=Figure(value=None), ac=Figure(value=None))
    # Calls that are alike are drawn together: there are few kinds of them, and the order of reading does not matter.
    alike = Counter(tuple(sorted(said)) for said in by_call.values())
    sums = np.array([np.sum([facts(dict(said)) for said in kind], axis=0) for kind in alike])
    kinds, place = np.unique(sums, axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), weights=list(alike.values())).astype(np.int64)
    return _measured(coefficients, kinds.tobytes(), counts.tobytes(), len(several))


@lru_cache(maxsize=1024)
def _measured(coefficients: _OfTwo | _OfMany, kinds_held: bytes, counts_held: bytes, calls: int) -> Agreement:
    """The same of kinds of calls and how many are of each: worked out once, for whoever looks next while nobody has judged anything of it since."""
    counts = np.frombuffer(counts_held, np.int64)
    kinds, every = np.frombuffer(kinds_held).reshape(len(counts), -1), int(counts.sum())
    observed, kappa, ac = (float(values[0]) for values in coefficients((counts @ kinds)[None, :]))
    chance, drawn = np.random.default_rng(_SEED), []
    at_once = max(1, _NUMBERS // len(kinds))
    for begin in range(0, SAMPLES, at_once):
        samples = chance.multinomial(every, counts / every, size=min(at_once, SAMPLES - begin))
        drawn.append(coefficients(samples @ kinds)[1:])
    kappas, acs = (np.concatenate(values) for values in zip(*drawn, strict=True))
    return Agreement(calls=calls, observed=observed, kappa=_figure(kappa, kappas, calls), ac=_figure(ac, acs, calls))


def _figure(value: float, drawn: _Array, calls: int) -> Figure:
    if np.isnan(value):
        return Figure(value=None)
    there = drawn[~np.isnan(drawn)]
    # A handful of calls drawn a thousand times is that handful; and too few samples that say anything say nothing of where the others lie.
    if calls < _FEW or len(there) < SAMPLES // 2:
        return Figure(value=value)
    low, high = np.percentile(there, (2.5, 97.5))
    return Figure(value=value, low=float(low), high=float(high))
