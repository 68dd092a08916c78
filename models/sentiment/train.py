"""Train the sentiment head: `python -m models.sentiment.train`.

Reads data.tsv, test.tsv, calls.tsv beside it; writes head.json and the figures in README.md, and prints them with every test sentence that
is classified wrongly.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np

from models import training
from qa_pipeline.language.encoder import Encoder
from qa_pipeline.language.sentiment import LABELS, WEIGHING, SentimentScore, Weighing, classify, load_head, summarise

FOLDER = Path(__file__).parent
NOISES = (0.1, 0.2)
GRID = [
    Weighing(strength=strength, length=length, late=late, doubt=doubt)
    for strength, length, late, doubt in product((1.0, 1.5, 2.0), (0.25, 0.5, 1.0), (0.25, 0.5, 1.0), (0.15, 0.3, 0.5))
]

ScoredCall = tuple[str, str, tuple[SentimentScore, ...], list[int]]


def main() -> None:
    """Choose the regularisation, train on all of data.tsv, write the head and what it is worth."""
    encoder = training.load_encoder()
    rows, test = training.read_rows(FOLDER / "data.tsv"), training.read_rows(FOLDER / "test.tsv")
    sample = training.sample_of(rows, "label", encoder)
    strength = training.choose_strength(sample)
    found = training.cross_validate(sample, strength)
    clean = ~sample.is_copy
    head = training.fit(sample.vectors, sample.labels, strength)
    assert head.classes == LABELS
    head = training.write_head(FOLDER / "head.json", head, facts={"sentences": len(rows), "strength": strength})
    parts = [
        f"Cross-validation in {training.FOLDS} parts over the {len(rows)} sentences of data.tsv (C = {strength:g}):",
        training.figures(sample.labels[clean], found[clean], sample.languages[clean]),
        f"The {len(test)} sentences of test.tsv:",
        training.test_figures(test, "label", encoder, head),
        "test.tsv misheard, and Chinese in other script:",
        training.robustness(test, "label", encoder, head, NOISES),
        call_figures(encoder),
    ]
    training.write_figures(FOLDER / "README.md", "\n\n".join(parts))
    print("\n\n".join(parts))
    print("\n".join(training.mistakes(test, "label", lambda texts: head.predict(encoder.encode(texts)))))


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
