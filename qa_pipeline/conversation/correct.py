"""What is put right from outside the call: who is the agent and which words were said, by a reviewer; recordings, that repetition over calls gave away.

What is kept of each is a moment, so that it holds for whatever is heard of the call later: by other models, with other names for the voices. A word is
put right only where what was recognised at that moment is what somebody found wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Conversation, Layout, Role, Utterance, Word
from qa_pipeline.conversation.feeling import Judge, feel
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.conversation.role_head import RoleHead, judge_roles
from qa_pipeline.conversation.roles import assign_roles
from qa_pipeline.errors import InputRefused
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.text.normalise import normalise

ROLE_SWAP = "role_swap"
ANNOUNCEMENT = "announcement"
WORD_CORRECTION = "word_correction"
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Sentence vectors of texts with acts and replies beside them, (n, 423)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordChange:
    """At `moment_ms`, `after` is said where `before` was recognised."""

    moment_ms: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """At `moment_ms` the agent speaks (None: nobody has said); at each of `announcements` a recording plays; `words` are put right in their order.

    In a call without times a moment is −1 − the utterance's number.
    """

    moment_ms: int | None = None
    announcements: tuple[int, ...] = ()
    words: tuple[WordChange, ...] = ()

    def speaker_in(self, conversation: Conversation) -> str | None:
        """The voice or track that is the agent's; None where nobody speaks at that moment."""
        found = None if self.moment_ms is None else at_moment(conversation, self.moment_ms)
        return found.speaker if found else None

    def recorded_in(self, conversation: Conversation) -> set[int]:
        """Numbers of the utterances in which recordings play."""
        return {found.utterance for moment in self.announcements if (found := at_moment(conversation, moment))}


def corrected_id(conversation_id: str, correction: Correction) -> str:
    """Identity of a conversation that was put right; its own where nothing is."""
    parts = [conversation_id]
    if correction.moment_ms is not None or not (correction.announcements or correction.words):
        parts += [ROLE_SWAP, str(correction.moment_ms)]
    if correction.announcements:
        parts += [ANNOUNCEMENT, *map(str, sorted(correction.announcements))]
    for change in correction.words:
        parts += [WORD_CORRECTION, str(change.moment_ms), change.before, change.after]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def correct(
    conversation: Conversation,
    correction: Correction,
    judge: Judge,
    *,
    threshold: float,
    head: RoleHead | None = None,
    encode: Encode | None = None,
) -> Conversation:
    """The conversation with its words put right, its recordings nobody's and the voice at that moment as the agent; itself when that is so already.

    The agent's former words become the customer's. Sentiment and metrics follow. `head`: for proving the roles of the others anew once recordings are
    left out. `encode`: for the meaning of utterances whose words change; without it they have none.
    """
    worded = _with_words(conversation, correction.words, encode)
    vectors = _vectors(worded)
    put_right = _agent_at(_without_recordings(worded, correction, vectors, head), correction)
    if put_right is conversation:
        return conversation
    utterances, sentiment, label = feel(put_right.utterances, vectors, judge, threshold=threshold)
    return replace(
        put_right,
        conversation_id=corrected_id(conversation.conversation_id, correction),
        utterances=utterances,
        # What was answered about other words, or about somebody else's, is answered no more.
        replies=(),
        metrics=measure(utterances, conversation.duration_ms, sentiment=sentiment, sentiment_label=label),
    )


def _with_words(conversation: Conversation, changes: Sequence[WordChange], encode: Encode | None) -> Conversation:
    utterances = list(conversation.utterances)
    changed: set[int] = set()
    for change in changes:
        said = at_moment(replace(conversation, utterances=tuple(utterances)), change.moment_ms)
        if said is not None and change.before in said.text:
            place = utterances.index(said)
            utterances[place] = _reworded(said, change)
            changed.add(place)
    if not changed:
        return conversation
    vectors = dict(conversation.vectors)
    # Of a conversation without acts, the words that are put right get none either.
    width = min(map(len, vectors.values()), default=0)
    anew = [utterances[place] for place in sorted(changed) if vectors.pop(utterances[place].utterance, None) is not None]
    if anew and encode is not None:
        for utterance, vector in zip(anew, encode([u.text for u in anew]), strict=True):
            vectors[utterance.utterance] = tuple(float(value) for value in vector[:width])
    return replace(conversation, utterances=tuple(utterances), vectors=vectors)


def _reworded(utterance: Utterance, change: WordChange) -> Utterance:
    """The utterance with what was recognised put right: where it stands several times, the one nearest to the moment."""
    starts = [i for i in range(len(utterance.text)) if utterance.text.startswith(change.before, i)]
    spans = _spans(utterance)

    def distance(start: int) -> int:
        owner = (
            next((word for word, (first, end) in zip(utterance.words, spans, strict=True) if first <= start < end), None) if spans else None
        )
        return start if owner is None else abs(owner.start_ms - change.moment_ms)

    start = min(starts, key=distance)
    end = start + len(change.before)
    text = utterance.text[:start] + change.after + utterance.text[end:]
    touched = [i for i, (first, last) in enumerate(spans) if first < end and last > start]
    words = tuple(utterance.words)
    if touched:
        first, last = touched[0], touched[-1]
        # Its neighbours in the same word stay, and what a person heard is certain.
        said = utterance.text[spans[first][0] : start] + change.after + utterance.text[end : max(end, spans[last][1])]
        word = Word(text=said, start_ms=words[first].start_ms, end_ms=words[last].end_ms, confidence=1.0)
        words = (*words[:first], word, *words[last + 1 :])
    confidence = sum(w.confidence for w in words) / len(words) if words else utterance.confidence
    # A person has listened: what else it may have been is settled.
    norm = normalise(text, utterance.language)
    return replace(utterance, text=text, words=words, confidence=confidence, norm=norm, alternatives=())


def _spans(utterance: Utterance) -> list[tuple[int, int]]:
    """Where the words lie in the text; empty where they do not make it up, as when a text was re-spelled."""
    joined = "".join(word.text for word in utterance.words)
    lead = len(joined) - len(joined.lstrip())
    if joined.strip() != utterance.text:
        return []
    ends, upto = [], -lead
    for word in utterance.words:
        ends.append((max(0, upto), upto + len(word.text)))
        upto += len(word.text)
    return ends


def _without_recordings(conversation: Conversation, correction: Correction, vectors: np.ndarray, head: RoleHead | None) -> Conversation:
    several = correction.recorded_in(conversation)
    played = {u.utterance for u in conversation.utterances if u.utterance in several and u.role is not Role.OTHER}
    if not played:
        return conversation
    recorded = played | {u.utterance for u in conversation.utterances if u.role is Role.OTHER}
    judged = judge_roles(conversation.utterances, vectors, conversation.call.direction, head) if head and conversation.vectors else None
    roles = assign_roles(conversation.utterances, conversation.call, judged=judged, recorded=recorded)
    layout = Layout.SWAPPED if roles.is_swapped else conversation.layout
    return replace(conversation, utterances=roles.utterances, role_confidence=roles.role_confidence, layout=layout)


def _agent_at(conversation: Conversation, correction: Correction) -> Conversation:
    speaker = correction.speaker_in(conversation)
    if speaker is None or all(
        (u.role is Role.AGENT) == (u.speaker == speaker) for u in conversation.utterances if u.role is not Role.OTHER
    ):
        return conversation
    recorded = correction.recorded_in(conversation)
    own = [u.role for u in conversation.utterances if u.speaker == speaker and u.utterance not in recorded]
    # Whoever stood aside until now was a second employee: the one that was taken for the agent stands aside instead.
    former = Role.OTHER if own and set(own) == {Role.OTHER} else Role.CUSTOMER

    def role_of(utterance: Utterance) -> Role:
        if utterance.utterance in recorded:
            return Role.OTHER
        if utterance.speaker == speaker:
            return Role.AGENT
        return {Role.OTHER: Role.OTHER, Role.AGENT: former}.get(utterance.role, Role.CUSTOMER)

    utterances = tuple(replace(u, role=role_of(u)) for u in conversation.utterances)
    return replace(conversation, utterances=utterances, role_confidence=1.0)


def _vectors(conversation: Conversation) -> np.ndarray:
    nothing = (0.0,) * WIDTH
    rows = [conversation.vectors.get(u.utterance, nothing)[:WIDTH] for u in conversation.utterances]
    return np.array(rows, dtype=np.float32).reshape(-1, WIDTH)


def swap(conversation: Conversation, *, agent: str | None = None) -> Correction:
    """The correction that makes the other party the agent, or the voice named `agent`. Raises InputRefused when it is not clear who that is."""
    return Correction(moment_ms=moment_of_agent(conversation, agent=agent))


def moment_of_agent(conversation: Conversation, *, agent: str | None = None) -> int:
    """A moment at which the other party surely speaks, or the voice named `agent`. Raises InputRefused when it is not clear who that is."""
    speakers = list(dict.fromkeys(u.speaker for u in conversation.utterances if u.role is not Role.OTHER))
    if agent is None:
        others = list(dict.fromkeys(u.speaker for u in conversation.utterances if u.role is Role.CUSTOMER))
        if len(others) != 1:
            raise InputRefused(
                "It is not clear which voice is the agent's.", advice=f"Name it: --agent {' or --agent '.join(speakers) or 'SPEAKER'}."
            )
        agent = others[0]
    if agent not in {u.speaker for u in conversation.utterances}:
        raise InputRefused(f"Nobody in this call is called {agent}.", advice=f"There are: {', '.join(speakers) or 'no voices'}.")
    own = [u for u in conversation.utterances if u.speaker == agent]
    # The middle of the longest utterance: where a later recognition surely hears the same person.
    longest = max(own, key=lambda u: (len(u.text), -u.utterance))
    return middle_of(longest)


def middle_of(utterance: Utterance) -> int:
    """A moment at which an utterance surely is heard; −1 − its number where it has no times."""
    if utterance.start_ms is None or utterance.end_ms is None:
        return -1 - utterance.utterance
    return (utterance.start_ms + utterance.end_ms) // 2


def at_moment(conversation: Conversation, moment_ms: int) -> Utterance | None:
    """The utterance that is heard at a moment; of several that overlap, the one whose middle it is nearest to."""
    if moment_ms < 0:
        return next((u for u in conversation.utterances if u.utterance == -1 - moment_ms), None)
    heard = [u for u in conversation.utterances if u.start_ms is not None and u.end_ms is not None and u.start_ms <= moment_ms <= u.end_ms]
    return min(heard, key=lambda u: abs(middle_of(u) - moment_ms), default=None)
