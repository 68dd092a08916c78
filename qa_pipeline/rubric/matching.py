"""Search one party's words for phrases and meanings: what checks and situations share.

A Listening holds a conversation and what is needed to match it (heads by list, wordings of slots), and keeps the tokens of each party so that
many phrases can be looked up in the same speech.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.language.normalise import unit_spans
from qa_pipeline.language.phrases import Hit, MatchMode, Phrase, Speech, best_similarity, compile_phrase, find_phrase
from qa_pipeline.rubric.meanings import SHORTEST_UNITS, Heads
from qa_pipeline.rubric.schema import Meaning, PhraseLists
from qa_pipeline.rubric.windows import Searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A moment of the call. kind: hit (what was looked for), answer (what the other side said to it), heard (the nearest thing instead).

    `expected`: the phrase or list it was compared with; `similarity` 0–1 (for meanings, the probability).
    """

    kind: Literal["hit", "answer", "heard"]
    utterance: int
    role: Role
    text: str
    start_ms: int | None
    end_ms: int | None
    expected: str
    similarity: float


class Listening:
    """A conversation ready to be searched."""

    def __init__(self, conversation: Conversation, heads: Heads, names: Mapping[str, Sequence[str]]) -> None:
        self.conversation = conversation
        self.heads = heads
        call = conversation.call
        self.slots = tuple(
            (name, tuple(values))
            for name, values in (
                ("agent_name", [call.agent_name] if call.agent_name else []),
                ("company", [*([call.company] if call.company else []), *names.get("company", ())]),
            )
        )
        self._speech: dict[frozenset[Role], Speech] = {}
        self._probabilities: dict[str, dict[int, float]] = {}

    @cached_property
    def by_number(self) -> dict[int, Utterance]:
        """Utterances by their number."""
        return {u.utterance: u for u in self.conversation.utterances}

    @property
    def language(self) -> str:
        """The conversation's language ("" when unknown)."""
        return self.conversation.language or ""

    def speech(self, roles: frozenset[Role]) -> Speech:
        """All words of some roles, laid end to end."""
        if roles not in self._speech:
            self._speech[roles] = Speech([u for u in self.conversation.utterances if u.role in roles], self.language)
        return self._speech[roles]

    def phrases(self, lists: PhraseLists, mode: MatchMode = "tolerant", *, whole_turn: bool = False) -> tuple[Phrase, ...]:
        """The phrases of this conversation's language, compiled."""
        texts = lists.get(self.language, ())  # type: ignore[call-overload]  # any string may be asked for
        return tuple(_compiled(text, self.language, mode, self.slots, whole_turn) for text in texts)

    def hits(self, phrases: Sequence[Phrase], searched: Searched) -> list[Hit]:
        """Places inside the searched utterances where any phrase is said, in order of time."""
        roles = frozenset(u.role for u in searched.utterances)
        if not roles:
            return []
        speech, numbers = self.speech(roles), searched.numbers
        found = [hit for phrase in phrases for hit in find_phrase(phrase, speech) if hit.utterance in numbers]
        return sorted(found, key=lambda hit: (hit.start, -hit.similarity))

    def meaning_hits(self, meaning: Meaning | None, searched: Searched) -> list[tuple[Utterance, float]]:
        """Utterances whose probability for the list's meaning reaches the threshold, in order."""
        if meaning is None or meaning.examples is None:
            return []
        probabilities = self._probability(meaning.examples.id)
        return [(u, p) for u in searched.utterances if (p := probabilities.get(u.utterance, 0.0)) >= meaning.at_least]

    def most_probable(self, meaning: Meaning | None, searched: Searched) -> Evidence | None:
        """The utterance that comes nearest to a meaning, as what was heard instead."""
        if meaning is None or meaning.examples is None:
            return None
        probabilities = self._probability(meaning.examples.id)
        judged = [(probabilities[u.utterance], -u.utterance, u) for u in searched.utterances if u.utterance in probabilities]
        if not judged:
            return None
        probability, _, utterance = max(judged, key=lambda item: item[:2])
        return self.utterance_evidence(utterance, meaning.examples.id, probability, "heard")

    def probability(self, meaning: Meaning, utterance: int) -> float | None:
        """Probability of one utterance for a list; None where it has no vector."""
        return self._probability(meaning.examples.id).get(utterance) if meaning.examples else None

    def nearest(self, phrases: Sequence[Phrase], searched: Searched) -> Evidence | None:
        """The nearest thing heard to phrases that were not found."""
        if not searched.utterances:
            return None
        speech = Speech(searched.utterances, self.language)
        best: Hit | None = None
        for phrase in phrases:
            _, hit = best_similarity(phrase, speech)
            if hit and (best is None or hit.similarity > best.similarity):
                best = hit
        return self.evidence(best, "heard") if best else None

    def evidence(self, hit: Hit, kind: Literal["hit", "answer", "heard"] = "hit") -> Evidence:
        """A phrase hit as evidence."""
        return Evidence(
            kind=kind, utterance=hit.utterance, role=self.by_number[hit.utterance].role, text=hit.text, start_ms=hit.start_ms,
            end_ms=hit.end_ms, expected=hit.phrase, similarity=hit.similarity,
        )  # fmt: skip

    def utterance_evidence(
        self, utterance: Utterance, expected: str, similarity: float, kind: Literal["hit", "answer", "heard"] = "hit"
    ) -> Evidence:
        """A whole utterance as evidence."""
        return Evidence(
            kind=kind, utterance=utterance.utterance, role=utterance.role, text=utterance.text, start_ms=utterance.start_ms,
            end_ms=utterance.end_ms, expected=expected, similarity=round(float(similarity), 4),
        )  # fmt: skip

    def _probability(self, list_id: str) -> dict[int, float]:
        if list_id not in self._probabilities:
            head = self.heads.get(list_id)
            vectors = self.conversation.vectors
            if head is None or not vectors:
                self._probabilities[list_id] = {}
            else:
                values = head.probability(np.array([vectors[number] for number in vectors], dtype=np.float32))
                judged = dict(zip(vectors, values.tolist(), strict=True))
                self._probabilities[list_id] = {
                    n: p for n, p in judged.items() if len(unit_spans(self.by_number[n].text)) >= SHORTEST_UNITS
                }
        return self._probabilities[list_id]


@lru_cache(maxsize=20_000)
def _compiled(text: str, language: str, mode: MatchMode, slots: tuple[tuple[str, tuple[str, ...]], ...], whole_turn: bool) -> Phrase:
    return compile_phrase(text, language, mode=mode, slots=dict(slots), whole_turn=whole_turn)
