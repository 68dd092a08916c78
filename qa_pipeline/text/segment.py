"""Words of a script without blanks: where they begin and end in a text, by how often words are counted (vocabulary.txt of the language).

The likeliest cut is the one whose words are most frequent, all taken by themselves (a unigram model). Good enough to say that 型 in 手机是什么机型 is
half a word; models/vocabulary says where the counts are from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

from qa_pipeline.languages.load import vocabulary_file

# A single character this frequent is a word by itself (是, 在, 再); a rarer one that no longer word takes in makes no sense. Chosen, not fitted.
_WORD_BY_ITSELF = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A word found in a text. `start`/`end`: half-open; `makes_sense`: whether the list has it, of one character only the frequent ones."""

    start: int
    end: int
    makes_sense: bool


@cache
def has_vocabulary(language: str) -> bool:
    """Whether the language has a list of words."""
    return vocabulary_file(language) is not None


@lru_cache(maxsize=20_000)
def pieces(text: str, language: str) -> tuple[Piece, ...]:
    """The words of a text of simplified characters without punctuation."""
    counts, longest, unknown = _vocabulary(language)
    by_itself = math.log(_WORD_BY_ITSELF) + unknown
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        best.append(
            max(
                (best[start][0] + counts.get(text[start:end], unknown), start)
                for start in range(max(0, end - longest), end)
                if end - start == 1 or text[start:end] in counts
            )
        )
    found: list[Piece] = []
    end = len(text)
    while end:
        start = best[end][1]
        makes_sense = end - start > 1 or counts.get(text[start:end], unknown) >= by_itself
        found.append(Piece(start, end, makes_sense))
        end = start
    return tuple(reversed(found))


@cache
def _vocabulary(language: str) -> tuple[dict[str, float], int, float]:
    """Words with the logarithm of their share, the length of the longest, and the share of what was counted once: what a character counts that is in no word."""
    path = vocabulary_file(language)
    rows = [line.split(" ") for line in path.read_text("utf-8").splitlines()] if path else []
    total = math.log(sum(int(count) for _, count in rows) or 1)
    counts = {word: math.log(int(count)) - total for word, count in rows}
    return counts, max((len(word) for word in counts), default=1), -total
