"""How sure a verdict is: the chance that a careful person agrees, from what is known about it (measures.py), by a model fitted on written dialogues.

The model is data (models/certainty/model.json, with what it was fitted on and how): a start for each way in which verdicts come about, a weight for each
measure and trait, and the curve that makes a share of their sum. What follows from something else is never surer than that.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

from qa_pipeline.errors import ModelError
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.scoring.measures import Measures

# Log-odds below which something bears too little on a certainty to be named.
_NAMED_FROM = 0.2
_MOST_NAMED = 4
LIMITED = "limited"
"""The ground of a certainty that is held down by what the verdict follows from."""
AGREEMENT = "agreement"
"""The ground of a certainty that rests on how far answers of a language model agree."""

OTHERWISE = "otherwise"
"""The ground of a certainty that is held down because only another reading of the recogniser has the words."""
# Of phrases that only another reading has, so many were said, by how much the recogniser believes in it (docs/decisions/alternatives.md).
_SAID_OTHERWISE = 0.6
LOOK = "look"
"""The ground of a certainty that a second look by a language model has moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Something a certainty rests on. `key`: a measure or a trait's name; `weight`: log-odds that it adds (above 0) or takes."""

    key: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """`share` 0–1: the chance that a careful person agrees; `grounds`: what it rests on most, the strongest first."""

    share: float
    grounds: tuple[Ground, ...] = ()


class Judge(Protocol):
    """What makes a certainty of measures."""

    @property
    def bar(self) -> float:
        """Certainty below which a verdict is withheld, where a rubric says nothing."""
        ...

    def certainty(self, measures: Measures) -> Certainty:
        """How sure a verdict with these measures is."""
        ...


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """How verdicts of one kind are weighed: `start` in log-odds, and for each measure its weight and its usual value, from which it counts."""

    start: float
    measures: Mapping[str, tuple[float, float]]

    @cached_property
    def parts(self) -> tuple[tuple[str, float, float, float], ...]:
        """Of each measure its name, weight and usual value, and what it adds where it was not measured."""
        return tuple((name, weight, usual, weight * (0.0 - usual)) for name, (weight, usual) in self.measures.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class CertaintyModel:
    """A fitted model. `traits`: NAME=VALUE → log-odds; `curve`: rising log-odds and the share at each, straight lines between."""

    bar: float
    kinds: Mapping[str, Weighing]
    traits: Mapping[str, float]
    log_odds: tuple[float, ...]
    shares: tuple[float, ...]

    def certainty(self, measures: Measures) -> Certainty:
        """How sure a verdict with these measures is. A kind that was never fitted is as sure as the surest thing known."""
        weighing = self.kinds.get(measures.kind)
        if weighing is None:
            return Certainty(share=self.shares[-1])
        total = weighing.start
        parts: list[tuple[float, str]] = []
        values = measures.values
        for name, weight, usual, unmeasured in weighing.parts:
            part = weight * (values[name] - usual) if name in values else unmeasured
            total += part
            if part >= _NAMED_FROM or part <= -_NAMED_FROM:
                parts.append((part, name))
        for trait in measures.traits:
            part = self.traits.get(trait, 0.0)
            total += part
            if part >= _NAMED_FROM or part <= -_NAMED_FROM:
                parts.append((part, trait.partition("=")[0]))
        return Certainty(share=self._share(total), grounds=_named(parts))

    def _share(self, log_odds: float) -> float:
        at = bisect_right(self.log_odds, log_odds)
        if at == 0:
            return self.shares[0]
        if at == len(self.log_odds):
            return self.shares[-1]
        low, high = self.log_odds[at - 1], self.log_odds[at]
        return round(self.shares[at - 1] + (self.shares[at] - self.shares[at - 1]) * (log_odds - low) / (high - low), 4)


def limited(own: Certainty, others: Sequence[Certainty]) -> Certainty:
    """A certainty that is not above those of what the verdict follows from."""
    least = min((other.share for other in others), default=1.0)
    if own.share <= least:
        return own
    return Certainty(share=least, grounds=(Ground(key=LIMITED, weight=round(least - own.share, 2)), *own.grounds[: _MOST_NAMED - 1]))


def certainty_of_answers(agreeing: int, asked: int) -> Certainty:
    """How sure an answer is that a language model gave in so many wordings out of so many: with one doubtful answer added on each side, so that agreeing
    with itself is never certainty. Chosen, not measured: a model that agrees with itself may be wrong each time, which cases and people's decisions tell.
    """
    share = (agreeing + 1) / (asked + 2)
    return Certainty(share=round(share, 4), grounds=(Ground(key=AGREEMENT, weight=round(math.log(share / (1 - share)), 2)),))


def as_read_otherwise(own: Certainty) -> Certainty:
    """A certainty of words that only another reading of the recogniser has: no surer than such words are."""
    if own.share <= _SAID_OTHERWISE:
        return own
    ground = Ground(key=OTHERWISE, weight=round(_SAID_OTHERWISE - own.share, 2))
    return Certainty(share=_SAID_OTHERWISE, grounds=(ground, *own.grounds[: _MOST_NAMED - 1]))


def moved(own: Certainty, weight: float, share: float) -> Certainty:
    """A certainty that a second look has moved to `share`, by so many log-odds at most."""
    return Certainty(share=round(share, 4), grounds=(Ground(key=LOOK, weight=round(weight, 2)), *own.grounds[: _MOST_NAMED - 1]))


def model_path() -> Path:
    """Where the shipped model lies."""
    return packaged_folder("models") / "certainty" / "model.json"


@cache
def shipped_model() -> CertaintyModel:
    """The model that is shipped. Raises ModelError when it is not there or of another form."""
    return load_model(model_path())


def load_model(path: Path) -> CertaintyModel:
    """Read model.json as models/certainty/train.py writes it. Raises ModelError when it is not there or of another form."""
    try:
        data = json.loads(path.read_text("utf-8"))
        return CertaintyModel(
            bar=float(data["bar"]),
            kinds={
                kind: Weighing(
                    start=float(given["start"]), measures={name: (float(w), float(usual)) for name, (w, usual) in given["measures"].items()}
                )
                for kind, given in data["kinds"].items()
            },
            traits={name: float(weight) for name, weight in data["traits"].items()},
            log_odds=tuple(float(at) for at, _ in data["curve"]),
            shares=tuple(float(share) for _, share in data["curve"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is no model of certainty: {error!r}.",
            advice="Install the package anew; one of your own is written anew by models/certainty/train.py.",
        ) from error


def _named(parts: list[tuple[float, str]]) -> tuple[Ground, ...]:
    strongest = sorted(parts, key=lambda part: (-abs(part[0]), part[1]))
    return tuple(Ground(key=name, weight=round(weight, 2)) for weight, name in strongest[:_MOST_NAMED])
