"""Stored norms are made anew, without audio, where other code or data made them: by whoever reads, and on the disk once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stored import heard, make_store

from qa_pipeline.reading.tables import rows
from qa_pipeline.results import heard as reading
from qa_pipeline.results import norms
from qa_pipeline.results.norms import renew_norms
from qa_pipeline.results.store import Store
from qa_pipeline.scoring import identity
from qa_pipeline.text.normalise import normalise

NORMS = "select conversation_id, utterance, norm from utterances order by all"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path)
    made.write_conversations([heard("one", "c1"), heard("two", "c2")], run_id="r")
    yield made
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def change_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on English norms are in capitals, and say so in their version."""
    changed = lambda text, language: normalise(text, language).upper() if language == "en" else normalise(text, language)  # noqa: E731
    for module in (reading, norms):
        monkeypatch.setattr(module, "normalise", changed)
    monkeypatch.setattr(identity, "norm_version", lambda code: f"capitals {code}")
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def test_norms_of_now_are_left_alone(store: Store) -> None:
    before = rows(store, NORMS)
    assert renew_norms(store) == 0
    assert rows(store, NORMS) == before


def test_a_reader_sees_norms_of_now_whatever_is_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = rows(store, NORMS)
    change_norms(monkeypatch)
    (read,) = store.load_conversations(["one"])
    assert [u.norm for u in read.utterances] == [row["norm"].upper() for row in stored if row["conversation_id"] == "one"]
    assert rows(store, NORMS) == stored


def test_they_are_written_once_and_nothing_else_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: rows(store, f"select * from {name} order by conversation_id") for name in ("calls", "embeddings", "metrics")}
    said = rows(store, "select * exclude (norm) from utterances order by conversation_id, utterance")
    stored = rows(store, NORMS)
    change_norms(monkeypatch)
    assert renew_norms(store) == 2
    assert rows(store, NORMS) == [{**row, "norm": row["norm"].upper()} for row in stored]
    assert rows(store, "select * exclude (norm) from utterances order by conversation_id, utterance") == said
    versions = [{"key": "en", "value": "capitals en"}]
    for name, kept in before.items():
        now = rows(store, f"select * from {name} order by conversation_id")
        assert now == [{**row, **({"norm_versions": versions} if name == "calls" else {})} for row in kept]
    assert renew_norms(store) == 0


def test_how_many_are_made_anew_is_told_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    renew_norms(store, on_begin=told.append)
    assert told == []
    change_norms(monkeypatch)
    renew_norms(store, on_begin=told.append)
    assert told == [2]


def test_only_those_asked_for_are_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    change_norms(monkeypatch)
    assert (renew_norms(store, []), renew_norms(store, ["two", "nobody"]), renew_norms(store)) == (0, 1, 1)


def test_a_call_without_a_date_or_without_words_is_brought_up_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    undated = heard("one", "c1")
    silent = replace(heard("two", "c2"), utterances=(), vectors={})
    store.write_conversations([undated, silent], run_id="r")
    assert undated.call.started_at is None
    change_norms(monkeypatch)
    # Who says nothing has no norm that could be old.
    assert renew_norms(store) == 1
    assert {row["norm"].isupper() for row in rows(store, NORMS)} == {True}


def test_what_judges_a_stored_call_is_told_by_its_row(store: Store) -> None:
    row = store.read("calls").to_pylist()[0]
    assert reading.judged_now(row) == identity.judged_by("en", ["en"])
    assert reading.judged_now({**row, "norm_versions": None}) is None
