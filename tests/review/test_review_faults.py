"""Two at one call, a process that is killed at any step, a commit in the same second: nothing is lost, nothing doubled, and all places agree."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from copies import copy
from desks import commit, make_desk, make_rubric, reopen
from forked import forking
from killed import override, put_word_right, resume, settings_of, swap, until
from sqlalchemy import select
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.errors import Conflict
from qa_pipeline.reading import database as databases
from qa_pipeline.reading.follow import rebuild
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.export import refresh_behind
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.standing import decisions_about
from qa_pipeline.review.tables import corrections_due, decisions, outbox
from qa_pipeline.rubric.schema import Rubric

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


SAID = {"phrases": {"en": ["hello there"]}}


def begin_overridden(folder: Path) -> None:
    """A call of whose criteria one hangs on who said what and on a word, and one was overridden."""
    data = make_rubric().model_dump(mode="json", exclude_unset=True)
    data["sections"][0]["criteria"] += [{"id": "greeting", "status": "stable", "check": "phrase", "weight": 10, **SAID}]
    commit(make_store(folder), "c1", rubric=Rubric.model_validate_json(json.dumps(data)))
    desk = reopen(folder)
    override(desk, folder)
    desk.engine.dispose()


def begin_swapped(folder: Path) -> None:
    copy(begin_overridden, folder)
    desk = reopen(folder)
    swap(desk, folder)
    desk.engine.dispose()


def begin_scored(folder: Path) -> None:
    make_desk(folder).engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Something that a person does at c1, where it begins, and of how many steps each time one is a step at which they are killed."""

    begin: Callable[[Path], None]
    do: Callable[[Desk, Path], None]
    every: int = 1


TRIPS = {
    "override": Trip(begin=begin_scored, do=override),
    "swap": Trip(begin=begin_overridden, do=swap),
    # These go the way of a swap, but for rows that stand there already, and for what is computed.
    "swap back": Trip(begin=begin_swapped, do=swap, every=3),
    "word": Trip(begin=begin_overridden, do=put_word_right, every=5),
}
# What is another each time that the same is done.
ANEW = frozenset({"at", "decision_id", "processed_at", "run_id", "scored_at"})


def content(desk: Desk) -> dict[str, list[str]]:
    """What is stored of calls and of what people decided: each row of each table, and of the database, in an order; and no row twice.

    Of effective scores the newest of what is current: where somebody died, one more was told of the score that no longer is.
    """
    found: dict[str, list[dict[str, Any]]] = {name: desk.store.read(name).to_pylist() for name in TABLES}
    for name, several in found.items():
        keys = [tuple(str(row[column]) for column in TABLES[name].key) for row in several]
        assert len(keys) == len(set(keys)), name
    with desk.engine.connect() as connection:
        for table in (call_index, decisions, outbox, corrections_due):
            found[f"{table.name} of the database"] = [dict(row) for row in connection.execute(select(table)).mappings()]
    score_id = indexed(desk)["score_id"]
    for name in ("effective_scores", "effective_findings"):
        current = [row for row in found[name] if row["score_id"] == score_id]
        found[name] = [row for row in current if row["version"] == max(one["version"] for one in current)]
    return {name: sorted(str({key: row[key] for key in sorted(row.keys() - ANEW)}) for row in several) for name, several in found.items()}


def is_killed(target: Callable[..., None], *arguments: object) -> bool:
    """Whether a process that does this was killed; else it came to its end."""
    process = forking().Process(target=target, args=arguments)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize("name", TRIPS)
def test_whoever_is_killed_at_any_step_loses_and_doubles_nothing(name: str, tmp_path: Path) -> None:
    trip, folder = TRIPS[name], tmp_path / "desk"
    copy(trip.begin, folder)
    desk = resume(folder)
    before = content(desk)
    trip.do(desk, folder)
    after = content(desk)
    agrees(desk, len(after["decisions"]))
    assert verify_results(desk.store).faults == ()
    kept: list[bool] = []
    is_over = False
    while not is_over:
        desk.engine.dispose()
        shutil.rmtree(folder)
        copy(trip.begin, folder)
        is_over = not is_killed(until, len(kept) * trip.every, folder, databases.database_url(settings_of(folder)), trip.do)
        desk = resume(folder)
        found = content(desk)
        kept.append(len(found["decisions"]) > len(before["decisions"]))
        assert found == (after if kept[-1] else before), f"killed at step {(len(kept) - 1) * trip.every}"
    agrees(desk, len(after["decisions"]))
    # Before the transaction is over nothing stands; from then on everything does, whatever of the tables was written.
    assert kept == sorted(kept)
    assert not kept[0] and kept.count(True) >= 5
