"""The tables that text/ and phrases/ read: all there, and every fault of theirs located."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import glue, han_languages, is_han, language_codes, table
from qa_pipeline.languages.phrase_tables import PhraseWords, Slots
from qa_pipeline.languages.tables import Table
from qa_pipeline.languages.writing_tables import Detection, FirstNames, Sounds, Writing
from qa_pipeline.packaged import PACKAGE_ROOT

KINDS = (Writing, FirstNames, Sounds, Detection, PhraseWords)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield add_language(tmp_path, "qq", {}, monkeypatch)
    monkeypatch.undo()
    read_anew()


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_of_every_language_are_read(kind: type[Table]) -> None:
    assert {type(table(code, kind)) for code in language_codes()} == {kind}


def test_every_language_has_what_matching_needs() -> None:
    for code in language_codes():
        assert table(code, Writing).negations
        assert table(code, PhraseWords).fillers
        assert bool(table(code, Sounds).initials) == is_han(code)
        assert bool(table(code, Detection).common) != is_han(code)


def test_the_script_says_what_stands_between_units() -> None:
    assert han_languages() == ("zh",)
    assert [glue(code) for code in ("zh", "en", "")] == ["", " ", " "]


@pytest.mark.parametrize("kind", KINDS)
def test_a_language_without_a_file_has_a_table_that_says_nothing(kind: type[Table], folder: Path) -> None:
    assert table("qq", kind) == kind() == table("", kind) == table("und", kind)


@pytest.mark.parametrize(
    ("kind", "text", "line", "message"),
    [
        (Sounds, "confused_initials:\n  - {cost: 0.1, pairs: n/l r-l}\n", 2, "'r-l' is no pair"),
        (Sounds, "confused_finals:\n  - {cost: 2.0, pairs: a/e}\n", 2, "less than or equal to 1"),
        (Writing, "stemmer: english\nnegation: no one\n", 2, "no key has this name here"),
        (Writing, "stemmer: norsk\n", 1, "no stemmer is called 'norsk'; there are arabic, "),
        (Writing, "negated: {cannot: [can]}\n", 1, "negated.cannot"),
        (PhraseWords, "slots:\n  daytime: morning\n", 2, "slots.daytime: wanted a list"),
        (Writing, "negations: [not, no one]\n", 1, "negations: words are text with spaces between them"),
    ],
)
def test_a_fault_is_told_where_it_is_written(kind: type[Table], text: str, line: int, message: str, folder: Path) -> None:
    (folder / kind.FILE).write_text(text, "utf-8")
    with pytest.raises(InputRefused) as refused:
        table("qq", kind)
    (fault,) = refused.value.faults
    assert fault.line == line
    assert message in fault.message


def test_the_page_on_languages_names_every_key() -> None:
    page = (PACKAGE_ROOT / "docs" / "languages.md").read_text("utf-8")
    keys = {name for kind in (*KINDS, Slots) for name in kind.model_fields}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []
