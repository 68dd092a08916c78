"""A Prefect server for tests, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

# Seconds that a condition may take to come true: many times what a slow machine needs, so that only what never happens fails.
PATIENCE = 900.0


# A port that was free a moment ago may be taken by a server of another process of tests.
_TRIES = 3


@contextmanager
def prefect_server(home: Path, **environment: str) -> Iterator[str]:
    """Its address. `home`: where its database lies."""
    home.mkdir(parents=True, exist_ok=True)
    for _ in range(_TRIES):
        server, url = begun(home, **environment)
        deadline = time.monotonic() + PATIENCE
        while server.poll() is None and not answers(url) and time.monotonic() < deadline:
            time.sleep(0.5)
        if server.poll() is None:
            break
    try:
        if server.poll() is not None or not answers(url):
            raise TimeoutError((home / "server.log").read_text()[-2000:])
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            # On a busy machine Prefect may take longer to stop than anybody wants to wait.
            server.kill()
            server.wait()


def begun(home: Path, **environment: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server that was just started, and the address it will have."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", **environment}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with (home / "server.log").open("w") as log:
        return subprocess.Popen(command, env=env, stdout=log, stderr=log), f"http://127.0.0.1:{port}/api"


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False
