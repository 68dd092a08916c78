"""Files of languages and of written dialogues: each fault that is told, and the same file with its cure followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.errors import InputRefused
from qa_pipeline.evaluation.dialogues import load_dialogues
from qa_pipeline.evaluation.truth import read_truths
from qa_pipeline.languages.load import language, table
from qa_pipeline.languages.mark_tables import Marks
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.languages.tables import Table
from qa_pipeline.languages.writing_tables import Sounds, Writing
from tests.cures.texts import Do, follow, says

# The beginning of a text of docs/messages.md, the table, its file with the fault, and cured.
TABLES: tuple[tuple[str, type[Table], str, str], ...] = (
    ("{pair} is no pair; write two sounds", Sounds, "confused_initials:\n  - {cost: 0.1, pairs: n-l}\n", "confused_initials:\n  - {cost: 0.1, pairs: n/l}\n"),
    ("{where}: …", Sounds, "confused_finals:\n  - {cost: 2.0, pairs: a/e}\n", "confused_finals:\n  - {cost: 1.0, pairs: a/e}\n"),
    ("{where}: no key has this name here", Writing, "negation: not\n", "negations: not\n"),
    ("no stemmer is called {name}", Writing, "stemmer: norsk\n", "stemmer: norwegian\n"),
    ("no stemmer is called {name}", Writing, "stemmer: norsk\n", "negations: not\n"),
    ("words are text with spaces between them", Writing, "negations: [one, two, three]\n", "negations: 'one two three'\n"),
    ("…: wanted {wanted}", PhraseWords, "slots:\n  daytime: morning\n", "slots:\n  daytime: [morning]\n"),
    ("a pattern is text: put it in single quotes", Marks, "half: 7\n", "half: '7'\n"),
    ("no regular expression: {error}", Marks, "half: '(ten'\n", "half: '(ten)'\n"),
    ("… stands for nothing here; known are …", Marks, "pieces:\n  mark: 'ten'\nhalf: '{marc}'\n", "pieces:\n  mark: 'ten'\nhalf: '{mark}'\n"),
    ("… stands for nothing here; known are …", Marks, "pieces:\n  mark: 'ten'\nhalf: '{marc}'\n", "pieces:\n  mark: 'ten'\n  marc: 'nine'\nhalf: '{marc}'\n"),
    ("pieces are names with patterns", Marks, "pieces: [ten]\n", "pieces:\n  mark: 'ten'\n"),
    ("{name}: {error}", Marks, "pieces:\n  mark: '(ten'\n", "pieces:\n  mark: '(ten)'\n"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield add_language(tmp_path / "languages", "qq", {}, monkeypatch)
    monkeypatch.undo()
    read_anew()


@pytest.mark.parametrize(("text", "kind", "slip", "cured"), TABLES, ids=[f"{number}-{row[0]}" for number, row in enumerate(TABLES)])
def test_after_its_cure_a_table_of_a_language_is_read(languages: Path, text: str, kind: type[Table], slip: str, cured: str) -> None:
    (languages / kind.FILE).write_text(slip, "utf-8")
    with pytest.raises(InputRefused) as caught:
        table("qq", kind)
    (fault,) = caught.value.faults
    assert says(fault.message, text), fault
    (languages / kind.FILE).write_text(cured, "utf-8")
    read_anew()
    assert table("qq", kind) is not None


def _truth(table: str) -> Do:
    def do(folder: Path) -> object:
        (folder / "calls.csv").write_text(table, "utf-8")
        return read_truths(folder)

    return do


def _dialogues(text: str) -> Do:
    def do(folder: Path) -> object:
        (folder / "d.yaml").write_text(text, "utf-8")
        return len(load_dialogues(folder / "d.yaml"))

    return do


_DIALOGUE = "- id: d1\n  rubric: inbound\n  language: en\n  direction: inbound\n  lines: ['0:03 agent: Good day.']\n"
ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("{code} is no language here.", lambda _: language("klingon"), lambda _: language("qq")),
    ("{path}: … is no outcome.", _truth("file,expect_greeting\na.wav,passed\n"), _truth("file,expect_greeting\na.wav,met\n")),
    ("{path} is no list of written dialogues", _dialogues(_DIALOGUE.replace("lines: ['0:03 agent: Good day.']", "lines: 0:03 agent")), _dialogues(_DIALOGUE)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[row[0] for row in ROWS])
def test_what_the_cure_says_is_taken(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


ALL_TEXTS = (*(row[0] for row in TABLES), *(row[0] for row in ROWS))
