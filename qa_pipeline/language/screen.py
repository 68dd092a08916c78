"""Many parties' speech laid end to end, and which of its utterances a pattern can possibly be found in.

Aligning every phrase with every word is what matching would cost without this. The screen is a lower bound: a match pays for each place of the
pattern at least the cheapest token of the utterances it runs over, or for leaving the place out. Where that is more than the phrase may cost
there is no match, whatever the order of the words. Nothing that alignment would find is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.language.lexicon import UNIT, Lexicon, Sought, Terms
from qa_pipeline.language.phrase_grammar import NEVER
from qa_pipeline.language.speech import Speech

NEXT_UTTERANCE = 0.35
OTHER_SPEAKER = 1.0
# The screen counts in hundredths, rounded down, in 16 bits. A sum that runs over them belongs to no match, and may look like any cost.
_COARSE = UNIT // 100
_REACH = 2 * UNIT

Rows = NDArray[np.int16]


class Corpus:
    """The speech of one or many parties, ready to be searched at once. Utterances without a token are left out.

    `tokens`: numbers of the lexicon (n,); `first`: where each utterance begins (utterances + 1,); `step`: cost in units of a match that runs
    from the utterance before into each (utterances,); `utterance`, `speech_of`: number of each, and index of the speech it belongs to (utterances,).
    """

    def __init__(self, speeches: Sequence[Speech], lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.speeches = tuple(speeches)
        numbers: list[int] = []
        lengths: list[int] = []
        utterance: list[int] = []
        speech_of: list[int] = []
        for index, speech in enumerate(self.speeches):
            numbers += speech.numbers
            lengths += [b - a for a, b in zip(speech.offsets, speech.offsets[1:], strict=False)]
            utterance += [u.utterance for u in speech.utterances]
            speech_of += [index] * len(speech.utterances)
        sizes = np.array(lengths, dtype=np.intp)
        spoken = sizes > 0
        self.tokens = np.array(numbers, dtype=np.intp)
        self.first = np.concatenate(([0], np.cumsum(sizes[spoken]))).astype(np.intp)
        self.utterance = np.array(utterance, dtype=np.intp)[spoken]
        self.speech_of = np.array(speech_of, dtype=np.intp)[spoken]
        self.start_of = np.cumsum([0, *(len(speech) for speech in self.speeches)])
        is_next = np.diff(self.utterance, prepend=-2) == 1
        is_other_call = np.diff(self.speech_of, prepend=-1) != 0
        self.step = np.rint(np.where(is_other_call, NEVER, np.where(is_next, NEXT_UTTERANCE, OTHER_SPEAKER)) * UNIT).astype(np.int64)
        self._reach = _REACH
        self._rows: dict[int, Rows] = {}

    def __len__(self) -> int:
        return len(self.step)

    def prepare(self, phrases: Sequence[Sought]) -> None:
        """Work out ahead, all at once, what many phrases will ask for."""
        if (reach := max((sought.budget for sought in phrases), default=0)) > self._reach:
            # Longer phrases than seen so far may run over more utterances.
            self._reach = reach
            self._rows.clear()
            vars(self).pop("_windows", None)
        if missing := list(dict.fromkeys(place for sought in phrases for place in sought.places if place not in self._rows)):
            self._rows.update(zip(missing, self._lowest_costs(missing), strict=True))

    def may_match(self, sought: Sought) -> NDArray[np.intp]:
        """Indices of the utterances that a match can run over, in order. The phrase must have been prepared."""
        first, length, steps = self._windows
        known = int(np.searchsorted(steps, sought.budget // _COARSE, side="right"))
        lowest = self._bound(sought.terms, known)
        lowest += steps[:known]
        found = np.flatnonzero(lowest <= sought.budget // _COARSE)
        if not found.size or length[found[-1]] == 1:
            return np.sort(first[found])
        covered = np.zeros(len(self), dtype=bool)
        for offset in range(int(length[found].max())):
            covered[first[found[length[found] > offset]] + offset] = True
        return np.flatnonzero(covered)

    def bound(self, sought: Sought) -> Rows:
        """Lowest cost of a prepared phrase in each utterance, in hundredths."""
        return self._bound(sought.terms, len(self))

    def _bound(self, terms: Terms, windows: int) -> Rows:
        total = np.zeros(windows, dtype=np.int16)
        for term in terms:
            if isinstance(term, int):
                total += self._rows[term][:windows]
                continue
            best, *others = [self._bound(part, windows) + np.int16(price // _COARSE) for part, price in term]
            for other in others:
                np.minimum(best, other, out=best)
            total += best
        return total

    @cached_property
    def _windows(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Rows]:
        """Neighbouring utterances a match may run over: first, how many, and what stepping over their ends costs; cheapest first.

        Single utterances come first, in order.
        """
        firsts = [np.arange(len(self))]
        lengths = [np.ones(len(self), dtype=np.intp)]
        steps = [np.zeros(len(self), dtype=np.int64)]
        while firsts[-1].size:
            count = len(firsts) + 1
            within = firsts[-1] + count <= len(self)
            cost = steps[-1][within] + self.step[firsts[-1][within] + count - 1]
            kept = cost <= self._reach
            firsts.append(firsts[-1][within][kept])
            lengths.append(np.full(firsts[-1].size, count))
            steps.append(cost[kept])
        first, length, step = np.concatenate(firsts), np.concatenate(lengths), np.concatenate(steps)
        order = np.argsort(step, kind="stable")
        return first[order], length[order], (step[order] // _COARSE).astype(np.int16)

    @cached_property
    def _by_length(self) -> tuple[NDArray[np.intp], list[int]]:
        """Utterances from the longest to the shortest, and how many have more than 0, 1, 2 … tokens."""
        sizes = np.diff(self.first)
        order = np.argsort(-sizes, kind="stable")
        counts = np.cumsum(np.bincount(sizes)[::-1])[::-1][1:]
        return order, counts.tolist()

    def _lowest_costs(self, places: Sequence[int]) -> Rows:
        """Lowest cost of each place in each window, in hundredths: (places, windows)."""
        elements = [self.lexicon.element(place) for place in places]
        skips = np.array([round(element.skip * UNIT) for element in elements])
        costs = np.minimum(self.lexicon.costs()[places], skips[:, np.newaxis]) // _COARSE
        by_token = np.ascontiguousarray(costs.astype(np.int16).T)
        order, counts = self._by_length
        begin = self.first[:-1][order]
        lowest = np.empty((len(self), len(places)), dtype=np.int16)
        for position, count in enumerate(counts):
            found = by_token[self.tokens[begin[:count] + position]]
            lowest[:count] = np.minimum(lowest[:count], found) if position else found
        single = np.empty((len(places), len(self)), dtype=np.int16)
        single[:, order] = lowest.T
        first, length, _ = self._windows
        rows = single[:, first]
        for offset in range(1, int(length.max(initial=1))):
            longer = np.flatnonzero(length > offset)
            rows[:, longer] = np.minimum(rows[:, longer], single[:, first[longer] + offset])
        return rows
