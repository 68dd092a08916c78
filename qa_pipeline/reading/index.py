"""The index that lists are read from: a row a call, with its current score and what people made of it, in the review database.

It is derived: whatever is lost here is made anew from the tables. It follows them by their logs. `catch_up` looks at the commits since it last did,
works out anew what is current on the days that they touched, and puts that in, in one transaction with the versions it has seen; so it does not
matter who committed, nor whether the process died before it could tell. A log that no longer reaches back that far, an index of another form or of
another root is made anew whole (`rebuild`).

What people decided stands in the same rows (`set_effective`). Where a call with decisions got another score, `is_behind` says so until the effective
score has been worked out again (review/effective.py).

One module, though long: its columns, the question that fills them and how they follow the tables change together.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateTable

from qa_pipeline.call import Outcome
from qa_pipeline.reading.consents import ConsentRules, consents, held_back, is_held_back, rulings
from qa_pipeline.reading.database import DERIVED, writing
from qa_pipeline.reading.log import Change, changes_since, version_of
from qa_pipeline.reading.outcomes import DESCRIBED, SENTIMENT, letter_of, letters_by_score, set_of
from qa_pipeline.reading.slice import place_in_slice, week_of
from qa_pipeline.reading.tables import SHOWN_SCORES, VIEWS
from qa_pipeline.reading.teams import Memberships, read_memberships
from qa_pipeline.reading.waiting import GRAVE, Waiting
from qa_pipeline.results.scored import ScoreTables
from qa_pipeline.results.store import Store

# Raised with any change of the tables below: an index of another form is made anew.
FORM = 6
# Rows written in one step: enough that the step's own cost does not count, little enough to stay in the processor's cache.
_ROWS = 5_000
# With more days than this to be read, reading every day once is quicker than asking for each.
_MANY_DAYS = 200
# With more calls than this to be read, reading their days whole is quicker than looking for each.
_MANY_CALLS = 2_000
# So often the tables are read before a transaction that then finds others were quicker; the next time within it.
_TRIES = 3

call_index = Table(
    "call_index",
    DERIVED,
    Column("call_id", String, primary_key=True),
    Column("conversation_id", String, nullable=False),
    Column("score_id", String, comment="the current official score, else the newest trial; null for a call without a rubric"),
    Column("purpose", String),
    Column("call_date", String, comment="ISO day; null when the start is unknown"),
    Column("started_at", String, comment="ISO time in UTC"),
    Column("agent_id", String),
    Column("agent_name", String),
    Column("team", String, comment="of the metadata; where they name none, the agent's on that day (teams.py)"),
    Column("given_team", String, comment="of the metadata"),
    Column("site", String),
    Column("campaign", String),
    Column("customer_id", String),
    Column("direction", String),
    Column("language", String),
    Column("layout", String),
    Column("duration_ms", BigInteger),
    Column("source_uri", String),
    Column("rubric_id", String),
    Column("rubric_version", Integer),
    Column("disposition", String),
    Column("percent", Float),
    Column("passed", Boolean),
    Column("critical_failed", Boolean),
    Column("critical_state", String),
    Column("coverage", Float),
    Column("needs_review", Boolean),
    Column("review_reasons", String, comment="separated by commas"),
    Column("expected_wrong", Float, comment="findings of the score that are expected to be wrong; null where none was reckoned"),
    Column("sentiment", String, comment="the customer's, from their words: positive, neutral, negative; null where none was told"),
    Column("criteria", String, comment="which criteria `outcomes` are of: a set of criterion_sets; null without findings"),
    Column("outcomes", String, comment="a letter a criterion, as the program found (outcomes.py)"),
    Column("processed_at", String),
    Column("scored_at", String),
    Column("effective_percent", Float),
    Column("effective_passed", Boolean),
    Column("effective_critical_failed", Boolean),
    Column("effective_critical_state", String),
    Column("effective_outcomes", String, comment="a letter a criterion, as it counts"),
    Column("to_review", Boolean, nullable=False, comment="a person should look, and nobody has settled it yet"),
    Column("doubt", Float, nullable=False, comment="order of the review queue, highest first: expected_wrong, else 0"),
    Column("waiting", String, comment="what it waits for (waiting.py): must_see, unsure; null: nothing, or a ruling alone"),
    Column("is_disputed", Boolean, nullable=False, comment="a dispute waits for its answer"),
    Column("is_confirmed", Boolean, nullable=False, comment="somebody confirmed the whole of this score"),
    Column("slice_place", Float, nullable=False, comment="place in the random slice (slice.py)"),
    Column("decided_count", Integer, nullable=False, comment="decisions in force"),
    Column("stale_count", Integer, nullable=False, comment="of these, on criteria that changed since"),
    Column(
        "decisions_version", Integer, nullable=False, comment="number of the newest decision that the effective score knows; 0: of none"
    ),
    Column("is_behind", Boolean, nullable=False, comment="the score changed under decisions; the effective one is still of the old"),
)
Index("call_index_queue", call_index.c.team, call_index.c.to_review, call_index.c.doubt.desc(), call_index.c.call_id)
Index("call_index_queue_all", call_index.c.to_review, call_index.c.doubt.desc(), call_index.c.call_id)
Index("call_index_waiting", call_index.c.waiting, call_index.c.doubt.desc(), call_index.c.call_id)
Index("call_index_waiting_team", call_index.c.waiting, call_index.c.team, call_index.c.doubt.desc(), call_index.c.call_id)
Index("call_index_waiting_agent", call_index.c.agent_id, call_index.c.waiting, call_index.c.doubt.desc(), call_index.c.call_id)
Index(
    "call_index_disputed",
    call_index.c.call_date.desc(),
    call_index.c.call_id,
    # Written as pages.py asks, so that SQLite knows it again.
    sqlite_where=call_index.c.is_disputed.is_(True),
    postgresql_where=call_index.c.is_disputed.is_(True),
)
Index("call_index_slice", call_index.c.slice_place)
Index("call_index_day", call_index.c.call_date.desc(), call_index.c.call_id)
Index("call_index_team_day", call_index.c.team, call_index.c.call_date.desc(), call_index.c.call_id)
Index("call_index_agent_day", call_index.c.agent_id, call_index.c.call_date.desc(), call_index.c.call_id)
Index("call_index_behind", call_index.c.is_behind, sqlite_where=text("is_behind = 1"), postgresql_where=call_index.c.is_behind)

criterion_sets = Table(
    "criterion_sets",
    DERIVED,
    Column("criteria", String, primary_key=True, comment="a hash of the ids in it"),
    Column("criterion_id", String, primary_key=True),
    Column("place", Integer, nullable=False, comment="of its letter, from 1"),
)
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

_CALL_COLUMNS = (
    "call_id", "conversation_id", "call_date", "started_at", "agent_id", "agent_name", "team", "site", "campaign", "customer_id", "direction",
    "language", "layout", "duration_ms", "source_uri", "disposition", "processed_at",
)  # fmt: skip
_SCORE_COLUMNS = (
    "call_id", "conversation_id", "score_id", "purpose", "call_date", "team", "rubric_id", "rubric_version", "disposition", "percent", "passed",
    "critical_failed", "critical_state", "coverage", "needs_review", "review_reasons", "expected_wrong", "scored_at",
)  # fmt: skip
# What the index takes from a score as it is.
_SCORE_VALUES = (
    "score_id", "purpose", "rubric_id", "rubric_version", "percent", "passed", "critical_failed", "critical_state", "coverage", "needs_review",
    "expected_wrong",
)  # fmt: skip
_FINDING_COLUMNS = ("score_id", "criterion_id", "outcome", "reason_code", "points", "max_points")
_METRIC_COLUMNS = ("conversation_id", "customer_sentiment_label", "call_date")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_TIMES = {name: f"strftime({name}, '{_TIME}') as {name}" for name in ("started_at", "processed_at", "scored_at")}
# What an index row takes from its call and its score.
_CURRENT = f"""select c.call_id, c.conversation_id, s.score_id, s.purpose, cast(c.call_date as varchar) as call_date,
    {_TIMES["started_at"]}, c.agent_id, c.agent_name, c.team, c.team as given_team, c.site, c.campaign, c.customer_id, c.direction, c.language, c.layout, c.duration_ms,
    c.source_uri, s.rubric_id, s.rubric_version, coalesce(s.disposition, c.disposition) as disposition, s.percent, s.passed, s.critical_failed,
    s.critical_state, s.coverage, s.needs_review, array_to_string(s.review_reasons, ',') as review_reasons, s.expected_wrong,
    m.sentiment, j.criteria, j.outcomes, j.names, {_TIMES["processed_at"]}, {_TIMES["scored_at"]}, coalesce(s.needs_review, false) as to_review,
    case when not coalesce(s.needs_review, false) then null
        when list_has_any(s.review_reasons, [{", ".join(f"'{reason}'" for reason in GRAVE)}]) then '{Waiting.MUST_SEE}' else '{Waiting.UNSURE}' end as waiting,
    coalesce(s.expected_wrong, 0) as doubt
    from current_calls c left join shown s using (call_id) left join judged j on j.score_id = s.score_id
    left join (select conversation_id, any_value(customer_sentiment_label) as sentiment from metrics group by conversation_id) m
        on m.conversation_id = c.conversation_id
    order by c.call_date, c.call_id"""
_READ = {"calls": _CALL_COLUMNS, "scores": _SCORE_COLUMNS, "metrics": _METRIC_COLUMNS, "periods": None}
T = TypeVar("T")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What a catching up did: `calls` put in or taken out, and whether the whole index was made anew."""

    calls: int
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What people made of a call's score: the columns of the index of these names. `decisions_version`: of the newest decision in it."""

    percent: float | None
    passed: bool | None
    critical_failed: bool | None
    critical_state: str | None
    outcomes: str | None
    to_review: bool
    waiting: Waiting | None
    is_disputed: bool
    is_confirmed: bool
    decided_count: int
    stale_count: int
    decisions_version: int


def quiet(done: int, total: int) -> None:
    """Tell nobody."""


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
    (call,), (score,) = calls.to_pylist(), scored.scores.to_pylist()
    found = sorted(scored.findings.select(_FINDING_COLUMNS).to_pylist(), key=lambda row: str(row["criterion_id"]))
    names = ",".join(row["criterion_id"] for row in found) if found else None
    criteria = set_of(names) if names else None
    outcomes = "".join(_letter(row) for row in found) if found else None
    column = call_index.c
    with writing(engine) as connection:
        known = connection.execute(select(column.score_id, column.decisions_version).where(column.call_id == call["call_id"])).one_or_none()
        if known is None or not known.decisions_version:
            # Nothing is known that would stay: `catch_up` makes the whole row.
            return
        _put_sets(connection, pa.table({"criteria": pa.array([criteria], pa.string()), "names": pa.array([names], pa.string())}))
        values = {name: call[name] for name in ("conversation_id", "language", "layout", "duration_ms")}
        values |= {name: score[name] for name in _SCORE_VALUES}
        values |= {
            "processed_at": f"{call['processed_at']:{_TIME}}",
            "scored_at": f"{score['scored_at']:{_TIME}}",
            "disposition": score["disposition"] if score["disposition"] is not None else call["disposition"],
            "review_reasons": ",".join(score["review_reasons"]),
            "doubt": score["expected_wrong"] or 0.0,
            "sentiment": sentiment,
            "criteria": criteria,
            "outcomes": outcomes,
        }
        if known.score_id != score["score_id"]:
            # Letters of another score may be of other criteria.
            values |= {"is_behind": True, "effective_outcomes": outcomes}
        connection.execute(update(call_index).where(column.call_id == call["call_id"]).values(values))
        _keep_state(connection, store, {name: version_of(store, name) for name in _FOLLOWED})


def rebuild(engine: Engine, store: Store, *, report: Report = quiet) -> Caught:
    """Make the index anew from the tables. What people decided stays, as far as the index had this form; under another score its calls are `is_behind`.

    `report` is told how many calls are in it, of how many.
    """
    with writing(engine) as connection:
        return Caught(calls=_make_whole(connection, store, report), is_whole=True)


def set_effective(connection: Connection, call_id: str, effective: Effective) -> None:
    """Write what people made of a call's score, within the transaction of the decision."""
    connection.execute(
        update(call_index)
        .where(call_index.c.call_id == call_id)
        .values(
            effective_percent=effective.percent,
            effective_passed=effective.passed,
            effective_critical_failed=effective.critical_failed,
            effective_critical_state=effective.critical_state,
            effective_outcomes=effective.outcomes,
            to_review=effective.to_review,
            waiting=effective.waiting,
            is_disputed=effective.is_disputed,
            is_confirmed=effective.is_confirmed,
            decided_count=effective.decided_count,
            stale_count=effective.stale_count,
            decisions_version=effective.decisions_version,
            is_behind=False,
        )
    )


def retell_teams(connection: Connection, agent_ids: Sequence[str]) -> None:
    """Put the calls of some agents into the teams that they were in on their days, as far as the metadata name none: somebody changed who was in which."""
    column = call_index.c
    if not inspect(connection).has_table(call_index.name) or column.given_team.name not in _there(connection):
        return
    told = read_memberships(connection, agent_ids)
    for agent_id in agent_ids:
        theirs = (column.agent_id == agent_id) & column.given_team.is_(None)
        connection.execute(update(call_index).where(theirs).values(team=None))
        # The later of two stays on one day counts.
        for stay in told.stays.get(agent_id, ()):
            in_time = [
                *([column.call_date >= stay.first.isoformat()] if stay.first else []),
                *([column.call_date <= stay.last.isoformat()] if stay.last else []),
            ]
            connection.execute(update(call_index).where(theirs, *in_time).values(team=stay.team))


def behind(connection: Connection) -> list[str]:
    """Calls whose effective score has to be worked out again."""
    return list(connection.execute(select(call_index.c.call_id).where(call_index.c.is_behind)).scalars())


# --- following the tables ---------------------------------------------------------------------------------------------------------------


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
        rows = _current(store, days | known, memberships, calls) if days else None
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
        _put_some(connection, store, read.rows, read.days, read.calls)
    _keep_state(connection, store, read.versions)
    return Caught(calls=0 if read.rows is None else len(read.rows), is_whole=False)


def _put_some(connection: Connection, store: Store, rows: pa.Table, days: Set[date | None], calls: Set[str] | None) -> None:
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
    for some in _lots(gone):
        connection.execute(delete(call_index).where(column.call_id.in_(some)))
    _put_consents(connection, store, rows, days)
    _put(connection, rows.filter(pa.array([before.get(call_id) != row for call_id, row in after.items()], pa.bool_())), kept)


def _make_whole(connection: Connection, store: Store, report: Report = quiet) -> int:
    """Drop the index and make it of the tables. The versions are read first: what is committed meanwhile is taken the next time."""
    versions = {name: version_of(store, name) for name in _FOLLOWED}
    kept = _decided(connection)
    DERIVED.drop_all(connection, tables=[call_index, index_state, criterion_sets, consents, held_back])
    for table in (index_state, criterion_sets, consents, held_back):
        table.create(connection)
    # Its indices are made when the rows are in, which takes a third of the time.
    indices = sorted(call_index.indexes, key=lambda index: str(index.name))
    usual = connection.exec_driver_sql("pragma cache_size").scalar_one() if connection.dialect.name == "sqlite" else None
    if usual is not None:
        connection.exec_driver_sql(f"pragma cache_size = -{_CACHE_KB}")
    connection.execute(CreateTable(call_index))
    with _without_collecting():
        rows = _current(store, None, read_memberships(connection))
        _put_consents(connection, store, rows, None)
        _put(connection, rows, kept, report)
    for index in indices:
        index.create(connection)
    if usual is not None:
        # The connection may be kept for what comes later, and its pages with it.
        connection.exec_driver_sql(f"pragma cache_size = {usual}")
    _keep_state(connection, store, versions)
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
    if not inspect(connection).has_table(call_index.name) or _there(connection) != set(_COLUMNS):
        return {}
    asked = select(call_index).where(call_index.c.decisions_version > 0, *where)
    return {row["call_id"]: dict(row) for row in connection.execute(asked).mappings()}


def _there(connection: Connection) -> set[str]:
    """Columns that the index has."""
    return {column["name"] for column in inspect(connection).get_columns(call_index.name)}


def _days_of(connection: Connection, call_ids: Sequence[str]) -> set[date | None]:
    """Days on which the index has these calls."""
    found: set[date | None] = set()
    for some in _lots(call_ids):
        for day in connection.execute(select(call_index.c.call_date).where(call_index.c.call_id.in_(some)).distinct()).scalars():
            found.add(None if day is None else date.fromisoformat(day))
    return found


def _current(store: Store, days: Set[date | None] | None, memberships: Memberships, calls: Set[str] | None = None) -> pa.Table:
    """What is current among the calls of some days, or of all, as rows of the index; `calls`: only of these."""
    import duckdb

    where = None if days is None else _on_days(days)

    def read(name: str, columns: Sequence[str] | None, *, as_stored: bool = True) -> pa.Table:
        if calls is not None and days is not None and columns is not None:
            return store.read_of_calls(name, calls, days, columns=columns)
        return store.read(name, columns=columns, where=None if columns is None else where, as_stored=as_stored)

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for name, columns in _READ.items():
            connection.register(name, read(name, columns))
        for name in ("current_periods", "official_scores", "standing_scores", "current_calls", "current_scores"):
            connection.execute(f"create view {name} as {VIEWS[name]}")
        connection.execute(f"create temp table shown as {SHOWN_SCORES}")
        shown = connection.sql("select score_id from shown").to_arrow_table()["score_id"]
        connection.register("judged", letters_by_score(_of_scores(read("findings", _FINDING_COLUMNS, as_stored=False), shown)))
        found = connection.sql(_CURRENT).to_arrow_table()
    named = (found[name].to_pylist() for name in ("call_id", "agent_id", "call_date"))
    weeks: dict[str | None, str] = {}
    places = []
    for call_id, agent_id, day in zip(*named, strict=True):
        week = weeks.get(day) or weeks.setdefault(day, week_of(date.fromisoformat(day) if day else None))
        places.append(place_in_slice(call_id, agent_id, week))
    if memberships.stays:
        found = _in_teams(found, memberships)
    return found.append_column("slice_place", pa.array(places, pa.float64()))


def _of_scores(findings: pa.Table, score_ids: pa.ChunkedArray) -> pa.Table:
    """Of rows of findings those of some scores: of a call that was scored again and again, the others are many more."""
    import pyarrow.compute as pc

    are_theirs = pc.is_in(findings["score_id"], value_set=score_ids.combine_chunks())
    return findings if pc.all(are_theirs).as_py() else findings.filter(are_theirs)


def _in_teams(rows: pa.Table, memberships: Memberships) -> pa.Table:
    """Calls whose metadata name no team, in the team that their agent was in on that day."""
    named = (rows[name].to_pylist() for name in ("team", "agent_id", "call_date"))
    told = [
        team if team is not None else memberships.team_on(agent_id, date.fromisoformat(day) if day else None)
        for team, agent_id, day in zip(*named, strict=True)
    ]
    return rows.set_column(rows.column_names.index("team"), "team", pa.array(told, pa.string()))


def _on_days(days: Set[date | None]) -> str:
    dated = ", ".join(f"date '{day}'" for day in sorted(day for day in days if day is not None))
    conditions = [f"call_date in ({dated})"] if dated else []
    return " or ".join([*conditions, *(["call_date is null"] if None in days else [])])


def _put(connection: Connection, rows: pa.Table, kept: Mapping[str, Mapping[str, Any]], report: Report = quiet) -> None:
    """Put rows in, by the driver's own quickest way: a million of them are the price of making the index anew."""
    _put_sets(connection, rows)
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
        for some in _lots(_rows(rows)):
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
    found = list(rules.read(store, scores, None if days is None else _on_days(days))) if rules else []
    lacking = {row["call_id"]: lacks for row, lacks in found}
    held = [name for row in scores if is_held_back(lacking.get(name := row["call_id"], False), ruled.get(name))]
    for some in _lots([row for row, _ in found]):
        connection.execute(insert(consents), list(some))
    for names in _lots(held):
        connection.execute(insert(held_back), [{"call_id": name} for name in names])


def _put_sets(connection: Connection, rows: pa.Table) -> None:
    """What the sets of criteria hold that these rows name. A set that no row names any more does no harm."""
    there = set(connection.execute(select(criterion_sets.c.criteria)).scalars())
    sets = rows.select(["criteria", "names"]).group_by(["criteria", "names"]).aggregate([]).to_pylist()
    new = [
        {"criteria": one["criteria"], "criterion_id": name, "place": place}
        for one in sets
        if one["criteria"] is not None and one["criteria"] not in there
        for place, name in enumerate(one["names"].split(","), 1)
    ]
    if new:
        connection.execute(insert(criterion_sets), new)


def _letter(finding: Mapping[str, Any]) -> str:
    """The letter of one finding."""
    if finding["reason_code"] == SENTIMENT:
        return DESCRIBED
    points, most = finding["points"], finding["max_points"]
    return letter_of(Outcome(finding["outcome"]), credit=points / most if points is not None and most else None)


def _rows(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in rows.select(_MADE_OF).to_batches(max_chunksize=_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _lots(values: Iterable[T]) -> Iterator[tuple[T, ...]]:
    several = iter(values)
    while lot := tuple(islice(several, _ROWS)):
        yield lot
