"""Forgetting that is killed, wherever it is, is ended by the same command again: nothing of it is left, and all else is as it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from test_places import SAID, make_ground

from qa_pipeline.privacy.forget import left_of, under_way
from qa_pipeline.privacy.going import what_goes
from qa_pipeline.privacy.places import Ground
from qa_pipeline.reading import database
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.tables import decisions
from qa_pipeline.settings import Settings

pytestmark = pytest.mark.slow
_STEPS = 22
_MOST_ROUNDS = 30


def others(store: Store) -> dict[str, list[str]]:
    """Rows of other calls, of every table."""
    rows = {name: store.read(name).to_pylist() for name in TABLES}
    gone = {row["conversation_id"] for row in rows["calls"] if row["call_id"] == "call-gone"}
    return {
        name: sorted(str(row) for row in of_table if row.get("call_id") != "call-gone" and row.get("conversation_id") not in gone)
        for name, of_table in rows.items()
    }


def begin(folder: Path, settings: Settings) -> subprocess.Popen[str]:
    url = database.database_url(settings)
    env = {
        **os.environ,
        **({} if url.startswith("sqlite") else {"QA_PIPELINE_REVIEW_DATABASE": url}),
        "QA_PIPELINE_RESULTS": str(folder / "results"),
        "QA_PIPELINE_CACHE": str(folder / "cache"),
        "QA_PIPELINE_RUBRICS": str(folder / "rubrics"),
        "TMPDIR": str(folder / "temporary"),
    }
    command = [sys.executable, "-m", "qa_pipeline.cli.main", "forget", "--customer", "customer-9", "--exports"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)


def test_killed_at_any_moment_it_is_ended_by_the_same_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(2)
    ground = make_ground(tmp_path, monkeypatch)
    going, before = what_goes(ground.store, ground.settings, customer_id="customer-9"), others(ground.store)
    kills = 0
    for number in range(_MOST_ROUNDS):
        process = begin(tmp_path, ground.settings)
        assert process.stderr is not None
        # Twice at least in its middle; then wherever it may be, the end too.
        step, delay = chance.randint(1, _STEPS if number < 2 else 60), chance.random() * 0.02
        seen = 0
        for line in process.stderr:
            seen += line.startswith("… ")
            if seen == step:
                time.sleep(delay)
                process.kill()
                kills += 1
                break
        process.communicate()
        if process.returncode in (0, 2):
            break
    assert kills >= 2 and process.returncode in (0, 2)
    again = Ground(store=ground.store, settings=ground.settings, engine=ground.engine)
    assert under_way(again.store) == [] and left_of(again, going) == ()
    assert others(again.store) == before and verify_results(again.store).faults == ()
    found = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".parquet" and SAID.encode() in path.read_bytes()]
    assert found == []
    with again.engine.connect() as connection:
        assert connection.execute(select(decisions).where(decisions.c.call_id == "call-gone")).all() == []
