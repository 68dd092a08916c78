"""Forgetting a call or a customer: everything that is held of them goes, and a search proves it.

What is to go is written down first (`_forgotten/under-way-…json`), so that a run that was killed half-way is taken up again; then stones are put up
(results/forgotten.py), and files, the review database and the tables follow, details before heads, with the history of the tables: old versions and the
log would still name what was deleted. Recordings stand where their platform put them: they are named, and deleted when that is asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from qa_pipeline.conversation.recognised import stage_output
from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.policy import EVERYTHING
from qa_pipeline.privacy.rows import hidden_of
from qa_pipeline.reading.sound import kept_files
from qa_pipeline.recordings.address import parse_address
from qa_pipeline.results.forgotten import FOLDER, Forgotten
from qa_pipeline.results.heard import mapping_of
from qa_pipeline.results.history import erase_history
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.forgetting import erase_reviews
from qa_pipeline.settings import Settings

_UNDER_WAY = "under-way-"
_NIGHTS = "_nights"
_COLUMNS = [
    "call_id",
    "conversation_id",
    "customer_id",
    "audio_sha256",
    "given_language",
    "manifest_sha256",
    "options",
    "source_uri",
    "layout",
    "call_date",
    "agent_name",
    "extra",
]
# A table that others hang on goes last, so that what was begun can be found again.
_LAST = "calls"
# A shorter id stands by chance in many files; whether the tables hold it is looked at all the same.
_SHORTEST_NEEDLE = 6
_LONGEST_UTTERANCES = 3
_SHORTEST_UTTERANCE = 40
_REPORTS = ("report.html", "report_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What is to go. `words`: of their longest utterances, to look for afterwards; `files`: stage outputs; `recordings`: where they lie."""

    calls: tuple[str, ...]
    conversations: tuple[str, ...]
    customers: tuple[str, ...]
    hashes: tuple[str, ...]
    files: tuple[str, ...]
    recordings: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What went. `rows`: by table; `files`: how many; `recordings`: those that still lie where they were; `found`: where something was found afterwards."""

    calls: int
    rows: dict[str, int]
    files: int
    recordings: tuple[str, ...]
    found: tuple[str, ...]


def what_goes(store: Store, settings: Settings, *, call_id: str | None = None, customer_id: str | None = None) -> Going:
    """What is held of a call or a customer. Raises InputRefused where nothing is."""
    rows = store.read("calls", columns=_COLUMNS).to_pylist()
    mine = [
        row
        for row in rows
        if (call_id is not None and row["call_id"] == call_id) or (customer_id is not None and row["customer_id"] == customer_id)
    ]
    names = {row["call_id"] for row in mine} | ({call_id} if call_id is not None and _is_named(store, call_id) else set())
    if not names:
        raise InputRefused(
            f"Nothing is held of {call_id or customer_id!r}.",
            advice='Look at the id: `qa-pipeline query "select call_id, customer_id from calls"`.',
        )
    # Every conversation of such a call, whatever its metadata said at the time.
    mine = [row for row in rows if row["call_id"] in names]
    conversations = {row["conversation_id"] for row in mine}
    kept = [(row, mapping_of(row["options"])) for row in mine]
    # Beside decoded sound also that in which words were hidden, for who may not hear them.
    sounds = {(path.parent, path.stem) for row, _ in kept for path in kept_files(settings.work, row["audio_sha256"])}
    files = {str(path) for folder, stem in sounds for path in folder.glob(f"{stem}*")}
    files |= {
        str(
            stage_output(
                settings.work, audio_sha256=row["audio_sha256"], given_language=row["given_language"], manifest_sha256=row["manifest_sha256"],
                options=options,
            )
        )
        for row, options in kept
    }  # fmt: skip
    # A file of chats holds other calls too: what it hashes to stands for all of them.
    heard = {row["audio_sha256"] for row in mine if row["layout"] != "text"}
    recordings = {row["source_uri"] for row in mine} | {row["source_uri"] for row in _failures(store) if row["call_id"] in names}
    return Going(
        calls=tuple(sorted(names)),
        conversations=tuple(sorted(conversations)),
        customers=(customer_id,) if customer_id is not None else (),
        hashes=tuple(sorted(heard)),
        files=tuple(sorted(files)),
        recordings=tuple(sorted(recordings)),
        words=_words(store, mine),
    )


def forget(
    store: Store, settings: Settings, going: Going, *, with_recordings: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Gone:
    """Let it go, and look whether anything is left. Raises InputRefused while a night or a run works on one of the calls.

    `tell` gets a line before each step.
    """
    busy = set(going.calls) & Claims(store.root, "").others()
    if busy:
        raise InputRefused(f"A run works on {', '.join(sorted(busy))} now.", advice="Wait until it has ended, then forget again.")
    note = _write_down(store, going)
    stones = Forgotten(store.root)
    stones.add([*going.calls, *going.hashes])
    tell("files of the cache, of nights, and pages of reports")
    files = _delete_files(going.files) + _delete_nights(store, going) + _delete_reports(store, going)
    if with_recordings:
        files += _delete_files([path for uri in going.recordings for path in parse_address(uri).files if "://" not in path])
    tell("review database")
    erase_reviews(settings, call_ids=going.calls, conversation_ids=going.conversations, stands_for=stones.name_of)
    rows: dict[str, int] = {}
    for name in (*(name for name in TABLES if name != _LAST), _LAST):
        columns = TABLES[name].schema.names
        tell(f"table {name}")
        for column, values in (("conversation_id", going.conversations), ("call_id", going.calls)):
            if column in columns:
                rows[name] = rows.get(name, 0) + store.forget(name, column, values)
    tell("history of the tables")
    erase_history(store)
    found = left_of(store, settings, going)
    note.delete()
    recordings = () if with_recordings else tuple(uri for uri in going.recordings if _is_there(uri))
    return Gone(
        calls=len(going.calls), rows={name: count for name, count in rows.items() if count}, files=files, recordings=recordings, found=found
    )


def under_way(store: Store) -> list[Going]:
    """What was begun and not ended: a run was killed."""
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{FOLDER}")
    if not fs.exists(path):
        return []
    names = sorted(str(name) for name in fs.ls(path, detail=False) if _UNDER_WAY in str(name))
    return [Going(**{key: tuple(value) for key, value in json.loads(fs.cat_file(name)).items()}) for name in names]


def left_of(store: Store, settings: Settings, going: Going) -> tuple[str, ...]:
    """Where anything of it is found still: rows of the tables, and bytes of any file under the results root and the cache."""
    found = []
    for name, table in TABLES.items():
        for column, values in (("call_id", going.calls), ("conversation_id", going.conversations), ("customer_id", going.customers)):
            if column in table.schema.names and values:
                here = set(store.read(name, columns=[column])[column].to_pylist()) & set(values)
                found += [f"table {name}: {column}"] if here else []
    needles = [value.encode() for value in (*going.calls, *going.customers, *going.conversations) if len(value) >= _SHORTEST_NEEDLE]
    needles += [words.encode() for words in going.words]
    for label, content in _contents(store.root, settings.work):
        if any(needle in content for needle in needles):
            found.append(label)
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


def _failures(store: Store) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.read("failures", columns=["call_id", "source_uri"]).to_pylist()
    return rows


def _is_named(store: Store, call_id: str) -> bool:
    """Whether anything else is held under an id of which there is no conversation: a failure, a decision."""
    return any(call_id in store.read(name, columns=["call_id"])["call_id"].to_pylist() for name in ("failures", "decisions"))


def _words(store: Store, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What identifies people in these calls, and their longest utterances: what hardly stands anywhere else."""
    found: set[str] = set()
    for row in rows:
        said = sorted(store.read_of("utterances", "conversation_id", row["conversation_id"], day=row["call_date"]).to_pylist(), key=_place)
        pieces = hidden_of(row, said, EVERYTHING).pieces
        found |= {piece for piece in pieces if len(piece) >= _SHORTEST_NEEDLE}
        longest = sorted((utterance["text"] for utterance in said), key=len)[-_LONGEST_UTTERANCES:]
        found |= {text for text in longest if len(text.encode()) >= _SHORTEST_UTTERANCE}
    return tuple(sorted(found))


def _place(utterance: Mapping[str, Any]) -> int:
    return int(utterance["utterance"])


def _delete_files(paths: Iterable[str]) -> int:
    count = 0
    for path in map(Path, paths):
        if path.is_file():
            path.unlink()
            count += 1
    return count


def _delete_nights(store: Store, going: Going) -> int:
    """Batches of nights that are no more and name one of the calls."""
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{_NIGHTS}")
    if not fs.exists(path):
        return 0
    living = {working.run_id for working in Claims(store.root, "").living()}
    needles = [value.encode() for value in going.calls]
    count = 0
    for name in fs.find(path):
        if str(name).removeprefix(path).lstrip("/").partition("/")[0] not in living and any(
            needle in fs.cat_file(name) for needle in needles
        ):
            fs.rm(name)
            count += 1
    return count


def _delete_reports(store: Store, going: Going) -> int:
    """Pages that this program writes into the root itself: they are made again by `report`."""
    fs, path = fsspec.core.url_to_fs(store.root)
    needles = [value.encode() for value in (*going.calls, *going.customers, *going.words)]
    count = 0
    for name in _REPORTS:
        for page in fs.find(f"{path}/{name}") if fs.exists(f"{path}/{name}") else ():
            if any(needle in fs.cat_file(page) for needle in needles):
                fs.rm(page)
                count += 1
    return count


def _is_there(uri: str) -> bool:
    return any("://" in path or Path(path).is_file() for path in parse_address(uri).files)


def _contents(root: str, work: Path) -> Iterator[tuple[str, bytes]]:
    """Every file under the root and the cache, with its bytes; not the notes and stones of forgetting itself."""
    fs, path = fsspec.core.url_to_fs(root)
    for name in fs.find(path):
        if f"/{FOLDER}/" not in str(name):
            yield str(name), fs.cat_file(name)
    for file in sorted(work.rglob("*")) if work.is_dir() else ():
        if file.is_file():
            content = file.read_bytes()
            yield str(file), gzip.decompress(content) if file.name.endswith(".gz") else content


def told(gone: Gone) -> Sequence[str]:
    """What went, in lines for a person."""
    lines = [
        f"{gone.calls} calls are forgotten: {sum(gone.rows.values())} rows of {len(gone.rows)} tables, {gone.files} files, and what was decided about them."
    ]
    if gone.recordings:
        lines.append("Their recordings still lie where they were (--recordings deletes them too):")
        lines += [f"  {uri}" for uri in gone.recordings]
    if gone.found:
        lines.append("Something of them is still found:")
        lines += [f"  {place}" for place in gone.found]
    else:
        lines.append("A search through every file of the results and the cache finds nothing of them.")
    return lines
