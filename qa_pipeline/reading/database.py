"""The review database: what changes by the minute, beside the tables that only grow.

It holds what people decide (review/) and the index of current and effective scores that lists are read from (index.py). By default it is one SQLite
file in the results root, in WAL mode, so that readers and a writer do not wait for each other; a URL of PostgreSQL serves several machines.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, func, make_url, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.settings import Settings

FILE_NAME = "review.db"
PEOPLE = MetaData()
"""Tables that people write: accounts, teams, decisions. Their history is kept by migrations (review/migrations)."""
DERIVED = MetaData()
"""Tables made of others: dropped and made anew when their form changes."""
# How long a writer waits for another one. Chosen: a transaction takes milliseconds, a rebuilt index of a million calls some tens of seconds.
_BUSY_MS = 120_000
# The number under which writers of a PostgreSQL database wait for each other; any number would do.
_TURN = 7_123_001
# What SQLite says of a disk that is full or fails.
_DISK_SAYS = ("disk I/O error", "database or disk is full")
# Values in one statement: well below what either database takes.
_LOT = 500
T = TypeVar("T")


class PerEngine(Generic[T]):
    """What a process keeps for each engine, made when it is first asked for and gone with the engine."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[Engine, T] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, engine: Engine) -> T:
        """That of an engine, the same for all threads."""
        with self._lock:
            return self._made.setdefault(engine, self._make())


_TURNS = PerEngine(threading.Lock)


def database_url(settings: Settings) -> str:
    """Where the review database is: what the settings say, else a file in the results root; for an object store, a file in the cache."""
    if settings.review_database:
        return settings.review_database
    if "://" in settings.results:
        name = hashlib.sha256(settings.results.rstrip("/").encode()).hexdigest()[:16]
        return f"sqlite:///{settings.cache / 'review' / name}.db"
    return f"sqlite:///{Path(settings.results) / FILE_NAME}"


def open_database(settings: Settings, *, keeps_connections: bool = False) -> Engine:
    """The engine of the review database. `keeps_connections`: for who asks again and again, in many threads, and never forks. Raises InputRefused for a URL that is none, EnvironmentNotReady when nothing answers there."""
    given = database_url(settings)
    try:
        url = make_url(given)
        if url.get_backend_name() == "sqlite":
            return _sqlite(given, url.database, keeps_connections=keeps_connections)
        if url.get_backend_name() != "postgresql":
            raise InputRefused(
                f"The review database cannot be {url.get_backend_name()}.",
                advice="Set review_database to postgresql://USER:PASSWORD@HOST/NAME, or unset it for a file in the results root.",
            )
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
        with engine.connect():
            return engine
    except (ArgumentError, NoSuchModuleError) as error:
        raise InputRefused(
            "review_database is no URL of a database.", advice="Write it as postgresql://USER:PASSWORD@HOST/NAME, or unset it."
        ) from error
    except OperationalError as error:
        raise EnvironmentNotReady(
            f"The review database does not answer: {_first_line(error)}", advice="Start it, or correct review_database; nothing is lost."
        ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: the whole of it is seen, or nothing. It waits for its turn at its beginning, never in its middle."""
    with _turn_of(engine), engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # One writer at a time, as in SQLite: what a transaction read of other rows still holds when it writes.
            connection.execute(select(func.pg_advisory_xact_lock(_TURN)))
        yield connection


def _turn_of(engine: Engine) -> AbstractContextManager[object]:
    """Threads of one process take turns by a lock: SQLite lets those who wait ask again and again, and whoever asks at the right moment comes first."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    return _TURNS.of(engine)


def lots(values: Iterable[T], size: int = _LOT) -> Iterator[tuple[T, ...]]:
    """Values, so many at a time."""
    several = iter(values)
    while lot := tuple(islice(several, size)):
        yield lot


def _sqlite(url: str, path: str | None, *, keeps_connections: bool) -> Engine:
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # A connection costs a millisecond; one that is kept would outlive a fork. Nobody waits for one: whoever finds none free makes another.
    pool: dict[str, Any] = {"max_overflow": -1} if keeps_connections else {"poolclass": NullPool}
    engine = create_engine(url, hide_parameters=True, **({} if path in (None, "", ":memory:") else pool))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver begins no transactions by itself: "begin" below says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in (f"busy_timeout = {_BUSY_MS}", "journal_mode = wal", "synchronous = normal", "foreign_keys = on"):
                cursor.execute(f"pragma {pragma}")
        except sqlite3.OperationalError as error:
            if (told := _of_the_disk(error, path)) is not None:
                raise told from error
            raise
        finally:
            cursor.close()

    @event.listens_for(engine, "handle_error")
    def say(context: ExceptionContext) -> BaseException | None:
        return _of_the_disk(context.original_exception, path)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("is_writing")
        connection.exec_driver_sql("begin immediate" if is_writing else "begin")

    return engine


def _of_the_disk(error: BaseException, path: str | None) -> EnvironmentNotReady | None:
    """What to say of an error that comes from the disk; None for others."""
    if not any(words in str(error) for words in _DISK_SAYS):
        return None
    return EnvironmentNotReady(
        f"The review database cannot be read or written: {error}.",
        advice=f"Free some space where {path} lies, and do the same again; what was decided before is kept.",
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
