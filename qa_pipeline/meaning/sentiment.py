"""How a customer's words sound: a score and a label per utterance, and one of each for the whole call.

Comes in: vectors of meaning/encoder.py and the trained head (models/sentiment/), or texts and a classification model of the hub. Goes out:
SentimentScore per utterance, call score and label. Which utterances are the customer's is decided in conversation/. Only words are judged,
not the voice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.network import lead_from, read_layers, run_layers, shapes_of, shares_of
from qa_pipeline.telemetry import disable_telemetry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa_pipeline.meaning.network import Layers

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
LABELS = (NEGATIVE, NEUTRAL, POSITIVE)
_HUB_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentScore:
    """One utterance. `score`: P(positive) − P(negative), −1…1. `label`: the likeliest of negative, neutral, positive."""

    score: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How much an utterance counts in its call: strength and length as powers, `late` more at the end than at the start, `doubt` at zero.

    Tuned on calls of models/sentiment/calls.tsv; figures of calls kept apart are in models/sentiment/README.md.
    """

    strength: float = 2.0
    length: float = 1.0
    late: float = 0.25
    doubt: float = 0.5


# Tuned on scripted calls as the recogniser heard them, whose words are noisier than those of calls.tsv: what is misheard looks like feeling, so
# more doubt is needed there.
WEIGHING = Weighing(strength=2.5, length=0.5, late=2.0, doubt=1.5)


class SentimentModel(Protocol):
    """Whatever classifies texts: HeadSentiment, HubSentiment."""

    def classify_texts(self, texts: Sequence[str]) -> tuple[SentimentScore, ...]:
        """One score a text, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentimentHead:
    """A small network (network.py) from the 384 numbers of a sentence to 3, in the order of LABELS.

    `encoder_sha256`: of the manifest of the encoder it was trained on; it means nothing on another one's vectors.
    """

    layers: Layers
    encoder_sha256: str

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 3) of `vectors` (n, 384)."""
        return run_layers(self.layers, vectors)


def load_head(path: Path) -> SentimentHead:
    """Read head.json as models/sentiment/train.py writes it. Raises ModelError when it is not there or of another shape."""
    try:
        data = json.loads(path.read_text("utf-8"))
        layers = read_layers(data["layers"])
        classes, encoder_sha256 = tuple(data["classes"]), str(data["encoder_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is no sentiment head: {error!r}.",
            advice="Install the package anew; one of your own is written anew by models/sentiment/train.py.",
        ) from error
    if classes != LABELS or not lead_from(layers, WIDTH, len(LABELS)):
        found = f"classes {', '.join(map(str, classes))}, layers {shapes_of(layers)}"
        wanted = f"classes {', '.join(LABELS)}, layers from {WIDTH} numbers to 3"
        raise ModelError(
            f"{path} has {found}; wanted {wanted}.",
            advice="Install the package anew; one of your own is written anew by models/sentiment/train.py.",
        )
    return SentimentHead(layers=layers, encoder_sha256=encoder_sha256)


def classify(vectors: NDArray[np.float32], head: SentimentHead) -> tuple[SentimentScore, ...]:
    """Score each of `vectors` (n, 384)."""
    return _from_shares(shares_of(head.logits(vectors)))


def summarise(
    scores: Sequence[SentimentScore], weights: Sequence[float], *, threshold: float = 0.25, weighing: Weighing = WEIGHING
) -> tuple[float, str] | tuple[None, None]:
    """Score (−1…1) and label of a call from its customer's utterances in order of speech; (None, None) when there are none.

    `weights`: lengths of the utterances in any one unit (characters, ms), none negative; an utterance of length 0 counts nothing.
    negative ≤ −threshold < neutral < threshold ≤ positive.

    Most of what a customer says (yes, hello, a number) carries no feeling, so a plain mean would call every call neutral. Each utterance
    therefore counts by its own strength |score|, by its length against the call's mean length, and more towards the end, because how the
    matter ends is what stays. A constant mass of doubt in the denominator keeps a call with little feeling near 0.
    """
    if len(scores) != len(weights):
        raise ValueError(f"{len(scores)} scores and {len(weights)} weights")
    total = sum(weights)
    if total <= 0:
        return None, None
    mean, last = total / len(weights), max(1, len(weights) - 1)
    above, below = 0.0, weighing.doubt
    for place, (one, weight) in enumerate(zip(scores, weights, strict=True)):
        lateness = 1 + weighing.late * place / last
        mass = (weight / mean) ** weighing.length * lateness * abs(one.score) ** weighing.strength
        above += mass * one.score
        below += mass
    score = above / below
    return score, label_of(score, threshold=threshold)


def label_of(score: float, *, threshold: float = 0.25) -> str:
    """negative ≤ −threshold < neutral < threshold ≤ positive."""
    if score <= -threshold:
        return NEGATIVE
    return POSITIVE if score >= threshold else NEUTRAL


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSentiment:
    """The default: the text encoder and the trained head."""

    encoder: Encoder
    head: SentimentHead

    def classify_texts(self, texts: Sequence[str]) -> tuple[SentimentScore, ...]:
        """One score a text, in order."""
        return classify(self.encoder.encode(texts), self.head)


class HubSentiment:
    """A sequence classification model in a local folder, as the hub's library saves it."""

    def __init__(self, folder: Path, *, threads: int, labels: Mapping[str, str] | None = None) -> None:
        """Load it. `labels`: the model's own labels (`LABEL_0`, `5 stars`) → negative, neutral, positive; default: they carry these names.

        Several labels of the model may mean one of ours: their probabilities add. Raises ModelError when the folder cannot be loaded, a
        label has no meaning, or no label means positive or negative.
        """
        disable_telemetry()
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        torch.set_num_threads(threads)
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # not annotated in transformers
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{folder} holds no classification model: {error}", advice="Check the folder, or pull the model again."
            ) from error
        self._columns = _label_columns(self._model.config.id2label, labels or {})

    def classify_texts(self, texts: Sequence[str]) -> tuple[SentimentScore, ...]:
        """One score a text, in order."""
        import torch

        found: list[SentimentScore] = []
        for start in range(0, len(texts), _HUB_BATCH):
            batch = self._tokenizer(list(texts[start : start + _HUB_BATCH]), padding=True, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                shares = self._model(**batch).logits.softmax(dim=-1).numpy()
            found += _from_shares(_gathered(shares, self._columns))
        return tuple(found)


def _label_columns(id2label: Mapping[int, str], labels: Mapping[str, str]) -> tuple[tuple[int, ...], ...]:
    """For each of LABELS the model's output columns that mean it."""
    meaning = {index: labels.get(name, name.casefold()) for index, name in id2label.items()}
    strange = sorted(id2label[index] for index, label in meaning.items() if label not in LABELS)
    columns = tuple(tuple(index for index, label in sorted(meaning.items()) if label == wanted) for wanted in LABELS)
    if strange or not columns[0] or not columns[2]:
        raise ModelError(
            f"The sentiment model's labels are {', '.join(id2label.values())}; not understood: {', '.join(strange) or 'none'}.",
            advice=f"Say under `labels` of its manifest which of {', '.join(LABELS)} each of them means; negative and positive are needed.",
        )
    return columns


def _gathered(shares: NDArray[np.float32], columns: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    import numpy as np

    return np.stack([shares[:, list(chosen)].sum(axis=1) for chosen in columns], axis=1)


def _from_shares(shares: NDArray[np.float32]) -> tuple[SentimentScore, ...]:
    """`shares` (n, 3): probabilities in the order of LABELS."""
    return tuple(SentimentScore(score=float(row[2] - row[0]), label=LABELS[int(row.argmax())]) for row in shares)
