"""How easily a recogniser mistakes one token for another: costs from 0 (same) to 1 (nothing in common).

Syllables of a han script are compared by initial and final (syllables.py); the pairs given a low cost are those that Whisper base confused most
often on telephone speech (n/l, zh/z, an/ang, in/ing, dropped endings). Words of letters are compared by letters. The figures were chosen so that
the confusions listed in docs/matching.md stay under the thresholds of phrases/grammar.py and the listed non-matches stay above; they are not fitted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cdist

from qa_pipeline.languages.load import is_han
from qa_pipeline.text.syllables import syllables_of

# Beyond this share of letters two words are different words, whatever they share.
_SAME_WORD = 0.4
# One letter makes another word of a word this short (here, there).
_SHORT_WORD = 4


def cost_table(expected: Sequence[str], heard: Sequence[str], language: str) -> NDArray[np.float64]:
    """Cost of hearing each token of `heard` for each of `expected`: (expected, heard). Equal to Syllables.cost or word_cost of every pair."""
    if not expected or not heard:
        return np.zeros((len(expected), len(heard)))
    return syllables_of(language).table(expected, heard) if is_han(language) else _word_table(expected, heard)


def token_cost(expected: str, heard: str, language: str) -> float:
    """Cost of hearing one token for another."""
    return syllables_of(language).cost(expected, heard) if is_han(language) else word_cost(expected, heard)


def word_cost(expected: str, heard: str) -> float:
    """Cost of hearing one folded word for another."""
    if expected == heard:
        return 0.0
    if expected.isdigit() or heard.isdigit() or min(len(expected), len(heard)) <= _SHORT_WORD:
        return 1.0
    share = DamerauLevenshtein.normalized_distance(expected, heard)
    return 1.2 * share if share <= _SAME_WORD else 1.0


def _word_table(expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    table = np.ones((len(expected), len(heard)))
    rows = [i for i, word in enumerate(expected) if len(word) > _SHORT_WORD and not word.isdigit()]
    columns = [i for i, word in enumerate(heard) if len(word) > _SHORT_WORD and not word.isdigit()]
    if rows and columns:
        long_a, long_b = [expected[i] for i in rows], [heard[i] for i in columns]
        distances = cdist(long_a, long_b, scorer=DamerauLevenshtein.distance, dtype=np.int32)
        shares = distances / np.maximum.outer([len(word) for word in long_a], [len(word) for word in long_b])
        table[np.ix_(rows, columns)] = np.where(shares <= _SAME_WORD, 1.2 * shares, 1.0)
    position = {word: i for i, word in enumerate(heard)}
    for row, word in enumerate(expected):
        if word in position:
            table[row, position[word]] = 0.0
    return table
