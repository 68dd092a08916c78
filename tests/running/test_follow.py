"""A run brings the index of calls up; a database that is away costs it nothing but a line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from stored import heard, make_score

from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.index import call_index
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.follow import bring_up_lists
from qa_pipeline.running.progress import Event
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings


def committed(settings: Settings, told: list[Event]) -> Run:
    store = open_store(settings)
    store.prepare()
    spoken = heard(started_at=datetime(2026, 5, 11, 4, tzinfo=UTC))
    store.write_conversations([spoken], run_id="r")
    store.write_scores([make_score(spoken)], purpose="official", run_id="r")
    return Run(settings=settings, store=store, rubrics={}, on_event=told.append)


def test_what_was_committed_is_in_the_lists(tmp_path: Path) -> None:
    settings, told = Settings(results=str(tmp_path / "results"), cache=tmp_path / "cache"), list[Event]()
    bring_up_lists(committed(settings, told))
    with open_database(settings).connect() as connection:
        assert connection.execute(select(func.count()).select_from(call_index)).scalar_one() == 1
    assert told == []


def test_a_database_that_is_away_is_told_and_stops_nothing(tmp_path: Path) -> None:
    settings = Settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", review_database="postgresql://nobody@127.0.0.1:1/none")
    told: list[Event] = []
    bring_up_lists(committed(settings, told))
    assert [event.kind for event in told] == ["stage"]
    assert "does not answer" in told[0].text
