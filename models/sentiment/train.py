"""Train the sentiment head: `python -m models.sentiment.train`.

Reads data.tsv, test.tsv, hard.tsv and calls.tsv beside it; writes head.json and the figures in README.md, and prints them with every
test sentence that is classified wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models import networks, training
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.meaning.network import shares_of
from qa_pipeline.meaning.sentiment import LABELS, WEIGHING, SentimentHead, SentimentScore, Weighing, classify, load_head, summarise

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

FOLDER = Path(__file__).parent
NOISES = (0.1, 0.2)
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
    tried = {penalty: networks.cross_validate(sample, LABELS, penalty) for penalty in PENALTIES}
    penalty = max(tried, key=lambda one: training.macro_f1(sample.labels, named(tried[one])))
    heat = networks.temperature(tried[penalty], sample.labels, LABELS, most=5)
    shares, clean = shares_of(tried[penalty] / heat), ~sample.is_copy
    layers = networks.cooled(networks.fit(sample.vectors, sample.labels, LABELS, penalty), heat)
    head = write_head(layers, sentences=len(rows), penalty=penalty)
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


def named(shares: NDArray[np.float32]) -> NDArray[np.str_]:
    """The likeliest label of each row of shares or logits."""
    return np.asarray(LABELS)[shares.argmax(axis=1)]


def write_head(layers: Layers, *, sentences: int, penalty: float) -> Network:
    """Write head.json; returns it as read back."""
    path = FOLDER / "head.json"
    training.write_layers(path, layers, {"classes": LABELS, "sentences": sentences, "penalty": penalty})
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
