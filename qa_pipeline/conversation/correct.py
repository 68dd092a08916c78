"""A reviewer's word on who is the agent: a conversation with its roles put right.

What is kept of the correction is a moment at which the agent speaks, so that it holds for whatever is heard of the call later: by other models, with
other names for the voices.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.conversation.feeling import Judge, feel
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.errors import InputRefused

ROLE_SWAP = "role_swap"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCorrection:
    """At `moment_ms` (or, in a call without times, in utterance number −1 − `moment_ms`) the agent speaks."""

    moment_ms: int

    def speaker_in(self, conversation: Conversation) -> str | None:
        """The voice or track that is the agent's; None where nobody speaks at that moment."""
        found = [u for u in conversation.utterances if _covers(u, self.moment_ms)]
        return found[0].speaker if found else None


def corrected_id(conversation_id: str, correction: RoleCorrection) -> str:
    """Identity of a conversation whose roles were put right."""
    return hashlib.sha256(f"{conversation_id}|{ROLE_SWAP}|{correction.moment_ms}".encode()).hexdigest()[:32]


def correct_roles(conversation: Conversation, correction: RoleCorrection, judge: Judge, *, threshold: float) -> Conversation:
    """The conversation with the voice at that moment as the agent; itself when that is so already, or nobody speaks then.

    The agent's former words become the customer's. Sentiment and metrics follow the roles.
    """
    speaker = correction.speaker_in(conversation)
    if speaker is None or all(
        (u.role is Role.AGENT) == (u.speaker == speaker) for u in conversation.utterances if u.role is not Role.OTHER
    ):
        return conversation
    utterances = tuple(
        u if u.role is Role.OTHER and u.speaker != speaker else replace(u, role=Role.AGENT if u.speaker == speaker else Role.CUSTOMER)
        for u in conversation.utterances
    )
    vectors = np.array([conversation.vectors.get(u.utterance, (0.0,) * 384) for u in utterances], dtype=np.float32).reshape(-1, 384)
    utterances, sentiment, label = feel(utterances, vectors, judge, threshold=threshold)
    return replace(
        conversation,
        conversation_id=corrected_id(conversation.conversation_id, correction),
        utterances=utterances,
        role_confidence=1.0,
        metrics=measure(utterances, conversation.duration_ms, sentiment=sentiment, sentiment_label=label),
    )


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
    if agent not in speakers:
        raise InputRefused(f"Nobody in this call is called {agent}.", advice=f"There are: {', '.join(speakers) or 'no voices'}.")
    own = [u for u in conversation.utterances if u.speaker == agent]
    # The middle of the longest utterance: where a later recognition surely hears the same person.
    longest = max(own, key=lambda u: (len(u.text), -u.utterance))
    if longest.start_ms is None or longest.end_ms is None:
        return RoleCorrection(moment_ms=-1 - longest.utterance)
    return RoleCorrection(moment_ms=(longest.start_ms + longest.end_ms) // 2)


def _covers(utterance: Utterance, moment_ms: int) -> bool:
    if moment_ms < 0:
        return utterance.utterance == -1 - moment_ms
    return utterance.start_ms is not None and utterance.end_ms is not None and utterance.start_ms <= moment_ms <= utterance.end_ms
