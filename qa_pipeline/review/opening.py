"""Open the desk of a results root, with all that happened while nobody sat there: commits, closed periods, a process that died in the middle."""

from __future__ import annotations

from sqlalchemy import Engine, exists, inspect, or_, update

from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.filling import Report, quiet
from qa_pipeline.reading.follow import catch_up, rebuild
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.log import version_of
from qa_pipeline.results.decisions import CORRECTIONS
from qa_pipeline.results.store import Store
from qa_pipeline.review.desk import Desk, bring_up
from qa_pipeline.review.export import export, note_seen, refresh_behind, seen, take_over
from qa_pipeline.review.tables import decisions
from qa_pipeline.settings import Settings


def open_desk(settings: Settings, store: Store, *, keeps_connections: bool = False) -> Desk:
    """The desk of a results root, ready. Raises EnvironmentNotReady, InputRefused as `open_database`, and for `keeps_connections` see there."""
    engine = open_database(settings, keeps_connections=keeps_connections)
    bring_up(engine)
    desk = Desk(engine=engine, store=store, rubrics=settings.rubrics, dispute_days=settings.dispute_days)
    bring_up_to_date(desk)
    return desk


def open_lists(settings: Settings, store: Store) -> Engine:
    """The review database for who reads lists and decides nothing, brought up like a desk. Raises as `open_desk`."""
    engine = open_database(settings)
    _bring_up_lists(engine, settings, store)
    return engine


def follow(settings: Settings, store: Store) -> None:
    """Let lists and effective scores follow what was just committed."""
    engine = open_database(settings)
    try:
        _bring_up_lists(engine, settings, store)
    finally:
        engine.dispose()


def rebuild_lists(settings: Settings, store: Store, *, with_decided: bool = False, report: Report = quiet) -> int:
    """Make the lists anew from the tables. `with_decided`: what counts in calls that people decided about is worked out anew too, not taken over.

    `report` is told how many calls are in them, of how many. Returns how many calls there are. Raises as `open_desk`.
    """
    engine = open_database(settings)
    try:
        is_desk = inspect(engine).has_table(decisions.name)
        if is_desk:
            bring_up(engine)
        calls = rebuild(engine, store, report=report).calls
        if is_desk:
            desk = Desk(engine=engine, store=store, rubrics=settings.rubrics)
            if with_decided:
                with writing(engine) as connection:
                    about = exists().where(decisions.c.call_id == call_index.c.call_id)
                    connection.execute(update(call_index).where(call_index.c.score_id.is_not(None), about).values(is_behind=True))
            _follow_decisions(desk)
            bring_up_to_date(desk)
        return calls
    finally:
        engine.dispose()


def _bring_up_lists(engine: Engine, settings: Settings, store: Store) -> None:
    """Where nobody has ever decided anything there are lists alone, and no tables of people are made."""
    if inspect(engine).has_table(decisions.name):
        bring_up(engine)
        bring_up_to_date(Desk(engine=engine, store=store, rubrics=settings.rubrics))
    else:
        catch_up(engine, store)


def bring_up_to_date(desk: Desk) -> None:
    """Let index and effective scores follow what was committed since, by whomever. Where nothing was, it costs a look at a few folders."""
    taken = take_over(desk)
    caught = catch_up(desk.engine, desk.store)
    if taken or caught.is_whole:
        _follow_decisions(desk)
    _follow_periods(desk)
    refresh_behind(desk)
    export(desk)


def _follow_decisions(desk: Desk) -> None:
    """Calls about which more is decided than their rows in the index know: it was taken over, or the index was made anew out of another form."""
    column = call_index.c
    # What puts a conversation right counts by the score that it made.
    unknown = exists().where(
        decisions.c.call_id == column.call_id, decisions.c.version > column.decisions_version, decisions.c.kind.not_in(CORRECTIONS)
    )
    with writing(desk.engine) as connection:
        connection.execute(update(call_index).where(column.score_id.is_not(None), unknown).values(is_behind=True))


def _follow_periods(desk: Desk) -> None:
    """Calls in periods that were closed or opened again may count otherwise now: decisions after the closing do not, or do again."""
    newest = version_of(desk.store, "periods")
    with desk.engine.connect() as connection:
        if newest == -1 or seen(connection, "periods") == newest:
            return
    column = call_index.c
    days = [
        (column.call_date >= row["first_date"].isoformat()) & (column.call_date <= row["last_date"].isoformat())
        for row in desk.store.read("periods", columns=["first_date", "last_date"]).to_pylist()
    ]
    with writing(desk.engine) as connection:
        connection.execute(update(call_index).where(column.decisions_version > 0, or_(*days)).values(is_behind=True))
        note_seen(connection, "periods", newest)
