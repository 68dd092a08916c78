"""The next call of a queue, taken in the moment it is chosen: two reviewers never get the same one. And how much somebody has done on a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from qa_pipeline.errors import Conflict
from qa_pipeline.reading.pages import Key
from qa_pipeline.reading.queue import Queue, queue_page
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.claims import MINUTES, Claim, claim, held_claims
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.tables import decisions

_ROWS = 100


def take_next(desk: Desk, viewer: Viewer, queue: Queue, *, but: frozenset[str] = frozenset(), minutes: int = MINUTES) -> Claim | None:
    """Claim the first call of a list that nobody looks at; None where there is none. `but`: calls to leave out, as the one just finished.

    Raises as `queue_page`.
    """
    after: Key | None = None
    while True:
        page = queue_page(desk.engine, viewer, queue, after=after, size=_ROWS)
        others = {call_id for call_id, held in held_claims(desk).items() if held.who != (viewer.name or "?")}
        for line in page.lines:
            # Nobody judges calls of their own (rule.py).
            if line.call_id in others or line.call_id in but or (line.agent_id is not None and line.agent_id in viewer.agent_ids):
                continue
            try:
                return claim(desk, viewer, line.call_id, minutes=minutes)
            except Conflict:
                # Somebody was quicker.
                continue
        if page.after is None:
            return None
        after = page.after


def count_finished(desk: Desk, viewer: Viewer, day: datetime) -> int:
    """How many calls somebody finished on the day on which a zone-aware moment lies: those whose whole score they confirmed."""
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    column = decisions.c
    asked = select(func.count(func.distinct(column.call_id))).where(
        column.kind == "confirmation",
        column.criterion_id.is_(None),
        column.author == viewer.name,
        column.account == viewer.account if viewer.account is not None else column.account.is_(None),
        column.at >= as_text(start.astimezone(UTC)),
        column.at < as_text((start + timedelta(days=1)).astimezone(UTC)),
    )
    with desk.engine.connect() as connection:
        return int(connection.execute(asked).scalar_one())
