"""Deciding: it counts at once, in the index and in the tables; nothing is lost and nothing doubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from desks import DAY, commit, make_desk, make_rubric, reopen
from sqlalchemy import func, inspect, select, text
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused
from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.follow import catch_up, rebuild
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.results.periods import close_period, reopen_period
from qa_pipeline.results.store import Store
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Acknowledgement, Answer, Confirmation, Dispute, Note, Override, Ruling, TakeBack
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.export import export, refresh_behind
from qa_pipeline.review.opening import bring_up_to_date, follow, open_lists
from qa_pipeline.review.people import add_account, viewer_of
from qa_pipeline.review.record import look
from qa_pipeline.review.tables import audit, outbox
from qa_pipeline.settings import Settings

WU = local_viewer("Wu")


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database, calls=("c1", "c2"))


def indexed(desk: Desk, call_id: str = "c1") -> tuple[object, ...]:
    column = call_index.c
    with desk.engine.connect() as connection:
        asked = select(column.effective_percent, column.effective_critical_state, column.to_review, column.decided_count, column.is_behind)
        return tuple(connection.execute(asked.where(column.call_id == call_id)).one())


def in_tables(desk: Desk, call_id: str = "c1") -> tuple[object, ...]:
    sql = (
        f"select percent, critical_state, needs_review, decided, machine_percent from current_effective_scores where call_id = '{call_id}'"
    )
    (row,) = rows(desk.store, sql)
    return tuple(row.values())


def test_an_override_counts_at_once_and_leaves_what_the_program_found(desk: Desk) -> None:
    # 10 of 25 met; with `long` met, 20 of 25.
    assert indexed(desk) == (40.0, "provisional", True, 0, False)
    done = decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    assert done.before and done.after
    assert (done.before.totals.percent, done.after.totals.percent) == (40.0, 80.0)
    assert indexed(desk) == (80.0, "provisional", True, 1, False)
    assert in_tables(desk) == (80.0, "provisional", True, 1, 40.0)
    assert in_tables(desk, "c2") == (40.0, "provisional", True, 0, 40.0)
    sql = "select outcome, machine_outcome, decided_by from current_effective_findings where call_id = 'c1' and criterion_id = 'long'"
    assert rows(desk.store, sql) == [{"outcome": "met", "machine_outcome": "not_met", "decided_by": "Wu"}]
    kept = rows(desk.store, "select kind, criterion_id, outcome, author, reason, version from decisions")
    assert kept == [{"kind": "override", "criterion_id": "long", "outcome": "met", "author": "Wu", "reason": "she did", "version": 1}]


def test_what_a_person_answers_is_judged_by_its_level(desk: Desk) -> None:
    done = decide(desk, WU, "c1", Answer(outcome=Outcome.MET, answer="cool"), criterion_id="tone")
    assert done.after
    # 10 + 2.5 of 30.
    assert done.after.totals.percent == pytest.approx(41.6667)


def test_a_critical_failure_is_confirmed_by_a_person(desk: Desk) -> None:
    decide(desk, WU, "c1", Confirmation(), criterion_id="grave")
    assert indexed(desk) == (40.0, "confirmed", False, 1, False)


def test_confirming_the_whole_score_settles_it_until_there_is_another(desk: Desk) -> None:
    decide(desk, WU, "c1", Confirmation())
    assert indexed(desk)[1:3] == ("confirmed", False)
    commit(desk.store, "c1", rubric=make_rubric(version=2))
    catch_up(desk.engine, desk.store)
    assert indexed(desk)[-1] is True
    refresh_behind(desk)
    assert indexed(desk)[1:] == ("provisional", True, 0, False)


@pytest.mark.slow
def test_scoring_anew_keeps_decisions_and_a_changed_criterion_makes_them_stale(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    commit(desk.store, "c1", rubric=make_rubric(version=2, long={"at_least": 8}))
    bring_up_to_date(desk)
    assert in_tables(desk)[:1] == (80.0,)
    sql = "select is_stale from current_effective_findings where call_id = 'c1' and decision_id is not null"
    assert rows(desk.store, sql) == [{"is_stale": True}]
    done = decide(desk, WU, "c1", Confirmation(), criterion_id="long")
    assert done.after
    assert (done.after.totals.percent, done.after.stale) == (80.0, 0)


def test_a_taking_back_restores_what_counted(desk: Desk) -> None:
    before = indexed(desk)
    done = decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    decide(desk, WU, "c1", TakeBack(about=done.decision.decision_id))
    assert indexed(desk) == before
    assert in_tables(desk)[:3] == (40.0, "provisional", True)
    with pytest.raises(InputRefused, match="no decision in force"):
        decide(desk, WU, "c1", TakeBack(about=done.decision.decision_id))


def test_who_looked_before_somebody_else_decided_is_told_who_and_what(desk: Desk) -> None:
    decide(desk, local_viewer("Li"), "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did", expected_version=0)
    with pytest.raises(Conflict, match=r"Li: override of long at 20"):
        decide(desk, WU, "c1", Confirmation(), expected_version=0)
    assert decide(desk, WU, "c1", Confirmation(), expected_version=1).decision.version == 2


def test_a_dispute_that_is_upheld_changes_the_outcome_and_one_that_is_not_confirms_it(desk: Desk) -> None:
    agent = Viewer(name="Anna", account=None)
    first = decide(desk, agent, "c1", Dispute(), criterion_id="long", reason="I did").decision
    assert indexed(desk)[2] is True
    assert "disputed" in rows(desk.store, "select review_reasons from current_effective_scores where call_id = 'c1'")[0]["review_reasons"]
    upheld = decide(desk, WU, "c1", Ruling(about=first.decision_id, is_upheld=True, outcome=Outcome.MET), reason="heard it")
    assert upheld.after and upheld.after.totals.percent == 80.0
    second = decide(desk, agent, "c1", Dispute(), criterion_id="grave", reason="no").decision
    rejected = decide(desk, WU, "c1", Ruling(about=second.decision_id, is_upheld=False), reason="it is so")
    assert rejected.after and (rejected.after.critical_state, rejected.after.to_review) == ("confirmed", False)
    with pytest.raises(InputRefused, match="no dispute that waits"):
        decide(desk, WU, "c1", Ruling(about=second.decision_id, is_upheld=False), reason="again")


@pytest.mark.slow
def test_a_closed_period_does_not_change_until_it_is_opened_again(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="before")
    period = close_period(desk.store, DAY, DAY, team=None, reason="paid", author=None)
    late = decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="grave", reason="late")
    assert late.is_closed and late.after and late.after.totals.percent == 80.0
    assert [d.decision_id for d in late.after.late] == [late.decision.decision_id]
    assert in_tables(desk)[:2] == (80.0, "provisional")
    reopen_period(desk.store, period.period_id, reason="mistake", author=None)
    bring_up_to_date(desk)
    assert in_tables(desk)[:2] == (100.0, "none")


@pytest.mark.parametrize(
    ("what", "criterion", "reason", "told"),
    [
        (Override(outcome=Outcome.MET), "long", " ", "reason is empty"),
        (Override(outcome=Outcome.MET), None, "x", "which criterion"),
        (Override(outcome=Outcome.MET), "nothing", "x", "no criterion 'nothing'"),
        (Answer(outcome=Outcome.MET, answer="hot"), "tone", None, "no answer to tone"),
        (Answer(outcome=Outcome.UNDETERMINED), "tone", None, "says what was found"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_leaves_nothing(
    desk: Desk, what: Override, criterion: str | None, reason: str, told: str
) -> None:
    with pytest.raises(InputRefused, match=told):
        decide(desk, WU, "c1", what, criterion_id=criterion, reason=reason)
    assert desk.store.read("decisions").num_rows == 0


def test_agents_decide_about_their_own_calls_and_others_about_theirs(desk: Desk) -> None:
    add_account(desk.engine, "anna", roles=[Role.AGENT], agent_ids=["a1"])
    add_account(desk.engine, "bo", roles=[Role.AGENT], agent_ids=["a2"])
    add_account(desk.engine, "rev", roles=[Role.REVIEWER], agent_ids=["a1"])
    anna, bo, rev = (viewer_of(desk.engine, name) for name in ("anna", "bo", "rev"))
    assert decide(desk, anna, "c1", Acknowledgement()).decision.account == anna.account
    with pytest.raises(InputRefused, match="no call 'c1'"):
        decide(desk, bo, "c1", Acknowledgement())
    with pytest.raises(AccessRefused, match="rev's own"):
        decide(desk, rev, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="mine")
    with pytest.raises(AccessRefused, match="for a reviewer or supervisor"):
        decide(desk, anna, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="mine")


def test_every_decision_and_every_look_is_on_record(desk: Desk) -> None:
    look(desk, WU, "c1")
    decide(desk, WU, "c1", Note(), reason="call back")
    with desk.engine.connect() as connection:
        found = connection.execute(select(audit.c.who, audit.c.did, audit.c.call_id).order_by(audit.c.number)).all()
    assert [tuple(row) for row in found] == [("Wu", "looked", "c1"), ("Wu", "note", "c1")]


def test_a_lost_database_is_made_anew_from_the_tables(desk: Desk, tmp_path: Path, database: str | None) -> None:
    if database is not None:
        pytest.skip("a file can be lost")
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    was = indexed(desk)
    for path in (tmp_path / "results").glob("review.db*"):
        path.unlink()
    again = reopen(tmp_path)
    assert indexed(again) == was
    assert again.store.read("decisions").num_rows == 1


def test_an_index_made_anew_keeps_what_counts(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    was = indexed(desk)
    rebuild(desk.engine, desk.store)
    refresh_behind(desk)
    assert indexed(desk) == was


def test_an_index_of_another_form_knows_again_what_counts(desk: Desk, tmp_path: Path, database: str | None) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    was = indexed(desk)
    with writing(desk.engine) as connection:
        connection.execute(text("alter table call_index add column older integer"))
        connection.execute(text("update index_state set form = 0"))
    open_lists(Settings(results=desk.store.root, review_database=database, rubrics=tmp_path), desk.store)
    assert indexed(desk) == was
    assert indexed(desk)[-2:] == (1, False)


def test_decisions_taken_over_stay_when_their_day_is_looked_at_again(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    was = indexed(desk)
    desk.engine.dispose()
    for path in Path(desk.store.root).glob("review.db*"):
        path.unlink()
    again = reopen(tmp_path)
    commit(again.store, "c2")
    bring_up_to_date(again)
    assert indexed(again) == was


def test_nothing_waits_and_nothing_is_written_twice(desk: Desk) -> None:
    for outcome in (Outcome.MET, Outcome.NOT_MET, Outcome.MET):
        decide(desk, WU, "c1", Override(outcome=outcome), criterion_id="long", reason="she did")
    assert export(desk) == 0
    keys = desk.store.read("effective_scores", columns=["score_id", "version"]).to_pylist()
    assert sorted(row["version"] for row in keys) == [1, 2, 3]
    assert desk.store.read("effective_findings").num_rows == 15


@pytest.mark.slow
def test_a_run_takes_effective_scores_along(desk: Desk, tmp_path: Path, database: str | None) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    commit(desk.store, "c1", rubric=make_rubric(version=2))
    follow(Settings(results=desk.store.root, review_database=database, rubrics=tmp_path), desk.store)
    assert in_tables(desk)[:1] == (80.0,)
    assert indexed(desk)[-1] is False


def test_where_nobody_decided_a_run_makes_lists_alone(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    commit(store)
    settings = Settings(results=store.root, rubrics=tmp_path)
    follow(settings, store)
    assert sorted(inspect(open_database(settings)).get_table_names()) == [
        "call_index",
        "consents",
        "criterion_sets",
        "held_back",
        "index_days",
        "index_state",
    ]


@pytest.mark.slow
def test_who_decide_at_once_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tuple(f"c{number}" for number in range(6))
    desk = make_desk(tmp_path, calls=calls)
    lots: list[int] = []
    write, is_free = Store.append_rows, threading.Event()

    def counted(store: Store, name: str, several: Sequence[Mapping[str, Any]]) -> None:
        if name == "decisions" and several:
            lots.append(len(several))
        write(store, name, several)

    def hold() -> None:
        with make_store(tmp_path).lock:
            is_free.wait()

    monkeypatch.setattr(Store, "append_rows", counted)
    with ThreadPoolExecutor(len(calls) + 1) as people:
        holder = people.submit(hold)
        override = Override(outcome=Outcome.MET)
        done = [people.submit(decide, desk, local_viewer(name), name, override, criterion_id="long", reason="x") for name in calls]
        while waiting(desk) < len(calls):
            time.sleep(0.01)
        is_free.set()
        for one in (holder, *done):
            one.result()
    # One may have asked for the lock before the others' decisions stood.
    assert sum(lots) == len(calls)
    assert len(lots) <= 2
    assert [in_tables(desk, name)[0] for name in calls] == [80.0] * len(calls)


def waiting(desk: Desk) -> int:
    with desk.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(outbox)).scalar_one())
