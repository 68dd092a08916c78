"""Files with words or names of calls that were written where a person said: on record, so that access reports, forgetting and retention know of them.

What a browser downloads is not: it lies on another machine, and the record of who looked says that it was taken.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import OperationalError

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.tables import written_files
from qa_pipeline.settings import Settings


class Sort(StrEnum):
    """What was written."""

    EXPORT = "export"
    REPORT = "report"
    DIFFERENCES = "page of differences"
    PAGE = "page of a call"
    REDACTED = "redacted call"
    ACCESS = "access report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file, or of a report of many days the page above them. `files`: those of it that are there."""

    path: Path
    sort: Sort
    author: str | None
    at: datetime

    @property
    def files(self) -> tuple[Path, ...]:
        """It and the pages of days beside it, as far as they are there."""
        days = self.path.with_name(f"{self.path.stem}_days")
        several = [self.path, *(sorted(days.glob("*.html")) if self.sort is Sort.REPORT and days.is_dir() else ())]
        return tuple(path for path in several if path.is_file())


def note_written(connection: Connection, path: Path, sort: Sort, *, author: str | None) -> None:
    """Put on record that a file was written; again in place of the earlier time. What is no file, as /dev/stdout, is not kept."""
    place = path.resolve()
    if place.exists() and not place.is_file():
        return
    connection.execute(delete(written_files).where(written_files.c.path == str(place)))
    connection.execute(insert(written_files).values(path=str(place), sort=sort.value, author=author, at=as_text(datetime.now(UTC))))


def keep_written(settings: Settings, paths: Collection[Path], sort: Sort, *, author: str | None) -> None:
    """Put files on record before they are written. What lies in the results root itself is known anyway.

    Raises EnvironmentNotReady where it cannot be: a file that nobody knows of is never forgotten.
    """
    root = Path(settings.results).resolve()
    named = [path for path in paths if "://" in settings.results or not path.resolve().is_relative_to(root)]
    if not named:
        return
    engine = open_database(settings)
    try:
        bring_up(engine)
        with writing(engine) as connection:
            for path in named:
                note_written(connection, path, sort, author=author)
    except OperationalError as error:
        raise EnvironmentNotReady(
            "Files with words of calls are written only where that can be put on record, and the review database cannot be written.",
            advice=f"Give this user the right to write to {settings.results}, or set review_database.",
        ) from error
    finally:
        engine.dispose()


def list_written(engine: Engine) -> list[Written]:
    """All that is on record, the oldest first; also what somebody moved or deleted since."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(written_files.name):
            return []
        rows = connection.execute(select(written_files).order_by(written_files.c.at)).all()
    return [Written(path=Path(row.path), sort=Sort(row.sort), author=row.author, at=from_text(row.at)) for row in rows]


def drop_written(engine: Engine, several: Collection[Written]) -> None:
    """Delete files and what is on record of them."""
    for one in several:
        for path in one.files:
            path.unlink(missing_ok=True)
    with writing(engine) as connection:
        for one in several:
            connection.execute(delete(written_files).where(written_files.c.path == str(one.path)))
