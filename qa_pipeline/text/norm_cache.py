"""The `norm` of texts that are read again and again (phrases, dialogues of cases), cached in a file: the dictionaries behind `normalise` take
longer to load than a rubric takes to test.

Off until a folder is given (`open_norm_cache`). What other code, languages or dictionaries made has another file name and is not read.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from qa_pipeline.languages.load import language_codes
from qa_pipeline.text.norm_version import norm_version
from qa_pipeline.text.normalise import normalise

# Beyond this it begins anew: nobody has so many phrases.
_MOST = 60_000


class _Cache:
    """Norms by language and text. Processes that write at once lose each other's new texts, never a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.norms = self._read()
        self._stored = len(self.norms)

    def save(self) -> None:
        """Write what is new. A folder that cannot be written to costs time later, nothing else."""
        if len(self.norms) == self._stored:
            return
        norms = {**self._read(), **self.norms}
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(norms if len(norms) <= _MOST else self.norms, ensure_ascii=False), "utf-8")
            part.replace(self.path)
        except OSError:
            with suppress(OSError):
                part.unlink()
        self._stored = len(self.norms)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


_cache: _Cache | None = None


def open_norm_cache(folder: Path) -> None:
    """From now on keep what `cached_norm` works out in a file of this folder, written when the process ends."""
    global _cache
    path = folder / f"norms-{_fingerprint()}.json"
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
    if _cache is None:
        return normalise(text, language)
    key = f"{language}\n{text}"
    norm = _cache.norms.get(key)
    if norm is None:
        norm = _cache.norms[key] = normalise(text, language)
    return norm


@cache
def _fingerprint() -> str:
    """What the norms of all languages depend on; and this folder's code as it is, so that nobody who works on it is shown what older code made."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for code in language_codes():
        digest.update(f"{code} {norm_version(code)}\n".encode())
    return digest.hexdigest()[:16]
