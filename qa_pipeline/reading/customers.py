"""Calls of customers, and what was promised in them, for promises over several contacts (report/contacts.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from qa_pipeline.reading.asking import ask
from qa_pipeline.reading.tables import call_column
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.rubric.schema import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacted:
    """A call of a customer whose start is known. `rubric_id`: of its current score."""

    call_id: str
    customer_id: str
    started_at: datetime
    rubric_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A call that a rule counts from. `value` and its type: what was captured, or the metadata that names the time; None for the call's own start."""

    call_id: str
    customer_id: str
    agent_id: str | None
    started_at: datetime | None
    value: str | None = None
    value_type: str | None = None


def calls_of_customers(store: Store, viewer: Viewer, *, engine: Engine | None = None) -> tuple[Contacted, ...]:
    """Calls of known customers in the order in which they began."""
    sql = """select c.call_id, c.customer_id, c.started_at, s.rubric_id from current_calls c left join current_scores s using (conversation_id)
        where c.customer_id is not null and c.started_at is not null order by c.started_at, c.call_id"""
    return tuple(Contacted(**row) for row in ask(store, viewer, Matter.FIGURES, sql, engine=engine))


def promises_of(store: Store, viewer: Viewer, rubric_id: str, rule: Contact, *, engine: Engine | None = None) -> tuple[Promised, ...]:
    """The calls that a rule of a rubric counts from, by call."""
    anchor, rubric = rule.counted_from, sql_text(rubric_id)
    columns = "c.call_id, c.customer_id, c.agent_id, c.started_at"
    more: dict[str, Any] = {}
    if anchor.capture:
        sql = f"""select {columns}, k.value, k.value_type from current_captures k join current_calls c using (conversation_id)
            where k.rubric_id = {rubric} and k.criterion_id = {sql_text(anchor.capture)} and k.n = 0 and c.customer_id is not null
            order by c.call_id"""
    elif anchor.metadata:
        sql = f"""select {columns}, {call_column(anchor.metadata)} as value from current_scores s join current_calls c using (conversation_id)
            where s.rubric_id = {rubric} and c.customer_id is not null order by c.call_id"""
        more = {"value_type": "datetime"}
    else:
        answered = f" and f.answer = {sql_text(anchor.answer)}" if anchor.answer else ""
        sql = f"""select {columns} from current_findings f join current_calls c using (conversation_id) where f.rubric_id = {rubric}
            and f.criterion_id = {sql_text(anchor.criterion or "")} and f.outcome = '{anchor.outcome}'{answered} and c.customer_id is not null
            and c.started_at is not null order by c.call_id"""
    return tuple(Promised(**row, **more) for row in ask(store, viewer, Matter.FIGURES, sql, engine=engine))
