"""Bend the curve that was fitted to what came out on everyday calls: `python -m models.certainty.bend` after `python -m models.certainty.train`.

The model is fitted on dialogues of which many were made to mislead, and knows everyday calls as harder than they are. findings.tsv says of findings on written
dialogues how sure they were and whether they were right: those of everyday calls as they came out before anybody had read them (weight 1), and those of two sets made to mislead, which count little.
A rising line from certainty to the share that is right bends the curve of fitted_curve.json, which stays as it is, into that of model.json. Prints the calibration error before and, cross-validated by dialogues, after.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import training
from qa_pipeline.evaluation.reliability import Judgement, calibration_error, reliability, risk_coverage

FOLDER = Path(__file__).parent
FOLDS = 10
# Between these certainties a share is measured; a bin whose findings are few is drawn to the certainty itself by so many findings. Chosen, not measured.
EDGES = (0.0, 0.45, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99, 1.0)
DRAWN = 5.0
MISLEADING_WEIGHT = 0.3
EVERYDAY = "seventh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding. `certainty`: before the curve was bent."""

    set_name: str
    dialogue: str
    certainty: float
    is_right: bool

    @property
    def weight(self) -> float:
        """How much it counts."""
        return 1.0 if self.set_name == EVERYDAY else MISLEADING_WEIGHT


Line = tuple[Sequence[float], Sequence[float]]


def main() -> None:
    """Write the curve."""
    seen = [
        Seen(set_name=row["set"], dialogue=row["dialogue"], certainty=float(row["certainty"]), is_right=row["right"] == "yes")
        for row in training.read_rows(FOLDER / "findings.tsv")
    ]
    everyday = sorted({one.dialogue for one in seen if one.set_name == EVERYDAY})
    fold_of = {name: place % FOLDS for place, name in enumerate(everyday)}
    own = [one for one in seen if one.dialogue in fold_of]
    lines = [line_of([one for one in seen if fold_of.get(one.dialogue) != fold]) for fold in range(FOLDS)]
    _show("before", [Judgement(certainty=one.certainty, is_right=one.is_right) for one in own])
    _show("after", [Judgement(certainty=bent(lines[fold_of[one.dialogue]], one.certainty), is_right=one.is_right) for one in own])
    path = FOLDER / "model.json"
    text = path.read_text("utf-8")
    fitted = json.loads((FOLDER / "fitted_curve.json").read_text("utf-8"))
    line = line_of(seen)
    curve = [[at, round(bent(line, share), 4)] for at, share in fitted]
    path.write_text(text.replace(json.dumps(json.loads(text)["curve"]), json.dumps(curve)), "utf-8")


def line_of(seen: Sequence[Seen]) -> Line:
    """The rising line from certainty to the share that is right."""
    from sklearn.isotonic import IsotonicRegression

    at, level, mass = [], [], []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        chosen = [one for one in seen if low < one.certainty <= high]
        if chosen:
            weight = sum(one.weight for one in chosen)
            middle = sum(one.weight * one.certainty for one in chosen) / weight
            right = sum(one.weight for one in chosen if one.is_right)
            at.append(middle)
            level.append((right + DRAWN * middle) / (weight + DRAWN))
            mass.append(weight)
    risen = IsotonicRegression().fit_transform(at, level, sample_weight=mass)
    return [0.0, *at, 1.0], [0.0, *map(float, risen), 1.0]


def bent(line: Line, share: float) -> float:
    """A share on the line."""
    return float(np.interp(share, *line))


def _show(when: str, found: Sequence[Judgement]) -> None:
    points = ", ".join(f"{p.withheld} withheld {p.right / p.kept:.3f}" for p in risk_coverage(found))
    print(f"{when}: {len(found)} findings, calibration error {calibration_error(reliability(found)) or 0:.3f}; {points}")


if __name__ == "__main__":
    main()
