"""What callers agreed to: a row a call that a rubric asks consent of (`consent` in rubric/schema.py), made of its findings as the index is made of scores.

A call is held back from people while the consent that its rubric asks for is not there, until somebody with the right decides (review/consent.py). What is
decided stands in a table that people write and is read here, so that the index says it from the moment on at which a call is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Index, Integer, String, Table, func, inspect, select

from qa_pipeline.call import Outcome
from qa_pipeline.reading.database import DERIVED, PEOPLE
from qa_pipeline.results.store import Store, sql_text

consents = Table(
    "consents",
    DERIVED,
    Column("call_id", String, primary_key=True),
    Column("state", String, nullable=False, comment="given, refused, withdrawn, absent, unknown: as the program found"),
    Column("rubric_id", String, nullable=False),
    Column("rubric_version", Integer, nullable=False),
    Column("criterion_id", String, nullable=False),
    Column("answer", String, comment="of the criterion"),
    Column("words", String, comment="in which it was asked and answered, as they were said"),
    Column("start_ms", BigInteger),
    Column("certainty", String, comment="how sure the finding is, 0 to 1"),
)
held_back = Table("held_back", DERIVED, Column("call_id", String, primary_key=True))
"""Calls that are kept from people. A table of its own, that is empty nearly everywhere: lists ask it with every page."""
consent_decisions = Table(
    "consent_decisions",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("kind", String, nullable=False, comment="released, held_back, withdrawn"),
    Column("call_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("author", String),
    Column("account", ForeignKey("accounts.account")),
    Column("at", String, nullable=False),
)
Index("consent_decisions_call", consent_decisions.c.call_id, consent_decisions.c.number)


class State(StrEnum):
    """What the program found of a caller's consent."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Said later in the call that it holds no more."""
    ABSENT = "absent"
    """Not asked for."""
    UNKNOWN = "unknown"
    """Could not be judged."""


class Ruled(StrEnum):
    """What somebody decided about a call's consent; the newest counts."""

    RELEASED = "released"
    HELD_BACK = "held_back"
    WITHDRAWN = "withdrawn"
    """The caller took it back after the call."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a version of a rubric asks of consent."""

    criterion: str
    given: tuple[str, ...]
    withdrawn_by: tuple[str, ...]
    holds_back: bool


class ConsentRules:
    """What the rubrics kept in a root ask of consent."""

    def __init__(self, store: Store) -> None:
        self._asked: dict[tuple[str, int], _Asked] = {}
        rows = store.read("rubrics", columns=["rubric_id", "version", "resolved"], where="strpos(resolved, '\"consent\":{') > 0")
        for row in rows.to_pylist():
            asked = json.loads(row["resolved"]).get("consent")
            if asked:
                self._asked[row["rubric_id"], row["version"]] = _Asked(
                    asked["criterion"], tuple(asked["given"]), tuple(asked["withdrawn_by"]), asked["holds_back"]
                )

    def __bool__(self) -> bool:
        return bool(self._asked)

    def read(self, store: Store, scores: Iterable[Mapping[str, Any]], where: str | None) -> Iterator[tuple[dict[str, Any], bool]]:
        """Rows of `consents` for some scores (`call_id`, `score_id`, rubric), each with whether it holds the call back. `where`: the days of these scores."""
        of_score = {row["score_id"]: row for row in scores if (row["rubric_id"], row["rubric_version"]) in self._asked}
        if not of_score:
            return
        names = {name for one in self._asked.values() for name in (one.criterion, *one.withdrawn_by)}
        among = f"criterion_id in ({', '.join(map(sql_text, sorted(names)))})"
        columns = ["score_id", "criterion_id", "outcome", "answer", "evidence", "evidence_text", "evidence_start_ms", "certainty"]
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for finding in store.read("findings", columns=columns, where=f"({where}) and {among}" if where else among).to_pylist():
            if finding["score_id"] in of_score:
                found.setdefault(finding["score_id"], {})[finding["criterion_id"]] = finding
        for score_id, row in of_score.items():
            asked = self._asked[row["rubric_id"], row["rubric_version"]]
            findings = found.get(score_id, {})
            asking = findings.get(asked.criterion)
            state = _state(asked, findings)
            if state is None or asking is None:
                continue
            said = next((findings[name] for name in asked.withdrawn_by if state is State.WITHDRAWN and _is_met(findings.get(name))), asking)
            yield (
                {
                    "call_id": row["call_id"], "state": state.value, "rubric_id": row["rubric_id"], "rubric_version": row["rubric_version"],
                    "criterion_id": said["criterion_id"], "answer": said["answer"], "words": _words(said), "start_ms": said["evidence_start_ms"],
                    "certainty": None if said["certainty"] is None else f"{said['certainty']:.2f}",
                },
                asked.holds_back and state is not State.GIVEN,
            )  # fmt: skip


def rulings(connection: Connection, call_ids: Sequence[str] | None = None) -> dict[str, Ruled]:
    """The newest decision about the consent of each call, of all calls or of some; none where nobody ever decided anything."""
    if not inspect(connection).has_table(consent_decisions.name):
        return {}
    column = consent_decisions.c
    newest = select(func.max(column.number).label("number")).group_by(column.call_id)
    if call_ids is not None:
        newest = newest.where(column.call_id.in_(call_ids))
    asked = select(column.call_id, column.kind).where(column.number.in_(newest))
    return {row.call_id: Ruled(row.kind) for row in connection.execute(asked)}


def is_held_back(lacks_consent: bool, ruled: Ruled | None) -> bool:
    """Whether a call is kept from people: what somebody decided counts before what the program found."""
    return lacks_consent if ruled is None else ruled is not Ruled.RELEASED


def _state(asked: _Asked, findings: Mapping[str, Mapping[str, Any]]) -> State | None:
    """None where the question of consent did not arise: nobody was reached."""
    finding = findings.get(asked.criterion)
    if any(_is_met(findings.get(name)) for name in asked.withdrawn_by):
        return State.WITHDRAWN
    if finding is None or finding["outcome"] == Outcome.UNDETERMINED:
        return State.UNKNOWN if finding is not None else None
    if finding["outcome"] == Outcome.NOT_APPLICABLE:
        return None
    if finding["outcome"] == Outcome.NOT_MET:
        return State.ABSENT
    return State.GIVEN if not asked.given or finding["answer"] in asked.given else State.REFUSED


def _is_met(finding: Mapping[str, Any] | None) -> bool:
    return finding is not None and finding["outcome"] == Outcome.MET


def _words(finding: Mapping[str, Any]) -> str | None:
    texts = [part["text"] for part in finding["evidence"] or () if part["text"]]
    return " … ".join(dict.fromkeys(texts)) or finding["evidence_text"]
