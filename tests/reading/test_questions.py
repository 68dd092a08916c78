"""What is current, and questions in SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from stored import heard, make_score, make_store

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.tables import VIEWS, connect, keep_shown, query, rows
from qa_pipeline.results.commit import Commits
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


@pytest.mark.parametrize("name", [*TABLES, *VIEWS])
def test_tables_and_views_can_be_asked_before_anything_is_written(store: Store, name: str) -> None:
    assert rows(store, f"select * from {name}") == []


def test_what_there_is_to_ask_can_be_asked(store: Store) -> None:
    assert {row["name"] for row in rows(store, "show tables")} == {*TABLES, *VIEWS}


def test_the_newest_conversation_of_a_call_is_current(store: Store) -> None:
    store.write_conversations([heard("old")], run_id="r1")
    store.write_conversations([heard("new"), heard("other", "c2")], run_id="r2")
    assert rows(store, "select call_id, conversation_id from current_calls order by call_id") == [
        {"call_id": "c1", "conversation_id": "new"}, {"call_id": "c2", "conversation_id": "other"}
    ]  # fmt: skip


def test_words_and_figures_are_of_the_current_conversation(store: Store) -> None:
    store.write_conversations([heard("old")], run_id="r1")
    store.write_conversations([heard("new")], run_id="r2")
    for view in ("current_utterances", "current_metrics"):
        assert {row["conversation_id"] for row in rows(store, f"select * from {view}")} == {"new"}


def test_the_newest_official_score_is_current(store: Store) -> None:
    store.write_conversations([heard()], run_id="r1")
    first, second, trial = (make_score(heard(), at_least=n) for n in (1, 2, 3))
    store.write_scores([first], purpose="official", run_id="r1")
    store.write_scores([second], purpose="official", run_id="r2")
    store.write_scores([trial], purpose="trial", run_id="r3")
    assert rows(store, "select score_id, purpose from current_scores") == [{"score_id": second.score_id, "purpose": "official"}]
    assert rows(store, "select distinct score_id from current_findings") == [{"score_id": second.score_id}]


def test_a_score_of_an_older_conversation_is_not_current(store: Store) -> None:
    store.write_conversations([heard("old")], run_id="r1")
    store.write_scores([make_score(heard("old"))], purpose="official", run_id="r1")
    store.write_conversations([heard("new")], run_id="r2")
    assert rows(store, "select * from current_scores") == []


def test_findings_without_their_score_are_not_current(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_conversations([heard()], run_id="r1")
    commit = Commits._commit
    monkeypatch.setattr(Commits, "_commit", lambda self, name, data: None if name == "scores" else commit(self, name, data))
    store.write_scores([make_score(heard())], purpose="official", run_id="r1")
    assert store.read("findings").num_rows == 1
    assert rows(store, "select * from current_findings") == []


def failure(uri: str, attempt: int, at: datetime) -> dict[str, object]:
    return {
        "source_uri": uri,
        "stage": "decode",
        "attempt": attempt,
        "at": at,
        "error_type": "RecordingError",
        "message": "broken",
        "transient": False,
    }


def test_a_failure_is_current_until_the_recording_succeeds(store: Store) -> None:
    before, after = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    mended, broken, again = heard("one", "c1", source_uri="mended.wav"), "broken.wav", heard("two", "c2", source_uri="again.wav")
    store.write_rows(
        "failures",
        [failure("mended.wav", 1, before), failure(broken, 1, before), failure(broken, 2, after), failure("again.wav", 1, after)],
    )
    store.write_conversations([mended, again], run_id="r")
    assert rows(store, "select source_uri, attempt from current_failures order by source_uri") == [
        {"source_uri": "again.wav", "attempt": 1}, {"source_uri": "broken.wav", "attempt": 2}
    ]  # fmt: skip


def test_times_are_given_in_utc(store: Store) -> None:
    store.write_conversations([heard(started_at=datetime(2026, 5, 11, 18, tzinfo=UTC))], run_id="r")
    assert rows(store, "select cast(started_at as varchar) as t from current_calls")[0]["t"] == "2026-05-11 18:00:00+00"


def test_a_question_that_cannot_be_asked_is_refused(store: Store) -> None:
    with pytest.raises(InputRefused, match="cannot be answered"):
        query(store, "select charm from calls")


def test_an_unfinished_question_is_refused(store: Store) -> None:
    with pytest.raises(InputRefused, match="cannot be answered"):
        query(store, "select")


def test_the_short_way_to_what_is_current_gives_the_same_where_nothing_is_closed(store: Store) -> None:
    for number, (conversation_id, call_id) in enumerate((("a", "c1"), ("b", "c2"), ("c", "c1"), ("d", "c3"))):
        spoken = heard(conversation_id, call_id)
        store.write_conversations([spoken], run_id="r")
        if number != 3:
            store.write_scores([make_score(spoken)], purpose="official", run_id="r")
            store.write_scores([make_score(spoken, at_least=9)], purpose="official" if number else "trial", run_id="r")
    with connect(store) as connection:
        for name, count in (("current_calls", 3), ("current_scores", 2)):
            long, short = (connection.sql(sql).order("call_id").to_arrow_table() for sql in (VIEWS[name], f"select * from {name}"))
            assert len(long) == count
            assert long == short


def test_what_is_shown_of_calls_is_the_same_where_nothing_is_closed_and_where_other_days_are(store: Store) -> None:
    for conversation_id, call_id, purposes in (
        ("a", "c1", ["official"]),
        ("b", "c2", ["trial", "official"]),
        ("c", "c1", []),
        ("d", "c3", ["trial"]),
    ):
        spoken = heard(conversation_id, call_id)
        store.write_conversations([spoken], run_id="r")
        for number, purpose in enumerate((*purposes, *purposes), 1):
            store.write_scores([make_score(spoken, at_least=number)], purpose=purpose, run_id="r")
    day = date(2020, 1, 1)
    closing = {"period_id": "p", "first_date": day, "last_date": day, "closed_at": datetime.now(UTC), "reason": "paid"}
    shown = []
    for closed in ([], [closing]):
        with duckdb.connect() as connection:
            for name in ("calls", "scores"):
                connection.register(name, store.read(name))
            connection.register("periods", pa.Table.from_pylist(closed, schema=TABLES["periods"].schema))
            keep_shown(connection)
            asked = ("select call_id, score_id, purpose from shown", "select call_id, conversation_id from current_calls")
            shown.append([sorted(connection.sql(sql).fetchall()) for sql in asked])
    assert shown[0] == shown[1]
    assert [(call_id, purpose) for call_id, _, purpose in shown[0][0]] == [("c2", "official"), ("c3", "trial")]
    assert shown[0][1] == [("c1", "c"), ("c2", "b"), ("c3", "d")]


@pytest.mark.parametrize("sql", ["copy (select 1) to '{0}'", "attach '{0}'", "export database '{0}'", "select * from read_text('{0}')"])
def test_a_question_reaches_no_file(store: Store, tmp_path: Path, sql: str) -> None:
    target = tmp_path / "written"
    with pytest.raises(InputRefused, match="qa-pipeline export"):
        query(store, sql.format(target))
    assert not target.exists()


def test_a_question_cannot_open_files_again(store: Store) -> None:
    with pytest.raises(InputRefused):
        query(store, "set enable_external_access = true")


def test_the_column_at_can_be_asked_for_as_the_refusal_says(store: Store) -> None:
    with pytest.raises(InputRefused, match='"at"'):
        query(store, "select at from failures")
    assert rows(store, 'select "at" from failures') == []
