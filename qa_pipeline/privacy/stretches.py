"""Which words one after the other the reader takes for one thing: where it begins and ends, and of what kind it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from qa_pipeline.call import Utterance
from qa_pipeline.privacy.kinds import NUMBERS, Personal
from qa_pipeline.privacy.reader import KINDS, Bars
from qa_pipeline.privacy.tokens import Token

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of words before a full stop, the letters of those that it is no ending behind: dr., st.
_SHORTEST_SENTENCE = 3
_COMMAS = frozenset({",", "，", "、", "。"})
_SENTENCE_ENDS = re.compile(r"[.?!…]\s")


def stretches(tokens: Sequence[Token], personal: NDArray[np.float32], bars: Bars) -> Iterator[tuple[int, int]]:
    """Words one after the other, of one utterance, that may be personal, with at least one that surely is."""
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end].is_word and personal[end] >= bars.beside:
            end += 1
        if end > at and personal[at:end].max() >= bars.sure:
            yield at, end
        at = max(end, at + 1)


def with_joined(utterances: Sequence[Utterance], tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """A stretch with the words that a hyphen joins to its own: Kjell-Åke."""

    def is_joined(at: int) -> bool:
        if not 0 < at < len(tokens):
            return False
        before, after = tokens[at - 1], tokens[at]
        is_near = before.utterance == after.utterance and before.is_word and after.is_word
        return is_near and utterances[after.utterance].text[before.end : after.start] == "-"

    while is_joined(first):
        first -= 1
    while is_joined(last):
        last += 1
    return first, last


def of_kinds(chances: NDArray[np.float32], first: int, last: int, bars: Bars) -> Iterator[tuple[int, int, Personal]]:
    """A stretch in parts of one kind each; words of a kind that the reader is nowhere sure of go with those before or after them."""
    likeliest = chances[first:last, 1:].argmax(axis=1)
    parts: list[tuple[int, int, int, bool]] = []
    for at, kind in enumerate(likeliest, start=first):
        if parts and parts[-1][2] == kind:
            start, _, _, is_sure = parts.pop()
        else:
            start, is_sure = at, False
        parts.append((start, at + 1, int(kind), is_sure or bool(chances[at, 1 + kind] >= bars.sure)))
    parts = _numbers_as_one(chances, parts)
    sure = [part for part in parts if part[3]] or [max(parts, key=lambda part: float(chances[part[0] : part[1], 1 + part[2]].max()))]
    edges = [first, *(part[0] for part in sure[1:]), last]
    for (start, end), (_, _, kind, _) in zip(pairwise(edges), sure, strict=True):
        yield start, end, KINDS[kind]


def _numbers_as_one(chances: NDArray[np.float32], parts: Sequence[tuple[int, int, int, bool]]) -> list[tuple[int, int, int, bool]]:
    """Parts with numbers one after the other made one, of the kind that is likeliest over all: nobody says half of a telephone's and half of a card's."""
    kinds = {at for at, kind in enumerate(KINDS) if kind in NUMBERS}
    merged: list[tuple[int, int, int, bool]] = []
    for start, end, kind, is_sure in parts:
        if merged and {kind, merged[-1][2]} <= kinds:
            first, _, _, was_sure = merged.pop()
            kind = max(kinds, key=lambda one: float(chances[first:end, 1 + one].sum()))
            merged.append((first, end, kind, was_sure or is_sure))
        else:
            merged.append((start, end, kind, is_sure))
    return merged


def in_sentences(
    utterances: Sequence[Utterance], tokens: Sequence[Token], parts: Iterable[tuple[int, int, Personal]]
) -> Iterator[tuple[int, int, Personal]]:
    """Parts as they are, names parted where a sentence ends within, or at a comma: is that Mr Bhatt? Fern here. Morning, Dean. A letter with a full stop
    goes on.
    """
    for start, end, kind in parts:
        begin = start
        for at in range(start + 1, end if kind is Personal.NAME else start):
            before, after = tokens[at - 1], tokens[at]
            gap = utterances[after.utterance].text[before.end : after.start]
            if (before.end - before.start > _SHORTEST_SENTENCE and _SENTENCE_ENDS.search(gap)) or gap.strip() in _COMMAS:
                yield begin, at, kind
                begin = at
        yield begin, end, kind
