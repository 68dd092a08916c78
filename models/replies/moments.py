"""Which questions ask whether it is a convenient time: a linear head over the vector of a question, learnt from those that do and from others.

The reader's head for convenience is asked nothing else: "yes please, Friday at ten" says yes to a booking and no to a moment. Others are those about
satisfaction, questions of the lists of rubrics and of agents in their cases, and other_questions.txt, which are nearest and count five times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.rubric.load import load_list

FOLDER = Path(__file__).parent
RUBRICS = FOLDER.parent.parent / "rubrics"
ASKING_LIST = "asks_convenience"
# Of one list and language, so many questions.
_MOST_OF_LIST = 12
_NEAREST_COUNT = 5.0
PENALTY = 3.0
_SENTENCE_END = re.compile(r"(?<=[?？。.!！])\s*")


def fit_moments(asking: Sequence[str], others: Sequence[str], encoder: Encoder) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (1, 384) and bias (1,) of the log-odds that a question asks for a convenient time. `asking`, `others`: questions of replies."""
    from sklearn.linear_model import LogisticRegression

    nearest = [line.split("\t", 1)[1] for line in (FOLDER / "other_questions.txt").read_text("utf-8").splitlines()]
    known = {*asking, *_of_list(ASKING_LIST)}
    rest = {*others, *_of_other_lists(), *_of_cases(known)} - known - set(nearest)
    texts = [*sorted(known), *sorted(rest), *nearest]
    is_asking = np.array([True] * len(known) + [False] * (len(rest) + len(nearest)))
    counts = np.array([1.0] * (len(known) + len(rest)) + [_NEAREST_COUNT] * len(nearest))
    vectors = encoder.encode(texts)
    middle, spread = vectors.mean(axis=0), vectors.std(axis=0).mean()
    model = LogisticRegression(C=PENALTY, max_iter=500)
    model.fit((vectors - middle) / spread, is_asking, sample_weight=counts)
    weights = (model.coef_ / spread).astype(np.float32)
    return weights, (model.intercept_ - weights @ middle).astype(np.float32)


def _of_list(name: str) -> list[str]:
    examples = load_list(RUBRICS / "lists" / f"{name}.yaml")
    return [text for language in examples.like for text in examples.likes(language)]


def _of_other_lists() -> list[str]:
    found: list[str] = []
    for path in sorted((RUBRICS / "lists").glob("*.yaml")):
        if path.stem not in (ASKING_LIST, "forbidden"):
            examples = load_list(path)
            for language in examples.like:
                found += [text for text in examples.likes(language) if text.rstrip()[-1:] in "?？吗"][:_MOST_OF_LIST]
    return found


def _of_cases(asking: set[str]) -> list[str]:
    """Questions of agents in cases, but those that say a word which only questions for a moment say."""
    words = re.compile(
        "方便|打扰|占用|耽误|有空|有时间|在忙|minute|moment|good time|bad time|busy|talk|chwil|rozmawia|przeszkadz|minut|stund|stör|prata|tid"
    )
    found: list[str] = []
    for path in sorted(RUBRICS.glob("*.cases.yaml")):
        for said in re.findall(r"agent: (.*)", path.read_text("utf-8")):
            found += [part for part in _SENTENCE_END.split(said) if part[-1:] in ("?", "？") and not words.search(part)]
    return found
