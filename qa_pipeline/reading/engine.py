"""DuckDB for questions of this program: one engine for each process, and a session of it for each question.

To begin an engine takes as long as ten short questions. Sessions share nothing: what is put into one (tables in memory, temporary views and tables) is
not seen by another, and gone with it. Questions that people write themselves get an engine of their own (`alone`), as these may make what stays.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def session() -> DuckDBPyConnection:
    """A session of this process's engine, which reads what is put into it and nothing outside. Close it when done."""
    begun = _engine(os.getpid()).cursor()
    # Its own bar would go to standard output, among what is asked for.
    begun.execute("set enable_progress_bar = false")
    return begun


def alone() -> DuckDBPyConnection:
    """An engine of its own. Close it when done."""
    # Lists and single calls do without it: 20 MB, a tenth of a second.
    import duckdb

    begun = duckdb.connect()
    begun.execute("set global timezone = 'UTC'")
    begun.execute("set enable_progress_bar = false")
    return begun


@cache
def _engine(process: int) -> DuckDBPyConnection:
    """The engine of a process: its threads are not there in one that was forked from it."""
    begun = alone()
    # Questions read the tables and nothing else: no file, no network, and nothing is written (copy … to).
    begun.execute("set enable_external_access = false")
    return begun
