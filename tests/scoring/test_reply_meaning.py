"""Replies read by meaning beside their wordings: with vectors made by hand and heads that read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa_pipeline.call import Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.meaning.meanings import MEANING_WIDTH
from qa_pipeline.meaning.replies import (
    CLASSES,
    CONVENIENCE,
    READ_WIDTH,
    SATISFACTION,
    ReadReplyHead,
    ReadReplyHeads,
    ReplyHead,
    shipped_heads,
    shipped_read_heads,
)
from qa_pipeline.scoring import reply_meaning
from qa_pipeline.scoring.answers import find_answer
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.reply_meaning import Meant, Weight, together

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


def read_reply(monkeypatch: pytest.MonkeyPatch, *, reader: str | None) -> str | None:
    """How a reply is read whose vector says satisfied, and what a reader makes of it dissatisfied."""
    layers = np.zeros((4, 4 * READ_WIDTH + 1), np.float32)
    layers[1, 0] = 9
    head = ReadReplyHead(
        classes=CLASSES[SATISFACTION],
        question=((np.zeros((1, 384), np.float32), np.zeros(1, np.float32)),),
        layers=((layers, np.zeros(4, np.float32)),),
    )
    monkeypatch.setattr(reply_meaning, "shipped_read_heads", lambda: ReadReplyHeads(reader="new", moment=(), heads={SATISFACTION: head}))
    heard = conversation("0:00 agent: Are you satisfied?", "0:03 customer: Three weeks and the phone has been silent", language="en")
    vector = [0.0] * MEANING_WIDTH
    vector[CLASSES[SATISFACTION].index("satisfied")] = vector[MEANING_WIDTH - READ_WIDTH] = 1.0
    heard = replace(heard, vectors={u.utterance: tuple(vector) for u in heard.utterances}, reply_version=reader)
    return find_answer(Search(heard, {}, {}), {name: {} for name in THREE}, list(heard.by_role(Role.CUSTOMER)))[0]


def test_what_the_reader_made_of_a_reply_counts_before_its_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_reply(monkeypatch, reader="new") == "dissatisfied"
    assert read_reply(monkeypatch, reader=None) == "dissatisfied"


def test_what_another_reader_made_of_a_reply_is_left_to_its_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_reply(monkeypatch, reader="old") == "satisfied"


def read_by_vectors(monkeypatch: pytest.MonkeyPatch, *, asks_for_a_moment: bool) -> str | None:
    """How a reply with a bare vector is read that the head for moments takes for unwilling, where the question asks for one, or for something else."""
    head = ReplyHead(classes=CLASSES[CONVENIENCE], layers=((np.zeros((3, 384), np.float32), np.array([0, 9, 0], np.float32)),))
    moment = ((np.zeros((1, 384), np.float32), np.array([1 if asks_for_a_moment else -1], np.float32)),)
    monkeypatch.setattr(reply_meaning, "shipped_heads", lambda: {CONVENIENCE: head})
    monkeypatch.setattr(reply_meaning, "shipped_read_heads", lambda: ReadReplyHeads(reader="new", moment=moment, heads={}))
    heard = conversation("0:00 agent: 我先给您约个时间？", "0:03 customer: 周日下午两点。", language="zh")
    heard = replace(heard, vectors={u.utterance: (1.0,) + (0.0,) * 383 for u in heard.utterances})
    return find_answer(Search(heard, {}, {}), {"willing": {}, "unwilling": {}}, list(heard.by_role(Role.CUSTOMER)))[0]


def test_who_answers_a_booking_says_nothing_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_by_vectors(monkeypatch, asks_for_a_moment=True) == "unwilling"
    assert read_by_vectors(monkeypatch, asks_for_a_moment=False) is None


@pytest.mark.parametrize(
    ("shares", "worded", "weight", "answer"),
    [
        # Neither is likely enough.
        ({"satisfied": 0.5, "dissatisfied": 0.5}, None, "none", None),
        ({"satisfied": 0.9, "dissatisfied": 0.1}, None, "none", "satisfied"),
        # Words tip the balance, and lose against what is plain.
        ({"satisfied": 0.5, "dissatisfied": 0.5}, "dissatisfied", "some", "dissatisfied"),
        ({"satisfied": 0.98, "dissatisfied": 0.01}, "dissatisfied", "some", "satisfied"),
        ({"satisfied": 0.95, "dissatisfied": 0.05}, "dissatisfied", "all", "dissatisfied"),
        # A step beside is no great harm, where nothing can be known an answer is.
        ({"satisfied": 0.55, "average": 0.45}, None, "none", "satisfied"),
        ({"satisfied": 0.55, "unclear": 0.45}, None, "none", None),
        # A rubric's own answer that the reader does not know.
        ({"satisfied": 0.9, "dissatisfied": 0.1}, "furious", "some", "furious"),
    ],
)
def test_words_and_meaning_are_weighed(shares: dict[str, float], worded: str | None, weight: Weight, answer: str | None) -> None:
    everything = {name: shares.get(name, 0.0) for name in CLASSES[SATISFACTION]}
    (utterance,) = conversation("0:00 customer: Hm.", language="en").utterances
    assert together(Meant(shares=everything, answers=(*THREE, "furious"), utterance=utterance), worded, weight) == answer


def test_shipped_heads_over_what_was_read_have_a_share_for_every_class() -> None:
    for name, classes in CLASSES.items():
        shares = shipped_read_heads().heads[name].shares([[0.5] * READ_WIDTH, [-0.2] * READ_WIDTH], [0.05] * 384)
        assert tuple(shares) == classes
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_shipped_heads_have_a_share_for_every_class() -> None:
    for name, classes in CLASSES.items():
        shares = shipped_heads()[name].shares([[0.05] * 384, [0.02] * 384])
        assert tuple(shares) == classes
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
