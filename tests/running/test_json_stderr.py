"""Standard error as JSON lines, whoever writes there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT

PROGRAM = """
import os, subprocess, sys, warnings
from qa_pipeline.running.json_stderr import json_stderr
from qa_pipeline.running.observe import JsonLog
class Broken:
    def __del__(self):
        raise OSError("no such block")
with json_stderr():
    JsonLog().write("began", text="zażółć")
    warnings.warn("old file")
    os.write(2, b"[mp3 @ 0x1] Header missing\\n\\xff\\xfe half a mark\\n")
    subprocess.run([sys.executable, "-c", "1/0"])
    Broken()
    print("{no object", file=sys.stderr)
print("after", file=sys.stderr)
"""


@pytest.mark.slow
def test_every_line_is_an_object_and_a_traceback_is_one() -> None:
    env = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, timeout=120, check=True)
    *lines, last = done.stderr.decode().splitlines()
    assert last == "after"
    told = [json.loads(line) for line in lines]
    assert told[0]["event"] == "began"
    assert told[0]["text"] == "zażółć"
    texts = [one["text"] for one in told]
    assert any("UserWarning: old file" in text for text in texts)
    assert "[mp3 @ 0x1] Header missing" in texts
    (division,) = [text for text in texts if "ZeroDivisionError" in text]
    assert division.startswith("Traceback (most recent call last):")
    (ignored,) = [text for text in texts if "no such block" in text]
    assert ignored.startswith("Exception ignored in")
    assert "Traceback" in ignored
    assert texts[-1] == "{no object"
    assert {one["level"] for one in told if "Error" in one["text"]} == {"error"}


@pytest.mark.slow
def test_a_refusal_is_an_object_too() -> None:
    env = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), "QA_PIPELINE_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "qa_pipeline.cli.main", "run", "nowhere"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["text"]) == ("refused", "error", "nowhere is not there.")
    assert told["advice"].startswith("Name a folder")
