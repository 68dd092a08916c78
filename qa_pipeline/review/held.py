"""What the review database holds of calls: for each of its tables, by what rows are found. Reports on access read it; forgetting leaves none of it.

Every table of the database stands in `HELD` or in `HOLDS_NOTHING` (a test), so that a new one cannot be left out by either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, false, func, inspect, or_, select

from qa_pipeline.reading.consents import consent_decisions, consents, held_back
from qa_pipeline.reading.database import lots
from qa_pipeline.reading.follow import index_state
from qa_pipeline.reading.index import call_index, criterion_sets, index_days
from qa_pipeline.reading.teams import memberships, team_names, teams
from qa_pipeline.review.judged import program_said
from qa_pipeline.review.tables import (
    account_agents,
    account_roles,
    accounts,
    api_tokens,
    audit,
    calibration_calls,
    calibration_people,
    calibrations,
    claims,
    coaching,
    coaching_entries,
    corrections_due,
    credentials,
    decisions,
    drafts,
    holds,
    identities,
    links,
    outbox,
    preferences,
    proposals,
    report_shapes,
    sessions,
    state,
    webhook_messages,
    webhooks,
    written_files,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How rows about calls are found in a table. `by`: of a column, rows that have one of some calls; through another table where it has none.

    `texts`: columns in which people or this program write freely, and which may name or quote any call. `notes`: of these, what people wrote about calls,
    in tables that say when (`at`).
    """

    table: Table
    by: Callable[[Sequence[str]], ColumnElement[bool]] | None = None
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _of(table: Table) -> Callable[[Sequence[str]], ColumnElement[bool]]:
    return lambda call_ids: table.c.call_id.in_(call_ids)


HELD: tuple[Held, ...] = (
    # What hangs on decisions and notes before these.
    Held(
        table=program_said,
        by=lambda call_ids: program_said.c.score_id.in_(select(decisions.c.score_id).where(decisions.c.call_id.in_(call_ids))),
    ),
    Held(table=outbox, by=_of(outbox)),
    Held(table=claims, by=_of(claims)),
    Held(table=corrections_due, by=_of(corrections_due)),
    Held(table=calibration_calls, by=_of(calibration_calls)),
    Held(table=proposals, by=_of(proposals), texts=("words", "note", "settled_reason"), notes=("note", "settled_reason")),
    Held(table=webhook_messages, by=_of(webhook_messages), texts=("body", "answer")),
    Held(table=consent_decisions, by=_of(consent_decisions), texts=("reason",), notes=("reason",)),
    Held(table=holds, by=_of(holds), texts=("customer_id", "reason", "released_reason")),
    Held(table=decisions, by=_of(decisions), texts=("before", "after", "reason"), notes=("reason",)),
    Held(
        table=coaching_entries,
        by=lambda call_ids: coaching_entries.c.note.in_(select(coaching.c.note).where(coaching.c.call_id.in_(call_ids))),
        texts=("text",),
        notes=("text",),
    ),
    Held(table=coaching, by=_of(coaching)),
    Held(table=consents, by=_of(consents), texts=("words",)),
    Held(table=held_back, by=_of(held_back)),
    Held(table=call_index, by=_of(call_index)),
    Held(table=audit, by=_of(audit), texts=("about",)),
    Held(table=drafts, texts=("text",)),
    Held(table=report_shapes, texts=("name", "shape")),
    Held(table=calibrations, texts=("name",)),
    Held(table=written_files, texts=("path",)),
)
HOLDS_NOTHING: Mapping[Table, str] = {
    accounts: "people who work here",
    account_roles: "people who work here",
    account_agents: "people who work here",
    calibration_people: "people who work here",
    credentials: "how they sign in",
    sessions: "how they sign in",
    links: "how they sign in",
    identities: "how they sign in",
    teams: "teams",
    team_names: "teams",
    memberships: "who works in which team",
    preferences: "what they prefer",
    api_tokens: "programs that ask",
    webhooks: "programs that are told",
    state: "numbers of versions",
    index_state: "numbers of versions",
    criterion_sets: "names of criteria",
    index_days: "days on which calls changed",
}


def read_held(
    connection: Connection, call_ids: Sequence[str], names: Callable[[str], bool], likely: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Rows about calls, by table; empty tables are left out. `names`: whether a text names or quotes them; `likely`: what such a text contains at least.

    Of a text that only quotes them, as a draft of a rubric, the lines that do.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    table_names = set(inspect(connection).get_table_names())
    for held in HELD:
        if held.table.name not in table_names:
            continue
        keys = [column.name for column in held.table.primary_key]
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        if held.by is not None:
            for some in lots(call_ids):
                for row in connection.execute(select(held.table).where(held.by(some))).mappings():
                    rows[tuple(row[key] for key in keys)] = dict(row)
        for one in quoting(connection, held, likely):
            key = tuple(one[name] for name in keys)
            if key not in rows and any(names(one[name]) for name in held.texts if one[name] is not None):
                rows[key] = {name: _lines(value, names) if name in held.texts else value for name, value in one.items()}
        if rows:
            found[held.table.name] = [rows[key] for key in sorted(rows, key=str)]
    return found


def quoting(connection: Connection, held: Held, likely: Sequence[str]) -> list[dict[str, Any]]:
    """Rows in whose texts any of some words stand."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    keys = [column.name for column in held.table.primary_key]
    for some in lots(likely, 20) if held.texts else ():
        for row in connection.execute(select(held.table).where(_contains(connection, held, some))).mappings():
            rows[tuple(row[key] for key in keys)] = dict(row)
    return list(rows.values())


def _contains(connection: Connection, held: Held, words: Sequence[str]) -> ColumnElement[bool]:
    place = func.strpos if connection.dialect.name == "postgresql" else func.instr
    columns = [held.table.c[name] for name in held.texts if isinstance(held.table.c[name].type, String)]
    return or_(false(), *(place(column, word) > 0 for column in columns for word in words))


def _lines(text: str | None, names: Callable[[str], bool]) -> str | None:
    return None if text is None else "\n".join(line for line in text.splitlines() if names(line)) if "\n" in text else text
