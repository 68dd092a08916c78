"""The name of a norm changes with what a norm depends on, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.languages import load
from qa_pipeline.text import norm_version as module
from qa_pipeline.text.norm_version import norm_version
from qa_pipeline.text.normalise import normalise


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
        monkeypatch.setattr(module, "_releases", lambda: ("opencc 0.0.1",))
    norm_version.cache_clear()
    assert norm_version("qq") != before


def test_han_characters_are_read_by_the_language_written_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = norm_version("qq")
    monkeypatch.setattr(module, "files_digest", lambda code, names: "other" if code == "zh" else load.files_digest(code, names))
    norm_version.cache_clear()
    assert norm_version("qq") != before


def test_texts_of_no_known_language_depend_on_code_and_han_characters_alone() -> None:
    assert norm_version("") == norm_version("und") == norm_version("xx")


# Data of its own, so that only code (or a dictionary) can change what comes out.
WORDS = (
    "writing.yaml",
    'stemmer: english\nnegations: gar\nnegated: {kanix: [kan, gar]}\nnegating_endings: {"\'ix": gar}\nspoken: {zoba: zorbo gar}\ncontractions: {z: iz}\n',
)
CHARACTERS = "writing.yaml", "negations: 不 没\nnot_denying: 没事\n"
TEXTS = (
    "Gar moltano, kanix! zeb'ix zeb'z l'amour Öre Łódź Straße calling running",
    "molta no moltanno zebmoltano 1,000.50 10:30 007 Zorbo zoba",
    "不好 没事 有没有 滿意度調查 您好ABC 银行 行动 一下",
)  # fmt: skip


def test_other_norms_mean_another_version_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"words.txt": "moltano 9\nzeb 9\n", "first_names.yaml": "names: Zorbo\n"}
    add_language(tmp_path / "further", "qv", {WORDS[0]: WORDS[1], **words}, monkeypatch)
    add_language(tmp_path / "further", "qw", {CHARACTERS[0]: CHARACTERS[1]}, monkeypatch, script="han")
    norms = [normalise(text, code) for code in ("qv", "qw") for text in TEXTS]
    assert (module.NORM_VERSION, norms) == (
        3,
        [
            "!gar moltano kan+!gar zeb+!gar zeb+iz lamour ore lodz strass call run",
            "moltano/2 moltano zeb+moltano 100050 1030 007 zorbo zorbo+!gar",
            "!bu hao !mei shi you !mei you man yi du diao cha nin hao abc yin xing xing dong yi xia",
            "gar moltano kanix zebix zebz lamour ore lodz strasse calling running",
            "molta no moltanno zebmoltano 100050 1030 007 zorbo zoba",
            "!bu hao mei shi you mei you man yi du diao cha nin hao abc yin hang xing dong yi xia",
        ],
    ), "Code or a dictionary gives other norms: if it is the code, raise NORM_VERSION; then write down what is new here."
