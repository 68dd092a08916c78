"""Rows put into the index: those of some days or calls, or all of them anew, with what people decided about these calls kept.

In come rows as current.py makes them; out go rows of the tables of index.py, and what callers of these calls agreed to.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, delete, insert, inspect, select, true, update
from sqlalchemy.schema import CreateTable

from qa_pipeline.reading.consents import ConsentRules, consents, held_back, is_held_back, rulings
from qa_pipeline.reading.current import on_days
from qa_pipeline.reading.database import DERIVED, lots
from qa_pipeline.reading.index import call_index, columns_there, criterion_sets, index_days, mark_days
from qa_pipeline.results.store import Store

# Rows written in one step: enough that the step's own cost does not count, little enough to stay in the processor's cache.
_ROWS = 5_000
Report = Callable[[int, int], None]
"""Told how many calls are done, of how many."""
_COLUMNS = tuple(column.name for column in call_index.columns)
# What counts while nobody has decided anything: what the program found.
_AS_FOUND = {f"effective_{name}": name for name in ("percent", "passed", "critical_failed", "critical_state", "outcomes")}
_UNDECIDED = {
    "is_disputed": False, "is_confirmed": False, "decided_count": 0, "stale_count": 0, "decisions_version": 0, "is_behind": False,
}  # fmt: skip
# What a row is made of, and where each column of the index stands in it; of the others the value.
_MADE_OF = tuple(name for name in _COLUMNS if name not in _AS_FOUND and name not in _UNDECIDED)
_PLACES = {name: _MADE_OF.index(_AS_FOUND.get(name, name)) for name in _COLUMNS if name not in _UNDECIDED}
# What SQLite may keep in memory while rows by the million come in and are put in order for the indices: 2 MB else, and the rest goes to the disk and back.
_CACHE_KB = 200_000
# What decisions make of a row, kept where their score is still the current one.
_DECIDED = (
    "effective_percent", "effective_passed", "effective_critical_failed", "effective_critical_state", "effective_outcomes", "to_review", "waiting",
    "is_disputed", "is_confirmed", "decided_count", "stale_count", "decisions_version",
)  # fmt: skip


def quiet(done: int, total: int) -> None:
    """Tell nobody."""


def put_some(connection: Connection, store: Store, rows: pa.Table, days: Set[date | None], calls: Set[str] | None) -> None:
    """Put what is current on some days in, of some calls or of all; rows that are as they were are left alone."""
    column = call_index.c
    if calls is None:
        wanted = [None if day is None else day.isoformat() for day in days]
        dated = column.call_date.in_([day for day in wanted if day is not None])
        chosen = dated | column.call_date.is_(None) if None in days else dated
    else:
        chosen = column.call_id.in_(sorted(calls))
    of_them = select(column.call_id).where(chosen)
    for table in (consents, held_back):
        connection.execute(delete(table).where(table.c.call_id.in_(of_them)))
    kept = _decided(connection, chosen)
    before = {row[0]: tuple(row) for row in connection.execute(select(*(column[name] for name in _MADE_OF)).where(chosen))}
    after = dict(zip(rows["call_id"].to_pylist(), _rows(rows), strict=True))
    gone = [call_id for call_id, row in before.items() if after.get(call_id) != row]
    for some in lots(gone, _ROWS):
        mark_days(connection, column.call_id.in_(some))
        connection.execute(delete(call_index).where(column.call_id.in_(some)))
    _put_consents(connection, store, rows, days)
    come = [call_id for call_id, row in after.items() if before.get(call_id) != row]
    _put(connection, rows.filter(pa.array([before.get(call_id) != row for call_id, row in after.items()], pa.bool_())), kept)
    for some in lots(come, _ROWS):
        mark_days(connection, column.call_id.in_(some))


def put_all(connection: Connection, store: Store, read: Callable[[], pa.Table], report: Report = quiet) -> int:
    """Drop the index and make it of the rows that `read` reads. Returns how many there are."""
    kept = _decided(connection)
    DERIVED.drop_all(connection, tables=[call_index, criterion_sets, index_days, consents, held_back])
    for table in (criterion_sets, index_days, consents, held_back):
        table.create(connection)
    # Its indices are made when the rows are in, which takes a third of the time.
    indices = sorted(call_index.indexes, key=lambda index: str(index.name))
    usual = connection.exec_driver_sql("pragma cache_size").scalar_one() if connection.dialect.name == "sqlite" else None
    if usual is not None:
        connection.exec_driver_sql(f"pragma cache_size = -{_CACHE_KB}")
    connection.execute(CreateTable(call_index))
    with _without_collecting():
        rows = read()
        _put_consents(connection, store, rows, None)
        _put(connection, rows, kept, report)
    for index in indices:
        index.create(connection)
    mark_days(connection, true())
    if usual is not None:
        # The connection may be kept for what comes later, and its pages with it.
        connection.exec_driver_sql(f"pragma cache_size = {usual}")
    return len(rows)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Rows by the million come and go, none of them in cycles: looking for cycles among them takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _decided(connection: Connection, *where: ColumnElement[bool]) -> dict[str, Mapping[str, Any]]:
    """Rows that people decided about, by call; none from an index of another form, whose decisions review/opening.py has worked out anew."""
    if not inspect(connection).has_table(call_index.name) or columns_there(connection) != set(_COLUMNS):
        return {}
    asked = select(call_index).where(call_index.c.decisions_version > 0, *where)
    return {row["call_id"]: dict(row) for row in connection.execute(asked).mappings()}


def _put(connection: Connection, rows: pa.Table, kept: Mapping[str, Mapping[str, Any]], report: Report = quiet) -> None:
    """Put rows in, by the driver's own quickest way: a million of them are the price of making the index anew."""
    put_sets(connection, _sets_in(rows))
    if connection.dialect.name == "postgresql":
        order = tuple(_PLACES.values())
        cursor = connection.connection.cursor()
        with cursor.copy(f"copy {call_index.name} ({', '.join((*_PLACES, *_UNDECIDED))}) from stdin") as copy:
            for done, row in enumerate(_rows(rows), 1):
                copy.write_row((*(row[place] for place in order), *_UNDECIDED.values()))
                if done % _ROWS == 0:
                    report(done, len(rows))
        report(len(rows), len(rows))
    else:
        # What is the same in two columns, or in every row, is handed over once.
        values = [*(f"?{place + 1}" for place in _PLACES.values()), *(str(int(value)) for value in _UNDECIDED.values())]
        sql = f"insert into {call_index.name} ({', '.join((*_PLACES, *_UNDECIDED))}) values ({', '.join(values)})"
        done = 0
        for some in lots(_rows(rows), _ROWS):
            connection.exec_driver_sql(sql, list(some))
            done += len(some)
            report(done, len(rows))
    _put_back(connection, rows, kept)


def _put_back(connection: Connection, rows: pa.Table, kept: Mapping[str, Mapping[str, Any]]) -> None:
    """What people decided, into the rows that were just put in anew; under another score it is behind."""
    if not kept:
        return
    for call_id, score_id in zip(*(rows[name].to_pylist() for name in ("call_id", "score_id")), strict=True):
        if (before := kept.get(call_id)) is not None:
            is_other = before["score_id"] != score_id
            # Letters of another score may be of other criteria.
            decided = {name: before[name] for name in _DECIDED if not (is_other and name == "effective_outcomes")}
            decided["is_behind"] = before["is_behind"] or is_other
            connection.execute(update(call_index).where(call_index.c.call_id == call_id).values(decided))


def _put_consents(connection: Connection, store: Store, rows: pa.Table, days: Set[date | None] | None) -> None:
    """What callers of these calls agreed to, as far as a rubric asks for it, and which calls are held back for it, or because somebody said so."""
    rules, ruled = ConsentRules(store), rulings(connection)
    if not rules and not ruled:
        return
    scores = rows.select(["call_id", "score_id", "rubric_id", "rubric_version"]).to_pylist()
    found = list(rules.read(store, scores, None if days is None else on_days(days))) if rules else []
    lacking = {row["call_id"]: lacks for row, lacks in found}
    held = [name for row in scores if is_held_back(lacking.get(name := row["call_id"], False), ruled.get(name))]
    for some in lots([row for row, _ in found], _ROWS):
        connection.execute(insert(consents), list(some))
    for names in lots(held, _ROWS):
        connection.execute(insert(held_back), [{"call_id": name} for name in names])


def put_sets(connection: Connection, sets: Iterable[tuple[str, str]]) -> None:
    """What sets of criteria hold: each by its name, with the ids in it, separated by commas. A set that no row names any more does no harm."""
    there = set(connection.execute(select(criterion_sets.c.criteria)).scalars())
    new = [
        {"criteria": criteria, "criterion_id": name, "place": place}
        for criteria, names in sets
        if criteria not in there
        for place, name in enumerate(names.split(","), 1)
    ]
    if new:
        connection.execute(insert(criterion_sets), new)


def _sets_in(rows: pa.Table) -> Iterator[tuple[str, str]]:
    for one in rows.select(["criteria", "names"]).group_by(["criteria", "names"]).aggregate([]).to_pylist():
        if one["criteria"] is not None:
            yield one["criteria"], one["names"]


def _rows(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in rows.select(_MADE_OF).to_batches(max_chunksize=_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
