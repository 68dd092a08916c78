"""Files that are replaced whole or not at all: a full disk or a kill leaves the old one as it was, and readers never see half of a new one."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from qa_pipeline.errors import EnvironmentNotReady

# Nobody writes a file for so long.
_LEFT_SECONDS = 3600.0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; what lies there at the end of the block takes its place. Folders above are made.

    The rights of a file that is replaced are kept, and a link stays a link. What is no file (`/dev/stdout`, a pipe) is written to as it is.
    Raises EnvironmentNotReady when it cannot be written; what was there is then as it was.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with _refused_clearly(path):
            yield target
        return
    part = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with _refused_clearly(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target)
            yield part
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()


def write_whole(path: Path, content: str | bytes, *, is_secret: bool = False) -> None:
    """Write text (UTF-8, line ends as they are) or bytes; a secret for its owner alone from the first byte on. Raises EnvironmentNotReady as `replacing`."""
    with replacing(path) as part:
        if is_secret:
            part.touch(mode=0o600)
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def _sweep(target: Path) -> None:
    """Delete what processes that were killed have left beside a file."""
    for left in target.parent.glob(f"{escape(target.name)}.*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink()


@contextmanager
def _refused_clearly(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentNotReady(
            f"{path} could not be written: {error.strerror or error}.",
            advice="Check space and rights there, or choose another place. What was there before is as it was.",
        ) from error
