"""Who is who in a call that came as text: as its labels say, by the agent's name, by who is left, and proved from the words as in recordings.

What a label says is never put aside. The more is told from less, the lower the certainty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from qa_pipeline.call import Call, Role, Utterance
from qa_pipeline.conversation.roles import Roles
from qa_pipeline.recordings.agent_names import labels_of_agent
from qa_pipeline.recordings.dialogue import Line
from qa_pipeline.recordings.labels import is_bare

# Two parties, one of them named: the other is settled, unless the words are sure of the opposite. As for channel maps (roles.py).
_CONTRADICTION = 0.97
_CONTRADICTED_CONFIDENCE = 0.75
# How channels of JSON documents are labelled (recordings/said.py), counted from 0.
_CHANNEL = re.compile(r"Channel (\d+)")


def with_agent(lines: Sequence[Line], call: Call) -> tuple[Line, ...]:
    """The lines, those under the agent's name or on the agent's channel with the agent's role."""
    people = dict.fromkeys(line.label for line in lines if line.label and line.role is Role.UNKNOWN and not is_bare(line.label))
    agents = labels_of_agent(people, call.agent_name) or _on_channel(people, call.agent_channel)
    return tuple(replace(line, role=Role.AGENT) if line.label in agents and line.role is Role.UNKNOWN else line for line in lines)


def _on_channel(labels: Iterable[str], channel: int | None) -> frozenset[str]:
    """The label of a channel by its number; none where channels may be counted from 1."""
    numbers = {label: int(match[1]) for label in labels if (match := _CHANNEL.fullmatch(label))}
    if channel is None or not set(numbers.values()) <= {0, 1} or len(numbers) < 2:
        return frozenset()
    return frozenset(label for label, number in numbers.items() if number == channel)


def tell_roles(utterances: Sequence[Utterance], prove: Callable[[], Roles]) -> tuple[tuple[Utterance, ...], float]:
    """The utterances with the roles of voices that nobody signed, and how sure they are (0–1).

    `prove`: roles by the words of all; asked only where a voice has no role and there is another to compare it with.
    """
    people = [u for u in utterances if u.role is not Role.OTHER]
    voices = list(dict.fromkeys(u.speaker for u in people if u.role is Role.UNKNOWN))
    written = {u.role for u in people} - {Role.UNKNOWN}
    if not voices or len({u.speaker for u in people}) < 2:
        return tuple(utterances), _share_signed(utterances)
    proved = prove()
    if not written:
        return _keep_written(utterances, proved.utterances), proved.role_confidence
    if len(written) == 1 and len(voices) == 1 and not is_bare(voices[0]):
        left = Role.CUSTOMER if written == {Role.AGENT} else Role.AGENT
        said = {u.role for u in proved.utterances if u.speaker == voices[0]}
        is_contradicted = proved.role_confidence >= _CONTRADICTION and said <= written
        signed = tuple(replace(u, role=left) if u.speaker == voices[0] and u.role is Role.UNKNOWN else u for u in utterances)
        return signed, _CONTRADICTED_CONFIDENCE if is_contradicted else _share_signed(signed)
    named = {u.speaker for u in people if u.role is Role.UNKNOWN and not is_bare(u.speaker)}
    if not named or not _agrees(utterances, proved.utterances):
        return tuple(utterances), _share_signed(utterances)
    signed = tuple(
        after if u.role is Role.UNKNOWN and u.speaker in named else u for u, after in zip(utterances, proved.utterances, strict=True)
    )
    return signed, min(proved.role_confidence, _share_signed(signed))


def _agrees(utterances: Sequence[Utterance], proved: Sequence[Utterance]) -> bool:
    """Whether the words prove what is written, where something is."""
    return all(u.role in (after.role, Role.UNKNOWN, Role.OTHER) for u, after in zip(utterances, proved, strict=True))


def _share_signed(utterances: Sequence[Utterance]) -> float:
    """How much of the text has a role: what nobody signed may be the agent's."""
    sizes = [(len(u.text), u.role is not Role.UNKNOWN) for u in utterances]
    total = sum(size for size, _ in sizes)
    return round(sum(size for size, known in sizes if known) / total, 4) if total else 0.0


def _keep_written(before: Sequence[Utterance], proved: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Utterances with the roles that were proved, except where a role was written."""
    return tuple(after if u.role is Role.UNKNOWN else replace(after, role=u.role) for u, after in zip(before, proved, strict=True))
