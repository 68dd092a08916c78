"""A call belongs to the team that its agent was in on its day, also where its metadata name none; whoever changes who was in which changes that."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from desks import commit
from sqlalchemy import Engine, select
from stored import make_store

from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.follow import catch_up, rebuild
from qa_pipeline.reading.index import call_index, known_line
from qa_pipeline.reading.pages import Wanted, page
from qa_pipeline.reading.viewer import Role
from qa_pipeline.results.periods import close_period
from qa_pipeline.results.store import Store
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_account, add_member, add_team, end_membership, rename_team, viewer_of
from qa_pipeline.review.standing import closed_at
from qa_pipeline.settings import Settings, load_settings

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def settings(tmp_path: Path, database: str | None) -> Settings:
    return load_settings(results=str(tmp_path / "results"), review_database=database)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    engine = open_database(settings)
    bring_up(engine)
    return engine


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A call in each of May, June and July without a team, one in June whose metadata name one, and one without a day; all of a1."""
    store = make_store(tmp_path)
    for month in (5, 6, 7):
        commit(store, f"c{month}", team=None, started_at=datetime(2026, month, 10, 4, tzinfo=UTC))
    commit(store, "named", team="west", started_at=datetime(2026, 6, 10, 4, tzinfo=UTC))
    commit(store, "undated", team=None, started_at=None)
    return store


def teams(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        return {row.call_id: row.team for row in connection.execute(select(call_index.c.call_id, call_index.c.team))}


def test_who_was_in_a_team_before_the_calls_came_in(store: Store, engine: Engine) -> None:
    add_team(engine, "north")
    add_team(engine, "south")
    add_member(engine, "north", agent_id="a1")
    add_member(engine, "south", agent_id="a1", first=JUNE)
    catch_up(engine, store)
    assert teams(engine) == {"c5": "north", "c6": "south", "c7": "south", "named": "west", "undated": None}


@pytest.mark.slow
def test_changes_bring_up_the_calls_there_are(store: Store, engine: Engine) -> None:
    catch_up(engine, store)
    assert set(teams(engine).values()) == {None, "west"}
    add_team(engine, "north")
    add_member(engine, "north", agent_id="a1")
    assert teams(engine) == {"c5": "north", "c6": "north", "c7": "north", "named": "west", "undated": "north"}
    add_team(engine, "south")
    add_member(engine, "south", agent_id="a1", first=JUNE)
    assert teams(engine) == {"c5": "north", "c6": "south", "c7": "south", "named": "west", "undated": None}
    rename_team(engine, "south", "polar", first=JULY)
    assert teams(engine) == {"c5": "north", "c6": "south", "c7": "polar", "named": "west", "undated": None}
    end_membership(engine, "polar", "a1", last=date(2026, 6, 30))
    assert teams(engine) == {"c5": "north", "c6": "south", "c7": None, "named": "west", "undated": None}


@pytest.mark.slow
def test_an_index_made_anew_says_the_same(store: Store, engine: Engine) -> None:
    catch_up(engine, store)
    for name, first, last in (("north", None, None), ("south", JUNE, None), ("east", MAY, date(2026, 5, 31)), ("late", JULY, JULY)):
        add_team(engine, name)
        add_member(engine, name, agent_id="a1", first=first, last=last)
    told = teams(engine)
    assert told["c5"] == "east"
    rebuild(engine, store)
    assert teams(engine) == told
    commit(store, "c5", conversation_id="again", team=None, started_at=datetime(2026, 5, 10, 4, tzinfo=UTC))
    catch_up(engine, store)
    assert teams(engine) == told


def test_who_led_the_team_on_that_day_sees_the_call(store: Store, engine: Engine) -> None:
    catch_up(engine, store)
    add_account(engine, "head", roles=[Role.SUPERVISOR])
    add_team(engine, "north")
    add_member(engine, "north", agent_id="a1")
    add_member(engine, "north", supervisor="head", first=JUNE, last=date(2026, 6, 30))
    assert [line.call_id for line in page(engine, viewer_of(engine, "head"), Wanted()).lines] == ["c6"]


def test_a_period_of_a_team_is_closed_for_calls_whose_metadata_name_it(store: Store, engine: Engine, settings: Settings) -> None:
    """As the tables have it: they know of no other team."""
    add_team(engine, "west")
    add_member(engine, "west", agent_id="a1")
    close_period(store, MAY, JULY, team="west", reason="paid", author=None)
    desk = open_desk(settings, store)
    assert teams(engine)["c6"] == "west"
    with engine.connect() as connection:
        assert closed_at(desk, known_line(connection, "c6")) is None
        assert closed_at(desk, known_line(connection, "named")) is not None
