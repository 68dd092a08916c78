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
from qa_pipeline.language.speech import NEXT_UTTERANCE, OTHER_SPEAKER, Speech

# The screen counts in hundredths, rounded down, in 16 bits. A sum that runs over them belongs to no match, and may look like any cost.
COARSE = UNIT // 100
NEVER_COARSE = 2_000
# Tokens of a block (coarse.py).
_BLOCK = 4
_REACH = 2 * UNIT

Rows = NDArray[np.int16]


class Corpus:
    """The speech of one or many parties, ready to be searched at once. Utterances without a token are left out.

    `ranges`: first and last utterance (half-open) of each speech that take part; all without. Matches count tokens from the start of the speech.
    `tokens`: numbers of the lexicon (n,); `first`: where each utterance begins (utterances + 1,); `step`: cost in units of a match that runs
    from the utterance before into each (utterances,); `utterance`, `speech_of`: number of each, and index of the speech it belongs to (utterances,);
    `start_of`: position of the first token of each speech, also where that is left out (speeches,).
    """

    def __init__(self, speeches: Sequence[Speech], lexicon: Lexicon, ranges: Sequence[tuple[int, int]] | None = None) -> None:
        self.lexicon = lexicon
        self.speeches = tuple(speeches)
        numbers: list[int] = []
        offsets: list[int] = []
        utterance: list[int] = []
        counts: list[int] = []
        before: list[int] = []
        for speech, (first, last) in zip(self.speeches, ranges or [(0, len(s.utterances)) for s in self.speeches], strict=True):
            start, end = speech.offsets[first], speech.offsets[last]
            before.append(len(numbers) - start)
            offsets += [len(numbers) - start + offset for offset in speech.offsets[first:last]]
            numbers += speech.numbers[start:end]
            utterance += [u.utterance for u in speech.utterances[first:last]]
            counts.append(last - first)
        sizes = np.diff(np.array([*offsets, len(numbers)], dtype=np.intp))
        spoken = sizes > 0
        self.tokens = np.array(numbers, dtype=np.intp)
        self.first = np.concatenate(([0], np.cumsum(sizes[spoken]))).astype(np.intp)
        self.utterance = np.array(utterance, dtype=np.intp)[spoken]
        self.speech_of = np.repeat(np.arange(len(self.speeches)), counts)[spoken]
        self.start_of = np.array(before, dtype=np.intp)
        is_other_call = np.diff(self.speech_of, prepend=-1) != 0
        is_next = np.diff(self.utterance, prepend=-2) == 1
        self.step = np.where(is_other_call, round(NEVER * UNIT), np.where(is_next, NEXT_UTTERANCE, OTHER_SPEAKER)).astype(np.int64)
        sizes = np.diff(self.first)
        self.crossing = np.zeros(self.tokens.size, dtype=np.int64)
        self.crossing[self.first[:-1]] = self.step
        self.blocks_of = np.concatenate(([0], np.cumsum(-(-sizes // _BLOCK))))
        within = np.arange(int(self.blocks_of[-1])) - np.repeat(self.blocks_of[:-1], np.diff(self.blocks_of))
        self.block_first = np.append(np.repeat(self.first[:-1], np.diff(self.blocks_of)) + within * _BLOCK, self.tokens.size)
        self.block_rows: dict[int, Rows] = {}
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
            self.block_rows.clear()
            vars(self).pop("_windows", None)
        if missing := list(dict.fromkeys(place for sought in phrases for place in sought.places if place not in self._rows)):
            blocks, windows = self._lowest_costs(missing)
            self.block_rows.update(zip(missing, blocks, strict=True))
            self._rows.update(zip(missing, windows, strict=True))

    def may_match(self, sought: Sought) -> NDArray[np.intp]:
        """Indices of the utterances that a match can run over, in order. The phrase must have been prepared."""
        first, length, steps = self._windows
        known = int(np.searchsorted(steps, sought.budget // COARSE, side="right"))
        lowest = self._bound(sought.terms, known)
        lowest += steps[:known]
        found = np.flatnonzero(lowest <= sought.budget // COARSE)
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
            best, *others = [self._bound(part, windows) + np.int16(price // COARSE) for part, price in term]
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
        return first[order], length[order], (step[order] // COARSE).astype(np.int16)

    @cached_property
    def block_step(self) -> NDArray[np.int32]:
        """Cost in hundredths of a match that runs into each block from the one before."""
        steps: NDArray[np.int32] = np.minimum(self.crossing[self.block_first[:-1]] // COARSE, NEVER_COARSE).astype(np.int32)
        return steps

    @cached_property
    def block_cost(self) -> NDArray[np.int32]:
        """Cost in hundredths of letting all tokens of a block pass inside a match."""
        passing = np.add.reduceat(self.lexicon.insertions()[self.tokens], self.block_first[:-1])
        costs: NDArray[np.int32] = np.minimum(passing // COARSE, NEVER_COARSE).astype(np.int32)
        return costs

    def _lowest_costs(self, places: Sequence[int]) -> tuple[Rows, Rows]:
        """Lowest cost of each place, in hundredths: in each block (places, blocks), and in each window (places, windows)."""
        if not len(self):
            return np.zeros((len(places), 0), dtype=np.int16), np.zeros((len(places), 0), dtype=np.int16)
        skips = np.array([self.lexicon.skip(place) for place in places])
        costs = np.minimum(self.lexicon.costs()[places], skips[:, np.newaxis]) // COARSE
        by_token = np.ascontiguousarray(costs.astype(np.int16).T)
        begin, last = self.block_first[:-1], self.block_first[1:] - 1
        lowest = by_token[self.tokens[begin]]
        for offset in range(1, _BLOCK):
            np.minimum(lowest, by_token[self.tokens[np.minimum(begin + offset, last)]], out=lowest)
        blocks = np.ascontiguousarray(lowest.T)
        single = np.minimum.reduceat(blocks, self.blocks_of[:-1], axis=1)
        first, length, _ = self._windows
        rows = single[:, first]
        for offset in range(1, int(length.max(initial=1))):
            longer = np.flatnonzero(length > offset)
            rows[:, longer] = np.minimum(rows[:, longer], single[:, first[longer] + offset])
        return blocks, rows
