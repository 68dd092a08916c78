"""One-time links: to an account's first passphrase, to a new one, and to the first account of all.

A link holds a secret of which only the digest is kept. It works once and for a time; a new one of the same kind ends those before it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, delete, exists, insert, select, update

from qa_pipeline.errors import InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.passphrases import set_passphrase
from qa_pipeline.review.people import Account, account_of, insert_account, read_account
from qa_pipeline.review.record import note
from qa_pipeline.review.sessions import digest_of
from qa_pipeline.review.tables import accounts, credentials, identities, links, state
from qa_pipeline.settings import Settings

_PORT = "served_port"
# Chosen: an invitation waits over a long weekend, a reset until the next morning.
_HOURS = {"set-up": 24, "invitation": 96, "reset": 24}


class Purpose(StrEnum):
    """What a link is for."""

    SET_UP = "set-up"
    INVITATION = "invitation"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that works. `account` None: of the first one, who is not there yet."""

    purpose: Purpose
    account: Account | None


def is_new(engine: Engine) -> bool:
    """Whether nobody can sign in yet."""
    with engine.connect() as connection:
        return _is_new(connection)


def make_set_up_link(engine: Engine) -> str:
    """The secret of a link by which the first operator makes their account. Raises InputRefused once somebody can sign in."""
    with writing(engine) as connection:
        if not _is_new(connection):
            raise InputRefused("Somebody can sign in already.", advice="`qa-pipeline accounts invite NAME` makes a link for an account.")
        return _make(connection, Purpose.SET_UP, None)


def make_link(engine: Engine, name: str, purpose: Purpose, *, by: Viewer | None = None) -> str:
    """The secret of a link by which somebody gives their account a passphrase. Raises InputRefused where there is no such account, or it is not active."""
    account = account_of(engine, name)
    if not account.is_active:
        raise InputRefused(
            f"The account {name!r} is not active.",
            advice="Let it work again first: `qa-pipeline accounts activate NAME`; or make another one.",
        )
    with writing(engine) as connection:
        note(connection, by, f"{purpose} made", about=name)
        return _make(connection, purpose, account.account)


def note_served(engine: Engine, port: int) -> None:
    """Note on which port of this machine the app was last served: links that are made beside it lead there."""
    with writing(engine) as connection:
        connection.execute(delete(state).where(state.c.name == _PORT))
        connection.execute(insert(state).values(name=_PORT, value=port))


def address_of_link(engine: Engine, settings: Settings, secret: str) -> str:
    """Where a link leads: to the address that was set; where none was, to the port of this machine that the app was last served on."""
    address = settings.web_address.rstrip("/")
    if settings.web_address == Settings.model_fields["web_address"].default:
        with engine.connect() as connection:
            port = connection.execute(select(state.c.value).where(state.c.name == _PORT)).scalar_one_or_none()
        address = address if port is None else f"http://localhost:{port}"
    return f"{address}/link/{secret}"


def read_link(engine: Engine, secret: str) -> Link:
    """What a link is for. Raises NotThere for one that was used, ended, or never was."""
    with engine.connect() as connection:
        return _read(connection, secret)


def use_link(engine: Engine, secret: str, passphrase: str, *, name: str | None = None) -> Account:
    """Give the account of a link its passphrase. `name`: of the first account, which the link makes, an operator's.

    Raises NotThere as `read_link`, InputRefused for a passphrase that is refused or a name that is taken; the link then still works.
    """
    with writing(engine) as connection:
        link = _read(connection, secret)
        account = link.account
        if account is None:
            account = insert_account(connection, (name or "").strip(), roles=(Role.OPERATOR,))
        set_passphrase(connection, account, passphrase)
        connection.execute(update(links).where(links.c.digest == digest_of(secret)).values(used_at=as_text(datetime.now(UTC))))
        note(connection, Viewer(name=account.name, account=account.account), f"{link.purpose} used", about=account.name)
    return account


def _make(connection: Connection, purpose: Purpose, account: int | None) -> str:
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    is_same = links.c.account.is_(None) if account is None else links.c.account == account
    connection.execute(delete(links).where(is_same, links.c.used_at.is_(None)))
    connection.execute(
        insert(links).values(
            digest=digest_of(secret),
            purpose=purpose.value,
            account=account,
            made_at=as_text(now),
            ends_at=as_text(now + timedelta(hours=_HOURS[purpose])),
            used_at=None,
        )
    )
    return secret


def _read(connection: Connection, secret: str) -> Link:
    gone = NotThere("The link was used, or its time is over.", advice="Ask an operator for a new one: `qa-pipeline accounts invite NAME`.")
    row = connection.execute(select(links).where(links.c.digest == digest_of(secret))).one_or_none()
    if row is None or row.used_at is not None or from_text(row.ends_at) <= datetime.now(UTC):
        raise gone
    purpose = Purpose(row.purpose)
    if purpose is Purpose.SET_UP:
        if not _is_new(connection):
            raise gone
        return Link(purpose=purpose, account=None)
    account = read_account(connection, row.account)
    if account is None or not account.is_active:
        raise gone
    return Link(purpose=purpose, account=account)


def _is_new(connection: Connection) -> bool:
    active = accounts.c.is_active
    by_passphrase = exists().where(credentials.c.account == accounts.c.account, active)
    by_sign_on = exists().where(identities.c.account == accounts.c.account, active)
    return not connection.execute(select(select(accounts.c.account).where(by_passphrase | by_sign_on).exists())).scalar_one()
