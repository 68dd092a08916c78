"""Verdicts of then and of now: what other scoring stored, beside what the scoring of now makes, before and after `rescore`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.call import Outcome
from qa_pipeline.cli.main import main
from qa_pipeline.errors import RubricError
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.store import Store
from qa_pipeline.review.opening import open_lists
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring import identity
from qa_pipeline.scoring.score import Scorecard, prepare, score
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.diff import Diff
from qa_pipeline.trainer.scoring_diff import judge_again, scores_by_other_scoring, scoring_diff, stored_verdict
from tests.trainer.desk import desk, edit, service_folder, spoken, stored

CALLS = (
    spoken("c1", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: Go ahead.", agent_id="anna", day=1),
    spoken("c2", "0:00 agent: Good evening. Is this a good time?", "0:05 customer: Go ahead.", agent_id="bo", day=2),
)


@pytest.fixture
def scorecard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scorecard:
    for name in ("rubrics", "cache", "results"):
        monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", str(tmp_path / name))
    return prepare(load_rubric(service_folder(tmp_path / "rubrics") / "service.yaml"), {})


@pytest.fixture
def store(tmp_path: Path, scorecard: Scorecard, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two calls, scored by a program that took "good evening" for the greeting instead of "hello there"."""
    made = stored(desk(tmp_path, tmp_path / "rubrics"), *CALLS)
    file = service_folder(tmp_path / "then") / "service.yaml"
    edit(file, "[hello there]", "[good evening]")
    with monkeypatch.context() as then:
        then.setattr(identity, "SCORING_VERSION", 0)
        identity._judged_by.cache_clear()
        as_then = replace(scorecard, rubric=load_rubric(file))
        made.write_scores([score(call, as_then) for call in CALLS], purpose="official", run_id="r1")
    identity._judged_by.cache_clear()
    return made


def moved(store: Store, scorecard: Scorecard, since: date | None = None) -> Diff:
    engine = open_lists(load_settings(results=store.root), store)
    before = scores_by_other_scoring(store, engine, MACHINE, scorecard, since=since, until=None)
    return scoring_diff(judge_again(store, scorecard, before), scorecard)


def test_what_is_going_to_move_and_what_has_moved_are_the_same(store: Store, scorecard: Scorecard) -> None:
    before = moved(store, scorecard)
    assert {(e.call_id, c.criterion_id, c.before, c.after) for e in before.changed for c in e.changes} == {
        ("c1", "greeting", Outcome.NOT_MET, Outcome.MET), ("c2", "greeting", Outcome.MET, Outcome.NOT_MET)
    }  # fmt: skip
    assert (before.totals.calls, before.totals.mean_before, before.totals.mean_after) == (2, 75.0, 75.0)
    assert before.old.endswith(" as stored") and before.new.endswith(" as scored now")
    (effect,) = [e for e in before.changed if e.call_id == "c2"]
    assert effect.changes[0].evidence[0] == "before: hit 0:00 agent “Good evening” (1.00 good evening)"
    store.write_scores([score(call, scorecard) for call in CALLS], purpose="official", run_id="r2")
    assert moved(store, scorecard) == before


def test_what_the_scoring_of_now_made_has_not_moved(tmp_path: Path, scorecard: Scorecard) -> None:
    store = stored(desk(tmp_path, tmp_path / "rubrics"), *CALLS, scored_by=tmp_path / "rubrics" / "service.yaml")
    assert moved(store, scorecard).effects == ()
    with pytest.raises(RubricError, match="No stored call was scored by service version 1"):
        moved(store, scorecard, since=date(2027, 1, 1))


def test_verdicts_whose_words_have_expired_are_still_compared(store: Store, scorecard: Scorecard) -> None:
    blanks = dict.fromkeys(("evidence", "evidence_text", "reason_args", "reason"), "null")
    store.blank("findings", "conversation_id", [call.conversation_id for call in CALLS], blanks)
    found = moved(store, scorecard)
    assert {c.reason_before for e in found.changed for c in e.changes} == {"Its words are not kept any more."}


def test_a_stored_verdict_says_what_judged_it(store: Store, scorecard: Scorecard) -> None:
    row = rows(store, "select * from scores where call_id = 'c1'")[0]
    found = stored_verdict(store, row, "greeting")
    assert found.outcome is Outcome.NOT_MET
    assert found.judged_by == replace(identity.judged_by("en", ["en"]), scoring_version=0)
    assert stored_verdict(store, {**row, "scoring_version": None}, "nosuch") == type(found)(judged_by=None, outcome=None)


@pytest.mark.slow
def test_the_commands_show_it(store: Store, scorecard: Scorecard) -> None:
    def rubric(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(main, ["rubric", *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    assert "2 calls, 2 change; passed 1 → 1; mean 75.0 → 75.0" in rubric("diff", "service", "--stored")
    assert "1 calls, 1 change" in rubric("diff", "service", "--stored", "--since", "2026-11-02")
    assert "Name two rubrics, or one and --stored." in rubric("diff", "service", exit_code=2)
    assert "Name two rubrics, or one and --stored." in rubric("diff", "service", "service", "--stored", exit_code=2)
    told = rubric("explain", "c1", "greeting").splitlines()
    assert told[:4] == [
        "1. What is stored", "   the stored verdict is not met",
        f"   it was made with scoring version 0 (now {identity.SCORING_VERSION}); what follows is by the scoring of now",
        "   `qa-pipeline rescore` scores the call anew",
    ]  # fmt: skip
    assert told[-2:] == ["   met: Said in the window searched.", "   10 of 10 points"]
    store.write_scores([score(call, scorecard) for call in CALLS], purpose="official", run_id="r2")
    assert rubric("explain", "c1", "greeting").splitlines()[0] == "1. The criterion"
