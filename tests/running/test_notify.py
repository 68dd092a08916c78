"""Who is told of a run, and what watches read."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from qa_pipeline.running.failures import Failure
from qa_pipeline.running.notify import notify
from qa_pipeline.running.observe import JsonLog, RunMetrics, observed
from qa_pipeline.running.progress import Event
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import load_settings

FAILURE = Failure(
    call_id="c", source_uri="/calls/c.wav", audio_sha256=None, stage="decode", error_type="RecordingError", message="broken", advice="copy",
    transient=False,
)  # fmt: skip
SUMMARY = Summary(run_id="r1", found=9, processed=5, scored=4, skipped=2, unscored=1, failures=(FAILURE,), seconds=2.0, updated=1, left=3)


def test_a_command_gets_the_summary_on_its_input(tmp_path: Path) -> None:
    target = tmp_path / "told.json"
    assert notify(SUMMARY, load_settings(notify_command=f"cat > {target}")) == []
    told = json.loads(target.read_text())
    assert (told["run_id"], told["processed"], told["failed"], told["left"]) == ("r1", 5, 1, 3)
    assert told["failures"] == [{"source_uri": "/calls/c.wav", "stage": "decode", "message": "broken", "advice": "copy"}]


def test_a_command_that_fails_is_a_warning() -> None:
    (wrong,) = notify(SUMMARY, load_settings(notify_command="echo no >&2; exit 3"))
    assert wrong == "notify_command ended with 3: no"


class _Hook(BaseHTTPRequestHandler):
    bodies: list[bytes] = []  # noqa: RUF012  # of the test's one server

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_webhook_gets_it_posted() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        assert notify(SUMMARY, load_settings(notify_webhook=f"http://127.0.0.1:{server.server_port}/hook")) == []
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert json.loads(_Hook.bodies[-1])["found"] == 9


def test_a_webhook_that_is_away_is_a_warning() -> None:
    (wrong,) = notify(SUMMARY, load_settings(notify_webhook="http://127.0.0.1:9/hook"))
    assert "notify_webhook did not take the summary" in wrong


def test_log_lines_are_json() -> None:
    stream = io.StringIO()
    with JsonLog(stream) as log:
        log.on_event(Event(kind="failed", call_id="c1", done=1, total=2, text="broken"))
        log.on_event(Event(kind="stage", text="fitting"))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["call_id"], first["text"]) == ("call.failed", "warning", "c1", "broken")
    assert (second["event"], second["level"], "call_id" in second) == ("stage", "info", False)


def test_counts_go_on_from_the_night_before(tmp_path: Path) -> None:
    settings = load_settings(metrics_file=str(tmp_path / "qa.prom"))
    for _ in range(3):
        assert observed(SUMMARY, settings) == []
    text = (tmp_path / "qa.prom").read_text()
    assert 'qa_calls_total{outcome="processed"} 15.0' in text
    assert "qa_runs_total 3.0" in text


@pytest.mark.parametrize("text", ["", "no such form {", "qa_runs_total many\n"])
def test_counts_begin_at_nothing_where_the_file_holds_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "qa.prom").write_text(text, "utf-8")
    observed(SUMMARY, load_settings(metrics_file=str(tmp_path / "qa.prom")))
    assert "qa_runs_total 1.0" in (tmp_path / "qa.prom").read_text()


def test_counts_are_written_for_prometheus_and_answered(tmp_path: Path) -> None:
    settings = load_settings(metrics_file=str(tmp_path / "metrics" / "qa.prom"))
    metrics = RunMetrics()
    observed(SUMMARY, settings, metrics)
    observed(SUMMARY, settings, metrics)
    text = (tmp_path / "metrics" / "qa.prom").read_text()
    assert 'qa_calls_total{outcome="processed"} 10.0' in text
    assert "qa_last_run_failed_calls 1.0" in text
    assert "qa_runs_total 2.0" in text
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    metrics.serve(port)
    assert "qa_last_run_left_calls 3.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=120).text
