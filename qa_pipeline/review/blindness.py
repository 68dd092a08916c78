"""What of others' judgements in a calibration session somebody may know: nothing, until the session is over.

Asked by whatever shows decisions about a call one by one; the effective score knows nothing of calibration anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.decisions import Calibration, Decision
from qa_pipeline.review.tables import calibration_people, calibrations


def sessions_over(connection: Connection) -> frozenset[int]:
    """Sessions whose judgements everybody may see: closed, or all who were asked are done."""
    column = calibration_people.c
    judging = select(column.session).where(column.done_at.is_(None))
    is_done = calibrations.c.session.in_(select(column.session)) & calibrations.c.session.not_in(judging)
    return frozenset(
        connection.execute(select(calibrations.c.session).where(or_(calibrations.c.closed_at.is_not(None), is_done))).scalars()
    )


def without_unseen(connection: Connection, viewer: Viewer, several: Iterable[Decision]) -> list[Decision]:
    """Decisions without what others judged in sessions that are not over."""
    found = list(several)
    if not any(isinstance(one.what, Calibration) for one in found):
        return found
    over = sessions_over(connection)
    return [one for one in found if not isinstance(one.what, Calibration) or one.what.session in over or one.author == viewer.name]
