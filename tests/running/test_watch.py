"""Watch mode: files that still grow wait, what is there is done once, trouble does not end it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.night import Night
from qa_pipeline.running.record import Summary
from qa_pipeline.running.watch import Arrivals, Watcher
from qa_pipeline.settings import load_settings
from tests.running.batches import run_here

pytestmark = pytest.mark.slow


def test_a_file_is_taken_when_it_has_stayed_as_it_is() -> None:
    clock = [0.0]
    arrivals = Arrivals(10.0, clock=lambda: clock[0])
    assert arrivals.look({"a": 1}) == {"a"}
    clock[0] = 6.0
    assert arrivals.look({"a": 2, "b": 1}) == {"a", "b"}
    clock[0] = 15.9
    assert arrivals.look({"a": 2, "b": 1}) == {"a", "b"}
    clock[0] = 16.0
    assert arrivals.look({"a": 2, "b": 1}) == set()
    # Written to again: it waits again. One that is gone is forgotten.
    clock[0] = 17.0
    assert arrivals.look({"a": 3}) == {"a"}
    assert len(arrivals._seen) == 1


def test_a_file_that_another_may_belong_to_waits_for_it_ten_times_as_long() -> None:
    clock = [0.0]
    arrivals = Arrivals(10.0, clock=lambda: clock[0])
    arrivals.look({"c-in.wav": 1, "d.wav": 1}, {"c-in.wav"})
    clock[0] = 99.0
    assert arrivals.look({"c-in.wav": 1, "d.wav": 1}, {"c-in.wav"}) == {"c-in.wav"}
    # The other has come: both wait until both have settled.
    assert arrivals.look({"c-in.wav": 1, "c-out.wav": 1}) == {"c-out.wav"}
    clock[0] = 100.0
    assert arrivals.look({"c-in.wav": 1}, {"c-in.wav"}) == set()


def test_what_a_person_should_know_of_the_files_is_told_once(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    (calls / "one.vox").write_bytes(b"one")
    settings = load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", settle_seconds=0.0)
    warnings: list[str] = []
    watcher = Watcher(
        night=Night(sources=[str(calls)], defaults=Defaults()),
        run=run_here(settings, {"followup": load_rubric(settings.rubrics / "followup.yaml")}), interval=0.01,
    )  # fmt: skip
    thread = threading.Thread(target=watcher.watch, kwargs={"on_warning": warnings.append})
    thread.start()
    try:
        deadline = time.monotonic() + 600
        while not warnings and time.monotonic() < deadline:
            time.sleep(0.05)
        (calls / "two.vox").write_bytes(b"two")
        while len(warnings) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
    finally:
        watcher.stop.set()
        thread.join(timeout=600)
    assert [warning[:36] for warning in warnings] == ["1 file with other endings is left: .", "2 files with other endings are left:"]


def test_recordings_are_done_as_they_come(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    settings = load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", settle_seconds=2.0)
    summaries: list[Summary] = []
    wrong: list[str] = []
    watcher = Watcher(
        night=Night(sources=[str(calls)], defaults=Defaults(direction="outbound")),
        run=run_here(settings, {"followup": load_rubric(settings.rubrics / "followup.yaml")}), interval=0.1,
    )  # fmt: skip
    thread = threading.Thread(target=watcher.watch, kwargs={"on_summary": summaries.append, "on_warning": wrong.append})
    thread.start()

    def scored() -> int:
        found: int = rows(open_store(settings), "select count(*) n from current_scores")[0]["n"]
        return found

    def until(count: int) -> None:
        deadline = time.monotonic() + 600
        while scored() < count and time.monotonic() < deadline:
            time.sleep(0.1)
        assert scored() == count

    try:
        (calls / "one.wav").write_bytes(b"one")
        until(1)
        # Metadata with a fault stop nothing for good: they are told once, and looked at again.
        (calls / "calls.csv").write_text("file,direction\none.wav,sideways\n", "utf-8")
        deadline = time.monotonic() + 600
        while not wrong and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert len(wrong) == 1
        assert "fault" in wrong[0]
        (calls / "calls.csv").unlink()
        with (calls / "two.wav").open("wb") as file:
            for _ in range(4):
                file.write(b"more")
                file.flush()
                time.sleep(0.2)
            assert scored() == 1
        until(2)
    finally:
        watcher.stop.set()
        thread.join(timeout=600)
    assert not thread.is_alive()
    assert [summary.processed for summary in summaries] == [1, 1]
