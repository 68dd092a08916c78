"""The index follows the tables by their logs: what was committed comes in, by whomever.

`catch_up` looks at the commits since it last did, works out anew what is current on the days that they touched (current.py), and puts that in
(filling.py), in one transaction with the versions it has seen; so it does not matter who committed, nor whether the process died before it could tell.
A log that no longer reaches back that far, an index of another form or of another root is made anew whole (`rebuild`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, String, Table, delete, insert, inspect, select, update

from qa_pipeline.reading.current import corrected, current
from qa_pipeline.reading.database import DERIVED, lots, writing
from qa_pipeline.reading.filling import Report, put_all, put_sets, put_some, quiet
from qa_pipeline.reading.index import FORM, call_index, mark_days
from qa_pipeline.reading.log import Change, changes_since, version_of
from qa_pipeline.reading.teams import Memberships, read_memberships
from qa_pipeline.results.scored import ScoreTables
from qa_pipeline.results.store import Store

# With more days than this to be read, reading every day once is quicker than asking for each.
_MANY_DAYS = 200
# With more calls than this to be read, reading their days whole is quicker than looking for each.
_MANY_CALLS = 2_000
# So often the tables are read before a transaction that then finds others were quicker; the next time within it.
_TRIES = 3

index_state = Table(
    "index_state",
    DERIVED,
    Column("form", Integer, primary_key=True),
    Column("root", String, nullable=False),
    Column("calls_version", BigInteger, nullable=False),
    Column("scores_version", BigInteger, nullable=False),
    Column("periods_version", BigInteger, nullable=False),
)
_FOLLOWED = ("calls", "scores", "periods")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What a catching up did: `calls` put in or taken out, and whether the whole index was made anew."""

    calls: int
    is_whole: bool


def catch_up(engine: Engine, store: Store) -> Caught:
    """Take what was committed since the last time into the index, by whomever. Without anything new it costs a look at a folder."""
    if knows_all(engine, store):
        return Caught(calls=0, is_whole=False)
    for _ in range(_TRIES):
        # Reading the tables takes longest, and nobody who decides something is to wait for it.
        with engine.connect() as connection:
            read = _read_changes(connection, store)
        if read is None:
            break
        with writing(engine) as connection:
            # Another process may have caught up meanwhile, or somebody changed who is in which team.
            if _state(connection, store) == read.state and read_memberships(connection) == read.memberships:
                return _put_changes(connection, store, read)
    with writing(engine) as connection:
        read = _read_changes(connection, store)
        if read is not None:
            return _put_changes(connection, store, read)
        return Caught(calls=_make_whole(connection, store), is_whole=True)


def knows_all(engine: Engine, store: Store) -> bool:
    """Whether everything that was committed is in the index."""
    with engine.connect() as connection:
        state = _state(connection, store)
    return state is not None and all(version_of(store, name, at_least=state[name]) == state[name] for name in _FOLLOWED)


def take_corrected(engine: Engine, store: Store, calls: pa.Table, scored: ScoreTables, *, sentiment: str | None) -> None:
    """Take a call that was put right, and scored officially anew, into the index from the rows just committed: its day is not read again.

    `calls`: its row of that table; `sentiment`: of its metrics. Only for who has held the lock of the tables since the index knew all of them, and for a
    call in no closed period whose rubric asks for no consent. Its effective score is then behind, until it has been worked out again.
    """
    row = corrected(calls, scored, sentiment=sentiment)
    column = call_index.c
    with writing(engine) as connection:
        known = connection.execute(select(column.score_id, column.decisions_version).where(column.call_id == row.call_id)).one_or_none()
        if known is None or not known.decisions_version:
            # Nothing is known that would stay: `catch_up` makes the whole row.
            return
        put_sets(connection, row.sets)
        values = dict(row.values)
        if known.score_id != values["score_id"]:
            # Letters of another score may be of other criteria.
            values |= {"is_behind": True, "effective_outcomes": values["outcomes"]}
        connection.execute(update(call_index).where(column.call_id == row.call_id).values(values))
        mark_days(connection, column.call_id == row.call_id)
        _keep_state(connection, store, {name: version_of(store, name) for name in _FOLLOWED})


def rebuild(engine: Engine, store: Store, *, report: Report = quiet) -> Caught:
    """Make the index anew from the tables. What people decided stays, as far as the index had this form; under another score its calls are `is_behind`.

    `report` is told how many calls are in it, of how many.
    """
    with writing(engine) as connection:
        return Caught(calls=_make_whole(connection, store, report), is_whole=True)


def _state(connection: Connection, store: Store) -> dict[str, int] | None:
    """Versions of the tables that the index has seen; None where there is none that can be used."""
    if not inspect(connection).has_table(index_state.name):
        return None
    rows = connection.execute(select(index_state)).mappings().all()
    if len(rows) != 1 or rows[0]["form"] != FORM or rows[0]["root"] != store.root:
        return None
    return {name: rows[0][f"{name}_version"] for name in _FOLLOWED}


def _keep_state(connection: Connection, store: Store, versions: Mapping[str, int]) -> None:
    connection.execute(delete(index_state))
    connection.execute(
        insert(index_state).values(form=FORM, root=store.root, **{f"{name}_version": version for name, version in versions.items()})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """What is current on the days that commits touched, as rows of the index, and what that was read beside.

    `versions`: of the tables, reached by it; `calls`: the only calls that the commits are about, None where that is not known; `rows` are of these.
    """

    state: Mapping[str, int]
    memberships: Memberships
    versions: Mapping[str, int]
    days: Set[date | None]
    calls: Set[str] | None
    rows: pa.Table | None


def _read_changes(connection: Connection, store: Store) -> _Changes | None:
    """What the index does not know yet; None where it is to be made whole: there is none, the logs do not reach back, or the days are too many."""
    state = _state(connection, store)
    found = None if state is None else _committed(store, state)
    if state is None or found is None:
        return None
    days, versions, calls = found
    memberships = read_memberships(connection)
    while len(days) <= _MANY_DAYS:
        # A call that was on another day until now is worked out with that day too.
        known = _days_of(connection, list(calls)) if calls is not None else set[date | None]()
        rows = current(store, days | known, memberships, calls) if days else None
        if rows is not None:
            known |= _days_of(connection, rows["call_id"].to_pylist())
        if known <= days:
            return _Changes(state=state, memberships=memberships, versions=versions, days=days, calls=calls, rows=rows)
        days = days | known
    return None


def _committed(store: Store, state: Mapping[str, int]) -> tuple[set[date | None], dict[str, int], set[str] | None] | None:
    """Days that the commits since `state` touch, the versions reached, and the calls where only rows came; None where the logs do not reach back so far."""
    days: set[date | None] = set()
    calls: set[str] | None = set()
    versions = dict(state)
    for name in _FOLLOWED:
        change: Change | None = changes_since(store, name, state[name])
        if change is None:
            return None
        versions[name] = change.version
        # A period that is closed or opened again may touch any day between its dates, and whoever closes one can wait.
        if name == "periods" and change.version != state[name]:
            return None
        days |= change.days
        if name != "periods" and change.days and calls is not None:
            came = _calls_in(store, name, change.added)
            calls = None if came is None or len(calls | came) > _MANY_CALLS else calls | came
    return days, versions, calls


def _calls_in(store: Store, name: str, added: Set[str] | None) -> set[str] | None:
    """Calls that rows in files are about that came; None where it is not known."""
    try:
        return None if added is None else store.calls_in(name, added)
    except FileNotFoundError:
        # Joined with others since, and swept away.
        return None


def _put_changes(connection: Connection, store: Store, read: _Changes) -> Caught:
    if read.rows is not None:
        put_some(connection, store, read.rows, read.days, read.calls)
    _keep_state(connection, store, read.versions)
    return Caught(calls=0 if read.rows is None else len(read.rows), is_whole=False)


def _make_whole(connection: Connection, store: Store, report: Report = quiet) -> int:
    """Make the index anew. The versions are read first: what is committed meanwhile is taken the next time."""
    versions = {name: version_of(store, name) for name in _FOLLOWED}
    DERIVED.drop_all(connection, tables=[index_state])
    index_state.create(connection)
    calls = put_all(connection, store, lambda: current(store, None, read_memberships(connection)), report)
    _keep_state(connection, store, versions)
    return calls


def _days_of(connection: Connection, call_ids: Sequence[str]) -> set[date | None]:
    """Days on which the index has these calls."""
    found: set[date | None] = set()
    for some in lots(call_ids):
        for day in connection.execute(select(call_index.c.call_date).where(call_index.c.call_id.in_(some)).distinct()).scalars():
            found.add(None if day is None else date.fromisoformat(day))
    return found
