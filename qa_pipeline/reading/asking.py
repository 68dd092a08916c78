"""Questions in SQL by somebody: the tables as far as they may see them. What this folder asks of many calls at once goes through here.

Who sees a matter of some calls only asks tables that hold nothing of the others, so that whatever the question is, it can tell nothing of them. Which
calls these are the index says, by the team of their day (pages.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.consents import ConsentRules
from qa_pipeline.reading.pages import held_back_ids, visible_ids
from qa_pipeline.reading.tables import answered, connect, connect_alone
from qa_pipeline.reading.viewer import Matter, Scope, Viewer
from qa_pipeline.results.store import Store

if TYPE_CHECKING:
    import duckdb

FrozenRow = Mapping[str, Any]
"""A row by its columns; it cannot be written to."""


class Asking:
    """A matter of the tables, open for questions by one viewer."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def table(self, sql: str, **values: object) -> pa.Table:
        """The answer as Arrow. `values`: of the names that begin with $. Raises InputRefused where it cannot be answered."""
        return answered(self._connection, sql, values or None)

    def rows(self, sql: str, **values: object) -> tuple[FrozenRow, ...]:
        """The answer as rows."""
        return tuple(MappingProxyType(row) for row in self.table(sql, **values).to_pylist())

    def add(self, name: str, rows: pa.Table) -> None:
        """Let questions read rows from outside under a name."""
        self._connection.register(name, rows)

    def keep(self, name: str, sql: str) -> None:
        """Work an answer out once, for several questions that read it under a name."""
        import duckdb

        try:
            self._connection.execute(f"create temp table {name} as {sql}")
        except duckdb.Error as error:
            raise InputRefused(f"This cannot be counted: {error}", advice="Tables and views are described in docs/tables.md.") from error


@contextmanager
def asking(
    store: Store,
    viewer: Viewer,
    matter: Matter,
    *questions: str,
    columns: Mapping[str, Sequence[str]] | None = None,
    engine: Engine | None = None,
) -> Iterator[Asking]:
    """Open the tables that `questions` name for a viewer; `columns` as of `connect`. `engine`: of the index, for who sees only some calls.

    Raises AccessRefused for who sees nothing of the matter, and where people ask for calls of which some may be held back, and no `engine` says which.
    """
    viewer.require(matter)
    kept = _kept_from(store, viewer, matter, engine)
    calls = None
    if Scope.ALL not in viewer.scopes(matter):
        if engine is None:
            raise AccessRefused(f"{viewer.name} may see some calls only.", advice="Ask for one call, or for a list of calls.")
        calls = visible_ids(engine, viewer, matter)
    with connect(store, *questions, columns=columns, calls=calls, but=kept) as connection:
        yield Asking(connection)


def _kept_from(store: Store, viewer: Viewer, matter: Matter, engine: Engine | None) -> frozenset[str]:
    """Calls that are held back from people for want of consent. Counts tell of no single call."""
    if viewer.is_machine or matter not in (Matter.SCORE, Matter.WORDS, Matter.NAMES, Matter.DECISIONS, Matter.TABLES):
        return frozenset()
    if engine is not None:
        return held_back_ids(engine, viewer)
    if ConsentRules(store):
        raise AccessRefused(
            "Some of these calls may be held back for want of consent, and this question does not know which.",
            advice="Ask in the review app, or by `report`, `export`, `query` or `scorecard`.",
        )
    return frozenset()


def ask(
    store: Store,
    viewer: Viewer,
    matter: Matter,
    sql: str,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    engine: Engine | None = None,
    **values: object,
) -> tuple[FrozenRow, ...]:
    """Answer one question. Raises as `asking`, and InputRefused where it cannot be answered."""
    with asking(store, viewer, matter, sql, columns=columns, engine=engine) as tables:
        return tables.rows(sql, **values)


def ask_anything(
    store: Store, viewer: Viewer, sql: str, *, engine: Engine | None = None, may_reach_outside: bool = False
) -> tuple[FrozenRow, ...]:
    """Answer what somebody wrote themselves. `engine`: of the index, which knows calls that are held back. `may_reach_outside`: files and the network too, where an operator lets them.

    Raises AccessRefused for who may not ask the tables, InputRefused where it cannot be answered.
    """
    viewer.require(Matter.TABLES)
    kept = _kept_from(store, viewer, Matter.TABLES, engine)
    with connect_alone(store, sql, may_reach_outside=may_reach_outside, but=kept) as connection:
        return tuple(MappingProxyType(row) for row in answered(connection, sql).to_pylist())
