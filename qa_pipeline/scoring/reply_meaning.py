"""What a reply means by what is stored with the call: evidence beside the wordings of answers.py, for how satisfied somebody is and for whether it is a
convenient time. Where the reader of replies has read the call, by what it read, and else by sentence vectors; a call without these has no such evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Literal

from qa_pipeline.call import Utterance
from qa_pipeline.meaning.acts import ACTS_END
from qa_pipeline.meaning.meanings import MEANING_WIDTH
from qa_pipeline.meaning.replies import CONVENIENCE, SATISFACTION, shipped_heads, shipped_read_heads
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.windows import runs_of

# From the figures in models/replies/README.md: of the pairs tried, the one with which most wrong answers of the words go and many open ones are read. From
# the first on a reading counts by itself; from the second on, where next to nothing speaks for what the words say, the two are no longer believed.
_SURE = 0.75
_AGAINST = 0.6
_NEXT_TO_NOTHING = 0.1
# Of replies that were read: how much what the words say adds to the log-odds of its answer, by how they say it. Fitted on replies that the reader had not
# learnt from (models/replies/README.md).
Weight = Literal["none", "opposed", "some", "bare", "led", "all", "plain"]
_BELIEVED: Mapping[str, Mapping[Weight, float]] = {
    SATISFACTION: {"none": 0.0, "opposed": 0.0, "some": 2.0, "bare": 1.5, "led": 2.0, "all": 5.0, "plain": 2.0},
    CONVENIENCE: {"none": 0.0, "opposed": 0.0, "some": 1.0, "bare": 3.5, "led": 3.0, "all": 4.0, "plain": 1.5},
}
_LEAST = 0.01
# What an answer is worth that is wrong by more than one step, and by one, where a right one is worth 1 and an open one 0. Chosen, not measured.
_FAR, _NEAR = -1.5, -0.25
_MIDDLE, _ENDS = "average", frozenset({"satisfied", "dissatisfied"})
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


def meaning_of(
    search: Search, answers: Collection[str], replies: Sequence[Utterance], *, around: int | None = None, whatever_was_asked: bool = False
) -> Meant | None:
    """How the turn of the replies that holds utterance `around` reads by its sentence vectors, the first turn where it is None; None where nothing can tell, or
    what was asked before the turn is no question of its kind, unless it counts `whatever_was_asked`: yes to a booking is another than yes to a moment."""
    head, turn = _head_of(answers), _turn_of(replies, around)
    asked = _asked_before(search, turn) if turn else None
    if (
        not whatever_was_asked
        and head is not None
        and asked is not None
        and not shipped_read_heads().reads(head, search.conversation.vectors[asked.utterance])
    ):
        return None
    vectors = [search.conversation.vectors[u.utterance] for u in turn if u.utterance in search.conversation.vectors]
    if head is None or not turn or len(vectors) < len(turn):
        return None
    return Meant(shares=shipped_heads()[head].shares(vectors), answers=answers, utterance=turn[0])


def read_meaning_of(search: Search, answers: Collection[str], replies: Sequence[Utterance], *, around: int | None) -> Meant | None:
    """How that turn reads by what the shipped reader of replies made of it; None where it read nothing, or what was asked before the turn is no
    question of its kind."""
    head, turn = _head_of(answers), _turn_of(replies, around)
    shares = _read_shares(search, head, turn) if head is not None and turn else None
    return None if shares is None else Meant(shares=shares, answers=answers, utterance=turn[0])


def together(read: Meant, worded: str | None, weight: Weight) -> str | None:
    """The answer that wordings and meaning give together: the one that is worth most, as likely as each is; None where leaving it open is worth more."""
    odds = {name: log(max(share, _LEAST)) for name, share in read.shares.items()}
    if worded in odds:
        odds[worded] += _BELIEVED[_head_of(read.answers) or SATISFACTION][weight]
    elif worded is not None:
        return worded
    powers = {name: exp(value) for name, value in odds.items()}
    chances = {name: power / sum(powers.values()) for name, power in powers.items()}
    worth = {answer: sum(chance * _worth(answer, true) for true, chance in chances.items()) for answer in chances if answer in read.answers}
    best = max(worth, key=lambda name: worth[name])
    return best if worth[best] > sum(chance for name, chance in chances.items() if name not in read.answers) else None


def _worth(answer: str, true: str) -> float:
    if answer == true:
        return 1.0
    return _NEAR if {answer, true} > {_MIDDLE} and {answer, true} - {_MIDDLE} <= _ENDS else _FAR


def _head_of(answers: Collection[str]) -> str | None:
    return next((name for known, name in _HEADS if known <= set(answers)), None)


def _turn_of(replies: Sequence[Utterance], around: int | None) -> list[Utterance]:
    return next((run for run in runs_of(replies) if around is None or any(u.utterance == around for u in run)), [])


def _asked_before(search: Search, turn: Sequence[Utterance]) -> Utterance | None:
    """The other side's last utterance before a turn; None where it has no vector."""
    first, *_ = turn
    asked = next((u for u in reversed(search.conversation.utterances) if u.utterance < first.utterance and u.role is not first.role), None)
    return asked if asked is not None and asked.utterance in search.conversation.vectors else None


def _read_shares(search: Search, head: str, turn: Sequence[Utterance]) -> dict[str, float] | None:
    vectors, read_by = search.conversation.vectors, search.conversation.reply_version
    asked = _asked_before(search, turn)
    rows = [vectors[u.utterance][ACTS_END:] for u in turn if len(vectors.get(u.utterance, ())) == MEANING_WIDTH]
    if asked is None or len(rows) < len(turn):
        return None
    heads = shipped_read_heads()
    question = vectors[asked.utterance]
    return heads.heads[head].shares(rows, question) if read_by in (None, heads.reader) and heads.reads(head, question) else None
