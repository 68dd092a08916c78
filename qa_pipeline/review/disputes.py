"""Disputes with what came of them: those that wait for whoever decides, those that an agent made, with the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Engine, FromClause, and_, func, literal, select, tuple_

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.index import CallLine, call_index, line_of
from qa_pipeline.reading.pages import visible
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.decisions import Decision, as_text, from_row, from_text
from qa_pipeline.review.tables import decisions

Stage = Literal["waiting", "answered"]
MOST = 100
"""Disputes of a page."""

_made = decisions.alias("made")
_answer = decisions.alias("answer")
_withdrawal = decisions.alias("withdrawal")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeLine:
    """A dispute, the call it is about, and its answer; None while it waits."""

    call: CallLine
    dispute: Decision
    ruling: Decision | None

    @property
    def age(self) -> timedelta:
        """How long it has waited, or waited for its answer."""
        return (self.ruling.at if self.ruling else datetime.now(UTC)) - self.dispute.at


def list_disputes(
    engine: Engine, viewer: Viewer, stage: Stage | None = None, *, team: str | None = None, after: str | None = None
) -> tuple[list[DisputeLine], str | None]:
    """A page of the disputes about calls that somebody sees, and where the next begins. Those that wait: the oldest first; else the newest first.

    Disputes that were taken back are in none. Raises AccessRefused where they see no decisions.
    """
    viewer.require(Matter.DECISIONS)
    order = (_made.c.at, _made.c.decision_id)
    asked = (
        select(_made, _answer.c.decision_id.label("answer_id"))
        .join(call_index, call_index.c.call_id == _made.c.call_id)
        .outerjoin(
            _answer,
            and_(_holds(_answer), _answer.c.call_id == _made.c.call_id, _answer.c.kind == "ruling", _answer.c.about == _made.c.decision_id),
        )
        .where(_made.c.kind == "dispute", _holds(_made), visible(viewer, Matter.DECISIONS))
    )
    if team is not None:
        asked = asked.where(call_index.c.team == team)
    if stage is not None:
        asked = asked.where(_answer.c.decision_id.is_(None) if stage == "waiting" else _answer.c.decision_id.is_not(None))
    is_rising = stage == "waiting"
    if after is not None:
        moment, sign, decision_id = after.partition("|")
        if not sign:
            raise InputRefused("That is no place in the list.", advice="Begin with its first page.")
        key = tuple_(literal(moment), literal(decision_id))
        asked = asked.where(tuple_(*order) > key if is_rising else tuple_(*order) < key)
    asked = asked.order_by(*(order if is_rising else (column.desc() for column in order))).limit(MOST + 1)
    with engine.connect() as connection:
        rows = connection.execute(asked).mappings().all()
        made = [from_row({name: row[name] for name in decisions.c.keys()}) for row in rows[:MOST]]  # noqa: SIM118
        answers = {
            row["decision_id"]: from_row(dict(row))
            for row in connection.execute(
                select(decisions).where(decisions.c.decision_id.in_([row["answer_id"] for row in rows if row["answer_id"]]))
            ).mappings()
        }
        lines = {
            row["call_id"]: line_of(dict(row))
            for row in connection.execute(select(call_index).where(call_index.c.call_id.in_({one.call_id for one in made}))).mappings()
        }
    found = [
        DisputeLine(call=lines[one.call_id], dispute=one, ruling=answers.get(row["answer_id"]))
        for one, row in zip(made, rows, strict=False)
    ]
    last = found[-1].dispute if len(rows) > MOST else None
    return found, None if last is None else f"{as_text(last.at)}|{last.decision_id}"


def count_waiting(engine: Engine, viewer: Viewer, *, team: str | None = None) -> tuple[int, datetime | None]:
    """How many disputes about calls that somebody sees wait, and since when the oldest does. Raises AccessRefused as `list_disputes`."""
    viewer.require(Matter.DECISIONS)
    ruled = and_(_holds(_answer), _answer.c.call_id == _made.c.call_id, _answer.c.kind == "ruling", _answer.c.about == _made.c.decision_id)
    asked = (
        select(func.count(), func.min(_made.c.at))
        .join_from(_made, call_index, call_index.c.call_id == _made.c.call_id)
        .where(
            _made.c.kind == "dispute",
            _holds(_made),
            ~select(_answer.c.decision_id).where(ruled).exists(),
            visible(viewer, Matter.DECISIONS),
        )
    )
    if team is not None:
        asked = asked.where(call_index.c.team == team)
    with engine.connect() as connection:
        count, oldest = connection.execute(asked).one()
    return int(count), from_text(oldest) if oldest else None


def _holds(decision: FromClause) -> ColumnElement[bool]:
    """A decision that nobody took back."""
    column, taken = decision.c, _withdrawal.c
    is_taken = (taken.kind == "take_back") & (taken.call_id == column.call_id) & (taken.about == column.decision_id)
    return ~select(_withdrawal.c.decision_id).where(is_taken).exists()
