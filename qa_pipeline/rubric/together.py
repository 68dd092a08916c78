"""Conversations of one language searched together: a phrase or meaning that two of them ask for is looked up in all of them.

Array operations cost about the same for one call as for hundreds, so that is what makes scoring many calls fast. What is found in a conversation
does not depend on which others it is searched with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Conversation, Role
from qa_pipeline.language.lexicon import lexicon_of
from qa_pipeline.language.normalise import unit_spans
from qa_pipeline.language.phrases import Corpus, Hit, Nearness, Phrase, Speech, alone, find_phrases, names_call, nearest_in, nearness
from qa_pipeline.rubric.meanings import SHORTEST_UNITS, Heads

Roles = frozenset[Role]
# Order of hits: by start, the better first, then as the rubric has the phrases.
_Ranked = tuple[int, float, int, Hit]


@dataclass(slots=True, eq=False)
class _Lookup:
    """Phrases looked up in the words of some roles. `ranks`: their places in the list asked for; `alone`: by conversation, until a second one asks."""

    phrases: Sequence[Phrase]
    ranks: Sequence[int]
    roles: Roles
    alone: dict[int, list[_Ranked]] = field(default_factory=dict)
    everywhere: dict[int, list[_Ranked]] | None = None
    nearness_alone: dict[int, Nearness] = field(default_factory=dict)
    nearness: Nearness | None = None


class Together:
    """What some conversations of one language share while they are searched."""

    def __init__(self, conversations: Sequence[Conversation], heads: Heads) -> None:
        self.conversations = conversations
        self.language = conversations[0].language or ""
        self._heads = heads
        self._lexicon = lexicon_of(self.language)
        self._speeches: dict[Roles, list[Speech]] = {}
        self._corpora: dict[Roles, Corpus] = {}
        self._lookups: dict[tuple[int, Roles], tuple[_Lookup, ...]] = {}
        # Lookups are found by the identity of their list, so the lists must live as long.
        self._asked: list[Sequence[Phrase]] = []
        self._by_phrases: dict[tuple[tuple[tuple[int, Phrase], ...], Roles], _Lookup] = {}
        self._probabilities: dict[int, dict[str, dict[int, float]]] = {}

    def speeches(self, roles: Roles) -> list[Speech]:
        """All words of some roles, laid end to end, for each conversation."""
        if roles not in self._speeches:
            self._speeches[roles] = [
                Speech([u for u in conversation.utterances if u.role in roles], self.language, self._lexicon)
                for conversation in self.conversations
            ]
        return self._speeches[roles]

    def hits(self, phrases: Sequence[Phrase], roles: Roles, place: int) -> list[Hit]:
        """Where any of the phrases is said in one conversation, in order of time."""
        first, *others = [self._found(lookup, place) for lookup in self._lookups_of(phrases, roles)]
        if any(others):
            first = sorted(first + [ranked for other in others for ranked in other], key=lambda ranked: ranked[:3])
        return [hit for _, _, _, hit in first]

    def nearest(self, phrases: Sequence[Phrase], roles: Roles, place: int, numbers: frozenset[int]) -> Hit | None:
        """The nearest thing to any of the phrases in some utterances of one conversation."""
        found = [hit for lookup in self._lookups_of(phrases, roles) if (hit := self._nearest(lookup, place, numbers))]
        return max(found, key=lambda hit: hit.similarity, default=None)

    def probabilities(self, list_id: str, place: int) -> Mapping[int, float]:
        """Utterance number → probability of a list's meaning, in one conversation, where it was judged."""
        if place not in self._probabilities:
            self._probabilities[place] = self._judge(self.conversations[place])
        return self._probabilities[place].get(list_id, {})

    def _corpus(self, roles: Roles) -> Corpus:
        if roles not in self._corpora:
            self._corpora[roles] = Corpus(self.speeches(roles), self._lexicon)
        return self._corpora[roles]

    def _lookups_of(self, phrases: Sequence[Phrase], roles: Roles) -> tuple[_Lookup, ...]:
        """What conversations have in common apart from phrases with names of the call in them, which most of them ask for alone."""
        found = self._lookups.get((id(phrases), roles))
        if found is None:
            common = [rank for rank, phrase in enumerate(phrases) if phrase.regex or not names_call(phrase.text)]
            own = [rank for rank, phrase in enumerate(phrases) if rank not in set(common)]
            found = self._lookups[id(phrases), roles] = tuple(self._lookup(phrases, ranks, roles) for ranks in (common, own) if ranks)
            self._asked.append(phrases)
        return found

    def _lookup(self, phrases: Sequence[Phrase], ranks: Sequence[int], roles: Roles) -> _Lookup:
        key = tuple((rank, phrases[rank]) for rank in ranks), roles
        if key not in self._by_phrases:
            self._by_phrases[key] = _Lookup(phrases=[phrases[rank] for rank in ranks], ranks=ranks, roles=roles)
        return self._by_phrases[key]

    def _found(self, lookup: _Lookup, place: int) -> list[_Ranked]:
        if lookup.everywhere is None:
            if place in lookup.alone:
                return lookup.alone[place]
            if not lookup.alone:
                found = _rank(lookup, alone(self.speeches(lookup.roles)[place])).get(0, [])
                lookup.alone[place] = found
                return found
            lookup.everywhere = _rank(lookup, self._corpus(lookup.roles))
        return lookup.everywhere.get(place, [])

    def _nearest(self, lookup: _Lookup, place: int, numbers: frozenset[int]) -> Hit | None:
        if lookup.nearness is None and (place in lookup.nearness_alone or not lookup.nearness_alone):
            corpus = alone(self.speeches(lookup.roles)[place])
            if place not in lookup.nearness_alone:
                lookup.nearness_alone[place] = nearness(lookup.phrases, corpus)
            return nearest_in(lookup.phrases, lookup.nearness_alone[place], corpus, 0, numbers)
        corpus = self._corpus(lookup.roles)
        if lookup.nearness is None:
            lookup.nearness = nearness(lookup.phrases, corpus)
        return nearest_in(lookup.phrases, lookup.nearness, corpus, place, numbers)

    @cached_property
    def _weights(self) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
        heads = list(self._heads.values())
        return list(self._heads), np.stack([head.weights for head in heads], axis=1), np.array([h.bias for h in heads], dtype=np.float32)

    def _judge(self, conversation: Conversation) -> dict[str, dict[int, float]]:
        vectors = conversation.vectors
        if not self._heads or not vectors:
            return {}
        lists, weights, bias = self._weights
        by_number = {u.utterance: u for u in conversation.utterances}
        # A token of `norm` stands for one unit of the text or more, and is faster counted.
        is_long = [
            (u := by_number[number]).norm.count(" ") + 1 >= SHORTEST_UNITS or len(unit_spans(u.text)) >= SHORTEST_UNITS
            for number in vectors
        ]
        scores = np.clip(np.array([vectors[number] for number in vectors], dtype=np.float32) @ weights + bias, -30, 30)
        probabilities = (1 / (1 + np.exp(-scores))).T.tolist()
        return {
            name: {number: p for number, p, judged in zip(vectors, column, is_long, strict=True) if judged}
            for name, column in zip(lists, probabilities, strict=True)
        }


def _rank(lookup: _Lookup, corpus: Corpus) -> dict[int, list[_Ranked]]:
    """Hits of all phrases of a lookup by conversation, in order."""
    found: dict[int, list[_Ranked]] = {}
    for rank, hits_of in zip(lookup.ranks, find_phrases(lookup.phrases, corpus), strict=True):
        for place, hits in hits_of.items():
            found.setdefault(place, []).extend((hit.start, -hit.similarity, rank, hit) for hit in hits)
    for ranked in found.values():
        ranked.sort(key=lambda item: item[:3])
    return found
