"""Questions to the tables: DuckDB over their Arrow form, with views of what is current.

`current_calls`: the newest conversation of each call. `current_scores`: for it, the newest official score; `current_findings`: its findings.
`current_failures`: failures of recordings that have not succeeded since.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from qa_pipeline.errors import InputRefused
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES

VIEWS: dict[str, str] = {
    "current_calls": "select * from calls qualify row_number() over (partition by call_id order by processed_at desc) = 1",
    "current_scores": """select s.* from scores s join current_calls c using (conversation_id)
        where s.purpose = 'official' qualify row_number() over (partition by s.call_id order by s.scored_at desc) = 1""",
    "current_findings": "select f.* from findings f semi join current_scores s on f.score_id = s.score_id",
    "current_utterances": "select u.* from utterances u semi join current_calls c on u.conversation_id = c.conversation_id",
    "current_metrics": "select m.* from metrics m semi join current_calls c on m.conversation_id = c.conversation_id",
    "current_failures": """select f.* from failures f
        where not exists (select 1 from calls c where c.source_uri = f.source_uri and c.processed_at > f."at")
        qualify row_number() over (partition by f.source_uri order by f."at" desc, f.attempt desc) = 1""",
}


def connect(store: Store) -> duckdb.DuckDBPyConnection:
    """A connection in memory with every table and view. Close it when done."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name in TABLES:
        connection.register(name, store.read(name))
    for name, sql in VIEWS.items():
        connection.execute(f"create view {name} as {sql}")
    return connection


def query(store: Store, sql: str) -> pa.Table:
    """Answer one SQL question. Raises InputRefused with DuckDB's own words when it cannot be asked."""
    with connect(store) as connection:
        try:
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise InputRefused(
                f"The query cannot be answered: {error}", advice="Tables and views are described in docs/tables.md."
            ) from error


def rows(store: Store, sql: str) -> list[dict[str, Any]]:
    """The same as plain dicts."""
    found: list[dict[str, Any]] = query(store, sql).to_pylist()
    return found
