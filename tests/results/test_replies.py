"""Replies of a language model as rows: they come back with their conversation, go with it, and tell which of them count without their words."""

from __future__ import annotations

from pathlib import Path

from qa_pipeline.call import Quote, Reply
from qa_pipeline.results.replies import Asked, RepliesThatCount, write_replies
from qa_pipeline.results.store import Store
from qa_pipeline.scoring.identity import JudgedBy
from qa_pipeline.scoring.prompts import prompt_sha256
from qa_pipeline.scoring.score import prepare, score
from tests.rubric.built_rubrics import rubric
from tests.stored import heard, make_store

WHY = {"check": "ask", "question": {"en": "Did the agent say hello?"}, "phrasings": 2}
RUBRIC = rubric(WHY)
QUESTION = prepare(RUBRIC, {}).questions["c0"]
BY = JudgedBy(scoring_version=1, language_digest="l", norm_version="n")


def reply(phrasing: int = 0, *, model: str = "m", question: str = QUESTION) -> Reply:
    return Reply(
        question_sha256=question, prompt_sha256=prompt_sha256(), model=model, phrasing=phrasing, first=0, last=1, answer="yes", value="hello",
        quotes=(Quote(utterance=0, text="hello there"),),
    )  # fmt: skip


def kept(folder: Path, *replies: Reply) -> Store:
    """A root with a call and these replies about it."""
    store = make_store(folder)
    spoken = heard()
    store.write_conversations([spoken, heard("two", "c2")], run_id="r")
    write_replies(store, [_asked(one) for one in replies], run_id="r", timezone="UTC")
    return store


def _asked(one: Reply) -> Asked:
    return Asked(
        call=heard().call, conversation_id="one", criterion_id="c0", reply=one, served_by="server", prompt_tokens=10, answer_tokens=None, took_ms=5
    )  # fmt: skip


def test_replies_come_back_with_their_conversation_however_it_is_read(tmp_path: Path) -> None:
    store = kept(tmp_path, reply(1), reply(0))
    loaded = store.load_one("one", day=None)
    assert loaded.replies == (reply(0), reply(1))
    streamed = {one.conversation_id: one.replies for one in store.stream_conversations()}
    assert streamed == {"one": (reply(0), reply(1)), "two": ()}
    (lot,) = store.stream(size=10)
    assert [one.replies for place in range(2) for one in lot.only(place)] == [one.replies for one in lot]


def test_the_same_reply_again_is_the_same_row(tmp_path: Path) -> None:
    store = kept(tmp_path, reply())
    write_replies(store, [_asked(reply())], run_id="later", timezone="UTC")
    assert store.read("replies").num_rows == 1


def test_what_counts_is_told_as_scoring_tells_it(tmp_path: Path) -> None:
    store = kept(tmp_path, reply(0), reply(1), reply(0, model="other"), reply(0, question="another"))
    scored = score(store.load_one("one", day=None), prepare(RUBRIC, {}, answered_by="m"))
    counting = RepliesThatCount(store, {"r": RUBRIC, "plain": rubric({"check": "manual"})}, "m")
    assert counting.counted(BY, "one", "r").replies_digest == scored.judged_by.replies_digest
    assert counting.counted(BY, "two", "r").replies_digest not in (None, scored.judged_by.replies_digest)
    assert counting.counted(BY, "one", "plain") == BY


def test_replies_go_with_their_call(tmp_path: Path) -> None:
    store = kept(tmp_path, reply(0), reply(1))
    assert store.forget("replies", "call_id", ["c1"]) == 2
    assert store.load_one("one", day=None).replies == ()
