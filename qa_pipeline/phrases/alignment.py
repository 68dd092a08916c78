"""Align a pattern with speech: every place where it fits at a cost of at most a share of its weight.

A semi-global alignment, one array operation per place of the pattern over all positions of the speech. A *balance* is cost − allowed share ×
weight: 0 or less is a match. A whole way through the pattern is kept in one number, `balance × 2**22 − weight × 2**10 − length`, so that the
lowest number is the best way: the cheapest, then the one with more of the pattern's weight, then the one over more tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.phrases.coarse import likely
from qa_pipeline.phrases.grammar import NEVER
from qa_pipeline.phrases.lexicon import UNIT, Lexicon, Pattern, Sought
from qa_pipeline.phrases.screen import Corpus

_LENGTH_BITS = 10
_BITS = 22
# Weights are multiples of a fifth: 1, and 0.4 for light words.
_WEIGHTS = 5
_NEVER = round(NEVER * UNIT)
_NOWHERE = 1 << 60
# So few are aligned at once: finding out where would take longer.
_FEW_TOKENS = 400
# Sums of costs over this many tokens stay below _NOWHERE, even if a match may pass none of them.
_MOST_TOKENS = 20_000


class Match(NamedTuple):
    """A fit. `speech`: index in the corpus; `start`/`end`: half-open range of that speech's tokens. A tuple, which is quickly made: there are very many."""

    speech: int
    similarity: float
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Ranges of a corpus laid end to end, (n,) each.

    `heard`: the tokens that occur, of much speech each once; `position`: of each token in the corpus; `passing`: cost so far of letting tokens pass inside a match (n + 1), `crossing`: of a match that
    steps from the token before into this one; both as shares of a way (see the module).
    """

    tokens: NDArray[np.intp]
    heard: NDArray[np.intp]
    position: NDArray[np.intp]
    crossing: NDArray[np.int64]
    passing: NDArray[np.int64]


def align(sought: Sought, corpus: Corpus) -> list[Match]:
    """Every end of a match in a corpus that the phrase was prepared for, with the best way to get there; unordered."""
    utterances = corpus.may_match(sought)
    if not utterances.size:
        return []
    first, last = corpus.first[utterances], corpus.first[utterances + 1]
    if int((last - first).sum()) > _FEW_TOKENS:
        return align_ranges(sought, corpus, *likely(sought, corpus, utterances))
    follows = np.flatnonzero(np.diff(utterances) == 1)
    return align_ranges(sought, corpus, np.delete(first, follows + 1), np.delete(last, follows))


def align_ranges(
    sought: Sought, corpus: Corpus, first: NDArray[np.intp], last: NDArray[np.intp], *, best_reading: bool = False
) -> list[Match]:
    """Like `align`, in some ranges (half-open, in order, apart) of the corpus' tokens, without looking first where a match may be.

    `best_reading`: follow only those alternatives that come nearest by their words, for a good match instead of every match.
    """
    return align_several([sought], corpus, first, last, best_reading=best_reading)[0]


def align_several(
    several: Sequence[Sought], corpus: Corpus, first: NDArray[np.intp], last: NDArray[np.intp], *, best_reading: bool = False
) -> list[list[Match]]:
    """The same for some phrases, in their order: the ranges are laid end to end once."""
    found: list[list[Match]] = [[] for _ in several]
    for stretches in _laid(corpus, first, last):
        for sought, matches in zip(several, found, strict=True):
            matches += _align(sought, corpus, stretches, best_reading)
    return found


def _align(sought: Sought, corpus: Corpus, stretches: _Stretches, best_reading: bool) -> list[Match]:
    allowed = sought.allowed
    alignment = _Alignment(corpus.lexicon, sought, stretches)
    bound = alignment.lowest(sought.pattern)
    if bound > 0:
        return []
    begun = np.full(stretches.tokens.size + 1, _NOWHERE, dtype=np.int64)
    begun, _ = alignment.advance(begun, 0, alignment.without_hopeless(sought.pattern, 0 if best_reading else -bound))
    ends = np.flatnonzero(begun <= 0)
    if not ends.size:
        return []
    ways = begun[ends]
    extent = -ways & ((1 << _BITS) - 1)
    balance = (ways + extent) >> _BITS
    weight, length = extent >> _LENGTH_BITS, extent & ((1 << _LENGTH_BITS) - 1)
    is_something = (weight > 0) & (length > 0)
    ends, balance, weight, length = ends[is_something], balance[is_something], weight[is_something], length[is_something]
    similarity = 1.0 - allowed - balance * _WEIGHTS / (weight * UNIT)
    last = stretches.position[ends - 1] + 1
    speech = corpus.speech_of[np.searchsorted(corpus.first, last - 1, side="right") - 1]
    local = last - corpus.start_of[speech]
    parts = zip(speech.tolist(), similarity.tolist(), (local - length).tolist(), local.tolist(), strict=True)
    return list(map(Match._make, parts))


class _Alignment:
    """What stays the same while one pattern is aligned with some stretches."""

    def __init__(self, lexicon: Lexicon, sought: Sought, stretches: _Stretches) -> None:
        self.lexicon, self.gains, self.stretches = lexicon, sought.gains, stretches
        self.costs = lexicon.costs()
        cheapest = self.costs[np.array(sought.places)[:, np.newaxis], stretches.heard].min(axis=1).tolist()
        self._balances = {
            place: min(cost, lexicon.skips[place]) - sought.gains[place] for place, cost in zip(sought.places, cheapest, strict=True)
        }

    def advance(self, begun: NDArray[np.int64], unbegun: int, pattern: Pattern) -> tuple[NDArray[np.int64], int]:
        """The best ways through the pattern so far, one place or group further.

        `begun`: for each end position (n + 1) the best way that has matched a token; `unbegun`: the way that has left everything out. They are
        kept apart because only a match that has begun pays for stepping into the next utterance.
        """
        for node in pattern:
            if isinstance(node, int):
                begun, unbegun = self._step(begun, unbegun, node)
                continue
            (best, unbegun_best), *others = [self.advance(begun, unbegun, alternative) for alternative in node]
            for other, unbegun_other in others:
                best, unbegun_best = np.minimum(best, other), min(unbegun_best, unbegun_other)
            begun, unbegun = best, unbegun_best
        return begun, unbegun

    def lowest(self, pattern: Pattern) -> int:
        """Lowest balance that a pattern can have by its words, anywhere."""
        return sum(self._lowest(node) for node in pattern)

    def without_hopeless(self, pattern: Pattern, spare: int) -> Pattern:
        """The pattern without alternatives that cost more than `spare` beyond the best."""
        possible: list[int | tuple[Pattern, ...]] = []
        for node in pattern:
            if isinstance(node, int):
                possible.append(node)
                continue
            bounds = [self.lowest(alternative) for alternative in node]
            spares = [spare - (bound - min(bounds)) for bound in bounds]
            possible.append(
                tuple(self.without_hopeless(alternative, left) for alternative, left in zip(node, spares, strict=True) if left >= 0)
            )
        return tuple(possible)

    def _lowest(self, node: int | tuple[Pattern, ...]) -> int:
        return self._balances[node] if isinstance(node, int) else min(self.lowest(alternative) for alternative in node)

    def _step(self, begun: NDArray[np.int64], unbegun: int, place: int) -> tuple[NDArray[np.int64], int]:
        """Match one more place: on the next token, or by leaving it out; then let tokens that the phrase does not have pass."""
        stretches = self.stretches
        gain = (self.gains[place] << _BITS) + (round(self.lexicon.weights[place] * _WEIGHTS) << _LENGTH_BITS)
        skip = (self.lexicon.skips[place] << _BITS) - gain
        matched = self.costs[place].take(stretches.tokens).astype(np.int64)
        matched <<= _BITS
        matched -= gain + 1
        matched += np.minimum(begun[:-1] + stretches.crossing, unbegun)
        ways = begun + skip
        np.minimum(ways[1:], matched, out=ways[1:])
        # Running minimum over where a run of foreign tokens begins.
        ways -= stretches.passing
        np.minimum.accumulate(ways, out=ways)
        ways += stretches.passing
        return ways, unbegun + skip


def _laid(corpus: Corpus, first: NDArray[np.intp], last: NDArray[np.intp]) -> Iterator[_Stretches]:
    """Ranges of tokens laid end to end; what is no neighbour in the corpus cannot be stepped over. Very much speech comes in several pieces."""
    lengths = last - first
    insertions = corpus.lexicon.insertions()
    for begin, end in _pieces(lengths):
        sizes = lengths[begin:end]
        starts = np.cumsum(sizes) - sizes
        if end - begin == 1:
            position = np.arange(first[begin], last[begin])
        else:
            position = np.repeat(first[begin:end] - starts, sizes) + np.arange(int(sizes.sum()))
        tokens = corpus.tokens[position]
        steps = corpus.crossing[position]
        steps[starts] = _NEVER
        passing = np.minimum(insertions[tokens] + steps, _NEVER)
        ways = np.concatenate(([0], np.cumsum((passing << _BITS) - 1)))
        # Of a few tokens it takes longer to find out which are the same.
        heard = tokens if tokens.size < _FEW_TOKENS else _distinct(tokens, insertions.size)
        yield _Stretches(tokens=tokens, heard=heard, position=position, crossing=steps << _BITS, passing=ways)


def _distinct(tokens: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Each of some numbers below `count` once, in order."""
    occurs = np.zeros(count, dtype=bool)
    occurs[tokens] = True
    return np.flatnonzero(occurs)


def _pieces(lengths: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Runs of ranges of at most _MOST_TOKENS tokens together; a longer range alone."""
    first, total = 0, 0
    for index, length in enumerate(lengths.tolist()):
        if total + length > _MOST_TOKENS and index > first:
            yield first, index
            first, total = index, 0
        total += length
    if first < lengths.size:
        yield first, lengths.size
