"""Acts and replies of stored calls are read from their texts, once, and a score by them is another score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stored import heard, make_store

from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.meaning.meanings import MEANING_WIDTH, ReadBy
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
    return np.array([[len(text)] * MEANING_WIDTH for text in texts], np.float32)


FIRST, OTHER = ReadBy(acts="a", replies="r"), ReadBy(acts="a", replies="s")


def test_acts_and_replies_are_written_beside_the_vectors(store: Store) -> None:
    assert renew_acts(store, lengths, FIRST) == 2
    (read,) = store.load_conversations(["one"])
    assert (read.acts_version, read.reply_version) == ("a", "r")
    for utterance in read.utterances:
        assert list(read.vectors[utterance.utterance]) == [0.5] * WIDTH + [len(utterance.text)] * (MEANING_WIDTH - WIDTH)
    assert rows(store, "select distinct acts_version, reply_version from calls") == [{"acts_version": "a", "reply_version": "r"}]


def test_they_are_read_once(store: Store) -> None:
    assert renew_acts(store, lengths, FIRST) == 2
    assert renew_acts(store, lengths, FIRST) == 0
    assert renew_acts(store, lengths, OTHER, ["two"]) == 1


def test_calls_with_and_without_acts_are_read_together(store: Store) -> None:
    renew_acts(store, lengths, FIRST, ["two"])
    widths = {c.conversation_id: {len(v) for v in c.vectors.values()} for c in store.stream_conversations()}
    assert widths == {"one": {WIDTH}, "two": {MEANING_WIDTH}}


def test_a_score_by_acts_or_by_read_replies_is_another_score() -> None:
    by = [judged_by("en", ["en"]), judged_by("en", ["en"], acts_version="a"), judged_by("en", ["en"], acts_version="a", reply_version="r")]
    assert len({score_id_of("c", "r", one) for one in by}) == 3
