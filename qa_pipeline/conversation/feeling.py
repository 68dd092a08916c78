"""Sentiment of the customer's utterances and of the call, from sentence vectors: the same when a call is heard and when its roles are corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qa_pipeline.call import Role, Utterance
from qa_pipeline.language.sentiment import SentimentHead, classify, summarise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def feel(
    utterances: Sequence[Utterance], vectors: NDArray[np.float32], head: SentimentHead, *, threshold: float
) -> tuple[tuple[Utterance, ...], float | None, str | None]:
    """The utterances with the customer's sentiment, and score and label of the call. `vectors`: (n, 384), one an utterance."""
    theirs = [i for i, u in enumerate(utterances) if u.role is Role.CUSTOMER]
    plain = tuple(replace(u, sentiment=None, sentiment_label=None) if u.sentiment_label else u for u in utterances)
    if not theirs:
        return plain, None, None
    scores = classify(vectors[theirs], head)
    felt = dict(zip(theirs, scores, strict=True))
    marked = tuple(
        replace(u, sentiment=round(felt[i].score, 4), sentiment_label=felt[i].label) if i in felt else u for i, u in enumerate(plain)
    )
    lengths = [float(len(utterances[i].text)) for i in theirs]
    value, label = summarise(scores, lengths, threshold=threshold)
    return marked, round(value, 4) if value is not None else None, label
