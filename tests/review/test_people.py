"""Accounts and teams, across time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.teams import read_memberships
from qa_pipeline.reading.viewer import Matter, Role, Tenure, Viewer
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.people import (
    add_account,
    add_member,
    add_team,
    allow_names,
    deactivate,
    end_membership,
    list_accounts,
    list_members,
    list_teams,
    rename_team,
    set_roles,
    viewer_of,
)
from qa_pipeline.settings import Settings

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def engine(tmp_path: Path, database: str | None) -> Engine:
    engine = open_database(Settings(results=str(tmp_path), review_database=database))
    bring_up(engine)
    return engine


def sees(viewer: Viewer, team: str, day: date) -> bool:
    return viewer.sees(Matter.SCORE, agent_id="a1", team=team, day=day)


def test_an_account_has_its_roles_and_agents_until_they_are_changed(engine: Engine) -> None:
    add_account(engine, "anna", roles=[Role.AGENT], agent_ids=["a1", "a2"])
    assert viewer_of(engine, "anna").agent_ids == {"a1", "a2"}
    set_roles(engine, "anna", roles=[Role.REVIEWER, Role.TRAINER], agent_ids=[])
    changed = viewer_of(engine, "anna")
    assert (changed.roles, changed.agent_ids) == ({Role.REVIEWER, Role.TRAINER}, frozenset())


def test_an_operator_lets_a_trainer_see_names_and_takes_it_back(engine: Engine) -> None:
    add_account(engine, "piotr", roles=[Role.TRAINER])
    assert not viewer_of(engine, "piotr").sees_names
    allow_names(engine, "piotr", may=True)
    assert viewer_of(engine, "piotr").sees_names
    assert not allow_names(engine, "piotr", may=False).sees_names


def test_a_name_is_given_once(engine: Engine) -> None:
    add_account(engine, "anna", roles=[])
    with pytest.raises(InputRefused, match="already"):
        add_account(engine, "anna ", roles=[])


def test_whoever_is_not_active_asks_nothing(engine: Engine) -> None:
    add_account(engine, "anna", roles=[Role.REVIEWER])
    deactivate(engine, "anna")
    with pytest.raises(InputRefused, match="not active"):
        viewer_of(engine, "anna")
    assert [account.is_active for account in list_accounts(engine)] == [False]


def test_a_supervisor_for_two_months_leads_in_these(engine: Engine) -> None:
    add_account(engine, "sup", roles=[Role.SUPERVISOR])
    add_team(engine, "north")
    add_member(engine, "north", supervisor="sup", first=MAY, last=date(2026, 6, 30))
    sup = viewer_of(engine, "sup")
    assert [sees(sup, "north", day) for day in (date(2026, 4, 30), MAY, date(2026, 6, 30), JULY)] == [False, True, True, False]


def test_a_renamed_team_is_one_team(engine: Engine) -> None:
    add_account(engine, "sup", roles=[Role.SUPERVISOR])
    add_team(engine, "north")
    add_member(engine, "north", supervisor="sup", first=MAY)
    rename_team(engine, "north", "polar", first=JUNE)
    sup = viewer_of(engine, "sup")
    assert sup.teams == (Tenure(team="north", first=MAY, last=date(2026, 5, 31)), Tenure(team="polar", first=JUNE))
    assert list_teams(engine) == {"polar": ("north",)}
    # The old name is free, and another team of that name is another team.
    add_team(engine, "north")
    assert not sees(viewer_of(engine, "sup"), "north", JULY)


def test_an_agent_who_changes_teams_leaves_past_calls_behind(engine: Engine) -> None:
    for name in ("north", "south"):
        add_team(engine, name)
    add_member(engine, "north", agent_id="a1")
    add_member(engine, "south", agent_id="a1", first=JUNE)
    with engine.connect() as connection:
        assert [read_memberships(connection).team_on("a1", day) for day in (MAY, JUNE, JULY)] == ["north", "south", "south"]
        assert read_memberships(connection).team_on("a2", JUNE) is None
    assert [(m.team, m.tenure.last) for m in list_members(engine)] == [("north", date(2026, 5, 31)), ("south", None)]


def test_an_agents_team_has_the_name_of_the_day(engine: Engine) -> None:
    add_team(engine, "north")
    add_member(engine, "north", agent_id="a1")
    rename_team(engine, "north", "polar", first=JUNE)
    with engine.connect() as connection:
        assert [read_memberships(connection).team_on("a1", day) for day in (MAY, JUNE)] == ["north", "polar"]


def test_who_leaves_a_team_is_in_it_until_that_day(engine: Engine) -> None:
    add_team(engine, "north")
    add_member(engine, "north", agent_id="a1")
    end_membership(engine, "north", "a1", last=MAY)
    with engine.connect() as connection:
        assert [read_memberships(connection).team_on("a1", day) for day in (MAY, JUNE)] == ["north", None]
    with pytest.raises(InputRefused, match="not in north"):
        end_membership(engine, "north", "a1", last=MAY)


def test_what_is_not_there_is_told_with_what_is(engine: Engine) -> None:
    with pytest.raises(InputRefused, match="no account 'bo'"):
        viewer_of(engine, "bo")
    with pytest.raises(InputRefused, match="no team 'west'"):
        add_member(engine, "west", agent_id="a1")
    add_team(engine, "north")
    with pytest.raises(InputRefused, match="not clear who"):
        add_member(engine, "north")
