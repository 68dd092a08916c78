"""What an operator looks at between nights: how much room there is and what takes it, and whether the models are there and whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.reading.database import FILE_NAME
from qa_pipeline.results.tables import TABLES
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import manifests_in_use, record_fault, verify

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What takes room, in bytes. `free` None and nothing by table: the results lie in an object store."""

    free: int | None
    tables: tuple[tuple[str, int], ...]
    database: int | None
    cache: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A model of the profile. `faults`: what is wrong with it; `is_checked`: whether every file was read for that."""

    model: str
    purpose: str
    licence: str
    faults: tuple[str, ...]
    is_checked: bool


def room(settings: Settings) -> Room:
    """Measure what results and cache take."""
    cache = tuple((name, size) for name in ("models", "work") if (size := _size(settings.cache / name)))
    if "://" in settings.results:
        return Room(free=None, tables=(), database=None, cache=cache)
    root = Path(settings.results)
    database = root / FILE_NAME
    return Room(
        free=shutil.disk_usage(root).free if root.is_dir() else None,
        tables=tuple((name, _size(root / name)) for name in TABLES if (root / name).is_dir()),
        database=database.stat().st_size if database.is_file() else None,
        cache=cache,
    )


def models_at_hand(settings: Settings) -> tuple[ModelState, ...]:
    """The models of the profile, by what is recorded of them; their files are not read."""
    return tuple(
        ModelState(
            model=one.id,
            purpose=one.purpose,
            licence=one.licence,
            faults=tuple(filter(None, (record_fault(one, settings),))),
            is_checked=False,
        )
        for one in manifests_in_use(settings)
    )


def check_models(tell: Tell, settings: Settings) -> tuple[ModelState, ...]:
    """The same with every file read and held against its hash."""
    found = []
    manifests = manifests_in_use(settings)
    for number, one in enumerate(manifests):
        tell(number, len(manifests))
        faults = tuple(verify(one, settings))
        found.append(ModelState(model=one.id, purpose=one.purpose, licence=one.licence, faults=faults, is_checked=True))
    return tuple(found)


def _size(folder: Path) -> int:
    return sum(entry.stat(follow_symlinks=False).st_size for entry in _files(folder))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                else:
                    yield entry
    except OSError:
        # Compaction and nights remove what they have replaced; what is gone takes no room.
        return
