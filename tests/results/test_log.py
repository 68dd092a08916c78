"""The log as it is read and written here says what the tables' library says, and leaves to it what it does not know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from stored import heard, make_score, make_store

from qa_pipeline.results import log
from qa_pipeline.results.commit import add
from qa_pipeline.results.files import Opened, listed_by_library
from qa_pipeline.results.history import erase_history
from qa_pipeline.results.log import Listing, NotPlain, add_rows, followed, read_listing
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES

CALLS = TABLES["calls"]
DAYS = {"c1": datetime(2026, 5, 11, 4, tzinfo=UTC), "c2": datetime(2026, 5, 12, 4, tzinfo=UTC), "c3": None}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def calls_of(store: Store, *names: str) -> None:
    store.write_conversations([heard(f"conversation {name}", name, started_at=DAYS.get(name)) for name in names], run_id="r")


def rows(*names: str, day: date | None = None) -> pa.Table:
    several = [{"call_id": name, "conversation_id": f"conversation {name}", "call_date": day} for name in names]
    return pa.Table.from_pylist([{column: row.get(column) for column in CALLS.schema.names} for row in several], schema=CALLS.schema)


def listed(store: Store, name: str = "calls") -> Listing:
    listing = read_listing(Path(store.path(name)))
    assert listing is not None
    return listing


def said(listing: Listing) -> tuple[object, ...]:
    return listing.version, listing.columns, listing.lies_by_days, {path: file.day for path, file in listing.files.items()}


def ids(store: Store) -> list[str]:
    return sorted(store.read("calls", columns=["call_id"])["call_id"].to_pylist())


@pytest.mark.slow
def test_it_says_what_the_library_says_whatever_was_committed(store: Store) -> None:
    path = store.path("calls")
    before: Listing | None = None
    calls_of(store, "c1", "c2", "c3")
    steps: tuple[Callable[[], object], ...] = (
        lambda: calls_of(store, "c4"),
        lambda: add_rows(listed(store), rows("c5", day=date(2026, 5, 11)), bounded=CALLS.bounded),
        lambda: calls_of(store, "c1"),
        lambda: store.compact(),
        lambda: add_rows(listed(store), rows("c6"), bounded=CALLS.bounded),
        lambda: store.forget("calls", "call_id", ["c2"]),
        lambda: DeltaTable(path).create_checkpoint(),
        lambda: calls_of(store, "c7"),
        lambda: erase_history(store),
    )
    for step in steps:
        step()
        whole = listed(store)
        assert said(whole) == said(listed_by_library(DeltaTable(path)))
        # Nothing is cut off before what was known, but by the last step.
        assert before is None or step is steps[-1] or said(followed(before)) == said(whole)
        before = whole
    assert ids(store) == ["c1", "c3", "c4", "c5", "c6", "c7"]


def test_rows_lie_in_the_files_of_their_days_and_the_log_says_their_ids_and_times_but_no_words(store: Store) -> None:
    calls_of(store, "c1")
    added = pa.concat_tables([rows("c8", "c9", day=date(2026, 5, 11)), rows("c0")])
    before = listed(store)
    assert add_rows(before, added, bounded=CALLS.bounded)
    new = {path: file for path, file in listed(store).files.items() if path not in before.files}
    assert sorted((path.partition("/")[0], str(file.day)) for path, file in new.items()) == [
        ("call_date=2026-05-11", "2026-05-11"),
        ("call_date=__HIVE_DEFAULT_PARTITION__", "None"),
    ]
    told = json.loads(next(str(file.statistics) for file in new.values() if file.day))
    assert (told["numRecords"], told["minValues"]["call_id"], told["maxValues"]["call_id"]) == (2, "c8", "c9")
    for name in ("utterances", "calls"):
        for file in listed(store, name).files.values():
            bounds = json.loads(str(file.statistics))["minValues"]
            assert set(bounds) <= set(TABLES[name].bounded)
            assert not {"text", "norm", "agent_name", "source_uri"} & set(bounds)


def test_the_newest_time_is_told_by_the_log(store: Store) -> None:
    calls_of(store, "c1")
    store.write_scores([make_score(heard())], purpose="official", run_id="r")
    for name, column in (("calls", "processed_at"), ("scores", "scored_at")):
        newest = store.read(name)[column].to_pylist()[0]
        told = listed(store, name).latest(column)
        assert told is not None
        assert 0 < (told - newest).total_seconds() <= 0.001
        # A checkpoint says it too, and is looked into only then.
        DeltaTable(store.path(name)).create_checkpoint()
        read = listed(store, name)
        assert read.latest(column) == told
        assert read.checkpoint is not None
        read.checkpoint.unlink()
        assert read.latest(column) is None
        (read.checkpoint.parent / "_last_checkpoint").unlink()
    add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert listed(store).latest("processed_at") is None


def test_a_commit_that_came_between_is_not_replaced_and_nothing_is_doubled(store: Store) -> None:
    calls_of(store, "c1")

    class Late(Opened):
        """Somebody commits just after it was looked."""

        def listing(self, path: str) -> Listing | None:
            found = super().listing(path)
            calls_of(store, "c2")
            return found

    version = add(CALLS, store.path("calls"), Late(), rows("c8"))
    assert (version, ids(store)) == (listed(store).version, ["c1", "c2", "c8"])


def test_every_so_many_commits_there_is_a_checkpoint(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_COMMITS", 2)
    calls_of(store, "c1")
    assert add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert [path.name[:20] for path in Path(store.path("calls")).glob("_delta_log/*.checkpoint.parquet")] == [f"{1:020}"]


def test_a_log_of_a_later_protocol_is_left_to_the_library(store: Store) -> None:
    calls_of(store, "c1")
    DeltaTable(store.path("calls")).alter.set_table_properties({"delta.enableDeletionVectors": "true"}, raise_if_not_exists=False)
    with pytest.raises(NotPlain):
        listed(store)
    calls_of(store, "c2")
    assert ids(store) == ["c1", "c2"]


_DECIDES = """
import sys
from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note
from qa_pipeline.review.opening import open_desk
from qa_pipeline.settings import load_settings
settings = load_settings(results=sys.argv[1])
desk = open_desk(settings, Store(settings.results, timezone=settings.timezone, code_version="0"))
decide(desk, local_viewer("Wu"), "c1", Note(), reason="heard it")
print("deltalake" in sys.modules)
"""


@pytest.mark.slow
def test_once_there_are_decisions_another_is_written_without_the_library(store: Store) -> None:
    calls_of(store, "c1")
    for expected in (True, False):
        done = subprocess.run([sys.executable, "-c", _DECIDES, store.root], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(expected)
    assert len(store.read("decisions")) == 2


def files_of(store: Store) -> set[str]:
    folder = Path(store.path("calls"))
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts}


@pytest.mark.parametrize("ails", ["came between", "no links", "full disk"])
def test_rows_that_are_not_committed_leave_no_file(store: Store, monkeypatch: pytest.MonkeyPatch, ails: str) -> None:
    calls_of(store, "c1")
    before, listing = files_of(store), listed(store)
    if ails == "came between":
        calls_of(store, "c2")
        before = files_of(store)
        assert not add_rows(listing, rows("c8"), bounded=CALLS.bounded)
    elif ails == "no links":
        monkeypatch.setattr(log.os, "link", lambda *_: raising(OSError(95, "Operation not supported")))
        assert not add_rows(listing, rows("c8"), bounded=CALLS.bounded)
    else:
        write = log.pq.write_table
        monkeypatch.setattr(log.pq, "write_table", lambda *a, **k: (write(*a, **k), raising(OSError(28, "No space left on device"))))
        with pytest.raises(OSError, match="No space"):
            add_rows(listing, rows("c8"), bounded=CALLS.bounded)
    assert files_of(store) == before


def raising(error: Exception) -> None:
    raise error


def test_a_step_that_is_told_to_have_failed_and_was_done_counts_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls_of(store, "c1")
    link = log.os.link
    monkeypatch.setattr(log.os, "link", lambda *a: (link(*a), raising(FileExistsError(17, "File exists"))))
    add(CALLS, store.path("calls"), Opened(), rows("c8"))
    assert ids(store) == ["c1", "c8"]


def test_a_checkpoint_that_cannot_be_made_undoes_no_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_COMMITS", 2)
    monkeypatch.setattr(DeltaTable, "create_checkpoint", lambda _: raising(OSError(28, "No space left on device")))
    calls_of(store, "c1")
    assert add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert ids(store) == ["c1", "c8"]


def test_files_that_no_log_names_go_with_the_history(store: Store) -> None:
    calls_of(store, "c1", "c2")
    orphan = Path(store.path("calls")) / "call_date=2026-05-11" / "part-00000-left-c000.snappy.parquet"
    orphan.write_bytes(b"what a caller said")
    erase_history(store)
    assert not orphan.exists()
    assert ids(store) == ["c1", "c2"]
