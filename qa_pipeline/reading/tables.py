"""Questions to the tables: DuckDB over their Arrow form, with views of what is current.

`current_calls`: the newest conversation of each call. `current_scores`: for it, the newest official score; `current_findings` and
`current_captures`: what belongs to that score. In a closed period (`current_periods`) the official score that stood when it was closed stays,
with its conversation, whatever was heard or scored since; `official_scores` holds every official score that counts, with the time at which its
period was closed. `current_effective_scores` and `current_effective_findings`: the same as they count, with what people decided, beside what the program
found. `current_failures`: failures that nothing has made good since.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.engine import alone, session
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.results.tables import CALLS, REPLIES, TABLES

if TYPE_CHECKING:
    import duckdb

VIEWS: dict[str, str] = {
    "current_periods": """select p.* exclude (reopens, reopened_at) from periods p
        where p.reopens is null and not exists (select 1 from periods r where r.reopens = p.period_id)""",
    "official_scores": """select * from (
            select s.*, (select min(p.closed_at) from current_periods p
                where s.call_date between p.first_date and p.last_date and (p.team is null or p.team = s.team)) as closed_at,
                lead(s.scored_at) over (partition by s.call_id order by s.scored_at) as next_at
            from scores s where s.purpose = 'official')
        where closed_at is null or scored_at <= closed_at""",
    "standing_scores": """select * from official_scores
        where closed_at is not null and (next_at is null or next_at > closed_at)
        qualify row_number() over (partition by call_id order by closed_at) = 1""",
    "current_calls": """select c.* from calls c left join standing_scores s using (conversation_id)
        qualify row_number() over (partition by c.call_id order by s.score_id is null, c.processed_at desc) = 1""",
    "current_scores": """select o.* exclude (closed_at, next_at) from official_scores o
        left join current_calls c using (conversation_id) left join standing_scores s using (score_id)
        where s.score_id is not null or c.conversation_id is not null
        qualify row_number() over (partition by o.call_id order by s.score_id is null, o.scored_at desc) = 1""",
    "current_findings": "select f.* from findings f semi join current_scores s on f.score_id = s.score_id",
    "current_captures": "select c.* from captures c semi join current_scores s on c.score_id = s.score_id",
    "current_utterances": "select u.* from utterances u semi join current_calls c on u.conversation_id = c.conversation_id",
    "current_metrics": "select m.* from metrics m semi join current_calls c on m.conversation_id = c.conversation_id",
    "current_effective_scores": """with e as (select * from effective_scores qualify row_number() over (partition by score_id order by version desc) = 1)
        select s.call_id, s.conversation_id, s.score_id, s.call_date, s.agent_id, s.team, s.site, s.campaign, s.rubric_id, s.rubric_version, s.disposition,
            if(e.score_id is null, s.percent, e.percent) as percent, if(e.score_id is null, s.passed, e.passed) as passed,
            if(e.score_id is null, s.critical_failed, e.critical_failed) as critical_failed,
            if(e.score_id is null, s.critical_state, e.critical_state) as critical_state,
            if(e.score_id is null, s.coverage, e.coverage) as coverage, if(e.score_id is null, s.needs_review, e.needs_review) as needs_review,
            if(e.score_id is null, s.review_reasons, e.review_reasons) as review_reasons, s.percent as machine_percent, s.passed as machine_passed,
            coalesce(e.decided, 0) as decided, coalesce(e.stale, 0) as stale, e."at" as decided_at
        from current_scores s left join e using (score_id)""",
    "current_effective_findings": """with e as (
            select * from effective_findings qualify row_number() over (partition by score_id, criterion_id order by version desc) = 1)
        select f.call_id, f.conversation_id, f.score_id, f.call_date, f.agent_id, f.rubric_id, f.rubric_version, f.section_id, f.criterion_id,
            coalesce(e.outcome, f.outcome) as outcome, if(e.score_id is null, f.answer, e.answer) as answer,
            if(e.score_id is null, f.points, e.points) as points, f.max_points, if(e.score_id is null, f.deduction, e.deduction) as deduction,
            f.outcome as machine_outcome, f.answer as machine_answer, e.decision_id, e.decided_by, coalesce(e.is_stale, false) as is_stale,
            coalesce(e.is_disputed, false) as is_disputed
        from current_findings f left join e using (score_id, criterion_id)""",
    "current_failures": """select f.* from failures f
        where not exists (select 1 from calls c where c.source_uri = f.source_uri and c.processed_at > f."at")
        and not exists (select 1 from calls c where split_part(c.source_uri, '#', 1) = f.source_uri and c.processed_at > f."at")
        and not (f.stage = 'score' and exists (select 1 from scores s where s.call_id = f.call_id and s.scored_at > f."at"))
        and not (f.stage = 'ask' and exists (select 1 from replies r where r.call_id = f.call_id and r.asked_at > f."at"))
        qualify row_number() over (partition by f.source_uri order by f."at" desc, f.attempt desc) = 1""",
}

# What names rows and joins them: enough for questions that read no words.
ID_COLUMNS: dict[str, tuple[str, ...]] = {
    "calls": ("conversation_id", "call_id", "call_date", "processed_at"),
    "utterances": ("conversation_id", "utterance"),
    "embeddings": ("conversation_id", "utterance"),
    "metrics": ("conversation_id",),
    "replies": (*REPLIES.key, "call_id", "asked_at"),
    "scores": ("score_id", "purpose", "conversation_id", "call_id", "call_date", "team", "scored_at"),
    "findings": ("score_id", "criterion_id"),
    "captures": ("score_id", "criterion_id", "n"),
    "failures": ("source_uri", "stage", "attempt", "call_id", "at"),
}

# Where no period is closed: the same rows in a third of the time, most of which goes into planning what will find nothing.
_NEWEST = "select call_id, arg_max(conversation_id, processed_at) as conversation_id from calls group by call_id"


def _calls_of(newest: str) -> str:
    """`newest`: a table or a question, in brackets, with the newest conversation of each call."""
    return f"select c.* from calls c semi join {newest} n on c.call_id = n.call_id and c.conversation_id = n.conversation_id"


def _scores_of(newest: str) -> str:
    return f"select s.* from scores s semi join {newest} n on s.call_id = n.call_id and s.conversation_id = n.conversation_id"


_OPEN_VIEWS: dict[str, str] = {
    "current_calls": _calls_of(f"({_NEWEST})"),
    "current_scores": f"""{_scores_of(f"({_NEWEST})")}
        where s.purpose = 'official' qualify row_number() over (partition by s.call_id order by s.scored_at desc) = 1""",
}

SHOWN_SCORES = """select * from current_scores union all by name
    select t.* from scores t semi join current_calls c on t.conversation_id = c.conversation_id
    where t.purpose = 'trial' and t.call_id not in (select call_id from current_scores)
    qualify row_number() over (partition by t.call_id order by t.scored_at desc) = 1"""
"""The score that lists and reports show of a call: its current one, or the newest trial of one that was never scored officially."""

# The same where no period is closed, in a quarter of the time.
_OPEN_SHOWN_SCORES = f"""{_scores_of("newest")}
    qualify row_number() over (partition by s.call_id order by s.purpose = 'official' desc, s.scored_at desc) = 1"""

# Tables that tell of no call.
_OF_NO_CALL = ("rubrics", "periods")

KNOWN_COLUMNS = tuple(name for name in CALLS.schema.names if name not in ("extra", "options"))
"""Columns of `calls` that hold one value; others of the metadata lie in `extra`."""


def keep_shown(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep in a table `shown` the score that is shown of each call, and make the view `current_calls`. `calls`, `scores` and `periods` must be there."""
    connection.execute(f"create temp view current_periods as {VIEWS['current_periods']}")
    if connection.execute("select 1 from current_periods limit 1").fetchone() is None:
        connection.execute(f"create temp table newest as {_NEWEST}")
        connection.execute(f"create temp view current_calls as {_calls_of('newest')}")
        connection.execute(f"create temp table shown as {_OPEN_SHOWN_SCORES}")
        return
    for name in ("official_scores", "standing_scores", "current_calls", "current_scores"):
        connection.execute(f"create temp view {name} as {VIEWS[name]}")
    connection.execute(f"create temp table shown as {SHOWN_SCORES}")


def call_column(column: str) -> str:
    """SQL of a metadata column of `calls`, named c in the question, as text; null where a call does not have it."""
    if column in KNOWN_COLUMNS:
        return f'cast(c."{column}" as varchar)'
    return f"list_filter(c.extra, lambda pair: pair.key = {sql_text(column)})[1].value"


def connect(
    store: Store,
    *questions: str,
    columns: Mapping[str, Sequence[str]] | None = None,
    calls: Collection[str] | None = None,
    but: Collection[str] = (),
) -> duckdb.DuckDBPyConnection:
    """A connection in memory with every table and view. Close it when done.

    With `questions` (SQL), only tables and views that they name are there, and read: the words of a hundred thousand calls need not be in memory for
    a question about scores. `columns`: of a table, all that the questions read of it. `calls`: ids of the only calls that may be told of; tables of
    calls that name none are empty then. `but`: ids of calls that may not.
    """
    connection = session()
    try:
        named = _named("\n".join(questions)) if questions else {*TABLES, *VIEWS}
        _put_tables(
            connection, {name: _of_calls(store, name, (columns or {}).get(name), calls, but) for name in TABLES if name in named}, named
        )
    except BaseException:
        connection.close()
        raise
    return connection


def connect_alone(store: Store, sql: str, *, but: Collection[str] = (), may_reach_outside: bool = False) -> duckdb.DuckDBPyConnection:
    """The same for a question that somebody wrote: what it makes or changes is gone with the connection. Tables that it does not name are there without rows.

    `may_reach_outside`: files and the network too.
    """
    connection = alone()
    try:
        named = _named(sql)
        empty = {name: table.schema.empty_table() for name, table in TABLES.items()}
        _put_tables(connection, empty | {name: _of_calls(store, name, None, None, but) for name in TABLES if name in named}, named)
        if not may_reach_outside:
            connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _put_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], named: Collection[str]) -> None:
    """Let a connection hold tables, and the views that are named. What names nothing of ours may ask what there is: all, without rows."""
    if not named:
        tables = {name: table.schema.empty_table() for name, table in TABLES.items()}
    for name, held in tables.items():
        connection.register(name, held)
    views = VIEWS if len(tables.get("periods", ())) else VIEWS | _OPEN_VIEWS
    # A view takes as long to make as a short question.
    for name, view in views.items():
        if name in named or not named:
            connection.execute(f"create temp view {name} as {view}")


def _of_calls(store: Store, name: str, columns: Sequence[str] | None, calls: Collection[str] | None, but: Collection[str] = ()) -> pa.Table:
    # Who sees only some calls is told nothing of runs, which tell of all.
    if name in _OF_NO_CALL or (calls is None and (not but or name == "runs")):
        return store.read(name, columns=columns)
    if "call_id" not in TABLES[name].schema.names:
        return TABLES[name].schema.empty_table()
    import pyarrow.compute as pc

    found = store.read(name, columns=columns and [*columns, "call_id"])
    names = found["call_id"]
    if calls is not None:
        return found.filter(pc.is_in(names, value_set=pa.array(sorted(set(calls) - set(but)), pa.string())))
    return found.filter(pc.invert(pc.is_in(names, value_set=pa.array(sorted(but), pa.string()))))


def query(store: Store, sql: str, *, columns: Mapping[str, Sequence[str]] | None = None) -> pa.Table:
    """Answer one SQL question; `columns` as of `connect`. Raises InputRefused with DuckDB's own words when it cannot be asked."""
    with connect(store, sql, columns=columns) as connection:
        return answered(connection, sql)


def answered(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | None = None) -> pa.Table:
    """The answer of a connection. Raises InputRefused with DuckDB's own words when it cannot be asked."""
    import duckdb

    try:
        # What yields nothing to read, as "set", has no rows.
        found = connection.sql(sql, params=values)
        return pa.table({}) if found is None else found.to_arrow_table()
    except duckdb.Error as error:
        raise InputRefused(f"The query cannot be answered: {error}", advice=_cure(sql, error)) from error


def _cure(sql: str, error: duckdb.Error) -> str:
    import duckdb

    if isinstance(error, duckdb.ParserException) and re.search(r'(?<!")\bat\b(?!")', sql, re.IGNORECASE):
        return 'The column at has the name of a word of SQL: write it in double quotes, "at".'
    if isinstance(error, duckdb.PermissionException):
        return "Questions read the tables only; write results to a file with `qa-pipeline export`."
    return "Tables and views are described in docs/tables.md."


def rows(store: Store, sql: str, *, columns: Mapping[str, Sequence[str]] | None = None) -> list[dict[str, Any]]:
    """The same as plain dicts."""
    found: list[dict[str, Any]] = query(store, sql, columns=columns).to_pylist()
    return found


def _named(sql: str) -> set[str]:
    """Tables and views whose names occur in a text, also by way of views. A name that is something else there costs only the reading."""
    words = set(re.findall(r"\w+", sql.lower()))
    while more := {word for name in words & VIEWS.keys() for word in re.findall(r"\w+", VIEWS[name])} - words:
        words |= more
    return words & {*TABLES, *VIEWS}
