"""Drafts: kept for each account, saved onto the file they were made of, and looked at as if they were saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.people import add_account
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.drafts import bench_settings, drafts_of, drop_draft, keep_draft, open_file, save_draft, texts_of
from tests.trainer.desk import SERVICE, desk, service_folder

EDITED = SERVICE.replace("version: 1", "version: 2")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return desk(tmp_path, service_folder(tmp_path / "rubrics"))


@pytest.fixture
def engine(settings: Settings) -> Engine:
    engine = open_database(settings)
    bring_up(engine)
    for name in ("piotr", "zofia"):
        add_account(engine, name, roles=[Role.TRAINER])
    return engine


def test_what_was_written_is_there_again_for_its_writer_alone(settings: Settings, engine: Engine) -> None:
    seen = open_file(engine, settings, 1, "service.yaml")
    keep_draft(engine, 1, "service.yaml", "id: half", based_on=seen.based_on)
    keep_draft(engine, 1, "service.yaml", EDITED, based_on=seen.based_on)
    mine, theirs = (open_file(engine, settings, account, "service.yaml") for account in (1, 2))
    assert (mine.text, mine.is_changed_outside, theirs.text) == (EDITED, False, SERVICE)
    drop_draft(engine, 1, "service.yaml")
    assert open_file(engine, settings, 1, "service.yaml").text == SERVICE


def test_a_draft_is_saved_and_gone(settings: Settings, engine: Engine) -> None:
    keep_draft(engine, 1, "service.yaml", EDITED, based_on=open_file(engine, settings, 1, "service.yaml").based_on)
    assert save_draft(engine, settings, 1, "service.yaml").text == EDITED
    assert drafts_of(engine, 1) == {}
    with pytest.raises(InputRefused, match="unsaved"):
        save_draft(engine, settings, 1, "service.yaml")


def test_a_file_that_was_changed_outside_is_not_written_over(settings: Settings, engine: Engine) -> None:
    keep_draft(engine, 1, "service.yaml", EDITED, based_on=open_file(engine, settings, 1, "service.yaml").based_on)
    outside = SERVICE + "# by another editor\n"
    (settings.rubrics / "service.yaml").write_text(outside, "utf-8")
    both = open_file(engine, settings, 1, "service.yaml")
    assert (both.is_changed_outside, both.text, both.sheet.text) == (True, EDITED, outside)
    with pytest.raises(Conflict):
        save_draft(engine, settings, 1, "service.yaml")
    assert (settings.rubrics / "service.yaml").read_text("utf-8") == outside
    # Whoever has looked at both says so, and then it is saved.
    keep_draft(engine, 1, "service.yaml", EDITED, based_on=both.sheet.sha256)
    assert save_draft(engine, settings, 1, "service.yaml").text == EDITED


def test_drafts_are_looked_at_as_if_they_were_saved(settings: Settings, engine: Engine) -> None:
    keep_draft(engine, 1, "service.yaml", EDITED, based_on="")
    bench = bench_settings(settings, 1, texts_of(drafts_of(engine, 1)))
    assert load_rubric(bench.rubrics / "service.yaml").version == 2
    assert load_rubric(settings.rubrics / "service.yaml").version == 1
