"""Disputes: who sees which, in what order, how long they wait, and until when one may be made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desks import make_desk
from sqlalchemy import update

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review import disputes
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Ruling, TakeBack
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.disputes import count_waiting, list_disputes
from qa_pipeline.review.people import add_account, viewer_of

LOCAL = local_viewer("x")


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database, calls=("c1", "c2", "c3"))


def dispute(desk: Desk, call_id: str, criterion_id: str | None = "long", moment_ms: int | None = None) -> str:
    made = decide(desk, LOCAL, call_id, Dispute(moment_ms=moment_ms), criterion_id=criterion_id, reason="I did say it")
    return made.decision.decision_id


def test_what_waits_stands_oldest_first_and_an_answer_moves_it(desk: Desk) -> None:
    first, second = dispute(desk, "c2", moment_ms=3000), dispute(desk, "c1")
    found, after = list_disputes(desk.engine, LOCAL, "waiting")
    assert [one.dispute.decision_id for one in found] == [first, second]
    assert after is None
    assert found[0].dispute.what == Dispute(moment_ms=3000)
    assert (found[0].call.call_id, found[0].ruling) == ("c2", None)
    assert timedelta(0) <= found[0].age < timedelta(minutes=5)
    assert count_waiting(desk.engine, LOCAL) == (2, found[0].dispute.at)
    decide(desk, LOCAL, "c2", Ruling(about=first, is_upheld=True, outcome=Outcome.MET), reason="heard at 0:03")
    (answered,), _ = list_disputes(desk.engine, LOCAL, "answered")
    assert answered.ruling is not None
    assert answered.ruling.reason == "heard at 0:03"
    assert [one.dispute.decision_id for one in list_disputes(desk.engine, LOCAL)[0]] == [second, first]
    assert count_waiting(desk.engine, LOCAL)[0] == 1


def test_a_dispute_that_was_taken_back_is_gone_and_one_whose_answer_was_waits_again(desk: Desk) -> None:
    gone, again = dispute(desk, "c1"), dispute(desk, "c2", None)
    decide(desk, LOCAL, "c1", TakeBack(about=gone))
    ruling = decide(desk, LOCAL, "c2", Ruling(about=again, is_upheld=False), reason="no").decision
    assert list_disputes(desk.engine, LOCAL, "waiting")[0] == []
    decide(desk, LOCAL, "c2", TakeBack(about=ruling.decision_id))
    assert [one.dispute.decision_id for one in list_disputes(desk.engine, LOCAL, "waiting")[0]] == [again]


def test_pages_follow_each_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disputes, "MOST", 2)
    made = [dispute(desk, call_id) for call_id in ("c1", "c2", "c3")]
    for stage, wanted in (("waiting", made), (None, made[::-1])):
        first, after = list_disputes(desk.engine, LOCAL, stage)
        second, end = list_disputes(desk.engine, LOCAL, stage, after=after)
        assert [one.dispute.decision_id for one in (*first, *second)] == wanted
        assert end is None


def test_only_disputes_about_their_calls(desk: Desk) -> None:
    dispute(desk, "c1")
    for teams, count in (("north", 1), ("south", 0)):
        viewer = Viewer(name="s", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team=teams),))
        assert len(list_disputes(desk.engine, viewer)[0]) == count_waiting(desk.engine, viewer)[0] == count


def test_a_score_may_be_disputed_for_so_many_days(desk: Desk) -> None:
    add_account(desk.engine, "lin", roles=(Role.AGENT,), agent_ids=("a1",))
    lin, desk = viewer_of(desk.engine, "lin"), replace(desk, dispute_days=14)
    decide(desk, lin, "c1", Dispute(), criterion_id="long", reason="in time")
    before = (datetime.now(UTC) - timedelta(days=15)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with writing(desk.engine) as connection:
        connection.execute(update(call_index).values(scored_at=before))
    with pytest.raises(InputRefused, match="could be disputed until"):
        decide(desk, lin, "c2", Dispute(), criterion_id="long", reason="late")
    decide(replace(desk, dispute_days=None), lin, "c2", Dispute(), criterion_id="long", reason="no limit")
    decide(desk, LOCAL, "c3", Dispute(), criterion_id="long", reason="by the command line")
