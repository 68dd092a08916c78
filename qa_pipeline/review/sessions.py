"""Who is signed in: a session for each browser, known by what its cookie holds, of which only the digest is kept.

A session ends after a time, after a while of silence, by signing out, and with the passphrase or the account that it was begun by.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.people import Account, read_account, viewer_as
from qa_pipeline.review.preferences import Preferences, read_preferences
from qa_pipeline.review.tables import sessions

# A look at a page is written down at most so often.
_SEEN_EVERY = timedelta(minutes=1)
# Asked by every page, so made once (reading/index.py).
_ONE = select(sessions).where(sessions.c.digest == bindparam("digest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody at a browser. `csrf`: what their forms carry."""

    account: Account
    viewer: Viewer
    csrf: str
    preferences: Preferences


def begin_session(engine: Engine, account: int, *, hours: float, instead_of: str | None = None) -> str:
    """Begin a session and return what its cookie holds. `instead_of`: of the same browser, which ends."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with writing(engine) as connection:
        connection.execute(delete(sessions).where((sessions.c.ends_at < as_text(now)) | (sessions.c.digest == digest_of(instead_of or ""))))
        connection.execute(
            insert(sessions).values(
                digest=digest_of(token),
                account=account,
                csrf=secrets.token_urlsafe(32),
                began_at=as_text(now),
                seen_at=as_text(now),
                ends_at=as_text(now + timedelta(hours=hours)),
            )
        )
    return token


def read_session(engine: Engine, token: str | None, *, idle_minutes: float) -> Session | None:
    """The session of a cookie; None where it ended, was silent for so long, or its account is not active any more."""
    if not token:
        return None
    now = datetime.now(UTC)
    with engine.connect() as connection:
        row = connection.execute(_ONE, {"digest": digest_of(token)}).one_or_none()
        if row is None or from_text(row.ends_at) <= now or from_text(row.seen_at) <= now - timedelta(minutes=idle_minutes):
            return None
        account = read_account(connection, row.account)
        if account is None or not account.is_active:
            return None
        found = Session(
            account=account,
            viewer=viewer_as(connection, account),
            csrf=row.csrf,
            preferences=read_preferences(connection, account.account),
        )
    if from_text(row.seen_at) <= now - _SEEN_EVERY:
        with writing(engine) as connection:
            connection.execute(update(sessions).where(sessions.c.digest == row.digest).values(seen_at=as_text(now)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A browser that somebody is signed in at. `seen_at`: to the minute; `is_this`: the one that asks."""

    began_at: datetime
    seen_at: datetime
    is_this: bool


def list_sessions(engine: Engine, account: int, token: str | None, *, idle_minutes: float) -> tuple[Begun, ...]:
    """Where somebody is signed in, the newest first. `token`: of the browser that asks."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        rows = connection.execute(select(sessions).where(sessions.c.account == account).order_by(sessions.c.began_at.desc())).all()
    return tuple(
        Begun(began_at=from_text(row.began_at), seen_at=from_text(row.seen_at), is_this=row.digest == digest_of(token or ""))
        for row in rows
        if from_text(row.ends_at) > now and from_text(row.seen_at) > now - timedelta(minutes=idle_minutes)
    )


def end_session(engine: Engine, token: str) -> None:
    """Sign one browser out."""
    with writing(engine) as connection:
        connection.execute(delete(sessions).where(sessions.c.digest == digest_of(token)))


def end_sessions(engine: Engine, account: int) -> None:
    """Sign somebody out everywhere."""
    with writing(engine) as connection:
        connection.execute(delete(sessions).where(sessions.c.account == account))


def digest_of(token: str) -> str:
    """What is kept of a secret that a browser or a link holds."""
    return hashlib.sha256(token.encode()).hexdigest()
