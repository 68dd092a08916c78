"""Watch mode: files that still grow wait, what is there is done once, trouble does not end it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.asking import AskSummary, ask_meanwhile
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.failures import Failure
from qa_pipeline.running.night import Night
from qa_pipeline.running.record import Summary
from qa_pipeline.running.watch import Arrivals, Asking, Watcher
from qa_pipeline.settings import load_settings
from tests.running.batches import run_here
from tests.running.test_ask_nights import honest, settings_for, spoken, stored
from tests.scripted_judge import Response, scripted_judge

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


def test_questions_are_put_after_news_else_now_and_then_and_not_soon_after_a_misfortune() -> None:
    clock = [1.0]
    asking = Asking(clock=lambda: clock[0])
    assert asking.is_due(has_news=False)
    asking.note(None)
    clock[0] = 900.0
    assert (asking.is_due(has_news=False), asking.is_due(has_news=True)) == (False, True)
    clock[0] = 901.0
    assert asking.is_due(has_news=False)
    # Some wait still: the next look goes on.
    asking.note(AskSummary(calls=1, requests=3, left=1))
    assert asking.is_due(has_news=False)
    asking.note(AskSummary(calls=1, requests=3, left=1, failures=(_failure(),)))
    assert not asking.is_due(has_news=True)
    clock[0] = 1_801.0
    assert asking.is_due(has_news=True)


def _failure() -> Failure:
    return Failure(
        call_id="c1", source_uri="c1.wav", audio_sha256=None, stage="ask", error_type="JudgeFailed", message="", advice="", transient=True
    )


def test_watch_mode_asks_what_waits_and_not_more_than_a_day_may_spend(tmp_path: Path) -> None:
    empty = tmp_path / "calls"
    empty.mkdir()
    run = stored(settings_for(tmp_path, None, ask_calls=2, settle_seconds=0.0), *(spoken(n) for n in range(1, 4)))
    told: list[AskSummary] = []
    with scripted_judge(honest) as server:
        run = replace(run, settings=run.settings.model_copy(update={"ask_url": server.url}))
        watcher = Watcher(night=Night(sources=[str(empty)], defaults=Defaults()), run=run, interval=60.0)

        def stop(summary: AskSummary) -> None:
            told.append(summary)
            watcher.stop.set()

        watcher.watch(on_asked=stop)
        assert [(one.calls, one.requests, one.left) for one in told] == [(2, 6, 1)]
        assert ask_meanwhile(run.anew(), seconds=60.0) is None
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        rest = ask_meanwhile(run.anew(), seconds=60.0, now=tomorrow)
        assert rest and (rest.calls, rest.left) == (1, 0)


def test_a_call_about_which_asking_failed_today_is_left_for_tomorrow(tmp_path: Path) -> None:
    run = stored(settings_for(tmp_path, None), spoken(1))
    with scripted_judge(lambda body: Response("{}")) as server:
        run = replace(run, settings=run.settings.model_copy(update={"ask_url": server.url}))
        failed = ask_meanwhile(run, seconds=60.0)
        assert failed and len(failed.failures) == 1
        assert ask_meanwhile(run.anew(), seconds=60.0) is None
        assert ask_meanwhile(run.anew(), seconds=60.0, now=datetime.now(UTC) + timedelta(days=1)) is not None
