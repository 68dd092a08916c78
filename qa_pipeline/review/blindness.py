"""What of others' decisions somebody may know: of a calibration session nothing until it is over; agents nothing of what reviewers keep among themselves.

Asked by whatever shows decisions about a call one by one; the effective score knows nothing of calibration anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.decisions import Calibration, Decision, Note
from qa_pipeline.review.tables import calibration_people, calibrations


def sessions_over(connection: Connection) -> frozenset[int]:
    """Sessions whose judgements everybody may see: closed, or all who were asked are done."""
    column = calibration_people.c
    judging = select(column.session).where(column.done_at.is_(None))
    is_done = calibrations.c.session.in_(select(column.session)) & calibrations.c.session.not_in(judging)
    return frozenset(
        connection.execute(select(calibrations.c.session).where(or_(calibrations.c.closed_at.is_not(None), is_done))).scalars()
    )


def seen_by(connection: Connection, viewer: Viewer, line: CallLine, several: Iterable[Decision]) -> list[Decision]:
    """Decisions about a call that somebody may read: of calibration only what is over, and of their own calls no notes and no calibration at all."""
    found = without_unseen(connection, viewer, several)
    is_own = not viewer.is_local and line.agent_id is not None and line.agent_id in viewer.agent_ids
    return [one for one in found if not isinstance(one.what, Note | Calibration)] if is_own else found


def without_unseen(connection: Connection, viewer: Viewer, several: Iterable[Decision]) -> list[Decision]:
    """Decisions without what others judged in sessions that are not over."""
    found = list(several)
    if not any(isinstance(one.what, Calibration) for one in found):
        return found
    over = sessions_over(connection)
    return [one for one in found if not isinstance(one.what, Calibration) or one.what.session in over or one.author == viewer.name]
