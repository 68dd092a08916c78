"""Retention reaches the review database: decisions go with their calls, words with the words of the call."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from desks import make_desk, reopen
from sqlalchemy import select

from qa_pipeline.cli.main import main
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.correcting import correct_word, swap_roles
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.tables import decisions
from qa_pipeline.settings import Settings

WU = local_viewer("Wu")


@pytest.fixture
def desk(tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = make_desk(tmp_path, database=database)
    monkeypatch.setenv("QA_PIPELINE_RESULTS", desk.store.root)
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path / "cache"))
    if database is not None:
        monkeypatch.setenv("QA_PIPELINE_REVIEW_DATABASE", database)
    settings = Settings(results=desk.store.root, cache=tmp_path / "cache", review_database=database)
    correct_word(desk, WU, settings, "c1", before="hello there", after="good morning")
    swap_roles(desk, WU, settings, "c1")
    return desk


def retain() -> None:
    done = CliRunner().invoke(main, ["retain"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def kept(desk: Desk) -> list[tuple[object, ...]]:
    with desk.engine.connect() as connection:
        asked = select(decisions.c.kind, decisions.c.before, decisions.c.after).order_by(decisions.c.version)
        return [tuple(row) for row in connection.execute(asked)]


@pytest.mark.slow
def test_words_go_from_decisions_with_those_of_the_call(
    desk: Desk, tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept(desk)[0] == ("word_correction", "hello there", "good morning")
    monkeypatch.setenv("QA_PIPELINE_KEEP_WORDS_DAYS", "1")
    retain()
    assert kept(reopen(tmp_path, database=database)) == [("word_correction", None, None), ("role_swap", None, None)]


@pytest.mark.slow
def test_decisions_go_with_their_call(desk: Desk, tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_KEEP_CALLS_DAYS", "1")
    retain()
    again = reopen(tmp_path, database=database)
    assert kept(again) == []
    assert again.store.read("decisions").num_rows == again.store.read("effective_scores").num_rows == 0
