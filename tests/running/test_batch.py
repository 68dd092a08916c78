"""The batch: repetition, failures, refusal before any work. Listening is a stand-in; tables and scoring are real."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.errors import EnvironmentNotReady, ModelError
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.files import open_table
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.norms import renew_norms
from qa_pipeline.results.periods import close_period
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running import batch, score
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.environment import check_environment, open_store
from qa_pipeline.running.pace import Pace
from qa_pipeline.running.plan import plan
from qa_pipeline.running.progress import Event
from qa_pipeline.scoring import identity
from qa_pipeline.settings import Settings, load_settings
from tests.running.batches import call, process, run_here
from tests.workers import WorkersHere

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        results=str(tmp_path / "results"), cache=tmp_path / "cache", call_timeout_seconds=3.0, threads=1, retry_delay_seconds=0.1
    )


@pytest.fixture(scope="module")
def rubrics() -> dict[str, Rubric]:
    """The shipped rubric of outbound calls."""
    return {"followup": load_rubric(load_settings().rubrics / "followup.yaml")}


def test_a_call_that_fails_costs_that_call_only(settings: Settings, rubrics: dict) -> None:
    summary = process(settings, rubrics, call("good1"), call("crash"), call("broken"), call("good2"))
    assert (summary.found, summary.processed, summary.scored, summary.failed) == (4, 2, 2, 2)
    failures = rows(open_store(settings), "select call_id, error_type, transient from current_failures order by 1")
    assert [tuple(row.values()) for row in failures] == [("broken", "RecordingError", False), ("crash", "WorkerCrashed", True)]


def test_a_repeated_run_does_nothing_twice(settings: Settings, rubrics: dict) -> None:
    process(settings, rubrics, call("good1"), call("good2"))
    again = process(settings, rubrics, call("good1"), call("good2"))
    assert (again.processed, again.scored, again.skipped) == (0, 0, 2)
    store = open_store(settings)
    assert [row["n"] for row in rows(store, "select count(*) n from calls union all select count(*) from scores")] == [2, 2]


@pytest.mark.parametrize(
    ("name", "then"),
    [("SCORING_VERSION", 0), ("language_digest", lambda code, without: "of then"), ("norm_version", lambda code: f"of then {code}")],
)
def test_stored_calls_are_scored_anew_once_when_what_judges_has_changed(
    settings: Settings, rubrics: dict, monkeypatch: pytest.MonkeyPatch, name: str, then: object
) -> None:
    def forget_what_judges() -> None:
        identity._judged_by.cache_clear()
        identity.norm_version_of.cache_clear()

    with monkeypatch.context() as earlier:
        earlier.setattr(identity, name, then)
        forget_what_judges()
        process(settings, rubrics, call("good1"), call("good2"))
    forget_what_judges()
    again, third = (process(settings, rubrics, call("good1"), call("good2")) for _ in range(2))
    assert [(run.processed, run.scored, run.skipped) for run in (again, third)] == [(0, 2, 0), (0, 0, 2)]
    store = open_store(settings)
    assert rows(store, "select count(*) n, count(distinct score_id) ids from scores") == [{"n": 4, "ids": 4}]
    # Norms were written down on the way.
    assert renew_norms(store) == 0


def test_a_broken_file_is_not_tried_every_night_but_on_request_or_when_it_changed(settings: Settings, rubrics: dict) -> None:
    process(settings, rubrics, call("broken"))
    second = process(settings, rubrics, call("broken"))
    assert [failure.is_known for failure in second.failures] == [True]
    assert [failure.is_known for failure in process(settings, rubrics, call("broken"), retry_failed=True).failures] == [False]
    assert [failure.is_known for failure in process(settings, rubrics, call("broken", audio_sha256="f" * 64)).failures] == [False]


def test_a_transient_failure_is_tried_again_by_itself(settings: Settings, rubrics: dict) -> None:
    process(settings, rubrics, call("crash"))
    assert [failure.is_known for failure in process(settings, rubrics, call("crash")).failures] == [False]
    attempts = rows(open_store(settings), "select attempt from failures order by attempt")
    assert [row["attempt"] for row in attempts] == [1, 2]


def test_a_stored_conversation_without_a_score_is_scored_without_listening(settings: Settings, rubrics: dict) -> None:
    process(settings, rubrics, call("good1"))
    open_store(settings).forget("scores", "call_id", ["good1"])
    again = process(settings, rubrics, call("good1"))
    assert (again.processed, again.scored) == (0, 1)


def test_many_stored_calls_are_scored_in_worker_processes_to_the_same_rows(
    settings: Settings, rubrics: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"call_timeout_seconds": 300.0})
    process(settings, rubrics, call("good1"), call("good2"))
    store = open_store(settings)
    sql = "select * exclude (run_id, scored_at) from current_findings order by score_id, criterion_id"
    before = rows(store, sql)
    for most_here in (2, 1):
        monkeypatch.setattr(batch, "_CALLS_HERE", most_here)
        for table in ("scores", "findings"):
            store.forget(table, "call_id", ["good1", "good2"])
        assert process(settings, rubrics, call("good1"), call("good2")).scored == 2
        assert rows(store, sql) == before


def test_a_call_that_no_rubric_fits_is_stored_unscored_and_counted(settings: Settings, rubrics: dict) -> None:
    summary = process(settings, rubrics, call("good1", direction=None))
    assert (summary.processed, summary.scored, summary.unscored) == (1, 0, 1)


def test_a_call_whose_rubric_cannot_be_told_is_left_unscored_and_the_rest_goes_on(settings: Settings, rubrics: dict) -> None:
    calls = (call("good1", rubric="nosuch"), call("good2"))
    planned = plan(Intake(calls=calls, warnings=(), unavailable=(), dialogues={}), run_here(settings, rubrics))
    assert len(planned.warnings) == 1
    assert planned.warnings[0].startswith("1 call left unscored (good1): Rubric 'nosuch', which their metadata name, is not to be had.")
    summary = process(settings, rubrics, *calls)
    assert (summary.processed, summary.scored, summary.unscored) == (2, 1, 1)


def test_the_environment_is_checked_before_any_work(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        check_environment(settings, open_store(settings))
    ready = load_settings(results=str(tmp_path / "file" / "results"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentNotReady, match="cannot be written"):
        open_store(ready).prepare()


@pytest.mark.models
def test_an_almost_full_disk_is_refused(tmp_path: Path) -> None:
    full = load_settings(results=str(tmp_path / "results"), min_free_gb=10_000_000.0)
    with pytest.raises(EnvironmentNotReady, match="GB free"):
        check_environment(full, open_store(full))


def test_a_closed_period_keeps_its_scores_whatever_is_heard_or_scored_later(settings: Settings, rubrics: dict) -> None:
    in_may, in_june = (call(name, started_at=datetime(2026, month, 9, tzinfo=UTC)) for name, month in (("good1", 5), ("good2", 6)))
    process(settings, rubrics, in_may, in_june)
    store = open_store(settings)
    before = rows(store, "select call_id, conversation_id, score_id, scored_at from current_scores order by call_id")
    close_period(store, date(2026, 5, 1), date(2026, 5, 31), team=None, reason="paid out", author=None)
    # Another setting of the recogniser: both calls are listened to again.
    otherwise = settings.model_copy(update={"beam_size": 3})
    assert process(otherwise, rubrics, in_may, in_june).processed == 2
    after = rows(store, "select call_id, conversation_id, score_id, scored_at from current_scores order by call_id")
    assert after[0] == before[0]
    assert after[1]["conversation_id"] != before[1]["conversation_id"]
    assert rows(store, "select call_id from scores where purpose = 'trial'") == [{"call_id": "good1"}]
    again = process(otherwise, rubrics, in_may, in_june)
    assert (again.processed, again.scored, again.skipped) == (0, 0, 2)


# --- nights ----------------------------------------------------------------------------------------------------------------------------


def test_many_failures_are_few_commits_and_each_attempt_is_counted(settings: Settings, rubrics: dict) -> None:
    names = [f"broken{number}" for number in range(20)]
    for attempt in (1, 2):
        store = open_store(settings)
        before = commits(store)
        process(settings, rubrics, *map(call, names), retry_failed=True)
        assert {(row["call_id"], row["attempt"]) for row in rows(store, "select * from current_failures")} == {(n, attempt) for n in names}
        assert commits(store) - before < 10


def commits(store: Store) -> int:
    delta = open_table(store.path("failures"))
    return 0 if delta is None else delta.version() + 1


def test_a_call_that_lacks_a_part_of_its_sound_is_told(settings: Settings, rubrics: dict) -> None:
    class Damaged(WorkersHere):
        def listen(self, *given: Any, **options: Any) -> Any:
            for one, outcome in super().listen(*given, **options):
                yield one, replace(outcome, lost_ms=6400 if one.call_id == "good1" else 0) if isinstance(outcome, Conversation) else outcome

    told: list[Event] = []
    run = replace(run_here(settings, rubrics, workers=Damaged(settings)), on_event=told.append)
    carry_out(plan(Intake(calls=(call("good1"), call("good2"))), run), run)
    assert [(event.call_id, event.text) for event in told if event.kind == "damaged"] == [
        ("good1", "6.4 s of the recording are damaged or missing; the rest is heard.")
    ]
    assert rows(run.store, "select call_id, lost_ms from current_calls order by 1") == [
        {"call_id": "good1", "lost_ms": 6400},
        {"call_id": "good2", "lost_ms": 0},
    ]


def test_failures_are_kept_when_a_run_is_stopped(settings: Settings, rubrics: dict) -> None:
    def stop(event: Event) -> None:
        if event.done == 3:
            raise KeyboardInterrupt

    run = replace(run_here(settings, rubrics), on_event=stop)
    with pytest.raises(KeyboardInterrupt):
        carry_out(plan(Intake(calls=tuple(call(f"broken{n}") for n in range(5))), run), run)
    assert rows(run.store, "select count(*) n from failures") == [{"n": 3}]


def test_after_the_deadline_no_call_is_begun(settings: Settings, rubrics: dict) -> None:
    passed = datetime(2026, 5, 1, tzinfo=UTC)
    store = open_store(settings)
    summary = process(settings, rubrics, call("good1"), call("good2"), pace=Pace(deadline=passed))
    assert (summary.processed, summary.left, summary.failed) == (0, 2, 0)
    assert rows(store, 'select "left" from runs') == [{"left": 2}]
    assert process(settings, rubrics, call("good1"), call("good2")).processed == 2


def test_priority_and_newest_come_first(settings: Settings, rubrics: dict) -> None:
    old, new = (call(name, started_at=datetime(2026, month, 1, tzinfo=UTC)) for name, month in (("good1", 5), ("good2", 6)))
    vip = call("good3", campaign="vip", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    found = plan(Intake(calls=(old, new, vip)), run_here(settings, rubrics), priorities=[{"campaign": "vip"}])
    assert [c.call_id for c in found.listen] == ["good3", "good2", "good1"]


def test_what_another_run_works_on_is_left_to_it(settings: Settings, rubrics: dict) -> None:
    with Claims(settings.results, "other").hold(["good1"]):
        summary = process(settings, rubrics, call("good1"), call("good2"))
        assert (summary.processed, summary.busy) == (1, 1)
    assert process(settings, rubrics, call("good1"), call("good2")).processed == 1


def test_late_metadata_reach_the_call_and_its_score(settings: Settings, rubrics: dict) -> None:
    process(settings, rubrics, call("good1"), call("good2"))
    store = open_store(settings)
    before = rows(store, "select score_id from current_scores order by call_id")
    again = process(settings, rubrics, call("good1", team="A", agent_id="7", extra={"tier": "gold"}), call("good2"))
    assert (again.processed, again.updated, again.skipped) == (0, 1, 1)
    assert rows(store, "select call_id, team, agent_id from current_scores order by call_id") == [
        {"call_id": "good1", "team": "A", "agent_id": "7"},
        {"call_id": "good2", "team": None, "agent_id": None},
    ]
    assert rows(store, "select agent_id from current_findings where call_id = 'good1' group by 1") == [{"agent_id": "7"}]
    assert rows(store, "select score_id from current_scores order by call_id") == before
    # Metadata that are silent take nothing back, and nothing is done twice.
    third = process(settings, rubrics, call("good1"), call("good2"))
    assert (third.updated, third.skipped) == (0, 2)
    assert rows(store, "select count(*) n from calls") == [{"n": 2}]


def test_a_name_that_comes_late_changes_the_verdict(settings: Settings, rubrics: dict) -> None:
    # The stand-in says that it is 小王 of 尚德金融.
    criterion = {"id": "names", "status": "stable", "check": "phrase", "who": "agent", "phrases": {"zh": ["我是{company}的"]}}
    data = {"id": "tested", "version": 1, "applies_to": {"direction": "outbound"}, "sections": [{"id": "all", "criteria": [criterion]}]}
    named = {"tested": Rubric.model_validate_json(json.dumps(data))}
    process(settings, named, call("good1", company="平安"))
    store = open_store(settings)
    said = "select outcome from current_findings"
    assert rows(store, said) == [{"outcome": "not_met"}]
    assert process(settings, named, call("good1", company="尚德金融")).updated == 1
    assert rows(store, said) == [{"outcome": "met"}]


def test_a_recording_that_moved_is_the_same_call(settings: Settings, rubrics: dict, tmp_path: Path) -> None:
    old, new = tmp_path / "a.wav", tmp_path / "b.wav"
    old.write_bytes(b"sound")
    process(settings, rubrics, call("good1", source_uri=str(old)))
    # A copy is no move.
    new.write_bytes(b"sound")
    assert process(settings, rubrics, call("good1", source_uri=str(new))).updated == 0
    old.unlink()
    assert process(settings, rubrics, call("good1", source_uri=str(new))).updated == 1
    assert rows(open_store(settings), "select source_uri from current_calls") == [{"source_uri": str(new)}]


def test_a_closed_period_is_not_described_anew(settings: Settings, rubrics: dict) -> None:
    may = call("good1", started_at=datetime(2026, 5, 9, tzinfo=UTC))
    process(settings, rubrics, may)
    store = open_store(settings)
    close_period(store, date(2026, 5, 1), date(2026, 5, 31), team=None, reason="paid out", author=None)
    assert process(settings, rubrics, call("good1", started_at=may.started_at, team="A")).updated == 0


def test_a_call_that_keeps_failing_is_given_up_after_some_runs(settings: Settings, rubrics: dict) -> None:
    few = settings.model_copy(update={"give_up_after": 2, "retries": 0})
    found = [process(few, rubrics, call("crash")).failures[0].is_known for _ in range(3)]
    assert found == [False, False, True]
    assert process(few, rubrics, call("crash"), retry_failed=True).failures[0].is_known is False


def test_a_call_that_cannot_be_scored_costs_itself_only(settings: Settings, rubrics: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    real = score.score_many

    def broken(conversations, scorecard):  # type: ignore[no-untyped-def]
        if any(c.call.call_id == "good2" for c in conversations):
            raise ZeroDivisionError("何 the customer said")
        return real(conversations, scorecard)

    monkeypatch.setattr(score, "score_many", broken)
    summary = process(settings, rubrics, call("good1"), call("good2"), call("good3"))
    assert (summary.processed, summary.scored, summary.failed) == (3, 2, 1)
    store = open_store(settings)
    (failure,) = rows(store, "select call_id, stage, message from current_failures")
    assert (failure["call_id"], failure["stage"], "customer" in failure["message"]) == ("good2", "score", False)
    monkeypatch.undo()
    assert process(settings, rubrics, call("good1"), call("good2"), call("good3")).scored == 1
    assert rows(store, "select count(*) n from current_failures") == [{"n": 0}]
