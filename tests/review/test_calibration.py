"""Blind calibration: nobody learns what another judged until all are done; then they compare and settle."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.calibration import (
    close_session,
    compare,
    criteria_of,
    finish,
    judge,
    open_session,
    own_judgements,
    session_of,
    sessions,
    settle,
)
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.judged import Sight, judgements
from qa_pipeline.review.people import add_account, add_member, add_team, viewer_of
from qa_pipeline.review.standing import told_decisions


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    made = make_desk(tmp_path, database=database, calls=("c1", "c2"))
    for name, role in (("mei", Role.REVIEWER), ("wu", Role.REVIEWER), ("piotr", Role.TRAINER), ("anna", Role.SUPERVISOR)):
        add_account(made.engine, name, roles=[role])
    add_account(made.engine, "lin", roles=[Role.AGENT], agent_ids=["a1"])
    add_team(made.engine, "north")
    add_member(made.engine, "north", supervisor="anna")
    return made


def as_(desk: Desk, name: str) -> Viewer:
    return viewer_of(desk.engine, name)


def open_may(desk: Desk) -> None:
    open_session(desk, as_(desk, "anna"), "May", calls=["c1", "c2"], people=["mei", "wu"])


def judge_all(desk: Desk, who: str, outcome: Outcome) -> None:
    for call_id in ("c1", "c2"):
        judge(desk, as_(desk, who), "May", call_id, "long", outcome)
    finish(desk, as_(desk, who), "May")


def test_nobody_sees_what_another_judged_until_both_are_done(desk: Desk) -> None:
    open_may(desk)
    judge_all(desk, "mei", Outcome.MET)
    judge(desk, as_(desk, "wu"), "May", "c1", "long", Outcome.NOT_MET)
    for who in ("wu", "mei", "anna", "piotr"):
        with pytest.raises(Conflict, match="not over: wu"):
            compare(desk, as_(desk, who), "May")
        seen = [(row["who"], row["to"]) for row in told_decisions(desk, as_(desk, who), "c1")]
        assert seen == {"wu": [("wu", "not_met")], "mei": [("mei", "met")]}.get(who, [])
        assert judgements(desk, as_(desk, who)) == ()
    judge(desk, as_(desk, "wu"), "May", "c2", "long", Outcome.MET)
    finish(desk, as_(desk, "wu"), "May")
    first, second = compare(desk, as_(desk, "wu"), "May")
    assert (first.call_id, first.outcomes, first.program) == ("c1", {"mei": Outcome.MET, "wu": Outcome.NOT_MET}, Outcome.NOT_MET)
    assert (second.call_id, second.is_agreed) == ("c2", True)
    assert len(told_decisions(desk, as_(desk, "anna"), "c1")) == 2
    assert [(one.who, one.sight, one.person.outcome) for one in judgements(desk, as_(desk, "anna")) if one.call_id == "c1"] == [
        ("mei", Sight.BLIND, Outcome.MET),
        ("wu", Sight.BLIND, Outcome.NOT_MET),
    ]


def test_what_is_judged_is_ones_own_until_one_is_done(desk: Desk) -> None:
    open_may(desk)
    mei, may = as_(desk, "mei"), session_of(desk, as_(desk, "mei"), "May")
    judge(desk, mei, "May", "c1", "tone", Outcome.MET, answer="warm", reason="gentle")
    judge(desk, mei, "May", "c1", "tone", Outcome.MET, answer="cool")
    assert own_judgements(desk, mei, may, "c1")["tone"].answer == "cool"
    assert own_judgements(desk, as_(desk, "wu"), may, "c1") == {}
    with pytest.raises(InputRefused, match="not judged at all: c2"):
        finish(desk, mei, "May")
    judge(desk, mei, "May", "c2", "long", Outcome.MET)
    finish(desk, mei, "May")
    with pytest.raises(Conflict, match="mei is done"):
        judge(desk, mei, "May", "c1", "tone", Outcome.MET, answer="warm")


def test_only_those_asked_judge_only_those_calls(desk: Desk) -> None:
    open_session(desk, as_(desk, "anna"), "May", calls=["c1"], people=["mei"])
    with pytest.raises(AccessRefused, match="wu was not asked"):
        judge(desk, as_(desk, "wu"), "May", "c1", "long", Outcome.MET)
    with pytest.raises(InputRefused, match="Call c2 is not in session"):
        judge(desk, as_(desk, "mei"), "May", "c2", "long", Outcome.MET)
    with pytest.raises(AccessRefused, match="takes part in no calibration"):
        sessions(desk, as_(desk, "lin"))
    with pytest.raises(AccessRefused, match="takes part in no calibration"):
        open_session(desk, as_(desk, "lin"), "mine", calls=["c1"])
    with pytest.raises(InputRefused, match="lin cannot judge"):
        open_session(desk, as_(desk, "anna"), "June", calls=["c1"], people=["lin"])
    with pytest.raises(AccessRefused, match="begun by anna"):
        close_session(desk, as_(desk, "mei"), "May")


def test_what_they_come_to_counts(desk: Desk) -> None:
    open_may(desk)
    judge_all(desk, "mei", Outcome.MET)
    with pytest.raises(Conflict):
        settle(desk, as_(desk, "mei"), "May", "c1", "long", Outcome.MET, reason="agreed")
    judge_all(desk, "wu", Outcome.NOT_MET)
    assert not any(one.settled for one in compare(desk, as_(desk, "mei"), "May"))
    done = settle(desk, as_(desk, "mei"), "May", "c1", "long", Outcome.MET, reason="we listened again")
    assert [
        one.settled and one.settled.reason for one in compare(desk, as_(desk, "wu"), "May") if one.call_id == "c1" and not one.is_agreed
    ] == ["we listened again"]
    assert done.decision.kind == "override"
    # As it stands already, it is confirmed.
    assert settle(desk, as_(desk, "mei"), "May", "c1", "long", Outcome.MET, reason="again").decision.kind == "confirmation"
    percents = rows(desk.store, "select call_id, percent from current_effective_scores order by call_id")
    assert percents == [{"call_id": "c1", "percent": 80.0}, {"call_id": "c2", "percent": 40.0}]


def test_a_session_is_listed_with_who_is_done(desk: Desk) -> None:
    open_may(desk)
    judge_all(desk, "mei", Outcome.MET)
    (found,) = sessions(desk, as_(desk, "wu"))
    assert (found.name, found.calls, found.is_over) == ("May", ("c1", "c2"), False)
    assert [who for who, done in found.people.items() if done] == ["mei"]
    assert [criterion.id for criterion in criteria_of(desk, as_(desk, "wu"), "c1")] == ["turns", "long", "grave", "tone", "drafted"]


def test_calls_of_other_teams_are_in_no_list_of_a_supervisor(desk: Desk) -> None:
    add_team(desk.engine, "south")
    add_account(desk.engine, "ola", roles=[Role.SUPERVISOR])
    add_member(desk.engine, "south", supervisor="ola")
    open_may(desk)
    ola = as_(desk, "ola")
    assert [one.calls for one in sessions(desk, ola)] == [()] and session_of(desk, ola, "May").calls == ()
    assert [one.calls for one in sessions(desk, as_(desk, "anna"))] == [("c1", "c2")]
    assert [one.calls for one in sessions(desk, as_(desk, "mei"))] == [("c1", "c2")]
