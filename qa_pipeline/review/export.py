"""Decisions between the review database and the tables, both ways: whoever reads Parquet sees what counts and who decided it.

What is to be written stands in `outbox`, put there by the transaction of the decision. Under the lock of the tables it is marked as begun, appended, and
struck off. Who dies in between leaves entries that are begun: their rows may stand there already, so they are merged by key, which doubles nothing.

Decisions that stand in the tables and not in the database are taken over: they were made before there was a database, by repetition over calls, or the
database was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import CallLine, behind, known_line, read_line, set_effective
from qa_pipeline.reading.log import version_of
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import Decision, as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveScore, effective
from qa_pipeline.review.standing import closed_at, decisions_about, index_values, read_standing
from qa_pipeline.review.tables import decisions, outbox, state

# Entries written in one commit.
_LOT = 500


def take_over(desk: Desk) -> int:
    """Decisions of the results that the database does not have, put into it, after those that it has. Returns how many there were."""
    newest = version_of(desk.store, "decisions")
    with desk.engine.connect() as connection:
        if seen(connection, "decisions") == newest:
            return 0
    with writing(desk.engine) as connection:
        newest = version_of(desk.store, "decisions")
        there = set(connection.execute(select(decisions.c.decision_id)).scalars())
        rows = [row for row in desk.store.read("decisions").to_pylist() if row["decision_id"] not in there]
        rows.sort(key=lambda row: (row["call_id"], row["at"]))
        several = [
            one for call_id, of_call in groupby(rows, key=lambda row: row["call_id"]) for one in _numbered(connection, call_id, of_call)
        ]
        if several:
            connection.execute(insert(decisions), several)
        note_seen(connection, "decisions", newest)
        return len(several)


def seen(connection: Connection, name: str) -> int | None:
    """The version of a table of the results up to which the database knows what it says; None: never seen."""
    return connection.execute(select(state.c.value).where(state.c.name == name)).scalar_one_or_none()


def note_seen(connection: Connection, name: str, version: int) -> None:
    """Note that the database knows what a table of the results says, up to a version."""
    connection.execute(state.delete().where(state.c.name == name))
    connection.execute(insert(state).values(name=name, value=version))


def _numbered(connection: Connection, call_id: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the results as rows of the database, counted on from the call's newest decision."""
    first = connection.execute(select(func.coalesce(func.max(decisions.c.version), 0)).where(decisions.c.call_id == call_id)).scalar_one()
    known = [column for column in decisions.c.keys() if column not in ("version", "at", "account", "session")]  # noqa: SIM118
    return [
        {name: row.get(name) for name in known} | {"version": first + number, "at": as_text(row["at"]), "account": None, "session": None}
        for number, row in enumerate(rows, 1)
    ]


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
