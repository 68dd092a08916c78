"""An opened table is the newest one, however it came to be, and is opened once while nothing comes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from qa_pipeline.results import files
from qa_pipeline.results.files import Opened


def write(path: Path, *values: int, mode: str = "append") -> None:
    write_deltalake(str(path), pa.table({"n": list(values)}), mode=mode)  # type: ignore[arg-type]


def held(tables: Opened, path: Path) -> list[int]:
    delta = tables.table(str(path))
    assert delta is not None
    return sorted(delta.to_pyarrow_table()["n"].to_pylist())


def test_it_is_opened_once_while_nothing_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t", 1)
    tables, count = Opened(), 0

    def counted(path: str) -> DeltaTable:
        nonlocal count
        count += 1
        return DeltaTable(path)

    monkeypatch.setattr(files, "open_table", counted)
    for _ in range(3):
        assert held(tables, tmp_path / "t") == [1]
    assert count == 1
    write(tmp_path / "t", 2)
    assert held(tables, tmp_path / "t") == [1, 2]
    assert count == 2


def test_what_others_write_or_begin_anew_is_seen(tmp_path: Path) -> None:
    path, tables = tmp_path / "t", Opened()
    assert tables.table(str(path)) is None
    write(path, 1)
    assert held(tables, path) == [1]
    write(path, 7, mode="overwrite")
    assert held(tables, path) == [7]
    shutil.rmtree(path)
    assert tables.table(str(path)) is None
    # Another table with as many commits.
    write(path, 3)
    write(path, 4)
    assert held(tables, path) == [3, 4]


def test_a_log_that_was_cut_back_is_read_anew(tmp_path: Path) -> None:
    path, tables = tmp_path / "t", Opened()
    for value in range(3):
        write(path, value)
    assert held(tables, path) == [0, 1, 2]
    DeltaTable(str(path)).create_checkpoint()
    for log in (path / "_delta_log").glob("*.json"):
        log.unlink()
    assert held(tables, path) == [0, 1, 2]
