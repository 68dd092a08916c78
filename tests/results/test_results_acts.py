"""Acts of stored calls are read from their texts, once, and a score by them is another score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stored import heard, make_store

from qa_pipeline.meaning.acts import ACTS
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.acts import renew_acts
from qa_pipeline.results.store import Store
from qa_pipeline.scoring.identity import judged_by, score_id_of


def with_plain_vectors(name: str, call: str) -> object:
    spoken = heard(name, call)
    return replace(spoken, vectors={u.utterance: (0.5,) * 384 for u in spoken.utterances})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make_store(tmp_path)
    made.write_conversations([with_plain_vectors("one", "c1"), with_plain_vectors("two", "c2")], run_id="r")
    return made


def lengths(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.array([[len(text)] * len(ACTS) for text in texts], np.float32)


def test_acts_are_written_beside_the_vectors(store: Store) -> None:
    assert renew_acts(store, lengths, "a") == 2
    (read,) = store.load_conversations(["one"])
    assert read.acts_version == "a"
    for utterance in read.utterances:
        assert list(read.vectors[utterance.utterance]) == [0.5] * 384 + [len(utterance.text)] * len(ACTS)
    assert {row["acts_version"] for row in rows(store, "select acts_version from calls")} == {"a"}


def test_they_are_read_once(store: Store) -> None:
    assert renew_acts(store, lengths, "a") == 2
    assert renew_acts(store, lengths, "a") == 0
    assert renew_acts(store, lengths, "b", ["two"]) == 1


def test_calls_with_and_without_acts_are_read_together(store: Store) -> None:
    renew_acts(store, lengths, "a", ["two"])
    widths = {c.conversation_id: {len(v) for v in c.vectors.values()} for c in store.stream_conversations()}
    assert widths == {"one": {384}, "two": {384 + len(ACTS)}}


def test_a_score_by_acts_is_another_score() -> None:
    without, with_acts = judged_by("en", ["en"]), judged_by("en", ["en"], "a")
    assert score_id_of("c", "r", without) != score_id_of("c", "r", with_acts)
