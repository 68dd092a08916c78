"""Train the role head: `python -m models.roles.train`.

Reads data.tsv and test.tsv beside it; writes head.json and the figures in README.md, and prints them with every test sentence that is
classified wrongly. Sentences that either party says (okay, hello) stand in data.tsv once for each role: they teach the head to answer 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import training

FOLDER = Path(__file__).parent
NOISES = (0.1, 0.2)


def main() -> None:
    """Choose the regularisation, train on all of data.tsv, write the head and what it is worth."""
    encoder = training.load_encoder()
    rows, test = training.read_rows(FOLDER / "data.tsv"), training.read_rows(FOLDER / "test.tsv")
    sample = training.sample_of(rows, "role", encoder)
    strength = training.choose_strength(sample)
    found = training.cross_validate(sample, strength)
    telling = ~sample.is_copy & np.asarray([rows[number]["direction"] != "any" for number in sample.group])
    head = training.fit(sample.vectors, sample.labels, strength).reversed()
    assert head.classes == ("customer", "agent")
    head = training.write_head(FOLDER / "head.json", head, facts={"sentences": len(rows), "strength": strength})
    parts = [
        f"Cross-validation in {training.FOLDS} parts (C = {strength:g}), sentences that only one role says ({len(rows)} with the others):",
        training.figures(sample.labels[telling], found[telling], sample.languages[telling]),
        f"The {len(test)} sentences of test.tsv:",
        training.test_figures(test, "role", encoder, head),
        "test.tsv misheard, and Chinese in other script:",
        training.robustness(test, "role", encoder, head, NOISES),
        bands(test, head.logits(encoder.encode([row["text"] for row in test]))[:, 0]),
    ]
    training.write_figures(FOLDER / "README.md", "\n\n".join(parts))
    print("\n\n".join(parts))
    print("\n".join(training.mistakes(test, "role", lambda texts: head.predict(encoder.encode(texts)))))


def bands(rows: training.Rows, odds: NDArray[np.float32]) -> str:
    """Markdown: how often the sign is right where the head is less or more sure."""
    right = (odds > 0) == (training.truth(rows, "role") == "agent")
    lines = ["| size of the log-odds | right |", "|---|---|"]
    for low, high in ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, np.inf)):
        chosen = (np.abs(odds) >= low) & (np.abs(odds) < high)
        lines.append(f"| {low:g} to {high:g} | {int(right[chosen].sum())} of {int(chosen.sum())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
