"""Small networks over sentence vectors with one hidden layer, as the heads of sentiment and replies are: fitted, tried by cross-validation, tempered.

How they are run is in qa_pipeline/meaning/network.py, how they are written down in training.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models import training
from qa_pipeline.meaning.network import run_layers, shares_of

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

HIDDEN = 64


def fit(vectors: NDArray[np.float32], labels: NDArray[np.str_], classes: Sequence[str], penalty: float) -> Layers:
    """One hidden layer over standardised vectors; the standardisation is folded into it. `penalty`: L2, of the weights."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    network = MLPClassifier((HIDDEN,), alpha=penalty, max_iter=60, random_state=0)
    with warnings.catch_warnings():
        # Sixty rounds are where cross-validation of sentiment was best: it is stopped early on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit((vectors - centre) / scale, labels)
    assert tuple(network.classes_) == tuple(classes)
    (inner, outer), (inner_bias, outer_bias) = network.coefs_, network.intercepts_
    inner = inner.T / scale
    layers = ((inner, inner_bias - inner @ centre), (outer.T, outer_bias))
    return tuple((weights.astype(np.float32), bias.astype(np.float32)) for weights, bias in layers)


def cross_validate(sample: training.Sample, classes: Sequence[str], penalty: float) -> NDArray[np.float32]:
    """(n, classes): logits by a network that saw neither the row's sentence nor a copy of it."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros((len(sample.labels), len(classes)), np.float32)
    for seen, unseen in GroupKFold(training.FOLDS, shuffle=True, random_state=0).split(sample.vectors, sample.labels, sample.group):
        found[unseen] = run_layers(fit(sample.vectors[seen], sample.labels[seen], classes, penalty), sample.vectors[unseen])
    return found


def temperature(logits: NDArray[np.float32], labels: NDArray[np.str_], classes: Sequence[str], *, most: float) -> float:
    """What logits of unseen sentences must be divided by, up to `most`, so that shares mean what they say (Guo et al., "On Calibration", 2017)."""
    from scipy.optimize import minimize_scalar

    wanted = np.searchsorted(classes, labels)
    rows = np.arange(len(wanted))
    return float(minimize_scalar(lambda heat: -np.log(shares_of(logits / heat)[rows, wanted] + 1e-9).mean(), bounds=(0.5, most)).x)


def cooled(layers: Layers, heat: float) -> Layers:
    """The layers with their logits divided."""
    *inner, (weights, bias) = layers
    return (*inner, (weights / np.float32(heat), bias / np.float32(heat)))
