"""Phrases in the other readings of the recogniser: what it also took for possible, beside what it heard best.

The other readings of some conversations are laid out as conversations of their own, one for each rank, and searched like any. A phrase counts there only
to the letter and within one utterance: a reading that is doubtful by itself is stretched no further.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.languages.load import is_han, is_language
from qa_pipeline.phrases.search import Hit, Phrase
from qa_pipeline.scoring.together import Together
from qa_pipeline.text.normalise import normalise

# Fewer syllables or words than this another reading has by chance. Of Mandarin by the trial that docs/decisions/alternatives.md tells of.
_LEAST_SYLLABLES, _LEAST_WORDS = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHit:
    """A phrase that other readings of an utterance have. `share`: of the belief in all readings, what those have that hold one of the phrases asked for."""

    utterance: int
    phrase: str
    share: float


class Otherwise:
    """The other readings of some conversations of one language, ready to be searched when first asked for."""

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        self._conversations = conversations
        self._uncertain = [{u.utterance: u for u in conversation.utterances if u.alternatives} for conversation in conversations]

    def hits(self, phrases: Sequence[Phrase], place: int, numbers: Set[int], unlike: Sequence[Phrase] = ()) -> list[OtherHit]:
        """Which of some utterances of one conversation have one of the phrases in another reading, where nothing `unlike` takes it back; in order."""
        uncertain = {number: utterance for number, utterance in self._uncertain[place].items() if number in numbers}
        if not uncertain or not phrases:
            return []
        language = self._conversations[place].language or ""
        least = _LEAST_SYLLABLES if is_language(language) and is_han(language) else _LEAST_WORDS
        found: dict[int, OtherHit] = {}
        for rank, together in enumerate(self._ranks):
            asked = [utterance for utterance in uncertain.values() if len(utterance.alternatives) > rank]
            taken_back = _by_utterance(together, unlike, place, asked)
            for number, hits in _by_utterance(together, phrases, place, asked).items():
                whole = [hit for hit in hits if _is_whole(hit, least) and not any(_overlap(hit, b) for b in taken_back.get(number, ()))]
                if not whole:
                    continue
                share = uncertain[number].alternatives[rank].share
                known = found.get(number, OtherHit(utterance=number, phrase=whole[0].phrase, share=0.0))
                found[number] = replace(known, share=round(known.share + share, 4))
        return [found[number] for number in sorted(found)]

    @cached_property
    def _ranks(self) -> list[Together]:
        """By rank the conversations with the readings of that rank in the place of what was heard, and nothing else."""
        most = max((len(u.alternatives) for uncertain in self._uncertain for u in uncertain.values()), default=0)
        return [
            Together([replace(c, utterances=_of_rank(c.utterances, rank), vectors={}) for c in self._conversations], {})
            for rank in range(most)
        ]


def _by_utterance(together: Together, phrases: Sequence[Phrase], place: int, utterances: Sequence[Utterance]) -> dict[int, list[Hit]]:
    """Hits in some utterances of one conversation, by their numbers."""
    by_role: dict[Role, list[int]] = {}
    for utterance in utterances if phrases else ():
        by_role.setdefault(utterance.role, []).append(utterance.utterance)
    found: dict[int, list[Hit]] = {}
    for role, numbers in by_role.items():
        for hit in together.hits(phrases, frozenset((role,)), place, numbers):
            found.setdefault(hit.utterance, []).append(hit)
    return found


def _is_whole(hit: Hit, least: int) -> bool:
    return hit.similarity == 1.0 and hit.end - hit.start >= least and hit.is_within_one


def _overlap(hit: Hit, other: Hit) -> bool:
    return hit.start < other.end and other.start < hit.end


def _of_rank(utterances: Sequence[Utterance], rank: int) -> tuple[Utterance, ...]:
    # Without words: of another reading nobody knows when each was said, or how surely it was heard.
    return tuple(
        replace(u, text=u.alternatives[rank].text, norm=normalise(u.alternatives[rank].text, u.language), words=(), confidence=None)
        for u in utterances
        if len(u.alternatives) > rank
    )
