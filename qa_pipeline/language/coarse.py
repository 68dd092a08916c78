"""Align a pattern with blocks of a few tokens instead of single ones: which short stretches of speech are worth aligning exactly.

The second lower bound, after the screen: the order of the pattern and the tokens that would have to be passed now count, but any token of a block may
stand for a place, more than once. What alignment would find ends in a block that is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.language.lexicon import Lexicon, Pattern, Sought, gain_of
from qa_pipeline.language.screen import COARSE, NEVER_COARSE, Corpus

_NOWHERE = 1 << 28
_Costs = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Blocks that are looked at. In hundredths: `step` of a match that runs into each from the one before; `passed`: sum of what it costs to step
    into and let pass all blocks up to each, `own`: what it costs to let each pass."""

    index: NDArray[np.intp]
    step: _Costs
    passed: _Costs
    own: _Costs


class _Way:
    """The cheapest ways through the pattern so far: by the block of their last token (balance in hundredths), and with nothing matched."""

    def __init__(self, blocks: _Blocks, costs: _Costs, unbegun: int) -> None:
        self.blocks, self.costs, self.unbegun = blocks, costs, unbegun
        self._arrived: _Costs | None = None

    def arrived(self) -> _Costs:
        """The same once each has gone on, past any tokens, to the block where the next token is taken."""
        if self._arrived is None:
            blocks = self.blocks
            cheapest = self.costs - blocks.passed
            np.minimum.accumulate(cheapest, out=cheapest)
            found = np.minimum(self.costs, self.unbegun)
            later = cheapest[:-1] + (blocks.passed[1:] - blocks.own[1:])
            np.minimum(found[1:], later, out=found[1:])
            self._arrived = found
        return self._arrived


def likely(sought: Sought, corpus: Corpus, utterances: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Ranges of the corpus' tokens (first, last; half-open, in order, apart) that have every match in the given utterances."""
    blocks = _blocks(corpus, utterances)
    begun = np.full(blocks.index.size, _NOWHERE, dtype=np.int32)
    way = _advance(_Way(blocks, begun, 0), sought.pattern, sought.allowed, corpus)
    ends = blocks.index[np.flatnonzero(way.costs <= 0)]
    first = np.maximum(corpus.block_first[ends] + 1 - sought.span, 0)
    last = corpus.block_first[ends + 1]
    opens = np.flatnonzero(first > np.concatenate(([-1], last[:-1])))
    closes = np.concatenate((opens[1:], [ends.size])) - 1
    return first[opens], last[closes[: opens.size]]


def _advance(way: _Way, pattern: Pattern, allowed: float, corpus: Corpus) -> _Way:
    for node in pattern:
        if isinstance(node, int):
            way = _step(way, node, allowed, corpus)
            continue
        ways = [_advance(way, alternative, allowed, corpus) for alternative in node]
        costs = ways[0].costs
        for other in ways[1:]:
            costs = np.minimum(costs, other.costs)
        way = _Way(way.blocks, costs, min(other.unbegun for other in ways))
    return way


def _step(way: _Way, place: int, allowed: float, corpus: Corpus) -> _Way:
    lexicon: Lexicon = corpus.lexicon
    element = lexicon.element(place)
    if element.weight == 0:
        return _Way(way.blocks, way.arrived(), way.unbegun)
    # Rounded up, so that the balance is a lower bound.
    gain = -(-gain_of(element.weight, allowed) // COARSE)
    row = corpus.block_rows[place][way.blocks.index]
    return _Way(way.blocks, way.arrived() + (row - np.int32(gain)), way.unbegun + lexicon.skip(place) // COARSE - gain)


def _blocks(corpus: Corpus, utterances: NDArray[np.intp]) -> _Blocks:
    first, last = corpus.blocks_of[utterances], corpus.blocks_of[utterances + 1]
    lengths = last - first
    starts = np.cumsum(lengths) - lengths
    index = np.repeat(first - starts, lengths) + np.arange(int(lengths.sum()))
    step = corpus.block_step[index]
    step[1:][np.diff(index) != 1] = NEVER_COARSE
    own = corpus.block_cost[index]
    return _Blocks(index=index, step=step, passed=np.cumsum(step + own, dtype=np.int32), own=own)
