"""What retention takes out of the tables, taken out of the review database too: decisions on calls that go, words of calls whose words go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, inspect, update

from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.review.tables import calibration_calls, claims, coaching, corrections_due, decisions, outbox, proposals, webhook_messages
from qa_pipeline.settings import Settings

# Ids in one statement: well below what either database takes.
_LOT = 500


def forget_decisions(settings: Settings, *, call_ids: Sequence[str], conversation_ids: Sequence[str]) -> None:
    """Delete the decisions on calls, and blank the words of decisions that looked at conversations. Who looked at what stays on record.

    To be called before the same goes from the tables: decisions that stand there alone are taken over again.
    """
    engine = open_database(settings)
    try:
        if not inspect(engine).has_table(decisions.name):
            return
        with writing(engine) as connection:
            for some in _lots(call_ids):
                for table in (outbox, claims, corrections_due, calibration_calls, proposals, webhook_messages, decisions):
                    connection.execute(delete(table).where(table.c.call_id.in_(some)))
                connection.execute(update(coaching).where(coaching.c.call_id.in_(some)).values(call_id=None))
            for some in _lots(conversation_ids):
                connection.execute(update(decisions).where(decisions.c.conversation_id.in_(some)).values(before=None, after=None))
                connection.execute(update(proposals).where(proposals.c.conversation_id.in_(some)).values(words=None))
    finally:
        engine.dispose()


def _lots(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + _LOT] for first in range(0, len(ids), _LOT)]
