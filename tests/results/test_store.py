"""The results root: nothing doubled, nothing half-written seen."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from stored import heard, make_score, make_store

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.results import commit as commit_module
from qa_pipeline.results import store as store_module
from qa_pipeline.results.commit import Commits
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES

NOON = datetime(2026, 5, 11, 4, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def counts(store: Store) -> dict[str, int]:
    return {name: store.read(name).num_rows for name in TABLES if store.read(name).num_rows}


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_has_its_columns_and_types(store: Store, name: str) -> None:
    found = store.read(name)
    assert (found.num_rows, found.schema) == (0, TABLES[name].schema)


def test_a_table_that_was_written_has_its_columns_and_types(store: Store) -> None:
    store.write_conversations([heard()], run_id="r")
    assert [store.read(name).schema == TABLES[name].schema for name in ("calls", "utterances", "embeddings", "metrics")] == [True] * 4


def test_a_small_table_that_is_read_file_by_file_has_the_rows_that_the_library_reads(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = [heard("a", "c1", started_at=NOON), heard("b", "c2", started_at=NOON + timedelta(days=1), team="north"), heard("c", "c3")]
    for one in spoken:
        store.write_conversations([one], run_id="r")
        store.write_scores([make_score(one)], purpose="official", run_id="r")
    written = [name for name in TABLES if store.read(name).num_rows]
    assert {"calls", "utterances", "scores", "findings"} <= set(written)

    def tables() -> list[list[dict[str, Any]]]:
        return [sorted(store.read(name).to_pylist(), key=str) for name in written]

    by_file = tables()
    monkeypatch.setattr(store_module, "is_small", lambda listing: False)
    assert by_file == tables()


def test_writing_twice_doubles_nothing(store: Store) -> None:
    for run in ("r1", "r2"):
        store.write_conversations([heard(), heard("two", "c2")], run_id=run)
        store.write_scores([make_score(heard())], purpose="official", run_id=run)
    assert counts(store) == {"calls": 2, "utterances": 4, "embeddings": 4, "metrics": 2, "findings": 1, "scores": 1}


def test_official_and_trial_scores_stand_side_by_side(store: Store) -> None:
    for purpose in ("official", "trial"):
        store.write_scores([make_score(heard())], purpose=purpose, run_id="r")
    assert {purpose for _, purpose in store.score_keys()} == {"official", "trial"}


@pytest.mark.parametrize("broken", ["calls", "metrics", "embeddings"])
def test_a_conversation_is_seen_only_when_its_head_is_written(store: Store, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    commit = Commits._commit

    def fail(self: Commits, name: str, rows: Any) -> None:
        if name == broken:
            raise RuntimeError("the machine stopped")
        commit(self, name, rows)

    monkeypatch.setattr(Commits, "_commit", fail)
    with pytest.raises(RuntimeError):
        store.write_conversations([heard()], run_id="r")
    assert (list(store.conversation_ids()), store.load_conversations(["one"])) == ([], [])
    monkeypatch.undo()
    # Another process goes on where the first one stopped.
    again = Store(store.root, timezone="Asia/Shanghai", code_version="0")
    again.write_conversations([heard(), heard("two", "c2")], run_id="r")
    assert again.load_conversations(["one", "two"]) == [heard(), heard("two", "c2")]
    assert counts(store) == {"calls": 2, "utterances": 4, "embeddings": 4, "metrics": 2}


def test_heads_are_written_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(Commits, "_commit", lambda self, name, rows: order.append(name))
    store.write_conversations([heard()], run_id="r")
    store.write_scores([make_score(heard())], purpose="official", run_id="r")
    assert (order[3], order[-2:]) == ("calls", ["findings", "scores"])


def test_what_is_new_is_appended_and_what_is_there_is_merged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, int]] = []
    for name in ("append", "merge"):
        original = getattr(commit_module, name)

        def note(table: Any, path: str, delta: Any, data: Any, name: str = name, original: Any = original) -> Any:
            if table.name == "utterances":
                written.append((name, len(data)))
            return original(table, path, delta, data)

        monkeypatch.setattr(commit_module, name, note)
    store.write_conversations([heard()], run_id="r")
    store.write_conversations([heard("two", "c2")], run_id="r")
    store.write_conversations([heard("two", "c2"), heard("three", "c3")], run_id="r")
    assert written == [("append", 2), ("append", 2), ("append", 2), ("merge", 2)]


def test_two_writers_see_what_the_other_has_written(store: Store) -> None:
    other = Store(store.root, timezone="Asia/Shanghai", code_version="0")
    store.write_conversations([heard()], run_id="r1")
    other.write_conversations([heard("two", "c2")], run_id="r2")
    store.write_conversations([heard("two", "c2")], run_id="r1")
    assert counts(store) == {"calls": 2, "utterances": 4, "embeddings": 4, "metrics": 2}


def test_times_never_run_backwards(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(store_module, "datetime", Clock)
    store.write_conversations([heard()], run_id="r1")
    now -= timedelta(days=1)
    store.write_conversations([heard("two", "c2"), heard("three", "c3")], run_id="r2")
    first = datetime(2030, 1, 1, tzinfo=UTC)
    times = dict(zip(*(store.read("calls")[column].to_pylist() for column in ("conversation_id", "processed_at")), strict=True))
    assert times == {"one": first, "two": first + timedelta(microseconds=1), "three": first + timedelta(microseconds=2)}


def test_stored_conversations_come_back_in_the_order_asked_for(store: Store) -> None:
    first, second = heard(team="north"), heard("two", "c2", sentiment=(0.5, "positive"))
    store.write_conversations([first, second], run_id="r")
    assert store.load_conversations(["two", "nobody", "one", "two"]) == [second, first]


def test_an_id_with_a_quote_is_only_an_id(store: Store) -> None:
    store.write_conversations([heard("o'neil")], run_id="r")
    assert len(store.load_conversations(["o'neil", "' or 1=1 --"])) == 1


def test_after_compaction_any_parquet_reader_sees_the_current_rows(store: Store) -> None:
    for number in range(3):
        store.write_conversations([heard(f"n{number}", f"c{number}", started_at=NOON), heard(started_at=NOON)], run_id=f"r{number}")
    left = store.compact()
    assert left["metrics"] == 1
    assert pq.read_table(store.path("metrics")).num_rows == 4
    assert counts(store)["utterances"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("day", [NOON.date(), None, date(2020, 1, 1)], ids=["its day", "no day", "another day"])
@pytest.mark.parametrize("compacted", [False, True])
def test_one_conversation_is_read_as_among_all(store: Store, day: date | None, compacted: bool) -> None:
    several = [heard(f"n{n}", f"c{n}", started_at=NOON) for n in range(5)] + [heard("undated", "c9")]
    for spoken in several:
        store.write_conversations([spoken], run_id="r")
    if compacted:
        store.compact()
    for spoken in several:
        (expected,) = store.load_conversations([spoken.conversation_id])
        assert store.load_one(spoken.conversation_id, day=day) == expected
        assert dict(expected.vectors).keys() == {0, 1}


def test_vectors_from_before_they_lay_by_days_are_read_and_laid_so(store: Store) -> None:
    store.write_conversations([heard("one", "c1", started_at=NOON), heard("two", "c2")], run_id="r")
    older, place = store.read("embeddings").drop_columns(["call_date"]), store.path("embeddings")
    shutil.rmtree(place)
    write_deltalake(place, older)
    expected = store.load_conversations(["one", "two"])
    days = (NOON.astimezone(ZoneInfo("Asia/Shanghai")).date(), None)
    for is_compacted in (False, True):
        if is_compacted:
            store.compact()
            assert DeltaTable(place).metadata().partition_columns == ["call_date"]
        assert [store.load_one(name, day=day) for name, day in zip(("one", "two"), days, strict=True)] == expected


def test_a_conversation_that_is_not_stored_is_refused(store: Store) -> None:
    with pytest.raises(InputRefused, match="no conversation"):
        store.load_one("none", day=None)


def test_reading_one_call_opens_no_file_of_other_days(store: Store) -> None:
    store.write_conversations([heard("one", "c1", started_at=NOON)], run_id="r")
    store.write_conversations([heard("two", "c2", started_at=NOON + timedelta(days=1))], run_id="r")
    for name in ("calls", "utterances", "metrics", "embeddings"):
        for path in Path(store.path(name)).glob("call_date=2026-05-12/*.parquet"):
            path.write_bytes(b"broken")
    assert store.load_one("one", day=NOON.date()).call.call_id == "c1"


def test_calls_lie_in_folders_by_date(store: Store) -> None:
    store.write_conversations([heard(started_at=datetime(2026, 5, 11, 18, tzinfo=UTC))], run_id="r")
    assert [path.name for path in Path(store.path("calls")).glob("call_date=*")] == ["call_date=2026-05-12"]


def test_forgetting_takes_the_rows_of_an_id_out(store: Store) -> None:
    store.write_conversations([heard(), heard("two", "c2")], run_id="r")
    store.forget("calls", "conversation_id", ["one"])
    assert list(store.conversation_ids()) == ["two"]


def test_reading_may_be_narrowed(store: Store) -> None:
    store.write_conversations([heard(), heard("two", "c2")], run_id="r")
    assert store.read("calls", columns=["call_id"], where="conversation_id = 'two'").to_pylist() == [{"call_id": "c2"}]


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentNotReady, match="cannot be written"):
        Store(str(tmp_path / "file" / "results"), timezone="UTC", code_version="0").prepare()


def test_writing_nothing_writes_nothing(store: Store) -> None:
    store.write_conversations([], run_id="r")
    store.write_scores([], purpose="official", run_id="r")
    assert counts(store) == {}


def test_where_few_files_lie_no_table_is_opened_to_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    store.write_conversations([heard()], run_id="r")
    opened: list[str] = []
    monkeypatch.setattr("qa_pipeline.results.store.open_table", opened.append)
    assert (store.tidy(), opened) == ([], [])
