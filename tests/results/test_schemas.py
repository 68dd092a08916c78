"""Results roots as older versions wrote them stay readable, can be scored again and take new rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable

from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.report.data import load_report
from qa_pipeline.report.figures import summarise
from qa_pipeline.results.query import rows
from qa_pipeline.results.tables import TABLES
from qa_pipeline.results.verify import verify_results
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.running import engine
from qa_pipeline.running.isolation import Workers
from qa_pipeline.running.rescoring import Selection, plan_rescoring, rescore
from qa_pipeline.settings import Settings, load_settings
from tests.results.make_schema import FOLDER, calls
from tests.workers import FAKE

VERSIONS = sorted((path.name for path in FOLDER.iterdir()), key=lambda name: int(name[1:]))


@pytest.fixture(params=VERSIONS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    shutil.copytree(FOLDER / request.param, tmp_path / "results")
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", workers=1)


def test_what_older_versions_wrote_is_read(settings: Settings) -> None:
    store = engine.open_store(settings)
    found = verify_results(store)
    assert found.faults == ()
    assert {table.name: table.rows for table in found.tables if table.name in ("calls", "scores", "failures")} == {
        "calls": 2,
        "scores": 2,
        "failures": 1,
    }
    scored = rows(store, "select call_id, percent is not null as told from current_scores order by 1")
    assert scored == [{"call_id": "good1", "told": True}, {"call_id": "good2", "told": True}]
    assert [group.calls for group in summarise(store, ("team",))] == [2]
    report = load_report(store, settings)
    assert (len(report.calls), len(report.failures)) == (2, 1)
    assert all(item.utterances for item in report.calls)


def test_it_is_scored_again_and_takes_new_rows(settings: Settings) -> None:
    store, rubrics = engine.open_store(settings), load_rubrics(settings.rubrics)
    plan = plan_rescoring(store, rubrics, select=Selection(), purpose="trial")
    assert rescore(plan, settings, store, rubrics, workers=1).failures == ()
    again = engine.plan(Intake(calls=calls()), settings, store, rubrics, purpose="official", force=True)
    with Workers(settings, worker=FAKE) as workers:
        assert engine.run(again, settings, store, rubrics, purpose="official", workers=workers).processed == 2
    found = verify_results(store)
    assert found.faults == ()
    assert rows(store, "select count(*) n from current_scores") == [{"n": 2}]
    store.compact()
    assert verify_results(store).faults == ()


def test_the_newest_kept_root_has_every_column_of_today() -> None:
    """Fails when tables.py has changed: then `python -m tests.results.make_schema vN` keeps what is written now."""
    newest = FOLDER / VERSIONS[-1]
    for name, table in TABLES.items():
        kept = {field.name for field in DeltaTable(newest / name).schema().fields}
        assert set(table.schema.names) <= kept, f"{name} has new columns"
