"""Train the heads that read replies by meaning: `python -m models.replies.train_vectors`.

Reads satisfaction.tsv and convenience.tsv beside it, and the replies of models/spoken that are read; writes head.json and the figures in README.md, and
prints them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.spoken import load_items
from models import networks, training
from qa_pipeline.meaning.network import shares_of
from qa_pipeline.meaning.replies import CLASSES, CONVENIENCE, SATISFACTION, load_heads
from qa_pipeline.text.normalise import unit_spans

FOLDER = Path(__file__).parent
SPOKEN_FOLDER = FOLDER.parent / "spoken"
SPOKEN = ("read.yaml", "more.yaml")
KINDS = {"mark": None, "satisfaction": SATISFACTION, "willing": CONVENIENCE}
# Words or syllables of a reply up to which it may say no more than yes or no.
MOST_BARE_UNITS = 2
# L2 penalty of the network, the best of those tried in cross-validation (3, 10).
PENALTY = 10.0
# Shares from which a reading is told in the figures.
SURE = (0.0, 0.7, 0.8, 0.85, 0.9, 0.95)


def main() -> None:
    """Cross-validate, train on all replies, write the heads and what they are worth."""
    encoder = training.load_encoder()
    samples = {
        name: training.sample_of([*training.read_rows(FOLDER / f"{name}.tsv"), *spoken_rows(name)], "label", encoder) for name in CLASSES
    }
    print(write(samples))


def spoken_rows(name: str) -> training.Rows:
    """The replies of one turn in models/spoken that a head may learn from: what says no more than yes or no is left out, as the question tells its meaning."""
    rows = []
    for file in SPOKEN:
        for item in load_items(SPOKEN_FOLDER / file):
            label = item["answer"][0]
            is_long = len(unit_spans(item["reply"][0])) > (0 if name == SATISFACTION else MOST_BARE_UNITS)
            if KINDS[item["kind"]] == name and len(item["reply"]) == 1 and is_long:
                label = "neither" if name == CONVENIENCE and label == "unclear" else label
                rows.append({"language": item["language"], "label": label, "text": item["reply"][0]})
    return rows


def write(samples: dict[str, training.Sample]) -> str:
    """Write head.json and the figures; returns these."""
    heads, parts = {}, []
    for name, sample in samples.items():
        logits = networks.cross_validate(sample, CLASSES[name], PENALTY)
        heat = networks.temperature(logits, sample.labels, CLASSES[name], most=10)
        shares = shares_of(logits / np.float32(heat))
        heads[name] = networks.cooled(networks.fit(sample.vectors, sample.labels, CLASSES[name], PENALTY), heat)
        parts += [f"{name.capitalize()}, in cross-validation by whole replies:", figures(sample, shares, CLASSES[name])]
    plain = {name: {"classes": CLASSES[name], "layers": training.rounded(layers)} for name, layers in heads.items()}
    (FOLDER / "head.json").write_text(json.dumps({**training.encoder_facts(), "penalty": PENALTY, "heads": plain}) + "\n", "utf-8")
    load_heads(FOLDER / "head.json")
    text = "\n\n".join(parts)
    training.write_figures(FOLDER / "README.md", text)
    return text


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
