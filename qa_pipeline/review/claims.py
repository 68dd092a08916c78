"""Who is looking at a call now, so that two do not judge the same one: a claim with an end, which binds nobody and tells the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select

from qa_pipeline.errors import Conflict
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.tables import claims

# Chosen: longer than a call takes to hear, shorter than a lunch.
MINUTES = 30
# Asked by every page of a call, so made once (reading/index.py).
_HELD = select(claims).where(claims.c.until > bindparam("now")).order_by(claims.c.call_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A call that somebody looks at until a time."""

    call_id: str
    who: str
    until: datetime


def claim(desk: Desk, viewer: Viewer, call_id: str, *, minutes: int = MINUTES) -> Claim:
    """Take a call to look at, or keep it longer. Raises Conflict while somebody else has it, and as `find_call` for a call that is not theirs to see."""
    find_call(desk.engine, viewer, call_id, matter=Matter.DECISIONS)
    now, who = datetime.now(UTC), viewer.name or "?"
    with writing(desk.engine) as connection:
        held = connection.execute(select(claims).where(claims.c.call_id == call_id)).one_or_none()
        if held is not None and held.who != who and from_text(held.until) > now:
            raise Conflict(
                f"{held.who} looks at call {call_id} until {from_text(held.until):%Y-%m-%d %H:%M} UTC.",
                advice="Take another, or ask them for it.",
            )
        taken = Claim(call_id=call_id, who=who, until=now + timedelta(minutes=minutes))
        connection.execute(delete(claims).where(claims.c.call_id == call_id))
        connection.execute(insert(claims).values(call_id=call_id, who=who, until=as_text(taken.until)))
    return taken


def release(desk: Desk, viewer: Viewer, call_id: str) -> None:
    """Let a call go before the time is over; nothing where it is not theirs."""
    with writing(desk.engine) as connection:
        connection.execute(delete(claims).where(claims.c.call_id == call_id, claims.c.who == (viewer.name or "?")))


def held_claims(desk: Desk) -> dict[str, Claim]:
    """Calls that somebody looks at now."""
    now = as_text(datetime.now(UTC))
    with desk.engine.connect() as connection:
        rows = connection.execute(_HELD, {"now": now}).all()
    return {row.call_id: Claim(call_id=row.call_id, who=row.who, until=from_text(row.until)) for row in rows}
