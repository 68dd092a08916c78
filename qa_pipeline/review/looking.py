"""A call as somebody looks at it to decide: its score as it counts, also where nobody has decided anything yet, with all decisions and who else is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qa_pipeline.reading.call import OneCall
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import find_call, require_seen
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.blindness import seen_by
from qa_pipeline.review.claims import Claim, held_claims
from qa_pipeline.review.decisions import Decision, What
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveScore, effective, in_force
from qa_pipeline.review.rule import may
from qa_pipeline.review.standing import closed_at, decisions_about, read_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A call on somebody's page. `decisions`: all of them, the first first; `holding`: ids of those in force; `score` is None for a call without a rubric.

    `claim`: who looks at it now. `version`: of its decisions, to be given back with the next one (decide.py). `closed`: when its period was closed.
    """

    line: CallLine
    decisions: tuple[Decision, ...]
    holding: frozenset[str]
    score: EffectiveScore | None
    claim: Claim | None
    closed: datetime | None
    viewer: Viewer
    version: int

    @property
    def is_held_by_another(self) -> bool:
        """Whether somebody else looks at it."""
        return self.claim is not None and self.claim.who != self.viewer.name

    def may(self, kind: type[What]) -> bool:
        """Whether they may decide a kind of thing about it."""
        return may(self.viewer, self.line, kind)


def look_at(desk: Desk, viewer: Viewer, call_id: str, *, one: OneCall | None = None) -> Looked:
    """Read a call to decide about it. `one`: what is stored of it, where the same viewer has just read it. Raises as `find_call`, and as `read_standing`."""
    if one is None:
        line = find_call(desk.engine, viewer, call_id, matter=Matter.DECISIONS)
    else:
        line = one.line
        require_seen(viewer, line, Matter.DECISIONS)
    with desk.engine.connect() as connection:
        about = decisions_about(connection, call_id)
        # What is not shown counts for nothing, and the version stays that of all.
        seen = seen_by(connection, viewer, line, about)
    standing, closed = read_standing(desk, line, findings=one.findings if one else None), closed_at(desk, line)
    return Looked(
        line=line,
        decisions=tuple(seen),
        version=about[-1].version if about else 0,
        holding=frozenset(d.decision_id for d in in_force(about)),
        score=effective(standing, about, closed) if standing else None,
        claim=held_claims(desk).get(call_id),
        closed=closed,
        viewer=viewer,
    )
