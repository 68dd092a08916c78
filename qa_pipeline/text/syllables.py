"""How easily one syllable of a han script is heard for another: initials and finals compared, by the language's table of confused sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein

from qa_pipeline.languages.load import table
from qa_pipeline.languages.writing_tables import ConfusedPairs, Sounds

_OTHER_NUMBER = 0.7
_UNLIKE_INITIAL = 0.9
_MISSING_INITIAL = 0.6
# Endings -n and -ng, and one of them left out.
_OTHER_NASAL = 0.15
_NO_NASAL = 0.35


class Syllables:
    """The syllables of one language: what each token costs when it stands for another, from 0 (same) to 1 (nothing in common)."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds
        self._initial_costs = _costs(sounds.confused_initials)
        self._final_costs = _costs(sounds.confused_finals)
        self._known_parts: dict[str, tuple[str, str]] = {}
        self._known_finals: dict[tuple[str, str], float] = {}

    def cost(self, expected: str, heard: str) -> float:
        """Cost of hearing one token for another: syllables, numbers or words in Latin letters."""
        if expected == heard:
            return 0.0
        if expected.isdigit() or heard.isdigit():
            return self._number_cost(expected, heard)
        initial_a, final_a = self._split(expected)
        initial_b, final_b = self._split(heard)
        return min(1.0, 0.5 * self._initial_cost(initial_a, initial_b) + 0.5 * self._final_cost(final_a, final_b))

    def table(self, expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
        """The cost of all pairs at once: initials and finals are few, so each pair of those is worked out once."""
        spelled_a, spelled_b = [self._spelled(token) for token in expected], [self._spelled(token) for token in heard]
        initials_a, finals_a = self._parts(spelled_a)
        initials_b, finals_b = self._parts(spelled_b)
        sounds = 0.5 * _pairs(self._initial_cost, initials_a, initials_b) + 0.5 * _pairs(self._final_cost, finals_a, finals_b)
        table = _nearest_spelling(_nearest_spelling(np.minimum(1.0, sounds), spelled_a).T, spelled_b).T
        numbers_a, numbers_b = [i for i, token in enumerate(expected) if token.isdigit()], [i for i, t in enumerate(heard) if t.isdigit()]
        for row in numbers_a:
            table[row, numbers_b] = [0.0 if expected[row] == heard[column] else _OTHER_NUMBER for column in numbers_b]
        return table

    def _spelled(self, token: str) -> tuple[str, ...]:
        """The syllables a token may be said as; none for a number of several digits."""
        return self._sounds.numbers.get(token, ()) if token.isdigit() else (token,)

    def _parts(self, spelled: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
        parts = [self._split(syllable) for syllables in spelled for syllable in syllables]
        return [initial for initial, _ in parts], [final for _, final in parts]

    def _number_cost(self, expected: str, heard: str) -> float:
        if expected.isdigit() and heard.isdigit():
            return _OTHER_NUMBER
        return min((self.cost(a, b) for a in self._spelled(expected) for b in self._spelled(heard)), default=1.0)

    def _split(self, syllable: str) -> tuple[str, str]:
        found = self._known_parts.get(syllable)
        if found is None:
            found = self._known_parts[syllable] = self._initial_and_final(syllable)
        return found

    def _initial_and_final(self, syllable: str) -> tuple[str, str]:
        if syllable in self._sounds.respelled:
            return "", self._sounds.respelled[syllable]
        for initial in self._sounds.initials:
            if syllable.startswith(initial):
                final = syllable[len(initial) :]
                if initial in self._sounds.u_is_v_after and final.startswith("u"):
                    final = "v" + final[1:]
                return initial, final
        return "", syllable

    def _initial_cost(self, a: str, b: str) -> float:
        if a == b:
            return 0.0
        if not a or not b:
            return _MISSING_INITIAL
        return self._initial_costs.get(frozenset((a, b)), _UNLIKE_INITIAL)

    def _final_cost(self, a: str, b: str) -> float:
        found = self._known_finals.get((a, b))
        if found is None:
            found = self._known_finals[a, b] = self._unlike_finals(a, b)
        return found

    def _unlike_finals(self, a: str, b: str) -> float:
        if a == b:
            return 0.0
        bare_a, bare_b = a.removesuffix("g"), b.removesuffix("g")
        if bare_a == bare_b and bare_a.endswith("n"):
            return _OTHER_NASAL
        if (blurred := self._final_costs.get(frozenset((a, b)))) is not None:
            return blurred
        if bare_a.removesuffix("n") == bare_b.removesuffix("n"):
            return _NO_NASAL
        return 0.4 + 0.6 * DamerauLevenshtein.normalized_distance(a, b)


@cache
def syllables_of(language: str) -> Syllables:
    """The syllables of a language, read once."""
    return Syllables(table(language, Sounds))


def _costs(confused: Iterable[ConfusedPairs]) -> dict[frozenset[str], float]:
    return {frozenset(pair.split("/")): group.cost for group in confused for pair in group.pairs}


def _pairs(cost: Callable[[str, str], float], expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    """Costs of all pairs of parts of syllables, each different pair worked out once."""
    rows, columns = sorted(set(expected)), sorted(set(heard))
    table = np.array([[cost(a, b) for b in columns] for a in rows]).reshape(len(rows), len(columns))
    row_of, column_of = {a: i for i, a in enumerate(rows)}, {b: i for i, b in enumerate(columns)}
    return table[np.ix_([row_of[a] for a in expected], [column_of[b] for b in heard])]


def _nearest_spelling(table: NDArray[np.float64], spelled: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Rows of syllables → rows of tokens: the nearest of a token's syllables, 1 for a token that has none."""
    if all(len(syllables) == 1 for syllables in spelled):
        return table
    ends = np.cumsum([len(syllables) for syllables in spelled])
    return np.stack([table[end - len(s) : end].min(axis=0, initial=1.0) for s, end in zip(spelled, ends, strict=True)])
