"""Sentiment of the customer's utterances and of the call, from sentence vectors: the same when a call is heard and when its roles are corrected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qa_pipeline.call import Role, Utterance
from qa_pipeline.meaning.sentiment import HubSentiment, SentimentHead, SentimentScore, classify, load_head, summarise
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, model_folder, serves

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Scores of some texts, of which the sentence vectors (n, 384) are known too.
Judge = Callable[[Sequence[str], "NDArray[np.float32]"], Sequence[SentimentScore]]


def load_judge(settings: Settings) -> Judge:
    """What judges words: the profile's classification model where it names one, else the trained head. Raises ModelError."""
    if serves(settings, "sentiment"):
        manifest = choose_manifest(settings, "sentiment")
        model = HubSentiment(model_folder(manifest, settings), threads=1, labels=manifest.labels)
        return lambda texts, vectors: model.classify_texts(texts)
    return by_head(load_head(settings.manifests / "sentiment" / "head.json"))


def by_head(head: SentimentHead) -> Judge:
    """Judging by vectors alone."""
    return lambda texts, vectors: classify(vectors, head)


def feel(
    utterances: Sequence[Utterance], vectors: NDArray[np.float32], judge: Judge, *, threshold: float
) -> tuple[tuple[Utterance, ...], float | None, str | None]:
    """The utterances with the customer's sentiment, and score and label of the call. `vectors`: (n, 384), one an utterance."""
    theirs = [i for i, u in enumerate(utterances) if u.role is Role.CUSTOMER]
    plain = tuple(replace(u, sentiment=None, sentiment_label=None) if u.sentiment_label else u for u in utterances)
    if not theirs:
        return plain, None, None
    scores = judge([utterances[i].text for i in theirs], vectors[theirs])
    felt = dict(zip(theirs, scores, strict=True))
    marked = tuple(
        replace(u, sentiment=round(felt[i].score, 4), sentiment_label=felt[i].label) if i in felt else u for i, u in enumerate(plain)
    )
    lengths = [float(len(utterances[i].text)) for i in theirs]
    value, label = summarise(scores, lengths, threshold=threshold)
    return marked, round(value, 4) if value is not None else None, label
