"""What a call waits for, from the reasons why a person should look at it. Pure; the index keeps the answer for each call (index.py)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

DISPUTED = "disputed"
"""The reason that an agent gave: it is answered by a ruling, not by looking."""
GRAVE = ("critical_failed", "critical_undetermined")
"""Reasons for which a person must see a call: a critical criterion failed, or may have."""


class Waiting(StrEnum):
    """For what a call waits, the gravest first."""

    MUST_SEE = "must_see"
    UNSURE = "unsure"


def waiting_for(reasons: Iterable[str]) -> Waiting | None:
    """What a call waits for by its reasons to be looked at; None where nobody need look, but perhaps to answer a dispute."""
    looking = [reason for reason in reasons if reason != DISPUTED]
    if not looking:
        return None
    return Waiting.MUST_SEE if any(reason in GRAVE for reason in looking) else Waiting.UNSURE
