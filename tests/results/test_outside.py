"""A batch leaves no file outside the tables that is not listed."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import main
from qa_pipeline.reading.stored import Selection
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.recordings.known_files import KnownFiles
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.outside import OUTSIDE, Place, unlisted
from qa_pipeline.results.tables import TABLES
from qa_pipeline.running.batch import carry_out_piece, claimed
from qa_pipeline.running.isolation import WorkerProcesses
from qa_pipeline.running.pieces import write_piece
from qa_pipeline.running.plan import plan
from qa_pipeline.running.rescoring import plan_rescoring, rescore
from qa_pipeline.settings import load_settings
from qa_pipeline.text.norm_cache import save_norm_cache
from tests.results.make_schema import calls
from tests.rubric.built_rubrics import all_shipped
from tests.running.batches import run_here
from tests.workers import FAKE

pytestmark = pytest.mark.slow


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_batch_its_night_and_its_report_leave_only_what_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, cache, temporary = tmp_path / "results", tmp_path / "cache", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    settings = load_settings(results=str(results), cache=cache, workers=1)
    (tmp_path / "a.wav").write_bytes(b"sound")
    KnownFiles(settings.work / "files.sqlite").sha256(str(tmp_path / "a.wav"))
    with WorkerProcesses(settings, worker=FAKE) as workers:
        run = run_here(settings, all_shipped(), workers=workers)
        whole = plan(Intake(calls=calls()), run)
        with claimed(whole, run) as mine:
            write_piece(mine, settings.results, run.run_id, 0)
            carry_out_piece(mine, run)
            under_way = [files_below(folder) for folder in (results, cache, temporary)]
    trial = replace(run, purpose="trial").anew()
    assert rescore(plan_rescoring(trial, select=Selection()), trial, workers=1).failures == ()
    shown = CliRunner().invoke(main, ["report", "--results", str(results)], env={"QA_PIPELINE_CACHE": str(cache)})
    assert shown.exit_code == 0, shown.output
    save_norm_cache()
    left = [files_below(folder) for folder in (results, cache, temporary)]
    for found in (under_way, left):
        beside_tables = [path for path in found[0] if path.partition("/")[0] not in TABLES]
        assert unlisted(beside_tables, Place.RESULTS) == []
        assert unlisted(found[1], Place.CACHE) == []
        assert unlisted(found[2], Place.TEMPORARY) == []
    assert any(path.startswith("_claims/") for path in under_way[0]) and any(path.startswith("_nights/") for path in under_way[0])
    assert {"report.html", f"_nights/{run.run_id}/000000.json"} <= set(left[0]) and "work/files.sqlite" in left[1]
    assert left[2] == []


def test_what_nobody_listed_is_noticed() -> None:
    assert unlisted(["_nights/n/1.json", "transcripts/c1.txt", "report.html"], Place.RESULTS) == ["transcripts/c1.txt"]
    assert unlisted(["report.html"], Place.CACHE) == ["report.html"]


def test_every_entry_says_who_writes_it_and_when_it_goes() -> None:
    assert len({one.name for one in OUTSIDE}) == len(OUTSIDE)
    assert all(one.patterns and one.by and one.until for one in OUTSIDE)
    # What is sent away or lies where Prometheus reads it holds no words of callers.
    sent = {one.name for one in OUTSIDE if one.place is Place.NAMED and Kind.WORDS in one.holds}
    assert sent == {"exports", "pages of differences"}
