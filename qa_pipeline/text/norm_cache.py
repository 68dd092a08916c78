"""The `norm` of texts that are read again and again (phrases, dialogues of cases), cached in a file: the dictionaries behind `normalise` take
longer to load than a rubric takes to test.

Off until a folder is given (`open_norm_cache`). What other code, languages or dictionaries made has another file name and is not read.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from qa_pipeline.languages.load import language_codes
from qa_pipeline.text.norm_version import norm_version
from qa_pipeline.text.normalise import normalise

# Beyond this it begins anew: nobody has so many phrases.
_MOST = 60_000
# A path that is too long for the system, beside a database in trouble.
_UNKEPT = (OSError, sqlite3.Error)


class _Cache:
    """Norms by language and text, in a small database: a rubric is ready without reading those of all others. One that is in trouble is done without."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._norms: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._stored: sqlite3.Connection | None = None
        self._opened_by = 0

    def norm(self, text: str, language: str) -> str:
        key = f"{language}\n{text}"
        norm = self._norms.get(key)
        if norm is None:
            norm = self._find(key)
            if norm is None:
                norm = self._new[key] = normalise(text, language)
            self._norms[key] = norm
        return norm

    def save(self) -> None:
        """Write what is new. A folder that cannot be written to costs time later, nothing else."""
        if not self._new:
            return
        new, self._new = self._new, {}
        self._close()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write(new)
        except sqlite3.DatabaseError as error:
            # No database, or a damaged one, is made anew; one that another process writes to for long is left alone.
            if not isinstance(error, sqlite3.OperationalError):
                with suppress(*_UNKEPT):
                    self.path.unlink()
                    self._write(new)
        except OSError:
            return

    def _write(self, new: dict[str, str]) -> None:
        with closing(sqlite3.connect(self.path, timeout=10)) as database, database:
            database.execute("create table if not exists norms (key text primary key, norm text not null) without rowid")
            (there,) = database.execute("select count(*) from norms").fetchone()
            if there + len(new) > _MOST:
                database.execute("delete from norms")
            database.executemany("insert or ignore into norms values (?, ?)", new.items())

    def _find(self, key: str) -> str | None:
        with suppress(*_UNKEPT):
            if self._opened_by != os.getpid():
                # A connection is not for the processes that are forked.
                self._stored, self._opened_by = None, os.getpid()
                if self.path.is_file():
                    self._stored = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            row = None if self._stored is None else self._stored.execute("select norm from norms where key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])
        return None

    def _close(self) -> None:
        if self._stored is not None and self._opened_by == os.getpid():
            self._stored.close()
        self._stored, self._opened_by = None, 0


_cache: _Cache | None = None


def open_norm_cache(folder: Path) -> None:
    """From now on keep what `cached_norm` works out in a file of this folder, written when the process ends."""
    global _cache
    path = folder / f"norms-{_fingerprint()}.sqlite"
    if _cache is None or _cache.path != path:
        if _cache is None:
            atexit.register(save_norm_cache)
        _cache = _Cache(path)


def save_norm_cache() -> None:
    """Write what is new: also before a process ends that runs no exit handlers, as workers do."""
    if _cache is not None:
        _cache.save()


def cached_norm(text: str, language: str) -> str:
    """Like `normalise`; quick for a text met before."""
    return normalise(text, language) if _cache is None else _cache.norm(text, language)


@cache
def _fingerprint() -> str:
    """What the norms of all languages depend on; and this folder's code as it is, so that nobody who works on it is shown what older code made."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for code in language_codes():
        digest.update(f"{code} {norm_version(code)}\n".encode())
    return digest.hexdigest()[:16]
