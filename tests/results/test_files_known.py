"""What is known of small files spares opening them: of the many that a night writes a day, a call's own is opened alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from stored import heard, make_store

from qa_pipeline.results import files
from qa_pipeline.results.files import KnownFiles, rows_of_day
from qa_pipeline.results.log import File, Listing
from qa_pipeline.results.tables import TABLES

DAY = date(2026, 5, 11)
STARTED = datetime(2026, 5, 11, 4, tzinfo=UTC)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of files of tables that are opened."""
    paths: list[str] = []
    as_it_opens = KnownFiles.open

    def counted(known: KnownFiles, system: pafs.FileSystem, root: str, path: str) -> tuple[pq.ParquetFile, frozenset[str]]:
        paths.append(path)
        return as_it_opens(known, system, root, path)

    monkeypatch.setattr(KnownFiles, "open", counted)
    return paths


def test_a_calls_own_file_is_opened_alone_once_the_others_were_seen(tmp_path: Path, opened: list[str]) -> None:
    store = make_store(tmp_path)
    # Two calls a file, one between the other two: what the log says of their ids leaves room for v3 in each.
    for number in range(4):
        several = [heard(f"v{one}", f"c{one}", started_at=STARTED) for one in (number, 7 - number)]
        store.write_conversations(several, run_id="r")
    for number, most in ((3, 4), (1, 1), (6, 1), (3, 1)):
        opened.clear()
        found = store.read_of("calls", "conversation_id", f"v{number}", day=DAY)
        assert found["call_id"].to_pylist() == [f"c{number}"]
        assert len(opened) == most
    opened.clear()
    assert store.read_of("calls", "conversation_id", "v35", day=DAY, elsewhere=False).num_rows == 0
    assert opened == []
    # What is written since is looked into.
    store.write_conversations([heard("v9", "c9", started_at=STARTED)], run_id="r")
    assert store.read_of("calls", "conversation_id", "v9", day=DAY)["call_id"].to_pylist() == ["c9"]


def test_of_files_of_one_call_each_none_but_its_own_is_opened_even_by_who_saw_none_before(tmp_path: Path, opened: list[str]) -> None:
    store = make_store(tmp_path)
    for number in range(5):
        store.write_conversations([heard(f"v{number}", f"c{number}", started_at=STARTED)], run_id="r")
    DeltaTable(store.path("calls")).create_checkpoint()
    # The last one's commit is newer than the checkpoint.
    store.write_conversations([heard("v5", "c5", started_at=STARTED)], run_id="r")
    for number in (0, 3, 5):
        opened.clear()
        found = make_store(tmp_path).read_of("calls", "conversation_id", f"v{number}", day=DAY)
        assert (found["call_id"].to_pylist(), len(opened)) == ([f"c{number}"], 1)
    opened.clear()
    assert make_store(tmp_path).read_of("calls", "conversation_id", "v35", day=DAY, elsewhere=False).num_rows == 0
    assert opened == []


def test_what_was_learnt_first_is_let_go_when_there_are_too_many_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_IDS", 4)
    known = KnownFiles()
    for name in "abc":
        known.learn("t", name, "id", [[name, f"{name}2", None]])
    asked = frozenset("x")
    assert [known.may_hold("t", name, "id", asked) for name in "abc"] == [True, False, False]
    assert known.may_hold("t", "c", "id", frozenset("cx"))
    # Learnt again, a file counts once.
    known.learn("t", "c", "id", [["c"]])
    known.learn("t", "d", "id", [["d"]])
    assert [known.may_hold("t", name, "id", asked) for name in "bcd"] == [False, False, False]


def test_rows_are_read_from_where_they_are_known_to_lie() -> None:
    known = KnownFiles()
    assert known.place("t", "a", "id", ["x"]) is None
    known.learn("t", "a", "id", [["x", "x", None, "y"], ["z", "y"]])
    assert [known.place("t", "a", "id", [value]) for value in "xz"] == [(0, 0, 2), (1, 0, 1)]
    # Rows of one id in two places, of two ids, and of none are looked for.
    assert [known.place("t", "a", "id", values) for values in ("y", "xz", "w")] == [None, None, None]
    assert known.place("t", "a", "id", ["x", "not there"]) == (0, 0, 2)


def test_the_second_look_into_a_file_gives_what_the_first_gave(tmp_path: Path) -> None:
    schema = TABLES["metrics"].schema
    name = next(field.name for field in schema if pa.types.is_string(field.type) and field.name != "conversation_id")
    # Three groups; "b" lies in two of them, "c" in two runs of one.
    ids = ["a", "a", "b", "b", "c", "d", "c", "e", "e"]
    rows = pa.table({"conversation_id": ids, name: [str(number) for number in range(len(ids))]})
    pq.write_table(rows, tmp_path / "a.parquet", row_group_size=3)
    listing = Listing(
        version=0,
        columns=frozenset(rows.column_names),
        lies_by_days=False,
        files={"a.parquet": File(None, "{}")},
        system=pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem()),
        folder=None,
    )
    known = KnownFiles()
    for _ in range(2):
        for wanted, places in (("a", "01"), ("b", "23"), ("c", "46"), ("d", "5"), ("e", "78"), ("ae", "0178"), ("f", "")):
            found = rows_of_day(
                TABLES["metrics"], listing, "conversation_id", list(wanted), day=None, columns=["conversation_id", name], known=known
            )
            assert found[name].to_pylist() == list(places), wanted


def test_what_lies_at_a_known_place_is_looked_at_before_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are known by a hash: of two ids of one hash the rows of the other must never be given."""
    store = make_store(tmp_path)
    store.write_conversations([heard(f"v{number}", f"c{number}", started_at=STARTED) for number in range(2)], run_id="r")
    assert store.read_of("calls", "conversation_id", "v0", day=DAY)["call_id"].to_pylist() == ["c0"]
    other = store.read_of("calls", "conversation_id", "v1", day=DAY, columns=["call_id"])
    assert other.column_names == ["call_id"]
    assert other["call_id"].to_pylist() == ["c1"]
    monkeypatch.setattr(KnownFiles, "place", lambda *_: (0, 0, 1))
    for number in range(2):
        assert store.read_of("calls", "conversation_id", f"v{number}", day=DAY)["call_id"].to_pylist() == [f"c{number}"]
        assert store.read_of("calls", "conversation_id", f"v{number}", day=DAY, columns=["call_id"])["call_id"].to_pylist() == [
            f"c{number}"
        ]
