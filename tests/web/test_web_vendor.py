"""Scripts of other people are those that are listed, byte for byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from qa_pipeline.web.app import STATIC

FOLDERS = (STATIC / "vendor", Path(__file__).parent / "vendor")
# Licences that let them be given on with a program under Apache 2.0.
_FREE = {"MIT", "0BSD", "BSD-3-Clause", "MPL-2.0"}


@pytest.mark.parametrize("folder", FOLDERS, ids=["shipped", "tests"])
def test_files_are_those_of_the_list(folder: Path) -> None:
    listed = {one["file"]: one for one in json.loads((folder / "vendor.json").read_text("utf-8"))}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "vendor.json"}
    assert {name: one["sha256"] for name, one in listed.items()} == there
    assert {package["licence"] for one in listed.values() for package in one["packages"]} <= _FREE
