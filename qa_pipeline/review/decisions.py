"""What people decide about calls, as values: a Decision, and in it one of twelve kinds of what was decided.

A decision is never changed or deleted. Of several about one matter the one of the latest transaction is in force (effective.py); one that was a mistake
is taken back by another. What may be decided by whom is rule.py; how one is written, decide.py. Here too: decisions as rows, and rows as decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from qa_pipeline.call import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A criterion came out otherwise than the program says. `answer`: of a criterion that has answers."""

    outcome: Outcome
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Somebody looked, and a criterion is as it stood: `outcome`. Without a criterion (and outcome): the whole score that was looked at."""

    outcome: Outcome | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person found for a criterion that only people judge."""

    outcome: Outcome
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSwap:
    """At `moment_ms` the agent speaks; in a call without times a moment is −1 − the utterance's number."""

    moment_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCorrection:
    """At `moment_ms`, `after` is said where `before` was recognised."""

    moment_ms: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """At `moment_ms` a recording plays, or (`is_recording` false) somebody speaks after all."""

    moment_ms: int
    is_recording: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The agent does not agree: about a criterion, or about the whole score. `moment_ms`: where in the call; None: nowhere in particular."""

    moment_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The answer to a dispute. `outcome`: what the criterion is from now on: changed where it was upheld, as it stood where it was rejected."""

    about: str
    is_upheld: bool
    outcome: Outcome | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The agent has read their scorecard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to be remembered about a call, or about a moment of it; the text is the reason."""

    moment_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How somebody judged a criterion in a session where several judge the same calls. It changes no score."""

    session: int
    outcome: Outcome
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """An earlier decision does not hold any more, as if it had not been made."""

    about: str


What = (
    Override
    | Confirmation
    | Answer
    | RoleSwap
    | WordCorrection
    | Announcement
    | Dispute
    | Ruling
    | Acknowledgement
    | Note
    | Calibration
    | TakeBack
)
KINDS: dict[str, type[What]] = {
    "override": Override,
    "confirmation": Confirmation,
    "answer": Answer,
    "role_swap": RoleSwap,
    "word_correction": WordCorrection,
    "announcement": Announcement,
    "dispute": Dispute,
    "ruling": Ruling,
    "acknowledgement": Acknowledgement,
    "note": Note,
    "calibration": Calibration,
    "take_back": TakeBack,
}
_KIND_OF = {what: kind for kind, what in KINDS.items()}
# In the tables since before there were other kinds: what an announcement came to.
_PLAYS, _SPEAKS = "plays", "speaks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision. `version`: 1 for the first of its call, each next one more: their order. `at`: when, in UTC.

    `conversation_id`, `score_id`, rubric: what was looked at; None where the call has no score. `criterion_id`, `criterion_sha256`: the criterion, and
    what it said then. `author`: who, by the name of their account, else of the login; None when not known. `account`: the account, if there was one.
    """

    decision_id: str
    call_id: str
    version: int
    what: What
    at: datetime
    conversation_id: str
    score_id: str | None = None
    rubric_id: str | None = None
    rubric_version: int | None = None
    criterion_id: str | None = None
    criterion_sha256: str | None = None
    author: str | None = None
    account: int | None = None
    reason: str | None = None

    @property
    def kind(self) -> str:
        """Name of what was decided, as the tables have it."""
        return _KIND_OF[type(self.what)]


# What of a decision is a column by its own name.
_COMMON = tuple(field.name for field in fields(Decision) if field.name not in ("what", "at"))


def as_row(decision: Decision) -> dict[str, Any]:
    """A decision as a row of the database: a value for each column, the time as text."""
    what = decision.what
    row: dict[str, Any] = {name: getattr(decision, name) for name in _COMMON}
    row |= {"kind": decision.kind, "at": as_text(decision.at)}
    for name in ("answer", "moment_ms", "before", "after", "about", "is_upheld", "session"):
        row[name] = getattr(what, name, None)
    if isinstance(what, Announcement):
        row["outcome"] = _PLAYS if what.is_recording else _SPEAKS
    else:
        outcome = getattr(what, "outcome", None)
        row["outcome"] = outcome.value if outcome is not None else "agent" if isinstance(what, RoleSwap) else None
    return row


def from_row(row: Mapping[str, Any]) -> Decision:
    """The decision of a row of the database."""
    return Decision(what=_what(row), at=from_text(row["at"]), **{name: row[name] for name in _COMMON})


def as_text(at: datetime) -> str:
    """A time as the database holds it: texts of one length, in the order of the times."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The time that such a text says."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _what(row: Mapping[str, Any]) -> What:
    kind = KINDS[row["kind"]]
    if kind is Announcement:
        return Announcement(moment_ms=row["moment_ms"], is_recording=row["outcome"] == _PLAYS)
    values = {field.name: row[field.name] for field in fields(kind)}
    if values.get("outcome") is not None:
        values["outcome"] = Outcome(values["outcome"])
    return kind(**values)
