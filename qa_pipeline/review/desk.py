"""The desk that people work at: the review database brought up to this program, beside the results that it is about.

Its tables are migrated (`migrations/`), and decisions that stand in the results and not here are taken over: they were made before there was a database,
by repetition over calls, or the database was lost. Either costs a look at a version where nothing is to be done. opening.py opens a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, func, insert, inspect, select, table

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.log import version_of
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.tables import decisions, state

HEAD = "0007"
"""The newest migration."""
_ALEMBIC = table("alembic_version", column("version_num"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where people's decisions are read and written. `rubrics`: folder of the rubric files. `dispute_days`: for how long agents may dispute a score.

    `tell`: wakes who writes what waits to the tables, so that whoever decides need not wait for that; None: who decides does it.
    """

    engine: Engine
    store: Store
    rubrics: Path
    dispute_days: int | None = None
    tell: Callable[[], None] | None = None


def bring_up(engine: Engine) -> None:
    """Migrate the tables that people write to the form of this program."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        if _revision(connection) == HEAD:
            return
        # Alembic takes a fifth of a second to load: only where there is something to do.
        from alembic import command
        from alembic.config import Config

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        command.upgrade(config, "head")


def take_over(desk: Desk) -> int:
    """Decisions of the results that the database does not have, put into it, after those that it has. Returns how many there were."""
    newest = version_of(desk.store, "decisions")
    with desk.engine.connect() as connection:
        if seen(connection, "decisions") == newest:
            return 0
    with writing(desk.engine) as connection:
        newest = version_of(desk.store, "decisions")
        there = set(connection.execute(select(decisions.c.decision_id)).scalars())
        rows = [row for row in desk.store.read("decisions").to_pylist() if row["decision_id"] not in there]
        rows.sort(key=lambda row: (row["call_id"], row["at"]))
        several = [
            one for call_id, of_call in groupby(rows, key=lambda row: row["call_id"]) for one in _numbered(connection, call_id, of_call)
        ]
        if several:
            connection.execute(insert(decisions), several)
        note_seen(connection, "decisions", newest)
        return len(several)


def seen(connection: Connection, name: str) -> int | None:
    """The version of a table of the results up to which the database knows what it says; None: never seen."""
    return connection.execute(select(state.c.value).where(state.c.name == name)).scalar_one_or_none()


def note_seen(connection: Connection, name: str, version: int) -> None:
    """Note that the database knows what a table of the results says, up to a version."""
    connection.execute(state.delete().where(state.c.name == name))
    connection.execute(insert(state).values(name=name, value=version))


def _numbered(connection: Connection, call_id: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the results as rows of the database, counted on from the call's newest decision."""
    first = connection.execute(select(func.coalesce(func.max(decisions.c.version), 0)).where(decisions.c.call_id == call_id)).scalar_one()
    known = [column for column in decisions.c.keys() if column not in ("version", "at", "account", "session")]  # noqa: SIM118
    return [
        {name: row.get(name) for name in known} | {"version": first + number, "at": as_text(row["at"]), "account": None, "session": None}
        for number, row in enumerate(rows, 1)
    ]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(_ALEMBIC.c.version_num)).scalar_one_or_none()
