"""The review database: one file beside the results, or a server by its URL."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.reading.database import database_url, open_database, writing
from qa_pipeline.settings import Settings


def test_it_lies_in_the_results_root_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    assert database_url(Settings(results=str(tmp_path))) == f"sqlite:///{tmp_path}/review.db"
    assert database_url(Settings(results=str(tmp_path), review_database="postgresql://h/n")) == "postgresql://h/n"


def test_an_object_store_has_its_own_file_in_the_cache(tmp_path: Path) -> None:
    first, second = (database_url(Settings(results=f"s3://bucket/{name}", cache=tmp_path)) for name in ("a", "b"))
    assert first.startswith(f"sqlite:///{tmp_path}/review/")
    assert first != second


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name"])
def test_what_is_no_database_is_refused_with_a_cure(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputRefused, match="postgresql://USER"):
        open_database(Settings(results=str(tmp_path), review_database=url))


def test_a_server_that_does_not_answer_is_told_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="does not answer"):
        open_database(Settings(results=str(tmp_path), review_database="postgresql://nobody@127.0.0.1:1/none"))


def test_writers_take_turns_and_a_failed_transaction_leaves_nothing(tmp_path: Path, empty_database: str | None) -> None:
    engine = open_database(Settings(results=str(tmp_path), review_database=empty_database))
    with writing(engine) as connection:
        connection.execute(text("create table counted (n integer)"))
        connection.execute(text("insert into counted values (0)"))

    def count() -> None:
        for _ in range(20):
            with writing(engine) as connection:
                (n,) = connection.execute(text("select n from counted")).one()
                connection.execute(text("update counted set n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        connection.execute(text("update counted set n = -1"))
        1 / 0  # noqa: B018  # what a caller's own fault does
    with engine.connect() as connection:
        assert connection.execute(text("select n from counted")).scalar_one() == 80


def test_a_full_disk_is_told_in_a_line_and_what_was_written_stays(tmp_path: Path) -> None:
    engine = open_database(Settings(results=str(tmp_path), review_database=f"sqlite:///{tmp_path}/review.db"), keeps_connections=True)
    with writing(engine) as connection:
        connection.execute(text("create table held (said text)"))
        connection.execute(text("insert into held values ('before')"))
    full = pytest.raises(EnvironmentNotReady, match="cannot be read or written: database or disk is full")
    with full as told, writing(engine) as connection:
        connection.exec_driver_sql("pragma max_page_count = 3")
        connection.execute(text("insert into held values (:said)"), {"said": "x" * 100_000})
    assert told.value.advice is not None and "Free some space" in told.value.advice
    with engine.connect() as connection:
        assert list(connection.execute(text("select said from held")).scalars()) == ["before"]
