"""Names of people and places that no list has: put together of two that lists have."""

from __future__ import annotations

from random import Random

_SHORTEST = 4


def crossed(one: str, other: str, chance: Random) -> str:
    """The beginning of a name with the end of another: one that sounds like a name and that no list has."""
    begun, ended = one.split()[-1], other.split()[-1]
    if min(len(begun), len(ended)) < _SHORTEST:
        return one
    return begun[: len(begun) - chance.choice([2, 2, 3])] + ended[chance.choice([2, 2, 3]) :]
