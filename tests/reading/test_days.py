"""Figures kept day by day are those that are there: whatever changes a call, figures of it are asked anew, and only of its day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from desks import commit
from sqlalchemy import Engine, event
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.reading import days
from qa_pipeline.reading.follow import catch_up, rebuild
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import count_criteria, count_percents, count_scores
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_member, add_team
from qa_pipeline.settings import Settings

LOCAL = local_viewer("x")
HEAD = Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north", first=date(2026, 5, 12)),))
AGENT = Viewer(name="lin", account=2, roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a2"}))
SINCE = Wanted(since=date(2026, 5, 12), until=date(2026, 5, 19))


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    store = make_store(tmp_path)
    for number, (agent, team) in enumerate((("a1", "north"), ("a2", "north"), ("a3", None), ("a2", "south"))):
        commit(store, f"c{number}", agent_id=agent, team=team, started_at=datetime(2026, 5, 11 + 4 * number, 4, tzinfo=UTC))
    commit(store, "undated", agent_id="a2", started_at=None)
    return open_desk(Settings(results=store.root, review_database=database, rubrics=tmp_path / "rubrics"), store)


def figures(engine: Engine) -> list[Any]:
    return [
        (count_scores(engine, viewer, by, wanted), count_criteria(engine, viewer, by, wanted), count_percents(engine, viewer, wanted))
        for viewer in (LOCAL, HEAD, AGENT)
        for wanted in (Wanted(), SINCE)
        for by in ((), ("team", "week"))
    ]


def asked_anew(engine: Engine) -> list[Any]:
    days._KEPT.of(engine).questions.clear()
    return figures(engine)


def override(desk: Desk) -> None:
    decide(desk, LOCAL, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")


def come_another(desk: Desk) -> None:
    commit(desk.store, "late", agent_id="a1", team="north", started_at=datetime(2026, 5, 15, 9, tzinfo=UTC))
    catch_up(desk.engine, desk.store)


def join_a_team(desk: Desk) -> None:
    add_team(desk.engine, "east")
    add_member(desk.engine, "east", agent_id="a3")


def make_anew(desk: Desk) -> None:
    commit(desk.store, "later", agent_id="a3", started_at=datetime(2026, 5, 19, 4, tzinfo=UTC))
    rebuild(desk.engine, desk.store)


CHANGES: Mapping[str, Callable[[Desk], None]] = {
    "a decision": override,
    "a call that came": come_another,
    "an agent in another team": join_a_team,
    "lists made anew": make_anew,
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_changes_a_call_figures_know_it(desk: Desk, change: Callable[[Desk], None]) -> None:
    before = figures(desk.engine)
    assert figures(desk.engine) == before
    change(desk)
    after = figures(desk.engine)
    assert after != before
    assert after == asked_anew(desk.engine)


def test_only_days_that_changed_are_asked_anew(desk: Desk) -> None:
    count_scores(desk.engine, LOCAL, ("week",), Wanted())
    asked: list[tuple[str, Any]] = []
    event.listen(desk.engine, "before_cursor_execute", lambda _, __, sql, values, *___: asked.append((sql, values)))
    count_scores(desk.engine, LOCAL, ("week",), Wanted())
    # Of fewer days what was kept serves too.
    count_scores(desk.engine, LOCAL, ("week",), SINCE)
    assert [sql for sql, _ in asked if "call_index" in sql] == []
    override(desk)
    asked.clear()
    count_scores(desk.engine, LOCAL, ("week",), Wanted())
    ((_, values),) = [one for one in asked if "call_index" in one[0]]
    assert "2026-05-15" in str(values)
    assert "2026-05-11" not in str(values)


@pytest.mark.slow
def test_so_much_is_kept_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "_MOST_PARTS", 30)
    for number in range(40):
        count_scores(desk.engine, LOCAL, ("week",), Wanted(site=f"s{number}"))
    kept = days._KEPT.of(desk.engine).questions
    assert sum(map(days._size, kept.values())) <= 30
    monkeypatch.setattr(days, "_MOST_OF_QUESTION", 2)
    found = count_scores(desk.engine, LOCAL, ("agent",), Wanted())
    assert count_scores(desk.engine, LOCAL, ("agent",), Wanted()) == found
    assert list(kept.values())[-1] is None
