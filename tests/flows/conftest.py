"""Prefect's database, made once for all tests, and a server with it: a new database takes half a minute where the machine is slow."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import prefect_server

from qa_pipeline.packaged import PACKAGE_ROOT


@pytest.fixture(scope="session")
def made_ahead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of Prefect's as `make setup` leaves it, beside what was said meanwhile. To be copied, not used."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    home, said = folder / "prefect-home", folder / "prefect-home.txt"
    with (folder / "prefect-home.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
            env |= {"PREFECT_HOME": str(home), "PYTHONPATH": str(PACKAGE_ROOT)}
            made = subprocess.run([sys.executable, "-m", "flows.prefect_server"], env=env, capture_output=True, text=True, check=False)
            said.write_text(f"{made.returncode} {made.stderr}", "utf-8")
    return home


@pytest.fixture
def prefect_home(made_ahead: Path, tmp_path: Path) -> Path:
    """A home of Prefect's of one's own, with its database."""
    return Path(shutil.copytree(made_ahead, tmp_path / "prefect"))


@pytest.fixture(scope="module")
def server(made_ahead: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server."""
    home = shutil.copytree(made_ahead, tmp_path_factory.mktemp("server") / "home")
    with prefect_server(home) as url:
        yield url
