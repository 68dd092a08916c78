"""What a reply means by the sentence vectors stored with the call: evidence beside the wordings of answers.py, for how satisfied somebody is and for whether
it is a convenient time. A call without vectors has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from qa_pipeline.call import Utterance
from qa_pipeline.meaning.replies import CONVENIENCE, SATISFACTION, shipped_heads
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.windows import runs_of

# From the figures in models/replies/README.md: of the pairs tried, the one with which most wrong answers of the words go and many open ones are read. From
# the first on a reading counts by itself; from the second on, where next to nothing speaks for what the words say, the two are no longer believed.
_SURE = 0.75
_AGAINST = 0.6
_NEXT_TO_NOTHING = 0.1
# The answers by which a question is known, and the head that reads its replies.
_HEADS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"satisfied", "average", "dissatisfied"}), SATISFACTION),
    (frozenset({"willing", "unwilling"}), CONVENIENCE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """How a reply reads by meaning. `shares`: of each class; `answers`: those that the question knows; `utterance`: where the reply begins."""

    shares: Mapping[str, float]
    answers: Collection[str]
    utterance: Utterance

    @property
    def likeliest(self) -> str:
        """The likeliest class, which may be none of the question's answers."""
        return max(self.shares, key=lambda name: self.shares[name])

    @property
    def share(self) -> float:
        """How probable it is."""
        return self.shares[self.likeliest]

    @property
    def sure(self) -> str | None:
        """The answer that may be believed by meaning alone."""
        return self.likeliest if self.share >= _SURE and self.likeliest in self.answers else None

    def contradicts(self, answer: str) -> bool:
        """Whether the meaning speaks against an answer read in the words."""
        return self.share >= _AGAINST and self.shares.get(answer, 1.0) <= _NEXT_TO_NOTHING


def meaning_of(search: Search, answers: Collection[str], replies: Sequence[Utterance], *, around: int | None = None) -> Meant | None:
    """How the turn of the replies that holds utterance `around` reads, the first turn where it is None; None where nothing can tell."""
    head = next((name for known, name in _HEADS if known <= set(answers)), None)
    turn = next((run for run in runs_of(replies) if around is None or any(u.utterance == around for u in run)), [])
    vectors = [search.conversation.vectors[u.utterance] for u in turn if u.utterance in search.conversation.vectors]
    if head is None or not turn or len(vectors) < len(turn):
        return None
    return Meant(shares=shipped_heads()[head].shares(vectors), answers=answers, utterance=turn[0])
