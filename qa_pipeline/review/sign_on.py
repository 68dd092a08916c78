"""Accounts of people who sign in at a provider (single sign-on): made at the first time, with the roles of their groups there at each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, delete, exists, insert, select

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.people import Account, assign, insert_account, read_account
from qa_pipeline.review.record import note
from qa_pipeline.review.tables import accounts, credentials, identities, sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as a provider knows them. `subject`: never given to anybody else there. `agent_ids` None: it does not know them."""

    issuer: str
    subject: str
    name: str
    display_name: str | None = None
    groups: frozenset[str] = frozenset()
    agent_ids: frozenset[str] | None = None


class SignOnRefused(AccessRefused):
    """Whom the provider sent gets no session. `why`: group, name, ended, provider."""

    def __init__(self, why: str, message: str, *, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.why = why


def read_groups(written: Iterable[str]) -> Mapping[str, Role]:
    """`GROUP=role` as the settings have them. Raises InputRefused for what is none."""
    found = {}
    for one in written:
        group, sign, role = one.rpartition("=")
        if not sign or not group.strip() or role.strip() not in set(Role):
            raise InputRefused(f"oidc_groups: {one!r} gives no role.", advice=f"Write GROUP=ROLE; roles: {', '.join(Role)}.")
        found[group.strip()] = Role(role.strip())
    return found


def sign_on(engine: Engine, who: Identity, roles_of: Mapping[str, Role]) -> Account:
    """The account of whom a provider sent, made or brought up. Raises SignOnRefused for who is in no group, or whose name another one has."""
    roles = frozenset(roles_of[group] for group in who.groups if group in roles_of)
    if not roles:
        _take_roles(engine, who)
        raise SignOnRefused("group", f"{who.name} is in no group that has a role here.", advice="Ask whoever looks after the groups.")
    with writing(engine) as connection:
        known = connection.execute(
            select(identities.c.account).where(identities.c.issuer == who.issuer, identities.c.subject == who.subject)
        ).scalar_one_or_none()
        account = read_account(connection, known) if known is not None else _taken_over(connection, who)
        if account is None:
            account = insert_account(connection, who.name, roles=roles, agent_ids=who.agent_ids or (), display_name=who.display_name)
        if known is None:
            connection.execute(insert(identities).values(issuer=who.issuer, subject=who.subject, account=account.account))
        if not account.is_active:
            raise SignOnRefused("ended", f"The account {account.name!r} is not active.", advice="Ask an operator.")
        agent_ids = account.agent_ids if who.agent_ids is None else who.agent_ids
        viewer = Viewer(name=account.name, account=account.account)
        if (roles, agent_ids) != (account.roles, account.agent_ids):
            assign(connection, account.account, roles, agent_ids)
            note(connection, viewer, "roles changed", about=account.name)
        note(connection, viewer, "signed in")
    return replace(account, roles=roles, agent_ids=frozenset(agent_ids))


def _take_roles(engine: Engine, who: Identity) -> None:
    """Whoever left all groups keeps no role, no session, and no token that could do anything."""
    with writing(engine) as connection:
        known = connection.execute(
            select(identities.c.account).where(identities.c.issuer == who.issuer, identities.c.subject == who.subject)
        ).scalar_one_or_none()
        account = read_account(connection, known) if known is not None else None
        if account is not None and account.roles:
            assign(connection, account.account, frozenset(), account.agent_ids)
            connection.execute(delete(sessions).where(sessions.c.account == account.account))
            note(connection, Viewer(name=account.name, account=account.account), "roles changed", about=account.name)


def _taken_over(connection: Connection, who: Identity) -> Account | None:
    """The account of this name that was made for them beforehand; None where there is none. One that somebody else signs in by is not theirs."""
    number = connection.execute(select(accounts.c.account).where(accounts.c.name == who.name)).scalar_one_or_none()
    if number is None:
        return None
    by_passphrase = exists().where(credentials.c.account == number)
    by_sign_on = exists().where(identities.c.account == number)
    if connection.execute(select(by_passphrase | by_sign_on)).scalar_one():
        raise SignOnRefused(
            "name", f"The account {who.name!r} is somebody's already.", advice="Give one of the two another name at the provider."
        )
    return read_account(connection, number)
