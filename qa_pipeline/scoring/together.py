"""Conversations of one language searched together: phrases that one of them asks for are looked up in all of them.

Array operations cost about the same for one call as for hundreds, so that is what makes scoring many calls fast. What is found in a conversation
does not depend on which others it is searched with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Conversation, Role
from qa_pipeline.meaning.acts import ACTS, ACTS_END, Act
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.phrases.alignment import align_several
from qa_pipeline.phrases.lexicon import lexicon_of
from qa_pipeline.phrases.search import (
    Corpus,
    Hit,
    Match,
    MatchMode,
    Nearness,
    Phrase,
    Speech,
    best_apart,
    compile_phrase,
    lacks_name,
    match_phrases,
    names_call,
    nearest_in,
    nearness,
)
from qa_pipeline.phrases.speech import Located
from qa_pipeline.scoring.meanings import SHORTEST_UNITS, Heads
from qa_pipeline.text.normalise import unit_count

Roles = frozenset[Role]
Scope = int
"""Which utterances of a speech are searched: the first n, the last n (−n), or all (0)."""

# Chosen: openings and closings, and what runs longer. A few sizes, so that lookups share what is worked out for them.
_SCOPES = (16,)


@dataclass(slots=True, eq=False)
class _Lookup:
    """Phrases looked up in the words of some roles. `ranks`: their places in the list asked for; `budget`: the most that a match may cost.

    `matches`: by scope, conversation and rank; `nearness`: by scope.
    """

    phrases: Sequence[Phrase]
    ranks: Sequence[int]
    roles: Roles
    budget: int
    matches: dict[Scope, dict[int, dict[int, list[Match]]]] = field(default_factory=dict)
    nearness: dict[Scope, Nearness] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Lookups:
    """A list of phrases, as what conversations have in common and what holds names, which most of them ask for alone."""

    common: _Lookup | None
    named: _Lookup | None


class Together:
    """What some conversations of one language share while they are searched."""

    def __init__(self, conversations: Sequence[Conversation], heads: Heads) -> None:
        self.conversations = conversations
        self.language = conversations[0].language or ""
        self._heads = heads
        self._lexicon = lexicon_of(self.language)
        self._edition = self._lexicon.edition
        # Words of one utterance are read for several sets of roles.
        self._read = cache(self._lexicon.read)
        self._located = [Located(self.language) for _ in conversations]
        self._speeches: dict[Roles, list[Speech]] = {}
        self._corpora: dict[tuple[Roles, Scope], Corpus] = {}
        self._lookups: dict[tuple[int, Roles], _Lookups] = {}
        # Lookups are found by the identity of their list, so the lists must live as long.
        self._asked: list[Sequence[Phrase]] = []
        # The texts are kept for the same reason; phrases that name the call are different for each, and not kept here.
        self._compiled: dict[tuple[int, MatchMode, bool], tuple[tuple[str, ...], tuple[Phrase, ...] | None]] = {}
        self._by_phrases: dict[tuple[tuple[tuple[int, Phrase], ...], Roles], _Lookup] = {}
        self._probabilities: dict[int, dict[str, dict[int, float]]] = {}
        self._acts: dict[int, dict[int, dict[Act, float]]] = {}

    def compiled(
        self, texts: tuple[str, ...], mode: MatchMode, slots: tuple[tuple[str, tuple[str, ...]], ...], *, whole_turn: bool
    ) -> tuple[Phrase, ...]:
        """Texts as phrases. `slots`: what is known of the call, for those that name it."""
        # By identity: hashing a list of some hundred texts for each call would take longer than finding what it was compiled to.
        key = (id(texts), mode, whole_turn)
        known = self._compiled.get(key)
        if known is None:
            phrases = None if _names_call(texts) else _compiled(texts, self.language, mode, (), whole_turn)
            known = self._compiled[key] = (texts, phrases)
        return known[1] if known[1] is not None else _compiled(texts, self.language, mode, slots, whole_turn)

    def speeches(self, roles: Roles) -> list[Speech]:
        """All words of some roles, laid end to end, for each conversation."""
        found = self._speeches.get(roles)
        if found is None:
            found = self._speeches[roles] = [
                Speech([u for u in conversation.utterances if u.role in roles], self.language, self._lexicon, self._read, located)
                for conversation, located in zip(self.conversations, self._located, strict=True)
            ]
        return found

    def hits(self, phrases: Sequence[Phrase], roles: Roles, place: int, numbers: Sequence[int]) -> list[Hit]:
        """Where any of the phrases is said in some utterances of one conversation, in order of time; the better of equally early ones first."""
        lookups = self._lookups_of(phrases, roles)
        speech = self.speeches(roles)[place]
        first, last = speech.place[numbers[0]], speech.place[numbers[-1]] + 1
        is_gapless = last - first == len(numbers)
        start, end = speech.offsets[first], speech.offsets[last]
        ranked: list[tuple[int, float, int, Hit]] = []
        for lookup in (lookups.common, lookups.named):
            if lookup is None:
                continue
            around = speech.reach(first, last, lookup.budget)
            for rank, matches in (self._found if lookup is lookups.common else self._named)(lookup, place, around).items():
                inside = [match for match in matches if start <= match.start < end]
                if inside and not is_gapless:
                    inside = [match for match in inside if speech.utterances[speech.owner(match.start)].utterance in numbers]
                for hit in best_apart(phrases[rank], speech, inside) if inside else ():
                    ranked.append((hit.start, -hit.similarity, rank, hit))
        ranked.sort(key=lambda item: item[:3])
        return [hit for _, _, _, hit in ranked]

    def nearest(self, phrases: Sequence[Phrase], roles: Roles, place: int, numbers: Sequence[int]) -> Hit | None:
        """The nearest thing to any of the phrases, those with names in them only if there are no others, in utterances of one conversation."""
        lookups = self._lookups_of(phrases, roles)
        lookup = lookups.common or lookups.named
        if lookup is None:
            return None
        speech = self.speeches(roles)[place]
        scope = _scope(speech.place[numbers[0]], speech.place[numbers[-1]] + 1, len(speech.utterances))
        corpus = self._corpus(roles, scope)
        if scope not in lookup.nearness:
            lookup.nearness[scope] = nearness(lookup.phrases, corpus)
        return nearest_in(lookup.phrases, lookup.nearness[scope], corpus, place, frozenset(numbers))

    def probabilities(self, list_id: str, place: int) -> Mapping[int, float]:
        """Utterance number → probability of a list's meaning, in one conversation, where it was judged."""
        if place not in self._probabilities:
            self._probabilities[place] = self._judge(self.conversations[place])
        return self._probabilities[place].get(list_id, {})

    def acts(self, place: int) -> Mapping[int, Mapping[Act, float]]:
        """Utterance number → log-odds of each act, in one conversation, where they were read and the utterance is long enough to be judged."""
        if place not in self._acts:
            conversation = self.conversations[place]
            vectors = conversation.vectors
            self._acts[place] = {
                u.utterance: dict(zip(ACTS, map(float, vectors[u.utterance][WIDTH:ACTS_END]), strict=True))
                for u in conversation.utterances
                if u.utterance in vectors and len(vectors[u.utterance]) >= ACTS_END and unit_count(u.text) >= SHORTEST_UNITS
            }
        return self._acts[place]

    def _corpus(self, roles: Roles, scope: Scope) -> Corpus:
        if (roles, scope) not in self._corpora:
            speeches = self.speeches(roles)
            ranges = [_range(scope, len(speech.utterances)) for speech in speeches]
            self._corpora[roles, scope] = Corpus(speeches, self._lexicon, ranges)
        return self._corpora[roles, scope]

    def _lookups_of(self, phrases: Sequence[Phrase], roles: Roles) -> _Lookups:
        lookups = self._lookups.get((id(phrases), roles))
        if lookups is None:
            named = [rank for rank, phrase in enumerate(phrases) if phrase.regex is None and names_call(phrase.text)]
            common = [rank for rank in range(len(phrases)) if rank not in set(named)]
            known = [rank for rank in named if not lacks_name(phrases[rank])]
            lookups = _Lookups(self._lookup(phrases, common, roles), self._lookup(phrases, known, roles))
            self._lookups[id(phrases), roles] = lookups
            self._asked.append(phrases)
            if self._edition != self._lexicon.edition:
                self._read_again()
        return lookups

    def _read_again(self) -> None:
        """Forget what was found: the lexicon now tells tokens apart that were one."""
        self._edition = self._lexicon.edition
        self._read.cache_clear()
        self._speeches.clear()
        self._corpora.clear()
        for lookup in self._by_phrases.values():
            lookup.matches.clear()
            lookup.nearness.clear()

    def _lookup(self, phrases: Sequence[Phrase], ranks: Sequence[int], roles: Roles) -> _Lookup | None:
        if not ranks:
            return None
        key = tuple((rank, phrases[rank]) for rank in ranks), roles
        if key not in self._by_phrases:
            chosen = [phrases[rank] for rank in ranks]
            budget = max((self._lexicon.sought(phrase).budget for phrase in chosen if phrase.regex is None), default=0)
            self._by_phrases[key] = _Lookup(phrases=chosen, ranks=ranks, roles=roles, budget=budget)
        return self._by_phrases[key]

    def _found(self, lookup: _Lookup, place: int, around: tuple[int, int]) -> dict[int, list[Match]]:
        """Matches by rank in one conversation, looked for in all."""
        scope = _scope(*around, len(self.speeches(lookup.roles)[place].utterances))
        if scope not in lookup.matches:
            by_place_and_rank = lookup.matches[scope] = {}
            for rank, by_place in zip(lookup.ranks, match_phrases(lookup.phrases, self._corpus(lookup.roles, scope)), strict=True):
                for where, matches in by_place.items():
                    by_place_and_rank.setdefault(where, {})[rank] = matches
        return lookup.matches[scope].get(place, {})

    def _named(self, lookup: _Lookup, place: int, around: tuple[int, int]) -> dict[int, list[Match]]:
        """Matches by rank in some utterances of one conversation, looked for there alone."""
        corpus = self._corpus(lookup.roles, 0)
        offsets = self.speeches(lookup.roles)[place].offsets
        first, last = (np.array([offsets[index]]) + corpus.start_of[place] for index in around)
        sought = [self._lexicon.sought(phrase) for phrase in lookup.phrases]
        return dict(zip(lookup.ranks, align_several(sought, corpus, first, last), strict=True))

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
            (u := by_number[number]).norm.count(" ") + 1 >= SHORTEST_UNITS or unit_count(u.text) >= SHORTEST_UNITS for number in vectors
        ]
        scores = np.clip(np.array([vectors[number] for number in vectors], dtype=np.float32)[:, :WIDTH] @ weights + bias, -30, 30)
        probabilities = (1 / (1 + np.exp(-scores)))[is_long].T.tolist()
        judged = [number for number, is_judged in zip(vectors, is_long, strict=True) if is_judged]
        return {name: dict(zip(judged, column, strict=True)) for name, column in zip(lists, probabilities, strict=True)}


def _scope(first: int, last: int, count: int) -> Scope:
    """The smallest scope that has a range of utterances (half-open) of `count`."""
    for size in _SCOPES:
        if last <= size:
            return size
        if first >= count - size:
            return -size
    return 0


def _range(scope: Scope, count: int) -> tuple[int, int]:
    if scope < 0:
        return max(0, count + scope), count
    return 0, min(scope or count, count)


@lru_cache(maxsize=4_000)
def _compiled(
    texts: tuple[str, ...], language: str, mode: MatchMode, slots: tuple[tuple[str, tuple[str, ...]], ...], whole_turn: bool
) -> tuple[Phrase, ...]:
    return tuple(_compiled_one(text, language, mode, slots if names_call(text) else (), whole_turn) for text in texts)


@lru_cache(maxsize=40_000)
def _compiled_one(text: str, language: str, mode: MatchMode, slots: tuple[tuple[str, tuple[str, ...]], ...], whole_turn: bool) -> Phrase:
    return compile_phrase(text, language, mode=mode, slots=dict(slots), whole_turn=whole_turn)


@lru_cache(maxsize=4_000)
def _names_call(texts: tuple[str, ...]) -> bool:
    return any(names_call(text) for text in texts)
