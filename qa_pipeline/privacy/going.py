"""What is held of a call or a customer, as far as it takes to find all of it: ids, hashes, and words that were said nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qa_pipeline.call import Role
from qa_pipeline.conversation.recognised import stage_output
from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.needles import SHORTEST, Needles, unique_words
from qa_pipeline.privacy.policy import EVERYTHING
from qa_pipeline.privacy.rows import hidden_of
from qa_pipeline.reading.sound import kept_files
from qa_pipeline.results.files import file_paths, file_system, open_table
from qa_pipeline.results.heard import mapping_of
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.settings import Settings

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
    "company",
    "extra",
]
_LONGEST_UTTERANCES = 3
_SHORTEST_UTTERANCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A call or a customer's calls, to be forgotten or told of.

    `words`: what identifies people and their longest utterances, as far as nobody said it in another call; `quotable`: of these, whole utterances of
    the customer, by which a copy is known; `hashes`: of recordings; `files`: stage outputs and sound in the cache; `recordings`: where they lie.
    """

    calls: tuple[str, ...]
    conversations: tuple[str, ...]
    customers: tuple[str, ...]
    hashes: tuple[str, ...]
    files: tuple[str, ...]
    recordings: tuple[str, ...]
    words: tuple[str, ...]
    quotable: tuple[str, ...] = ()

    @property
    def needles(self) -> Needles:
        """What is looked for in files and texts."""
        return Needles(
            words=(*self.conversations, *self.hashes, *self.words),
            ids=tuple(name for name in (*self.calls, *self.customers) if len(name) >= SHORTEST),
        )


def what_goes(
    store: Store,
    settings: Settings,
    *,
    call_id: str | None = None,
    customer_id: str | None = None,
    is_named: Callable[[str], bool] = lambda _: False,
) -> Going:
    """What is held of a call or a customer. `is_named`: whether anything is held elsewhere under the id of a call that the tables do not have.

    Raises InputRefused where nothing is.
    """
    asked = f"call_id = {sql_text(call_id)}" if call_id is not None else f"customer_id = {sql_text(customer_id or '')}"
    names = {row["call_id"] for row in store.read("calls", columns=["call_id"], where=asked).to_pylist()}
    if call_id is not None and not names and (_is_named(store, call_id) or is_named(call_id)):
        names = {call_id}
    if not names:
        raise InputRefused(
            f"Nothing is held of {call_id or customer_id!r}.",
            advice='Look at the id: `qa-pipeline query "select call_id, customer_id from calls"`.',
        )
    of_calls = f"call_id in ({', '.join(map(sql_text, sorted(names)))})"
    # Every conversation of such a call, whatever its metadata said at the time.
    mine = store.read("calls", columns=_COLUMNS, where=of_calls).to_pylist()
    customers = (customer_id,) if customer_id is not None else ()
    shared = _shared(store, mine, names)
    own = [row for row in mine if row["audio_sha256"] not in shared]
    words, quotable = _words(store, mine)
    known = unique_words({*words, *quotable}, _other_texts(store, {row["conversation_id"] for row in mine}))
    failed = store.read("failures", columns=["source_uri"], where=of_calls).to_pylist()
    return Going(
        calls=tuple(sorted(names)),
        conversations=tuple(sorted({row["conversation_id"] for row in mine})),
        customers=customers,
        # A file of chats holds other calls too: what it hashes to stands for all of them.
        hashes=tuple(sorted({row["audio_sha256"] for row in own if row["layout"] != "text"})),
        files=tuple(sorted(_files(settings, own))),
        recordings=tuple(sorted({row["source_uri"] for row in (*mine, *failed)})),
        words=known,
        quotable=tuple(word for word in known if word in quotable),
    )


def _is_named(store: Store, call_id: str) -> bool:
    where = f"call_id = {sql_text(call_id)}"
    return any(store.read(name, columns=["call_id"], where=where).num_rows for name in ("failures", "decisions"))


def _shared(store: Store, rows: Sequence[Mapping[str, Any]], names: set[str]) -> set[str]:
    """Hashes of these calls that others have too: one file of several chats, or a recording that came under two ids."""
    hashes = sorted({row["audio_sha256"] for row in rows})
    if not hashes:
        return set()
    found = store.read(
        "calls", columns=["call_id", "audio_sha256"], where=f"audio_sha256 in ({', '.join(map(sql_text, hashes))})"
    ).to_pylist()
    return {row["audio_sha256"] for row in found if row["call_id"] not in names}


def _files(settings: Settings, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Stage outputs, decoded sound with its peaks, and sound in which words were hidden, for who may not hear them."""
    sounds = {(path.parent, path.stem) for row in rows for path in kept_files(settings.work, row["audio_sha256"])}
    outputs = {
        stage_output(
            settings.work,
            audio_sha256=row["audio_sha256"],
            given_language=row["given_language"],
            manifest_sha256=row["manifest_sha256"],
            options=mapping_of(row["options"]),
        )
        for row in rows
    }
    return {str(path) for folder, stem in sounds for path in folder.glob(f"{stem}*")} | {str(path) for path in outputs}


def _words(store: Store, rows: Sequence[Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    """What identifies people in these calls with their longest utterances, and of these utterances the customer's."""
    found: set[str] = set()
    quotable: set[str] = set()
    for row in rows:
        said = sorted(store.read_of("utterances", "conversation_id", row["conversation_id"], day=row["call_date"]).to_pylist(), key=_place)
        pieces = hidden_of(row, said, EVERYTHING).pieces
        found |= {piece for piece in pieces if len(piece) >= SHORTEST}
        for role in (Role.CUSTOMER.value, None):
            longest = sorted((one["text"] for one in said if role in (None, one["role"])), key=len)[-_LONGEST_UTTERANCES:]
            long = {text for text in longest if len(text.encode()) >= _SHORTEST_UTTERANCE}
            found |= long
            if role is not None:
                quotable |= long
    return found, quotable


def _place(utterance: Mapping[str, Any]) -> int:
    return int(utterance["utterance"])


def _other_texts(store: Store, conversations: set[str]) -> Iterator[pa.Array]:
    """What was said in all other conversations, some thousand utterances at a time."""
    delta = open_table(store.path("utterances"))
    if delta is None:
        return
    files, mine = file_system(delta), pa.array(sorted(conversations), pa.string())
    for path in sorted(file_paths(delta)):
        with files.open_input_file(path) as source:
            for batch in pq.ParquetFile(source).iter_batches(columns=["conversation_id", "text"]):
                others = pc.invert(pc.is_in(batch["conversation_id"].cast(pa.string()), value_set=mine))
                # Merges write views of strings, which Arrow cannot filter.
                yield batch["text"].cast(pa.large_string()).filter(others)
