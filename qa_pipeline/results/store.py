"""The results root: Delta Lake tables, written so that nothing is doubled and nothing half-written is seen.

Detail tables are merged by key first, `calls` or `scores` last; readers count only conversations and scores that stand there. All ids come
from content, so writing the same thing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from qa_pipeline.call import Conversation
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.results.rows import (
    Row,
    call_row,
    conversation_from_rows,
    embedding_rows,
    finding_rows,
    metric_row,
    score_row,
    utterance_rows,
)
from qa_pipeline.results.tables import TABLES
from qa_pipeline.rubric.score import Score


class Store:
    """Tables under one root: a folder, or an object-store URI that deltalake understands."""

    def __init__(self, root: str, *, timezone: str, code_version: str) -> None:
        self.root = root.rstrip("/")
        self._timezone = timezone
        self._code_version = code_version

    def prepare(self) -> None:
        """Make the root and check that it can be written. Raises EnvironmentNotReady."""
        if "://" in self.root:
            return
        folder = Path(self.root)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise EnvironmentNotReady(
                f"Results cannot be written to {self.root}: {error.strerror}.",
                advice="Choose another --results, or give this user the right to write there.",
            ) from error

    def path(self, name: str) -> str:
        """Where a table lies."""
        return f"{self.root}/{name}"

    def read(self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """Rows of a table as Arrow; an empty table with the right columns when nothing was written yet. `where`: an SQL condition.

        Read by delta-rs itself: pyarrow 26 cannot filter the string_view columns that its merges write.
        """
        table = TABLES[name]
        delta = self._open(name)
        wanted = [c for c in table.schema.names if columns is None or c in columns]
        if delta is None:
            return table.schema.empty_table().select(wanted)
        # A table written by an older version lacks newer columns: they read as null.
        there = {field.name for field in delta.schema().fields}
        sql = f"select {', '.join(column for column in wanted if column in there)} from data" + (f" where {where}" if where else "")
        found = pa.table(QueryBuilder().register("data", delta).execute(sql))
        for column in wanted:
            if column not in there:
                found = found.append_column(column, pa.nulls(len(found), table.schema.field(column).type))
        return found.select(wanted).cast(pa.schema([table.schema.field(column) for column in wanted]))

    def conversation_ids(self) -> dict[str, str]:
        """conversation_id → call_id of every conversation stored."""
        found = self.read("calls", columns=["conversation_id", "call_id"])
        return dict(zip(found["conversation_id"].to_pylist(), found["call_id"].to_pylist(), strict=True))

    def score_keys(self) -> set[tuple[str, str]]:
        """(score_id, purpose) of every score stored."""
        found = self.read("scores", columns=["score_id", "purpose"])
        return set(zip(found["score_id"].to_pylist(), found["purpose"].to_pylist(), strict=True))

    def write_conversations(self, conversations: Sequence[Conversation], *, run_id: str) -> None:
        """Commit conversations: details first, then `calls`."""
        if not conversations:
            return
        at = self._not_before("calls", "processed_at")
        self._merge("utterances", [row for c in conversations for row in utterance_rows(c, run_id=run_id, timezone=self._timezone)])
        self._merge("embeddings", [row for c in conversations for row in embedding_rows(c, run_id=run_id)])
        self._merge("metrics", [metric_row(c, run_id=run_id) for c in conversations])
        rows = [
            call_row(
                c, run_id=run_id, processed_at=at + timedelta(microseconds=i), timezone=self._timezone, code_version=self._code_version
            )
            for i, c in enumerate(conversations)
        ]
        self._merge("calls", rows)

    def write_scores(self, scores: Sequence[Score], *, purpose: str, run_id: str) -> None:
        """Commit scores: findings first, then `scores`."""
        if not scores:
            return
        at = self._not_before("scores", "scored_at")
        times = [at + timedelta(microseconds=i) for i in range(len(scores))]
        self._merge(
            "findings",
            [
                row
                for s, t in zip(scores, times, strict=True)
                for row in finding_rows(s, run_id=run_id, scored_at=t, timezone=self._timezone)
            ],
        )
        self._merge(
            "scores",
            [
                score_row(s, purpose=purpose, run_id=run_id, scored_at=t, timezone=self._timezone)
                for s, t in zip(scores, times, strict=True)
            ],
        )

    def write_rows(self, name: str, rows: Sequence[Row]) -> None:
        """Merge rows of any table by its key."""
        self._merge(name, rows)

    def load_conversations(self, ids: Iterable[str]) -> list[Conversation]:
        """Stored conversations by id, in the order given; unknown ids are left out."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        where = f"conversation_id in ({_quoted(wanted)})"
        calls = {row["conversation_id"]: row for row in self.read("calls", where=where).to_pylist()}
        utterances = _grouped(self.read("utterances", where=where).to_pylist())
        metrics = {row["conversation_id"]: row for row in self.read("metrics", where=where).to_pylist()}
        vectors = _grouped(self.read("embeddings", where=where).to_pylist())
        return [
            conversation_from_rows(
                calls[i], utterances.get(i, []), metrics.get(i), {row["utterance"]: row["vector"] for row in vectors.get(i, [])}
            )
            for i in wanted
            if i in calls
        ]

    def forget(self, name: str, column: str, values: Sequence[str]) -> None:
        """Delete rows by an id column; for redoing work on purpose (`--force`)."""
        delta = self._open(name)
        if delta is not None and values:
            delta.delete(f"{column} in ({_quoted(values)})")

    def compact(self) -> dict[str, int]:
        """Join small files and drop old ones, so that any Parquet reader sees exactly the current rows. Files left per table."""
        left = {}
        for name in TABLES:
            delta = self._open(name)
            if delta is None:
                continue
            delta.optimize.compact()
            delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
            left[name] = len(delta.file_uris())
        return left

    def _open(self, name: str) -> DeltaTable | None:
        try:
            return DeltaTable(self.path(name))
        except TableNotFoundError:
            return None

    def _merge(self, name: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        table = TABLES[name]
        data = pa.Table.from_pylist([{c: row.get(c) for c in table.schema.names} for row in rows], schema=table.schema)
        try:
            delta = self._open(name)
            if delta is None:
                write_deltalake(self.path(name), data, partition_by=[table.partition] if table.partition else None)
                return
            predicate = " and ".join(f"t.{column} = s.{column}" for column in table.key)
            merge = delta.merge(data, predicate, source_alias="s", target_alias="t", merge_schema=True)
            merge.when_matched_update_all().when_not_matched_insert_all().execute()
        except (DeltaError, OSError) as error:
            raise EnvironmentNotReady(
                f"Table {name} could not be written: {error}.",
                advice="Check space and rights at the results root, then run the same command again; nothing is doubled.",
            ) from error

    def _not_before(self, name: str, column: str) -> datetime:
        """Now, or just after the newest stored time where the clock has run backwards."""
        stored = pc.max(self.read(name, columns=[column])[column]).as_py()
        now = datetime.now(UTC)
        return now if stored is None or stored < now else stored + timedelta(microseconds=1)


def _quoted(values: Iterable[str]) -> str:
    """Values as a list of SQL strings."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _grouped(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["conversation_id"], []).append(row)
    return groups
