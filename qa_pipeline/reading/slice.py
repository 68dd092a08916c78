"""The random slice: which calls people look at whatever the program thinks of them, so that what it misses can be counted without bias. Pure.

Each call has a place between 0 and 1 that follows from its agent, its ISO week and its id alone; a share of 0.02 takes the calls whose place lies below
0.02. So everybody who draws gets the same calls, calls that are added later change nothing about those there are, a larger share holds the smaller
one, and no score, length or time of day has a say. It is Bernoulli sampling by a hash: of a busy agent's calls about that share, of a quiet one's
perhaps none; every call has the same chance, and shares counted in the slice need no weights.
"""

from __future__ import annotations

import hashlib
from datetime import date

# Part of every place: another word would draw other calls. Never change it: those who reviewed a slice would find another.
_DRAW = "random slice 1"
_BITS = 53
"""As many as a float holds exactly."""


def week_of(day: date | None) -> str:
    """The ISO week of a day, as 2026-W20; empty for a call whose day is not known."""
    if day is None:
        return ""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def place_in_slice(call_id: str, agent_id: str | None, week: str) -> float:
    """The call's place, 0 ≤ place < 1. `week`: as `week_of` has it."""
    parts = "\x1f".join((_DRAW, agent_id or "", week, call_id))
    return (int.from_bytes(hashlib.sha256(parts.encode()).digest()[:8]) >> (64 - _BITS)) / (1 << _BITS)


def is_in_slice(call_id: str, agent_id: str | None, week: str, share: float) -> bool:
    """Whether a call is in the random slice of its agent and week. `share`: of all calls, 0–1."""
    return place_in_slice(call_id, agent_id, week) < share
