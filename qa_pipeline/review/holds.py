"""Calls that must be kept whatever their time or a customer's wish says: a court or a dispute may ask for them. Retention and forgetting leave them alone.

A hold is on one call or on all calls of a customer, those that come later too. It is listed with its reason until somebody releases it, with another; both
stay on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, inspect, select, update

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.record import note
from qa_pipeline.review.tables import holds

HELD, RELEASED = "held", "released"
_MAY = frozenset({Role.OPERATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold on a call, or on a customer's calls. `released_at` None: it holds."""

    hold: int
    call_id: str | None
    customer_id: str | None
    reason: str
    author: str | None
    at: datetime
    released_at: datetime | None = None
    released_by: str | None = None
    released_reason: str | None = None

    @property
    def whom(self) -> str:
        """What is held, in words."""
        return f"call {self.call_id}" if self.call_id is not None else f"customer {self.customer_id}"


def hold(desk: Desk, viewer: Viewer, *, call_id: str | None = None, customer_id: str | None = None, reason: str) -> int:
    """Hold a call, or a customer's calls. Returns the hold's number.

    Raises InputRefused without a reason, NotThere for a call that is not stored, AccessRefused for who is no operator.
    """
    _require(viewer)
    reason = reason.strip()
    if not reason:
        raise InputRefused("A hold needs its reason.", advice="Say who asked for it, and why.")
    if (call_id is None) == (customer_id is None):
        raise InputRefused("It is not said what to hold.", advice="Name a call or a customer.")
    with writing(desk.engine) as connection:
        if call_id is not None and connection.execute(select(call_index.c.call_id).where(call_index.c.call_id == call_id)).first() is None:
            raise NotThere(f"There is no call {call_id!r} in the results.", advice="Look at the id, or hold the customer.")
        values = {"call_id": call_id, "customer_id": customer_id, "reason": reason, "author": viewer.name, "account": viewer.account}
        made = insert(holds).values(**values, at=as_text(datetime.now(UTC))).returning(holds.c.hold)
        number = int(connection.execute(made).scalar_one())
        note(connection, viewer, HELD, call_id=call_id, about=f"hold {number}")
    return number


def release(desk: Desk, viewer: Viewer, number: int, *, reason: str) -> Hold:
    """Let a hold go. Raises InputRefused without a reason, NotThere where none of this number holds, AccessRefused."""
    _require(viewer)
    if not reason.strip():
        raise InputRefused("It is not said why the hold is released.", advice="Say who allowed it.")
    with writing(desk.engine) as connection:
        row = connection.execute(select(holds).where(holds.c.hold == number, holds.c.released_at.is_(None))).mappings().one_or_none()
        if row is None:
            raise NotThere(f"No hold {number} is in force.", advice="`qa-pipeline hold list` shows those that are.")
        values = {"released_at": as_text(datetime.now(UTC)), "released_by": viewer.name, "released_reason": reason.strip()}
        connection.execute(update(holds).where(holds.c.hold == number).values(**values))
        note(connection, viewer, RELEASED, call_id=row["call_id"], about=f"hold {number}")
        return _hold({**row, **values})


def list_holds(engine: Engine, *, every: bool = False) -> list[Hold]:
    """Holds in force, the oldest first; with `every` those that were released too."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(holds.name):
            return []
        asked = select(holds).order_by(holds.c.hold)
        if not every:
            asked = asked.where(holds.c.released_at.is_(None))
        return [_hold(dict(row)) for row in connection.execute(asked).mappings()]


def held_calls(engine: Engine) -> dict[str, tuple[Hold, ...]]:
    """Calls that are held now, with what holds them. The index must have caught up."""
    in_force = list_holds(engine)
    found: dict[str, tuple[Hold, ...]] = {}
    for one in in_force:
        if one.call_id is not None:
            found[one.call_id] = (*found.get(one.call_id, ()), one)
    customers = {one.customer_id for one in in_force if one.customer_id is not None}
    if customers:
        with engine.connect() as connection:
            asked = select(call_index.c.call_id, call_index.c.customer_id).where(call_index.c.customer_id.in_(sorted(customers)))
            for call_id, customer_id in connection.execute(asked):
                found[call_id] = (*found.get(call_id, ()), *(one for one in in_force if one.customer_id == customer_id))
    return found


def refuse_held(engine: Engine, call_ids: Iterable[str], customer_ids: Iterable[str] = ()) -> None:
    """Raise InputRefused where any of these calls, or a customer, is held, naming each with its reason."""
    held, customers = held_calls(engine), set(customer_ids)
    told = {one.hold: one for call_id in call_ids for one in held.get(call_id, ())}
    told |= {one.hold: one for one in list_holds(engine) if one.customer_id in customers}
    if told:
        lines = "; ".join(f"{one.whom} (hold {one.hold} since {one.at:%Y-%m-%d}: {one.reason})" for _, one in sorted(told.items()))
        raise InputRefused(
            f"Held and not to be deleted: {lines}.", advice="`qa-pipeline hold release NUMBER --reason TEXT` lets a hold go."
        )


def _require(viewer: Viewer) -> None:
    if not viewer.is_local and not viewer.roles & _MAY:
        raise AccessRefused(f"{viewer.name} may not hold calls.", advice="An operator does.")


def _hold(row: dict[str, object]) -> Hold:
    released = row["released_at"]
    values = {name: row[name] for name in Hold.__slots__ if name not in ("at", "released_at")}
    return Hold(
        **values,  # type: ignore[arg-type]  # columns of these names
        at=from_text(str(row["at"])),
        released_at=None if released is None else from_text(str(released)),
    )
