"""Many conversations read once: nothing missing, doubled or mixed up, wherever merges have put the rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from stored import heard, make_store

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.results import stream as stream_module
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES


def spoken(number: int) -> Conversation:
    day = datetime(2026, 5, 1 + number % 3, 4, tzinfo=UTC)
    return heard(f"n{number}", f"c{number}", agent_id=str(number), started_at=day if number % 4 else None)


MANY = {f"n{number}": spoken(number) for number in range(20)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    for start in range(0, 20, 5):
        store.write_conversations([spoken(number) for number in range(start, start + 5)], run_id="r")
    return store


def scatter(store: Store, name: str, order: Any, files: int = 3) -> None:
    """Write the rows of a table anew in another order, in several files."""
    rows = store.read(name)
    rows = rows.take(pa.array(sorted(range(len(rows)), key=order)))
    size = -(-len(rows) // files)
    for part in range(files):
        data = rows.slice(part * size, size)
        write_deltalake(store.path(name), data, mode="append" if part else "overwrite")


def by_id(store: Store, **options: Any) -> dict[str, Conversation]:
    found = list(store.stream_conversations(**options))
    assert len({c.conversation_id for c in found}) == len(found)
    return {c.conversation_id: c for c in found}


@pytest.mark.parametrize("size", [1, 3, 7, 200])
def test_every_conversation_comes_once_and_whole(store: Store, size: int) -> None:
    assert by_id(store, size=size) == MANY


def test_only_those_asked_for_come(store: Store) -> None:
    assert by_id(store, ids=["n3", "nobody", "n11"]) == {"n3": spoken(3), "n11": spoken(11)}


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 10_000, 256_000_000])
def test_scattered_rows_come_together_again(store: Store, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    # Little may wait in memory, and little is read at a time: the rest goes through temporary files.
    monkeypatch.setattr(stream_module, "_WAITING_BYTES", limit)
    monkeypatch.setattr(stream_module, "_ROWS", 4)
    scatter(store, "utterances", lambda row: row * 7919 % 41)
    scatter(store, "embeddings", lambda row: -row)
    assert by_id(store, size=3) == MANY


def test_temporary_files_are_gone_afterwards(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stream_module, "_WAITING_BYTES", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scatter(store, "utterances", lambda row: row * 7919 % 41)
    several = store.stream_conversations(size=3)
    next(several)
    assert list(tmp_path.glob("qa-rows-*"))
    several.close()  # type: ignore[attr-defined]  # a generator
    assert not list(tmp_path.glob("qa-rows-*"))


def test_rows_that_a_merge_rewrote_and_compaction_joined_are_read(store: Store) -> None:
    TARGETS = ("utterances", "embeddings")
    for name in TARGETS:
        table = TABLES[name]
        delta = DeltaTable(store.path(name))
        predicate = " and ".join(f"t.{column} = s.{column}" for column in table.key)
        delta.merge(
            store.read(name).slice(3, 9), predicate, source_alias="s", target_alias="t"
        ).when_matched_update_all().when_not_matched_insert_all().execute()
    assert by_id(store) == MANY
    store.compact()
    assert by_id(store) == MANY


def test_tables_behind_a_uri_are_read_through_delta_itself(store: Store) -> None:
    remote = Store(Path(store.root).absolute().as_uri(), timezone="Asia/Shanghai", code_version="0")
    assert by_id(remote) == MANY


def test_a_conversation_without_words_comes_too(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    silent = conversation(language="en", call_id="silent")
    store.write_conversations([heard(), silent], run_id="r")
    assert by_id(store) == {"one": heard(), silent.conversation_id: silent}
    assert [len(lot) for lot in store.stream(size=1)] == [1, 1]


def test_an_empty_root_has_no_conversations(tmp_path: Path) -> None:
    assert list(make_store(tmp_path).stream_conversations()) == []


def test_columns_that_an_older_version_did_not_write_are_null(store: Store) -> None:
    older = store.read("utterances").drop_columns(["sentiment_label", "channel"])
    write_deltalake(store.path("utterances"), older, mode="overwrite", schema_mode="overwrite")
    assert by_id(store) == MANY


def test_vectors_are_left_out_when_nobody_matches_by_meaning(store: Store) -> None:
    assert [len(c.vectors) for lot in store.stream(["n1"], with_vectors=False) for c in lot] == [0]


def test_one_of_a_lot_can_be_taken_alone(store: Store) -> None:
    (lot,) = store.stream()
    assert {c.conversation_id: c for place in range(len(lot)) for c in lot.only(place)} == MANY
