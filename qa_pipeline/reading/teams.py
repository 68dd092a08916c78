"""Which team an agent was in on a day: of a call whose metadata name no team, the team that lists, figures and the rule of who sees what take it for.

People keep the tables (review/people.py); they stand here because the index is made with them. Days are ISO dates, which sort as they follow each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, inspect, select

from qa_pipeline.reading.database import PEOPLE
from qa_pipeline.reading.viewer import Tenure

teams = Table("teams", PEOPLE, Column("team", Integer, primary_key=True), Column("created_at", String, nullable=False))
team_names = Table(
    "team_names",
    PEOPLE,
    Column("team", ForeignKey("teams.team"), primary_key=True),
    Column("name", String, primary_key=True, comment="as the metadata of calls have it"),
    Column("first", String, primary_key=True, comment="day; empty: from the beginning"),
    Column("last", String, comment="day, inclusive; null: still"),
)
memberships = Table(
    "memberships",
    PEOPLE,
    Column("membership", Integer, primary_key=True),
    Column("team", ForeignKey("teams.team"), nullable=False),
    Column("account", ForeignKey("accounts.account"), comment="a supervisor, who leads it; null for an agent"),
    Column("agent_id", String, comment="an agent, who is in it; null for a supervisor"),
    Column("first", String, comment="day; null: from the beginning"),
    Column("last", String, comment="day, inclusive; null: still"),
)
Index("memberships_agent", memberships.c.agent_id)
Index("memberships_account", memberships.c.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """In which teams agents were, and when: by agent, each stay with each name that the team had meanwhile; of two for one day the later counts."""

    stays: Mapping[str, tuple[Tenure, ...]]

    def team_on(self, agent_id: str | None, day: date | None) -> str | None:
        """Name that an agent's team had on a day; None where nobody put them into one for that day."""
        stays = self.stays.get(agent_id, ()) if agent_id is not None else ()
        return next((stay.team for stay in reversed(stays) if stay.covers(day)), None)


def read_memberships(connection: Connection, agent_ids: Sequence[str] | None = None) -> Memberships:
    """Of some agents, or of all; of nobody where there are no accounts and teams yet."""
    if not inspect(connection).has_table(memberships.name):
        return Memberships(stays={})
    asked = select(memberships).where(memberships.c.agent_id.is_not(None)).order_by(memberships.c.membership)
    rows = connection.execute(asked if agent_ids is None else asked.where(memberships.c.agent_id.in_(agent_ids))).all()
    names = names_of_teams(connection, sorted({row.team for row in rows}))
    stays: dict[str, list[Tenure]] = {}
    for row in rows:
        stays.setdefault(row.agent_id, []).extend(
            under_its_names(row.team, Tenure(team="", first=_day(row.first), last=_day(row.last)), names)
        )
    return Memberships(stays={agent_id: tuple(several) for agent_id, several in stays.items()})


def names_of_teams(connection: Connection, several: Sequence[int]) -> list[tuple[int, Tenure]]:
    """The names that teams had, each with its days, oldest first."""
    asked = select(team_names).where(team_names.c.team.in_(several)).order_by(team_names.c.first)
    return [(row.team, Tenure(team=row.name, first=_day(row.first), last=_day(row.last))) for row in connection.execute(asked)]


def under_its_names(team: int, stay: Tenure, names: Sequence[tuple[int, Tenure]]) -> list[Tenure]:
    """A stay in a team as a tenure for each name that it had meanwhile."""
    found = []
    for named, name in names:
        first = max(filter(None, (name.first, stay.first)), default=None)
        last = min(filter(None, (name.last, stay.last)), default=None)
        if named == team and (first is None or last is None or first <= last):
            found.append(Tenure(team=name.team, first=first, last=last))
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
