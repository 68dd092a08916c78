"""Many parties' speech laid end to end, and which of its utterances a pattern can possibly be found in.

Aligning every phrase with every word is what matching would cost without this. The screen is a lower bound: a match pays for each place of the
pattern at least the cheapest token of the utterances it runs over, or for leaving the place out. Where that is more than the phrase may cost
there is no match, whatever the order of the words. Nothing that alignment would find is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.phrases.grammar import NEVER
from qa_pipeline.phrases.lexicon import COARSE, UNIT, Lexicon, Sought, Terms
from qa_pipeline.phrases.speech import NEXT_UTTERANCE, OTHER_SPEAKER, Speech

# Costs are counted in hundredths, in 16 bits. A sum that runs over them belongs to no match, and may look like any cost.
NEVER_COARSE = 2_000
# Tokens of a block (coarse.py).
_BLOCK = 3
_REACH = 2 * UNIT
# Places worked out at once: their costs lie side by side, so that each token heard is looked up once for all of them. For one call alone quicker than 16; for hundreds at once 16 is.
_AT_ONCE = 64

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
        self._lowest: dict[int, int] = {}
        self._rows: dict[int, Rows] = {}
        self._windows: dict[int, _Windows] = {}

    def __len__(self) -> int:
        return len(self.step)

    def prepare(self, phrases: Sequence[Sought]) -> list[Sought]:
        """Work out ahead, all at once, what many phrases will ask for. Returns those that some of the tokens heard could make up; nothing else is found.

        Of most phrases on a list some words were said by nobody.
        """
        self._prepare_lowest(phrases)
        possible = [sought for sought in phrases if _lowest(sought.terms, self._lowest) <= sought.budget // COARSE]
        self.prepare_all(possible)
        return possible

    def prepare_all(self, phrases: Sequence[Sought]) -> None:
        """Work out ahead what `bound` and `may_match` ask for, also of phrases that cannot be found."""
        self._prepare_rows(list(dict.fromkeys(place for sought in phrases for place in sought.places if place not in self._rows)))
        by_reach: dict[int, list[Sought]] = {}
        for sought in phrases:
            by_reach.setdefault(_reach(sought.budget), []).append(sought)
        for reach, alike in by_reach.items():
            if reach not in self._windows:
                self._windows[reach] = _Windows(self.step, reach)
            self._windows[reach].prepare(self._rows, [place for sought in alike for place in sought.places])

    def may_match(self, sought: Sought) -> NDArray[np.intp]:
        """Indices of the utterances that a match can run over, in order. The phrase must have been prepared."""
        windows = self._windows[_reach(sought.budget)]
        known = windows.single if sought.budget < NEXT_UTTERANCE else windows.step.size
        lowest = _bound(sought.terms, windows.rows, known)
        lowest += windows.step[:known]
        found = np.flatnonzero(lowest <= sought.budget // COARSE)
        if not found.size or windows.length[found[-1]] == 1:
            return windows.first[found]
        covered = np.zeros(len(self), dtype=bool)
        for offset in range(int(windows.length[found].max())):
            covered[windows.first[found[windows.length[found] > offset]] + offset] = True
        return np.flatnonzero(covered)

    def bound(self, sought: Sought) -> Rows:
        """Lowest cost of a prepared phrase in each utterance, in hundredths."""
        return _bound(sought.terms, self._rows, len(self))

    def _prepare_lowest(self, phrases: Sequence[Sought]) -> None:
        """Lowest cost of each place for any token heard, in hundredths."""
        places = list(dict.fromkeys(place for sought in phrases for place in sought.places if place not in self._lowest))
        if not places:
            return
        if not len(self):
            self._lowest.update((place, NEVER_COARSE) for place in places)
            return
        lowest = self.lexicon.coarse()[np.array(places)][:, self._heard[0]].min(axis=1)
        self._lowest.update(zip(places, lowest.tolist(), strict=True))

    def _prepare_rows(self, places: Sequence[int]) -> None:
        """Lowest cost of each place in each block and in each utterance, in hundredths."""
        if not places or not len(self):
            self._rows.update((place, np.zeros(0, dtype=np.int16)) for place in places)
            return
        heard, in_blocks = self._heard
        order, positions = self._by_length
        for some in _some_at_once(places):
            costs = self.lexicon.coarse()[np.array(some)[:, np.newaxis], heard].T.copy()
            blocks = costs.take(in_blocks[0], axis=0)
            for tokens in in_blocks[1:]:
                np.minimum(blocks, costs.take(tokens, axis=0), out=blocks)
            longest_first = blocks.take(positions[0], axis=0)
            for position in positions[1:]:
                shorter = longest_first[: position.size]
                np.minimum(shorter, blocks.take(position, axis=0), out=shorter)
            self.block_rows.update(zip(some, blocks.T.copy(), strict=True))
            self._rows.update(zip(some, longest_first.take(order, axis=0).T.copy(), strict=True))

    @cached_property
    def _heard(self) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
        """Numbers of the tokens that occur; and the first, second … tokens of all blocks (their last where they have no more) as indices of those."""
        is_heard = np.zeros(len(self.lexicon.tokens), dtype=bool)
        is_heard[self.tokens] = True
        index = (np.cumsum(is_heard) - 1)[self.tokens]
        begin, last = self.block_first[:-1], self.block_first[1:] - 1
        return np.flatnonzero(is_heard), [index[np.minimum(begin + offset, last)] for offset in range(_BLOCK)]

    @cached_property
    def _by_length(self) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
        """Utterances sorted from the longest to the shortest: where each has gone, and their first blocks, second blocks … as far as they have any."""
        sizes = np.diff(self.blocks_of)
        order = np.argsort(-sizes, kind="stable")
        first, sizes = self.blocks_of[:-1][order], sizes[order]
        positions = [first[: int(np.count_nonzero(sizes > offset))] + offset for offset in range(int(sizes[0]))]
        return np.argsort(order), positions

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


class _Windows:
    """Neighbouring utterances a match may run over, and the lowest cost of places in them; single utterances, pairs, three …, each in order.

    `first` utterance and `length` of each; `step`: what running over their ends costs, in hundredths; `single`: how many there are of one utterance.
    """

    def __init__(self, step: NDArray[np.int64], reach: int) -> None:
        count = step.size
        self.single = count
        firsts, steps = [np.arange(count)], [np.zeros(count, dtype=np.int64)]
        # Of windows longer by one: their place among the windows, which shorter one each goes on, and its last utterance.
        self._longer: list[tuple[slice, NDArray[np.intp], NDArray[np.intp]]] = []
        begin = 0
        while firsts[-1].size:
            length, end = len(firsts) + 1, begin + firsts[-1].size
            last = firsts[-1] + length - 1
            within = np.flatnonzero(last < count)
            near = within[steps[-1][within] + step[last[within]] <= reach]
            self._longer.append((slice(end, end + near.size), begin + near, last[near]))
            steps.append(steps[-1][near] + step[last[near]])
            firsts.append(firsts[-1][near])
            begin = end
        self.first = np.concatenate(firsts)
        self.length = np.repeat(np.arange(1, len(firsts) + 1), [of_one_length.size for of_one_length in firsts])
        self.step = (np.concatenate(steps) // COARSE).astype(np.int16)
        self.rows: dict[int, Rows] = {}

    def prepare(self, single: Mapping[int, Rows], places: Iterable[int]) -> None:
        """Work out the rows of places from those of single utterances."""
        for some in _some_at_once([place for place in dict.fromkeys(places) if place not in self.rows]):
            own = np.stack([single[place] for place in some], axis=1)
            rows = np.empty((self.first.size, len(some)), dtype=np.int16)
            rows[: self.single] = own
            for window, shorter, last in self._longer:
                np.minimum(rows.take(shorter, axis=0), own.take(last, axis=0), out=rows[window])
            self.rows.update(zip(some, rows.T.copy(), strict=True))


def _some_at_once(places: Sequence[int]) -> Iterator[Sequence[int]]:
    return (places[first : first + _AT_ONCE] for first in range(0, len(places), _AT_ONCE))


def _bound(terms: Terms, rows: Mapping[int, Rows], size: int) -> Rows:
    """Lowest sum of costs in the first windows."""
    total = np.zeros(size, dtype=np.int16)
    for term in terms:
        if term is None:
            continue
        if isinstance(term, int):
            total += rows[term][:size]
            continue
        best, *others = [_bound(part, rows, size) + np.int16(price) if price else _bound(part, rows, size) for part, price in term]
        for other in others:
            np.minimum(best, other, out=best)
        total += best
    return total


def _lowest(terms: Terms, lowest: Mapping[int, int]) -> int:
    """The same where each place has the cheapest token that there is."""
    total = 0
    for term in terms:
        if isinstance(term, int):
            total += lowest[term]
        elif term is not None:
            total += min(_lowest(part, lowest) + price for part, price in term)
    return total


def _reach(budget: int) -> int:
    """How dear windows may be that phrases of a budget are looked for in: twice the weight of a token, four times, eight …"""
    reach = _REACH
    while reach < budget:
        reach *= 2
    return reach
