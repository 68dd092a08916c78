"""What somebody prefers: the language of the pages, the zone of times, light or dark."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.review.tables import preferences

THEMES = ("light", "dark")
# Asked by every page, so made once (reading/index.py).
_OF_ACCOUNT = select(preferences).where(preferences.c.account == bindparam("account"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """None: as the browser, the settings or the machine have it."""

    language: str | None = None
    zone: str | None = None
    theme: str | None = None


def read_preferences(connection: Connection, account: int) -> Preferences:
    """What an account prefers."""
    row = connection.execute(_OF_ACCOUNT, {"account": account}).one_or_none()
    return Preferences() if row is None else Preferences(language=row.language, zone=row.zone, theme=row.theme)


def keep_preferences(engine: Engine, account: int, wanted: Preferences) -> None:
    """Keep what an account prefers. Raises InputRefused for a zone or a theme that is none."""
    if wanted.theme is not None and wanted.theme not in THEMES:
        raise InputRefused(f"{wanted.theme!r} is no theme.", advice=f"There are: {', '.join(THEMES)}.")
    if wanted.zone is not None:
        try:
            ZoneInfo(wanted.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputRefused(f"{wanted.zone!r} is no time zone.", advice="Write one such as Europe/Warsaw.") from error
    with writing(engine) as connection:
        connection.execute(delete(preferences).where(preferences.c.account == account))
        connection.execute(insert(preferences).values(account=account, language=wanted.language, zone=wanted.zone, theme=wanted.theme))
