"""What all tests share: how many run side by side, and in which order. Folders below are no packages: helpers are imported by name."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from hypothesis import settings
from postgres import running_server, server_folder
from sqlalchemy import Connection, Engine, create_engine, make_url, text

if TYPE_CHECKING:
    from everywhere import Everywhere

# The same examples on every machine, however busy it is.
settings.register_profile("plain", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("plain")
# Of `make check`; `make test` tries all.
settings.register_profile("quick", settings.get_profile("plain"), max_examples=20)

# Pytest's own process loads readline, which tells the processes it begins how wide its terminal is. Commands print as where there is none.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("COLUMNS", "LINES"):
        os.environ.pop(_name, None)

# A thread each for what computes: as many processes as there are cores work side by side, and threads of one that wait for a core use up another's time.
os.environ.setdefault("OMP_NUM_THREADS", "1")


# Files of tests lie in memory where there is enough of it: for a quarter of the time processes waited for the disk to have what nobody reads again.
# What passed is deleted after each test (pyproject.toml). Processes that this one begins find the variable.
_MEMORY = Path("/dev/shm")
_GB_OF_FILES = 8.0
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK):
    _free = min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available - 8e9)
    if _free > _GB_OF_FILES * 1e9:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# Memory that a process of tests takes, with the processes it starts: of real models, two sets may be there at once.
_GB_WITH_MODELS = 5.0
_GB_WITHOUT_MODELS = 1.0
# Roughly how much longer than another a test with a mark takes.
_WEIGHTS = {"models": 5, "prefect": 5, "browser": 3, "postgres": 1, "slow": 1}
# Half a minute in one piece.
_LONGEST = "test_verdicts.py"


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named after their parameter, not after what they hold.

    What is packed or encrypted may hold the time at which it was made, and processes that work side by side must find tests of the same names.
    """
    return argname if isinstance(val, bytes) else None


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many processes as there are cores and memory for; 0, none beside this one, where that is a single one.

    With tests that need models, browsers and servers one more: three tenths of their time they wait for a schedule, a page or a disk.
    """
    is_light = "not models" in config.option.markexpr
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    each = _GB_WITHOUT_MODELS if is_light else _GB_WITH_MODELS
    fitting = min(cores if is_light else cores + 1, int(psutil.virtual_memory().available / 1e9 / each))
    return fitting if fitting > 1 else 0


def pytest_configure(config: pytest.Config) -> None:
    """Where slow tests are left out, properties are tried with fewer examples."""
    if "not slow" in config.option.markexpr:
        settings.load_profile("quick")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays to the end: nothing looks for garbage in it, neither now nor whenever a test leaves some."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        # What stays out to the very end, libraries tell as leaks.
        atexit.register(gc.unfreeze)


_BEGAN = time.monotonic()
_ENDED: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Remember when a process of tests ended."""
    _ENDED.append(f"{node.gateway.id} after {time.monotonic() - _BEGAN:.0f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say when each process ended: far apart, the order of files is wrong."""
    if _ENDED:
        terminalreporter.write_line(f"Processes ended: {', '.join(_ENDED)}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with most slow tests first, so that no process is left alone with one at the end."""
    weights: Counter[Path] = Counter()
    for item in items:
        weights[item.path] += sum(weight for name, weight in _WEIGHTS.items() if item.get_closest_marker(name))
    items.sort(key=lambda item: (item.path.name != _LONGEST, -weights[item.path]))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where tests that do not say so have their review databases."""
    parser.addoption("--review-database", choices=["sqlite", "postgresql"], default="sqlite", help="of all tests (tests/everywhere.py)")


@pytest.fixture(scope="session", autouse=True)
def everywhere(request: pytest.FixtureRequest) -> Everywhere | None:
    """All review databases on the server, from the first test on; None where they are files."""
    if request.config.getoption("--review-database") == "sqlite":
        return None
    import copies
    from everywhere import Everywhere, put_everywhere

    server = request.getfixturevalue("postgresql_server")
    found = Everywhere(server, lambda: _databases(server))
    copies.COPIED.append(found.copied)
    put_everywhere(found)
    return found


@pytest.fixture(autouse=True)
def _own_databases(everywhere: Everywhere | None) -> Iterator[None]:
    with everywhere.for_a_test() if everywhere else nullcontext():
        yield


_NUMBER = count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a database of a server of PostgreSQL."""
    programs = server_folder()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_server(programs) as url:
        yield url


@pytest.fixture(scope="session")
def people(postgresql_server: str) -> str:
    """Name of a database of the server that has the tables that people write, and nothing in them. To be copied, not used."""
    # Here, as tests of pure functions need none of it.
    from qa_pipeline.reading.database import open_database
    from qa_pipeline.review.desk import bring_up
    from qa_pipeline.settings import Settings

    name = "people"
    with _databases(postgresql_server) as connection:
        connection.execute(text(f"create database {name}"))
    engine = open_database(Settings(review_database=make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)))
    bring_up(engine)
    engine.dispose()
    return name


_KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=_KINDS)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str | None]:
    """URL of a review database for a new desk: migrating each anew takes half of a test. None is a file in the results root."""
    if request.param == "sqlite":
        yield None
        return
    template = request.getfixturevalue("people")
    with _new_database(request.getfixturevalue("postgresql_server"), monkeypatch, template=template) as url:
        yield url


@pytest.fixture(params=_KINDS)
def empty_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str | None]:
    """The same with no tables at all, for tests of how they are made."""
    if request.param == "sqlite":
        yield None
        return
    with _new_database(request.getfixturevalue("postgresql_server"), monkeypatch, template="template1") as url:
        yield url


@pytest.fixture
def empty_databases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str | None, ...]]:
    """One of each kind, for a test whose other work need not be done twice; PostgreSQL where it is installed."""
    if server_folder() is None:
        yield (None,)
        return
    with _new_database(request.getfixturevalue("postgresql_server"), monkeypatch, template="template1") as url:
        yield None, url


@contextmanager
def _new_database(server: str, monkeypatch: pytest.MonkeyPatch, *, template: str) -> Iterator[str]:
    """URL of a copy of a database. Connections that a test leaves open end with it."""
    name = f"t{next(_NUMBER)}"
    with _databases(server) as connection:
        connection.execute(text(f"create database {name} template {template}"))
    opened: list[Engine] = []

    def create(*arguments: Any, **options: Any) -> Engine:
        opened.append(create_engine(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr("qa_pipeline.reading.database.create_engine", create)
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    for one in opened:
        one.dispose()
    with _databases(server) as connection:
        connection.execute(text(f"drop database {name} with (force)"))


@contextmanager
def _databases(server: str) -> Iterator[Connection]:
    """A connection that databases are made and dropped by."""
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
