"""Who closes which days, and that lists follow at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from desks import DAY, make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.closing import close, list_periods, may_close, reopen
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk

LOCAL = local_viewer("x")


def head(team: str = "north", first: date | None = None) -> Viewer:
    return Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team=team, first=first),))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    from qa_pipeline.review.people import add_account

    made = make_desk(tmp_path)
    add_account(made.engine, "head", roles=(Role.SUPERVISOR,))
    return made


def test_a_closed_period_holds_decisions_off_until_it_is_opened_again(desk: Desk) -> None:
    period = close(desk, head(), DAY, DAY, team="north", reason="paid out")
    made = decide(desk, LOCAL, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="late")
    assert made.is_closed
    before = find_call(desk.engine, LOCAL, "c1").effective_percent
    (listed,) = list_periods(desk, head())
    assert (listed.period.period_id, listed.may_reopen, listed.reopened_at) == (period.period_id, True, None)
    reopen(desk, head(), period.period_id, reason="a mistake")
    assert find_call(desk.engine, LOCAL, "c1").effective_percent != before
    (listed,) = list_periods(desk, head())
    assert (listed.may_reopen, listed.reopened_because, listed.reopened_by) == (False, "a mistake", "head")


def test_only_days_on_which_they_led_the_team(desk: Desk) -> None:
    for viewer, team in ((head("south"), "north"), (head(), None), (head(first=date(2026, 5, 12)), "north")):
        with pytest.raises(AccessRefused, match="may not close"):
            close(desk, viewer, DAY, DAY, team=team, reason="x")
    operator = Viewer(name="sven", account=2, roles=frozenset({Role.OPERATOR}))
    assert may_close(operator, None, DAY, DAY)


def test_another_teams_period_is_not_there(desk: Desk) -> None:
    period = close(desk, LOCAL, DAY, DAY, team="north", reason="paid out")
    assert list_periods(desk, head("south")) == []
    with pytest.raises(InputRefused, match="is closed"):
        reopen(desk, head("south"), period.period_id, reason="x")
    whole = close(desk, LOCAL, DAY, DAY, team=None, reason="all")
    assert [(one.period.period_id, one.may_reopen) for one in list_periods(desk, head("south"))] == [(whole.period_id, False)]
