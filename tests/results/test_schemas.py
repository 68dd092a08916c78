"""Results roots as older versions wrote them stay readable, can be scored again and take new rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable

from qa_pipeline.reading.stored import Selection
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.data import load_report
from qa_pipeline.report.figures import summarise
from qa_pipeline.results.tables import TABLES
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.rescoring import plan_rescoring, rescore
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import score
from qa_pipeline.settings import Settings, load_settings
from tests.results.make_schema import FOLDER, calls
from tests.rubric.built_rubrics import all_shipped
from tests.running.batches import process, run_here
from tests.workers import outcome_of

pytestmark = pytest.mark.slow

VERSIONS = sorted((path.name for path in FOLDER.iterdir()), key=lambda name: int(name[1:]))


@pytest.fixture(params=VERSIONS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    shutil.copytree(FOLDER / request.param, tmp_path / "results")
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", workers=1)


def test_what_older_versions_wrote_is_read(settings: Settings) -> None:
    store = open_store(settings)
    found = verify_results(store)
    assert found.faults == ()
    assert {table.name: table.rows for table in found.tables if table.name in ("calls", "scores", "failures")} == {
        "calls": 2,
        "scores": 2,
        "failures": 1,
    }
    scored = rows(store, "select call_id, percent is not null as told from current_scores order by 1")
    assert scored == [{"call_id": "good1", "told": True}, {"call_id": "good2", "told": True}]
    assert [group.calls for group in summarise(store, MACHINE, ("team",))] == [2]
    report = load_report(store, settings, MACHINE)
    assert (len(report.calls), len(report.failures)) == (2, 1)
    assert all(item.utterances for item in report.calls)


def test_what_older_versions_heard_is_scored_as_if_it_were_heard_now_and_once_and_takes_new_rows(settings: Settings) -> None:
    store, run = open_store(settings), run_here(settings, all_shipped())
    unrecorded = rows(store, "select count(*) n from scores where scoring_version is null")[0]["n"]
    plan = plan_rescoring(run, select=Selection())
    # What does not say what judged it is never there already.
    assert len(plan.assignments) >= unrecorded
    assert rescore(plan, run, workers=0).failures == ()
    again = plan_rescoring(run, select=Selection())
    assert (again.standing, dict(again.assignments)) == (2, {})
    for call in calls()[:2]:
        name = rows(store, f"select rubric_id from current_scores where call_id = '{call.call_id}'")[0]["rubric_id"]
        fresh = score(outcome_of(call, None, settings), ready_scorecards({name: run.rubrics[name]}, settings)[name])
        stored = rows(store, f"select criterion_id, outcome, points from current_findings where call_id = '{call.call_id}' order by 1")
        assert stored == sorted(
            ({"criterion_id": f.criterion.id, "outcome": f.outcome.value, "points": f.points} for f in fresh.findings),
            key=lambda row: str(row["criterion_id"]),
        )
    assert process(settings, run.rubrics, *calls(), force=True).processed == 2
    assert verify_results(store).faults == ()
    assert rows(store, "select count(*) n from current_scores") == [{"n": 2}]
    store.compact()
    assert verify_results(store).faults == ()


@pytest.mark.parametrize("settings", VERSIONS[:1], indirect=True)
def test_a_trial_is_scored_beside_what_the_oldest_wrote(settings: Settings) -> None:
    trial = run_here(settings, all_shipped(), purpose="trial")
    assert rescore(plan_rescoring(trial, select=Selection()), trial, workers=0).failures == ()
    assert verify_results(open_store(settings)).faults == ()


def test_the_newest_kept_root_has_every_column_of_today() -> None:
    """Fails when tables.py has changed: then `python -m tests.results.make_schema vN` keeps what is written now."""
    newest = FOLDER / VERSIONS[-1]
    for name, table in TABLES.items():
        kept = {field.name for field in DeltaTable(newest / name).schema().fields}
        assert set(table.schema.names) <= kept, f"{name} has new columns"


def test_compacting_lays_by_days_what_was_not(settings: Settings) -> None:
    store = open_store(settings)
    before = store.read("metrics").num_rows
    store.compact()
    assert DeltaTable(store.path("metrics")).metadata().partition_columns == ["call_date"]
    after = rows(store, "select call_date from metrics")
    assert len(after) == before == 2
    assert all(row["call_date"] is not None for row in after)
    for row in rows(store, "select conversation_id, call_date from calls"):
        assert store.load_one(row["conversation_id"], day=row["call_date"]) == store.load_conversations([row["conversation_id"]])[0]
    assert verify_results(store).faults == ()
