"""Sentiment: the head's arithmetic, the call's score, and classification models of the hub."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.sentiment import (
    LABELS,
    HubSentiment,
    SentimentHead,
    SentimentScore,
    Weighing,
    classify,
    label_of,
    load_head,
    summarise,
)


def score(value: float) -> SentimentScore:
    return SentimentScore(score=value, label=label_of(value))


def head() -> SentimentHead:
    """Logits (ln 2 · a, 0, ln 2 · b) of a vector (a, b, 0, …)."""
    weights = np.zeros((3, 384), np.float32)
    weights[0, 0] = weights[2, 1] = math.log(2)
    return SentimentHead(layers=((weights, np.zeros(3, np.float32)),), encoder_sha256="e")


def vectors(*pairs: tuple[float, float]) -> np.ndarray:
    found = np.zeros((len(pairs), 384), np.float32)
    found[:, :2] = pairs
    return found


@pytest.mark.parametrize(
    ("pair", "value", "label"),
    [
        ((0, 2), 3 / 6, "positive"),  # 1, 1, 4 of 6
        ((2, 0), -3 / 6, "negative"),  # 4, 1, 1 of 6
        ((1, 1), 0, "negative"),  # 2, 1, 2 of 5: the first of equals
        ((-1, -2), -0.25 / 1.75, "neutral"),  # ½, 1, ¼ of 1¾
    ],
)
def test_score_is_positive_less_negative_share(pair: tuple[float, float], value: float, label: str) -> None:
    (found,) = classify(vectors(pair), head())
    assert found.score == pytest.approx(value, abs=1e-6)
    assert found.label == label


def test_layers_are_rectified_in_between() -> None:
    first = np.zeros((2, 384), np.float32)
    first[0, 0], first[1, 1] = 1, 1
    second = np.array([[math.log(2), 0], [0, 0], [0, math.log(2)]], np.float32)
    deep = SentimentHead(layers=((first, np.zeros(2, np.float32)), (second, np.zeros(3, np.float32))), encoder_sha256="e")
    # (−1, 2): the hidden layer is (0, 2), so the shares are 1, 1, 4 of 6.
    assert classify(vectors((-1, 2)), deep)[0].score == pytest.approx(3 / 6, abs=1e-6)


def test_no_vectors_have_no_scores() -> None:
    assert classify(np.zeros((0, 384), np.float32), head()) == ()


def test_far_logits_do_not_overflow() -> None:
    assert classify(vectors((0, 9000)), head())[0].score == pytest.approx(1)


def test_a_call_without_customer_has_no_sentiment() -> None:
    assert summarise([], []) == (None, None)
    assert summarise([score(0.9)], [0]) == (None, None)


def test_weights_must_match_scores() -> None:
    with pytest.raises(ValueError, match="1 scores and 2 weights"):
        summarise([score(0.9)], [1, 2])


@pytest.mark.parametrize(
    ("value", "label"), [(-0.25, "negative"), (-0.24, "neutral"), (0.0, "neutral"), (0.24, "neutral"), (0.25, "positive")]
)
def test_thresholds_belong_to_the_outer_labels(value: float, label: str) -> None:
    assert label_of(value) == label


def test_one_utterance_is_held_back_by_doubt() -> None:
    # Mass 1 · 1 · 0.8² = 0.64, doubt 0.5: 0.8 · 0.64 / 1.14.
    assert summarise([score(0.8)], [7], weighing=Weighing())[0] == pytest.approx(0.512 / 1.14)


def test_two_utterances_count_by_strength_length_and_place() -> None:
    # Mean length 2. First: ½ · 1 · 0.25 = 0.125; last: 1½ · 1¼ · 1 = 1.875. (−0.0625 + 1.875) / (0.5 + 2).
    found, label = summarise([score(-0.5), score(1.0)], [1, 3], weighing=Weighing())
    assert found == pytest.approx(0.725)
    assert label == "positive"


def test_a_weighing_of_ones_own_is_used() -> None:
    plain = Weighing(strength=0, length=1, late=0, doubt=0)
    assert summarise([score(-0.5), score(1.0)], [1, 3], weighing=plain)[0] == pytest.approx((-0.5 + 3) / 4)


def test_small_talk_does_not_drown_a_complaint() -> None:
    small_talk = [score(0.02)] * 12
    found, label = summarise([*small_talk, score(-0.9)], [1] * 12 + [20])
    assert label == "negative"
    assert found is not None
    assert found < -0.25


def test_small_talk_alone_is_neutral() -> None:
    assert summarise([score(0.1)] * 10, [1] * 10)[1] == "neutral"


def test_what_is_said_later_counts_more() -> None:
    rising, falling = (summarise([score(a), score(-a)], [5, 5], weighing=Weighing()) for a in (-0.8, 0.8))
    # Masses 0.64 and 1.25 × 0.64, and half a one of doubt.
    assert rising == (pytest.approx(0.8 * (0.8 - 0.64) / (0.5 + 0.64 + 0.8)), "neutral")
    assert falling == (pytest.approx(0.8 * (0.64 - 0.8) / (0.5 + 0.64 + 0.8)), "neutral")


def test_longer_utterances_count_more() -> None:
    found = summarise([score(-0.8), score(0.1), score(0.8)], [20, 5, 5], weighing=Weighing())
    # Lengths against their mean of 10, lateness 1, 1.125, 1.25, strength squared.
    masses = (2 * 0.64, 0.5 * 1.125 * 0.01, 0.5 * 1.25 * 0.64)
    above = -0.8 * masses[0] + 0.1 * masses[1] + 0.8 * masses[2]
    assert found == (pytest.approx(above / (0.5 + sum(masses))), "negative")


def test_an_own_threshold_moves_the_label() -> None:
    found, label = summarise([score(0.9)], [3], threshold=0.9)
    assert (found is not None and found < 0.9, label) == (True, "neutral")


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1e6)), max_size=20))
def test_a_call_score_stays_within_its_utterances_and_is_odd(pairs: list[tuple[float, float]]) -> None:
    values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    found, _ = summarise([score(value) for value in values], weights)
    mirrored, _ = summarise([score(-value) for value in values], weights)
    if found is None or mirrored is None:
        assert sum(weights) == 0
        return
    assert min([0, *values]) - 1e-9 <= found <= max([0, *values]) + 1e-9
    assert mirrored == pytest.approx(-found, abs=1e-9)


@given(st.floats(0.001, 1000))
def test_the_unit_of_weights_does_not_matter(unit: float) -> None:
    scores, weights = [score(0.1), score(-0.7), score(0.4)], [2.0, 9.0, 4.0]
    assert summarise(scores, [weight * unit for weight in weights])[0] == pytest.approx(summarise(scores, weights)[0])


def test_a_head_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    layers = [{"weights": [[0.5] * 384] * 2, "bias": [0, 1]}, {"weights": [[0.5] * 2] * 3, "bias": [1, 2, 3]}]
    data = {"classes": LABELS, "layers": layers, "encoder_sha256": "abc"}
    path.write_text(json.dumps(data), "utf-8")
    found = load_head(path)
    assert [weights.shape for weights, _ in found.layers] == [(2, 384), (3, 2)]
    assert found.layers[1][1].tolist() == [1, 2, 3]
    assert found.encoder_sha256 == "abc"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "KeyError"),
        ({"classes": ["a", "b"], "layers": [{"weights": [[0.5] * 384] * 2, "bias": [1, 2]}], "encoder_sha256": ""}, "classes a, b"),
        ({"classes": LABELS, "layers": [{"weights": [[0.5] * 10] * 3, "bias": [1, 2, 3]}], "encoder_sha256": ""}, r"layers \[\(3, 10, 3\)"),
        ({"classes": LABELS, "layers": [], "encoder_sha256": ""}, r"layers \[\]"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, data: object, said: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(ModelError, match=said):
        load_head(path)


def tiny_model(folder: Path, labels: dict[int, str]) -> Path:
    """A classification model whose answer depends on nothing but its last bias: logits ln 1, ln 2, ln 5, …"""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "good": 2, "bad": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    make: Any = PreTrainedTokenizerFast
    make(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]", model_max_length=16).save_pretrained(folder)
    config = BertConfig(vocab_size=4, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, id2label=labels)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.log(torch.tensor([1.0, 2.0, 5.0, 2.0][: len(labels)])))
    model.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_a_hub_model_is_read_by_its_labels(tmp_path: Path) -> None:
    model = HubSentiment(tiny_model(tmp_path, {0: "Negative", 1: "Neutral", 2: "Positive"}), threads=1)
    good, bad = model.classify_texts(["good", "bad bad unheard"])
    assert good.score == pytest.approx(5 / 8 - 1 / 8)
    assert good.label == "positive"
    assert bad.score == pytest.approx(good.score)
    assert model.classify_texts([]) == ()


@pytest.mark.slow
def test_a_hub_models_own_order_is_respected(tmp_path: Path) -> None:
    model = HubSentiment(tiny_model(tmp_path, {0: "positive", 1: "neutral", 2: "negative"}), threads=1)
    (found,) = model.classify_texts(["good"])
    assert found.score == pytest.approx(-4 / 8)
    assert found.label == "negative"


@pytest.mark.slow
def test_bare_labels_need_a_meaning(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path, {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"})
    with pytest.raises(ModelError, match="not understood: LABEL_0, LABEL_1, LABEL_2"):
        HubSentiment(folder, threads=1)
    model = HubSentiment(folder, threads=1, labels={"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"})
    assert model.classify_texts(["good"])[0].score == pytest.approx(4 / 8)


@pytest.mark.slow
def test_probabilities_of_labels_with_one_meaning_add(tmp_path: Path) -> None:
    stars = {0: "1 star", 1: "2 stars", 2: "3 stars", 3: "4 stars"}
    meaning = {"1 star": "negative", "2 stars": "negative", "3 stars": "neutral", "4 stars": "positive"}
    (found,) = HubSentiment(tiny_model(tmp_path, stars), threads=1, labels=meaning).classify_texts(["good"])
    assert found.score == pytest.approx(2 / 10 - 3 / 10)
    assert found.label == "neutral"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no classification model"):
        HubSentiment(tmp_path, threads=1)
