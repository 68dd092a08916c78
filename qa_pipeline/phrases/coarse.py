"""Align a pattern with blocks of a few tokens instead of single ones: which short stretches of speech are worth aligning exactly.

The second lower bound, after the screen: the order of the pattern and the tokens that would have to be passed now count, but any token of a block may
stand for a place, more than once. What alignment would find ends in a block that is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.phrases.lexicon import COARSE, Sought, Terms
from qa_pipeline.phrases.screen import NEVER_COARSE, Corpus

_NOWHERE = 1 << 28
_Costs = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Blocks that are looked at. In hundredths: `passed`: sum of what it costs to step into and to let pass all blocks up to each; `reached`: the same
    up to the block before, and stepping into it."""

    index: NDArray[np.intp]
    passed: _Costs
    reached: _Costs


class _Way:
    """The cheapest ways through the pattern so far: by the block of their last token, and with nothing matched."""

    def __init__(self, blocks: _Blocks, costs: _Costs, unbegun: int) -> None:
        self.blocks, self.costs, self.unbegun = blocks, costs, unbegun
        self._arrived: _Costs | None = None

    def arrived(self) -> _Costs:
        """The same once each has gone on, past any tokens, to the block where the next token is taken."""
        if self._arrived is None:
            cheapest = self.costs - self.blocks.passed
            np.minimum.accumulate(cheapest, out=cheapest)
            later = cheapest[:-1]
            later += self.blocks.reached[1:]
            found = np.minimum(self.costs, self.unbegun)
            np.minimum(found[1:], later, out=found[1:])
            self._arrived = found
        return self._arrived


def likely(sought: Sought, corpus: Corpus, utterances: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Ranges of the corpus' tokens (first, last; half-open, in order, apart) that have every match in the given utterances."""
    blocks = _blocks(corpus, utterances)
    way = _advance(_Way(blocks, np.full(blocks.index.size, _NOWHERE, dtype=np.int32), 0), sought.terms, corpus)
    ends = blocks.index[np.flatnonzero(way.costs <= sought.budget // COARSE)]
    first = np.maximum(corpus.block_first[ends] + 1 - sought.span, 0)
    last = corpus.block_first[ends + 1]
    opens = np.flatnonzero(first > np.concatenate(([-1], last[:-1])))
    closes = np.append(opens[1:], ends.size) - 1
    return first[opens], last[closes[: opens.size]]


def _advance(way: _Way, terms: Terms, corpus: Corpus) -> _Way:
    for term in terms:
        if term is None:
            way = _Way(way.blocks, way.arrived(), way.unbegun)
        elif isinstance(term, int):
            costs = corpus.block_rows[term].take(way.blocks.index) + way.arrived()
            way = _Way(way.blocks, costs, way.unbegun + corpus.lexicon.skips[term] // COARSE)
        else:
            ways = [(_advance(way, part, corpus), price) for part, price in term]
            costs = ways[0][0].costs + np.int32(ways[0][1])
            for other, price in ways[1:]:
                np.minimum(costs, other.costs + np.int32(price), out=costs)
            way = _Way(way.blocks, costs, min(other.unbegun + price for other, price in ways))
    return way


def _blocks(corpus: Corpus, utterances: NDArray[np.intp]) -> _Blocks:
    first, last = corpus.blocks_of[utterances], corpus.blocks_of[utterances + 1]
    lengths = last - first
    starts = np.cumsum(lengths) - lengths
    index = np.repeat(first - starts, lengths) + np.arange(int(lengths.sum()))
    step = corpus.block_step[index]
    step[1:][np.diff(index) != 1] = NEVER_COARSE
    own = corpus.block_cost[index]
    passed = np.cumsum(step + own, dtype=np.int32)
    return _Blocks(index=index, passed=passed, reached=passed - own)
