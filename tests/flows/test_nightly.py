"""The nightly flow under the real Prefect: with the server it starts by itself, and against one. Listening is a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

pytestmark = [pytest.mark.prefect, pytest.mark.models]

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
    calls = tmp_path / "calls"
    calls.mkdir()
    lines = ["file,call_id,direction"]
    for name in ("good1", "good2", "crash", "broken"):
        (calls / f"{name}.wav").write_bytes(name.encode())
        lines.append(f"{name}.wav,{name},outbound")
    (calls / "calls.csv").write_text("\n".join(lines), "utf-8")
    env = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PYTHONPATH": str(PACKAGE_ROOT), **environment}
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


def test_it_runs_with_no_server_set_up(tmp_path: Path) -> None:
    # Nor a home of Prefect's: the first flow of a new machine makes it and its database.
    environment = {"PREFECT_API_URL": "", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}
    assert not (tmp_path / "prefect").exists()
    done = night(tmp_path, **environment)
    assert_night_went_well(tmp_path, done)
    assert done.stderr.startswith("Starting a temporary Prefect server.")


def test_it_runs_against_a_server_and_leaves_a_summary_there(tmp_path: Path, server: str) -> None:
    assert_night_went_well(tmp_path, night(tmp_path, "--separate-scoring", "--batch-calls", "2", PREFECT_API_URL=server))
    found = httpx.post(f"{server}/artifacts/filter", json={"artifacts": {"key": {"any_": ["nightly-summary"]}}}, timeout=120).json()
    (run,) = rows(open_store(load_settings(results=str(tmp_path / "results"))), "select run_id from runs")
    (told,) = [artifact["data"] for artifact in found if f"Run {run['run_id']}," in artifact["data"]]
    assert "| processed | 2 |" in told
    assert "| failed | 2 |" in told
