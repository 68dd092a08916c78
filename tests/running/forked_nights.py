"""Nights of benchmarks/faults.py in processes that begin with all loaded: loading takes longer than a small night."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks.faults import main
from tests.forked import forking


class ForkedNight:
    """A night in a session of its own, forked from a process that has loaded it and done nothing else."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._process: ForkServerProcess = forking().Process(target=_carry_out, args=(list(arguments), dict(env), str(log)))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        # Signals are sent to its session, which it makes first of all.
        while self.poll() is None and os.getpgid(self.pid) != self.pid:
            time.sleep(0.01)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("night", timeout or 0)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


def _carry_out(arguments: list[str], env: dict[str, str], log: str) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    warnings.simplefilter("ignore")
    sys.exit(main(arguments))
