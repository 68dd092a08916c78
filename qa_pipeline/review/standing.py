"""One call as it stands: its score as the program made it with the rubric that made it, and what people decided about it.

Read from one day's findings, not from all tables; a rubric is read once in a process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.index import CallLine, Effective, read_line, waiting_for
from qa_pipeline.reading.outcomes import letter_of
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.results.versions import kept_text, rubric_that_scored
from qa_pipeline.review.blindness import without_unseen
from qa_pipeline.review.decisions import Decision, from_row
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import DISPUTED, EffectiveFinding, EffectiveScore, Found, Standing, effective, in_force
from qa_pipeline.review.tables import decisions
from qa_pipeline.rubric.canonical import revive
from qa_pipeline.rubric.schema import Rubric

if TYPE_CHECKING:
    # Decisions are written without it.
    from qa_pipeline.reading.call import OneCall

_ABOUT = select(decisions).where(decisions.c.call_id == bindparam("call_id")).order_by(decisions.c.version)
_FINDING_COLUMNS = (
    "criterion_id", "criterion_sha256", "section_id", "outcome", "answer", "points", "deduction", "occurrences", "likely", "rubric_id", "rubric_version",
    "rubric_sha256",
)  # fmt: skip


def decisions_about(connection: Connection, call_id: str) -> list[Decision]:
    """All decisions about a call, the first first."""
    rows = connection.execute(_ABOUT, {"call_id": call_id})
    return [from_row(dict(row)) for row in rows.mappings()]


def known_decision(desk: Desk, call_id: str, beginning: str) -> str:
    """The id of the one decision about a call that begins so. Raises InputRefused where none or several do."""
    with desk.engine.connect() as connection:
        ids = [d.decision_id for d in decisions_about(connection, call_id)]
    found = [name for name in ids if name.startswith(beginning)]
    if len(found) != 1:
        known = ", ".join(name[:8] for name in ids) or "none"
        raise InputRefused(f"{len(found)} decisions about {call_id} begin with {beginning!r}.", advice=f"There are: {known}.")
    return found[0]


def told_decisions(desk: Desk, viewer: Viewer, call_id: str) -> list[dict[str, object]]:
    """What was decided about a call, as rows for people. Raises as `find_call` for a call that is not theirs to see."""
    find_call(desk.engine, viewer, call_id, matter=Matter.DECISIONS)
    with desk.engine.connect() as connection:
        about = without_unseen(connection, viewer, decisions_about(connection, call_id))
    holding = {d.decision_id for d in in_force(about)}
    # By the clock that calls are dated by, as the pages show it.
    zone = ZoneInfo(desk.store.timezone)
    return [
        {
            "decision": d.decision_id[:8],
            "at": d.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            "who": d.author or "?",
            "what": d.kind.replace("_", " "),
            "criterion": d.criterion_id or "",
            "to": " ".join(
                str(value) for value in (getattr(d.what, name, None) for name in ("outcome", "answer", "before", "after")) if value
            ),
            "in force": "yes" if d.decision_id in holding else "no",
            "why": d.reason or "",
        }
        for d in about
    ]


def read_standing(desk: Desk, call: CallLine, *, findings: Sequence[Mapping[str, Any]] | None = None) -> Standing | None:
    """The current score of a call; None where it has none. `findings`: its rows, where they were read.

    Raises InputRefused where the rubric that made it is not kept.
    """
    if call.score_id is None:
        return None
    try:
        rows = _findings(desk.store, call.score_id, call.call_date) if findings is None else findings
    except LookupError:
        rows = ()
    if not rows:
        raise InputRefused(f"The findings of call {call.call_id} are not in {desk.store.root}.", advice="Run `qa-pipeline verify-results`.")
    rubric = _rubric(desk, rows[0])
    criteria = {criterion.id: criterion for criterion in rubric.criteria}
    order = {name: place for place, name in enumerate(criteria)}
    return Standing(
        call_id=call.call_id,
        conversation_id=call.conversation_id,
        score_id=call.score_id,
        rubric=rubric,
        findings=tuple(
            Found(
                criterion=criteria[row["criterion_id"]],
                section_id=row["section_id"],
                criterion_sha256=row["criterion_sha256"],
                outcome=Outcome(row["outcome"]),
                answer=row["answer"],
                points=row["points"],
                deduction=row["deduction"],
                occurrences=row["occurrences"] or 0,
                is_withheld=row["likely"] is not None,
            )
            for row in sorted(rows, key=lambda row: order[row["criterion_id"]])
        ),
        review_reasons=call.review_reasons,
    )


@lru_cache(maxsize=32)
def _findings(store: Store, score_id: str, day: date | None) -> Sequence[Mapping[str, Any]]:
    """The rows of a score, which never change: one decision asks for them several times. Raises LookupError where there are none, which is not remembered."""
    found: list[dict[str, Any]] = store.read_of("findings", "score_id", score_id, day=day, columns=_FINDING_COLUMNS).to_pylist()
    if not found:
        raise LookupError(score_id)
    return found


def read_effective(desk: Desk, call_id: str, *, one: OneCall | None = None) -> EffectiveScore | None:
    """The score of a call as it counts; None where it has none, or nobody decided anything about it. `one`: what is stored of it, where that was read.

    Raises InputRefused as `read_standing`.
    """
    with desk.engine.connect() as connection:
        call, about = one.line if one else read_line(connection, call_id), decisions_about(connection, call_id)
    standing = read_standing(desk, call, findings=one.findings if one else None) if call and about else None
    return effective(standing, about, closed_at(desk, call)) if call and standing else None


def closed_at(desk: Desk, call: CallLine) -> datetime | None:
    """When the period that a call lies in was closed; None where it is open."""
    return min((period.closed_at for period in desk.store.closed_periods() if period.covers(call.call_date, call.given_team)), default=None)


def kept_rubric(desk: Desk, rubric_id: str, version: int) -> Rubric | None:
    """A version of a rubric as it is kept in the root; None where it is not."""
    kept = desk.store.read("rubrics", columns=["resolved"], where=f"rubric_id = {sql_text(rubric_id)} and version = {version}")
    return _revived(kept["resolved"][0].as_py()) if len(kept) else None


def index_values(score: EffectiveScore) -> Effective:
    """What of a score as it counts stands in the index."""
    return Effective(
        percent=score.totals.percent,
        passed=score.totals.passed,
        critical_failed=score.totals.critical_failed,
        critical_state=score.critical_state,
        outcomes="".join(_letter(found) for found in sorted(score.findings, key=lambda found: found.criterion.id)),
        to_review=score.to_review,
        waiting=waiting_for([reason for reason in score.review_reasons if reason != DISPUTED]),
        is_disputed=DISPUTED in score.review_reasons,
        is_confirmed=score.confirmation is not None,
        decided_count=score.decided,
        stale_count=score.stale,
        decisions_version=score.version,
    )


def _letter(found: EffectiveFinding) -> str:
    criterion = found.criterion
    credit = found.points / criterion.weight if found.points is not None and criterion.weight else None
    return letter_of(found.outcome, credit=credit, is_described=criterion.check == "sentiment")


def _rubric(desk: Desk, score: Mapping[str, Any]) -> Rubric:
    try:
        return _kept_rubric(desk.store, str(score["rubric_sha256"]))
    except LookupError:
        return rubric_that_scored(score, desk.store, desk.rubrics)


@lru_cache(maxsize=16)
def _kept_rubric(store: Store, digest: str) -> Rubric:
    """A version as it is kept, read once in a process: it never changes. Where it is not kept it may be by and by: an error is not remembered."""
    kept = kept_text(store, digest)
    if kept is None:
        raise LookupError(digest)
    return _revived(kept)


@lru_cache(maxsize=16)
def _revived(resolved: str) -> Rubric:
    return revive(resolved)
