"""Operators' commands as a person runs them, on chats: the real text encoder, no speech model.

Nights by options are told apart by what they plan; one night and watch mode run with real worker processes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import rows
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import copy_shipped
from tests.workers import workers_here

pytestmark = pytest.mark.models

LINES = "0:00 agent: Hello, Anna from Blue Line.\n0:03 customer: Hi, my order has not come.\n0:06 agent: I will look. Thank you, goodbye.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three chats of two days, and a results root that commands find by themselves."""
    made = tmp_path / "chats"
    made.mkdir()
    table = ["file,call_id,direction,started_at,team"]
    for name, day in (("one", 1), ("two", 1), ("three", 2)):
        (made / f"{name}.txt").write_text(LINES.replace("order", f"order {name}"), "utf-8")
        table.append(f"{name}.txt,{name},inbound,2026-05-0{day}T10:00:00,A")
    (made / "calls.csv").write_text("\n".join(table), "utf-8")
    monkeypatch.setenv("QA_PIPELINE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("QA_PIPELINE_WORKERS", "1")
    monkeypatch.setenv("QA_PIPELINE_RUBRICS", str(copy_shipped("hotline", tmp_path / "rubrics")))
    monkeypatch.chdir(tmp_path)
    return made


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def scored() -> list[str]:
    found = rows(open_store(load_settings()), "select call_id from current_scores order by 1")
    return [row["call_id"] for row in found]


def test_nights_by_day_by_call_and_against_the_clock(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_pipeline.running.listen.WorkerProcesses", workers_here)
    late = call("run", str(folder), "--deadline", "2020-01-01T00:00")
    assert (late.exit_code, "3 calls were not begun before the deadline" in late.output) == (4, True)
    assert scored() == []
    target = tmp_path / "told.json"
    os.environ["QA_PIPELINE_NOTIFY_COMMAND"] = f"cat > {target}"
    try:
        some = call("run", str(folder), "--since", "2026-05-02")
    finally:
        del os.environ["QA_PIPELINE_NOTIFY_COMMAND"]
    assert (some.exit_code, scored()) == (0, ["three"]), some.output
    assert json.loads(target.read_text())["processed"] == 1
    one = call("run", str(folder), "--call", "two")
    assert (one.exit_code, scored()) == (0, ["three", "two"]), one.output
    unknown = call("run", str(folder), "--call", "nobody")
    assert (unknown.exit_code, "No recording is call nobody" in unknown.output) == (2, True)
    # What is to be listened to again stays until it has been.
    assert call("run", str(folder), "--call", "two", "--force", "--deadline", "2020-01-01T00:00").exit_code == 4
    assert scored() == ["three", "two"]
    again = call("run", str(folder), "--call", "two", "--force")
    assert "1 processed" in " ".join(again.output.split())
    rest = call("run", str(folder))
    assert (rest.exit_code, scored()) == (0, ["one", "three", "two"]), rest.output
    late_metadata = (folder / "calls.csv").read_text().replace(",A", ",B")
    (folder / "calls.csv").write_text(late_metadata)
    told = call("run", str(folder))
    assert "3 calls were there with other metadata" in told.output
    assert "Whole." in call("verify-results").output
    shown = call("status").output
    assert "3 calls, 3 scored" in " ".join(shown.split())


def test_a_dry_run_tells_what_a_night_would_take(folder: Path) -> None:
    done = call("run", str(folder), "--dry-run", "--deadline", "2020-01-01T00:00")
    text = " ".join(done.output.split())
    assert done.exit_code == 0
    for part in ("3 recordings: 3 to listen to", "as text: 3", "all here", "GB are free", "ending by", "The deadline comes first"):
        assert part in text
    assert not Path("results").exists()


def test_a_dry_run_says_how_metadata_were_read(folder: Path) -> None:
    table = (folder / "calls.csv").read_text().replace(",", ";").replace("direction", "Way").replace("2026-05-02T10:00:00", "1777708800")
    (folder / "calls.csv").write_text(table, "utf-16")
    (folder / "own.yaml").write_text("columns:\n  direction: Way\n")
    done = call("run", str(folder), "--dry-run", "--map", str(folder / "own.yaml"))
    assert done.exit_code == 0, done.output
    for part in (
        "is read as utf-16-le", "separated by semicolons", "direction is read from `Way`", "seconds since 1970 (1777708800 is 2026-05-02 16:00:00+08:00)"
    ):  # fmt: skip
        assert part in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "{folder}", "--since", "whenever"], "last-night"),
        (["run", "{folder}", "--deadline", "soon"], "is no time"),
        (["run", "{folder}", "--priority", "team"], "COLUMN=VALUE"),
        (["run", "{folder}", "--map", "cisco"], "There are: amazon-connect, asterisk"),
        (["retain"], "No retention window is set"),
        (["watch", "{folder}", "--rubric", "rubrics/followup.yaml"], "cannot be tried in watch mode"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa_pipeline.packaged import PACKAGE_ROOT

    monkeypatch.chdir(PACKAGE_ROOT)
    done = call(*(argument.format(folder=folder) for argument in arguments))
    assert (done.exit_code, told in done.output) == (2, True), done.output


def test_old_words_are_deleted_by_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("run", str(folder)).exit_code == 0
    assert files_that_hold("Blue Line") != []
    monkeypatch.setenv("QA_PIPELINE_KEEP_WORDS_DAYS", "1")
    assert "3 calls would lose their words" in call("retain", "--dry-run").output
    assert "3 calls lost their words" in call("retain").output
    assert rows(open_store(load_settings()), "select count(*) n from utterances") == [{"n": 0}]
    assert scored() == ["one", "three", "two"]
    assert "Whole." in call("verify-results").output
    assert files_that_hold("Blue Line") == []


def files_that_hold(words: str) -> list[Path]:
    """Files under the results, also those no table names any more, that hold some words."""
    files = [path for path in Path("results").rglob("*.parquet") if "_delta_log" not in path.parts]
    return [path for path in files if words in str(pq.ParquetFile(path).read().to_pylist())]


def test_watch_mode_ends_on_a_signal_and_logs_json(folder: Path, tmp_path: Path) -> None:
    env = {**os.environ, "QA_PIPELINE_SETTLE_SECONDS": "0.5", "QA_PIPELINE_LOG_FORMAT": "json"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "qa_pipeline.cli.main", "watch", str(folder), "--interval", "0.5"], env=env, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline and len(scored()) < 3 and process.poll() is None:
        time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=900) == 0, (tmp_path / "log").read_text()
    text = (tmp_path / "log").read_text()
    assert scored() == ["one", "three", "two"], text
    events = [json.loads(line)["event"] for line in text.splitlines() if line.startswith("{")]
    assert events.count("call.done") == 3
    assert "Stopped after" in text
