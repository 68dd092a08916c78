"""Who may decide what, and that the page says so."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from test_effective import EACH

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.decisions import KINDS, What
from qa_pipeline.review.rule import MAY, may, require

# What the rule asks of a call; the rest is left empty.
_ASKED: dict[str, Any] = {"call_id": "c1", "call_date": date(2026, 5, 11), "agent_id": "a1", "team": "north"}
CALL = CallLine(**{field.name: _ASKED.get(field.name) for field in fields(CallLine)})
ROLES = (Role.AGENT, Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER)


def somebody(role: Role, *, agent_id: str = "a9", team: str = "north") -> Viewer:
    return Viewer(name="w", account=1, roles=frozenset({role}), agent_ids=frozenset({agent_id}), teams=(Tenure(team=team),))


def table() -> list[str]:
    """The rule as the page has it."""
    names = {what: kind.replace("_", " ") for kind, what in KINDS.items()}
    return [
        f"| {names[what]} | {' | '.join('yes' if role in roles else '' for role in ROLES)} |".replace("  |", " |")
        for what, roles in MAY.items()
    ]


def test_the_page_has_the_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "review.md").read_text("utf-8")
    assert "\n".join(table()) in page, "\n".join(table())


def test_every_kind_of_decision_is_somebodys() -> None:
    assert set(MAY) == set(KINDS.values()) and all(MAY.values())


@pytest.mark.parametrize("what", EACH, ids=lambda what: type(what).__name__)
@pytest.mark.parametrize("role", list(Role))
def test_the_rule_holds_for_each_role(role: Role, what: What) -> None:
    own = "a1" if role is Role.AGENT else "a9"
    if role in MAY[type(what)]:
        require(somebody(role, agent_id=own), CALL, what, ())
    else:
        with pytest.raises((AccessRefused, InputRefused)):
            require(somebody(role, agent_id=own), CALL, what, ())


@pytest.mark.parametrize("what", EACH, ids=lambda what: type(what).__name__)
def test_nobody_judges_calls_of_their_own_or_of_another_team(what: What) -> None:
    require(local_viewer("root"), CALL, what, ())
    with pytest.raises(InputRefused):
        require(somebody(Role.SUPERVISOR, team="south"), CALL, what, ())
    with pytest.raises(InputRefused):
        require(somebody(Role.AGENT, agent_id="a2"), CALL, what, ())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("what", EACH, ids=lambda what: type(what).__name__)
def test_pages_offer_what_is_not_refused(role: Role, is_own: bool, what: What) -> None:
    viewer = somebody(role, agent_id="a1" if is_own else "a9")
    try:
        require(viewer, CALL, what, [])
    except InputRefused:
        assert not may(viewer, CALL, type(what))
    else:
        assert may(viewer, CALL, type(what))
