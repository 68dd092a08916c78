"""The log as it is read and written here says what the tables' library says, and leaves to it what it does not know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from stored import heard, make_score, make_store

from qa_pipeline.results import checkpoint, commit, log
from qa_pipeline.results.checkpoint import write_checkpoint
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


def test_a_row_is_put_in_the_place_of_its_like_without_the_library(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2026, 5, 11)
    calls_of(store, "c1")
    # More than one group of rows in one file.
    assert add_rows(listed(store), rows(*(f"d{number:04}" for number in range(3_000)), day=day), bounded=CALLS.bounded)
    versions = {name: listed(store, name).version for name in ("utterances", "embeddings", "metrics")}

    def by_library(*arguments: object) -> None:
        raise AssertionError("the library was asked")

    monkeypatch.setattr(commit, "merge", by_library)
    for name in ("c1", "d1500"):
        store.write_conversations([heard(f"conversation {name}", name, started_at=DAYS["c1"])], run_id="again", days=[day])
    assert ids(store) == ["c1", *(f"d{number:04}" for number in range(3_000))]
    again = store.read("calls", columns=["call_id"], where="run_id = 'again'")["call_id"].to_pylist()
    assert sorted(again) == ["c1", "d1500"]
    assert said(listed(store)) == said(listed_by_library(DeltaTable(store.path("calls"))))
    told = [json.loads(str(file.statistics)) for file in listed(store).files.values()]
    bounds = [(one["numRecords"], one["minValues"]["call_id"], one["maxValues"]["call_id"]) for one in told]
    assert sorted(bounds) == [(1, "c1", "c1"), (1, "d1500", "d1500"), (2_999, "d0000", "d2999")]
    # What was said in c1 stood there as it is: only of d1500 it came.
    assert {name: listed(store, name).version - before for name, before in versions.items()} == dict.fromkeys(versions, 1)


def test_rows_of_a_call_are_found_wherever_they_lie_in_a_file(store: Store) -> None:
    calls_of(store, "c3")
    # Of two groups, of parts of a group that are decoded one after the other, and at their edges.
    places = [0, 255, 256, 700, 701, 1_500, 2_047, 2_048, 4_999]
    lying = rows(*(f"d{number:04}" for number in range(5_000)))
    ids = ["sought" if number in places else f"conversation {number}" for number in range(5_000)]
    column = lying.column_names.index("conversation_id")
    assert add_rows(listed(store), lying.set_column(column, CALLS.schema.field("conversation_id"), pa.array(ids)), bounded=CALLS.bounded)
    found = store.read_of("calls", "conversation_id", "sought", day=None)
    assert found["call_id"].to_pylist() == [f"d{number:04}" for number in places]
    assert store.read_of("calls", "conversation_id", "conversation 1501", day=None)["call_id"].to_pylist() == ["d1501"]


def test_details_that_lie_in_another_order_are_not_written_again(store: Store) -> None:
    day, spoken = DAYS["c1"].date(), heard("v1", "c1", started_at=DAYS["c1"])
    store.write_conversations([spoken], run_id="r", days=[day])
    for name in ("utterances", "embeddings"):
        # As what joins the files of a day may put them.
        lying = store.read(name).take(list(range(len(spoken.utterances)))[::-1])
        assert len(lying) > 1
        write_deltalake(store.path(name), lying, mode="overwrite")
    versions = {name: listed(store, name).version for name in ("utterances", "embeddings", "metrics")}
    store.write_conversations([spoken], run_id="again", days=[day])
    assert {name: listed(store, name).version for name in versions} == versions


def test_a_score_that_is_written_again_leaves_the_same_one_of_another_purpose(store: Store) -> None:
    scored = make_score(heard())
    for purpose in ("official", "trial", "official"):
        store.write_scores([scored], purpose=purpose, run_id="r", days=[None])
    assert sorted(store.read("scores")["purpose"].to_pylist()) == ["official", "trial"]
    assert store.read("findings").num_rows == 1


def test_details_that_another_version_made_are_written_again(store: Store) -> None:
    spoken = heard()
    store.write_conversations([spoken], run_id="r", days=[None])
    made_otherwise = replace(spoken, metrics=replace(spoken.metrics, turns=7))
    store.write_conversations([made_otherwise], run_id="r", days=[None])
    assert store.read("metrics")["turns"].to_pylist() == [7]


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
    monkeypatch.setattr(DeltaTable, "create_checkpoint", lambda _: raising(AssertionError("the library was asked")))
    calls_of(store, "c1")
    assert add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert [path.name[:20] for path in Path(store.path("calls")).glob("_delta_log/*.checkpoint.parquet")] == [f"{1:020}"]


def pointed_at(log_folder: Path) -> list[dict[str, Any]]:
    """What the newest checkpoint of a log says, in an order."""
    version = json.loads((log_folder / "_last_checkpoint").read_text("utf-8"))["version"]
    found = pq.read_table(log_folder / f"{version:020}.checkpoint.parquet").to_pylist()
    actions = [{kind: told for kind, told in row.items() if told is not None} for row in found]
    known = ("path", "partitionValues", "size", "stats", "deletionTimestamp", "id", "schemaString", "configuration", "minWriterVersion")
    return sorted(({kind: {name: told.get(name) for name in known} for kind, told in one.items()} for one in actions), key=str)


@pytest.mark.slow
@pytest.mark.parametrize("is_after_one", [False, True])
def test_a_checkpoint_says_what_the_library_says(store: Store, tmp_path: Path, is_after_one: bool) -> None:
    folder = Path(store.path("calls"))
    calls_of(store, "c1", "c2")
    if is_after_one:
        DeltaTable(folder).create_checkpoint()
    # One file comes, one is made anew, one goes.
    assert add_rows(listed(store), rows("c8", "c9", day=date(2026, 5, 11)), bounded=CALLS.bounded)
    store.write_conversations([heard("conversation c8", "c8", started_at=DAYS["c1"])], run_id="again", days=[date(2026, 5, 11)])
    store.forget("calls", "call_id", ["c2"])
    version = listed(store).version
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    DeltaTable(other).create_checkpoint()
    assert write_checkpoint(folder / "_delta_log", version, before=0 if is_after_one else None)
    assert pointed_at(folder / "_delta_log") == pointed_at(other / "_delta_log")
    for number in range(version):
        (folder / "_delta_log" / f"{number:020}.json").unlink()
    assert said(listed(store)) == said(listed_by_library(DeltaTable(folder)))
    assert ids(make_store(tmp_path)) == ["c1", "c8", "c9"]
    calls_of(make_store(tmp_path), "c3")
    assert DeltaTable(folder).version() == version + 1


def test_a_checkpoint_of_a_later_protocol_is_left_to_the_library(store: Store) -> None:
    calls_of(store, "c1")
    table = DeltaTable(store.path("calls"))
    table.alter.set_table_properties({"delta.enableDeletionVectors": "true"}, raise_if_not_exists=False)
    before = sorted(Path(store.path("calls")).glob("_delta_log/*"))
    assert not write_checkpoint(Path(store.path("calls")) / "_delta_log", 1, before=None)
    assert sorted(Path(store.path("calls")).glob("_delta_log/*")) == before


def test_commits_that_a_checkpoint_holds_go_when_they_are_old(store: Store) -> None:
    calls_of(store, "c1")
    log_folder = Path(store.path("calls")) / "_delta_log"
    assert add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert add_rows(listed(store), rows("c9"), bounded=CALLS.bounded)
    for path in log_folder.glob("*.json"):
        os.utime(path, (0, 0))
    assert write_checkpoint(log_folder, 1, before=None)
    assert sorted(path.name for path in log_folder.glob("[0-9]*")) == [f"{1:020}.checkpoint.parquet", f"{1:020}.json", f"{2:020}.json"]
    assert ids(make_store(Path(store.root).parent)) == ["c1", "c8", "c9"]


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
    calls_of(store, "c1")
    monkeypatch.setattr(checkpoint.os, "replace", lambda *_: raising(OSError(28, "No space left on device")))
    assert add_rows(listed(store), rows("c8"), bounded=CALLS.bounded)
    assert ids(store) == ["c1", "c8"]


def test_files_that_no_log_names_go_with_the_history(store: Store) -> None:
    calls_of(store, "c1", "c2")
    orphan = Path(store.path("calls")) / "call_date=2026-05-11" / "part-00000-left-c000.snappy.parquet"
    orphan.write_bytes(b"what a caller said")
    erase_history(store)
    assert not orphan.exists()
    assert ids(store) == ["c1", "c2"]
