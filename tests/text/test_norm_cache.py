"""Norms cached in a file: the same as worked out, read again, and never in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    (path,) = folder.glob("norms-*.json")
    return path


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
    assert len(json.loads(cache_file(tmp_path).read_text("utf-8"))) == len(TEXTS)


@pytest.mark.parametrize("damaged", ["", "{", "[1, 2]", "\x00"])
def test_a_damaged_file_is_made_anew(damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_norm_cache(tmp_path)
    cached_norm(*TEXTS[0])
    save_norm_cache()
    cache_file(tmp_path).write_text(damaged, "utf-8")
    begin_anew(tmp_path, monkeypatch)
    assert cached_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norm_cache()
    assert list(json.loads(cache_file(tmp_path).read_text("utf-8")).values()) == [normalise(*TEXTS[0])]


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    open_norm_cache(tmp_path / "file" / "folder")
    assert cached_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norm_cache()
