"""The flow that scores stored calls again, under the real Prefect. Rubrics, tables and worker processes are real."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.store import Store
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import write_folder

pytestmark = pytest.mark.prefect

RUBRIC = """
id: service
version: 1
sections:
  - id: all
    criteria:
      - {id: greeting, status: stable, check: phrase, who: agent, phrases: {en: [hello there]}}
"""


def write_rubric(folder: Path, text: str = RUBRIC) -> str:
    """A rubric among situations that never hold: nothing in it needs a model."""
    return str(write_folder(folder, service=text) / "service.yaml")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(load_settings(results=str(tmp_path / "results")))
    for day, name in ((1, "first"), (2, "second")):
        given = {"call_id": name, "source_uri": f"{name}.wav", "started_at": datetime(2026, 5, day, 4, tzinfo=UTC)}
        made = conversation("0:00 agent: hello there.", "0:03 customer: hi.", language="en", **given)
        store.write_conversations([replace(made, conversation_id=name)], run_id="r")
    return store


def flow(tmp_path: Path, server: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What the flow says where there is a server; how it comes by one where there is none is tested in test_prefect_server.py and test_nightly.py."""
    environment = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": server}
    command = [sys.executable, "-m", "flows.rescore", "--results", str(tmp_path / "results"), "--workers", "1", *options]
    env = {**os.environ, "QA_PIPELINE_CACHE": str(tmp_path / "cache"), **environment}
    return subprocess.run(command, env=env, cwd=PACKAGE_ROOT, capture_output=True, text=True, timeout=1800, check=False)


def test_it_scores_the_calls_of_some_dates_by_a_file_as_a_trial(tmp_path: Path, server: str, store: Store) -> None:
    done = flow(tmp_path, server, "--rubric", write_rubric(tmp_path), "--since", "2026-05-02")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert rows(store, "select call_id, purpose, percent from scores") == [{"call_id": "second", "purpose": "trial", "percent": 100.0}]
    assert "1 calls: 1 scored" in done.stdout + done.stderr


def test_a_rubric_with_faults_ends_it_with_their_places(tmp_path: Path, server: str, store: Store) -> None:
    done = flow(tmp_path, server, "--rubric", write_rubric(tmp_path, RUBRIC.replace("hello there", "hello {nosuch}")))
    assert done.returncode == 2, done.stdout[-3000:] + done.stderr[-3000:]
    assert "service.yaml" in done.stderr
    assert rows(store, "select * from scores") == []
