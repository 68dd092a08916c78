"""Of their own calls nobody undoes what others decided, nor reads what reviewers keep among themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.viewer import Role, Tenure, Viewer
from qa_pipeline.review.blindness import seen_by
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note, Override, TakeBack
from qa_pipeline.review.looking import look_at
from qa_pipeline.review.people import add_account, viewer_of


def test_a_lead_who_takes_calls_takes_nothing_back_of_their_own(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    add_account(desk.engine, "mei", roles=(Role.REVIEWER,))
    lead = add_account(desk.engine, "anna", roles=(Role.SUPERVISOR, Role.AGENT), agent_ids=("a1",))
    mei = viewer_of(desk.engine, "mei")
    anna = Viewer(name="anna", account=lead.account, roles=lead.roles, agent_ids=lead.agent_ids, teams=(Tenure(team="north"),))
    criterion = next(iter(look_at(desk, mei, "c1").score.findings)).criterion.id  # type: ignore[union-attr]  # it has a score
    decided = decide(desk, mei, "c1", Override(outcome=Outcome.NOT_MET), criterion_id=criterion, reason="heard otherwise")
    with pytest.raises(AccessRefused, match="own"):
        decide(desk, anna, "c1", TakeBack(about=decided.decision.decision_id))


def test_an_agent_reads_no_notes_about_their_own_call(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    add_account(desk.engine, "mei", roles=(Role.REVIEWER,))
    add_account(desk.engine, "lin", roles=(Role.AGENT,), agent_ids=("a1",))
    decide(desk, viewer_of(desk.engine, "mei"), "c1", Note(), reason="speak with her about the tone")
    looked = look_at(desk, viewer_of(desk.engine, "mei"), "c1")
    assert [type(one.what) for one in looked.decisions] == [Note]
    lin = viewer_of(desk.engine, "lin")
    with desk.engine.connect() as connection:
        assert seen_by(connection, lin, looked.line, looked.decisions) == []
    of_lin = look_at(desk, lin, "c1")
    assert (of_lin.decisions, of_lin.version) == ((), looked.version)
