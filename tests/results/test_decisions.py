"""Decisions are only added; the one committed last is the latest."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from stored import heard, make_store

from qa_pipeline.conversation.correct import Correction
from qa_pipeline.results.decisions import keep_announcements, keep_role_swap, role_corrections
from qa_pipeline.results.store import Store


def test_the_order_of_decisions_is_that_of_their_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, spoken = make_store(tmp_path), heard("v1", "c1")
    asked, now = threading.Event(), Store.now

    def noted(self: Store, name: str, column: str) -> object:
        if threading.current_thread() is other:
            asked.set()
        return now(self, name, column)

    monkeypatch.setattr(Store, "now", noted)
    swap = {"author": "Anna", "reason": None}
    other = threading.Thread(target=lambda: keep_role_swap(make_store(tmp_path), spoken, Correction(moment_ms=2000), **swap))
    with store.lock:
        other.start()
        # Time to ask what time it is, for one that asks before it may write.
        asked.wait(1.0)
        keep_role_swap(store, spoken, Correction(moment_ms=1000), **swap)
    other.join()
    assert role_corrections(store)["c1"].moment_ms == 2000


def test_decisions_of_one_commit_have_an_order_too(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    keep_announcements(store, [("c1", "v1", moment, "twice") for moment in (3, 1, 2)], outcome="plays", author=None)
    times = {row["moment_ms"]: row["at"] for row in store.read("decisions").to_pylist()}
    assert sorted(times, key=times.__getitem__) == [3, 1, 2]
