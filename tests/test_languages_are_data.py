"""Code names no language: what it does differently for one, it reads in the language's folder."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa_pipeline
from qa_pipeline import languages
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.tables import Table

ROOT = Path(qa_pipeline.__file__).parent
SHIPPED = Path(languages.__file__).parent
FOLDERS = sorted(head.parent for head in SHIPPED.glob("*/language.yaml"))
MODULES = sorted(path for place in (ROOT, ROOT.parent / "flows") for path in place.rglob("*.py") if SHIPPED not in path.parents)
# Words of a language, as far as their letters show it.
LETTERS = frozenset("ąćęłńśźżåäöĄĆĘŁŃŚŹŻÅÄÖ")


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string of a module that is no docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


@pytest.fixture(scope="module")
def said() -> list[tuple[str, int, str]]:
    """Module, line and text of every string of the code."""
    return [(str(path.relative_to(ROOT.parent)), line, text) for path in MODULES for line, text in strings(path)]


def test_no_code_names_a_language(said: list[tuple[str, int, str]]) -> None:
    codes = {folder.name for folder in FOLDERS}
    assert [found for found in said if found[2].casefold() in codes] == []


def test_no_code_holds_words_of_a_language(said: list[tuple[str, int, str]]) -> None:
    def is_word(text: str) -> bool:
        # Ranges of characters in patterns, and the one letter that Unicode does not take apart, are no words.
        return len(text) > 1 and (bool(LETTERS & set(text)) or sum("\u4e00" < char < "\u9fff" for char in text) > 1)

    assert [found for found in said if is_word(found[2])] == []


def kinds() -> list[type[Table]]:
    for module in pkgutil.iter_modules([str(SHIPPED)]):
        importlib.import_module(f"qa_pipeline.languages.{module.name}")
    return Table.__subclasses__()


@pytest.mark.parametrize("code", language_codes())
def test_every_file_of_every_language_is_read(code: str) -> None:
    of_tables = {kind.FILE for kind in kinds()}
    assert {path.name for path in (SHIPPED / code).iterdir()} - of_tables - {"words.txt", "vocabulary.txt"} == set()
    assert all(isinstance(table(code, kind), kind) for kind in kinds())


def test_every_kind_of_file_is_documented() -> None:
    page = (ROOT.parent / "docs" / "languages.md").read_text("utf-8")
    assert [kind.FILE for kind in kinds() if f"| `{kind.FILE}` |" not in page] == []


def test_a_language_is_called_as_its_folder_is() -> None:
    assert [table(folder.name, importlib.import_module("qa_pipeline.languages.tables").Language).code for folder in FOLDERS] == [
        folder.name for folder in FOLDERS
    ]
