"""Folders that many tests begin with: made once by each process of tests, and copied, which takes a twentieth of the time."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Hashable
from contextlib import closing
from functools import cache
from pathlib import Path

from qa_pipeline.reading.database import FILE_NAME

# Told of each folder that was copied, and where to.
COPIED: list[Callable[[Path, Path], None]] = []


def copy(make: Callable[..., object], folder: Path, *arguments: Hashable) -> None:
    """Let a folder hold what `make(folder, *arguments)` makes, results with their review database if there is one."""
    made = _made(make, arguments)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    for tell in COPIED:
        tell(made, folder)
    for path in folder.rglob(FILE_NAME):
        # Lists are of one root, and made anew where they are found in another.
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("update index_state set root = ?", (str(path.parent),))


@cache
def _made(make: Callable[..., object], arguments: tuple[Hashable, ...]) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_room()))
    make(folder, *arguments)
    return folder


@cache
def _room() -> Path:
    room = Path(tempfile.mkdtemp(prefix="qa-copies-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return room
