"""Patterns of a language's files: filled, compiled once, and every fault of theirs located."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.time_tables import Times


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a language that is nothing but its name yet."""
    yield add_language(tmp_path, "xx", {}, monkeypatch)
    monkeypatch.undo()
    read_anew()


def faults(folder: Path, text: str) -> list[tuple[int | None, str]]:
    (folder / "names.yaml").write_text(text, "utf-8")
    with pytest.raises(InputRefused) as refused:
        table("xx", Names)
    return [(fault.line, fault.message) for fault in refused.value.faults]


@pytest.mark.parametrize("code", language_codes())
def test_every_language_says_numbers_times_and_names(code: str) -> None:
    numbers, times = table(code, Numbers), table(code, Times)
    assert numbers.words or numbers.digits
    assert len(times.weekday) == len(times.weekdays) == 7
    assert times.clock
    assert table(code, Names).patterns


def test_a_language_without_the_file_tells_no_names(folder: Path) -> None:
    assert table("xx", Names).patterns == ()


def test_a_pattern_that_is_none_is_told_with_its_line(folder: Path) -> None:
    ((line, message),) = faults(folder, "patterns:\n  - 'I am {name}'\n  - 'my name is ({name}'\n")
    assert line == 3
    assert "no regular expression: missing ), unterminated subpattern" in message


def test_a_placeholder_that_stands_for_nothing_is_told_with_those_there_are(folder: Path) -> None:
    ((line, message),) = faults(folder, "pieces:\n  stop: '$'\npatterns:\n  - 'I am {nmae}{stop}'\n")
    assert line == 4
    assert "{nmae} stands for nothing here; known are both_names, name, stop, surname, title" in message


def test_a_piece_at_fault_is_told_once_not_at_every_pattern_that_uses_it(folder: Path) -> None:
    ((line, message),) = faults(folder, "pieces:\n  stop: '('\npatterns:\n  - 'I am {name}{stop}'\n")
    assert line == 1
    assert message.startswith("pieces: stop: no regular expression")


def test_surnames_left_out_of_the_slot_are_surnames() -> None:
    for code in language_codes():
        names = table(code, Names)
        assert set(names.surnames_not_in_slots) <= set(names.surnames)
