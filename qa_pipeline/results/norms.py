"""Stored norms brought up to date: what other code, language data or dictionaries made is made anew from the text, without audio, and written down.

Readers bring norms up by themselves (heard.py), so that a score never rests on old ones; here that is paid once instead of at each reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from qa_pipeline.results.heard import recorded_norms
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.scoring.identity import norm_version_of, norm_versions
from qa_pipeline.text.normalise import normalise

# Calls whose norms are written in one commit: a commit looks through the files of each day that it touches.
_COMMIT_CALLS = 5_000

Row = dict[str, Any]


def renew_norms(store: Store, ids: Iterable[str] | None = None, *, on_begin: Callable[[int], None] = lambda count: None) -> int:
    """Make and write anew the norms of stored conversations (all, or some by id) that were made otherwise. Returns of how many calls;
    `on_begin` is told before, if there are any.

    Of the tables only `utterances.norm` and `calls.norm_versions` change: nothing is heard again, and what counts as the newest stays as it is.
    """
    stale = _stale(store, ids)
    if not stale:
        return 0
    on_begin(len(stale))
    said: list[Row] = []
    calls: list[Row] = []
    for call, renewed in _renewed(store, stale):
        said += renewed
        calls.append(call)
        if len(calls) >= _COMMIT_CALLS:
            _write(store, said, calls)
            said, calls = [], []
    _write(store, said, calls)
    return len(stale)


def _stale(store: Store, ids: Iterable[str] | None) -> set[str]:
    """Conversations of which some norm is not what it would be now, or does not say what made it."""
    wanted = None if ids is None else set(ids)
    if wanted is not None and not wanted:
        return set()
    table = store.read("calls", columns=["conversation_id", "norm_versions"])
    return {
        row["conversation_id"]
        for batch in table.to_batches(max_chunksize=5_000)
        for row in batch.to_pylist()
        if (wanted is None or row["conversation_id"] in wanted) and not _is_of_now(row)
    }


def _is_of_now(row: Row) -> bool:
    recorded = recorded_norms(row)
    return recorded is not None and all(norm_version_of(code) == version for code, version in recorded.items())


def _renewed(store: Store, stale: set[str]) -> Iterator[tuple[Row, list[Row]]]:
    """Each conversation as a row of `calls`, with the rows of its utterances whose norm is another one now."""
    for lot in store.stream(stale, with_vectors=False):
        calls = lot.calls.select(["conversation_id", "call_date"]).to_pylist()
        said: list[list[Row]] = [[] for _ in calls]
        spoken: list[set[str]] = [set() for _ in calls]
        columns = ("place", "utterance", "language", "text", "norm")
        for place, number, language, text, norm in zip(*(lot.utterances[name].to_pylist() for name in columns), strict=True):
            spoken[place].add(language)
            if (renewed := normalise(text, language)) != norm:
                said[place].append({**calls[place], "utterance": number, "norm": renewed})
        for call, languages, rows in zip(calls, spoken, said, strict=True):
            pairs = [{"key": code, "value": version} for code, version in norm_versions(languages).items()]
            yield {**call, "norm_versions": pairs}, rows


def _write(store: Store, said: list[Row], calls: list[Row]) -> None:
    """Norms first, and then what says how they were made: killed in between, they are made once more."""
    for name, column, rows in (("utterances", "norm", said), ("calls", "norm_versions", calls)):
        by_day: dict[date | None, list[Row]] = {}
        for row in rows:
            by_day.setdefault(row["call_date"], []).append(row)
        for day, of_day in by_day.items():
            table = TABLES[name]
            schema = pa.schema([table.schema.field(field) for field in (*table.key, column)])
            store.revise(name, pa.Table.from_pylist(of_day, schema=schema), day=day)
