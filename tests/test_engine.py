"""The batch: isolation, repetition, refusal before any work. Listening is a stand-in; pebble, processes and tables are real."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from qa_pipeline import engine
from qa_pipeline.call import Call
from qa_pipeline.errors import EnvironmentNotReady, ModelError, RubricError
from qa_pipeline.isolation import Workers
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.periods import close_period
from qa_pipeline.results.query import rows
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.settings import Settings, load_settings
from tests.workers import FAKE


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
