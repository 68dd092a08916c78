"""Where the rows of each id lie in a file of a table, held in 20 bytes an id: a night of years has a million of them, and a `dict` of texts takes ten times that.

Ids are known by a hash of 64 bits, so that whoever reads what lies at a place looks at the id that stands there (files.py).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby

Place = tuple[int, int, int]
"""Number of a group of rows, of the first row in it, and how many they are."""
# As much as is kept of each part of a place.
_MOST = 1 << 31


class Places:
    """The ids of a file, each with the one place of its rows. Made once and never changed."""

    def __init__(self, groups: Sequence[Sequence[str | None]]) -> None:
        """`groups`: what stands in the column in each group of rows, row by row; None is no id."""
        found: dict[int, tuple[int, int, int]] = {}
        for group, ids in enumerate(groups):
            first = 0
            for value, run in groupby(ids):
                count = sum(1 for _ in run)
                if value is not None:
                    key = hash(value)
                    # In several places: none that is read alone. A count of 0 says so.
                    found[key] = (0, 0, 0) if key in found else (group, first, count)
                first += count
        if any(value >= _MOST for place in found.values() for value in place):
            # Files of other programs may be larger than what is kept here of a place: theirs are looked through each time.
            found = dict.fromkeys(found, (0, 0, 0))
        keys = sorted(found)
        self._keys = array("q", keys)
        self._groups, self._firsts, self._counts = (array("i", [found[key][part] for key in keys]) for part in range(3))

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, value: object) -> bool:
        return self._number(value) is not None

    def of(self, value: str) -> Place | None:
        """Where the rows with an id lie; None where there are none, or they lie in several places."""
        number = self._number(value)
        if number is None or not self._counts[number]:
            return None
        return self._groups[number], self._firsts[number], self._counts[number]

    def _number(self, value: object) -> int | None:
        key = hash(value)
        number = bisect_left(self._keys, key)
        return number if number < len(self._keys) and self._keys[number] == key else None
