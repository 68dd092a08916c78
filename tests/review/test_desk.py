"""Opening a desk: its tables are migrated once, and what was decided before there was a database is taken over once."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from desks import commit, make_desk, reopen
from sqlalchemy import select
from stored import make_store

import qa_pipeline.review.desk as desk_module
from qa_pipeline.conversation.correct import Correction
from qa_pipeline.reading.database import PEOPLE, open_database
from qa_pipeline.results.decisions import keep_announcements, keep_role_swap
from qa_pipeline.review.desk import HEAD, bring_up
from qa_pipeline.review.standing import decisions_about
from qa_pipeline.review.tables import decisions
from qa_pipeline.settings import Settings


def test_the_migrations_make_the_tables_that_the_code_reads(tmp_path: Path, empty_database: str | None) -> None:
    desk = make_desk(tmp_path, database=empty_database)
    with desk.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in PEOPLE.tables}
        )
        assert compare_metadata(context, PEOPLE) == []


def test_the_newest_migration_is_the_one_that_is_brought_up_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(desk_module.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_processes_that_open_it_at_once_migrate_it_once(tmp_path: Path, empty_database: str | None) -> None:
    settings = Settings(results=str(tmp_path), review_database=empty_database)
    faults: list[BaseException] = []

    def open_it() -> None:
        try:
            bring_up(open_database(settings))
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_decisions_from_before_are_taken_over_once_and_in_order(tmp_path: Path, empty_database: str | None) -> None:
    store = make_store(tmp_path)
    spoken = commit(store)
    keep_role_swap(store, spoken, Correction(moment_ms=1000), author="Wu", reason="wrong way round")
    keep_announcements(store, [("c1", spoken.conversation_id, 5, "twice")], outcome="plays", author="repetition")
    desk = reopen(tmp_path, database=empty_database)
    reopen(tmp_path, database=empty_database)
    with desk.engine.connect() as connection:
        found = decisions_about(connection, "c1")
        assert len(found) == len(connection.execute(select(decisions.c.decision_id)).all())
    assert [(d.kind, d.version, d.author) for d in found] == [("role_swap", 1, "Wu"), ("announcement", 2, "repetition")]
    keep_announcements(store, [("c1", spoken.conversation_id, 5, "no")], outcome="speaks", author="Li")
    with reopen(tmp_path, database=empty_database).engine.connect() as connection:
        assert [d.version for d in decisions_about(connection, "c1")] == [1, 2, 3]
