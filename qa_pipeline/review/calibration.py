"""Several people judge the same calls apart from each other, and see afterwards where they differ. No score changes by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.decide import Decided, decide
from qa_pipeline.review.decisions import Calibration, as_text, from_row
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import in_force
from qa_pipeline.review.tables import calibrations, decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a criterion of a call was judged in a session, by who judged: the latest of each."""

    call_id: str
    criterion_id: str
    outcomes: dict[str, Outcome]

    @property
    def is_agreed(self) -> bool:
        """Whether all who judged it said the same."""
        return len(set(self.outcomes.values())) <= 1


def open_session(desk: Desk, viewer: Viewer, name: str) -> int:
    """Begin a session. Raises InputRefused where there is one of that name."""
    viewer.require(Matter.DECISIONS)
    with writing(desk.engine) as connection:
        if connection.execute(select(calibrations.c.session).where(calibrations.c.name == name)).one_or_none():
            raise InputRefused(f"There is a session {name!r} already.", advice="Choose another name.")
        made = insert(calibrations).values(name=name, author=viewer.name, created_at=as_text(datetime.now(UTC)))
        return int(connection.execute(made.returning(calibrations.c.session)).scalar_one())


def close_session(desk: Desk, name: str) -> None:
    """End a session: nobody judges in it any more. Raises InputRefused where there is none."""
    session = _open(desk, name)
    with writing(desk.engine) as connection:
        ended = update(calibrations).where(calibrations.c.session == session)
        connection.execute(ended.values(closed_at=as_text(datetime.now(UTC))))


def judge(
    desk: Desk,
    viewer: Viewer,
    name: str,
    call_id: str,
    criterion_id: str,
    outcome: Outcome,
    *,
    answer: str | None = None,
    reason: str | None = None,
) -> Decided:
    """Judge a criterion in a session that is open. Raises InputRefused, and what `decide` raises."""
    what = Calibration(session=_open(desk, name), outcome=outcome, answer=answer)
    return decide(desk, viewer, call_id, what, criterion_id=criterion_id, reason=reason)


def compare(desk: Desk, name: str) -> tuple[Compared, ...]:
    """What was judged in a session, where people differ first."""
    with desk.engine.connect() as connection:
        session = connection.execute(select(calibrations.c.session).where(calibrations.c.name == name)).scalar_one_or_none()
        calls = select(decisions.c.call_id).where(decisions.c.session == session)
        rows = connection.execute(
            select(decisions).where(decisions.c.call_id.in_(calls)).order_by(decisions.c.call_id, decisions.c.version)
        )
        about = [from_row(dict(row)) for row in rows.mappings()]
    judged: dict[tuple[str, str], dict[str, Outcome]] = {}
    for one in in_force(about):
        if isinstance(one.what, Calibration) and one.what.session == session and one.criterion_id is not None:
            judged.setdefault((one.call_id, one.criterion_id), {})[one.author or "?"] = one.what.outcome
    found = [Compared(call_id=call_id, criterion_id=criterion, outcomes=outcomes) for (call_id, criterion), outcomes in judged.items()]
    return tuple(sorted(found, key=lambda one: (one.is_agreed, one.call_id, one.criterion_id)))


def _open(desk: Desk, name: str) -> int:
    with desk.engine.connect() as connection:
        asked = select(calibrations.c.session).where(calibrations.c.name == name, calibrations.c.closed_at.is_(None))
        found = connection.execute(asked).scalar_one_or_none()
    if found is None:
        raise InputRefused(f"No session {name!r} is open.", advice="Open one first.")
    return int(found)
