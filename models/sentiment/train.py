"""Train the sentiment head: `python -m models.sentiment.train`.

Reads data.tsv, test.tsv, hard.tsv and calls.tsv beside it; writes head.json and the figures in README.md, and prints them with every
test sentence that is classified wrongly.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import training
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.meaning.sentiment import LABELS, WEIGHING, SentimentHead, SentimentScore, Weighing, classify, load_head, summarise

FOLDER = Path(__file__).parent
NOISES = (0.1, 0.2)
HIDDEN = 64
# L2 penalty of the network, tried in cross-validation.
PENALTIES = (1.0, 3.0, 6.0)
_BINS = (0.0, 0.5, 0.7, 0.85, 0.95, 1.0001)
GRID = [
    Weighing(strength=strength, length=length, late=late, doubt=doubt)
    for strength, length, late, doubt in product((1.0, 1.5, 2.0), (0.25, 0.5, 1.0), (0.25, 0.5, 1.0), (0.15, 0.3, 0.5))
]

ScoredCall = tuple[str, str, tuple[SentimentScore, ...], list[int]]


def main() -> None:
    """Choose the regularisation, train on all of data.tsv, write the head and what it is worth."""
    encoder = training.load_encoder()
    rows, test, hard = (training.read_rows(FOLDER / name) for name in ("data.tsv", "test.tsv", "hard.tsv"))
    sample = training.sample_of(rows, "label", encoder)
    tried = {penalty: cross_validate(sample, penalty) for penalty in PENALTIES}
    penalty = max(tried, key=lambda one: training.macro_f1(sample.labels, named(tried[one])))
    heat = temperature(tried[penalty], sample.labels)
    shares, clean = softmax(tried[penalty] / heat), ~sample.is_copy
    head = write_head(cooled(fit(sample.vectors, sample.labels, penalty), heat), sentences=len(rows), penalty=penalty)
    parts = [
        f"Cross-validation in {training.FOLDS} parts over the {len(rows)} sentences of data.tsv (penalty {penalty:g}):",
        training.figures(sample.labels[clean], named(shares)[clean], sample.languages[clean]),
        "How sure it is of the label it gives, there, and how often that label is right:",
        calibration(sample.labels, shares),
        f"The {len(test)} sentences of test.tsv:",
        training.test_figures(test, "label", encoder, head),
        f"The {len(hard)} sentences of hard.tsv, by kind:",
        by_kind(hard, encoder, head),
        "test.tsv misheard, and Chinese in other script:",
        training.robustness(test, "label", encoder, head, NOISES),
        call_figures(encoder),
    ]
    training.write_figures(FOLDER / "README.md", "\n\n".join(parts))
    print("\n\n".join(parts))
    print("\n".join(training.mistakes(test, "label", lambda texts: head.predict(encoder.encode(texts)))))


@dataclass(frozen=True, slots=True)
class Network:
    """A head as training.py asks for one."""

    head: SentimentHead

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.str_]:
        """The likeliest label of each vector."""
        return np.asarray([one.label for one in classify(vectors, self.head)])


def fit(vectors: NDArray[np.float32], labels: NDArray[np.str_], penalty: float) -> SentimentHead:
    """One hidden layer over standardised vectors; the standardisation is folded into it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    network = MLPClassifier((HIDDEN,), alpha=penalty, max_iter=60, random_state=0)
    with warnings.catch_warnings():
        # Sixty rounds are where cross-validation was best: it is stopped early on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit((vectors - centre) / scale, labels)
    assert tuple(network.classes_) == LABELS
    (inner, outer), (inner_bias, outer_bias) = network.coefs_, network.intercepts_
    inner = inner.T / scale
    layers = ((inner, inner_bias - inner @ centre), (outer.T, outer_bias))
    return SentimentHead(layers=tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in layers), encoder_sha256="")


def cross_validate(sample: training.Sample, penalty: float) -> NDArray[np.float32]:
    """(n, 3): logits by a network that saw neither the row's sentence nor a copy of it."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros((len(sample.labels), len(LABELS)), np.float32)
    for seen, unseen in GroupKFold(training.FOLDS, shuffle=True, random_state=0).split(sample.vectors, sample.labels, sample.group):
        found[unseen] = fit(sample.vectors[seen], sample.labels[seen], penalty).logits(sample.vectors[unseen])
    return found


def temperature(logits: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """What logits of unseen sentences must be divided by so that shares mean what they say (Guo et al., "On Calibration", 2017)."""
    from scipy.optimize import minimize_scalar

    wanted = np.searchsorted(LABELS, labels)
    return float(
        minimize_scalar(lambda heat: -np.log(softmax(logits / heat)[np.arange(len(wanted)), wanted] + 1e-9).mean(), bounds=(0.5, 5)).x
    )


def cooled(head: SentimentHead, heat: float) -> SentimentHead:
    """The head with its logits divided."""
    *inner, (weights, bias) = head.layers
    return SentimentHead(layers=(*inner, (weights / np.float32(heat), bias / np.float32(heat))), encoder_sha256=head.encoder_sha256)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares of each row, which add up to 1."""
    powers: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def named(shares: NDArray[np.float32]) -> NDArray[np.str_]:
    """The likeliest label of each row of shares or logits."""
    return np.asarray(LABELS)[shares.argmax(axis=1)]


def write_head(head: SentimentHead, *, sentences: int, penalty: float) -> Network:
    """Write head.json; returns it as read back."""
    path = FOLDER / "head.json"
    training.write_layers(path, head.layers, {"classes": LABELS, "sentences": sentences, "penalty": penalty})
    return Network(load_head(path))


def calibration(labels: NDArray[np.str_], shares: NDArray[np.float32]) -> str:
    """Markdown: mean share of the label given against how often it is right, and the expected calibration error."""
    sure, is_right = shares.max(axis=1), named(shares) == labels
    lines, error = ["| sure | sentences | mean | right |", "|---|---|---|---|"], 0.0
    for low, high in pairwise(_BINS):
        chosen = (sure >= low) & (sure < high)
        if chosen.any():
            mean, share = float(sure[chosen].mean()), float(is_right[chosen].mean())
            error += abs(mean - share) * float(chosen.mean())
            lines.append(f"| {low:g}–{min(high, 1):g} | {int(chosen.sum())} | {mean:.3f} | {share:.3f} |")
    return "\n".join([*lines, "", f"Expected calibration error {error:.3f}."])


def by_kind(rows: training.Rows, encoder: Encoder, head: Network) -> str:
    """Markdown: right of each kind and language, and macro-F1 of each language."""
    found = head.predict(encoder.encode([row["text"] for row in rows]))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    lines = ["| kind | " + " | ".join(training.LANGUAGES) + " |", "|---" * (1 + len(training.LANGUAGES)) + "|"]
    for kind in kinds:
        cells = []
        for language in training.LANGUAGES:
            mine = [i for i, row in enumerate(rows) if row["kind"] == kind and row["language"] == language]
            cells.append(f"{sum(found[i] == rows[i]['label'] for i in mine)} of {len(mine)}")
        lines.append(f"| {kind.replace('_', ' ')} | " + " | ".join(cells) + " |")
    scores = []
    for language in training.LANGUAGES:
        mine = [i for i, row in enumerate(rows) if row["language"] == language]
        scores.append(f"{training.macro_f1(training.truth([rows[i] for i in mine], 'label'), found[mine]):.3f}")
    lines.append("| macro-F1 | " + " | ".join(scores) + " |")
    return "\n".join([*lines, "", f"All: macro-F1 {training.macro_f1(training.truth(rows, 'label'), found):.3f}."])


def call_figures(encoder: Encoder) -> str:
    """Markdown: call labels right on those calls of calls.tsv that chose the weighing, and on the others."""
    tuned, kept = scored_calls(encoder, "tune"), scored_calls(encoder, "test")
    best = max(GRID, key=lambda weighing: (right(tuned, weighing), margin(tuned, weighing)))
    lines = [
        f"Call labels with {WEIGHING}: {right(kept, WEIGHING)} of {len(kept)} right",
        f"on the calls marked `test`, {right(tuned, WEIGHING)} of {len(tuned)} on those marked `tune`, which chose the weighing",
        f"(best on these: {best}). Wrong among the former:",
        "",
    ]
    wrong = [f"- {call[1]}, found {said(call, WEIGHING)}: {call[0]}" for call in kept if said(call, WEIGHING) != call[1]]
    return "\n".join([*lines, *wrong])


def scored_calls(encoder: Encoder, use: str) -> list[ScoredCall]:
    """Each call of one use: its text, its label, its utterances' scores and lengths in characters."""
    head = load_head(FOLDER / "head.json")
    found = []
    calls = [row for row in training.read_rows(FOLDER / "calls.tsv") if row["use"] == use]
    vectors = iter(encoder.encode([text for row in calls for text in row["utterances"].split(" | ")]))
    for row in calls:
        texts = row["utterances"].split(" | ")
        scores = classify(np.stack([next(vectors) for _ in texts]), head)
        found.append((row["utterances"], row["label"], scores, [len(text) for text in texts]))
    return found


def said(call: ScoredCall, weighing: Weighing) -> str | None:
    """The label summarise() gives."""
    return summarise(call[2], call[3], weighing=weighing)[1]


def right(calls: list[ScoredCall], weighing: Weighing) -> int:
    """Calls labelled as a person did."""
    return sum(said(call, weighing) == call[1] for call in calls)


def margin(calls: list[ScoredCall], weighing: Weighing) -> float:
    """Sum over calls of how far the score is on the right side of its thresholds, at most 0.2 each."""
    total = 0.0
    for call in calls:
        score = summarise(call[2], call[3], weighing=weighing)[0] or 0.0
        distance = {"negative": -0.25 - score, "positive": score - 0.25, "neutral": 0.25 - abs(score)}[call[1]]
        total += min(0.2, distance)
    return total


if __name__ == "__main__":
    main()
