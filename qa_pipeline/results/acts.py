"""Acts and replies of stored conversations read anew from their texts, without audio: where none were read when they were heard, or another reader read them.

Until then such a conversation is judged without acts, or by what it was judged by before, and its replies by their sentence vectors; afterwards its score is another one (scoring/identity.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qa_pipeline.call import Conversation
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.meaning.meanings import ReadBy
from qa_pipeline.results.columns import Table
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import CALLS, EMBEDDINGS

# Calls whose acts are read together and written in one commit.
_COMMIT_CALLS = 500

Row = dict[str, Any]


def renew_acts(store: Store, read: Callable[[Sequence[str]], NDArray[np.float32]], by: ReadBy, ids: Iterable[str] | None = None) -> int:
    """Read and write acts and replies of stored conversations (all, or some by id) that hold none of these readers. Returns of how many calls.

    `read`: texts → rows as MeaningReader reads them. Conversations without vectors are left alone. Only `embeddings.vector`, from the 385th value on,
    `calls.acts_version` and `calls.reply_version` change.
    """
    table = store.read("calls", columns=["conversation_id", "acts_version", "reply_version", "call_date"])
    wanted = None if ids is None else set(ids)
    days: dict[str, date | None] = {
        row["conversation_id"]: row["call_date"]
        for row in table.to_pylist()
        if (row["acts_version"], row["reply_version"]) != (by.acts, by.replies) and (wanted is None or row["conversation_id"] in wanted)
    }
    done = 0
    for lot in store.stream(days, size=_COMMIT_CALLS) if days else ():
        heard = [conversation for conversation in lot if conversation.vectors]
        _write(store, heard, read, by, days)
        done += len(heard)
    return done


def _write(
    store: Store,
    heard: Sequence[Conversation],
    read: Callable[[Sequence[str]], NDArray[np.float32]],
    by: ReadBy,
    days: dict[str, date | None],
) -> None:
    """Vectors first, and then what says who read them: killed in between, they are read once more."""
    said = [(c, u) for c in heard for u in c.utterances if u.utterance in c.vectors]
    beside = read([u.text for _, u in said])[:, WIDTH:].astype(np.float16).astype(np.float32)
    vectors: dict[date | None, list[Row]] = {}
    for (c, u), row in zip(said, beside, strict=True):
        vector = [*map(float, c.vectors[u.utterance][:WIDTH]), *map(float, row)]
        own = {"conversation_id": c.conversation_id, "utterance": u.utterance, "vector": vector}
        vectors.setdefault(days[c.conversation_id], []).append(own)
    calls: dict[date | None, list[Row]] = {}
    for c in heard:
        calls.setdefault(days[c.conversation_id], []).append(
            {"conversation_id": c.conversation_id, "acts_version": by.acts, "reply_version": by.replies}
        )
    for table, columns, by_day in ((EMBEDDINGS, ("vector",), vectors), (CALLS, ("acts_version", "reply_version"), calls)):
        for day, rows in by_day.items():
            _revise(store, table, columns, rows, day)


def _revise(store: Store, table: Table, columns: Sequence[str], rows: list[Row], day: date | None) -> None:
    schema = pa.schema([table.schema.field(name) for name in (*table.key, *columns)])
    store.revise(table.name, pa.Table.from_pylist(rows, schema=schema), day=day)
