"""Norms kept in a file: the same as worked out, read again, and never in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_pipeline.text import kept_norms
from qa_pipeline.text.kept_norms import keep_norms, kept_norm, save_norms
from qa_pipeline.text.normalise import normalise

TEXTS = [("您好，我是小王", "zh"), ("I'm calling from Acme", "en"), ("Dzień dobry", "pl"), ("Hur mår du?", "sv")]


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept_norms, "_kept", None)
    yield


def kept_file(folder: Path) -> Path:
    (path,) = folder.glob("norms-*.json")
    return path


def begin_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process would."""
    monkeypatch.setattr(kept_norms, "_kept", None)
    keep_norms(folder)


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_a_kept_norm_is_the_norm(text: str, language: str, tmp_path: Path) -> None:
    keep_norms(tmp_path)
    assert [kept_norm(text, language), kept_norm(text, language)] == [normalise(text, language)] * 2


def test_what_was_kept_is_not_worked_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_norms(tmp_path)
    for text, language in TEXTS:
        kept_norm(text, language)
    save_norms()
    begin_anew(tmp_path, monkeypatch)
    monkeypatch.setattr(kept_norms, "normalise", lambda text, language: pytest.fail("worked out again"))
    assert [kept_norm(text, language) for text, language in TEXTS] == [normalise(text, language) for text, language in TEXTS]


def test_one_text_in_two_languages_has_two_norms(tmp_path: Path) -> None:
    keep_norms(tmp_path)
    assert [kept_norm("no", language) for language in ("en", "sv")] == [normalise("no", language) for language in ("en", "sv")]


def test_processes_add_to_each_others_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, language in TEXTS:
        begin_anew(tmp_path, monkeypatch)
        kept_norm(text, language)
        save_norms()
    assert len(json.loads(kept_file(tmp_path).read_text("utf-8"))) == len(TEXTS)


@pytest.mark.parametrize("damaged", ["", "{", "[1, 2]", "\x00"])
def test_a_damaged_file_is_made_anew(damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_norms(tmp_path)
    kept_norm(*TEXTS[0])
    save_norms()
    kept_file(tmp_path).write_text(damaged, "utf-8")
    begin_anew(tmp_path, monkeypatch)
    assert kept_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norms()
    assert list(json.loads(kept_file(tmp_path).read_text("utf-8")).values()) == [normalise(*TEXTS[0])]


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep_norms(tmp_path / "file" / "folder")
    assert kept_norm(*TEXTS[0]) == normalise(*TEXTS[0])
    save_norms()
