"""The tables are asked in reading/ alone, and whatever asks there says for whom."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import qa_pipeline

ROOT = Path(qa_pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
_SQL = re.compile(r"\bselect\b.*\bfrom\b|\binsert into\b|\bcreate (temp )?(table|view)\b", re.IGNORECASE | re.DOTALL)
# What has SQL of its own, which is none over the tables for people.
ELSEWHERE = {
    # What its own commits look up in the tables' library: ids that are there, the newest time, a table laid by days.
    "results/commit.py",
    "results/store.py",
    # A cache of files' hashes.
    "recordings/known_files.py",
    # A cache of the norms of phrases.
    "text/norm_cache.py",
}
# Functions that reach what is stored and are no questions of people: what these are put together from.
MADE_OF = {
    # Of the index by itself: kept up to date by whoever comes by, whatever they may see; a call's line, before the rule is asked of it.
    "index": {"set_effective", "retell_teams", "behind", "columns_there", "is_of_this_form", "mark_days", "known_line", "read_line"},
    "current": {"current"},
    "filling": {"put_all", "put_sets", "put_some"},
    "follow": {"catch_up", "rebuild", "knows_all", "take_corrected"},
    # What people decided about consent, for the index.
    "consents": {"rulings"},
    "log": {"version_of", "changes_since"},
    "database": {"writing"},
    "tables": {"connect", "connect_alone", "query", "rows"},
    "teams": {"read_memberships", "names_of_teams"},
    # Counts of faults, for who keeps the files.
    "verify": {"verify_results"},
}
STORED = {"Store", "Engine", "Connection"}


def _texts(path: Path) -> list[str]:
    """Texts of a module without its docstrings; of one with values in it, its fixed parts together."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and _begins_with_text(node.body)}
    parts: set[int] = set()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            fixed = [part for part in node.values if isinstance(part, ast.Constant)]
            parts |= {id(part) for part in fixed}
            found.append(" ".join(str(part.value) for part in fixed))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            found.append(node.value)
    return found


def _begins_with_text(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


def test_no_other_room_asks_in_sql() -> None:
    paths = [path for path in MODULES if path.parent.name != "reading" and str(path.relative_to(ROOT)) not in ELSEWHERE]
    assert [str(path) for path in paths if "import duckdb" in path.read_text("utf-8")] == []
    # Advice may say what to ask with the command of that name.
    asked = {str(path): [text for text in _texts(path) if _SQL.search(text) and "qa-pipeline query" not in text] for path in paths}
    assert {path: texts for path, texts in asked.items() if texts} == {}


def test_every_question_says_who_asks() -> None:
    names = sorted(path.stem for path in (ROOT / "reading").glob("*.py") if path.stem != "__init__")
    assert {name: asking for name in names if (asking := _asked_by_nobody(name))} == MADE_OF


def _asked_by_nobody(name: str) -> set[str]:
    """Functions of a module of reading/ that reach what is stored and take no viewer."""
    module = import_module(f"qa_pipeline.reading.{name}")
    reaching = {
        found: function
        for found, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not found.startswith("_")
        if STORED & {parameter.annotation for parameter in inspect.signature(function).parameters.values()}
    }
    return {found for found, function in reaching.items() if "Viewer" not in _annotations(function)}


def _annotations(function: Callable[..., object]) -> set[object]:
    return {parameter.annotation for parameter in inspect.signature(function).parameters.values()}
