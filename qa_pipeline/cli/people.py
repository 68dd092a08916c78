"""The commands of operators about people: accounts with their roles, teams with their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as
from qa_pipeline.cli.options import DATE, as_day

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from qa_pipeline.reading.viewer import Viewer
    from qa_pipeline.review.people import Member

# As reading/viewer.py has them; the help is shown without loading it.
_ROLE = click.Choice(["agent", "reviewer", "supervisor", "trainer", "operator"])
_role_option = click.option(
    "--role", "roles", type=_ROLE, multiple=True, required=True, help="What they are here for; may be given several times."
)
_agent_option = click.option("--agent-id", "agent_ids", multiple=True, metavar="ID", help="Whose calls are theirs, by the metadata.")
_first_option = click.option("--from", "first", type=DATE, metavar="DAY", help="First day; by default from the beginning.")
_last_option = click.option("--to", "last", type=DATE, metavar="DAY", help="Last day; by default still.")


@click.group()
def accounts() -> None:
    """Who may decide and see what: add, invite, reset, list, roles, names, deactivate, activate."""


@accounts.command("add")
@click.argument("name")
@_role_option
@_agent_option
@click.option("--display-name", metavar="TEXT", help="How they are called; by default NAME.")
@deciding_options
def accounts_add(
    name: str, roles: tuple[str, ...], agent_ids: tuple[str, ...], display_name: str | None, results: str | None, as_name: str | None
) -> None:
    """Make an account that is called NAME."""
    from qa_pipeline.reading.viewer import Role
    from qa_pipeline.review.people import add_account

    engine, by = _at_desk(results, as_name)
    made = add_account(engine, name, roles=map(Role, roles), agent_ids=agent_ids, display_name=display_name, by=by)
    click.echo(f"{made.name}: {', '.join(sorted(made.roles))}.")


@accounts.command("roles")
@click.argument("name")
@_role_option
@_agent_option
@deciding_options
def accounts_roles(name: str, roles: tuple[str, ...], agent_ids: tuple[str, ...], results: str | None, as_name: str | None) -> None:
    """Give the account NAME these roles and agent ids instead of those it has."""
    from qa_pipeline.reading.viewer import Role
    from qa_pipeline.review.people import set_roles

    engine, by = _at_desk(results, as_name)
    changed = set_roles(engine, name, roles=map(Role, roles), agent_ids=agent_ids, by=by)
    click.echo(f"{changed.name}: {', '.join(sorted(changed.roles))}.")


@accounts.command("names")
@click.argument("name")
@click.option("--allow/--withhold", "may", default=True, show_default=True, help="Whether they see them.")
@deciding_options
def accounts_names(name: str, may: bool, results: str | None, as_name: str | None) -> None:
    """Let the trainer NAME see who the people of a call are; without it trainers see words without names."""
    from qa_pipeline.review.people import allow_names

    engine, by = _at_desk(results, as_name)
    allow_names(engine, name, may=may, by=by)
    click.echo(f"{name} {'sees' if may else 'does not see'} who the people of a call are.")


@accounts.command("invite")
@click.argument("name")
@deciding_options
def accounts_invite(name: str, results: str | None, as_name: str | None) -> None:
    """Make a one-time link by which the person of the account NAME chooses a passphrase. Whoever has the link can: give it to nobody else."""
    _make_link(name, "invitation", results, as_name)


@accounts.command("reset")
@click.argument("name")
@deciding_options
def accounts_reset(name: str, results: str | None, as_name: str | None) -> None:
    """Make a one-time link by which the person of the account NAME chooses another passphrase, where the first was forgotten."""
    _make_link(name, "reset", results, as_name)


@accounts.command("deactivate")
@click.argument("name")
@deciding_options
def accounts_deactivate(name: str, results: str | None, as_name: str | None) -> None:
    """Let the account NAME see and decide nothing any more; what it decided stays."""
    from qa_pipeline.review.people import deactivate

    engine, by = _at_desk(results, as_name)
    deactivate(engine, name, by=by)
    click.echo(f"{name} is not active any more.")


@accounts.command("sign-out")
@click.argument("name")
@deciding_options
def accounts_sign_out(name: str, results: str | None, as_name: str | None) -> None:
    """Sign the account NAME out of the review app at every browser: for a machine that was lost."""
    from qa_pipeline.review.people import sign_out

    engine, by = _at_desk(results, as_name)
    click.echo(f"{name} was signed in at {sign_out(engine, name, by=by)} browsers and is at none now.")


@accounts.command("activate")
@click.argument("name")
@deciding_options
def accounts_activate(name: str, results: str | None, as_name: str | None) -> None:
    """Let the account NAME see and decide again, with the roles and the passphrase that it had."""
    from qa_pipeline.review.people import activate

    engine, by = _at_desk(results, as_name)
    activate(engine, name, by=by)
    click.echo(f"{name} is active.")


@accounts.command("list")
@deciding_options
def accounts_list(results: str | None, as_name: str | None) -> None:
    """List all accounts."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.people import list_accounts

    engine, _ = _at_desk(results, as_name)
    show_rows(
        [
            {
                "name": account.name,
                "called": account.display_name,
                "roles": ", ".join(sorted(account.roles)),
                "agent ids": ", ".join(sorted(account.agent_ids)),
                "active": "yes" if account.is_active else "no",
            }
            for account in list_accounts(engine)
        ]
    )


@click.group()
def teams() -> None:
    """Teams, and who was in them or led them when: add, rename, member, leave, list."""


@teams.command("add")
@click.argument("name")
@deciding_options
def teams_add(name: str, results: str | None, as_name: str | None) -> None:
    """Make a team, by the NAME that the metadata of its calls have."""
    from qa_pipeline.review.people import add_team

    engine, by = _at_desk(results, as_name)
    add_team(engine, name, by=by)
    click.echo(f"Team {name}.")


@teams.command("rename")
@click.argument("name")
@click.argument("new")
@click.option("--from", "first", type=DATE, metavar="DAY", required=True, help="First day of the new name.")
@deciding_options
def teams_rename(name: str, new: str, first: datetime, results: str | None, as_name: str | None) -> None:
    """Say that the team NAME is called NEW from a day on. It stays one team; its calls before that day keep their name."""
    from qa_pipeline.review.people import rename_team

    engine, by = _at_desk(results, as_name)
    rename_team(engine, name, new, first=first.date(), by=by)
    click.echo(f"Team {new}, {name} until {first:%Y-%m-%d}.")


@teams.command("member")
@click.argument("team")
@click.option("--agent-id", metavar="ID", help="An agent, by the metadata: is in it.")
@click.option("--supervisor", metavar="ACCOUNT", help="A supervisor, by their account: leads it.")
@_first_option
@_last_option
@deciding_options
def teams_member(
    team: str,
    agent_id: str | None,
    supervisor: str | None,
    first: datetime | None,
    last: datetime | None,
    results: str | None,
    as_name: str | None,
) -> None:
    """Put an agent into TEAM, or let a supervisor lead it. An agent leaves the team before on the day before."""
    from qa_pipeline.review.people import add_member

    engine, by = _at_desk(results, as_name)
    add_member(engine, team, agent_id=agent_id, supervisor=supervisor, first=as_day(first), last=as_day(last), by=by)
    click.echo(f"{agent_id or supervisor}: {team}.")


@teams.command("leave")
@click.argument("team")
@click.argument("who")
@click.option("--to", "last", type=DATE, metavar="DAY", required=True, help="Last day in it.")
@deciding_options
def teams_leave(team: str, who: str, last: datetime, results: str | None, as_name: str | None) -> None:
    """Say that WHO, an agent id or an account, is in TEAM until a day."""
    from qa_pipeline.review.people import end_membership

    engine, by = _at_desk(results, as_name)
    end_membership(engine, team, who, last=last.date(), by=by)
    click.echo(f"{who}: {team} until {last:%Y-%m-%d}.")


@teams.command("list")
@deciding_options
def teams_list(results: str | None, as_name: str | None) -> None:
    """List teams, the names they had, and everybody who is or was in them."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.people import list_members, list_teams

    engine, _ = _at_desk(results, as_name)
    members = list_members(engine)
    rows = []
    for name, before in sorted(list_teams(engine).items()):
        stays: list[Member | None] = [m for m in members if m.team == name]
        for member in stays or [None]:
            rows.append(
                {
                    "team": name,
                    "before": ", ".join(before),
                    "who": member.who if member else "",
                    "as": ("supervisor" if member.is_supervisor else "agent") if member else "",
                    "from": (member.tenure.first if member else None) or "",
                    "to": (member.tenure.last if member else None) or "",
                }
            )
    show_rows(rows)


COMMANDS = (accounts, teams)


def _make_link(name: str, purpose: str, results: str | None, as_name: str | None) -> None:
    from qa_pipeline.cli.options import open_settings
    from qa_pipeline.review.invitations import Purpose, address_of_link, make_link

    engine, by = _at_desk(results, as_name)
    secret = make_link(engine, name, Purpose(purpose), by=by)
    click.echo(address_of_link(engine, open_settings(results=results), secret))


def _at_desk(results: str | None, as_name: str | None) -> tuple[Engine, Viewer]:
    """The review database, and who changes something in it. Raises AccessRefused where that is not theirs."""
    from qa_pipeline.errors import AccessRefused
    from qa_pipeline.reading.viewer import Matter, Scope

    _, desk, viewer = open_desk_as(results, as_name)
    if Scope.ALL not in viewer.scopes(Matter.PEOPLE):
        raise AccessRefused(f"{viewer.name} does not look after accounts and teams.", advice="Ask an operator.")
    return desk.engine, viewer
