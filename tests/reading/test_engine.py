"""The engine that questions are put to: sessions of one engine know nothing of each other, and what people write leaves nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from stored import make_store

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading import engine
from qa_pipeline.reading.asking import ask_anything
from qa_pipeline.reading.engine import session
from qa_pipeline.reading.viewer import MACHINE


def test_what_is_put_into_a_session_is_seen_by_no_other_and_gone_with_it() -> None:
    with session() as one, session() as two:
        for connection, value in ((one, 1), (two, 2)):
            connection.register("held", pa.table({"a": [value]}))
            connection.execute("create temp view seen as select a from held")
        assert (one.sql("select a from seen").fetchall(), two.sql("select a from seen").fetchall()) == ([(1,)], [(2,)])
        one.execute("create temp table kept as select a from seen")
        with pytest.raises(duckdb.CatalogException):
            two.sql("select a from kept").fetchall()
    with session() as later:
        for name in ("held", "seen", "kept"):
            with pytest.raises(duckdb.CatalogException):
                later.sql(f"select a from {name}").fetchall()


def test_a_session_reads_no_file_and_cannot_be_told_to(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("a\n1\n", "utf-8")
    with session() as connection:
        for sql in (f"select * from read_csv('{tmp_path}/there.csv')", "set enable_external_access = true"):
            with pytest.raises(duckdb.Error):
                connection.sql(sql)


def test_another_process_has_another_engine() -> None:
    assert engine._engine(1) is engine._engine(1) is not engine._engine(2)
    for number in (1, 2):
        engine._engine(number).close()
    engine._engine.cache_clear()


def test_what_somebody_makes_by_a_question_of_their_own_is_there_for_nobody(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    ask_anything(store, MACHINE, "create table left_over as select 1 as a")
    with pytest.raises(InputRefused, match="left_over"):
        ask_anything(store, MACHINE, "select a from left_over")
    with session() as connection, pytest.raises(duckdb.CatalogException):
        connection.sql("select a from left_over").fetchall()
