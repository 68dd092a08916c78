"""Second looks by night: beside the questions, within the same budget, once each. The server is scripted; every finding is let be looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.cli.asking import show_ask_plan
from qa_pipeline.reading.stored import Selection
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.replies import spent_since
from qa_pipeline.running.ask_plan import Budget, Put, plan_asking, plan_night, wordings_of_looks
from qa_pipeline.running.asking import ask_tonight
from qa_pipeline.running.rescoring import plan_rescoring, rescore
from qa_pipeline.running.run import Run
from tests.running.test_ask_nights import GREETS, WHY, asking, honest, night, outcomes, settings_for, spoken, stored
from tests.scripted_judge import Body, Response, lines_in, says

pytestmark = pytest.mark.slow

THANKS = {"id": "thanks", "check": "phrase", "title": {"en": "Gives the reason"}, "phrases": {"en": ["owing to the house"]}}
RUBRICS = asking(THANKS, WHY)
LOOKS: dict[str, Any] = {"second_look": ("thanks",), "second_look_below": 1.0, "ask_model": "m"}


def is_look(body: Body) -> bool:
    return "Was this said or done" in body["messages"][-1]["content"]


def thorough(body: Body) -> Response:
    """Answers second looks with the agent's last words, and questions honestly."""
    if not is_look(body):
        return honest(body)
    number, _, words = lines_in(body)[-1]
    return says("yes", (number, words))


def looking(folder: Path, *calls: int, **values: Any) -> Run:
    """A root with calls that were scored, nobody asked yet; `thanks` is not met in any."""
    return stored(settings_for(folder, None, **{**LOOKS, **values}), *(spoken(n) for n in calls), rubrics=RUBRICS)


def certainties(run: Run) -> dict[str, float]:
    sql = "select call_id, certainty from current_findings where criterion_id = 'thanks' order by call_id"
    return {row["call_id"]: row["certainty"] for row in rows(run.store, sql)}


def test_a_night_looks_again_after_its_questions_and_the_next_asks_nothing(tmp_path: Path) -> None:
    run = looking(tmp_path, 1, 2)
    before = certainties(run)
    summary, asked = night(run, thorough)
    assert [is_look(body) for body in asked] == [False, False, False, True, True, True] * 2
    assert summary and (summary.calls, summary.requests, summary.left) == (2, 12, 0)
    assert summary.rescored and summary.rescored.scored == 2
    after = certainties(run)
    assert all(after[call] < before[call] for call in before)
    assert set(outcomes(run, "thanks").values()) == {("not_met", "not_said")}
    assert night(run, thorough) == (None, [])
    again = plan_rescoring(run.anew(), select=Selection())
    assert (len(again.assignments), again.standing) == (0, 2)


def test_by_default_nobody_is_asked_about_other_checks(tmp_path: Path) -> None:
    run = looking(tmp_path, 1, second_look=())
    summary, asked = night(run, thorough)
    assert summary and (len(asked), any(map(is_look, asked))) == (3, False)


def test_looks_are_made_without_any_question_in_the_rubric_and_of_named_criteria_alone(tmp_path: Path) -> None:
    other = {**GREETS, "phrases": {"en": ["a very good evening"]}}
    run = stored(settings_for(tmp_path, None, **LOOKS), spoken(1), rubrics=asking(THANKS, other))
    _, asked = night(run, thorough)
    assert len(asked) == 3 and all("Gives the reason" in body["messages"][-1]["content"] for body in asked)


@pytest.mark.parametrize(
    ("values", "questions", "looks"),
    [
        ({"ask_calls": 1}, 3, 3), ({"ask_tokens": 4_300}, 9, 3), ({"ask_tokens": 2_700}, 3, 3),
        ({"ask_tokens": 2_700, "second_look_share": 0.0}, 6, 0), ({"ask_tokens": 4_300, "second_look_share": 1.0}, 3, 9),
    ],
    ids=["one call", "tokens", "tokens for two", "questions first", "looks first"],
)  # fmt: skip
def test_looks_have_their_share_of_the_budget_and_what_questions_leave(
    tmp_path: Path, values: dict[str, Any], questions: int, looks: int
) -> None:
    run = looking(tmp_path, 1, 2, 3, **values)
    _, asked = night(run, thorough)
    assert ([is_look(body) for body in asked].count(False), [is_look(body) for body in asked].count(True)) == (questions, looks)
    rest = replace(run, settings=run.settings.model_copy(update={"ask_calls": 99, "ask_tokens": 10**6}))
    night(rest, thorough)
    assert run.store.read("replies").num_rows == 18


def test_looks_are_taken_in_every_night_though_more_questions_come_than_it_can_ask(tmp_path: Path) -> None:
    run = looking(tmp_path, *range(4), ask_tokens=4_300)
    for evening in range(1, 4):
        _, asked = night(run, thorough)
        assert ([is_look(body) for body in asked].count(False), [is_look(body) for body in asked].count(True)) == (9, 3)
        run.store.write_conversations([spoken(n) for n in range(4 * evening, 4 * evening + 4)], run_id="r")
        rescore(plan_rescoring(run.anew(), select=Selection()), run, workers=0)
    assert plan_night(run).later > 0


def test_what_a_day_has_asked_already_counts_in_the_share(tmp_path: Path) -> None:
    run = looking(tmp_path, 1)
    one = Budget(calls=1, tokens=1_200, seconds=9.0)
    for put, is_first in ((Put(), False), (Put(all=3), True), (Put(all=12, looks=3), False)):
        (first,) = plan_night(run, budget=one, put=put).open
        assert first.are_looks is is_first
    night(run, thorough)
    spent = spent_since(run.store, datetime(2026, 1, 1, tzinfo=UTC), counting=wordings_of_looks(run))
    assert (spent.answers, spent.of_these) == (6, 3)


def test_a_plan_says_which_looks_it_would_take_and_their_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = looking(tmp_path, 1, 2, ask_calls=2)
    plan = plan_night(run)
    assert plan.by_criterion == {"why": 2, "thanks (second look)": 2}
    assert (plan.calls, plan.requests, plan.later) == (2, 12, 0)
    assert plan_asking(run, select=Selection()).requests == 12
    show_ask_plan(plan, run.settings)
    assert "While second looks wait, they are at least 20 % of what is asked (second_look_share)." in capsys.readouterr().out


def test_answers_that_were_kept_before_the_calls_were_scored_anew_count_at_the_next_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = looking(tmp_path, 1)
    before = certainties(run)
    with monkeypatch.context() as patched:
        patched.setattr("qa_pipeline.running.asking._score_anew", lambda *_: None)
        night(run, thorough)
    assert certainties(run) == before
    summary, asked = night(run, thorough)
    assert summary and asked == [] and summary.rescored and summary.rescored.scored == 1
    assert certainties(run) != before


def test_two_roots_have_the_same_scores_by_the_same_looks(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        run = looking(tmp_path / name, 1, 2)
        night(run, thorough)
        rescore(plan_rescoring(run.anew(), select=Selection()), run, workers=0)
        sql = "select call_id, criterion_id, score_id, outcome, certainty, reason from current_findings order by call_id, criterion_id"
        told.append([dict(row) for row in rows(run.store, sql)])
    assert told[0] == told[1]


def test_a_look_that_failed_is_asked_again(tmp_path: Path) -> None:
    run = looking(tmp_path, 1)
    night(run, lambda body: Response("{}") if is_look(body) else honest(body))
    assert certainties(run) == certainties(looking(tmp_path / "other", 1))
    _, asked = night(run, thorough)
    assert len(asked) == 3 and all(map(is_look, asked))


def test_nothing_is_looked_at_without_a_server(tmp_path: Path) -> None:
    assert ask_tonight(looking(tmp_path, 1)) is None


def test_a_budget_for_fewer_calls_than_wait_is_spent_on_some_of_them(tmp_path: Path) -> None:
    other = {**GREETS, "phrases": {"en": ["a very good evening"]}}
    run = stored(settings_for(tmp_path, None, **LOOKS, ask_calls=1), spoken(1), spoken(2), spoken(3), rubrics=asking(THANKS, other))
    left = []
    for _ in range(3):
        summary, asked = night(run, thorough)
        assert summary and (summary.calls, len(asked)) == (1, 3)
        left.append(summary.left)
    assert left == [2, 1, 0]
    assert night(run, thorough) == (None, [])
