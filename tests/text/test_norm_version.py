"""The name of a norm changes with what a norm depends on, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages import load
from qa_pipeline.text import norm_version as module
from qa_pipeline.text.norm_version import norm_version


@pytest.fixture(autouse=True)
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield add_language(tmp_path, "qq", {}, monkeypatch)
    monkeypatch.undo()
    forget()


def forget() -> None:
    read_anew()
    norm_version.cache_clear()


def test_each_language_has_a_version_of_its_own_that_does_not_change_by_itself() -> None:
    first = {code: norm_version(code) for code in load.language_codes()}
    forget()
    assert {code: norm_version(code) for code in load.language_codes()} == first
    assert len(set(first.values())) == len(first) == 5


def test_a_file_that_normalising_reads_changes_the_version_of_its_language_alone(made_up: Path) -> None:
    before = {code: norm_version(code) for code in load.language_codes()}
    (made_up / "words.txt").write_text("qwerty 5\n", "utf-8")
    forget()
    assert [code for code in load.language_codes() if norm_version(code) != before[code]] == ["qq"]


def test_a_file_that_normalising_does_not_read_changes_nothing(made_up: Path) -> None:
    before = norm_version("qq")
    (made_up / "roles.yaml").write_text("version: 2\n", "utf-8")
    forget()
    assert norm_version("qq") == before


@pytest.mark.parametrize("what", ["code", "dictionary"])
def test_code_and_dictionaries_change_it(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = norm_version("qq")
    if what == "code":
        monkeypatch.setattr(module, "NORM_VERSION", module.NORM_VERSION + 1)
    else:
        monkeypatch.setattr(module, "version", lambda name: "0.0.1")
    norm_version.cache_clear()
    assert norm_version("qq") != before


def test_han_characters_are_read_by_the_language_written_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = norm_version("qq")
    monkeypatch.setattr(module, "files_digest", lambda code, names: "other" if code == "zh" else load.files_digest(code, names))
    norm_version.cache_clear()
    assert norm_version("qq") != before


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputRefused, match="no language"):
        norm_version("xx")
