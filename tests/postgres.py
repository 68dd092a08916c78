"""A PostgreSQL server for tests, of Debian's package: in a temporary folder, without a port, by a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = "/usr/lib/postgresql/*/bin"


def server_folder() -> Path | None:
    """Where the newest server's programs lie; None where none is installed."""
    found = sorted(Path("/").glob(f"{_BINARIES.removeprefix('/')}/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """A server that keeps nothing and ends with the block. Gives the URL of its first database."""
    user = _unprivileged()
    # Short: the path of a socket has at most a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="qa-pg-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(folder, user)

        def run(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user, env={"LC_ALL": "C.UTF-8", "PATH": os.defpath})

        data = folder / "data"
        run(str(programs / "initdb"), "-D", str(data), "-U", "qa", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=300"
        run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql://qa@/postgres?host={folder}"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> int | None:
    """The user that a server may run as: `postgres` of the package where tests run as root, who may not; else whoever runs them."""
    return pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
