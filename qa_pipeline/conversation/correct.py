"""Roles put right from outside the call: a reviewer's word on who is the agent, and recordings that repetition over calls gave away.

What is kept of either is a moment, so that it holds for whatever is heard of the call later: by other models, with other names for the voices.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from qa_pipeline.call import Conversation, Layout, Role, Utterance
from qa_pipeline.conversation.feeling import Judge, feel
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.conversation.role_head import RoleHead, judge_roles
from qa_pipeline.conversation.roles import assign_roles
from qa_pipeline.errors import InputRefused

ROLE_SWAP = "role_swap"
ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCorrection:
    """At `moment_ms` the agent speaks (None: nobody has said); at each of `announcements` a recording plays.

    In a call without times a moment is −1 − the utterance's number.
    """

    moment_ms: int | None = None
    announcements: tuple[int, ...] = ()

    def speaker_in(self, conversation: Conversation) -> str | None:
        """The voice or track that is the agent's; None where nobody speaks at that moment."""
        found = None if self.moment_ms is None else at_moment(conversation, self.moment_ms)
        return found.speaker if found else None

    def recorded_in(self, conversation: Conversation) -> set[int]:
        """Numbers of the utterances in which recordings play."""
        return {found.utterance for moment in self.announcements if (found := at_moment(conversation, moment))}


def corrected_id(conversation_id: str, correction: RoleCorrection) -> str:
    """Identity of a conversation whose roles were put right."""
    parts = [conversation_id]
    if correction.moment_ms is not None or not correction.announcements:
        parts += [ROLE_SWAP, str(correction.moment_ms)]
    if correction.announcements:
        parts += [ANNOUNCEMENT, *map(str, sorted(correction.announcements))]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def correct_roles(
    conversation: Conversation, correction: RoleCorrection, judge: Judge, *, threshold: float, head: RoleHead | None = None
) -> Conversation:
    """The conversation with its recordings nobody's and the voice at that moment as the agent; itself when that is so already.

    The agent's former words become the customer's. Sentiment and metrics follow the roles. `head`: for proving the roles of the others anew once
    recordings are left out.
    """
    vectors = _vectors(conversation)
    put_right = _agent_at(_without_recordings(conversation, correction, vectors, head), correction)
    if put_right is conversation:
        return conversation
    utterances, sentiment, label = feel(put_right.utterances, vectors, judge, threshold=threshold)
    return replace(
        put_right,
        conversation_id=corrected_id(conversation.conversation_id, correction),
        utterances=utterances,
        metrics=measure(utterances, conversation.duration_ms, sentiment=sentiment, sentiment_label=label),
    )


def _without_recordings(conversation: Conversation, correction: RoleCorrection, vectors: np.ndarray, head: RoleHead | None) -> Conversation:
    several = correction.recorded_in(conversation)
    played = {u.utterance for u in conversation.utterances if u.utterance in several and u.role is not Role.OTHER}
    if not played:
        return conversation
    recorded = played | {u.utterance for u in conversation.utterances if u.role is Role.OTHER}
    judged = judge_roles(conversation.utterances, vectors, conversation.call.direction, head) if head and conversation.vectors else None
    roles = assign_roles(conversation.utterances, conversation.call, judged=judged, recorded=recorded)
    layout = Layout.SWAPPED if roles.is_swapped else conversation.layout
    return replace(conversation, utterances=roles.utterances, role_confidence=roles.role_confidence, layout=layout)


def _agent_at(conversation: Conversation, correction: RoleCorrection) -> Conversation:
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
    rows = [conversation.vectors.get(u.utterance, (0.0,) * 384) for u in conversation.utterances]
    return np.array(rows, dtype=np.float32).reshape(-1, 384)


def swap(conversation: Conversation, *, agent: str | None = None) -> RoleCorrection:
    """The correction that makes the other party the agent, or the voice named `agent`. Raises InputRefused when it is not clear who that is."""
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
    return RoleCorrection(moment_ms=middle_of(longest))


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
