"""The record: what is written on it stays, and who may read what of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from desks import commit, make_desk
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.people import add_account, add_member, add_team, viewer_of
from qa_pipeline.review.record import HEARD, Asked, look, search_record
from qa_pipeline.review.tables import audit


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    desk = make_desk(tmp_path, database=database, calls=("c1",))
    commit(desk.store, "c2", agent_id="a3", team="south")
    catch_up(desk.engine, desk.store)
    for name, role in (("mei", Role.REVIEWER), ("anna", Role.SUPERVISOR), ("sven", Role.OPERATOR)):
        add_account(desk.engine, name, roles=(role,))
    add_team(desk.engine, "north")
    add_member(desk.engine, "north", supervisor="anna")
    return desk


def test_nothing_on_record_can_be_changed_or_deleted(desk: Desk) -> None:
    look(desk, local_viewer("wu"), "c1")
    with pytest.raises(DatabaseError, match="only added to"), writing(desk.engine) as connection:
        connection.execute(update(audit).values(who="nobody"))
    with pytest.raises(DatabaseError, match="only added to"), writing(desk.engine) as connection:
        connection.execute(delete(audit))


def test_a_look_that_is_asked_for_again_is_one_and_hearing_is_another(desk: Desk) -> None:
    mei = viewer_of(desk.engine, "mei")
    for did in ("looked", "looked", HEARD, HEARD):
        look(desk, mei, "c1", did=did)
    look(desk, mei, "c2")
    found = search_record(desk.engine, local_viewer(None), Asked(who="Mei"))
    assert [(entry.did, entry.call_id) for entry in found] == [("looked", "c2"), ("heard", "c1"), ("looked", "c1")]


def test_a_supervisor_finds_what_was_done_about_calls_of_their_teams_and_an_operator_all(desk: Desk) -> None:
    mei = viewer_of(desk.engine, "mei")
    look(desk, mei, "c1")
    look(desk, mei, "c2")
    assert [entry.call_id for entry in search_record(desk.engine, viewer_of(desk.engine, "anna"), Asked())] == ["c1"]
    everything = search_record(desk.engine, viewer_of(desk.engine, "sven"), Asked())
    assert {entry.did for entry in everything} == {"looked", "account added", "team added", "member added"}
    with pytest.raises(AccessRefused):
        search_record(desk.engine, mei, Asked())


def test_it_is_searched_by_person_kind_call_and_day_and_read_in_pages(desk: Desk) -> None:
    look(desk, local_viewer("wu"), "c1")
    look(desk, local_viewer("wu"), "c2", did=HEARD)
    sven = viewer_of(desk.engine, "sven")

    def count(**asked: object) -> int:
        return len(search_record(desk.engine, sven, Asked(**asked)))  # type: ignore[arg-type]

    assert (count(who="wu"), count(did=HEARD), count(call_id="c1"), count(who="nobody")) == (2, 1, 1, 0)
    assert (count(since=date(2026, 1, 1), zone=ZoneInfo("Asia/Shanghai")) > 2, count(until=date(2026, 1, 1))) == (True, 0)
    first = search_record(desk.engine, sven, Asked(), size=2)
    second = search_record(desk.engine, sven, Asked(), size=2, before=first[-1].number)
    numbers = [entry.number for entry in (*first, *second)]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == 4
