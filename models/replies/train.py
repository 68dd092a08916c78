"""Train the heads that read replies by meaning: `python -m models.replies.train`.

Reads satisfaction.tsv and convenience.tsv beside it; writes head.json and the figures in README.md, and prints them.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import training
from models.sentiment.train import softmax
from qa_pipeline.meaning.network import run_layers
from qa_pipeline.meaning.replies import CLASSES, load_heads

FOLDER = Path(__file__).parent
HIDDEN = 64
# L2 penalty of the network, the best of those tried in cross-validation (3, 10).
PENALTY = 10.0
# Shares from which a reading is told in the figures.
SURE = (0.0, 0.7, 0.8, 0.85, 0.9, 0.95)

Layers = tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]


def main() -> None:
    """Cross-validate, train on all replies, write the heads and what they are worth."""
    encoder = training.load_encoder()
    samples = {name: training.sample_of(training.read_rows(FOLDER / f"{name}.tsv"), "label", encoder) for name in CLASSES}
    print(write(samples))


def write(samples: dict[str, training.Sample]) -> str:
    """Write head.json and the figures; returns these."""
    heads, parts = {}, []
    for name, sample in samples.items():
        logits = cross_validate(sample, CLASSES[name])
        heat = training_heat(logits, sample.labels, CLASSES[name])
        shares = softmax(logits / np.float32(heat))
        heads[name] = cooled(fit(sample.vectors, sample.labels, CLASSES[name]), heat)
        parts += [f"`{name}.tsv`, in cross-validation by whole replies:", figures(sample, shares, CLASSES[name])]
    manifest = training.encoder_manifest()
    facts = {"encoder": manifest.id, "encoder_sha256": training.manifest_sha256(manifest), "penalty": PENALTY}
    plain = {
        name: {
            "classes": CLASSES[name],
            "layers": [{"bias": rounded(bias), "weights": [rounded(row) for row in weights]} for weights, bias in layers],
        }
        for name, layers in heads.items()
    }
    (FOLDER / "head.json").write_text(json.dumps({**facts, "heads": plain}) + "\n", "utf-8")
    load_heads(FOLDER / "head.json")
    text = "\n\n".join(parts)
    training.write_figures(FOLDER / "README.md", text)
    return text


def fit(vectors: NDArray[np.float32], labels: NDArray[np.str_], classes: tuple[str, ...]) -> Layers:
    """One hidden layer over standardised vectors; the standardisation is folded into it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    network = MLPClassifier((HIDDEN,), alpha=PENALTY, max_iter=60, random_state=0)
    with warnings.catch_warnings():
        # Sixty rounds: it is stopped early on purpose, as the sentiment head is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit((vectors - centre) / scale, labels)
    assert tuple(network.classes_) == classes
    (inner, outer), (inner_bias, outer_bias) = network.coefs_, network.intercepts_
    inner = inner.T / scale
    return tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in ((inner, inner_bias - inner @ centre), (outer.T, outer_bias)))


def cross_validate(sample: training.Sample, classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, classes): logits by a network that saw neither the row's reply nor a copy of it."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros((len(sample.labels), len(classes)), np.float32)
    for seen, unseen in GroupKFold(training.FOLDS, shuffle=True, random_state=0).split(sample.vectors, sample.labels, sample.group):
        found[unseen] = run_layers(fit(sample.vectors[seen], sample.labels[seen], classes), sample.vectors[unseen])
    return found


def training_heat(logits: NDArray[np.float32], labels: NDArray[np.str_], classes: tuple[str, ...]) -> float:
    """What logits of unseen replies must be divided by so that shares mean what they say (Guo et al., "On Calibration", 2017)."""
    from scipy.optimize import minimize_scalar

    wanted = np.searchsorted(classes, labels)
    rows = np.arange(len(wanted))
    return float(minimize_scalar(lambda heat: -np.log(softmax(logits / heat)[rows, wanted] + 1e-9).mean(), bounds=(0.5, 10)).x)


def cooled(layers: Layers, heat: float) -> Layers:
    """The layers with their logits divided."""
    *inner, (weights, bias) = layers
    return (*inner, (weights / np.float32(heat), bias / np.float32(heat)))


def rounded(numbers: NDArray[np.float32]) -> list[float]:
    """Numbers to four digits."""
    return [float(f"{number:.4g}") for number in numbers]


def figures(sample: training.Sample, shares: NDArray[np.float32], classes: tuple[str, ...]) -> str:
    """Markdown: right by language, what is taken for what, and how many are read and right from each share on."""
    clean = ~sample.is_copy
    found, sure = np.asarray(classes)[shares.argmax(axis=1)], shares.max(axis=1)
    is_right = found == sample.labels
    lines = ["| sure at least | " + " | ".join((*training.LANGUAGES, "all")) + " |", "|---" * (len(training.LANGUAGES) + 2) + "|"]
    for least in SURE:
        cells = []
        for language in (*training.LANGUAGES, "all"):
            chosen = clean & (sure >= least) & ((sample.languages == language) | (language == "all"))
            cells.append(f"{int(is_right[chosen].sum())} of {int(chosen.sum())}")
        lines.append(f"| {least:g} | " + " | ".join(cells) + " |")
    return training.figures(sample.labels[clean], found[clean], sample.languages[clean]) + "\n\n" + "\n".join(lines)


if __name__ == "__main__":
    main()
