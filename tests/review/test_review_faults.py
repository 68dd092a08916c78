"""Two at one call, a process that is killed at any step, a commit in the same second: nothing is lost, nothing doubled, and all places agree."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import commit, make_desk, make_rubric, reopen
from forked import forking
from killed import decide_until
from sqlalchemy import select
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.errors import Conflict
from qa_pipeline.reading.follow import rebuild
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.export import refresh_behind
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.standing import decisions_about
from qa_pipeline.review.tables import outbox

pytestmark = pytest.mark.slow
MET, NOT_MET = Override(outcome=Outcome.MET), Override(outcome=Outcome.NOT_MET)


def indexed(desk: Desk, call_id: str = "c1") -> dict[str, object]:
    with desk.engine.connect() as connection:
        return dict(connection.execute(select(call_index).where(call_index.c.call_id == call_id)).mappings().one())


def agrees(desk: Desk, decided: int, call_id: str = "c1") -> None:
    """All places say the same of a call, and each thing stands once."""
    with desk.engine.connect() as connection:
        about = decisions_about(connection, call_id)
        assert connection.execute(select(outbox)).all() == []
    assert [d.version for d in about] == list(range(1, decided + 1))
    kept = rows(desk.store, f"select decision_id, version from decisions where call_id = '{call_id}' order by version")
    assert [tuple(row.values()) for row in kept] == [(d.decision_id, d.version) for d in about]
    doubled = "select score_id, version, count(*) n from effective_scores group by all having n > 1"
    assert rows(desk.store, doubled) == []
    assert rows(desk.store, doubled.replace("effective_scores", "effective_findings").replace("version,", "version, criterion_id,")) == []
    (row,) = rows(
        desk.store, f"select percent, critical_state, needs_review, decided from current_effective_scores where call_id = '{call_id}'"
    )
    line = indexed(desk, call_id)
    assert tuple(row.values()) == tuple(
        line[name] for name in ("effective_percent", "effective_critical_state", "to_review", "decided_count")
    )
    rebuild(desk.engine, desk.store)
    refresh_behind(desk)
    assert indexed(desk, call_id) == line


def at_once(*several: Callable[[], None]) -> None:
    faults: list[BaseException] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=guarded, args=(one,)) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_two_reviewers_at_one_call_lose_nothing(tmp_path: Path, database: str | None) -> None:
    desk = make_desk(tmp_path, database=database)

    def review(name: str) -> None:
        own = reopen(tmp_path, database=database)
        for number in range(5):
            decide(own, local_viewer(name), "c1", MET if number % 2 else NOT_MET, criterion_id="long", reason="heard")

    at_once(lambda: review("Wu"), lambda: review("Li"))
    bring_up_to_date(desk)
    agrees(desk, 10)


def test_of_two_who_looked_at_the_same_only_one_decides(tmp_path: Path, database: str | None) -> None:
    desk = make_desk(tmp_path, database=database)
    told: list[str] = []

    def review(name: str) -> None:
        own = reopen(tmp_path, database=database)
        try:
            decide(own, local_viewer(name), "c1", MET, criterion_id="long", reason="heard", expected_version=0)
        except Conflict as conflict:
            told.append(conflict.message)

    at_once(lambda: review("Wu"), lambda: review("Li"))
    bring_up_to_date(desk)
    assert len(told) == 1
    agrees(desk, 1)


def test_a_decision_in_the_same_second_as_commits(tmp_path: Path, database: str | None) -> None:
    desk = make_desk(tmp_path, database=database)

    def score_again() -> None:
        store = make_store(tmp_path)
        for version in range(2, 6):
            commit(store, "c1", rubric=make_rubric(version=version))

    def review() -> None:
        own = reopen(tmp_path, database=database)
        for number in range(6):
            decide(own, local_viewer("Wu"), "c1", MET if number % 2 else NOT_MET, criterion_id="long", reason="heard")

    at_once(score_again, review)
    bring_up_to_date(desk)
    assert indexed(desk)["rubric_version"] == 5
    assert indexed(desk)["effective_percent"] == 80.0
    agrees(desk, 6)


def test_whoever_is_killed_at_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kept: list[int] = []
    for step in range(40):
        folder = tmp_path / str(step)
        make_desk(folder).engine.dispose()
        process = forking().Process(target=decide_until, args=(step, folder))
        process.start()
        process.join()
        desk = reopen(folder)
        with desk.engine.connect() as connection:
            kept.append(len(decisions_about(connection, "c1")))
        assert indexed(desk)["effective_percent"] == (80.0 if kept[-1] else 40.0)
        agrees(desk, kept[-1])
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        decide(desk, local_viewer("Wu"), "c1", MET, criterion_id="long", reason="she did")
        agrees(desk, kept[-1] + 1)
    else:
        pytest.fail("it never came to its end")
    # Before the transaction is over nothing stands; from then on everything does, whatever of the tables was written.
    assert kept == sorted(kept)
    assert kept[0] == 0 and kept.count(1) >= 6
