"""Cross-validated quality of every example list: `python benchmarks/meaning.py [--c 20]`.

Prints, per list: precision and recall at thresholds, over five folds of its like/unlike examples with the background as further negatives.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.rubric.load import BACKGROUND_LIST, load_list
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import choose_manifest, model_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--c", type=float, nargs="+", default=[20.0])
    arguments = parser.parse_args()
    settings = load_settings()
    encoder = Encoder(model_folder(choose_manifest(settings, "encoder"), settings), threads=settings.threads)
    background = encoder.encode(load_list(settings.rubrics / BACKGROUND_LIST).unlikes())
    for c in arguments.c:
        print(f"C = {c}")
        for path in sorted((settings.rubrics / "lists").glob("*.yaml")):
            examples = load_list(path)
            if examples.likes():
                report(examples.id, encoder.encode(examples.likes()), encoder.encode(examples.unlikes()), background, c)


def report(name: str, like: np.ndarray, unlike: np.ndarray, background: np.ndarray, c: float) -> None:
    """Print one list's figures: near misses and background apart."""
    vectors = np.concatenate([like, unlike, background])
    kind = np.concatenate([np.full(len(like), 2), np.full(len(unlike), 1), np.zeros(len(background))])
    probabilities = np.zeros(len(kind))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(vectors, kind):
        model = LogisticRegression(C=c, class_weight="balanced", max_iter=2000).fit(vectors[train], kind[train] == 2)
        probabilities[test] = model.predict_proba(vectors[test])[:, 1]
    figures = []
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95):
        hit = probabilities >= threshold
        figures.append(
            f"{threshold}: recall {hit[kind == 2].mean():.2f} near {hit[kind == 1].mean():.3f} background {hit[kind == 0].mean():.3f}"
        )
    print(f"{name:22s} like {len(like):3d} unlike {len(unlike):3d} | " + " | ".join(figures))


if __name__ == "__main__":
    main()
