"""Who sees what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.viewer import RULE, Matter, Role, Scope, Tenure, Viewer, local_viewer

MAY = date(2026, 5, 10)


def viewer(*roles: Role, agent_ids: tuple[str, ...] = (), teams: tuple[Tenure, ...] = ()) -> Viewer:
    return Viewer(name="w", account=1, roles=frozenset(roles), agent_ids=frozenset(agent_ids), teams=teams)


@pytest.mark.parametrize("matter", list(Matter))
def test_the_command_line_sees_all(matter: Matter) -> None:
    assert local_viewer("root").sees(matter, agent_id=None, team=None, day=None)


@pytest.mark.parametrize("matter", list(Matter))
@pytest.mark.parametrize("role", list(Role))
def test_the_rule_holds_for_calls_of_their_own_their_team_and_others(role: Role, matter: Matter) -> None:
    asking = viewer(role, agent_ids=("a1",), teams=(Tenure(team="north"),))
    scope = RULE[role].get(matter, Scope.NONE)
    assert asking.sees(matter, agent_id="a1", team="south", day=MAY) is (scope in (Scope.ALL, Scope.OWN))
    assert asking.sees(matter, agent_id="a2", team="north", day=MAY) is (scope in (Scope.ALL, Scope.TEAMS))
    assert asking.sees(matter, agent_id="a2", team="south", day=MAY) is (scope is Scope.ALL)


def test_an_account_without_a_role_sees_nothing() -> None:
    assert not any(viewer().sees(matter, agent_id=None, team=None, day=MAY) for matter in Matter)
    with pytest.raises(AccessRefused, match="operator"):
        viewer().require(Matter.SCORE)


def test_several_roles_see_what_any_of_them_sees() -> None:
    both = viewer(Role.AGENT, Role.SUPERVISOR, agent_ids=("a1",), teams=(Tenure(team="north"),))
    assert both.sees(Matter.SCORE, agent_id="a1", team="south", day=MAY)
    assert both.sees(Matter.SCORE, agent_id="a2", team="north", day=MAY)


@pytest.mark.parametrize(
    ("day", "seen"), [(date(2026, 4, 30), False), (date(2026, 5, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)]
)
def test_a_supervisor_for_two_months_sees_the_calls_of_these(day: date, seen: bool) -> None:
    asking = viewer(Role.SUPERVISOR, teams=(Tenure(team="north", first=date(2026, 5, 1), last=date(2026, 6, 30)),))
    assert asking.sees(Matter.SCORE, agent_id="a2", team="north", day=day) is seen


def test_a_call_without_a_day_is_seen_only_by_who_leads_the_team_without_an_end() -> None:
    assert viewer(Role.SUPERVISOR, teams=(Tenure(team="north"),)).sees(Matter.SCORE, agent_id=None, team="north", day=None)
    dated = viewer(Role.SUPERVISOR, teams=(Tenure(team="north", first=MAY),))
    assert not dated.sees(Matter.SCORE, agent_id=None, team="north", day=None)


def test_a_trainer_sees_names_only_where_it_is_allowed() -> None:
    trainer = viewer(Role.TRAINER)
    assert trainer.sees(Matter.WORDS, agent_id="a1", team=None, day=MAY)
    assert not trainer.sees(Matter.NAMES, agent_id="a1", team=None, day=MAY)
    assert replace(trainer, sees_names=True).sees(Matter.NAMES, agent_id="a1", team=None, day=MAY)
    assert viewer(Role.TRAINER, Role.REVIEWER).sees(Matter.NAMES, agent_id="a1", team=None, day=MAY)
    # It allows trainers and nobody else.
    assert not replace(viewer(Role.AGENT), sees_names=True).sees(Matter.NAMES, agent_id="a1", team=None, day=MAY)
