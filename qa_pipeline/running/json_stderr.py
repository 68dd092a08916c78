"""Whatever is written on standard error, by libraries, by native code or by worker processes, as one JSON object a line.

Decoders and drivers print as they like: their lines are taken from the file descriptor, which worker processes inherit, and put into objects. Lines that
are objects already go through as they are.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from qa_pipeline.running.observe import JsonLog

_STDERR = 2
_BEGINS_BLOCK = ("Traceback (most recent call last)", "Exception ignored", "Exception in ")
# Worker processes that outlive the command hold the pipe open.
_LONGEST_WAIT_SECONDS = 2.0


@contextmanager
def json_stderr() -> Iterator[None]:
    """Within the block, every line that this process or its children write on standard error is a JSON object; a traceback is one object."""
    sys.stderr.flush()
    real = os.dup(_STDERR)
    reading, writing = os.pipe()
    os.dup2(writing, _STDERR)
    os.close(writing)
    reader = threading.Thread(target=_pass_on, args=(reading, real), daemon=True)
    reader.start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(real, _STDERR)
        reader.join(_LONGEST_WAIT_SECONDS)


def _pass_on(reading: int, real: int) -> None:
    with os.fdopen(reading, "r", encoding="utf-8", errors="replace") as lines, os.fdopen(real, "w", encoding="utf-8") as out:
        log = JsonLog(out)
        block: list[str] = []
        for line in (line.rstrip("\r\n") for line in lines):
            if _is_object(line):
                _write(log, block)
                print(line, file=out, flush=True)
            elif line.startswith(_BEGINS_BLOCK):
                # "Exception ignored in …" stands above the traceback that it is about.
                if block and line.startswith(_BEGINS_BLOCK[0]) and len(block) == 1:
                    block.append(line)
                else:
                    _write(log, block)
                    block.append(line)
            elif block:
                block.append(line)
                if line and not line[0].isspace():
                    _write(log, block)
            elif line.strip():
                log.write("printed", level="warning", text=line.strip())
        _write(log, block)


def _write(log: JsonLog, block: list[str]) -> None:
    if block:
        log.write("printed", level="error", text="\n".join(block))
        block.clear()


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
