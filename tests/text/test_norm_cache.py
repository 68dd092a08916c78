"""Norms cached in a file: the same as worked out, read again, and never in the way."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qa_pipeline.text import norm_cache
from qa_pipeline.text.norm_cache import cached_norm, open_norm_cache, save_norm_cache
from qa_pipeline.text.normalise import normalise

TEXTS = [("您好，我是小王", "zh"), ("I'm calling from Acme", "en"), ("Dzień dobry", "pl"), ("Hur mår du?", "sv")]


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(norm_cache, "_cache", None)
    yield


def cache_file(folder: Path) -> Path:
    (path,) = folder.glob("norms-*.sqlite")
    return path


def stored(folder: Path) -> list[str]:
    with closing(sqlite3.connect(cache_file(folder))) as database:
        return [norm for (norm,) in database.execute("select norm from norms")]


def begin_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process would."""
    monkeypatch.setattr(norm_cache, "_cache", None)
    open_norm_cache(folder)


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_a_cached_norm_is_the_norm(text: str, language: str, tmp_path: Path) -> None:
    open_norm_cache(tmp_path)
    assert [cached_norm(text, language), cached_norm(text, language)] == [normalise(text, language)] * 2


def test_what_is_cached_is_not_worked_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_norm_cache(tmp_path)
    for text, language in TEXTS:
        cached_norm(text, language)
    save_norm_cache()
    begin_anew(tmp_path, monkeypatch)
    monkeypatch.setattr(norm_cache, "normalise", lambda text, language: pytest.fail("worked out again"))
    assert [cached_norm(text, language) for text, language in TEXTS] == [normalise(text, language) for text, language in TEXTS]


def test_one_text_in_two_languages_has_two_norms(tmp_path: Path) -> None:
    open_norm_cache(tmp_path)
    assert [cached_norm("no", language) for language in ("en", "sv")] == [normalise("no", language) for language in ("en", "sv")]


def test_processes_add_to_each_others_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, language in TEXTS:
        begin_anew(tmp_path, monkeypatch)
        cached_norm(text, language)
        save_norm_cache()
    assert len(stored(tmp_path)) == len(TEXTS)


@pytest.mark.parametrize("damaged", ["", "{", "\x00" * 4096])
def test_a_damaged_file_is_made_anew(damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_norm_cache(tmp_path)
    cached_norm(*TEXTS[0])
    save_norm_cache()
    cache_file(tmp_path).write_text(damaged, "utf-8")
    begin_anew(tmp_path, monkeypatch)
    assert cached_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norm_cache()
    assert stored(tmp_path) == [normalise(*TEXTS[0])]


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    open_norm_cache(tmp_path / "file" / "folder")
    assert cached_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norm_cache()


def test_only_what_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_norm_cache(tmp_path)
    for number in range(2_000):
        cached_norm(f"number {number}", "en")
    save_norm_cache()
    begin_anew(tmp_path, monkeypatch)
    tracemalloc.start()
    try:
        assert cached_norm("number 7", "en") == normalise("number 7", "en")
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


def test_with_too_many_it_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(norm_cache, "_MOST", 3)
    for text, language in TEXTS:
        begin_anew(tmp_path, monkeypatch)
        cached_norm(text, language)
        save_norm_cache()
    assert len(stored(tmp_path)) == 1


def test_a_process_that_is_forked_reads_it_too(tmp_path: Path) -> None:
    open_norm_cache(tmp_path)
    cached_norm(*TEXTS[0])
    save_norm_cache()
    cached_norm(*TEXTS[1])
    child = os.fork()
    if not child:
        os._exit(0 if cached_norm(*TEXTS[0]) == normalise(*TEXTS[0]) else 1)
    assert os.waitpid(child, 0)[1] == 0
