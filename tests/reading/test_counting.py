"""Figures over calls from the index: what counts, of whose calls, on how many they rest; what does not apply is no failure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from desks import commit
from sqlalchemy import Engine
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.choices import read_choices
from qa_pipeline.reading.outcomes import CriterionTally
from qa_pipeline.reading.pages import Wanted, page
from qa_pipeline.reading.summary import count_criteria, count_percents, count_scores
from qa_pipeline.reading.viewer import Matter, Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.settings import Settings

LOCAL = local_viewer("x")
HEAD = Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north"),))
AGENT = Viewer(name="lin", account=2, roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a2"}))


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    store = make_store(tmp_path)
    commit(store, "c1")
    commit(store, "c2", agent_id="a2", started_at=datetime(2026, 5, 19, 4, tzinfo=UTC))
    commit(store, "c3", agent_id="a3", team="south", campaign="spring")
    opened = open_desk(Settings(results=store.root, review_database=database, rubrics=tmp_path / "rubrics"), store)
    decide(opened, LOCAL, "c1", Override(outcome=Outcome.NOT_APPLICABLE), criterion_id="long", reason="the caller hung up")
    return opened


@pytest.fixture
def engine(desk: Desk) -> Engine:
    return desk.engine


@pytest.mark.slow
def test_a_line_says_on_what_it_rests(engine: Engine) -> None:
    (line,) = count_scores(engine, LOCAL, [], Wanted())
    assert (line.calls, line.decided, line.provisional, line.confirmed) == (3, 1, 3, 0)
    assert (line.coverage.count, line.coverage.mean) == (3, 1.0)
    assert line.feelings.told == 0
    assert line.expected_wrong.mean is not None


def test_only_what_is_theirs_is_counted(engine: Engine) -> None:
    assert [line.key for line in count_scores(engine, HEAD, ["team"], Wanted())] == [("north",)]
    assert [(line.key, line.calls) for line in count_scores(engine, AGENT, ["agent"], Wanted())] == [(("a2",), 1)]
    assert sum(count_percents(engine, HEAD, Wanted())) == 2
    assert read_choices(engine, HEAD, Matter.FIGURES)["agent_id"] == ("a1", "a2")
    assert read_choices(engine, HEAD, Matter.FIGURES)["campaign"] == ()
    ((_, criteria),) = count_criteria(engine, AGENT, [], Wanted()).items()
    assert criteria["tested", "turns"].calls == 1


def test_who_sees_no_figures_is_refused(engine: Engine) -> None:
    nobody = Viewer(name="x", account=9)
    for asked in (lambda: count_percents(engine, nobody, Wanted()), lambda: count_criteria(engine, nobody, [], Wanted())):
        with pytest.raises(AccessRefused):
            asked()


def test_criteria_count_as_people_decided_and_what_does_not_apply_is_not_failed(engine: Engine) -> None:
    ((_, found),) = count_criteria(engine, LOCAL, [], Wanted()).items()
    assert found["tested", "long"] == CriterionTally(not_met=2, not_applicable=1, lost=2.0)
    assert found["tested", "long"].judged == 2
    assert found["tested", "tone"] == CriterionTally(undetermined=3)
    by_week = count_criteria(engine, LOCAL, ["week"], Wanted())
    assert {key: several["tested", "turns"].met for key, several in by_week.items()} == {("2026-05-11",): 2, ("2026-05-18",): 1}


def test_percents_fall_into_steps(engine: Engine) -> None:
    # 10 of 25 points twice; 10 of 15 where a criterion does not apply.
    assert count_percents(engine, LOCAL, Wanted()) == (0, 0, 0, 0, 2, 0, 1, 0, 0, 0)


def test_lists_go_down_to_how_a_criterion_came_out(engine: Engine) -> None:
    def calls(outcome: Outcome | None) -> list[str]:
        return [line.call_id for line in page(engine, LOCAL, Wanted(criterion_id="long", outcome=outcome)).lines]

    assert sorted(calls(Outcome.NOT_MET)) == ["c2", "c3"]
    assert calls(Outcome.NOT_APPLICABLE) == ["c1"]
    assert len(calls(None)) == 3
    assert page(engine, LOCAL, Wanted(criterion_id="unheard of")).lines == ()
    assert page(engine, LOCAL, Wanted(sentiment="negative")).lines == ()
    assert len(page(engine, LOCAL, Wanted(critical_state="provisional")).lines) == 3
