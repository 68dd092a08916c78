"""What all tests share: how many run side by side, and in which order. Folders below are no packages: helpers are imported by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import psutil
import pytest
from hypothesis import settings
from postgres import running_server, server_folder
from sqlalchemy import Engine, create_engine, make_url, text

# The same examples on every machine, however busy it is.
settings.register_profile("plain", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("plain")

# Pytest's own process loads readline, which tells the processes it begins how wide its terminal is. Commands print as where there is none.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("COLUMNS", "LINES"):
        os.environ.pop(_name, None)

# Memory that a process of tests takes, with the processes it starts: of real models, two sets may be there at once.
_GB_WITH_MODELS = 5.0
_GB_WITHOUT_MODELS = 1.0
_SLOW = ("models", "prefect", "browser", "postgres", "slow")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many processes as there are cores and memory for; 0, none beside this one, where that is a single one."""
    each = _GB_WITHOUT_MODELS if "not models" in config.option.markexpr else _GB_WITH_MODELS
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fitting = min(cores, int(psutil.virtual_memory().available / 1e9 / each))
    return fitting if fitting > 1 else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in _SLOW)}
    items.sort(key=lambda item: item.path not in slow)


_NUMBER = count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a database of a server of PostgreSQL."""
    programs = server_folder()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_server(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str | None]:
    """URL of a new review database; None is a file in the results root. Connections that a test leaves open end with it."""
    if request.param == "sqlite":
        yield None
        return
    url, name = make_url(request.getfixturevalue("server")), f"t{next(_NUMBER)}"
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    opened: list[Engine] = []

    def create(*arguments: Any, **options: Any) -> Engine:
        opened.append(create_engine(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr("qa_pipeline.reading.database.create_engine", create)
    yield url.set(database=name).render_as_string(hide_password=False)
    for one in opened:
        one.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()
