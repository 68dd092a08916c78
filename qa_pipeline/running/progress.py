"""What a run tells while it works: events, for whoever shows or logs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A call is done (`done`), failed (`failed`) or lacks a part of its sound (`damaged`), or a stage of the run began (`stage`)."""

    kind: str
    call_id: str | None = None
    done: int = 0
    total: int = 0
    text: str = ""


OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Nobody looks."""
