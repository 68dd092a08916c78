"""How a flow comes by a Prefect server: waited for long enough, told of, and one line with the cure where there is none."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT

pytestmark = pytest.mark.prefect

LIMIT = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
NONE = {"PREFECT_API_URL": "", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}


def python(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= {"PREFECT_HOME": str(home), "PYTHONPATH": str(PACKAGE_ROOT), **environment}
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd=PACKAGE_ROOT, capture_output=True, text=True, timeout=1800, check=False
    )


@pytest.mark.parametrize("flow", [("flows.rescore",), ("flows.nightly", "calls")])
def test_a_server_that_does_not_come_is_one_line_with_the_cure(tmp_path: Path, flow: tuple[str, ...]) -> None:
    done = python(tmp_path / "home", "-m", *flow, "--results", str(tmp_path / "results"), **{LIMIT: "1", **NONE})
    assert done.returncode == 3, done.stdout + done.stderr
    first, *_, last = done.stderr.strip().splitlines()
    assert "Traceback" not in done.stderr
    assert first.startswith("Starting a temporary Prefect server.")
    assert last.startswith("Prefect's temporary server did not answer within 1 s. Run `python -m flows.prefect_server`")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (
            {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
            "The Prefect server at http://127.0.0.1:9/api does not answer (ConnectError). Start it",
        ),
        ({"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}, "No Prefect server is set up, and temporary ones are switched off. Set"),
    ],
)
def test_no_server_is_one_line_with_the_cure(tmp_path: Path, environment: dict[str, str], told: str) -> None:
    done = python(tmp_path / "home", "-m", "flows.rescore", "--results", str(tmp_path / "results"), **environment)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert done.stderr.startswith(told)


LIMIT_IN_USE = """
from prefect.settings import get_current_settings
print(get_current_settings().server.ephemeral.startup_timeout_seconds)
"""


@pytest.mark.parametrize(
    ("profile", "environment", "seconds"),
    [("", {}, "600"), ("", {LIMIT: "7"}, "7"), (f'active = "mine"\n[profiles.mine]\n{LIMIT} = "8"\n', {}, "8")],
    ids=["nobody said", "a variable", "a profile"],
)
def test_slow_machines_have_time_unless_somebody_said_how_much(
    tmp_path: Path, profile: str, environment: dict[str, str], seconds: str
) -> None:
    (tmp_path / "profiles.toml").write_text(profile, "utf-8")
    # The whole flow where nobody said; of the others only what it does before it imports the rest, which takes as long again.
    begun = "from flows.prefect_server import wait_longer; wait_longer()" if profile or environment else "import flows.rescore"
    done = python(tmp_path, "-c", begun + LIMIT_IN_USE, **environment)
    assert done.stdout.strip() == seconds, done.stderr


def test_the_database_is_made_ahead_whole_or_not_at_all(made_ahead: Path, prefect_home: Path) -> None:
    home = prefect_home
    made = made_ahead.with_suffix(".txt").read_text("utf-8")
    assert (made.startswith("0 Making the database"), made.count("\n")) == (True, 1), made
    with sqlite3.connect(home / "prefect.db") as database:
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
        (before,) = database.execute("select version_num from alembic_version").fetchone()
    database.close()
    assert "flow_run" in tables
    assert [path.name for path in home.glob("prefect.db*")] == ["prefect.db"]
    # There already: nothing is said, nothing is done.
    assert python(home, "-m", "flows.prefect_server").stderr == ""
    # An older Prefect's is brought up in its place.
    (home / "database-made-for-qa-pipeline").write_text("3.0.0", "utf-8")
    assert python(home, "-m", "flows.prefect_server").returncode == 0
    with sqlite3.connect(home / "prefect.db") as database:
        assert database.execute("select version_num from alembic_version").fetchone() == (before,)
    database.close()


@pytest.mark.parametrize(
    "environment",
    [{"PREFECT_API_URL": "http://127.0.0.1:9/api"}, {"PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://u@nowhere/p"}],
)
def test_a_server_or_database_of_ones_own_is_left_alone(tmp_path: Path, environment: dict[str, str]) -> None:
    done = python(tmp_path / "home", "-m", "flows.prefect_server", **environment)
    assert (done.returncode, done.stderr) == (0, "Prefect has a server or a database of its own: nothing to make.\n")
    assert not (tmp_path / "home" / "prefect.db").exists()


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = python(tmp_path / "file" / "home", "-m", "flows.prefect_server")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].endswith("set PREFECT_HOME to another folder.")
