"""What is known of small files spares opening them: of the many that a night writes a day, a call's own is opened alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from stored import heard, make_store

from qa_pipeline.results import files
from qa_pipeline.results.files import KnownFiles

DAY = date(2026, 5, 11)
STARTED = datetime(2026, 5, 11, 4, tzinfo=UTC)


def test_a_calls_own_file_is_opened_alone_once_the_others_were_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    for number in range(4):
        store.write_conversations([heard(f"v{number}", f"c{number}", started_at=STARTED)], run_id="r")
    opened: list[str] = []
    as_it_opens = KnownFiles.open

    def counted(known: KnownFiles, system: pafs.FileSystem, root: str, path: str) -> pq.ParquetFile:
        opened.append(path)
        return as_it_opens(known, system, root, path)

    monkeypatch.setattr(KnownFiles, "open", counted)
    for number, most in ((0, 4), (1, 1), (2, 1), (0, 1)):
        opened.clear()
        found = store.read_of("calls", "conversation_id", f"v{number}", day=DAY)
        assert found["call_id"].to_pylist() == [f"c{number}"]
        assert len(opened) == most
    opened.clear()
    assert store.read_of("calls", "conversation_id", "nobody", day=DAY, elsewhere=False).num_rows == 0
    assert opened == []
    # What is written since is looked into.
    store.write_conversations([heard("v9", "c9", started_at=STARTED)], run_id="r")
    assert store.read_of("calls", "conversation_id", "v9", day=DAY)["call_id"].to_pylist() == ["c9"]


def test_what_was_learnt_first_is_let_go_when_there_are_too_many_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_IDS", 4)
    known = KnownFiles()
    for name in "abc":
        known.learn("t", name, "id", [name, f"{name}2", None])
    asked = frozenset("x")
    assert [known.may_hold("t", name, "id", asked) for name in "abc"] == [True, False, False]
    assert known.may_hold("t", "c", "id", frozenset("cx"))
    # Learnt again, a file counts once.
    known.learn("t", "c", "id", ["c"])
    known.learn("t", "d", "id", ["d"])
    assert [known.may_hold("t", name, "id", asked) for name in "bcd"] == [False, False, False]
