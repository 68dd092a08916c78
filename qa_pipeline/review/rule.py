"""Who may decide what: one table, asked by every decision. docs/review.md is generated from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.viewer import Matter, Role, Viewer
from qa_pipeline.review.decisions import (
    Acknowledgement,
    Announcement,
    Answer,
    Calibration,
    Confirmation,
    Decision,
    Dispute,
    Note,
    Override,
    RoleSwap,
    Ruling,
    TakeBack,
    What,
    WordCorrection,
)

_JUDGING = frozenset({Role.REVIEWER, Role.SUPERVISOR})
_QUALITY = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER})
_AGENT = frozenset({Role.AGENT})

MAY: Mapping[type[What], frozenset[Role]] = {
    Override: _JUDGING,
    Confirmation: _JUDGING,
    Answer: _JUDGING,
    RoleSwap: _QUALITY,
    WordCorrection: _QUALITY,
    Announcement: _QUALITY,
    Dispute: _AGENT,
    Ruling: frozenset({Role.SUPERVISOR}),
    Acknowledgement: _AGENT,
    Note: _QUALITY,
    Calibration: _QUALITY,
    # Of what they decided themselves; a supervisor, of what anybody did.
    TakeBack: frozenset({*_QUALITY, Role.AGENT}),
}
"""Roles that may decide a kind of thing, about calls that they see (reading/viewer.py)."""


def require_in_time(viewer: Viewer, call: CallLine, what: What, days: int | None, now: datetime) -> None:
    """Refuse a dispute that comes too late: so many days after the score was made. Raises InputRefused."""
    if not isinstance(what, Dispute) or viewer.is_local:
        return
    until = dispute_until(call, days)
    if until is not None and now > until:
        raise InputRefused(
            f"Call {call.call_id} could be disputed until {until:%Y-%m-%d %H:%M} UTC.", advice="Speak with whoever leads the team."
        )


def dispute_until(call: CallLine, days: int | None) -> datetime | None:
    """Until when a score may be disputed; None: for ever, or there is no score."""
    return None if days is None or call.scored_at is None else call.scored_at + timedelta(days=days)


def require(viewer: Viewer, call: CallLine, what: What, earlier: Sequence[Decision]) -> None:
    """Refuse what somebody may not decide about a call. The command line without an account may decide all.

    Raises AccessRefused; NotThere for a call that they do not see at all.
    """
    if viewer.is_local:
        return
    if not viewer.sees(Matter.DECISIONS, agent_id=call.agent_id, team=call.team, day=call.call_date):
        # Who sees only some calls must not learn which others there are.
        raise NotThere(f"There is no call {call.call_id!r} in the results.", advice="Look at the list of calls that are yours to see.")
    if not viewer.roles & MAY[type(what)]:
        roles = " or ".join(sorted(MAY[type(what)]))
        raise AccessRefused(f"{viewer.name} may not decide this.", advice=f"It is for a {roles} (docs/review.md).")
    is_own = call.agent_id is not None and call.agent_id in viewer.agent_ids
    if is_own and not isinstance(what, Dispute | Acknowledgement | TakeBack):
        raise AccessRefused(f"Call {call.call_id} is {viewer.name}'s own.", advice="Somebody else has to decide about it; dispute it.")
    if not is_own and isinstance(what, Dispute | Acknowledgement):
        raise AccessRefused(f"Call {call.call_id} is another agent's.", advice="Agents dispute and acknowledge their own calls.")
    if isinstance(what, TakeBack):
        about = next((d for d in earlier if d.decision_id == what.about), None)
        if about is None:
            return
        # Of their own calls even a supervisor takes back only what they said themselves as an agent.
        is_theirs = about.account == viewer.account
        if is_own and not (is_theirs and isinstance(about.what, Dispute | Acknowledgement)):
            raise AccessRefused(f"Call {call.call_id} is {viewer.name}'s own.", advice="Somebody else has to decide about it; dispute it.")
        if not is_theirs and Role.SUPERVISOR not in viewer.roles:
            raise AccessRefused(
                f"That was decided by {about.author or 'somebody else'}.", advice="Whoever decided it takes it back, or a supervisor."
            )


def may(viewer: Viewer, call: CallLine, kind: type[What]) -> bool:
    """Whether somebody may decide a kind of thing about a call, as far as that does not depend on what it is about: what pages offer."""
    if viewer.is_local:
        return True
    sees = viewer.sees(Matter.DECISIONS, agent_id=call.agent_id, team=call.team, day=call.call_date)
    is_own = call.agent_id is not None and call.agent_id in viewer.agent_ids
    is_for_own = kind in (Dispute, Acknowledgement)
    return sees and bool(viewer.roles & MAY[kind]) and (kind is TakeBack or is_own == is_for_own)
