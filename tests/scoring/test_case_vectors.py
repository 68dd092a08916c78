"""Vectors of cases, kept by text: nothing is encoded twice, and a store that is written is whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.scoring.case_vectors import VECTORS_NAME, CaseVectors, Encode


class Encoder:
    """A vector of the text's length; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(text)] * 384 for text in texts], np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "cache" / VECTORS_NAME


def vectors(*stores: Path, encode: Encode | None = None, keep: Path | None = None, encoder_id: str = "e5") -> CaseVectors:
    return CaseVectors(stores, encoder_id=encoder_id, encode=encode, keep=keep)


def test_texts_are_encoded_once_and_all_together(store: Path) -> None:
    encode = Encoder()
    known = vectors(encode=encode, keep=store)
    known.learn(["a", "bb", "a"])
    assert known(["bb", "a", "ccc"])[:, 0].tolist() == [2, 1, 3]
    assert encode.asked == [["a", "bb"], ["ccc"]]


def test_what_is_kept_needs_no_encoder(store: Path) -> None:
    vectors(encode=Encoder(), keep=store).learn(["a", "bb"])
    vectors(store, encode=Encoder(), keep=store).learn(["ccc"])
    found = vectors(store)(["ccc", "a"])
    assert (found.shape, found.dtype) == ((2, 384), np.float32)
    assert found[:, 0].tolist() == [3, 1]


def test_a_text_that_nobody_encoded_is_missing(store: Path) -> None:
    with pytest.raises(KeyError):
        vectors(store)(["a"])


def test_another_encoder_knows_nothing_of_it(store: Path) -> None:
    vectors(encode=Encoder(), keep=store).learn(["a"])
    with pytest.raises(KeyError):
        vectors(store, encoder_id="e6")(["a"])


def test_a_store_of_an_encoder_with_other_widths_is_written_over(store: Path) -> None:
    vectors(encode=lambda texts: np.ones((len(texts), 384), np.float32), keep=store, encoder_id="older").learn(["a"])
    wider = vectors(store, encode=lambda texts: np.ones((len(texts), 391), np.float32), keep=store)
    wider.learn(["a", "b"])
    again = vectors(store)
    assert again(["a", "b"]).shape == (2, 391)


def test_no_texts_have_no_vectors(store: Path) -> None:
    assert vectors()([]).shape == (0, 384)


def test_a_store_holds_exactly_the_texts_it_is_made_of(tmp_path: Path, store: Path) -> None:
    encode = Encoder()
    known = vectors(encode=encode, keep=store)
    known.learn(["old"])
    shipped = tmp_path / VECTORS_NAME
    assert known.save(["new", "newer", "new"], shipped) == 2
    assert vectors(shipped)(["new", "newer"])[:, 0].tolist() == [3, 5]
    with pytest.raises(KeyError):
        vectors(shipped)(["old"])
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [VECTORS_NAME]


def test_the_same_texts_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        vectors(encode=Encoder()).save(["b", "a"] if name == "one.npz" else ["a", "b"], tmp_path / name)
    with np.load(tmp_path / "one.npz") as one, np.load(tmp_path / "two.npz") as two:
        assert one["keys"].tolist() == two["keys"].tolist()
        assert (one["vectors"] == two["vectors"]).all()
