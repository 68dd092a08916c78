"""Who asks, and what they may see: one rule, asked by every question of this folder.

A call belongs to the agent who spoke and to the team that it was of on its day, so that a change of team, a renamed team or a supervisor for two
months changes nothing about calls of other days. docs/who-sees-what.md is generated from RULE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from qa_pipeline.errors import AccessRefused


class Role(StrEnum):
    """What an account is here for. One account may have several."""

    AGENT = "agent"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    TRAINER = "trainer"
    OPERATOR = "operator"


class Matter(StrEnum):
    """What a question is about."""

    SCORE = "score"
    """Scores and findings of a call, with the words they quote."""
    WORDS = "words"
    """The transcript and the sound of a call."""
    NAMES = "names"
    """Who the people of a call are beside what is said: the agent's name, the customer's id, the file's name, further metadata."""
    DECISIONS = "decisions"
    """What people decided about a call, and who."""
    FIGURES = "figures"
    """Counts and means over calls."""
    RUNS = "runs"
    """Runs, failures, closed periods: no words."""
    RUBRICS = "rubrics"
    """Rubrics and their versions."""
    PEOPLE = "people"
    """Accounts, teams, and the record of who looked at what."""
    TABLES = "tables"
    """Any question in SQL."""


class Scope(StrEnum):
    """How much of a matter somebody sees."""

    ALL = "all"
    TEAMS = "their teams"
    OWN = "their own"
    NONE = "nothing"


_AGENT = {
    Matter.SCORE: Scope.OWN,
    Matter.WORDS: Scope.OWN,
    Matter.NAMES: Scope.OWN,
    Matter.DECISIONS: Scope.OWN,
    Matter.FIGURES: Scope.OWN,
    Matter.RUBRICS: Scope.ALL,
}
_TEAMS = dict.fromkeys((Matter.SCORE, Matter.WORDS, Matter.NAMES, Matter.DECISIONS, Matter.FIGURES, Matter.PEOPLE), Scope.TEAMS)
_QUALITY = dict.fromkeys((Matter.SCORE, Matter.WORDS, Matter.DECISIONS, Matter.FIGURES, Matter.RUBRICS), Scope.ALL)

RULE: Mapping[Role, Mapping[Matter, Scope]] = {
    Role.AGENT: _AGENT,
    Role.REVIEWER: {**_QUALITY, Matter.NAMES: Scope.ALL},
    Role.SUPERVISOR: {**_TEAMS, Matter.RUBRICS: Scope.ALL},
    # A rubric is made of what is said, not of who said it; an operator may allow an account more (Viewer.sees_names).
    Role.TRAINER: _QUALITY,
    # Who runs the nights answers for files and accounts, and needs nobody's words for it.
    Role.OPERATOR: {Matter.FIGURES: Scope.ALL, Matter.RUNS: Scope.ALL, Matter.RUBRICS: Scope.ALL, Matter.PEOPLE: Scope.ALL},
}
"""Who sees how much of what; what is not named is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A time with a team, both days inclusive; None is open. Of a supervisor: leading it; of an agent: being in it."""

    team: str
    first: date | None = None
    last: date | None = None

    def covers(self, day: date | None) -> bool:
        """Whether a call's day lies in it. A call without a day lies only in one without an end on either side."""
        if day is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks. `account` None: this machine's own command line, which reads the files anyway and sees all; `name` is then its user.

    `agent_ids`: whose calls are their own. `teams`: those they lead, with the days. `sees_names`: a trainer who is allowed to.
    """

    name: str | None
    account: int | None = None
    roles: frozenset[Role] = frozenset()
    agent_ids: frozenset[str] = frozenset()
    teams: tuple[Tenure, ...] = field(default=())
    sees_names: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it is the command line."""
        return self.account is None

    @property
    def is_machine(self) -> bool:
        """Whether nobody asks: a night, a watched folder."""
        return self.is_local and self.name is None

    def scopes(self, matter: Matter) -> frozenset[Scope]:
        """How much of a matter they see by each of their roles, without `nothing`."""
        if self.is_local:
            return frozenset({Scope.ALL})
        allowed = {Scope.ALL} if matter is Matter.NAMES and self.sees_names and Role.TRAINER in self.roles else set()
        return frozenset({*allowed, *(RULE[role].get(matter, Scope.NONE) for role in self.roles)} - {Scope.NONE})

    def sees(self, matter: Matter, *, agent_id: str | None, team: str | None, day: date | None) -> bool:
        """Whether they see a matter of one call. `team`: of the call on its day."""
        scopes = self.scopes(matter)
        return (
            Scope.ALL in scopes
            or (Scope.OWN in scopes and agent_id in self.agent_ids)
            or (Scope.TEAMS in scopes and any(tenure.team == team and tenure.covers(day) for tenure in self.teams))
        )

    def require(self, matter: Matter) -> None:
        """Raise AccessRefused where they see nothing of a matter at all."""
        if not self.scopes(matter):
            raise AccessRefused(
                f"{self.name} may not see {matter.value}.", advice="Ask an operator for the role that does (docs/who-sees-what.md)."
            )


def local_viewer(name: str | None) -> Viewer:
    """The command line of this machine, by the name of its user."""
    return Viewer(name=name)


MACHINE = local_viewer(None)
"""Who asks when nobody does: a night, a watched folder."""
