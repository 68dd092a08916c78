"""Hashes of files that were read before: a folder of a hundred thousand recordings is looked at again without reading them.

A file is taken to be the same while its path, size, number on the disk and time of change are. What changed within the last seconds is read again:
a second change in the same tick of the clock would not show.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection
from pathlib import Path

from qa_pipeline.recordings.files import sha256_of

_SETTLED_SECONDS = 5.0
# A database in trouble; a name that is no text, or a number that is too large for it: then the file is read.
_UNKEPT = (sqlite3.Error, ValueError, OverflowError)


class KnownFiles:
    """A small database beside the other kept work. One that cannot be opened or written to is done without: it only saves time."""

    def __init__(self, path: Path) -> None:
        self._database: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = off")
            self._database.execute(
                "create table if not exists files (path text primary key, size integer, inode integer, changed_ns integer, sha256 text)"
            )
        except (OSError, sqlite3.Error):
            self._database = None

    def sha256(self, uri: str) -> str:
        """SHA-256 of a file's bytes, read only where it must be. Raises RecordingError, ReadFailed."""
        key = os.path.abspath(uri)
        state = _state(uri)
        if state is None or self._database is None:
            return sha256_of(uri)
        try:
            row = self._database.execute("select size, inode, changed_ns, sha256 from files where path = ?", (key,)).fetchone()
        except _UNKEPT:
            return sha256_of(uri)
        if row and tuple(row[:3]) == state:
            return str(row[3])
        found = sha256_of(uri)
        if _state(uri) == state and time.time() - state[2] / 1e9 > _SETTLED_SECONDS:
            try:
                self._database.execute("insert or replace into files values (?, ?, ?, ?, ?)", (key, *state, found))
            except _UNKEPT:
                return found
        return found


def forget_known(path: Path, *, hashes: Collection[str], uris: Collection[str]) -> int:
    """Leave nothing of some recordings, by hash or by place, in such a database. Returns how many it knew."""
    if not path.is_file():
        return 0
    database = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        known = [(key,) for key, found in database.execute("select path, sha256 from files") if found in hashes or key in uris]
        database.executemany("delete from files where path = ?", known)
        if known:
            # Deleted rows stay in the file and its log until both are written anew.
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
        return len(known)
    except sqlite3.Error:
        # It only saves time: without it, files are read again.
        database.close()
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        return 0
    finally:
        database.close()


def _state(uri: str) -> tuple[int, int, int] | None:
    """Size, number and time of change (ns) of a local file."""
    if "://" in uri:
        return None
    try:
        found = os.stat(uri)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_ino, found.st_mtime_ns
