"""Lists made anew by command: from the tables, with what people decided, whatever the index said before."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from desks import make_desk
from sqlalchemy import select, update

from qa_pipeline.call import Outcome
from qa_pipeline.cli.main import main
from qa_pipeline.reading import follow
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk, rebuild_lists
from qa_pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(results=str(tmp_path / "results"))


@pytest.fixture
def desk(tmp_path: Path, settings: Settings) -> Desk:
    make_desk(tmp_path, calls=("c1", "c2"))
    from stored import make_store

    desk = open_desk(settings, make_store(tmp_path))
    decide(desk, local_viewer("Wu"), "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")
    return desk


def listed(desk: Desk) -> list[tuple[object, ...]]:
    column = call_index.c
    asked = select(
        column.call_id, column.percent, column.effective_percent, column.decided_count, column.decisions_version, column.is_behind
    )
    with desk.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(asked.order_by(column.call_id))]


def test_it_says_what_it_said(desk: Desk, settings: Settings) -> None:
    before, told = listed(desk), []
    assert rebuild_lists(settings, desk.store, report=lambda done, total: told.append((done, total))) == 2
    assert listed(desk) == before
    assert told == [(2, 2)]


def test_what_counts_is_worked_out_anew_where_it_is_doubted(desk: Desk, settings: Settings) -> None:
    before = listed(desk)
    with writing(desk.engine) as connection:
        connection.execute(update(call_index).values(effective_percent=1.0, percent=2.0, decided_count=7))
    assert rebuild_lists(settings, desk.store, with_decided=True) == 2
    assert listed(desk) == before


def test_an_index_of_another_form_keeps_what_counts(desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listed(desk)
    monkeypatch.setattr(follow, "FORM", follow.FORM + 1)
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("alter table call_index drop column campaign")
    assert listed(open_desk(settings, desk.store)) == before


def test_the_command_says_how_many_calls_there_are(desk: Desk, settings: Settings) -> None:
    done = CliRunner().invoke(main, ["index", "rebuild", "--decided", "--results", settings.results])
    assert done.exit_code == 0, done.output
    assert "2 calls in the index" in done.output
