"""Search one party's words for phrases and meanings: what checks and situations share.

A Search holds a conversation and what is needed to match it (heads by list, wordings of slots), and keeps the tokens of each party so that
many phrases can be looked up in the same speech.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.languages.load import language_codes
from qa_pipeline.meaning.acts import Act
from qa_pipeline.phrases.search import Hit, MatchMode, Phrase
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.windows import Window
from qa_pipeline.scoring.meanings import Heads
from qa_pipeline.scoring.otherwise import OtherHit, Otherwise
from qa_pipeline.scoring.together import Roles, Together
from qa_pipeline.scoring.windows import Party, Searched, select
from qa_pipeline.values.companies import short_forms, short_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A moment of the call. kind: hit (what was looked for), answer (what the other side said to it), heard (the nearest thing instead), cause (what
    something that this follows from was found by).

    `expected`: the phrase or list it was compared with; `similarity` 0–1 (for meanings, the probability).
    """

    kind: Literal["hit", "answer", "heard", "cause"]
    utterance: int
    role: Role
    text: str
    start_ms: int | None
    end_ms: int | None
    expected: str
    similarity: float


class Search:
    """A conversation ready to be searched. `together`: the conversations it is searched with (`searches_of`); alone without.

    `otherwise`: the other readings of the utterances of all of them.
    """

    def __init__(
        self,
        conversation: Conversation,
        heads: Heads,
        names: Mapping[str, Sequence[str]],
        together: Together | None = None,
        place: int = 0,
        otherwise: Otherwise | None = None,
    ) -> None:
        self.conversation = conversation
        call = conversation.call
        self.slots = tuple(
            (name, tuple(values))
            for name, values in (
                ("agent_name", _agent_wordings(call.agent_name, conversation.language or "")),
                ("company", _company_wordings(call.company, names.get("company", ()), conversation.language or "")),
            )
        )
        self._together = together or Together([conversation], heads)
        self._place = place
        self._otherwise = otherwise or Otherwise([conversation])
        self._parties: dict[tuple[Role, ...], Party] = {}
        self._selected: dict[tuple[tuple[Role, ...], int, int | None, int | None], tuple[Searched, Window | None]] = {}
        self._hits: dict[tuple[int, int], list[Hit]] = {}
        self._searched: dict[int, tuple[Searched, Roles, Sequence[int]]] = {}

    @cached_property
    def by_number(self) -> dict[int, Utterance]:
        """Utterances by their number."""
        return {u.utterance: u for u in self.conversation.utterances}

    @property
    def language(self) -> str:
        """The conversation's language ("" when unknown)."""
        return self.conversation.language or ""

    def phrases(self, lists: PhraseLists, mode: MatchMode = "tolerant", *, whole_turn: bool = False) -> tuple[Phrase, ...]:
        """The phrases of this conversation's language, compiled."""
        texts = tuple(lists.get(self.language, ()))  # type: ignore[call-overload]  # any string may be asked for
        return self._together.compiled(texts, mode, self.slots, whole_turn=whole_turn)

    def party(self, roles: tuple[Role, ...]) -> Party:
        """What some roles say."""
        found = self._parties.get(roles)
        if found is None:
            found = self._parties[roles] = Party(self.conversation, roles)
        return found

    def select(self, roles: tuple[Role, ...], window: Window | None, *, before: int | None = None, after: int | None = None) -> Searched:
        """Like windows.select in this conversation, each part worked out once."""
        key = (roles, id(window), before, after)
        known = self._selected.get(key)
        if known is None:
            # Found by identity, so the window must live as long.
            known = self._selected[key] = select(self.party(roles), window, before=before, after=after), window
        return known[0]

    def hits(self, phrases: Sequence[Phrase], searched: Searched) -> list[Hit]:
        """Places where any phrase is said, in order of time. They begin in the searched utterances, and may run on into the next."""
        if not phrases or not searched.utterances:
            return []
        roles, numbers = self._of(searched)
        # Both are kept: the phrases by `together`, what is searched by `_of`.
        key = id(phrases), id(searched)
        known = self._hits.get(key)
        if known is None:
            known = self._hits[key] = self._together.hits(phrases, roles, self._place, numbers)
        return known

    def hits_otherwise(self, phrases: Sequence[Phrase], unlike: Sequence[Phrase], searched: Searched) -> list[OtherHit]:
        """Utterances of which another reading of the recogniser has a phrase to the letter that nothing `unlike` takes back there, in order; the best reading
        is not looked at.
        """
        return self._otherwise.hits(phrases, self._place, searched.numbers, unlike)

    def meaning_hits(self, meaning: Meaning | None, searched: Searched, *, at_least: float | None = None) -> list[tuple[Utterance, float]]:
        """Utterances whose probability for the list's meaning reaches its threshold, or another one, in order."""
        if meaning is None or meaning.examples is None:
            return []
        probabilities = self._together.probabilities(meaning.examples.id, self._place)
        least = meaning.at_least if at_least is None else at_least
        return [(u, p) for u in searched.utterances if (p := probabilities.get(u.utterance, 0.0)) >= least]

    def probability(self, meaning: Meaning | None, utterance: int) -> float | None:
        """How probable a meaning is in one utterance; None where it was not judged."""
        if meaning is None or meaning.examples is None:
            return None
        return self._together.probabilities(meaning.examples.id, self._place).get(utterance)

    def act_odds(
        self, acts: Sequence[Act], searched: Searched, version: str, overrated: Mapping[str, float]
    ) -> list[tuple[Utterance, Act, float]]:
        """Of each utterance that the reader of this version has read, the likeliest of some acts with its log-odds, less what it is `overrated` by, in
        order.
        """
        if self.conversation.acts_version not in (None, version):
            return []
        read = self._together.acts(self._place)
        found: list[tuple[Utterance, Act, float]] = []
        for utterance in searched.utterances:
            if utterance.utterance in read:
                odds = {act: read[utterance.utterance][act] - overrated.get(act, 0.0) for act in acts}
                act = max(odds, key=odds.__getitem__)
                found.append((utterance, act, odds[act]))
        return found

    def act_odds_beside(self, utterance: int) -> list[float]:
        """The log-odds of the likeliest act in what the same party says right before and right after an utterance, as far as it was read."""
        read = self._together.acts(self._place)
        own, beside = self.by_number[utterance], [self.by_number.get(utterance + step) for step in (-1, 1)]
        return [
            max(read[other.utterance].values())
            for other in beside
            if other is not None and other.role is own.role and other.utterance in read
        ]

    def most_probable(self, meaning: Meaning | None, searched: Searched) -> Evidence | None:
        """The utterance that comes nearest to a meaning, as what was heard instead."""
        if meaning is None or meaning.examples is None:
            return None
        probabilities = self._together.probabilities(meaning.examples.id, self._place)
        judged = [(probabilities[u.utterance], -u.utterance, u) for u in searched.utterances if u.utterance in probabilities]
        if not judged:
            return None
        probability, _, utterance = max(judged, key=lambda item: item[:2])
        return self.utterance_evidence(utterance, meaning.examples.id, probability, "heard")

    def nearest(self, phrases: Sequence[Phrase], searched: Searched) -> Evidence | None:
        """The nearest thing heard to phrases that were not found: of the utterances that come nearest by their words, the best alignment."""
        if not phrases or not searched.utterances:
            return None
        roles, numbers = self._of(searched)
        best = self._together.nearest(phrases, roles, self._place, numbers)
        return self.evidence(best, "heard") if best else None

    def evidence(self, hit: Hit, kind: Literal["hit", "answer", "heard"] = "hit") -> Evidence:
        """A phrase hit as evidence."""
        quote = hit.quote
        return Evidence(
            kind=kind, utterance=hit.utterance, role=self.by_number[hit.utterance].role, text=quote.text, start_ms=quote.start_ms,
            end_ms=quote.end_ms, expected=hit.phrase, similarity=hit.similarity,
        )  # fmt: skip

    def utterance_evidence(
        self, utterance: Utterance, expected: str, similarity: float, kind: Literal["hit", "answer", "heard"] = "hit"
    ) -> Evidence:
        """A whole utterance as evidence."""
        return Evidence(
            kind=kind, utterance=utterance.utterance, role=utterance.role, text=utterance.text, start_ms=utterance.start_ms,
            end_ms=utterance.end_ms, expected=expected, similarity=round(float(similarity), 4),
        )  # fmt: skip

    def _of(self, searched: Searched) -> tuple[Roles, Sequence[int]]:
        """The roles whose words are searched, and the numbers of the utterances in order."""
        known = self._searched.get(id(searched))
        if known is None:
            roles = frozenset(u.role for u in searched.utterances)
            known = self._searched[id(searched)] = (searched, roles, [u.utterance for u in searched.utterances])
        return known[1:]


def _company_wordings(company: str | None, names: Sequence[str], language: str) -> list[str]:
    """A company as it may be called: by its name, by the rubric's wordings, and for short."""
    wordings = [*([company] if company else []), *names]
    short = short_forms(company, language) if company and language in language_codes() else ()
    return [*wordings, *short]


def _agent_wordings(agent: str | None, language: str) -> list[str]:
    """An agent as they may call themselves."""
    if not agent:
        return []
    return [agent, *(short_names(agent, language) if language in language_codes() else ())]


def searches_of(conversations: Sequence[Conversation], heads: Heads, names: Mapping[str, Sequence[str]]) -> list[Search]:
    """Conversations ready to be searched together: what is looked up in one is looked up in all of its language at once."""
    places: dict[str, list[int]] = {}
    for place, conversation in enumerate(conversations):
        places.setdefault(conversation.language or "", []).append(place)
    searches: dict[int, Search] = {}
    for members in places.values():
        several = [conversations[place] for place in members]
        together, otherwise = Together(several, heads), Otherwise(several)
        for index, place in enumerate(members):
            searches[place] = Search(conversations[place], heads, names, together, index, otherwise)
    return [searches[place] for place in range(len(conversations))]
