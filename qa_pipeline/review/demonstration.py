"""Accounts of the five roles for a demonstration, with passphrases that anybody may know: only over the sample calls, never over real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.pages import MOST_ROWS, come_only_from, page
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.passphrases import set_passphrase
from qa_pipeline.review.people import add_account, add_member, add_team, list_accounts, list_members, list_teams, set_roles

SAMPLES = "sample_audio"
"""Folder that all calls of a demonstration come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of the demonstration."""

    name: str
    role: Role
    passphrase: str


ACCOUNTS = (
    DemoAccount(name="mei", role=Role.REVIEWER, passphrase="tea before the first call"),
    DemoAccount(name="rolf", role=Role.REVIEWER, passphrase="a second pair of ears"),
    DemoAccount(name="anna", role=Role.SUPERVISOR, passphrase="seven lanterns on a hill"),
    DemoAccount(name="piotr", role=Role.TRAINER, passphrase="rules that read like prose"),
    DemoAccount(name="lin", role=Role.AGENT, passphrase="a voice with a smile in it"),
    DemoAccount(name="sven", role=Role.OPERATOR, passphrase="nights that run by themselves"),
)
# Of so many agents of the samples, who have a call or two each, one account has all calls: it would have nothing to read otherwise.
_EACH_AGENT = 3


def seed_demonstration(desk: Desk) -> Sequence[DemoAccount]:
    """Make the accounts and the teams of a demonstration, or give them back what they had. Raises InputRefused over calls that are not the samples."""
    if not come_only_from(desk.engine, local_viewer(None), SAMPLES):
        raise InputRefused(
            f"The results in {desk.store.root} are not those of {SAMPLES} alone: accounts whose passphrases everybody knows have no place there.",
            advice=f"`qa-pipeline run {SAMPLES} --results DEMO` makes results for a demonstration; without --demo, serve asks for real accounts.",
        )
    calls = page(desk.engine, local_viewer(None), size=MOST_ROWS).lines
    agents = sorted({call.agent_id for call in calls if call.agent_id})
    teams = sorted({call.team for call in calls if call.team})
    there = {account.name for account in list_accounts(desk.engine)}
    for one in ACCOUNTS:
        own = agents[::_EACH_AGENT] if one.role is Role.AGENT else []
        if one.name in there:
            account = set_roles(desk.engine, one.name, roles=(one.role,), agent_ids=own)
        else:
            account = add_account(desk.engine, one.name, roles=(one.role,), agent_ids=own, display_name=one.name.capitalize())
        with writing(desk.engine) as connection:
            set_passphrase(connection, account, one.passphrase)
    known = set(list_teams(desk.engine))
    for team in teams:
        if team not in known:
            add_team(desk.engine, team)
    led = {member.team for member in list_members(desk.engine) if member.is_supervisor}
    supervisor = next(one.name for one in ACCOUNTS if one.role is Role.SUPERVISOR)
    for team in teams:
        if team not in led:
            add_member(desk.engine, team, supervisor=supervisor)
    return ACCOUNTS
