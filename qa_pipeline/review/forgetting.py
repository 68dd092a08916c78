"""What retention takes out of the tables, taken out of the review database too: decisions on calls that go, words of calls whose words go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from sqlalchemy import delete, inspect, select, text, update

from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.review.judged import program_said
from qa_pipeline.review.tables import (
    audit,
    calibration_calls,
    claims,
    coaching,
    corrections_due,
    decisions,
    outbox,
    proposals,
    webhook_messages,
)
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
        has_said = inspect(engine).has_table(program_said.name)
        with writing(engine) as connection:
            for some in _lots(call_ids):
                if has_said:
                    looked_at = select(decisions.c.score_id).where(decisions.c.call_id.in_(some))
                    connection.execute(delete(program_said).where(program_said.c.score_id.in_(looked_at)))
                for table in (outbox, claims, corrections_due, calibration_calls, proposals, webhook_messages, decisions):
                    connection.execute(delete(table).where(table.c.call_id.in_(some)))
                connection.execute(update(coaching).where(coaching.c.call_id.in_(some)).values(call_id=None))
            for some in _lots(conversation_ids):
                connection.execute(update(decisions).where(decisions.c.conversation_id.in_(some)).values(before=None, after=None))
                connection.execute(update(proposals).where(proposals.c.conversation_id.in_(some)).values(words=None))
    finally:
        engine.dispose()


def erase_reviews(
    settings: Settings, *, call_ids: Sequence[str], conversation_ids: Sequence[str], stands_for: Callable[[str], str]
) -> None:
    """Leave nothing of calls in the review database: decisions, lists, and the freed pages of its file.

    Who looked at them stays on record, under what stands for their ids (`stands_for`): the record is only added to but for this.
    """
    forget_decisions(settings, call_ids=call_ids, conversation_ids=conversation_ids)
    engine = open_database(settings)
    try:
        if not inspect(engine).has_table(audit.name):
            return
        with writing(engine) as connection:
            is_postgresql = connection.dialect.name == "postgresql"
            connection.execute(
                text(f"alter table audit disable trigger {_KEEPS}" if is_postgresql else f"drop trigger if exists {_KEEPS}_update")
            )
            for call_id in call_ids:
                connection.execute(update(audit).where(audit.c.call_id == call_id).values(call_id=stands_for(call_id)))
            if is_postgresql:
                connection.execute(text(f"alter table audit enable trigger {_KEEPS}"))
            else:
                connection.execute(
                    text(f"create trigger {_KEEPS}_update before update on audit begin select raise(abort, '{_REFUSED}'); end")
                )
            for some in _lots(call_ids):
                connection.execute(delete(call_index).where(call_index.c.call_id.in_(some)))
        if not is_postgresql:
            # Deleted rows stay in free pages and in the log until both are written anew.
            with closing(engine.raw_connection()) as raw:
                cursor = raw.cursor()
                cursor.execute("vacuum")
                cursor.execute("pragma wal_checkpoint(truncate)")
    finally:
        engine.dispose()


_KEEPS = "audit_stays"
_REFUSED = "the record of who looked at what and decided what is only added to"


def _lots(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + _LOT] for first in range(0, len(ids), _LOT)]
