"""How often somebody may try something that is guessed: so many tries in so many seconds from one address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

from qa_pipeline.errors import AccessRefused

# Addresses that are remembered: those that tried longest ago go first.
_MOST_ADDRESSES = 10_000


class TooMany(AccessRefused):
    """Too many tries from one address."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("That was tried too often from here.", advice=f"Try again in {wait_seconds / 60:.0f} minutes.")
        self.wait_seconds = wait_seconds


class Tries:
    """Tries by address. An office may come from one address: the limit is far above what people do, and far below what a guesser needs."""

    def __init__(self, *, most: int = 60, seconds: float = 300.0) -> None:
        self._most = most
        self._seconds = seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._turn = threading.Lock()

    def count(self, address: str) -> None:
        """Count a try. Raises TooMany."""
        now = time.monotonic()
        with self._turn:
            times = self._times.setdefault(address, deque())
            self._times.move_to_end(address)
            while times and times[0] <= now - self._seconds:
                times.popleft()
            if len(times) >= self._most:
                raise TooMany(times[0] + self._seconds - now)
            times.append(now)
            while len(self._times) > _MOST_ADDRESSES:
                self._times.popitem(last=False)
