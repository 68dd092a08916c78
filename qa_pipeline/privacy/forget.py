"""Forgetting a call or a customer: everything that is held of them goes, and a search proves it.

What is to go is written down first (`_forgotten/under-way-…json`), so that a run that was killed half-way is taken up again; then stones are put up
(results/forgotten.py), and one place after the other is erased (places.py), the tables at the end with their history: old versions and the log would still
name what was deleted. Recordings and exports are somebody else's: they are named, and deleted when that is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec

from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.going import Going
from qa_pipeline.privacy.places import Ground, places
from qa_pipeline.privacy.traces import files_outside, left_in_database, left_in_tables, made_again
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.results.forgotten import FOLDER, Forgotten
from qa_pipeline.results.history import erase_history
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.store import Store
from qa_pipeline.review.forgetting import write_anew
from qa_pipeline.review.holds import refuse_held

_UNDER_WAY = "under-way-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What went. `erased`: how many rows or files, by place; `yours`: recordings and exports that still lie where they were, by place.

    `found`: where something was found afterwards.
    """

    calls: int
    erased: dict[str, int]
    yours: dict[str, tuple[str, ...]]
    found: tuple[str, ...]


def forget(ground: Ground, going: Going, *, also: Sequence[str] = (), tell: Callable[[str], None] = lambda _: None) -> Gone:
    """Let it go, and look whether anything is left. `also`: places that are somebody else's and are to be erased too.

    `tell` gets a line before each step. Raises InputRefused while a night or a run works on one of the calls, and
    where one of them is held.
    """
    store = ground.store
    busy = set(going.calls) & Claims(store.root, "").others()
    if busy:
        raise InputRefused(f"A run works on {', '.join(sorted(busy))} now.", advice="Wait until it has ended, then forget again.")
    refuse_held(ground.engine, going.calls, going.customers)
    note = _write_down(store, going)
    stones = Forgotten(store.root)
    stones.add([*going.calls, *going.hashes])
    erased: dict[str, int] = {}
    yours: dict[str, tuple[str, ...]] = {}
    for place in places():
        if place.is_yours and place.name not in also:
            # Looked for before the words to know it by are gone.
            if there := place.holds(ground, going).files:
                yours[place.name] = there
            continue
        tell(place.name)
        if count := place.erase(ground, going):
            erased[place.name] = count
    tell("lists")
    # While the log still says what changed; without it, the lists would be made anew whole.
    catch_up(ground.engine, store)
    write_anew(ground.engine)
    tell("history of the tables")
    erase_history(store)
    tell("a search through everything")
    found = left_of(ground, going)
    note.delete()
    return Gone(calls=len(going.calls), erased=erased, yours=yours, found=found)


def under_way(store: Store) -> list[Going]:
    """What was begun and not ended: a run was killed."""
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{FOLDER}")
    if not fs.exists(path):
        return []
    found = []
    for name in sorted(str(name) for name in fs.ls(path, detail=False) if _UNDER_WAY in str(name)):
        try:
            found.append(Going(**{key: tuple(value) for key, value in json.loads(fs.cat_file(name)).items()}))
        except ValueError:
            # Killed while it was written: nothing had been deleted.
            fs.rm(name)
    return found


def left_of(ground: Ground, going: Going) -> tuple[str, ...]:
    """Where anything of it is found still: values of the tables and of the review database, bytes and names of files under the results root and the cache.

    What lies there and can be made again, as a page that a browser asked for meanwhile, goes on the way.
    """
    found = [*left_in_tables(ground.store, going), *left_in_database(ground.engine, going)]
    needles = going.needles
    for file in files_outside(ground.store.root, ground.settings):
        if needles.are_in(file.path.encode()) or needles.are_in(file.read()):
            if made_again(file):
                file.delete()
            if file.fs.exists(file.full):
                found.append(file.full)
    for path in sorted(ground.settings.rubrics.rglob("*.yaml")):
        text = path.read_text("utf-8", "replace")
        # Names that people share stand in cases by chance; what a customer said at length does not.
        if any(word in text for word in going.quotable):
            found.append(str(path))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Note:
    fs: Any
    path: str

    def delete(self) -> None:
        self.fs.rm(self.path)


def _write_down(store: Store, going: Going) -> _Note:
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{FOLDER}")
    fs.makedirs(path, exist_ok=True)
    name = f"{path}/{_UNDER_WAY}{hashlib.sha256(json.dumps(going.calls).encode()).hexdigest()[:16]}.json"
    fs.pipe_file(name, json.dumps({key: list(getattr(going, key)) for key in Going.__slots__}, ensure_ascii=False).encode())
    return _Note(fs, name)


def told(gone: Gone) -> Sequence[str]:
    """What went, in lines for a person."""
    calls = "1 call is" if gone.calls == 1 else f"{gone.calls} calls are"
    rows = {name: count for name, count in gone.erased.items() if name.startswith("table ")}
    others = {name: count for name, count in gone.erased.items() if name not in rows}
    lines = [f"{calls} forgotten: {sum(rows.values())} rows of {len(rows)} tables, and what was decided about them."]
    lines += [f"  {count} of {name}" for name, count in others.items()]
    for name, there in gone.yours.items():
        option = f"--{name}" if name == "recordings" else "--exports"
        lines.append(f"{name[0].upper()}{name[1:]} still lie where they were ({option} deletes them too):")
        lines += [f"  {path}" for path in there]
    if gone.found:
        lines.append("Something of them is still found:")
        lines += [f"  {place}" for place in gone.found]
    else:
        lines.append("A search through every file of the results and the cache finds nothing of them.")
    return lines
