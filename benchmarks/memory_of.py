"""Peak memory of a process and all below it, for benchmarks that start workers."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class PeakMemory:
    """`with PeakMemory() as memory: …`, then `memory.peak` in bytes: resident memory of this process and all below it, looked at five times a second."""

    def __enter__(self) -> PeakMemory:
        self.peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.peak = max(self.peak, resident(os.getpid()))


def resident(root: int) -> int:
    """Resident bytes of a process and its descendants, from /proc."""
    parent: dict[int, int] = {}
    held: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        except OSError:
            continue
        parent[int(folder.name)] = int(status["PPid"])
        held[int(folder.name)] = int(status.get("VmRSS", "0 kB").split()[0]) * 1024
    family = {root}
    while more := {process for process, above in parent.items() if above in family} - family:
        family |= more
    return sum(held[process] for process in family if process in held)
