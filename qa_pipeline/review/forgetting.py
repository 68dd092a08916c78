"""What retention takes out of the tables, taken out of the review database too: decisions on calls that go, words of calls whose words go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, Engine, and_, delete, func, inspect, not_, select, text, update

from qa_pipeline.reading.consents import consent_decisions, consents, held_back
from qa_pipeline.reading.database import lots, open_database, writing
from qa_pipeline.reading.index import call_index, is_of_this_form, mark_days
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.held import HELD, quoting
from qa_pipeline.review.judged import program_said
from qa_pipeline.review.tables import (
    audit,
    calibration_calls,
    claims,
    coaching,
    coaching_entries,
    corrections_due,
    decisions,
    holds,
    outbox,
    proposals,
    webhook_messages,
    written_files,
)
from qa_pipeline.settings import Settings

GONE = "[forgotten]"
"""What stands where something was said of a call that is kept no more."""


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
            for some in lots(call_ids):
                if has_said:
                    looked_at = select(decisions.c.score_id).where(decisions.c.call_id.in_(some))
                    connection.execute(delete(program_said).where(program_said.c.score_id.in_(looked_at)))
                for table in (
                    outbox,
                    claims,
                    corrections_due,
                    calibration_calls,
                    proposals,
                    webhook_messages,
                    decisions,
                    consent_decisions,
                ):
                    connection.execute(delete(table).where(table.c.call_id.in_(some)))
                connection.execute(update(coaching).where(coaching.c.call_id.in_(some)).values(call_id=None))
            for some in lots(conversation_ids):
                connection.execute(update(decisions).where(decisions.c.conversation_id.in_(some)).values(before=None, after=None))
                connection.execute(update(proposals).where(proposals.c.conversation_id.in_(some)).values(words=None))
    finally:
        engine.dispose()


def erase_reviews(
    settings: Settings,
    *,
    call_ids: Sequence[str],
    conversation_ids: Sequence[str],
    customer_ids: Sequence[str],
    stands_for: Callable[[str], str],
    rewrite: Callable[[str, str], str],
    likely: Sequence[str] = (),
) -> None:
    """Leave nothing of calls in the review database: decisions, lists, what texts say of them; `write_anew` then frees what they took in its file.

    `customer_ids`: of whom all calls go.
    Who looked at them stays on record, under what stands for their ids (`stands_for`): the record is only added to but for this. `rewrite`: a text of
    a table (its name, the text) without what it says of these calls; `likely`: what such a text contains at least.
    """
    engine = open_database(settings)
    try:
        if not inspect(engine).has_table(audit.name):
            return
        with writing(engine) as connection:
            for some in lots(call_ids):
                # What is agreed with an agent is the agent's and stays; what is told there of the call is not.
                notes = select(coaching.c.note).where(coaching.c.call_id.in_(some))
                connection.execute(update(coaching_entries).where(coaching_entries.c.note.in_(notes)).values(text=GONE))
        forget_decisions(settings, call_ids=call_ids, conversation_ids=conversation_ids)
        with writing(engine) as connection:
            with _record_open(connection):
                for call_id in call_ids:
                    connection.execute(update(audit).where(audit.c.call_id == call_id).values(call_id=stands_for(call_id)))
                _rewrite_texts(connection, rewrite, likely)
            has_days, whose = is_of_this_form(connection), set(customer_ids)
            for some in lots(call_ids):
                if has_days:
                    mark_days(connection, call_index.c.call_id.in_(some))
                known = select(call_index.c.customer_id).where(call_index.c.call_id.in_(some), call_index.c.customer_id.is_not(None))
                whose.update(connection.execute(known).scalars())
                for table in (consents, held_back, call_index, consent_decisions, holds):
                    connection.execute(delete(table).where(table.c.call_id.in_(some)))
            others = select(call_index.c.customer_id).where(call_index.c.customer_id.is_not(None))
            for some in lots(sorted(whose)):
                # That there was a hold stays; of whom, not, where they are in no call any more: also by an id too short to be looked for in texts.
                let_go = holds.c.released_at.is_not(None) & holds.c.customer_id.not_in(others)
                connection.execute(update(holds).where(holds.c.customer_id.in_(some), let_go).values(customer_id=GONE))
    finally:
        engine.dispose()


def forget_notes(settings: Settings, *, before: date, but: Collection[str] = (), only_count: bool = False) -> int:
    """Blank what people wrote about calls before a day (UTC), without those of some calls. Returns of how many rows."""
    engine, limit, count = open_database(settings), as_text(datetime.combine(before, time.min, UTC)), 0
    try:
        table_names = set(inspect(engine).get_table_names())
        with writing(engine) as connection:
            for held in (held for held in HELD if held.notes and held.table.name in table_names):
                column = held.table.c
                for name in held.notes:
                    gone = None if column[name].nullable else GONE
                    written = column[name].is_not(None) if gone is None else column[name] != gone
                    conditions = [column.at < limit, written]
                    if but and held.by is not None:
                        conditions.append(not_(held.by(sorted(but))))
                    count += connection.execute(select(func.count()).select_from(held.table).where(*conditions)).scalar_one()
                    if not only_count:
                        connection.execute(update(held.table).where(*conditions).values({name: gone}))
        return count
    finally:
        engine.dispose()


@contextmanager
def _record_open(connection: Connection) -> Iterator[None]:
    """The record may be written over within the block, in this transaction alone."""
    is_postgresql = connection.dialect.name == "postgresql"
    connection.execute(text(f"alter table audit disable trigger {_KEEPS}" if is_postgresql else f"drop trigger if exists {_KEEPS}_update"))
    yield
    if is_postgresql:
        connection.execute(text(f"alter table audit enable trigger {_KEEPS}"))
    else:
        connection.execute(text(f"create trigger {_KEEPS}_update before update on audit begin select raise(abort, '{_REFUSED}'); end"))


def _rewrite_texts(connection: Connection, rewrite: Callable[[str, str], str], likely: Sequence[str]) -> None:
    """What texts of any table say of the calls. Of a file named by a call, what is on record goes: it lies where its name says, or nowhere."""
    table_names = set(inspect(connection).get_table_names())
    for held in (held for held in HELD if held.table.name in table_names):
        keys = list(held.table.primary_key)
        for row in quoting(connection, held, likely):
            changed = {
                name: new for name in held.texts if row[name] is not None and (new := rewrite(held.table.name, row[name])) != row[name]
            }
            here = and_(*(key == row[key.name] for key in keys))
            if changed and held.table is written_files:
                connection.execute(delete(held.table).where(here))
            elif changed:
                connection.execute(update(held.table).where(here).values(changed))


def write_anew(engine: Engine) -> None:
    """Write the file of the database anew: deleted rows stay in it, and in the log of SQLite, until then."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            table_names = set(inspect(connection).get_table_names())
            for held in (held for held in HELD if held.table.name in table_names):
                connection.execute(text(f'vacuum full "{held.table.name}"'))
        return
    with closing(engine.raw_connection()) as raw:
        cursor = raw.cursor()
        cursor.execute("vacuum")
        cursor.execute("pragma wal_checkpoint(truncate)")


_KEEPS = "audit_stays"
_REFUSED = "the record of who looked at what and decided what is only added to"
