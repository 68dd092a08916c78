"""The index that lists are read from: a row a call, with its current score and what people made of it, in the review database.

Its tables, and one row of them, read or told what people decided. It is derived: whatever is lost here is made anew from the tables of the results, which
it follows (follow.py). Where a call with decisions got another score, `is_behind` says so until the effective score has been worked out again
(review/effective.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from qa_pipeline.errors import NotThere
from qa_pipeline.reading.database import DERIVED
from qa_pipeline.reading.teams import read_memberships

GRAVE = ("critical_failed", "critical_undetermined")
"""Reasons for which a person must see a call: a critical criterion failed, or may have."""


class Waiting(StrEnum):
    """For what a call waits, the gravest first."""

    MUST_SEE = "must_see"
    UNSURE = "unsure"


def waiting_for(reasons: Collection[str]) -> Waiting | None:
    """What a call waits for by the reasons why a person should look at it; None without any."""
    if not reasons:
        return None
    return Waiting.MUST_SEE if any(reason in GRAVE for reason in reasons) else Waiting.UNSURE


# Raised with any change of the tables below: an index of another form is made anew.
FORM = 7

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
    Column("waiting", String, comment="what it waits for (Waiting): must_see, unsure; null: nothing, or a ruling alone"),
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

index_days = Table(
    "index_days",
    DERIVED,
    Column("day", String, primary_key=True, comment="ISO day; empty: of calls without one"),
    Column("stamp", String, nullable=False, comment="another one with each change of a call of that day"),
)
criterion_sets = Table(
    "criterion_sets",
    DERIVED,
    Column("criteria", String, primary_key=True, comment="a hash of the ids in it"),
    Column("criterion_id", String, primary_key=True),
    Column("place", Integer, nullable=False, comment="of its letter, from 1"),
)
_ROW = call_index.c


def mark_days(connection: Connection, where: ColumnElement[bool]) -> None:
    """Give the days of some calls new stamps, so that what is kept of them (days.py) is asked anew: before calls go, and after they came or changed."""
    days = sorted(connection.execute(select(func.coalesce(_ROW.call_date, "")).where(where).distinct()).scalars())
    if days:
        connection.execute(delete(index_days).where(index_days.c.day.in_(days)))
        connection.execute(insert(index_days), [{"day": day, "stamp": uuid4().hex} for day in days])


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
    mark_days(connection, call_index.c.call_id == call_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """A call in a list: who, when, the machine's score and the effective one. `percent`: 0–100; null figures as in docs/tables.md."""

    call_id: str
    conversation_id: str
    score_id: str | None
    purpose: str | None
    call_date: date | None
    started_at: datetime | None
    agent_id: str | None
    agent_name: str | None
    team: str | None
    given_team: str | None
    site: str | None
    campaign: str | None
    customer_id: str | None
    direction: str | None
    language: str | None
    layout: str
    duration_ms: int | None
    rubric_id: str | None
    rubric_version: int | None
    disposition: str | None
    percent: float | None
    passed: bool | None
    critical_failed: bool | None
    critical_state: str | None
    coverage: float | None
    needs_review: bool | None
    review_reasons: tuple[str, ...]
    expected_wrong: float | None
    scored_at: datetime | None
    sentiment: str | None
    effective_percent: float | None
    effective_passed: bool | None
    effective_critical_failed: bool | None
    effective_critical_state: str | None
    to_review: bool
    waiting: Waiting | None
    is_disputed: bool
    is_confirmed: bool
    doubt: float
    decided_count: int
    stale_count: int
    decisions_version: int
    is_behind: bool

    @property
    def is_official(self) -> bool:
        """Whether its score counts; a trial is shown and not counted."""
        return self.purpose == "official"


LINES = select(*(_ROW[field.name] for field in fields(CallLine)))
"""All that a list shows, of every row of the index."""
# Made once: to put a question together takes longer than to ask it.
_LINE = LINES.where(_ROW.call_id == bindparam("call_id"))


def line_of(row: Mapping[str, Any]) -> CallLine:
    """The line of a row of the index."""
    values = {field.name: row[field.name] for field in fields(CallLine)}
    values["call_date"] = None if row["call_date"] is None else date.fromisoformat(row["call_date"])
    for name in ("started_at", "scored_at"):
        values[name] = None if row[name] is None else datetime.fromisoformat(row[name])
    values["waiting"] = None if row["waiting"] is None else Waiting(row["waiting"])
    values["review_reasons"] = tuple(row["review_reasons"].split(",")) if row["review_reasons"] else ()
    return CallLine(**values)


def known_line(connection: Connection, call_id: str) -> CallLine:
    """A call's line, whoever asks. Raises NotThere where there is no such call."""
    found = read_line(connection, call_id)
    if found is None:
        raise NotThere(f"There is no call {call_id!r} in the results.", advice="`qa-pipeline report` lists the calls; give --results ROOT.")
    return found


def read_line(connection: Connection, call_id: str) -> CallLine | None:
    """A call's line, whoever asks; None where there is no such call."""
    row = connection.execute(_LINE, {"call_id": call_id}).mappings().one_or_none()
    return None if row is None else line_of(dict(row))


def behind(connection: Connection) -> list[str]:
    """Calls whose effective score has to be worked out again."""
    return list(connection.execute(select(call_index.c.call_id).where(call_index.c.is_behind)).scalars())


def retell_teams(connection: Connection, agent_ids: Sequence[str]) -> None:
    """Put the calls of some agents into the teams that they were in on their days, as far as the metadata name none: somebody changed who was in which."""
    column = call_index.c
    if not is_of_this_form(connection):
        return
    told = read_memberships(connection, agent_ids)
    for agent_id in agent_ids:
        theirs = (column.agent_id == agent_id) & column.given_team.is_(None)
        mark_days(connection, theirs)
        connection.execute(update(call_index).where(theirs).values(team=None))
        # The later of two stays on one day counts.
        for stay in told.stays.get(agent_id, ()):
            in_time = [
                *([column.call_date >= stay.first.isoformat()] if stay.first else []),
                *([column.call_date <= stay.last.isoformat()] if stay.last else []),
            ]
            connection.execute(update(call_index).where(theirs, *in_time).values(team=stay.team))


def is_of_this_form(connection: Connection) -> bool:
    """Whether there is an index with the tables of this form; else it is to be made anew."""
    there = inspect(connection)
    return there.has_table(call_index.name) and there.has_table(index_days.name) and columns_there(connection) == set(call_index.c.keys())


def columns_there(connection: Connection) -> set[str]:
    """Columns that the index has: those of this form, or of an earlier one."""
    return {column["name"] for column in inspect(connection).get_columns(call_index.name)}
