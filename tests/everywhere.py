"""Every test with its review database in PostgreSQL: `pytest --review-database postgresql`. Programs that a test begins anew have a file in the root as ever,
but for those that it hands settings of `naming`.

A root whose settings name no database has one of its own on the server, made when it is first opened, copied with its folder, and dropped with its test.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from qa_pipeline.reading import database
from qa_pipeline.settings import Settings

Connecting = Callable[[], AbstractContextManager[Connection]]


class Everywhere:
    """Databases by results root. `connecting`: a connection that databases are made and dropped by."""

    def __init__(self, server: str, connecting: Connecting) -> None:
        self._server, self._connecting = server, connecting
        self._names: dict[str, str] = {}
        self._engines: list[Engine] = []
        self._numbers = count()
        self._turns = threading.Lock()

    def url(self, settings: Settings) -> str:
        """What settings say, else the root's own database."""
        if settings.review_database:
            return settings.review_database
        key = _key(settings.results)
        # Several threads may open one at once, for the first time.
        with self._turns:
            return self._url(self._names.get(key) or self._make(key, "template1"))

    def engine(self, *arguments: Any, **options: Any) -> Engine:
        """As SQLAlchemy makes it, and closed with its test."""
        self._engines.append(create_engine(*arguments, **options))
        return self._engines[-1]

    def copied(self, made: Path, folder: Path) -> None:
        """A folder was copied: its roots' databases are, too."""
        for root, name in list(self._names.items()):
            if not Path(root).is_relative_to(made):
                continue
            with self._connecting() as connection:
                connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"), {"name": name})
            there = _key(str(folder / Path(root).relative_to(made)))
            engine = create_engine(make_url(self._url(self._make(there, name))).set(drivername="postgresql+psycopg"))
            with engine.begin() as connection:
                if connection.execute(text("select to_regclass('index_state')")).scalar_one() is not None:
                    connection.execute(text("update index_state set root = :root"), {"root": there})
            engine.dispose()

    @contextmanager
    def for_a_test(self) -> Iterator[None]:
        """What is made within is closed and dropped at its end; what more than one test uses is made before."""
        known, opened = set(self._names), len(self._engines)
        yield
        for engine in self._engines[opened:]:
            engine.dispose()
        del self._engines[opened:]
        for root in set(self._names) - known:
            if "qa-copies-" not in root:
                with self._connecting() as connection:
                    connection.execute(text(f"drop database {self._names.pop(root)} with (force)"))

    def _make(self, root: str, template: str) -> str:
        name = self._names[root] = f"r{os.getpid()}_{next(self._numbers)}"
        with self._connecting() as connection:
            connection.execute(text(f"create database {name} template {template}"))
        return name

    def _url(self, name: str) -> str:
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)


def put_everywhere(everywhere: Everywhere) -> None:
    """From now on open databases there."""
    database.database_url = everywhere.url
    database.create_engine = everywhere.engine


def naming(settings: Settings) -> Settings:
    """Settings that name the database, for processes that are begun anew and know of no other; as they are where it is a file in the root."""
    url = database.database_url(settings)
    return settings if url.startswith("sqlite") else settings.model_copy(update={"review_database": url})


def _key(root: str) -> str:
    return root if "://" in root else os.path.abspath(root)
