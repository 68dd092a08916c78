"""Fitting of certainty: examples laid out as numbers, logistic regression over them, and the rising curve from its shares to those that are right."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.certainty.heard import Heard
from qa_pipeline.scoring.certainty import CertaintyModel, Weighing
from qa_pipeline.scoring.measures import Measures

# Which way a measure may bear on certainty; what is not named here may bear either way.
SIGNS = {
    "inexact": -1, "sounds_alike": -1, "brief": -1, "open_wording": -1, "meaning_too": 1, "margin": 1, "repeated": 1, "answer_open": -1,
    "words_unclear": -1, "call_unclear": -1, "roles_open": -1, "wordless": -1, "lost": -1, "near": -1, "meant_near": -1, "much_said": -1,
    "faint": -1, "unclaimed": -1, "open_questions": -1, "went_on": -1, "found_after": -1,
}  # fmt: skip
# How much weights are drawn to nothing: measures, and by trait. Chosen by cross-validation.
MEASURE_PENALTY = 4.0
START_PENALTY = 0.05
TRAIT_PENALTY = {"criterion": 4.0, "check": 2.0, "language": 1.0, "situation": 1.0, "disposition": 1.0}
# Examples in which a measure must be other than 0 to be fitted.
FEWEST = 10
# Knots of the curve from log-odds to share.
KNOTS = 14
LEAST, MOST = 0.02, 0.998


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One verdict with its truth."""

    heard: Heard
    measures: Measures
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Examples as rows of numbers. `columns`: (kind, measure) → column, measures as so many spreads from their usual value; (kind, "") its start; ("", trait)."""

    matrix: Any
    right: NDArray[np.float64]
    weight: NDArray[np.float64]
    columns: Mapping[tuple[str, str], int]
    usual: Mapping[tuple[str, str], tuple[float, float]]


def design(examples: Sequence[Example]) -> Design:
    """Lay examples out for fitting."""
    from scipy.sparse import csr_matrix

    by_kind: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for e in examples:
        by_kind[e.measures.kind].append(e.measures.values)
    columns: dict[tuple[str, str], int] = {}
    usual: dict[tuple[str, str], tuple[float, float]] = {}
    named: dict[str, list[tuple[str, int, float, float]]] = {}
    for kind in sorted(by_kind):
        columns[kind, ""] = len(columns)
        named[kind] = []
        for name in sorted({name for values in by_kind[kind] for name in values}):
            found = np.array([values.get(name, 0.0) for values in by_kind[kind]])
            if found.std() > 1e-6 and np.count_nonzero(found) >= FEWEST:
                usual[kind, name] = float(found.mean()), float(found.std())
                named[kind].append((name, len(columns), *usual[kind, name]))
                columns[kind, name] = len(columns)
    for trait in sorted({trait for e in examples for trait in e.measures.traits}):
        columns["", trait] = len(columns)
    cells: list[tuple[int, int, float]] = []
    for row, e in enumerate(examples):
        kind = e.measures.kind
        cells.append((row, columns[kind, ""], 1.0))
        cells += [(row, place, (e.measures.values.get(name, 0.0) - mean) / spread) for name, place, mean, spread in named[kind]]
        cells += [(row, columns["", trait], 1.0) for trait in e.measures.traits]
    rows, places, values = zip(*cells, strict=True)
    return Design(
        matrix=csr_matrix((values, (rows, places)), shape=(len(examples), len(columns))),
        right=np.array([e.is_right for e in examples], dtype=float), weight=np.array([e.heard.weight for e in examples]),
        columns=columns, usual=usual,
    )  # fmt: skip


def fit(laid: Design, rows: NDArray[np.bool_]) -> CertaintyModel:
    """Logistic regression with a start for each kind, weights of measures by kind with their signs bound, and traits that are drawn to nothing."""
    from scipy.optimize import minimize

    matrix, right, weight, columns = laid.matrix[rows], laid.right[rows], laid.weight[rows], laid.columns
    turned = matrix.T.tocsr()
    penalty = np.full(len(columns), START_PENALTY)
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(columns)
    for (kind, name), place in columns.items():
        if not kind:
            penalty[place] = TRAIT_PENALTY[name.partition("=")[0]]
        elif name:
            penalty[place] = MEASURE_PENALTY
            sign = SIGNS.get(name, 0)
            bounds[place] = (0.0, None) if sign > 0 else (None, 0.0) if sign < 0 else (None, None)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = matrix @ w
        value = float(weight @ (np.logaddexp(0.0, z) - right * z) + 0.5 * penalty @ (w * w))
        return value, turned @ (weight * (1 / (1 + np.exp(-z)) - right)) + penalty * w

    w = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x
    kinds = {
        kind: Weighing(
            start=float(w[columns[kind, ""]]),
            measures={
                name: (float(w[columns[of, name]] / spread), mean) for (of, name), (mean, spread) in laid.usual.items() if of == kind
            },
        )
        for kind, name in columns
        if kind and not name
    }
    at = np.linspace(-6, 6, 121)
    return CertaintyModel(
        bar=0.0, kinds=kinds, traits={name: float(w[place]) for (kind, name), place in columns.items() if not kind},
        log_odds=tuple(at.tolist()), shares=tuple((1 / (1 + np.exp(-at))).tolist()),
    )  # fmt: skip


Curve = list[tuple[float, float]]


def rising(points: Iterable[tuple[float, bool, float]]) -> Curve:
    """Share before the curve → share that is right, rising, in a few straight lines."""
    from sklearn.isotonic import IsotonicRegression

    ordered = sorted(points, key=lambda p: p[0])
    shares, right, weight = (np.array(column, dtype=float) for column in zip(*ordered, strict=True))
    sums = np.cumsum(weight)
    # Finer at both ends: where the sure are told from the surest, and where few findings are.
    fine = np.geomspace(1, 0.03, KNOTS + 1)
    edges = sums[-1] * np.unique(np.concatenate([[0.0, 0.01, 0.03, 0.06, 0.1], 1 - fine[fine < 0.85], [1.0]]))
    at, level, mass = [], [], []
    for low, high in zip(edges, edges[1:], strict=False):
        chosen = (sums > low) & (sums <= high)
        # Between two knots at one place no line can be drawn.
        if chosen.any() and not (at and np.isclose(np.average(shares[chosen], weights=weight[chosen]), at[-1], rtol=0, atol=1e-6)):
            mass.append(float(weight[chosen].sum()))
            at.append(float(np.average(shares[chosen], weights=weight[chosen])))
            level.append(float(np.average(right[chosen], weights=weight[chosen])))
    fitted = IsotonicRegression(y_min=LEAST, y_max=MOST).fit_transform(at, level, sample_weight=mass)
    curve = [(round(a, 5), round(float(b), 4)) for a, b in zip(at, fitted, strict=True)]
    return [
        (0.0, min(LEAST, curve[0][1])),
        *curve,
        *([(1.0, max(curve[-1][1], min(MOST, curve[-1][1] + 0.003)))] if curve[-1][0] < 1 else []),
    ]


def on_curve(curve: Curve, share: float) -> float:
    """A share on the curve."""
    return float(np.interp(share, [a for a, _ in curve], [b for _, b in curve]))


def write_model(path: Path, model: CertaintyModel, curve: Curve, bar: float) -> None:
    """Write model.json: one kind a line, so that a change is seen."""
    knots = [(round(math.log(max(a, 1e-3) / max(1 - a, 1e-3)), 4), b) for a, b in curve]
    kinds = ",\n".join(
        f"  {json.dumps(kind)}: " + json.dumps(
            {"start": round(w.start, 4), "measures": {name: [round(a, 4), round(b, 4)] for name, (a, b) in sorted(w.measures.items())}}
        )
        for kind, w in sorted(model.kinds.items())
    )  # fmt: skip
    traits = ",\n".join(
        f"  {json.dumps(name)}: {round(weight, 4)}" for name, weight in sorted(model.traits.items()) if abs(weight) >= 0.005
    )
    text = f'{{\n "bar": {bar},\n "curve": {json.dumps(knots)},\n "kinds": {{\n{kinds}\n }},\n "traits": {{\n{traits}\n }}\n}}\n'
    path.write_text(text, "utf-8")
