"""Whole roots and spoilt ones; what is kept for how long."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from stored import heard, make_score, make_store

from qa_pipeline.conversation.recognised import stage_output
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.store import Store
from qa_pipeline.running.retention import Expired, Retention, expire, expired

pytestmark = pytest.mark.slow


def filled(folder: Path, *days: int) -> Store:
    """A store with a scored call for each day of May."""
    store = make_store(folder)
    for day in days or (1,):
        spoken = heard(f"v{day}", f"c{day}", started_at=datetime(2026, 5, day, 2, tzinfo=UTC))
        store.write_conversations([spoken], run_id="r")
        store.write_scores([make_score(spoken)], purpose="official", run_id="r")
    return store


def files(store: Store, table: str) -> list[Path]:
    return sorted(path for path in Path(store.path(table)).rglob("*.parquet") if "_delta_log" not in path.parts)


def test_a_whole_root_is_whole(tmp_path: Path) -> None:
    found = verify_results(filled(tmp_path, 1, 2))
    assert found.faults == ()
    assert {table.name: (table.rows, table.torn) for table in found.tables}["utterances"] == (4, 0)
    assert all(table.is_current for table in found.tables)
    assert verify_results(make_store(tmp_path / "empty")).tables == ()


def test_a_file_that_is_gone_cut_or_other_is_told(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, 2, 3)
    gone, cut, other = files(store, "calls")
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-20])
    pq.write_table(pq.read_table(other).slice(0, 0), other)
    told = "\n".join(verify_results(store).faults)
    assert "cannot be read: FileNotFoundError" in told
    assert "cannot be read: ArrowInvalid" in told
    assert "has 0 rows; its log says 1" in told
    assert len(told.splitlines()) == 3


def test_rows_that_stand_twice_are_told(tmp_path: Path) -> None:
    store = filled(tmp_path)
    write_deltalake(
        store.path("findings"),
        pa.table(pq.read_table(files(store, "findings")[0])).append_column("call_date", pa.array([date(2026, 5, 1)])),
        mode="append",
    )
    assert "findings: 1 keys stand twice (score_id, criterion_id)" in verify_results(store).faults


def test_details_that_are_missing_are_told(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, 2)
    store.forget("findings", "call_id", ["c1"])
    store.forget("metrics", "call_id", ["c2"])
    assert set(verify_results(store).faults) == {"1 scores without findings", "1 calls without metrics"}


def test_what_a_crash_left_without_a_head_is_counted_and_no_fault(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, 2)
    store.forget("scores", "call_id", ["c1"])
    store.forget("calls", "call_id", ["c1"])
    found = verify_results(store)
    assert found.faults == ()
    assert {t.name: t.torn for t in found.tables if t.torn} == {"utterances": 2, "embeddings": 2, "metrics": 1, "findings": 1}


def test_what_is_too_old_goes_and_the_rest_stays_whole(tmp_path: Path) -> None:
    store, today = filled(tmp_path, 1, 10, 20), date(2026, 5, 25)
    retention = Retention(words_days=10, calls_days=20)
    assert expired(store, retention, today=today) == Expired(words=("v1", "v10"), calls=("v1",), failures=0)
    assert rows(store, "select count(*) n from calls")[0]["n"] == 3
    expire(store, retention, today=today)
    assert [r["call_id"] for r in rows(store, "select call_id from current_scores order by 1")] == ["c10", "c20"]
    assert [r["conversation_id"] for r in rows(store, "select distinct conversation_id from utterances")] == ["v20"]
    left = rows(store, "select call_id, dropped is not null as has_dropped from current_calls order by 1")
    assert left == [{"call_id": "c10", "has_dropped": False}, {"call_id": "c20", "has_dropped": True}]
    kept = {r["call_id"]: r for r in rows(store, "select call_id, outcome, evidence_text, reason from current_findings")}
    assert (kept["c10"]["outcome"], kept["c10"]["reason"], kept["c20"]["reason"] is None) == ("met", None, False)
    assert verify_results(store).faults == ()
    assert expired(store, retention, today=today) == Expired(words=(), calls=(), failures=0)


def test_decisions_go_with_the_last_conversation_of_their_call(tmp_path: Path) -> None:
    store, today = filled(tmp_path, 1, 20), date(2026, 5, 25)
    for call_id, day in (("c1", 24), ("c20", 24), ("gone before", 2), ("lost a moment ago", 24)):
        decision = {
            "decision_id": call_id,
            "call_id": call_id,
            "kind": "role_swap",
            "at": datetime(2026, 5, day, tzinfo=UTC),
            "reason": "Anna says",
        }
        store.write_rows("decisions", [decision])
    assert expired(store, Retention(words_days=10), today=today).decided == ()
    assert expire(store, Retention(calls_days=20), today=today).decided == ("c1", "gone before")
    assert [r["call_id"] for r in rows(store, "select call_id from decisions order by 1")] == ["c20", "lost a moment ago"]


def test_stage_outputs_go_with_the_words_of_their_calls(tmp_path: Path) -> None:
    store, work = filled(tmp_path, 1, 20), tmp_path / "work"
    row = rows(store, "select audio_sha256, given_language, manifest_sha256, options from calls where call_id = 'c1'")[0]
    of_old_call = stage_output(work, **{**row, "options": {pair["key"]: pair["value"] for pair in row["options"] or ()}})
    of_any_call, old, hashes = work / "ab" / "ab.json.gz", work / "cd" / "cd.json.gz", work / "files.sqlite"
    for path in (of_old_call, of_any_call, old, hashes):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
        written = datetime(2026, 5, 24 if path in (of_old_call, of_any_call) else 2, tzinfo=UTC).timestamp()
        os.utime(path, (written, written))
    today = date(2026, 5, 25)
    assert expire(store, Retention(failures_days=1), today=today, work=work).stage_outputs == ()
    assert set(expired(store, Retention(words_days=10), today=today, work=work).stage_outputs) == {of_old_call, old}
    expire(store, Retention(words_days=10), today=today, work=work)
    assert {path for path in work.rglob("*") if path.is_file()} == {of_any_call, hashes}


def test_files_of_killed_nights_go(tmp_path: Path) -> None:
    store = filled(tmp_path)
    for run_id in ("20260520T010000-dead", "20260520T020000-alive", "20260525T010000-young"):
        (tmp_path / "results" / "_nights" / run_id).mkdir(parents=True)
        (tmp_path / "results" / "_nights" / run_id / "000000.json").write_text("words")
    with Claims(store.root, "20260520T020000-alive").hold(["c1"]):
        assert expire(store, Retention(words_days=10), today=date(2026, 5, 25)).nights == ("20260520T010000-dead",)
    assert sorted(path.name for path in (tmp_path / "results" / "_nights").iterdir()) == ["20260520T020000-alive", "20260525T010000-young"]


def test_failures_and_runs_have_their_own_window(tmp_path: Path) -> None:
    store = filled(tmp_path)
    for day in (1, 20):
        at = datetime(2026, 5, day, tzinfo=UTC)
        row = {"source_uri": f"/{day}.wav", "stage": "decode", "transient": False, "at": at, "run_id": "r"}
        store.write_failures([row])
        store.write_rows("runs", [{"run_id": f"r{day}", "started_at": at, "finished_at": at}])
    assert expire(store, Retention(failures_days=10), today=date(2026, 5, 25)).failures == 1
    assert [r["source_uri"] for r in rows(store, "select source_uri from failures")] == ["/20.wav"]
    assert [r["run_id"] for r in rows(store, "select run_id from runs")] == ["r20"]


def test_small_files_are_joined_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa_pipeline.results import store as module

    store = filled(tmp_path, 1, 1, 2)
    for number in range(6):
        store.write_conversations([heard(f"x{number}", f"x{number}", started_at=datetime(2026, 5, 1, 3, tzinfo=UTC))], run_id="r")
    assert store.tidy() == []
    before = len(files(store, "calls"))
    monkeypatch.setattr(module, "_MANY_FILES", 4)
    assert "calls" in store.tidy()
    assert len(files(store, "calls")) >= before
    assert {t.name: t.files for t in verify_results(store).tables}["calls"] == 2
    assert verify_results(store).faults == ()
