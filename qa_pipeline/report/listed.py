"""A list of calls as a table for a file: what the list shows, and a column for how each criterion counts."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.reading.listed import list_whole
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import CriterionKey
from qa_pipeline.reading.viewer import Viewer

_COLUMNS: dict[str, pa.DataType] = {
    "call_id": pa.string(),
    "call_date": pa.date32(),
    "started_at": pa.timestamp("us", tz="UTC"),
    "team": pa.string(),
    "agent_id": pa.string(),
    "site": pa.string(),
    "campaign": pa.string(),
    "language": pa.string(),
    "duration_ms": pa.int64(),
    "rubric_id": pa.string(),
    "rubric_version": pa.int32(),
    "disposition": pa.string(),
    "effective_percent": pa.float64(),
    "effective_passed": pa.bool_(),
    "effective_critical_state": pa.string(),
    "percent": pa.float64(),
    "coverage": pa.float64(),
    "expected_wrong": pa.float64(),
    "sentiment": pa.string(),
    "to_review": pa.bool_(),
    "decided_count": pa.int32(),
}
# Columns that pages call otherwise.
_NAMES = {
    "call_date": "day", "agent_id": "agent", "rubric_id": "rubric", "effective_percent": "percent", "effective_passed": "passed",
    "percent": "machine_percent", "decided_count": "decided",
}  # fmt: skip


def call_table(engine: Engine, viewer: Viewer, wanted: Wanted, names: Mapping[str, str], titles: Mapping[CriterionKey, str]) -> pa.Table:
    """The calls of a list that somebody sees. `names`: what columns are called; `titles`: criteria. Raises AccessRefused for who sees no scores."""
    calls = list(list_whole(engine, viewer, wanted))
    columns = {
        names.get(_NAMES.get(name, name), name): pa.array([getattr(one.line, name) for one in calls], kind)
        for name, kind in _COLUMNS.items()
    }
    # Of equal ids in two rubrics each has a column of its own.
    keys = sorted({(one.line.rubric_id or "", criterion) for one in calls for criterion in one.outcomes})
    for key in keys:
        title = titles.get(key, key[1])
        title = title if title not in columns else f"{title} ({key[0]}/{key[1]})"
        values = [one.outcomes[key[1]].value if one.line.rubric_id == key[0] and key[1] in one.outcomes else None for one in calls]
        columns[title] = pa.array(values, pa.string())
    return pa.table(columns)
