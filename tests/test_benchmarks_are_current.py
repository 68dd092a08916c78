"""Benchmarks are run seldom: what they take from the package is there under the names that they know."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_benchmark_takes_from_the_package_is_there(path: Path) -> None:
    taken = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    gone = [
        f"{node.module}.{one.name}"
        for node in taken
        if (node.module or "").startswith("qa_pipeline")
        for one in node.names
        if not hasattr(import_module(str(node.module)), one.name) and not _is_module(f"{node.module}.{one.name}")
    ]
    assert gone == []


def _is_module(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
