"""Every trouble that benchmarks/faults.py knows, on a small scale: nothing may be lost or doubled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT


@pytest.mark.models
def test_nothing_is_lost_or_doubled_whatever_happens_to_a_night() -> None:
    command = [sys.executable, "-W", "ignore", str(PACKAGE_ROOT / "benchmarks" / "faults.py"), "--kills", "3", "--calls", "14"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, timeout=3000, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert len(lines) == 11
    assert sum("nothing lost, nothing doubled, whole" in line for line in lines) >= 8
    assert all("nothing lost" in line or "not done: no right to mount" in line for line in lines[1:])
