"""An office: a results root with a handful of scored calls, and accounts of the five roles. Made once, copied for each test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from copies import copy
from desks import commit
from everywhere import naming
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.routing import BaseRoute
from stored import make_store

from qa_pipeline.reading.viewer import Role
from qa_pipeline.results.store import Store
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import account_of, add_account, add_member, add_team
from qa_pipeline.review.sessions import begin_session
from qa_pipeline.settings import Settings
from qa_pipeline.web.app import create_app

OWN, TEAM, OTHER = "own", "team", "other"
"""Calls: of the agent lin; of another agent of lin's team, north; of an agent of the team south."""
PASSPHRASE = "quiet river under stones"
ACCOUNTS = {
    "mei": Role.REVIEWER,
    "rolf": Role.REVIEWER,
    "anna": Role.SUPERVISOR,
    "piotr": Role.TRAINER,
    "lin": Role.AGENT,
    "otto": Role.AGENT,
    "sven": Role.OPERATOR,
}
"""Accounts and their roles; anna leads the team north, lin is agent a1, otto a2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The desk of an office, with the settings that it is opened by."""

    desk: Desk
    settings: Settings

    @property
    def engine(self) -> Engine:
        """The review database."""
        return self.desk.engine

    @property
    def store(self) -> Store:
        """The results."""
        return self.desk.store


def make_template(folder: Path) -> None:
    """Six calls of three agents on three days of May 2026, and the accounts."""
    store = make_store(folder)
    calls = ((OWN, "a1", "north", 11), (TEAM, "a2", "north", 11), (OTHER, "a3", "south", 11), ("own-2", "a1", "north", 12), ("team-2", "a2", "north", 12), ("other-2", "a3", "south", 13))  # fmt: skip
    for call_id, agent, team, day in calls:
        commit(store, call_id, agent_id=agent, agent_name=f"Agent {agent}", team=team, started_at=datetime(2026, 5, day, 4, tzinfo=UTC))
    engine = open_desk(Settings(results=store.root, rubrics=folder / "rubrics"), store).engine
    for name, role in ACCOUNTS.items():
        agents = {"lin": ("a1",), "otto": ("a2",)}.get(name, ())
        add_account(engine, name, roles=(role,), agent_ids=agents, display_name=name.capitalize())
    for team in ("north", "south"):
        add_team(engine, team)
    add_member(engine, "north", supervisor="anna")
    for agent, team in (("a1", "north"), ("a2", "north"), ("a3", "south")):
        add_member(engine, team, agent_id=agent)
    engine.dispose()


def open_office(folder: Path) -> Office:
    """A copy of the office in a folder of a test."""
    copy(make_template, folder)
    store = make_store(folder)
    # Jobs of pages are done by another process.
    settings = naming(Settings(results=store.root, rubrics=folder / "rubrics", cache=folder / "cache", timezone="Asia/Shanghai"))
    return Office(desk=open_desk(settings, store), settings=settings)


def session_of(office: Office, name: str) -> str:
    """What the cookie of a new session of an account holds."""
    return begin_session(office.engine, account_of(office.engine, name).account, hours=12)


_ROUTES: list[BaseRoute] = []


def open_app(desk: Desk, settings: Settings) -> FastAPI:
    """The app over a desk, with the routes of the first one of this process: FastAPI looks through them at the first request, for a fifth of a second."""
    app = create_app(desk, settings)
    if not _ROUTES:
        _ROUTES.extend(app.router.routes)
    app.router.routes[:] = _ROUTES
    return app
