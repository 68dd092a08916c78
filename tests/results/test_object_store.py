"""A results root in an object store, over HTTP: the same rows as in a folder, also when the store fails and dawdles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings, load_settings
from tests.object_store import BUCKET, ObjectStore, object_store
from tests.rubric.built_rubrics import all_shipped
from tests.running.batches import call, process

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
NAMES = ("good1", "good2", "broken", "good3")


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with warnings.catch_warnings(), object_store() as store:
        warnings.simplefilter("ignore")
        yield store


def run(settings: Settings) -> Summary:
    return process(settings, all_shipped(), *(call(name) for name in NAMES))


def findings(settings: Settings) -> list[tuple[object, ...]]:
    found = rows(open_store(settings), "select call_id, criterion_id, outcome, score_id, evidence_text from current_findings order by all")
    return [tuple(row.values()) for row in found]


def test_the_same_rows_as_in_a_folder_and_nothing_twice(server: ObjectStore, tmp_path: Path) -> None:
    away = load_settings(results=f"s3://{BUCKET}/plain", cache=tmp_path / "cache")
    here = load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache")
    assert (run(away).processed, run(here).processed) == (3, 3)
    assert findings(away) == findings(here) != []
    again = run(away)
    assert (again.processed, again.scored, again.skipped) == (0, 0, 3)
    assert [failure.is_known for failure in again.failures] == [True]
    store = open_store(away)
    assert store.compact()["calls"] == 1
    assert verify_results(store).faults == ()


def test_a_store_that_fails_and_dawdles_loses_and_doubles_nothing(server: ObjectStore, tmp_path: Path) -> None:
    settings = load_settings(results=f"s3://{BUCKET}/trouble", cache=tmp_path / "cache")
    server.trouble, server.delay = 0.1, 0.02
    try:
        assert run(settings).processed == 3
    finally:
        server.trouble, server.delay = 0.0, 0.0
    assert server.troubled > 5
    store = open_store(settings)
    assert rows(store, "select count(*) n, count(distinct call_id) d from calls") == [{"n": 3, "d": 3}]
    assert verify_results(store).faults == ()


def test_commands_read_an_object_store(server: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_RESULTS", f"s3://{BUCKET}/commands")
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path / "cache"))
    run(load_settings())
    assert "Whole." in CliRunner().invoke(main, ["verify-results"]).output
    assert "3 calls, 3 scored" in " ".join(CliRunner().invoke(main, ["status"]).output.split())
    assert "good1" in CliRunner().invoke(main, ["query", "select call_id from current_scores order by 1"]).output
