"""Replies read by meaning beside their wordings: with vectors made by hand and heads that read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa_pipeline.call import Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.meaning.replies import CLASSES, SATISFACTION, ReplyHead, shipped_heads
from qa_pipeline.scoring import reply_meaning
from qa_pipeline.scoring.answers import find_answer
from qa_pipeline.scoring.matching import Search

THREE = ("satisfied", "average", "dissatisfied")


@pytest.fixture(autouse=True)
def plain_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads that read class n from the n-th number of a vector."""
    heads = {
        name: ReplyHead(classes=classes, layers=((8 * np.eye(len(classes), 384, dtype=np.float32), np.zeros(len(classes), np.float32)),))
        for name, classes in CLASSES.items()
    }
    monkeypatch.setattr(reply_meaning, "shipped_heads", lambda: heads)


def answer(text: str, meant: str | None) -> str | None:
    """How a reply is read whose vector means `meant`."""
    heard = conversation(f"0:00 customer: {text}", language="en")
    if meant is not None:
        vector = tuple(float(n == CLASSES[SATISFACTION].index(meant)) for n in range(384))
        heard = replace(heard, vectors={u.utterance: vector for u in heard.utterances})
    return find_answer(Search(heard, {}, {}), {name: {} for name in THREE}, list(heard.by_role(Role.CUSTOMER)))[0]


def test_what_no_wording_knows_is_read_by_meaning() -> None:
    assert answer("Three weeks and the phone has been silent", None) is None
    assert answer("Three weeks and the phone has been silent", "dissatisfied") == "dissatisfied"
    assert answer("Three weeks and the phone has been silent", "unclear") is None


def test_words_and_meaning_that_contradict_each_other_are_unclear() -> None:
    assert answer("It was brilliant they told me before I bought it", "satisfied") == "satisfied"
    assert answer("It was brilliant they told me before I bought it", "dissatisfied") is None


def test_a_clear_word_stands_by_itself() -> None:
    assert answer("Brilliant", "dissatisfied") == "satisfied"


def test_a_vector_with_acts_behind_it_is_read_as_one_without() -> None:
    head = shipped_heads()[SATISFACTION]
    vector = [1.0] + [0.0] * 383
    assert head.shares([vector]) == head.shares([[*vector, *[5.0] * 7]])


def test_shipped_heads_have_a_share_for_every_class() -> None:
    for name, classes in CLASSES.items():
        shares = shipped_heads()[name].shares([[0.05] * 384, [0.02] * 384])
        assert tuple(shares) == classes
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
