"""Which part of a conversation a check looks at: one party's utterances within first/last seconds or turns, before/after another hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.rubric.windows import Extent, Window


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What is searched: utterances in order, and the span of time they are looked for in."""

    utterances: tuple[Utterance, ...]
    start_ms: int | None
    end_ms: int | None

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers of the utterances."""
        return frozenset(utterance.utterance for utterance in self.utterances)


class Party:
    """What some roles say in a conversation, and when they take the floor: worked out once for all windows."""

    def __init__(self, conversation: Conversation, roles: Sequence[Role]) -> None:
        self.conversation = conversation
        self.own = [u for u in conversation.utterances if u.role in roles]

    @cached_property
    def turns(self) -> dict[int, int]:
        """Utterance number → how many times the party had taken the floor before (from 0). Menus and machines end no turn."""
        numbers: dict[int, int] = {}
        mine = {u.utterance for u in self.own}
        turn, was_mine = -1, False
        for utterance in self.conversation.utterances:
            if utterance.utterance in mine:
                if not was_mine:
                    turn += 1
                was_mine = True
                numbers[utterance.utterance] = turn
            elif utterance.role in (Role.AGENT, Role.CUSTOMER, Role.UNKNOWN):
                was_mine = False
        return numbers


def select(party: Party, window: Window | None, *, before: int | None = None, after: int | None = None) -> Searched:
    """A party's utterances inside a window. `before`/`after`: utterance numbers that bound it, exclusive.

    `first` counts from the party's first words, `last` back from its last; seconds or turns, whichever reaches further. Without times, only
    turns count. The words with which a party began are no part of `last` where it took the floor again: what opens a call does not close it.
    """
    own, conversation = party.own, party.conversation
    inside = own
    start, end = 0, conversation.duration_ms
    if window and window.first:
        inside = _first(party, window.first)
        if own and own[0].start_ms is not None:
            start = own[0].start_ms
            end = _limit_ms(inside, start, window.first)
    elif window and window.last:
        inside = _last(party, window.last)
        if own and own[-1].end_ms is not None:
            end = own[-1].end_ms
            reach = end - round((window.last.seconds or 0) * 1000)
            start = max(0, min([reach, *(u.start_ms for u in inside if u.start_ms is not None)]))
    if before is not None or after is not None:
        inside = [u for u in inside if (before is None or u.utterance < before) and (after is None or u.utterance > after)]
    has_times = conversation.duration_ms > 0
    return Searched(utterances=tuple(inside), start_ms=start if has_times else None, end_ms=end if has_times else None)


def runs_of(utterances: Sequence[Utterance]) -> list[list[Utterance]]:
    """Utterances of one party that follow each other with nobody else between."""
    runs: list[list[Utterance]] = []
    for utterance in utterances:
        if runs and runs[-1][-1].role is utterance.role and utterance.utterance - runs[-1][-1].utterance == 1:
            runs[-1].append(utterance)
        else:
            runs.append([utterance])
    return runs


def turns_until(conversation: Conversation, utterance: int) -> list[list[Utterance]]:
    """What agent and customer said, turn by turn, up to the turn that an utterance of theirs is in."""
    turns = runs_of([u for u in conversation.utterances if u.role in (Role.AGENT, Role.CUSTOMER)])
    at = next(place for place, turn in enumerate(turns) if any(u.utterance == utterance for u in turn))
    return turns[: at + 1]


def _first(party: Party, extent: Extent) -> list[Utterance]:
    own = party.own
    turns = party.turns if extent.turns is not None else {}
    limit = own[0].start_ms + extent.seconds * 1000 if own and extent.seconds and own[0].start_ms is not None else None
    return [
        u
        for u in own
        if (extent.turns is not None and turns[u.utterance] < extent.turns)
        or (limit is not None and u.start_ms is not None and u.start_ms < limit)
    ]


def _last(party: Party, extent: Extent) -> list[Utterance]:
    own, turns = party.own, party.turns
    final = max(turns.values(), default=-1)
    limit = own[-1].end_ms - extent.seconds * 1000 if own and extent.seconds and own[-1].end_ms is not None else None
    return [
        u
        for u in (own[1:] if final > 0 else own)
        if (extent.turns is not None and turns[u.utterance] > final - extent.turns)
        or (limit is not None and u.end_ms is not None and u.end_ms > limit)
    ]


def _limit_ms(inside: Sequence[Utterance], start: int, extent: Extent) -> int:
    reach = start + round((extent.seconds or 0) * 1000)
    return max([reach, *(u.end_ms for u in inside if u.end_ms is not None)])
