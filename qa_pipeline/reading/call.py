"""One call with all that is stored about it, read from its own day's files alone.

Rows have the columns of docs/tables.md. Which conversation and score are the current ones, the index knows (index.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.reading.asking import FrozenRow
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import find_call, require_seen
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import CALLS

_NAMES = frozenset(c.name for c in CALLS.columns if {Kind.PERSON, Kind.PATH} & set(c.kinds)) - {"agent_id"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCall:
    """A call: its line in lists, the rows of its current conversation and score. `score` is None for a call without a rubric.

    `findings` stand in the order in which they were judged, `utterances` in that of the call. `utterances` is empty where the viewer may not read words;
    `call` has no names where they are not for them; `named` has them all the same, for what hides names in words to know them: it is shown to nobody.
    """

    line: CallLine
    call: FrozenRow
    score: FrozenRow | None
    findings: tuple[FrozenRow, ...]
    captures: tuple[FrozenRow, ...]
    utterances: tuple[FrozenRow, ...]
    metrics: FrozenRow
    named: FrozenRow


def read_call(store: Store, engine: Engine, viewer: Viewer, call_id: str, *, line: CallLine | None = None) -> OneCall:
    """Read a call. The index must have caught up (index.py). `line`: of the call as `find_call` has just found it for the same viewer.

    Raises as `find_call`.
    """
    if line is None:
        line = find_call(engine, viewer, call_id)
    else:
        require_seen(viewer, line, Matter.SCORE)
    reads_words, reads_names = (
        viewer.sees(matter, agent_id=line.agent_id, team=line.team, day=line.call_date) for matter in (Matter.WORDS, Matter.NAMES)
    )

    def of_conversation(name: str) -> Sequence[FrozenRow]:
        return _frozen(store.read_of(name, "conversation_id", line.conversation_id, day=line.call_date))

    def of_score(name: str, *, elsewhere: bool = True) -> Sequence[FrozenRow]:
        if not line.score_id:
            return ()
        return _frozen(store.read_of(name, "score_id", line.score_id, day=line.call_date, elsewhere=elsewhere))

    on_day = of_score("scores", elsewhere=False)
    scores = [row for row in on_day or of_score("scores") if row["purpose"] == line.purpose]
    metrics = of_conversation("metrics")
    named = of_conversation("calls")[0]
    return OneCall(
        line=line,
        call=named if reads_names else _without_names(named),
        score=scores[0] if scores else None,
        findings=tuple(of_score("findings")),
        # Few scores have any: where the score lies on its day, so would they.
        captures=tuple(sorted(of_score("captures", elsewhere=not on_day), key=lambda row: (row["criterion_id"], row["n"]))),
        utterances=tuple(sorted(of_conversation("utterances"), key=lambda row: row["utterance"])) if reads_words else (),
        metrics=metrics[0] if metrics else MappingProxyType({}),
        named=named,
    )


def _without_names(row: FrozenRow) -> FrozenRow:
    """A row of `calls` without what names people, or files that may. The agent's id stays: it tells whether several calls are one person's."""
    return MappingProxyType({name: None if name in _NAMES else value for name, value in row.items()})


def _frozen(rows: pa.Table) -> Sequence[FrozenRow]:
    columns = [_plain(rows[name]) for name in rows.column_names]
    return [MappingProxyType(dict(zip(rows.column_names, values, strict=True))) for values in zip(*columns, strict=True)]


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Values as Python has them. Of times, worked out here: Arrow would load pandas to look which kind of zone it wants, 120 MB for one call."""
    if not pa.types.is_timestamp(column.type):
        return cast("list[Any]", column.to_pylist())
    return [None if value is None else _EPOCH + timedelta(microseconds=value) for value in column.cast(pa.int64()).to_pylist()]
