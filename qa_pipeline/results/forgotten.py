"""Calls that were forgotten on purpose: stones without personal data beside the tables, so that no later run brings such a call back.

A stone is an empty file named by a hash of the call's id, or of its recording, with a salt that is this root's own: whoever finds one learns nothing, and
whoever has the call can be told that it was forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

import fsspec

FOLDER = "_forgotten"
_SALT = "salt"


class Forgotten:
    """The stones of a results root, as they are when this is made."""

    def __init__(self, root: str) -> None:
        self._fs, self._path = fsspec.core.url_to_fs(f"{root}/{FOLDER}")
        self._salt = self._fs.cat_file(f"{self._path}/{_SALT}") if self._fs.exists(f"{self._path}/{_SALT}") else b""
        self._names = self._listed()

    def __len__(self) -> int:
        return len(self._names)

    def has(self, call_id: str, recording_sha256: str | None = None) -> bool:
        """Whether a call was forgotten, by its id or by its recording."""
        if not self._names:
            return False
        return self.name_of(call_id) in self._names or (recording_sha256 is not None and self.name_of(recording_sha256) in self._names)

    def name_of(self, value: str) -> str:
        """What stands for an id or a hash here."""
        return hashlib.sha256(self._salt + value.encode()).hexdigest()

    def add(self, values: Iterable[str]) -> None:
        """Put up stones; again is harmless."""
        self._fs.makedirs(self._path, exist_ok=True)
        if not self._salt:
            self._salt = secrets.token_bytes(32)
            self._fs.pipe_file(f"{self._path}/{_SALT}", self._salt)
        for name in {self.name_of(value) for value in values} - self._names:
            self._fs.pipe_file(f"{self._path}/{name}", b"")
            self._names.add(name)

    def _listed(self) -> set[str]:
        if not self._fs.exists(self._path):
            return set()
        names = {str(name).rstrip("/").rpartition("/")[2] for name in self._fs.ls(self._path, detail=False)}
        return {name for name in names if len(name) == 64}
