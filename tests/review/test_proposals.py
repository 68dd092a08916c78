"""What a decision teaches lands on the trainer's desk, is settled once, and goes with its call."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.forgetting import forget_decisions
from qa_pipeline.review.people import add_account
from qa_pipeline.review.proposals import MOST_WORDS, State, Teaches, count_waiting, find_proposal, list_proposals, propose, settle
from qa_pipeline.settings import Settings


def somebody(role: Role, **more: object) -> Viewer:
    return Viewer(name=role.value, account=1, roles=frozenset({role}), **more)  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    desk = make_desk(tmp_path, database=database, calls=("c1", "c2"))
    add_account(desk.engine, "wu", roles=[Role.REVIEWER])
    return desk


MEI, PIOTR = somebody(Role.REVIEWER), somebody(Role.TRAINER)


def test_a_moment_waits_on_the_trainers_desk_with_all_that_it_is_about(desk: Desk) -> None:
    propose(
        desk, MEI, "c1", Teaches.CASE, criterion_id="long", words=" hello there. ", outcome=Outcome.MET, utterance=0, start_ms=0, end_ms=900,
        decision_id="d", note="she greets",
    )  # fmt: skip
    (found,) = list_proposals(desk, PIOTR)
    assert (found.kind, found.words, found.outcome, found.author) == (Teaches.CASE, "hello there.", Outcome.MET, "reviewer")
    assert (found.rubric_id, found.rubric_version, found.criterion_id, found.start_ms, found.end_ms) == ("tested", 1, "long", 0, 900)
    assert (found.state, found.decision_id, found.note, found.conversation_id) == (State.WAITING, "d", "she greets", "c1-heard")
    assert count_waiting(desk, PIOTR) == {"tested": 1}


def test_the_same_again_is_the_one_that_waits(desk: Desk) -> None:
    one, other = (propose(desk, MEI, "c1", Teaches.LIKE, criterion_id="long", words="hello") for _ in range(2))
    assert one == other
    settle(desk, PIOTR, one.proposal, is_accepted=True)
    assert propose(desk, MEI, "c1", Teaches.LIKE, criterion_id="long", words="hello").proposal != one.proposal


def test_it_is_settled_once_and_a_refusal_says_why(desk: Desk) -> None:
    number = propose(desk, MEI, "c1", Teaches.UNLIKE, criterion_id="long", words="hello").proposal
    with pytest.raises(InputRefused, match="reason is empty"):
        settle(desk, PIOTR, number, is_accepted=False)
    done = settle(desk, PIOTR, number, is_accepted=False, reason="too short")
    assert (done.state, done.settled_by, done.settled_reason) == (State.REFUSED, "trainer", "too short")
    with pytest.raises(Conflict, match="trainer has refused"):
        settle(desk, PIOTR, number, is_accepted=True)
    assert list_proposals(desk, PIOTR) == []
    assert [one.proposal for one in list_proposals(desk, MEI, call=find_call(desk.engine, MEI, "c1"), state=None)] == [number]


def test_what_is_no_proposal_is_refused(desk: Desk) -> None:
    for words in ("", "  ", "x" * (MOST_WORDS + 1)):
        with pytest.raises(InputRefused, match="characters"):
            propose(desk, MEI, "c1", Teaches.LIKE, criterion_id="long", words=words)
    with pytest.raises(InputRefused, match="how the criterion comes out"):
        propose(desk, MEI, "c1", Teaches.CASE, criterion_id="long", words="hello")
    with pytest.raises(InputRefused, match="no call"):
        propose(desk, MEI, "c9", Teaches.LIKE, criterion_id="long", words="hello")
    with pytest.raises(InputRefused, match="no proposal 7"):
        find_proposal(desk, PIOTR, 7)


def test_who_may_not_is_refused(desk: Desk) -> None:
    agent = somebody(Role.AGENT, agent_ids=frozenset({"a1"}))
    with pytest.raises(AccessRefused):
        propose(desk, agent, "c1", Teaches.LIKE, criterion_id="long", words="hello")
    for ask in (lambda: list_proposals(desk, MEI), lambda: count_waiting(desk, MEI), lambda: settle(desk, MEI, 1, is_accepted=True)):
        with pytest.raises(AccessRefused):
            ask()


def test_words_go_with_those_of_the_call_and_the_whole_with_the_call(desk: Desk, tmp_path: Path, database: str | None) -> None:
    settings = Settings(results=desk.store.root, review_database=database)
    for call_id in ("c1", "c2"):
        propose(desk, MEI, call_id, Teaches.LIKE, criterion_id="long", words="hello")
    forget_decisions(settings, call_ids=["c2"], conversation_ids=["c1-heard"])
    (left,) = list_proposals(desk, PIOTR)
    assert (left.call_id, left.words) == ("c1", None)
