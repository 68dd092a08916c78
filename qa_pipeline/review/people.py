"""Who people are: accounts with their roles, teams with their names by date, and who was in a team or led it from when to when.

A team that is renamed stays one team: its calls carry the name of their day. An agent who changes teams takes no call along, and a supervisor sees the
calls of the days on which they led the team. What anybody sees of that is reading/viewer.py; here a Viewer is made of an account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Engine, Row, Table, bindparam, delete, insert, select, update

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import retell_teams
from qa_pipeline.reading.teams import memberships, names_of_teams, team_names, teams, under_its_names
from qa_pipeline.reading.viewer import Role, Tenure, Viewer
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.tables import account_agents, account_roles, accounts, audit, links, sessions

_LONGEST_NAME = 100
_ALWAYS = ""
"""First day of a name that a team had from the beginning."""
# Asked by every page, so made once (reading/index.py).
_ACCOUNT, _ROLES, _AGENTS = (
    select(table).where(table.c.account == bindparam("account")) for table in (accounts, account_roles, account_agents)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may work here. `agent_ids`: of the metadata, whose calls are theirs. `sees_names`: a trainer who sees who speaks."""

    account: int
    name: str
    display_name: str
    is_active: bool
    roles: frozenset[Role]
    agent_ids: frozenset[str]
    sees_names: bool = False


# --- accounts ---------------------------------------------------------------------------------------------------------------------------


def add_account(
    engine: Engine,
    name: str,
    *,
    roles: Iterable[Role],
    agent_ids: Iterable[str] = (),
    display_name: str | None = None,
    by: Viewer | None = None,
) -> Account:
    """Make an account. Raises InputRefused where the name is taken or empty."""
    with writing(engine) as connection:
        return insert_account(connection, name.strip(), roles=roles, agent_ids=agent_ids, display_name=display_name, by=by)


def insert_account(
    connection: Connection,
    name: str,
    *,
    roles: Iterable[Role],
    agent_ids: Iterable[str] = (),
    display_name: str | None = None,
    by: Viewer | None = None,
) -> Account:
    """The same within a transaction."""
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InputRefused(
            f"An account needs a name, of at most {_LONGEST_NAME} characters.", advice="Give the name that the person logs in by."
        )
    if connection.execute(select(accounts.c.account).where(accounts.c.name == name)).one_or_none():
        raise InputRefused(f"There is an account {name!r} already.", advice="`qa-pipeline accounts roles` changes its roles.")
    made = connection.execute(
        insert(accounts)
        .values(name=name, display_name=display_name or name, is_active=True, created_at=as_text(datetime.now(UTC)))
        .returning(accounts.c.account)
    ).scalar_one()
    assign(connection, made, roles, agent_ids)
    _note(connection, by, "account added", name)
    return _read_accounts(connection, accounts.c.account == made)[0]


def set_roles(engine: Engine, name: str, *, roles: Iterable[Role], agent_ids: Iterable[str], by: Viewer | None = None) -> Account:
    """Give an account these roles and agent ids instead of those it has."""
    found = account_of(engine, name)
    with writing(engine) as connection:
        assign(connection, found.account, roles, agent_ids)
        _note(connection, by, "roles changed", name)
    return account_of(engine, name)


def allow_names(engine: Engine, name: str, *, may: bool, by: Viewer | None = None) -> Account:
    """Let a trainer's account see who the people of a call are, or no longer."""
    found = account_of(engine, name)
    with writing(engine) as connection:
        connection.execute(update(accounts).where(accounts.c.account == found.account).values(sees_names=may))
        _note(connection, by, "names allowed" if may else "names withheld", name)
    return account_of(engine, name)


def deactivate(engine: Engine, name: str, *, by: Viewer | None = None) -> None:
    """Let an account decide and see nothing any more. What it decided stays, under its name."""
    found = account_of(engine, name)
    with writing(engine) as connection:
        connection.execute(update(accounts).where(accounts.c.account == found.account).values(is_active=False))
        for table in (sessions, links):
            connection.execute(delete(table).where(table.c.account == found.account))
        _note(connection, by, "account deactivated", name)


def sign_out(engine: Engine, name: str, *, by: Viewer | None = None) -> int:
    """End all sessions of an account. Returns how many there were."""
    found = account_of(engine, name)
    with writing(engine) as connection:
        ended: CursorResult[Any] = connection.execute(delete(sessions).where(sessions.c.account == found.account))
        _note(connection, by, "signed out by another", name)
    return ended.rowcount


def activate(engine: Engine, name: str, *, by: Viewer | None = None) -> None:
    """Let an account that was ended decide and see again, with the roles and the passphrase that it had."""
    found = account_of(engine, name)
    with writing(engine) as connection:
        connection.execute(update(accounts).where(accounts.c.account == found.account).values(is_active=True))
        _note(connection, by, "account activated", name)


def list_accounts(engine: Engine) -> tuple[Account, ...]:
    """All accounts, by name."""
    with engine.connect() as connection:
        return _read_accounts(connection)


def account_of(engine: Engine, name: str) -> Account:
    """The account of a name. Raises InputRefused where there is none."""
    with engine.connect() as connection:
        found = _read_accounts(connection, accounts.c.name == name)
        if not found:
            known = ", ".join(connection.execute(select(accounts.c.name).order_by(accounts.c.name)).scalars())
            raise InputRefused(f"There is no account {name!r}.", advice=f"There are: {known or 'none; `qa-pipeline accounts add`'}.")
    return found[0]


def viewer_of(engine: Engine, name: str) -> Viewer:
    """Who asks, by the name of an account. Raises InputRefused where there is none, or it is not active."""
    found = account_of(engine, name)
    if not found.is_active:
        raise InputRefused(f"The account {name!r} is not active.", advice="Ask an operator.")
    with engine.connect() as connection:
        return viewer_as(connection, found)


def read_account(connection: Connection, number: int) -> Account | None:
    """An account by its number; None where there is none."""
    asked = {"account": number}
    rows = connection.execute(_ACCOUNT, asked).all()
    found = _accounts(rows, connection.execute(_ROLES, asked), connection.execute(_AGENTS, asked)) if rows else ()
    return found[0] if found else None


def viewer_as(connection: Connection, account: Account) -> Viewer:
    """Who asks, by their account, whether it is active or not."""
    led = _led(connection, account.account) if Role.SUPERVISOR in account.roles else ()
    return Viewer(
        name=account.name,
        account=account.account,
        roles=account.roles,
        agent_ids=account.agent_ids,
        teams=led,
        sees_names=account.sees_names,
    )


def _read_accounts(connection: Connection, *which: ColumnElement[bool]) -> tuple[Account, ...]:
    """Accounts by name: all, or those that conditions on `accounts` hold of."""
    rows = connection.execute(select(accounts).where(*which).order_by(accounts.c.name)).all()
    those = [row.account for row in rows] if which else None

    def of_those(table: Table) -> CursorResult[Any]:
        return connection.execute(select(table) if those is None else select(table).where(table.c.account.in_(those)))

    return _accounts(rows, of_those(account_roles), of_those(account_agents))


def _accounts(rows: Iterable[Row[Any]], with_roles: Iterable[Row[Any]], with_agents: Iterable[Row[Any]]) -> tuple[Account, ...]:
    """Accounts of their rows, in their order, with what two other tables say of each."""
    roles: dict[int, set[Role]] = {}
    agents: dict[int, set[str]] = {}
    for account, role in with_roles:
        roles.setdefault(account, set()).add(Role(role))
    for account, agent_id in with_agents:
        agents.setdefault(account, set()).add(agent_id)
    return tuple(
        Account(
            account=row.account,
            name=row.name,
            display_name=row.display_name,
            is_active=row.is_active,
            roles=frozenset(roles.get(row.account, ())),
            agent_ids=frozenset(agents.get(row.account, ())),
            sees_names=row.sees_names,
        )
        for row in rows
    )


# --- teams ------------------------------------------------------------------------------------------------------------------------------


def add_team(engine: Engine, name: str, *, by: Viewer | None = None) -> int:
    """Make a team by the name that the metadata of its calls have. Raises InputRefused where there is one now."""
    with writing(engine) as connection:
        if _team(connection, name) is not None:
            raise InputRefused(f"There is a team {name!r} already.", advice="`qa-pipeline teams list` shows them.")
        made: int = connection.execute(insert(teams).values(created_at=as_text(datetime.now(UTC))).returning(teams.c.team)).scalar_one()
        connection.execute(insert(team_names).values(team=made, name=name, first=_ALWAYS, last=None))
        _note(connection, by, "team added", name)
    return made


def rename_team(engine: Engine, name: str, new: str, *, first: date, by: Viewer | None = None) -> None:
    """From a day on the team is called otherwise; calls before it keep the old name. Raises InputRefused."""
    with writing(engine) as connection:
        team = _known_team(connection, name)
        if _team(connection, new) is not None:
            raise InputRefused(f"There is a team {new!r} already.", advice="Choose another name.")
        column = team_names.c
        is_now = (column.team == team) & column.last.is_(None)
        began = connection.execute(select(column.first).where(is_now)).scalar_one()
        if began >= first.isoformat():
            raise InputRefused(f"{name} has its name since {began}.", advice="Give a later day with --from.")
        connection.execute(update(team_names).where(is_now).values(last=(first - timedelta(days=1)).isoformat()))
        connection.execute(insert(team_names).values(team=team, name=new, first=first.isoformat(), last=None))
        members = select(memberships.c.agent_id).where(memberships.c.team == team, memberships.c.agent_id.is_not(None))
        retell_teams(connection, sorted(set(connection.execute(members).scalars())))
        _note(connection, by, "team renamed", f"{name} → {new}")


def add_member(
    engine: Engine,
    team_name: str,
    *,
    agent_id: str | None = None,
    supervisor: str | None = None,
    first: date | None = None,
    last: date | None = None,
    by: Viewer | None = None,
) -> None:
    """Put an agent into a team, or let a supervisor lead it, from `first` to `last`; None is open. An agent is in one team at a time.

    Raises InputRefused.
    """
    if (agent_id is None) == (supervisor is None):
        raise InputRefused("It is not clear who is meant.", advice="Give an agent id, or a supervisor's account.")
    if first is not None and last is not None and last < first:
        raise InputRefused(f"It ends on {last}, before it begins on {first}.", advice="Give the earlier day first.")
    account = account_of(engine, supervisor).account if supervisor is not None else None
    with writing(engine) as connection:
        team = _known_team(connection, team_name)
        if agent_id is not None and first is not None:
            # The team before ends the day before.
            column = memberships.c
            is_before = (
                (column.agent_id == agent_id) & column.last.is_(None) & (column.first.is_(None) | (column.first < first.isoformat()))
            )
            connection.execute(update(memberships).where(is_before).values(last=(first - timedelta(days=1)).isoformat()))
        connection.execute(insert(memberships).values(team=team, account=account, agent_id=agent_id, first=_day(first), last=_day(last)))
        if agent_id is not None:
            retell_teams(connection, [agent_id])
        _note(connection, by, "member added", f"{agent_id or supervisor} → {team_name}")


def end_membership(engine: Engine, team_name: str, who: str, *, last: date, by: Viewer | None = None) -> None:
    """Let an agent (by agent id) or a supervisor (by account) leave a team after a day. Raises InputRefused where they are not in it."""
    known = {account.name: account.account for account in list_accounts(engine)}
    with writing(engine) as connection:
        column = memberships.c
        is_theirs = (column.agent_id == who) | (column.account == known.get(who, -1))
        is_open = (column.team == _known_team(connection, team_name)) & column.last.is_(None) & is_theirs
        if not connection.execute(update(memberships).where(is_open).values(last=last.isoformat())).rowcount:
            raise InputRefused(f"{who} is not in {team_name} now.", advice="`qa-pipeline teams list` shows who is.")
        retell_teams(connection, [who])
        _note(connection, by, "member left", f"{who} → {team_name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A stay in a team. `team`: its name now; `who`: agent id, or account of a supervisor."""

    team: str
    who: str
    is_supervisor: bool
    tenure: Tenure


def list_teams(engine: Engine) -> dict[str, tuple[str, ...]]:
    """Names of the teams now, each with those it had before, oldest first."""
    with engine.connect() as connection:
        names: dict[int, list[str]] = {}
        for row in connection.execute(select(team_names).order_by(team_names.c.team, team_names.c.first)):
            names.setdefault(row.team, []).append(row.name)
    return {several[-1]: tuple(several[:-1]) for several in names.values()}


def list_members(engine: Engine) -> tuple[Member, ...]:
    """All stays in teams, past ones too."""
    with engine.connect() as connection:
        asked = (
            select(memberships, team_names.c.name, accounts.c.name.label("supervisor"))
            .join(team_names, (team_names.c.team == memberships.c.team) & team_names.c.last.is_(None))
            .outerjoin(accounts, accounts.c.account == memberships.c.account)
            .order_by(team_names.c.name, memberships.c.first, memberships.c.membership)
        )
        return tuple(
            Member(
                team=row.name,
                who=row.supervisor or row.agent_id,
                is_supervisor=row.account is not None,
                tenure=Tenure(team=row.name, first=_as_day(row.first), last=_as_day(row.last)),
            )
            for row in connection.execute(asked)
        )


def _led(connection: Connection, account: int) -> tuple[Tenure, ...]:
    """The teams of a supervisor: a tenure for each name that a team had while they led it."""
    stays = connection.execute(select(memberships).where(memberships.c.account == account).order_by(memberships.c.membership)).all()
    names = names_of_teams(connection, [stay.team for stay in stays])
    return tuple(
        tenure
        for stay in stays
        for tenure in under_its_names(stay.team, Tenure(team="", first=_as_day(stay.first), last=_as_day(stay.last)), names)
    )


def _team(connection: Connection, name: str) -> int | None:
    """The team that is called so now."""
    found: int | None = connection.execute(
        select(team_names.c.team).where(team_names.c.name == name, team_names.c.last.is_(None))
    ).scalar_one_or_none()
    return found


def _known_team(connection: Connection, name: str) -> int:
    found = _team(connection, name)
    if found is None:
        raise InputRefused(f"There is no team {name!r} now.", advice="`qa-pipeline teams list` shows them; `teams add` makes one.")
    return found


def assign(connection: Connection, account: int, roles: Iterable[Role], agent_ids: Iterable[str]) -> None:
    """Give an account these roles and agent ids, within a transaction."""
    connection.execute(delete(account_roles).where(account_roles.c.account == account))
    connection.execute(delete(account_agents).where(account_agents.c.account == account))
    for role in sorted(set(roles)):
        connection.execute(insert(account_roles).values(account=account, role=role.value))
    for agent_id in sorted(set(agent_ids)):
        connection.execute(insert(account_agents).values(account=account, agent_id=agent_id))


def _note(connection: Connection, by: Viewer | None, did: str, about: str) -> None:
    at = as_text(datetime.now(UTC))
    connection.execute(insert(audit).values(at=at, who=by.name if by else None, account=by.account if by else None, did=did, about=about))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _as_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
