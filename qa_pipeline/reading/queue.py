"""The reviewer's queue: four lists of calls that wait for a person, each a page at a time from the index.

*Must see*: a critical criterion failed, or may have. *Unsure*: other reasons to look, those first in which most may be wrong. *Disputed*: an agent does
not agree. *Random*: the random slice (slice.py) as far as nobody has confirmed those scores: whatever the program thinks of them, so that what it misses
can be counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Engine

from qa_pipeline.reading.index import Waiting
from qa_pipeline.reading.pages import ALL, Key, Order, Page, Wanted, count, page
from qa_pipeline.reading.viewer import Viewer


class Kind(StrEnum):
    """Which of the four lists."""

    MUST_SEE = "must_see"
    UNSURE = "unsure"
    DISPUTED = "disputed"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One of the lists. `wanted`: filters on it; `share`: of all calls, in the random slice, 0–1."""

    kind: Kind
    share: float
    wanted: Wanted = ALL

    @property
    def asked(self) -> Wanted:
        """The calls of the list, in the words of pages.py."""
        if self.kind is Kind.DISPUTED:
            return replace(self.wanted, is_disputed=True)
        if self.kind is Kind.RANDOM:
            return replace(self.wanted, in_slice=self.share, is_confirmed=False)
        return replace(self.wanted, waiting=Waiting(self.kind.value))

    @property
    def order(self) -> Order:
        """A random call must not stand first for its doubt: the newest do."""
        return Order.NEWEST if self.kind in (Kind.RANDOM, Kind.DISPUTED) else Order.DOUBT


def queue_page(engine: Engine, viewer: Viewer, queue: Queue, *, after: Key | None = None, size: int = 50) -> Page:
    """A page of a list. Raises as `page`."""
    return page(engine, viewer, queue.asked, order=queue.order, after=after, size=size)


def queue_lengths(engine: Engine, viewer: Viewer, *, share: float, wanted: Wanted = ALL) -> dict[Kind, int]:
    """How many calls each list has. Raises AccessRefused for who sees no scores."""
    return {kind: count(engine, viewer, Queue(kind=kind, share=share, wanted=wanted).asked) for kind in Kind}
