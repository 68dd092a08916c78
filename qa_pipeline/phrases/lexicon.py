"""Tokens and places of patterns as numbers, and what each token costs in each place: worked out once, looked up ever after.

Costs are whole numbers, so that sums do not depend on their order and a call gives the same hits alone as among a thousand others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import RLock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.languages.load import table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.grammar import NEVER, Element, Node, Phrase
from qa_pipeline.text.sounds import cost_table

# Cost units per token's weight of 1: hits are told to four decimals.
UNIT = 100_000
# Lower bounds of costs are counted in hundredths, rounded down.
COARSE = UNIT // 100
INSERT = 0.7
INSERT_FILLER = 0.15
# An unmarked homophone (部 for 不) may be the negation misheard.
_NEGATION_UNMARKED = 0.3
_WILD_NEGATION = 0.5
# Numbers this long that no phrase asks for are one token: they are as unlike everything, and they never end.
_LONG_NUMBER = 3
_SOME_NUMBER = "0" * 20
# Of those heard, so many are remembered, in case a phrase asks for one later.
_MOST_NUMBERS = 50_000
# Tokens a lexicon holds before a new one takes its place: names and numbers never end. At 1,000 places about 100 MB.
_MOST_TOKENS = 24_000

Pattern: TypeAlias = tuple["int | tuple[Pattern, ...]", ...]
"""A pattern with its places numbered: numbers of places, and tuples of alternatives."""


Terms: TypeAlias = tuple["int | tuple[tuple[Terms, int], ...] | None", ...]
"""What the cost of a pattern adds up from: places, None for a place that takes any token for nothing, and alternatives with the price of each.

Alternatives of less weight may cost less: they pay the difference in advance, in hundredths.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sought:
    """A phrase as a lexicon's numbers. `allowed`: share of its weight that a match may cost; `budget`: that in units, of its heaviest reading.

    `places`: each once; `gains`: what each adds to the budget, in units; `span`: the most tokens a match can have.
    """

    pattern: Pattern
    allowed: float
    budget: int
    terms: Terms
    places: tuple[int, ...]
    gains: Mapping[int, int]
    span: int


class _Items(dict[str, tuple[int, ...]]):
    """Items of a `norm` as numbers, read as they are met."""

    def __init__(self, read: Callable[[str], tuple[int, ...]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, item: str) -> tuple[int, ...]:
        return self._read(item)


class Lexicon:
    """The tokens heard and the places looked for in one language, numbered as they come.

    `edition` rises when a phrase asks for a number that was heard before as any number: what was read earlier must be read again.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        words = table(language, PhraseWords)
        self._fillers, self._degree = frozenset(words.fillers), frozenset(words.degree)
        self._small = self._fillers | frozenset(words.light)
        self.tokens: list[str] = []
        self._token_numbers: dict[str, int] = {}
        self._items = _Items(self._read)
        self._wanted_numbers: set[str] = set()
        self._other_numbers: set[str] = set()
        self.edition = 0
        self._elements: list[Element] = []
        self._element_numbers: dict[Element, int] = {}
        self._sought: dict[tuple[Phrase, float], Sought] = {}
        self._costs = np.zeros((64, 256), dtype=np.int32)
        self._coarse = np.zeros((64, 256), dtype=np.int16)
        self._filled = (0, 0)
        self._insertions = np.zeros(0, dtype=np.int64)
        self._lock = RLock()
        # By place: cost in units of leaving it out, and its weight.
        self.skips: list[int] = []
        self.weights: list[float] = []
        # What phrases come to in utterances of some tokens, kept by who searches (search.py).
        self.nearest: dict[tuple[Sought, bytes], tuple[tuple[float, int, int] | None]] = {}
        # By token.
        self.is_negation: list[bool] = []
        self.is_degree: list[bool] = []
        self.is_small: list[bool] = []

    def read(self, norm: str) -> list[int]:
        """The numbers of the tokens of a `norm`."""
        return list(chain.from_iterable(map(self._items.__getitem__, norm.split())))

    def sought(self, phrase: Phrase, allowed: float | None = None) -> Sought:
        """A phrase with its places numbered. `allowed`: instead of the phrase's own share."""
        share = phrase.allowed if allowed is None else allowed
        found = self._sought.get((phrase, share))
        if found is None:
            with self._lock:
                pattern = self._numbered(phrase.pattern)
                terms, budget = self._terms(pattern, share)
                places = tuple(dict.fromkeys(_places(pattern)))
                found = Sought(
                    pattern=pattern, allowed=share, budget=budget, terms=terms, places=places,
                    gains={place: self._gain(place, share) for place in places},
                    span=_length(pattern) + budget // round(INSERT_FILLER * UNIT),
                )  # fmt: skip
                self._sought[phrase, share] = found
        return found

    def costs(self) -> NDArray[np.int32]:
        """Cost in units of each token standing in each place: (places, tokens)."""
        size = (len(self._elements), len(self.tokens))
        if self._filled != size:
            with self._lock:
                self._fill(len(self._elements), len(self.tokens))
        return self._costs[: size[0], : size[1]]

    def coarse(self) -> NDArray[np.int16]:
        """The same in hundredths, rounded down, or of leaving the place out where that is cheaper: (places, tokens)."""
        places, tokens = self.costs().shape
        return self._coarse[:places, :tokens]

    def insertions(self) -> NDArray[np.int64]:
        """Cost in units of each token inside a match although the phrase does not have it: (tokens,)."""
        if self._insertions.size != len(self.tokens):
            costs = [
                NEVER if negates else INSERT_FILLER if text in self._fillers else INSERT
                for text, negates in zip(list(self.tokens), self.is_negation, strict=False)
            ]
            self._insertions = np.rint(np.array(costs) * UNIT).astype(np.int64)
        return self._insertions

    def _read(self, item: str) -> tuple[int, ...]:
        body = item.partition("/")[0]
        with self._lock:
            if _is_long_number(body) and body not in self._wanted_numbers:
                if len(self._other_numbers) < _MOST_NUMBERS:
                    self._other_numbers.add(body)
                return (self._token(_SOME_NUMBER),)
            found = self._items[item] = tuple(self._token(part) for part in body.split("+"))
        return found

    def _token(self, part: str) -> int:
        number = self._token_numbers.get(part)
        if number is None:
            text = part.lstrip("!")
            self.is_negation.append(part.startswith("!"))
            self.is_degree.append(text in self._degree)
            self.is_small.append(text in self._small)
            number = self._token_numbers[part] = len(self.tokens)
            self.tokens.append(text)
        return number

    def _element(self, element: Element) -> int:
        number = self._element_numbers.get(element)
        if number is None:
            number = len(self._elements)
            self._want_numbers(element)
            self._elements.append(element)
            self.skips.append(round(element.skip * UNIT))
            self.weights.append(element.weight)
            self._element_numbers[element] = number
        return number

    def _want_numbers(self, element: Element) -> None:
        wanted = {token for token in element.tokens if _is_long_number(token)} - self._wanted_numbers
        self._wanted_numbers |= wanted
        if wanted and (len(self._other_numbers) >= _MOST_NUMBERS or not wanted.isdisjoint(self._other_numbers)):
            self._other_numbers -= wanted
            self.edition += 1

    def _numbered(self, nodes: Sequence[Node]) -> Pattern:
        return tuple(
            self._element(node) if isinstance(node, Element) else tuple(self._numbered(alternative) for alternative in node.alternatives)
            for node in nodes
        )

    def _gain(self, place: int, allowed: float) -> int:
        """What a place adds to the cost a match may have, in units."""
        return round(allowed * self.weights[place] * UNIT)

    def _terms(self, pattern: Pattern, allowed: float) -> tuple[Terms, int]:
        terms: list[int | tuple[tuple[Terms, int], ...] | None] = []
        budget = 0
        for node in pattern:
            if isinstance(node, int):
                budget += self._gain(node, allowed)
                terms.append(node if self.weights[node] > 0 else None)
                continue
            alternatives = [self._terms(alternative, allowed) for alternative in node]
            most = max(gain for _, gain in alternatives)
            budget += most
            terms.append(tuple((part, (most - gain) // COARSE) for part, gain in alternatives))
        return tuple(terms), budget

    def _fill(self, elements: int, tokens: int) -> None:
        known_elements, known_tokens = self._filled
        rows, columns = self._costs.shape
        if elements > rows or tokens > columns:
            size = (max(rows, elements + elements // 4), max(columns, tokens + tokens // 4))
            costs, coarse = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int16)
            costs[:rows, :columns], coarse[:rows, :columns] = self._costs, self._coarse
            self._costs, self._coarse = costs, coarse
        skips = np.array(self.skips[:elements], dtype=np.int32)[:, np.newaxis]
        for first, last, first_token in ((0, known_elements, known_tokens), (known_elements, elements, 0)):
            if last > first and tokens > first_token:
                block = self._block(first, last, first_token, tokens)
                self._costs[first:last, first_token:tokens] = block
                self._coarse[first:last, first_token:tokens] = np.minimum(block, skips[first:last]) // COARSE
        self._filled = (elements, tokens)

    def _block(self, first: int, last: int, first_token: int, last_token: int) -> NDArray[np.int32]:
        """Costs of a range of places for a range of tokens."""
        elements = self._elements[first:last]
        heard = self.tokens[first_token:last_token]
        negates = np.array(self.is_negation[first_token:last_token], dtype=bool)
        tolerant = [element for element in elements if element.kind in ("token", "choice")]
        wanted = {token: i for i, token in enumerate(sorted({token for element in tolerant for token in element.tokens}))}
        # A token stands twice where it is also a negation; costs by sound do not differ.
        distinct = {text: i for i, text in enumerate(dict.fromkeys(heard))}
        sounds = cost_table(list(wanted), list(distinct), self.language)[:, [distinct[text] for text in heard]]
        block = np.empty((len(elements), len(heard)))
        for row, element in enumerate(elements):
            if element.kind in ("wild", "some"):
                block[row] = np.where(negates, _WILD_NEGATION, 0.0)
                continue
            if element.kind == "nothing":
                block[row] = NEVER
                continue
            if element.kind == "number":
                costs = np.array([0.0 if text.isdigit() else 1.0 for text in heard])
            elif element.kind == "set":
                costs = np.array([0.0 if text in element.tokens else 1.0 for text in heard])
            else:
                costs = sounds[[wanted[token] for token in element.tokens]].min(axis=0)
            if element.is_negation:
                block[row] = np.where(costs == 0, np.where(negates, 0.0, _NEGATION_UNMARKED), NEVER)
            else:
                block[row] = np.where(negates, NEVER, costs * element.weight)
        return np.rint(block * UNIT).astype(np.int32)


def _is_long_number(token: str) -> bool:
    return token.isdigit() and len(token) >= _LONG_NUMBER


def _places(pattern: Pattern) -> Iterator[int]:
    for node in pattern:
        if isinstance(node, int):
            yield node
        else:
            for alternative in node:
                yield from _places(alternative)


def _length(pattern: Pattern) -> int:
    """Places of the longest reading."""
    return sum(1 if isinstance(node, int) else max(_length(alternative) for alternative in node) for node in pattern)


_lexicons: dict[str, Lexicon] = {}


def lexicon_of(language: str) -> Lexicon:
    """The lexicon of a language in this process; a new one once it has grown too large (what holds the old one keeps it)."""
    found = _lexicons.get(language)
    if found is None or len(found.tokens) > _MOST_TOKENS:
        found = _lexicons[language] = Lexicon(language)
    return found
