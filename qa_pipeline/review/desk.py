"""The desk that people work at: the review database, in the form of this program (`migrations/`), beside the results that it is about.

To bring it up costs a look at a version where nothing is to be done. opening.py opens a desk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, column, inspect, select, table

from qa_pipeline.reading.database import writing
from qa_pipeline.results.store import Store

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


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(_ALEMBIC.c.version_num)).scalar_one_or_none()
