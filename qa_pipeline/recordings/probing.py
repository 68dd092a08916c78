"""What FFmpeg says of a file before it is decoded, asked in a process of its own: a file that crashes it, hangs or takes all memory costs one answer, and neither
the night that looks through a folder nor the server that shows a page.

The process is begun with the first question and kept; questions and answers are lines of JSON.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import subprocess
import sys
import threading
from typing import IO, Any

# Headers and packets are looked at, which takes milliseconds; an hour without a length in its header, some seconds.
_SECONDS = 120.0
# Of address space: a few hundred MB of it is the libraries'.
_MOST_BYTES = 4_000_000_000


def known_seconds(uri: str) -> float | None:
    """As audio.known_seconds; 0 where looking went wrong."""
    if "://" in uri:
        return None
    found = _PROBER.ask("known_seconds", uri)
    return None if found is None else float(found)


def holds_nothing(uri: str) -> bool:
    """As audio.holds_nothing; False where looking went wrong."""
    return bool(_PROBER.ask("holds_nothing", uri))


def type_played(uri: str) -> str | None:
    """As playback.type_played; None where looking went wrong."""
    found = _PROBER.ask("type_played", uri)
    return str(found) if found else None


class _Prober:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, name: str, uri: str) -> Any:
        """An answer; 0 where the process did not give one."""
        with self._turn:
            process = self._begun()
            try:
                told, asked = _pipes(process)
                asked.write(json.dumps([name, os.fsencode(uri).decode("latin-1")]).encode() + b"\n")
                asked.flush()
                if select.select([told], [], [], _SECONDS)[0] and (line := told.readline()):
                    return json.loads(line)
            except OSError:
                pass
            self._end()
            return 0

    def end(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _begun(self) -> subprocess.Popen[bytes]:
        # One that was begun before this process split off is the other's.
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            self._end()
            if not self._owner:
                atexit.register(self.end)
            command = [sys.executable, "-m", "qa_pipeline.recordings.probing"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._owner = os.getpid()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            try:
                pipe.close()
            except OSError:
                # What was still to be written to it has nobody to read it.
                continue


_PROBER = _Prober()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdout is None or process.stdin is None:
        raise OSError("the process has no pipes")
    return process.stdout, process.stdin


def _answer() -> None:
    """Runs in the other process, until nobody asks."""
    from qa_pipeline.recordings import audio, playback

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    known = {"known_seconds": audio.known_seconds, "holds_nothing": audio.holds_nothing, "type_played": playback.type_played}
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever libraries print is no answer.
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        name, uri = json.loads(line)
        try:
            found = known[name](os.fsdecode(uri.encode("latin-1")))
        except MemoryError:
            found = 0
        answers.write(json.dumps(found).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    _answer()
