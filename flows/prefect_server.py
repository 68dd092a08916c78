"""The Prefect server that a flow talks to: looked for before the flow begins, so that what is missing is said in one line.

Where none is set up, Prefect starts a temporary one for the run. With a new home it makes its database first, which takes half a minute on a slow
machine, longer than Prefect waits by itself. So the flows wait longer, say what for, and `make setup` has the database made ahead:

    python -m flows.prefect_server
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import EnvironmentNotReady, QaError
from qa_pipeline.telemetry import disable_telemetry

disable_telemetry()

if TYPE_CHECKING:
    from prefect.settings import Settings as PrefectSettings

# Chosen: 25 times what an idle machine of two slow cores takes with a new database (24 s).
_START_SECONDS = 600
_LIMIT = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
# How often a waiting person hears that it still goes on.
_SAY_SECONDS = 30.0
_LOOK_SECONDS = 0.2
# uvicorn ends with this code when it cannot begin: the port was taken meanwhile, or the server's own start failed.
_COULD_NOT_BEGIN = 3
_TRIES = 3
# A half-made database so old was left by a process that was killed; a younger one may be another process's work.
_LEFT_SECONDS = 3600.0
_STAMP = "database-made-for-qa-pipeline"

Say = Callable[[str], None]


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    print(line, file=sys.stderr, flush=True)


def wait_longer() -> None:
    """Have Prefect wait long enough for its temporary server, unless a variable or the profile in use says how long.

    A variable of the environment, so that processes of tasks have it too.
    """
    from prefect.context import refresh_global_settings_context

    if "startup_timeout_seconds" not in _prefect_settings().server.ephemeral.model_fields_set:
        os.environ[_LIMIT] = str(_START_SECONDS)
        refresh_global_settings_context()


def reach_server(say: Say = say) -> None:
    """See to it that there is a server to talk to: the one set up, or a temporary one, which ends with this process.

    Raises EnvironmentNotReady when it does not answer.
    """
    from prefect.client.orchestration import get_client

    settings = _prefect_settings()
    if settings.api.url:
        if (wrong := get_client(sync_client=True).api_healthcheck()) is not None:
            raise EnvironmentNotReady(
                f"The Prefect server at {settings.api.url} does not answer ({type(wrong).__name__}).",
                advice="Start it (prefect server start), or unset PREFECT_API_URL: a temporary one is started then.",
            )
    elif settings.server.ephemeral.enabled:
        _start_temporary_server(say)
    else:
        raise EnvironmentNotReady(
            "No Prefect server is set up, and temporary ones are switched off.",
            advice="Set PREFECT_API_URL to the address of a server, or PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=true.",
        )


def _start_temporary_server(say: Say) -> None:
    """Start what Prefect would start by itself, where Prefect looks for it; but wait by the clock, and see when it ends."""
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    if server.running:
        return
    limit = _prefect_settings().server.ephemeral.startup_timeout_seconds
    say(f"Starting a temporary Prefect server. With a new database this may take a minute; it is given {limit} s.")
    began = said = time.monotonic()
    atexit.register(server.stop)
    tries = 0
    while True:
        if server.server_process is None:
            server.port, tries = server.find_available_port(), tries + 1
            server.server_process = server._run_uvicorn_command()
        code = server.server_process.poll()
        if code == _COULD_NOT_BEGIN and tries < _TRIES:
            server.server_process = None
            continue
        if code is not None:
            server.stop()
            raise EnvironmentNotReady(
                f"Prefect's temporary server ended as soon as it was started (exit code {code}).",
                advice=f"Its words are above. Its database may be damaged: move {_database()} away and run the same command again.",
            )
        if _answers(server.api_url):
            server.running = True
            return
        now = time.monotonic()
        if now - began > limit:
            server.stop()
            raise EnvironmentNotReady(
                f"Prefect's temporary server did not answer within {limit} s.",
                advice=f"Run `python -m flows.prefect_server` to make its database ahead, set {_LIMIT} to a longer time, "
                "or start a server (prefect server start) and set PREFECT_API_URL.",
            )
        if now - said > _SAY_SECONDS:
            said = now
            say(f"Still waiting for Prefect's temporary server ({now - began:.0f} of {limit} s).")
        time.sleep(_LOOK_SECONDS)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/health", timeout=5.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def make_database(say: Say = say) -> bool:
    """Make the database of Prefect's temporary server, or bring it up to this version of Prefect; False where that is nobody's wish.

    A new one is made beside its place and moved there when it is whole, so that an interruption leaves nothing half made. A database that somebody
    has chosen (a server, an address) is left alone. Raises EnvironmentNotReady when it cannot be made.
    """
    settings = _prefect_settings()
    if settings.api.url or "connection_url" in settings.server.database.model_fields_set:
        say("Prefect has a server or a database of its own: nothing to make.")
        return False
    database = _database()
    if _is_made(database):
        # Newer than the installation, by which make sees that nothing is to be done.
        database.with_name(_STAMP).touch()
        return True
    say(f"Making the database of Prefect's temporary server ({database}); this takes up to a minute, once.")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if database.exists():
            _upgrade(database)
        else:
            for left in database.parent.glob(f"{database.name}.part-*"):
                if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                    left.unlink(missing_ok=True)
            part = database.with_name(f"{database.name}.part-{os.getpid()}")
            _upgrade(part)
            part.replace(database)
        database.with_name(_STAMP).write_text(_version(), "utf-8")
    except OSError as error:
        raise EnvironmentNotReady(
            f"Prefect's database cannot be made: {error.strerror or error} ({database}).",
            advice="Check space and rights there, or set PREFECT_HOME to another folder.",
        ) from error
    return True


def _is_made(database: Path) -> bool:
    stamp = database.with_name(_STAMP)
    return database.is_file() and stamp.is_file() and stamp.read_text("utf-8") == _version()


def _upgrade(database: Path) -> None:
    """Prefect's own migrations, in a process of their own."""
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
    env = {**os.environ, "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentNotReady(
            f"Prefect could not make its database (exit code {done.returncode}): {(done.stderr or done.stdout).strip()[-300:]}",
            advice=f"Move {database} away if it is there, and run the same command again.",
        )
    # What SQLite keeps beside a database goes into it, so that the one file can be moved.
    with sqlite3.connect(database) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()


def _database() -> Path:
    return Path(_prefect_settings().home) / "prefect.db"


def _version() -> str:
    from importlib.metadata import version

    return version("prefect")


def _prefect_settings() -> PrefectSettings:
    from prefect.settings import get_current_settings

    return get_current_settings()


def main() -> int:
    """Make the database from the command line."""
    try:
        make_database()
    except QaError as error:
        say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
