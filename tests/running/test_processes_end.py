"""Worker processes end quietly: what they hold of the system is given back, and nothing is said of it on the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT

pytestmark = pytest.mark.slow

# A process takes a second to end, and is asked a second time while it does.
ASKED_TWICE = """
import multiprocessing
import time
from multiprocessing.util import Finalize

from pebble.pool import process

from qa_pipeline.running.processes import worker_pool

held = []

def start():
    Finalize(None, time.sleep, args=(1.0,), exitpriority=5)
    held.extend(multiprocessing.get_context("spawn").RLock() for _ in range(3))

def work(number):
    return number + 1

if __name__ == "__main__":
    stop = process.stop_process
    process.stop_process = lambda one: (time.sleep(0.5), stop(one))
    with worker_pool(1, start) as pool:
        print(pool.schedule(work, args=[1]).result())
"""


def test_a_process_that_is_asked_twice_to_end_gives_everything_back(tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(ASKED_TWICE, "utf-8")
    env = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    done = subprocess.run([sys.executable, str(driver)], env=env, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")
