"""Worker processes: what hangs, crashes or breaks costs that call only. Listening is a stand-in; pebble, processes and tables are real."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.reading.tables import rows
from qa_pipeline.running import isolation
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.isolation import WorkerProcesses, limit_seconds
from qa_pipeline.running.pace import Pace
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings, load_settings
from tests.running.batches import call, process
from tests.workers import DIES_ONCE, FAKE, NEVER_BEGINS

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        results=str(tmp_path / "results"), cache=tmp_path / "cache", call_timeout_seconds=3.0, threads=1, retry_delay_seconds=0.1
    )


def run(settings: Settings, *names: str, **extra: str) -> Summary:
    """Calls through a batch whose workers are processes; nothing is scored."""
    with WorkerProcesses(settings, worker=FAKE) as workers:
        return process(settings, {}, *(call(name, extra=extra) for name in names), workers=workers)


def test_a_call_that_hangs_crashes_or_breaks_costs_that_call_only(settings: Settings) -> None:
    names = ["good1", "hang", "good2", "crash", "broken", "bug", "good3"]
    summary = run(settings, *names)
    assert (summary.found, summary.processed, summary.failed) == (7, 3, 4)
    store = open_store(settings)
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


def test_what_callers_said_stays_out_of_failures(settings: Settings) -> None:
    run(settings, "bug")
    assert "customer said" not in str(rows(open_store(settings), "select * from failures"))


def test_in_the_daytime_fewer_calls_are_under_way(settings: Settings, tmp_path: Path) -> None:
    by_day = settings.model_copy(update={"workers": 3})
    pace = Pace(daytime=(time(0), time(0)), daytime_workers=1)
    with WorkerProcesses(by_day, worker=FAKE) as workers:
        three = [call(f"alone{number}", extra={"marker": str(tmp_path / "under-way")}) for number in range(3)]
        heard = [(one.call_id, isinstance(outcome, Conversation)) for one, outcome in workers.listen(three, pace=pace)]
    assert heard == [("alone0", True), ("alone1", True), ("alone2", True)]


def test_what_may_pass_is_tried_again_in_the_same_run(settings: Settings, tmp_path: Path) -> None:
    marker = tmp_path / "crashed"
    summary = run(settings, "good1", "once", marker=str(marker))
    assert (summary.processed, summary.failed) == (2, 0)
    assert marker.is_file()
    assert rows(open_store(settings), "select count(*) n from failures") == [{"n": 0}]


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
    with WorkerProcesses(settings.model_copy(update={"workers": 2}), worker=DIES_ONCE) as workers:
        outcomes = {one.call_id: outcome for one, outcome in workers.listen(calls)}
    assert outcomes.keys() == {one.call_id for one in calls}
    assert all(isinstance(outcome, Conversation) for outcome in outcomes.values())
    assert (settings.cache / "died").is_file()


def test_a_disk_that_does_not_answer_may_pass_and_a_full_one_ends_the_run(settings: Settings) -> None:
    few = settings.model_copy(update={"retries": 0})
    (failure,) = run(few, "good1", "flaky").failures
    assert (failure.error_type, failure.transient) == ("ReadFailed", True)
    with pytest.raises(EnvironmentNotReady, match="No space left"):
        run(few, "full")
    assert rows(open_store(few), "select call_id from failures") == [{"call_id": "flaky"}]


def test_processes_that_never_begin_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_MOST_BREAKS", 2)
    with (
        pytest.raises(EnvironmentNotReady, match="ended 2 times before they could begin a call"),
        WorkerProcesses(settings, worker=NEVER_BEGINS) as workers,
    ):
        list(workers.listen([call("good1")]))
