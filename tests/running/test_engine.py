"""The batch: isolation, repetition, refusal before any work. Listening is a stand-in; pebble, processes and tables are real."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from qa_pipeline.call import Call, Conversation
from qa_pipeline.errors import EnvironmentNotReady, ModelError, RubricError
from qa_pipeline.pace import Pace
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.commit import open_table
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.periods import close_period
from qa_pipeline.results.query import rows
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running import engine
from qa_pipeline.running.isolation import Workers, limit_seconds
from qa_pipeline.settings import Settings, load_settings
from tests.workers import DIES_ONCE, FAKE, NEVER_BEGINS


def call(call_id: str, **values: object) -> Call:
    given = {"direction": "outbound", "source_uri": f"/calls/{call_id}.wav", "audio_sha256": call_id.ljust(64, "0"), **values}
    return Call(call_id=call_id, **given)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        results=str(tmp_path / "results"), cache=tmp_path / "cache", call_timeout_seconds=3.0, threads=1, retry_delay_seconds=0.1
    )


@pytest.fixture(scope="module")
def rubrics() -> dict[str, object]:
    return dict(load_rubrics(load_settings().rubrics))


def run(settings: Settings, rubrics: dict, *calls: Call, **options: bool) -> engine.Summary:
    store = engine.open_store(settings)
    plan = engine.plan(Intake(calls=calls), settings, store, rubrics, purpose="official", **options)
    with Workers(settings, worker=FAKE) as workers:
        return engine.run(plan, settings, store, rubrics, purpose="official", workers=workers)


def test_a_call_that_hangs_crashes_or_breaks_costs_that_call_only(settings: Settings, rubrics: dict) -> None:
    names = ["good1", "hang", "good2", "crash", "broken", "bug", "good3"]
    summary = run(settings, rubrics, *(call(name) for name in names))
    assert (summary.found, summary.processed, summary.scored, summary.failed) == (7, 3, 3, 4)
    store = engine.open_store(settings)
    stored = {row["call_id"] for row in rows(store, "select call_id from current_calls")}
    assert stored == {"good1", "good2", "good3"}
    failures = {row["call_id"]: row for row in rows(store, "select * from current_failures")}
    assert {name: row["error_type"] for name, row in failures.items()} == {
        "hang": "CallTimeout",
        "crash": "WorkerCrashed",
        "broken": "RecordingError",
        "bug": "CallFailed",
    }
    assert [failures[name]["transient"] for name in ("hang", "crash", "broken", "bug")] == [True, True, False, False]
    assert all(row["advice"] for row in failures.values())


def test_what_callers_said_stays_out_of_failures(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("bug"))
    assert "customer said" not in str(rows(engine.open_store(settings), "select * from failures"))


def test_a_repeated_run_does_nothing_twice(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("good1"), call("good2"))
    again = run(settings, rubrics, call("good1"), call("good2"))
    assert (again.processed, again.scored, again.skipped) == (0, 0, 2)
    store = engine.open_store(settings)
    assert [row["n"] for row in rows(store, "select count(*) n from calls union all select count(*) from scores")] == [2, 2]


def test_a_broken_file_is_not_tried_every_night_but_on_request_or_when_it_changed(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("broken"))
    second = run(settings, rubrics, call("broken"))
    assert [failure.is_known for failure in second.failures] == [True]
    assert [failure.is_known for failure in run(settings, rubrics, call("broken"), retry_failed=True).failures] == [False]
    assert [failure.is_known for failure in run(settings, rubrics, call("broken", audio_sha256="f" * 64)).failures] == [False]


def test_a_transient_failure_is_tried_again_by_itself(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("crash"))
    assert [failure.is_known for failure in run(settings, rubrics, call("crash")).failures] == [False]
    attempts = rows(engine.open_store(settings), "select attempt from failures order by attempt")
    assert [row["attempt"] for row in attempts] == [1, 2]


def test_a_stored_conversation_without_a_score_is_scored_without_listening(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("good1"))
    engine.open_store(settings).forget("scores", "call_id", ["good1"])
    again = run(settings, rubrics, call("good1"))
    assert (again.processed, again.scored) == (0, 1)


def test_a_call_that_no_rubric_fits_is_stored_unscored_and_counted(settings: Settings, rubrics: dict) -> None:
    summary = run(settings, rubrics, call("good1", direction=None))
    assert (summary.processed, summary.scored, summary.unscored) == (1, 0, 1)


def test_an_unknown_rubric_is_refused_before_any_work(settings: Settings, rubrics: dict) -> None:
    with pytest.raises(RubricError, match="names rubric 'nosuch'"):
        run(settings, rubrics, call("good1", rubric="nosuch"))
    assert not Path(settings.results).exists()


def test_the_environment_is_checked_before_any_work(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        engine.check_environment(settings, engine.open_store(settings))
    ready = load_settings(results=str(tmp_path / "file" / "results"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentNotReady, match="cannot be written"):
        engine.open_store(ready).prepare()


@pytest.mark.models
def test_an_almost_full_disk_is_refused(tmp_path: Path) -> None:
    full = load_settings(results=str(tmp_path / "results"), min_free_gb=10_000_000.0)
    with pytest.raises(EnvironmentNotReady, match="GB free"):
        engine.check_environment(full, engine.open_store(full))


def test_a_closed_period_keeps_its_scores_whatever_is_heard_or_scored_later(settings: Settings, rubrics: dict) -> None:
    in_may, in_june = (call(name, started_at=datetime(2026, month, 9, tzinfo=UTC)) for name, month in (("good1", 5), ("good2", 6)))
    run(settings, rubrics, in_may, in_june)
    store = engine.open_store(settings)
    before = rows(store, "select call_id, conversation_id, score_id, scored_at from current_scores order by call_id")
    close_period(store, date(2026, 5, 1), date(2026, 5, 31), team=None, reason="paid out", author=None)
    # Another setting of the recogniser: both calls are listened to again.
    otherwise = settings.model_copy(update={"beam_size": 3})
    assert run(otherwise, rubrics, in_may, in_june).processed == 2
    after = rows(store, "select call_id, conversation_id, score_id, scored_at from current_scores order by call_id")
    assert after[0] == before[0]
    assert after[1]["conversation_id"] != before[1]["conversation_id"]
    assert rows(store, "select call_id from scores where purpose = 'trial'") == [{"call_id": "good1"}]
    again = run(otherwise, rubrics, in_may, in_june)
    assert (again.processed, again.scored, again.skipped) == (0, 0, 2)


# --- nights ----------------------------------------------------------------------------------------------------------------------------


def test_many_failures_are_few_commits_and_each_attempt_is_counted(settings: Settings, rubrics: dict) -> None:
    names = [f"broken{number}" for number in range(20)]
    for attempt in (1, 2):
        store = engine.open_store(settings)
        before = commits(store)
        plan = engine.plan(Intake(calls=tuple(map(call, names))), settings, store, rubrics, purpose="official", retry_failed=True)
        with Workers(settings, worker=FAKE) as workers:
            engine.run(plan, settings, store, rubrics, purpose="official", workers=workers)
        assert {(row["call_id"], row["attempt"]) for row in rows(store, "select * from current_failures")} == {(n, attempt) for n in names}
        assert commits(store) - before < 10


def commits(store: Store) -> int:
    delta = open_table(store.path("failures"))
    return 0 if delta is None else delta.version() + 1


def test_failures_are_kept_when_a_run_is_stopped(settings: Settings, rubrics: dict) -> None:
    store = engine.open_store(settings)
    plan = engine.plan(Intake(calls=tuple(call(f"broken{n}") for n in range(5))), settings, store, rubrics, purpose="official")

    def stop(event: engine.Event) -> None:
        if event.done == 3:
            raise KeyboardInterrupt

    with Workers(settings, worker=FAKE) as workers, pytest.raises(KeyboardInterrupt):
        engine.run(plan, settings, store, rubrics, purpose="official", workers=workers, report=stop)
    assert rows(store, "select count(*) n from failures") == [{"n": 3}]


def test_after_the_deadline_no_call_is_begun(settings: Settings, rubrics: dict) -> None:
    passed = datetime(2026, 5, 1, tzinfo=UTC)
    store = engine.open_store(settings)
    plan = engine.plan(Intake(calls=(call("good1"), call("good2"))), settings, store, rubrics, purpose="official")
    with Workers(settings, worker=FAKE) as workers:
        summary = engine.run(plan, settings, store, rubrics, purpose="official", pace=Pace(deadline=passed), workers=workers)
    assert (summary.processed, summary.left, summary.failed) == (0, 2, 0)
    assert rows(store, 'select "left" from runs') == [{"left": 2}]
    assert run(settings, rubrics, call("good1"), call("good2")).processed == 2


def test_in_the_daytime_fewer_calls_are_under_way(settings: Settings, tmp_path: Path) -> None:
    by_day = settings.model_copy(update={"workers": 3})
    pace = Pace(daytime=(time(0), time(0)), daytime_workers=1)
    with Workers(by_day, worker=FAKE) as workers:
        three = [call(f"alone{number}", extra={"marker": str(tmp_path / "under-way")}) for number in range(3)]
        heard = [(one.call_id, isinstance(outcome, Conversation)) for one, outcome in workers.listen(three, pace=pace)]
    assert heard == [("alone0", True), ("alone1", True), ("alone2", True)]


def test_priority_and_newest_come_first(settings: Settings, rubrics: dict) -> None:
    old, new = (call(name, started_at=datetime(2026, month, 1, tzinfo=UTC)) for name, month in (("good1", 5), ("good2", 6)))
    vip = call("good3", campaign="vip", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    plan = engine.plan(
        Intake(calls=(old, new, vip)), settings, engine.open_store(settings), rubrics, purpose="official", priorities=[{"campaign": "vip"}]
    )
    assert [c.call_id for c in plan.listen] == ["good3", "good2", "good1"]


def test_what_another_run_works_on_is_left_to_it(settings: Settings, rubrics: dict) -> None:
    with Claims(settings.results, "other").hold(["good1"]):
        summary = run(settings, rubrics, call("good1"), call("good2"))
        assert (summary.processed, summary.busy) == (1, 1)
    assert run(settings, rubrics, call("good1"), call("good2")).processed == 1


def test_late_metadata_reach_the_call_and_its_score(settings: Settings, rubrics: dict) -> None:
    run(settings, rubrics, call("good1"), call("good2"))
    store = engine.open_store(settings)
    before = rows(store, "select score_id from current_scores order by call_id")
    again = run(settings, rubrics, call("good1", team="A", agent_id="7", extra={"tier": "gold"}), call("good2"))
    assert (again.processed, again.updated, again.skipped) == (0, 1, 1)
    assert rows(store, "select call_id, team, agent_id from current_scores order by call_id") == [
        {"call_id": "good1", "team": "A", "agent_id": "7"},
        {"call_id": "good2", "team": None, "agent_id": None},
    ]
    assert rows(store, "select agent_id from current_findings where call_id = 'good1' group by 1") == [{"agent_id": "7"}]
    assert rows(store, "select score_id from current_scores order by call_id") == before
    # Metadata that are silent take nothing back, and nothing is done twice.
    third = run(settings, rubrics, call("good1"), call("good2"))
    assert (third.updated, third.skipped) == (0, 2)
    assert rows(store, "select count(*) n from calls") == [{"n": 2}]


def test_a_name_that_comes_late_changes_the_verdict(settings: Settings, rubrics: dict) -> None:
    # The stand-in says that it is 小王 of 尚德金融.
    criterion = {"id": "names", "status": "stable", "check": "phrase", "who": "agent", "phrases": {"zh": ["我是{company}的"]}}
    data = {"id": "tested", "version": 1, "applies_to": {"direction": "outbound"}, "sections": [{"id": "all", "criteria": [criterion]}]}
    named = {"tested": Rubric.model_validate_json(json.dumps(data))}
    run(settings, named, call("good1", company="平安"))
    store = engine.open_store(settings)
    said = "select outcome from current_findings"
    assert rows(store, said) == [{"outcome": "not_met"}]
    assert run(settings, named, call("good1", company="尚德金融")).updated == 1
    assert rows(store, said) == [{"outcome": "met"}]


def test_a_recording_that_moved_is_the_same_call(settings: Settings, rubrics: dict, tmp_path: Path) -> None:
    old, new = tmp_path / "a.wav", tmp_path / "b.wav"
    old.write_bytes(b"sound")
    run(settings, rubrics, call("good1", source_uri=str(old)))
    # A copy is no move.
    new.write_bytes(b"sound")
    assert run(settings, rubrics, call("good1", source_uri=str(new))).updated == 0
    old.unlink()
    assert run(settings, rubrics, call("good1", source_uri=str(new))).updated == 1
    assert rows(engine.open_store(settings), "select source_uri from current_calls") == [{"source_uri": str(new)}]


def test_a_closed_period_is_not_described_anew(settings: Settings, rubrics: dict) -> None:
    may = call("good1", started_at=datetime(2026, 5, 9, tzinfo=UTC))
    run(settings, rubrics, may)
    store = engine.open_store(settings)
    close_period(store, date(2026, 5, 1), date(2026, 5, 31), team=None, reason="paid out", author=None)
    assert run(settings, rubrics, call("good1", started_at=may.started_at, team="A")).updated == 0


def test_what_may_pass_is_tried_again_in_the_same_run(settings: Settings, rubrics: dict, tmp_path: Path) -> None:
    marker = tmp_path / "crashed"
    summary = run(settings, rubrics, call("good1"), call("once", extra={"marker": str(marker)}))
    assert (summary.processed, summary.failed) == (2, 0)
    assert marker.is_file()
    assert rows(engine.open_store(settings), "select count(*) n from failures") == [{"n": 0}]


def test_a_call_that_keeps_failing_is_given_up_after_some_runs(settings: Settings, rubrics: dict) -> None:
    few = settings.model_copy(update={"give_up_after": 2, "retries": 0})
    found = [run(few, rubrics, call("crash")).failures[0].is_known for _ in range(3)]
    assert found == [False, False, True]
    assert run(few, rubrics, call("crash"), retry_failed=True).failures[0].is_known is False


def test_a_call_that_cannot_be_scored_costs_itself_only(settings: Settings, rubrics: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.score_many

    def broken(conversations, scorecard):  # type: ignore[no-untyped-def]
        if any(c.call.call_id == "good2" for c in conversations):
            raise ZeroDivisionError("何 the customer said")
        return real(conversations, scorecard)

    monkeypatch.setattr(engine, "score_many", broken)
    summary = run(settings, rubrics, call("good1"), call("good2"), call("good3"))
    assert (summary.processed, summary.scored, summary.failed) == (3, 2, 1)
    store = engine.open_store(settings)
    (failure,) = rows(store, "select call_id, stage, message from current_failures")
    assert (failure["call_id"], failure["stage"], "customer" in failure["message"]) == ("good2", "score", False)
    monkeypatch.undo()
    assert run(settings, rubrics, call("good1"), call("good2"), call("good3")).scored == 1
    assert rows(store, "select count(*) n from current_failures") == [{"n": 0}]


def test_the_time_limit_grows_with_the_call(settings: Settings, tmp_path: Path) -> None:
    import wave

    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8000 * 30))
    timed = settings.model_copy(update={"call_timeout_seconds": 100.0, "call_timeout_factor": 2.0})
    assert limit_seconds(call("c", source_uri=str(path)), timed) == pytest.approx(160.0, abs=0.5)
    assert limit_seconds(call("c", source_uri=str(tmp_path / "none.wav")), timed) == 100.0
    assert limit_seconds(call("c", source_uri="s3://bucket/c.wav"), timed) == 100.0 + 2 * 3600


def test_a_process_that_dies_before_its_first_call_costs_no_call(settings: Settings) -> None:
    calls = [call(f"good{number}") for number in range(6)]
    with Workers(settings.model_copy(update={"workers": 2}), worker=DIES_ONCE) as workers:
        outcomes = {one.call_id: outcome for one, outcome in workers.listen(calls)}
    assert outcomes.keys() == {one.call_id for one in calls}
    assert all(isinstance(outcome, Conversation) for outcome in outcomes.values())
    assert (settings.cache / "died").is_file()


def test_a_disk_that_does_not_answer_may_pass_and_a_full_one_ends_the_run(settings: Settings, rubrics: dict) -> None:
    few = settings.model_copy(update={"retries": 0})
    (failure,) = run(few, rubrics, call("good1"), call("flaky")).failures
    assert (failure.error_type, failure.transient) == ("ReadFailed", True)
    with pytest.raises(EnvironmentNotReady, match="No space left"):
        run(few, rubrics, call("full"))
    assert rows(engine.open_store(few), "select call_id from failures") == [{"call_id": "flaky"}]


def test_processes_that_never_begin_are_told(settings: Settings) -> None:
    with pytest.raises(EnvironmentNotReady, match="before they could begin a call"), Workers(settings, worker=NEVER_BEGINS) as workers:
        list(workers.listen([call("good1")]))
