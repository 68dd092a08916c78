"""A decision whose process kills itself at a step: before it touches a file or commits to the database, or with half of a file of rows written.

In a module of its own, to be begun from a process that has loaded it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import deltalake
import pyarrow.parquet as pq
from deltalake.table import TableMerger
from desks import reopen
from sqlalchemy import Engine, event

from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.correcting import apply_due, correct_word, swap_roles
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.settings import Settings

# What Python's own library tells before it changes a file or a folder.
_TOUCHING = frozenset({"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "shutil.rmtree"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# What the tables' libraries do by themselves, without telling.
_LIBRARY = ((deltalake, "write_deltalake"), (TableMerger, "execute"), (deltalake.DeltaTable, "create_checkpoint"))


def settings_of(folder: Path) -> Settings:
    """Of a desk in a folder, as programs have them."""
    return Settings(results=str(folder / "results"), cache=folder / "cache", rubrics=folder / "rubrics")


def override(desk: Desk, folder: Path) -> None:
    """Somebody says that a criterion of c1 came out otherwise."""
    decide(desk, local_viewer("Wu"), "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")


def swap(desk: Desk, folder: Path) -> None:
    """Somebody makes the other party of c1 the agent; where it was done before, as it was heard again."""
    swap_roles(desk, local_viewer("Wu"), settings_of(folder), "c1", reason="wrong way round")


def put_word_right(desk: Desk, folder: Path) -> None:
    """Somebody puts right what was recognised in c1."""
    correct_word(desk, local_viewer("Wu"), settings_of(folder), "c1", before="hello there", after="good morning")


def resume(folder: Path) -> Desk:
    """The desk as the next program opens it, which does what is still to be done."""
    desk = reopen(folder)
    apply_due(desk, settings_of(folder))
    return desk


def until(steps: int, folder: Path, database: str, do: Callable[[Desk, Path], None]) -> None:
    """Do something at the desk of a folder; killed at the step of this number, from 0, counted from when the desk is open."""
    desk = reopen(folder, database=database)
    at_step(steps, folder)
    do(desk, folder)


def at_step(steps: int, folder: Path) -> None:
    """Let this process kill itself at the step of this number from now on."""
    left, place, this = [steps], str(folder), threading.get_ident()

    def step() -> bool:
        """Whether this is the one: for who has something to do before."""
        left[0] -= 1
        return left[0] == -1

    def pass_step() -> None:
        if step():
            _die()

    def heard(name: str, arguments: tuple[Any, ...]) -> None:
        # Whoever keeps a lock says now and then that it lives, by the clock: no step of this.
        if threading.get_ident() != this:
            return
        is_touching = name in _TOUCHING or (name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING)
        paths = [os.fsdecode(path) for path in arguments[:2] if isinstance(path, str | bytes | os.PathLike)] if is_touching else []
        if any(path.startswith(place) for path in paths) and not (name == "os.mkdir" and os.path.isdir(paths[0])):
            pass_step()

    sys.addaudithook(heard)

    @event.listens_for(Engine, "commit")
    def commit(connection: Any) -> None:
        pass_step()

    for owner, name in _LIBRARY:
        _before(owner, name, pass_step)
    plain = pq.write_table

    def write_table(rows: Any, path: Any, *arguments: Any, **options: Any) -> None:
        pass_step()
        plain(rows, path, *arguments, **options)
        if step():
            os.truncate(path, os.path.getsize(path) // 2)
            _die()

    pq.write_table = write_table


def _before(owner: Any, name: str, do: Callable[[], None]) -> None:
    plain = getattr(owner, name)

    @wraps(plain)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        do()
        return plain(*arguments, **options)

    setattr(owner, name, wrapped)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
