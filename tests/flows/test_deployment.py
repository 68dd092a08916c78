"""What needs a real server: a night, a deployment on a schedule, carried out by a worker, and batches on real Dask and Ray clusters.

Of the night listening is a stand-in; else calls are chats, and models are real.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from nights import assert_night_went_well, night
from ruamel.yaml import YAML
from server import PATIENCE

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import copy_shipped

pytestmark = [pytest.mark.prefect, pytest.mark.models]

CHAT = '{{"call_id": "c{n}", "role": "agent", "text": "Hello, Anna from Blue Line, how can I help you?"}}\n' \
    '{{"call_id": "c{n}", "role": "customer", "text": "My order {n} has not come."}}\n' \
    '{{"call_id": "c{n}", "role": "agent", "text": "I will look at once. Is there anything else? Thank you, goodbye."}}\n'  # fmt: skip
FINDINGS = "select call_id, criterion_id, outcome, points, evidence_text, score_id from current_findings order by all"


def chats(folder: Path, count: int) -> Path:
    folder.mkdir()
    (folder / "chats.jsonl").write_text("".join(CHAT.format(n=n) for n in range(count)), "utf-8")
    (folder / "calls.csv").write_text("file,direction,rubric\nchats.jsonl,inbound,chat_support\n", "utf-8")
    return folder


def command(*arguments: str, env: dict[str, str], timeout: float = 1800.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd=PACKAGE_ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_a_scheduled_night_is_carried_out_by_a_worker(tmp_path: Path, server: str) -> None:
    shipped = YAML(typ="safe").load((PACKAGE_ROOT / "flows" / "prefect.yaml").read_text("utf-8"))
    (deployment,) = shipped["deployments"]
    deployment["parameters"] = {"sources": [str(chats(tmp_path / "chats", 3))], "results": str(tmp_path / "results")}
    deployment["schedules"] = [{"cron": "* * * * *", "timezone": "UTC"}]
    with (tmp_path / "prefect.yaml").open("w") as file:
        YAML().dump(shipped, file)
    env = {
        **os.environ, "PREFECT_HOME": str(tmp_path / "client"), "PREFECT_API_URL": server, "PYTHONPATH": str(PACKAGE_ROOT),
        "QA_PIPELINE_RUBRICS": str(copy_shipped("chat_support", tmp_path / "rubrics")), "QA_PIPELINE_WORKERS": "1",
    }  # fmt: skip
    for arguments in (
        ("work-pool", "create", "default", "--type", "process"),
        ("--no-prompt", "deploy", "--all", "--prefect-file", str(tmp_path / "prefect.yaml")),
    ):
        done = command("-m", "prefect", *arguments, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", "default"], env=env, cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        ended: list[dict[str, object]] = []
        deadline = time.monotonic() + PATIENCE
        while not ended and time.monotonic() < deadline:
            time.sleep(2)
            found = httpx.post(f"{server}/flow_runs/filter", json={}, timeout=120).json()
            ended = [run for run in found if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED") and run["deployment_id"]]
    finally:
        worker.terminate()
        try:
            worker.wait(timeout=60)
        except subprocess.TimeoutExpired:
            # On a busy machine Prefect may take longer to stop than anybody wants to wait; what it did is looked at below.
            worker.kill()
            worker.wait(timeout=60)
    assert [run["state_type"] for run in ended] == ["COMPLETED"], (tmp_path / "worker.log").read_text()[-3000:]
    assert ended[0]["auto_scheduled"]
    left = httpx.post(f"{server}/artifacts/filter", json={}, timeout=120).json()
    assert {"nightly-summary", "nightly-throughput"} <= {one["key"] for one in left if one["flow_run_id"] == ended[0]["id"]}
    # How far a night is belongs to no task.
    assert "nightly-progress" in {one["key"] for one in left}
    store = open_store(load_settings(results=str(tmp_path / "results")))
    assert rows(store, "select count(*) n from current_scores") == [{"n": 3}]
    assert verify_results(store).faults == ()


def test_a_night_runs_against_a_server_and_leaves_a_summary_there(tmp_path: Path, server: str) -> None:
    assert_night_went_well(tmp_path, night(tmp_path, "--separate-scoring", "--batch-calls", "2", PREFECT_API_URL=server))
    found = httpx.post(f"{server}/artifacts/filter", json={"artifacts": {"key": {"any_": ["nightly-summary"]}}}, timeout=120).json()
    (run,) = rows(open_store(load_settings(results=str(tmp_path / "results"))), "select run_id from runs")
    (told,) = [artifact["data"] for artifact in found if f"Run {run['run_id']}," in artifact["data"]]
    assert "| processed | 2 |" in told
    assert "| failed | 2 |" in told


def test_clusters_find_what_one_process_finds(tmp_path: Path, server: str) -> None:
    folder = chats(tmp_path / "chats", 6)
    env = {
        **os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": server,
        "PYTHONPATH": str(PACKAGE_ROOT), "QA_PIPELINE_WORKERS": "1", "RAY_USAGE_STATS_ENABLED": "0",
        "QA_PIPELINE_RUBRICS": str(copy_shipped("chat_support", tmp_path / "rubrics")),
    }  # fmt: skip
    found = {where: carried_out(where, folder, tmp_path / where, env) for where in ("here", "dask", "ray")}
    assert found["here"] == found["dask"] == found["ray"] != []


def carried_out(where: str, folder: Path, results: Path, env: dict[str, str]) -> list[dict[str, object]]:
    """Findings of a night, in this process (scoring apart) or on a cluster."""
    done = command(
        "-m", "flows.nightly", str(folder), "--results", str(results), "--runner", where, "--batch-calls", "2",
        *(["--separate-scoring"] if where == "here" else []), env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    store = open_store(load_settings(results=str(results)))
    assert verify_results(store).faults == ()
    assert not list((results / "_nights").iterdir())
    assert rows(store, "select processed, scored, failed from runs") == [{"processed": 6, "scored": 6, "failed": 0}]
    return rows(store, FINDINGS)
