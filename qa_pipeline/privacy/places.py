"""Every place where something of a call is held, in one list: what an access report gathers from and what forgetting erases.

A place knows both, so that neither can leave out what the other knows. The tables of the results, those of the review database and the files listed in
results/outside.py must each be covered by one (a test).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from qa_pipeline.privacy.cases import Taken, without_cases
from qa_pipeline.privacy.going import Going
from qa_pipeline.privacy.traces import File, files_outside, holds_any, made_again
from qa_pipeline.recordings.address import parse_address
from qa_pipeline.recordings.known_files import forget_known
from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.outside import OUTSIDE
from qa_pipeline.results.outside import Place as Lies
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.forgetting import erase_reviews
from qa_pipeline.review.held import HELD, read_held
from qa_pipeline.review.tables import drafts
from qa_pipeline.review.written import Written, drop_written, list_written
from qa_pipeline.settings import Settings
from qa_pipeline.whole_file import write_whole

Row = Mapping[str, Any]
_NIGHTS = "_nights/"
_BY_NAME = ("stage outputs", "sound to play")
_CACHED_CASES = ("norms-*", "case_vectors.npz*", "example_vectors.npz*")
# A table that others hang on goes last, so that what was begun can be found again.
_LAST = "calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where things are held. What takes long to look up is looked up once for each call or customer."""

    store: Store
    settings: Settings
    engine: Engine
    _kept: dict[tuple[str, Going], Any] = field(default_factory=dict, repr=False)

    def holding(self, going: Going) -> Sequence[File]:
        """Files outside the tables that hold anything of it and that this program can do without; those of living nights are not looked at."""
        key = "files", going
        if key not in self._kept:
            living = tuple(f"{_NIGHTS}{working.run_id}/" for working in Claims(self.store.root, "").living())
            needles = going.needles
            self._kept[key] = [
                file
                for file in files_outside(self.store.root, self.settings)
                if made_again(file)
                and not file.path.startswith(living)
                and (needles.are_in(file.path.encode()) or needles.are_in(file.read()))
            ]
        found: Sequence[File] = self._kept[key]
        return found

    def held_reviews(self, going: Going) -> dict[str, list[dict[str, Any]]]:
        """Rows of the review database about it, by table."""
        key = "reviews", going
        if key not in self._kept:
            needles = going.needles
            with self.engine.connect() as connection:
                self._kept[key] = read_held(connection, going.calls, needles.are_in_text, needles.all)
        found: dict[str, list[dict[str, Any]]] = self._kept[key]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a place holds: rows as data, and files."""

    rows: tuple[Row, ...] = ()
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows or self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place. `covers`: tables, tables of the review database and files of results/outside.py that it is of. `erase` returns how many rows or files went.

    `is_yours`: what lies there is a person's or a platform's, and is only told of where nobody asks for it to be erased.
    """

    name: str
    covers: tuple[str, ...]
    holds: Callable[[Ground, Going], Held]
    erase: Callable[[Ground, Going], int]
    is_yours: bool = False


RECORDINGS, WRITTEN = "recordings", "files that were written elsewhere"


def places() -> tuple[Place, ...]:
    """All of them, in the order in which they are erased: files, what people wrote, tables with details before heads."""
    tables = (*(name for name in TABLES if name != _LAST and _columns(name)), _LAST)
    return (
        Place(name="files of the cache", covers=_BY_NAME, holds=_named_files, erase=_erase_named),
        Place(
            name="other files of the cache and the results root: nights, reports, lots under way, drafts as files",
            covers=tuple(one.name for one in OUTSIDE if one.place is not Lies.NAMED and one.name not in (*_BY_NAME, *_ELSEWHERE)),
            holds=lambda ground, going: Held(files=tuple(file.full for file in ground.holding(going) if file.full not in going.files)),
            erase=_erase_holding,
        ),
        Place(name="hashes of recordings", covers=("hashes of recordings",), holds=lambda _, going: Held(), erase=_erase_known),
        Place(name="cases of rubrics", covers=("cases",), holds=_cases, erase=_erase_cases),
        Place(
            name=RECORDINGS, covers=(), holds=lambda _, going: Held(files=recordings_there(going)), erase=_erase_recordings, is_yours=True,
        ),
        Place(name=WRITTEN, covers=("exports", "pages of differences"), holds=_written, erase=_erase_written, is_yours=True),
        *(Place(name=f"review database: {held.table.name}", covers=(f"review database: {held.table.name}",), holds=partial(_reviews, held.table.name), erase=_nothing) for held in HELD),
        Place(name="review database", covers=("review database",), holds=lambda _, going: Held(), erase=_erase_reviews),
        *(Place(name=f"table {name}", covers=(name,), holds=partial(_rows, name), erase=partial(_erase_rows, name)) for name in tables),
    )  # fmt: skip


_ELSEWHERE = (
    "hashes of recordings",
    "review database",
    "stones of forgotten calls",
    "published versions, fitted heads, vectors of cases",
    "models",
)
HOLDS_NOTHING: Mapping[str, str] = {
    "runs": "numbers of calls",
    "periods": "days and teams",
    "rubrics": "rubrics as they were published",
    "published versions, fitted heads, vectors of cases": "numbers, and hashes of rubrics",
    "models": "weights",
    "stones of forgotten calls": "salted hashes; the note of what is to go is deleted at the end",
    "logs": "no words of calls; whoever keeps them",
    "counts for Prometheus": "numbers",
    "notices": "no words of calls",
    "Prefect's database": "no words of calls",
}
"""Tables and files that hold nothing of a single call, or are none of this program's, and why."""


def recordings_there(going: Going) -> tuple[str, ...]:
    """Recordings that lie where they were, or may: of what lies in an object store nobody looks."""
    return tuple(uri for uri in going.recordings if any("://" in path or Path(path).is_file() for path in parse_address(uri).files))


# --- files ------------------------------------------------------------------------------------------------------------------------------


def _named_files(_: Ground, going: Going) -> Held:
    return Held(files=tuple(path for path in going.files if Path(path).is_file()))


def _erase_named(_: Ground, going: Going) -> int:
    return delete_files(going.files)


def delete_files(paths: Sequence[str]) -> int:
    """Delete files; returns how many were there."""
    count = 0
    for path in map(Path, paths):
        if path.is_file():
            path.unlink()
            count += 1
    return count


def _erase_recordings(_: Ground, going: Going) -> int:
    return delete_files([path for uri in going.recordings for path in parse_address(uri).files if "://" not in path])


def _erase_holding(ground: Ground, going: Going) -> int:
    found = ground.holding(going)
    for file in found:
        file.delete()
    return len(found)


def _erase_known(ground: Ground, going: Going) -> int:
    paths = {path for uri in going.recordings for path in parse_address(uri).files}
    return forget_known(ground.settings.work / "files.sqlite", hashes=set(going.hashes), uris=paths)


def _written(ground: Ground, going: Going) -> Held:
    return Held(files=tuple(str(one.path) for one in _written_with(ground, going)))


def _erase_written(ground: Ground, going: Going) -> int:
    found = _written_with(ground, going)
    drop_written(ground.engine, found)
    return len(found)


def _written_with(ground: Ground, going: Going) -> list[Written]:
    needles = going.needles
    return [
        one
        for one in list_written(ground.engine)
        if one.files and (needles.are_in(str(one.path).encode()) or any(holds_any(path, needles) for path in one.files))
    ]


# --- cases ------------------------------------------------------------------------------------------------------------------------------


def _cases(ground: Ground, going: Going) -> Held:
    rows = [
        {"file": str(path), "case": name}
        for path in sorted(ground.settings.rubrics.glob("*.cases.yaml"))
        for name in _taken(path, going).names
    ]
    return Held(rows=tuple(rows))


def _erase_cases(ground: Ground, going: Going) -> int:
    count = 0
    for path in sorted(ground.settings.rubrics.glob("*.cases.yaml")):
        taken = _taken(path, going)
        if taken.names:
            write_whole(path, taken.text)
            count += len(taken.names)
    for pattern in _CACHED_CASES if count else ():
        # Made again of the cases that stay.
        for path in ground.settings.cache.glob(pattern):
            path.unlink(missing_ok=True)
    return count


def _taken(path: Path, going: Going) -> Taken:
    return without_cases(path.read_text("utf-8"), going.calls, going.quotable)


# --- what people wrote ------------------------------------------------------------------------------------------------------------------


def _reviews(name: str, ground: Ground, going: Going) -> Held:
    return Held(rows=tuple(ground.held_reviews(going).get(name, ())))


def _erase_reviews(ground: Ground, going: Going) -> int:
    needles = going.needles

    def rewrite(table: str, text: str) -> str:
        if table == drafts.name:
            text = without_cases(text, going.calls, going.quotable).text
        return needles.without(text)

    erase_reviews(
        ground.settings,
        call_ids=going.calls,
        conversation_ids=going.conversations,
        customer_ids=going.customers,
        stands_for=Forgotten(ground.store.root).name_of,
        rewrite=rewrite,
        likely=needles.all,
    )
    return 0


def _nothing(_: Ground, __: Going) -> int:
    """All tables of the database are erased together, before the tables of the results: decisions that stand there alone would be taken over again."""
    return 0


# --- tables -----------------------------------------------------------------------------------------------------------------------------


def _columns(name: str) -> tuple[str, ...]:
    return tuple(column for column in ("conversation_id", "call_id") if column in TABLES[name].schema.names)


def _values(column: str, going: Going) -> tuple[str, ...]:
    return going.conversations if column == "conversation_id" else going.calls


def _rows(name: str, ground: Ground, going: Going) -> Held:
    asked = [f"{column} in ({', '.join(map(sql_text, values))})" for column in _columns(name) if (values := _values(column, going))]
    rows = ground.store.read(name, where=" or ".join(asked)).to_pylist() if asked else []
    key = TABLES[name].key
    return Held(rows=tuple(sorted(rows, key=lambda row: [str(row[column]).rjust(12) for column in key])))


def _erase_rows(name: str, ground: Ground, going: Going) -> int:
    return sum(ground.store.forget(name, column, values) for column in _columns(name) if (values := _values(column, going)))
