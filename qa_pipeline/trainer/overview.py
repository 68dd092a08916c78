"""The rubrics of a folder at a glance: version, whether it is published as it stands, what is wrong with it, who is at work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, select

from qa_pipeline.errors import RubricError
from qa_pipeline.review.tables import accounts, drafts
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import load_rubric, name_faults, read_lock, rubric_paths
from qa_pipeline.rubric.schema import Rubric

Stamp = tuple[tuple[str, int, int], ...]
_READING = threading.Lock()


class Standing(StrEnum):
    """How a rubric's file stands to what was published."""

    PUBLISHED = "published"
    EDITED = "edited"
    """A version was published, and the file, or a list that it uses, says something else."""
    DRAFT = "draft"
    """Never published."""
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricLine:
    """A rubric in the list. `version` None: its file cannot be read. `criteria`: their ids; `published`: versions in published.lock, the newest last."""

    rubric_id: str
    title: Mapping[str, str]
    version: int | None
    standing: Standing
    criteria: tuple[str, ...]
    faults: int
    published: tuple[int, ...]
    at_work: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    rubric: Rubric | None
    sha256: str
    faults: int


def overview(folder: Path, engine: Engine | None = None) -> tuple[RubricLine, ...]:
    """The rubrics of a folder by name. A file is read again only when it, or a file that it may be made of, has changed."""
    lock = read_lock(folder)
    working = _at_work(engine) if engine is not None else {}
    found = []
    for rubric_id, read in _all_read(folder).items():
        versions = tuple(sorted(map(int, lock.get(rubric_id, {}))))
        if read.rubric is None or read.faults:
            standing = Standing.FAULTY
        elif not versions:
            standing = Standing.DRAFT
        else:
            standing = Standing.PUBLISHED if lock[rubric_id].get(str(read.rubric.version)) == read.sha256 else Standing.EDITED
        found.append(
            RubricLine(
                rubric_id=rubric_id,
                title=read.rubric.title if read.rubric else {},
                version=read.rubric.version if read.rubric else None,
                standing=standing,
                criteria=tuple(one.id for one in read.rubric.criteria) if read.rubric else (),
                faults=read.faults,
                published=versions,
                at_work=working.get(rubric_id, ()),
            )
        )
    return tuple(found)


def rubrics_in_order(folder: Path) -> dict[str, Rubric]:
    """The rubrics of a folder that have no faults, by id; read again only as `overview` does."""
    return {name: read.rubric for name, read in _all_read(folder).items() if read.rubric is not None and not read.faults}


def read_ahead(folder: Path, is_over: Callable[[], bool]) -> None:
    """Read the rubrics one by one, so that whoever asks for all of them need not wait for it; until `is_over`."""
    for path in rubric_paths(folder):
        if is_over():
            return
        with _READING:
            _read_changed(folder, [path])


def _all_read(folder: Path) -> dict[str, _Read]:
    """Every rubric file as it was read last. Of several threads one reads what changed, and the others wait for it."""
    with _READING:
        return _read_changed(folder, rubric_paths(folder))


def _read_changed(folder: Path, paths: Iterable[Path]) -> dict[str, _Read]:
    shared, every = _stamp(folder, shared_only=True), _stamp(folder)
    found = {}
    for path in paths:
        own = tuple(one for one in every if one[0] == path.name)
        # What takes criteria over from another rubric changes with it.
        takes_over = "same_as" in path.read_text("utf-8", errors="replace")
        found[path.stem] = _read(path, own, every if takes_over else shared)
    return found


def _stamp(folder: Path, *, shared_only: bool = False) -> Stamp:
    """What tells that files have changed: name, time and size of each."""
    places = [folder / "lists"] if shared_only else [folder, folder / "lists"]
    files = [path for place in places for path in place.glob("*.yaml")] + ([folder / "situations.yaml"] if shared_only else [])
    stats = [(path, path.stat()) for path in sorted(files) if path.is_file()]
    return tuple((path.relative_to(folder).as_posix(), stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@lru_cache(maxsize=512)
def _read(path: Path, own: Stamp, others: Stamp) -> _Read:
    try:
        rubric = load_rubric(path)
    except RubricError as error:
        return _Read(None, "", max(1, len(error.faults)))
    return _Read(rubric, rubric_sha256(rubric), len(name_faults(rubric, path)))


def _at_work(engine: Engine) -> dict[str, tuple[str, ...]]:
    """Who has unsaved drafts of a rubric or of its cases, by rubric."""
    asked = select(drafts.c.file, accounts.c.name).join(accounts, accounts.c.account == drafts.c.account).order_by(accounts.c.name)
    found: dict[str, dict[str, None]] = {}
    with engine.connect() as connection:
        for file, name in connection.execute(asked):
            found.setdefault(file.removesuffix(".yaml").removesuffix(".cases"), {})[name] = None
    return {rubric_id: tuple(names) for rubric_id, names in found.items()}
