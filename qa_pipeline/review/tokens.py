"""Tokens by which programs ask in an account's name: what they may is what the account may, and of that only what the token's scopes say.

A token is shown once, when it is made; what is kept is its SHA-256. That is enough for 256 random bits: there is nothing to guess, so that the slow hash
that a passphrase needs would only make each question slow.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, insert, select, update

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Matter, Scope, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.people import account_of, viewer_of
from qa_pipeline.review.tables import accounts, api_tokens, audit

_PREFIX = "qa_"
_SHOWN = 10


class May(StrEnum):
    """What a token is for. It never adds to what its account may."""

    CALLS = "calls"
    """Calls, scores and findings with the words they quote, what people decided."""
    WORDS = "words"
    """Transcripts."""
    DECIDE = "decide"
    """To decide about calls, as the account."""
    FIGURES = "figures"
    """Counts, means, agreement."""
    RUBRICS = "rubrics"
    RUNS = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of a token. `beginning`: its first letters; `used_on`: the day of its last use."""

    token: int
    name: str
    account: str
    beginning: str
    may: frozenset[May]
    author: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_on: str | None

    def holds(self, at: datetime) -> bool:
        """Whether it may be used at a time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Whose token it is, and what it is for."""

    token: Token
    viewer: Viewer


def make_token(engine: Engine, by: Viewer, name: str, *, account: str, may: Iterable[May], days: int | None = None) -> tuple[Token, str]:
    """Make a token for an account: what is known of it, and the token itself, which is shown here and never again. `days`: how long it holds.

    Raises InputRefused where it would be for nothing or nobody, AccessRefused for who looks after no accounts.
    """
    _require(by)
    wanted = frozenset(may)
    if not name.strip() or not wanted:
        raise InputRefused("A token needs a name and a scope.", advice=f"Scopes: {', '.join(May)}.")
    holder = account_of(engine, account)
    if not holder.is_active:
        raise InputRefused(f"The account {account!r} is not active.", advice="Choose another one.")
    secret, now = _PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    with writing(engine) as connection:
        made = connection.execute(
            insert(api_tokens)
            .values(
                name=name.strip(),
                account=holder.account,
                digest=_digest(secret),
                beginning=secret[:_SHOWN],
                scopes=" ".join(sorted(wanted)),
                author=by.name,
                created_at=as_text(now),
                expires_at=None if days is None else as_text(now + timedelta(days=days)),
            )
            .returning(api_tokens.c.token)
        ).scalar_one()
        _note(connection, by, "token made", f"{name.strip()} → {account}")
    return next(one for one in list_tokens(engine, by) if one.token == made), secret


def list_tokens(engine: Engine, by: Viewer) -> tuple[Token, ...]:
    """All tokens, the newest first. Raises AccessRefused."""
    _require(by)
    return _tokens(engine)


def revoke_token(engine: Engine, by: Viewer, token: int) -> None:
    """Let a token open nothing any more. Raises InputRefused where there is none, AccessRefused."""
    _require(by)
    with writing(engine) as connection:
        is_it = (api_tokens.c.token == token) & api_tokens.c.revoked_at.is_(None)
        if not connection.execute(update(api_tokens).where(is_it).values(revoked_at=as_text(datetime.now(UTC)))).rowcount:
            raise InputRefused(f"There is no token {token} in use.", advice="`qa-pipeline tokens list` shows them.")
        _note(connection, by, "token revoked", str(token))


def granted(engine: Engine, secret: str) -> Granted | None:
    """Whose token this is; None for one that is none, that was revoked, has expired, or whose account is not active."""
    now = datetime.now(UTC)
    found = next(iter(_tokens(engine, digest=_digest(secret))), None)
    if found is None or not found.holds(now):
        return None
    try:
        viewer = viewer_of(engine, found.account)
    except InputRefused:
        return None
    today = now.date().isoformat()
    # Once a day: a question that only reads should not wait for a writer.
    if found.used_on != today:
        with writing(engine) as connection:
            connection.execute(update(api_tokens).where(api_tokens.c.token == found.token).values(used_at=today))
    return Granted(token=found, viewer=viewer)


def _tokens(engine: Engine, *, digest: str | None = None) -> tuple[Token, ...]:
    asked = select(api_tokens, accounts.c.name.label("holder")).join(accounts, accounts.c.account == api_tokens.c.account)
    if digest is not None:
        asked = asked.where(api_tokens.c.digest == digest)
    with engine.connect() as connection:
        return tuple(
            Token(
                token=row.token,
                name=row.name,
                account=row.holder,
                beginning=row.beginning,
                may=frozenset(map(May, row.scopes.split())),
                author=row.author,
                created_at=from_text(row.created_at),
                expires_at=from_text(row.expires_at) if row.expires_at else None,
                revoked_at=from_text(row.revoked_at) if row.revoked_at else None,
                used_on=row.used_at,
            )
            for row in connection.execute(asked.order_by(api_tokens.c.token.desc()))
        )


def _require(by: Viewer) -> None:
    if Scope.ALL not in by.scopes(Matter.PEOPLE):
        raise AccessRefused(f"{by.name} does not look after accounts.", advice="Ask an operator.")


def _note(connection: Connection, by: Viewer, did: str, about: str) -> None:
    at = as_text(datetime.now(UTC))
    connection.execute(insert(audit).values(at=at, who=by.name, account=by.account, did=did, about=about))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
