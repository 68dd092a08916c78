"""A request to end is heard by every command as Ctrl-C is."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli import operators
from qa_pipeline.cli.main import main


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_keeps_what_was_finished_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    given_back = []

    def work(settings: object) -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(60)
        finally:
            given_back.append(True)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(operators, "open_results", work)
    # A shell lets what it starts in the background ignore Ctrl-C.
    of_the_shell = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = CliRunner().invoke(main, ["status", "--results", str(tmp_path)])
    finally:
        signal.signal(signal.SIGINT, of_the_shell)
    assert (done.exit_code, given_back) == (130, [True])
    assert "Stopped. What was finished is kept" in done.output
    assert signal.getsignal(signal.SIGTERM) is before
