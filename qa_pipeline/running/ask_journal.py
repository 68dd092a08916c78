"""Answers of a language model that are not committed yet, kept one a file as soon as they came: a run that is killed has asked nothing in vain.

Below the nights' files (`_nights/RUN/reply-CONVERSATION-N.json`), sealed where files are. They go when they are committed; those of a killed run are taken over by the
next one that asks, before it looks what is open.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import TypeAdapter, ValidationError

from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.results.replies import Asked, write_replies
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.running.retention import NIGHTS_FOLDER
from qa_pipeline.sealed import Keys, SealError, is_sealed, seal, unseal
from qa_pipeline.settings import Settings

_PREFIX = "reply-"
_ASKED = TypeAdapter(Asked)


class Journal:
    """What one run has been answered. `keep` may be called by several threads."""

    def __init__(self, store: Store, run_id: str, keys: Keys | None) -> None:
        self._fs, self._folder = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}/{run_id}")
        self._keys, self._numbers = keys, count()
        self._paths: dict[int, str] = {}

    def keep(self, asked: Asked) -> None:
        """Put an answer where a killed run leaves it, under a name of its own."""
        content = json.dumps(_ASKED.dump_python(asked, mode="json"), ensure_ascii=False).encode()
        self._fs.makedirs(self._folder, exist_ok=True)
        path = f"{self._folder}/{_PREFIX}{asked.conversation_id}-{next(self._numbers):06d}.json"
        content = seal(content, self._keys) if self._keys else content
        if isinstance(self._fs, LocalFileSystem):
            _write_synced(path, content)
        else:
            # An object is there whole or not at all.
            self._fs.pipe_file(path, content)
        self._paths[id(asked)] = path

    def drop(self, asked: Asked) -> None:
        """Let go what was kept of an answer: it is committed, or must not be."""
        if (path := self._paths.pop(id(asked), None)) is not None:
            # Forgetting may have been quicker.
            with suppress(FileNotFoundError):
                self._fs.rm_file(path)

    def close(self) -> None:
        """Let the folder go, where nothing is left in it."""
        # Another file of the night may lie there, and some stores have no folders.
        with suppress(OSError):
            self._fs.rmdir(self._folder)


def take_over(store: Store, settings: Settings, *, run_id: str) -> int:
    """Commit the answers that killed runs left; returns how many. Of calls that are forgotten, or whose words are gone, they are dropped.

    Sealed ones are left where they lie as long as there is no key to read them.
    """
    fs, folder = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}")
    paths = sorted(str(path) for path in fs.glob(f"{folder}/*/{_PREFIX}*"))
    if not paths:
        return 0
    found: list[Asked] = []
    done: list[str] = []
    for path in paths:
        content = _content(fs, path)
        if content is None or (is_sealed(content) and settings.encryption_keys is None):
            continue
        done.append(path)
        if (asked := _read(content, settings.encryption_keys)) is not None:
            found.append(asked)
    count = commit(store, found, run_id=run_id, timezone=settings.timezone)
    for path in done:
        # A run that lives still may have committed it meanwhile: the same answer again changes nothing.
        with suppress(FileNotFoundError):
            fs.rm_file(path)
    for left in {path.rpartition("/")[0] for path in done}:
        with suppress(OSError):
            fs.rmdir(left)
    return count


def commit(store: Store, several: Sequence[Asked], *, run_id: str, timezone: str) -> int:
    """Commit answers, but those about calls that were forgotten, or whose words went, while they waited for it. Returns how many were committed."""
    if not several:
        return 0
    # Whoever forgets takes the same lock: nothing is forgotten between the look and the writing.
    with store.lock:
        gone, there = Forgotten(store.root), _with_words(store, {one.conversation_id for one in several})
        kept = [one for one in several if one.conversation_id in there and not gone.has(one.call.call_id, one.call.audio_sha256)]
        write_replies(store, kept, run_id=run_id, timezone=timezone)
    return len(kept)


def _content(fs: Any, path: str) -> bytes | None:
    try:
        return bytes(fs.cat_file(path))
    except FileNotFoundError:
        return None


def _read(content: bytes, keys: Keys | None) -> Asked | None:
    """An answer; None for one that was cut off, or whose key is gone: it is asked for again."""
    try:
        return _ASKED.validate_json(unseal(content, keys) if keys is not None and is_sealed(content) else content)
    except (SealError, ValidationError):
        return None


def _with_words(store: Store, conversation_ids: Iterable[str]) -> set[str]:
    """Of some conversations, those that are stored and whose words are kept still."""
    wanted = ", ".join(map(sql_text, sorted(conversation_ids)))
    if not wanted:
        return set()
    found = store.read("utterances", columns=["conversation_id"], where=f"conversation_id in ({wanted})")
    return set(found["conversation_id"].to_pylist())


def _write_synced(path: str, content: bytes) -> None:
    """Write a file so that it is whole on the disk, or not there."""
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
