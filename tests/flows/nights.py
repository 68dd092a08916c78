"""Nights of calls that exist by name, by the flow under the real Prefect."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import copy_shipped

# In a process of its own: Prefect configures itself at import, and its server threads outlive a test.
DRIVER = """
import sys
from flows import nightly
from tests import workers
nightly.worker = workers.FAKE
if __name__ == "__main__":
    sys.exit(nightly.main(sys.argv[1:]))
"""


def night(tmp_path: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A night of four calls, two of which cannot be listened to. Listening is a stand-in."""
    calls = tmp_path / "calls"
    calls.mkdir()
    lines = ["file,call_id,direction"]
    for name in ("good1", "good2", "crash", "broken"):
        (calls / f"{name}.wav").write_bytes(name.encode())
        lines.append(f"{name}.wav,{name},outbound")
    (calls / "calls.csv").write_text("\n".join(lines), "utf-8")
    env = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PYTHONPATH": str(PACKAGE_ROOT), **environment}
    env["QA_PIPELINE_RUBRICS"] = str(copy_shipped("followup", tmp_path / "rubrics"))
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER, "utf-8")
    arguments = [sys.executable, str(driver), str(calls), "--results", str(tmp_path / "results"), *options]
    return subprocess.run(arguments, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=1800, check=False)


def assert_night_went_well(tmp_path: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    store = open_store(load_settings(results=str(tmp_path / "results")))
    assert {row["call_id"] for row in rows(store, "select call_id from current_scores")} == {"good1", "good2"}
    assert {row["call_id"] for row in rows(store, "select call_id from current_failures")} == {"crash", "broken"}
    assert "2 failed" in done.stdout + done.stderr
