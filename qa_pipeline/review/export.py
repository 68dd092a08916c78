"""Decisions and effective scores to the tables, so that whoever reads Parquet sees what counts and who decided it.

What is to be written stands in `outbox`, put there by the transaction of the decision. Under the lock of the tables it is marked as begun, appended, and
struck off. Who dies in between leaves entries that are begun: their rows may stand there already, so they are merged by key, which doubles nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import behind, set_effective
from qa_pipeline.reading.pages import CallLine, known_line, read_line
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import Decision, from_text
from qa_pipeline.review.desk import Desk, note_seen, seen
from qa_pipeline.review.effective import EffectiveScore, effective
from qa_pipeline.review.standing import closed_at, decisions_about, index_values, read_standing
from qa_pipeline.review.tables import decisions, outbox

# Entries written in one commit.
_LOT = 500


def export(desk: Desk) -> int:
    """Write to the tables whatever waits. Returns how many entries there were."""
    done = 0
    while True:
        with desk.engine.connect() as connection:
            if connection.execute(select(outbox.c.number).limit(1)).one_or_none() is None:
                return done
        with desk.store.lock:
            done += _write_lot(desk)


def tell_tables(desk: Desk) -> None:
    """Let the tables have what waits: now, or as soon as who does it for this desk comes to it."""
    if desk.tell is None:
        export(desk)
    else:
        desk.tell()


def refresh(desk: Desk, call_ids: Sequence[str]) -> int:
    """Work out anew what counts in calls whose score, or whose period, changed under decisions; index and tables follow. Returns how many."""
    for call_id in call_ids:
        while True:
            with desk.engine.connect() as connection:
                call = known_line(connection, call_id)
            standing, closed = read_standing(desk, call), closed_at(desk, call)
            with writing(desk.engine) as connection:
                if known_line(connection, call_id).score_id != call.score_id:
                    continue
                if standing is not None:
                    about = decisions_about(connection, call_id)
                    set_effective(connection, call_id, index_values(effective(standing, about, closed)))
                    if not _is_to_be_told(connection, about):
                        connection.execute(insert(outbox).values(call_id=call_id, decision_id=None, is_begun=True))
            break
    if call_ids:
        export(desk)
    return len(call_ids)


def refresh_behind(desk: Desk) -> int:
    """The same for all calls of which the index says that their score changed under decisions."""
    with desk.engine.connect() as connection:
        several = behind(connection)
    return refresh(desk, several)


def _is_to_be_told(connection: Connection, about: Sequence[Decision]) -> bool:
    """Whether the newest decision about a call has not gone to the tables yet: what counts now goes with it."""
    waits = select(outbox.c.number).where(outbox.c.decision_id == about[-1].decision_id, outbox.c.is_begun.is_(False)) if about else None
    return waits is not None and connection.execute(waits).first() is not None


def _write_lot(desk: Desk) -> int:
    with desk.engine.connect() as connection:
        # Who waited for the lock finds it done: whoever had it wrote what waited then, for all of them at once.
        if connection.execute(select(outbox.c.number).limit(1)).one_or_none() is None:
            return 0
    with writing(desk.engine) as connection:
        entries = connection.execute(select(outbox).order_by(outbox.c.number).limit(_LOT)).all()
        numbers = [entry.number for entry in entries]
        before = seen(connection, "decisions")
        connection.execute(update(outbox).where(outbox.c.number.in_(numbers)).values(is_begun=True))
    made: list[int] = []
    for is_begun in (False, True):
        some = [entry for entry in entries if entry.is_begun is is_begun]
        write = Store.write_rows if is_begun else Store.append_rows
        version = write(desk.store, "decisions", _decision_rows(desk, some))
        made += [version] if version is not None else []
        # A call with several entries, some of them begun, is written once: with these.
        others = {entry.call_id for entry in entries if entry.is_begun} if not is_begun else set()
        scores, findings = _effective_rows(desk, {entry.call_id for entry in some} - others, numbers)
        # Findings first: whoever reads a score finds them.
        write(desk.store, "effective_findings", findings)
        write(desk.store, "effective_scores", scores)
    with writing(desk.engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.number.in_(numbers)))
        # Where another program wrote decisions since, they are still to be taken over.
        if made and before == made[0] - 1:
            note_seen(connection, "decisions", made[-1])
    return len(entries)


def _decision_rows(desk: Desk, entries: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    ids = [entry.decision_id for entry in entries if entry.decision_id is not None]
    with desk.engine.connect() as connection:
        rows = connection.execute(select(decisions).where(decisions.c.decision_id.in_(ids))).mappings().all()
    return [{**row, "at": from_text(row["at"])} for row in rows]


def _effective_rows(desk: Desk, call_ids: set[str], numbers: Sequence[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of effective scores and findings, with all decisions but those whose own entries come after these `numbers`."""
    scores: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    for call_id in sorted(call_ids):
        with desk.engine.connect() as connection:
            call = read_line(connection, call_id)
            about = decisions_about(connection, call_id)
            waiting = select(outbox.c.decision_id).where(outbox.c.call_id == call_id, outbox.c.number.not_in(numbers))
            later = set(connection.execute(waiting).scalars())
        standing = read_standing(desk, call) if call else None
        if call is not None and standing is not None:
            score = effective(standing, [d for d in about if d.decision_id not in later], closed_at(desk, call))
            shared = _shared(call, score)
            scores.append(_score_row(call, score, shared))
            findings += _finding_rows(score, shared)
    return scores, findings


def _shared(call: CallLine, score: EffectiveScore) -> dict[str, Any]:
    standing = score.standing
    return {
        "call_id": call.call_id,
        "conversation_id": standing.conversation_id,
        "score_id": standing.score_id,
        "version": score.version,
        "rubric_id": standing.rubric.id,
        "rubric_version": standing.rubric.version,
        "call_date": call.call_date,
    }


def _score_row(call: CallLine, score: EffectiveScore, shared: dict[str, Any]) -> dict[str, Any]:
    totals = score.totals
    return shared | {
        "agent_id": call.agent_id,
        "team": call.team,
        "percent": totals.percent,
        "passed": totals.passed,
        "critical_failed": totals.critical_failed,
        "critical_state": score.critical_state,
        "points": totals.points,
        "max_points": totals.max_points,
        "sections_failed": list(totals.sections_failed),
        "coverage": totals.coverage,
        "needs_review": score.to_review,
        "review_reasons": list(score.review_reasons),
        "decided": score.decided,
        "stale": score.stale,
        "at": datetime.now(UTC),
    }


def _finding_rows(score: EffectiveScore, shared: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        shared
        | {
            "section_id": finding.section_id,
            "criterion_id": finding.criterion.id,
            "outcome": finding.outcome.value,
            "answer": finding.answer,
            "points": finding.points,
            "deduction": finding.deduction,
            "decision_id": finding.decision.decision_id if finding.decision else None,
            "decided_by": finding.decision.author if finding.decision else None,
            "is_stale": finding.is_stale,
            "is_disputed": finding.dispute is not None,
        }
        for finding in score.findings
    ]
