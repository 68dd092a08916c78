"""Words and vectors that stay in Arrow until somebody asks: they behave as the plain values they stand for."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stored import heard, make_store

from qa_pipeline.call import Conversation, Word
from qa_pipeline.phrases.speech import confidences, confidences_between, words_between
from qa_pipeline.results.heard import Vectors


@pytest.fixture
def kept(tmp_path: Path) -> Conversation:
    store = make_store(tmp_path)
    store.write_conversations([heard()], run_id="r")
    (conversation,) = store.stream_conversations()
    return conversation


def test_words_behave_as_a_tuple(kept: Conversation) -> None:
    words, plain = kept.utterances[0].words, heard().utterances[0].words
    assert not isinstance(words, tuple)
    assert (len(words), words[0], words[-1], words[:1], tuple(words)) == (2, plain[0], plain[-1], plain[:1], plain)
    assert words == plain and plain == words and hash(words) == hash(plain)
    assert words != plain[:1] and repr(words) == repr(plain)
    assert plain[0] in words and list(reversed(words)) == list(reversed(plain))
    with pytest.raises(IndexError):
        words[2]


def test_stored_words_answer_by_place_and_time_as_plain_ones_do(kept: Conversation) -> None:
    for stored, plain in zip(kept.utterances, heard().utterances, strict=True):
        assert stored.words[1:] == plain.words[1:] and stored.words[:0] == ()
        for first, last in ((0, 1), (3, 8), (5, 100), (0, 0), (90, 95)):
            assert words_between(stored, first, last) == words_between(plain, first, last)
        for start, end in ((0, 10_000), (0, 1), (3_000, 3_001), (9_000, 9_001)):
            assert confidences_between(stored, start, end) == confidences_between(plain, start, end)
        assert confidences(stored.words, 0, 1) == confidences(plain.words, 0, 1)


def test_words_are_pickled_as_words(kept: Conversation) -> None:
    words = pickle.loads(pickle.dumps(kept.utterances[1].words))
    assert words == (Word(text="hi.", start_ms=3000, end_ms=3357, confidence=0.9),)


def test_a_stored_conversation_equals_the_one_written_also_after_pickling(kept: Conversation) -> None:
    assert kept == heard() and heard() == kept
    assert pickle.loads(pickle.dumps(kept)) == heard()
    assert kept != replace(heard(), vectors={0: (0.5,) * 384})


def test_vectors_are_rows_of_one_array() -> None:
    vectors = Vectors(np.array([3, 5]), np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    assert (list(vectors), len(vectors), vectors[5].tolist()) == ([3, 5], 2, [3.0, 4.0])
    assert vectors == {3: (1.0, 2.0), 5: [3.0, 4.0]}
    assert vectors != {3: (1.0, 2.0), 5: (3.0, 5.0)} and vectors != {3: (1.0, 2.0)}
    with pytest.raises(KeyError):
        vectors[4]
