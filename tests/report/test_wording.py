"""What a scorecard calls its criteria: the words of the very version that judged."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from report_rows import call_report, finding, report_data
from rich.console import Console

from qa_pipeline.conversation.written import conversation
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.viewer import MACHINE, local_viewer
from qa_pipeline.report.clips import Clips
from qa_pipeline.report.data import ReportData, load_call, load_report
from qa_pipeline.report.html import render
from qa_pipeline.report.terminal import show_calls, show_scorecard
from qa_pipeline.report.wording import CriterionWords
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import Settings, load_settings


def report_of(store: Store, settings: Settings, call_id: str) -> ReportData:
    engine = open_database(settings)
    catch_up(engine, store)
    return load_call(store, engine, settings, local_viewer("root"), call_id)


def rubric(name: str, title: str, *, version: int = 1, status: str = "stable") -> Rubric:
    greeting = {"id": "greeting", "status": status, "check": "phrase", "phrases": {"en": ["good day"]}, "weight": 10}
    greeting |= {"title": {"en": title}, "advice": {"en": f"{title}, please."}}
    turns = {"id": "turns", "status": "stable", "check": "metric", "metric": "turns", "at_least": 1, "weight": 10}
    data = {"id": name, "version": version, "sections": [{"id": "all", "criteria": [greeting, turns]}]}
    return Rubric.model_validate_json(json.dumps(data))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(str(tmp_path / "results"), timezone="UTC", code_version="0")
    made.prepare()
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "rubrics").mkdir()
    return load_settings(results=str(tmp_path / "results"), rubrics=tmp_path / "rubrics")


def put(store: Store, call_id: str, by: Rubric, *, purpose: str = "official", keep: bool = True) -> None:
    heard = conversation("0:00 agent: hello there.", "0:03 customer: hi.", language="en", call_id=call_id)
    heard = replace(heard, conversation_id=call_id * 8)
    store.write_conversations([heard], run_id="r")
    store.write_scores([score(heard, prepare(by, {}))], purpose=purpose, run_id="r")
    if keep:
        freeze([by], store)


def written(data: ReportData, call_id: str | None = None) -> str:
    console = Console(file=StringIO(), width=160)
    if call_id:
        show_scorecard(data, call_id, console)
    else:
        show_calls(data, console)
    return console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO


def page(data: ReportData) -> str:
    return render(data, Clips(sounds={}, faults={}), folder=Path("/reports"))


@pytest.mark.slow
def test_each_call_is_told_in_the_words_of_its_own_rubric(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("hotline", "Says hotline"))
    put(store, "two", rubric("followup", "Says follow-up"))
    assert "Says hotline: not met" in written(report_of(store, settings, "one"), "one")
    assert "Says follow-up: not met" in written(report_of(store, settings, "two"), "two")
    both = page(load_report(store, settings, MACHINE))
    assert "Says hotline, please." in both and "Says follow-up, please." in both


def test_a_call_keeps_the_words_of_the_version_that_scored_it(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("hotline", "As it was"))
    put(store, "two", rubric("hotline", "As it is", version=2))
    assert "As it was: not met" in written(report_of(store, settings, "one"), "one")


@pytest.mark.slow
def test_a_column_over_criteria_of_other_words_has_the_words_of_none(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("hotline", "Says hotline"))
    put(store, "two", rubric("followup", "Says follow-up"))
    data = load_report(store, settings, MACHINE)
    assert data.titles_of("greeting") == {}
    assert data.criteria == ("greeting", "turns")


def test_words_that_are_kept_nowhere_are_not_taken_from_another_rubric(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("gone", "Lost"), purpose="trial", keep=False)
    put(store, "two", rubric("hotline", "Says hotline"))
    (settings.rubrics / "gone.yaml").write_text("id: gone\n  version: [", "utf-8")
    told = written(report_of(store, settings, "one"), "one")
    assert "greeting: not met" in told
    assert "hotline" not in told


@pytest.mark.slow
def test_a_trial_is_shown_as_one_and_counts_nowhere(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("hotline", "Says hotline"), purpose="trial")
    told = written(report_of(store, settings, "one"), "one")
    assert "No rubric applies" not in told
    assert "A trial: it does not count." in told and "Says hotline: not met" in told
    both = load_report(store, settings, MACHINE)
    assert "hotline (trial)" in written(both)
    assert "<dt>scored</dt><dd>0</dd>" in page(both)


def test_an_official_score_hides_trials(store: Store, settings: Settings) -> None:
    put(store, "one", rubric("hotline", "Official"))
    put(store, "one", rubric("followup", "Trial"), purpose="trial")
    data = report_of(store, settings, "one")
    assert [data.words_of(row).title["en"] for row in data.calls[0].findings if row["criterion_id"] == "greeting"] == ["Official"]


def drafted(**values: Any) -> ReportData:
    row = finding("new_idea", "not_met", **values)
    return report_data(call_report(findings=(row, finding("greeting", "met"))), words={"new_idea": CriterionWords(is_draft=True)})


def test_a_draft_looks_like_no_fault() -> None:
    assert "(✗)" in written(drafted())
    told = written(drafted(), "call")
    assert "(✗) new idea: not met (draft: does not count)" in told
    assert "(0/10)" not in told
    text = page(drafted())
    assert 'class="finding draft"' in text and 'class="finding not_met"' not in text
    assert "not met, draft: does not count" in text
    assert "<b>0 %</b>" not in text


@pytest.mark.parametrize("outcome", ["met", "not_met"])
def test_a_reason_that_retention_deleted_is_said_to_be_gone(outcome: str) -> None:
    data = report_data(call_report(findings=(finding("greeting", outcome, reason=None),)))
    for told in (written(data, "call"), page(data)):
        assert "None" not in told
        assert "The words of this call are not kept any more." in told
