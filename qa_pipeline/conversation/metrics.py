"""Figures of a conversation that rubrics and reports name: shares, silences, holds, interruptions, delays, rates, monologues.

Each is defined, with its source, in docs/metrics.md. All are computed from utterances, their roles, times and sentiment; nothing from the sound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import median

from qa_pipeline.call import Metrics, Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.meaning.sentiment import SentimentScore, summarise
from qa_pipeline.text.normalise import unit_spans

# Chosen, not measured: with neither party speaking this long the customer is on hold; sooner where the agent asked to wait.
_HOLD_MS = 15_000
_ASKED_HOLD_MS = 5_000
_INTERRUPTION_MS = 700
_SHORTEST_INTERRUPTION_MS = 500
# After an interruption the interrupter is the one who goes on speaking, and the other is silent for so long.
_TURN_TAKEN_MS = 300
_LONGEST_RESPONSE_MS = 10_000
# A pause this long ends a monologue.
_MONOLOGUE_PAUSE_MS = 3_000
_BACKCHANNEL_UNITS = 3
_PARTIES = (Role.AGENT, Role.CUSTOMER)
# Of Latin letters, where a language names no vowels of its own.
_VOWELS = "aeiouy"


def measure(
    utterances: Sequence[Utterance], duration_ms: int, *, sentiment: float | None = None, sentiment_label: str | None = None
) -> Metrics:
    """Metrics of timed utterances; those that need times are None for text in which any is without them: a share of a part is none."""
    last_third, trend = _course(utterances)
    timed = [u for u in utterances if u.start_ms is not None and u.end_ms is not None]
    if not timed or len(timed) < len(utterances) or duration_ms <= 0:
        turns = _turns(utterances) if utterances else None
        return Metrics(
            customer_sentiment=sentiment,
            customer_sentiment_label=sentiment_label,
            customer_sentiment_last_third=last_third,
            customer_sentiment_trend=trend,
            turns=turns,
        )
    agent = _spans([u for u in timed if u.role is Role.AGENT])
    customer = _spans([u for u in timed if u.role is Role.CUSTOMER])
    everyone = _spans(timed)
    spoken = sum(end - start for start, end in everyone)
    holds = _holds(timed)
    turning = [u for u in timed if not _is_backchannel_inside(u, timed)]
    return Metrics(
        customer_sentiment=sentiment,
        customer_sentiment_label=sentiment_label,
        customer_sentiment_last_third=last_third,
        customer_sentiment_trend=trend,
        agent_talk_share=_share(agent, agent, customer),
        customer_talk_share=_share(customer, agent, customer),
        silence_share=round(1 - min(1.0, spoken / duration_ms), 4),
        longest_silence_ms=max((end - start for start, end in _gaps(everyone, duration_ms)), default=0),
        holds=len(holds),
        hold_ms=sum(holds),
        interruptions_by_agent=_interruptions(timed, by=Role.AGENT, of=Role.CUSTOMER),
        interruptions_by_customer=_interruptions(timed, by=Role.CUSTOMER, of=Role.AGENT),
        agent_speech_rate=_rate(timed, Role.AGENT, _size),
        customer_speech_rate=_rate(timed, Role.CUSTOMER, _size),
        agent_syllable_rate=_rate(timed, Role.AGENT, _syllables),
        customer_syllable_rate=_rate(timed, Role.CUSTOMER, _syllables),
        agent_longest_monologue_ms=_longest_monologue(turning, Role.AGENT),
        customer_longest_monologue_ms=_longest_monologue(turning, Role.CUSTOMER),
        median_response_ms=_median_response(turning),
        turns=_turns(turning),
    )


def _course(utterances: Sequence[Utterance]) -> tuple[float | None, float | None]:
    """The customer's sentiment in the last third of their utterances, and how much it rose since the first third."""
    theirs = [u for u in utterances if u.role is Role.CUSTOMER and u.sentiment is not None and u.sentiment_label is not None]
    if len(theirs) < 3:
        return None, None
    size = len(theirs) // 3
    first, last = (_mood(part) for part in (theirs[:size], theirs[-size:]))
    return (last, None) if first is None or last is None else (last, round(last - first, 4))


def _mood(utterances: Sequence[Utterance]) -> float | None:
    scores = [SentimentScore(score=u.sentiment or 0.0, label=u.sentiment_label or "") for u in utterances]
    value, _ = summarise(scores, [float(len(u.text)) for u in utterances])
    return None if value is None else round(value, 4)


def is_backchannel(utterance: Utterance) -> bool:
    """Whether an utterance only shows that its speaker listens, claiming no turn (uh-huh; Yngve, 1970): every unit of it is such a sign."""
    signs = table(utterance.language, Speaking).backchannels
    spoken = [utterance.text[start:end].casefold() for start, end in unit_spans(utterance.text)]
    return 0 < len(spoken) <= _BACKCHANNEL_UNITS and all(unit in signs for unit in spoken)


def _is_backchannel_inside(utterance: Utterance, everyone: Sequence[Utterance]) -> bool:
    """Whether it is one that falls into the other party's speech: it takes no turn and answers nothing."""
    if utterance.role not in _PARTIES or not is_backchannel(utterance):
        return False
    return any(
        other.role in _PARTIES
        and other.role is not utterance.role
        and (other.start_ms or 0) < (utterance.start_ms or 0)
        and (other.end_ms or 0) > (utterance.end_ms or 0)
        for other in everyone
    )


def _spans(utterances: Sequence[Utterance]) -> list[tuple[int, int]]:
    """Union of the utterances' times."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((u.start_ms or 0, u.end_ms or 0) for u in utterances):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _share(part: list[tuple[int, int]], *whole: list[tuple[int, int]]) -> float | None:
    total = sum(end - start for spans in whole for start, end in spans)
    return round(sum(end - start for start, end in part) / total, 4) if total else None


def _gaps(spans: list[tuple[int, int]], duration_ms: int) -> list[tuple[int, int]]:
    edges = [(0, 0), *spans, (duration_ms, duration_ms)]
    return [(a[1], b[0]) for a, b in zip(edges, edges[1:], strict=False) if b[0] > a[1]]


def _holds(utterances: Sequence[Utterance]) -> list[int]:
    """Lengths of the times in which neither party speaks, whether silence, music or an announcement fills them."""
    people = [u for u in utterances if u.role is not Role.OTHER]
    ends_asking = {u.end_ms for u in people if u.role is Role.AGENT and _asks_to_wait(u)}
    # Before the parties have spoken and after they have done nobody is kept waiting by anybody.
    spans = _spans(people)
    between = [(before[1], after[0]) for before, after in zip(spans, spans[1:], strict=False)]
    return [end - start for start, end in between if end - start >= (_ASKED_HOLD_MS if start in ends_asking else _HOLD_MS)]


def _asks_to_wait(utterance: Utterance) -> bool:
    return table(utterance.language, Speaking).wait.search(utterance.text) is not None


def _interruptions(utterances: Sequence[Utterance], *, by: Role, of: Role) -> int:
    """Times a party begins while the other goes on, and is the one who has the turn afterwards."""
    count = 0
    spoken = _spans([u for u in utterances if u.role is of])
    for start, end in _spans([u for u in utterances if u.role is by and not is_backchannel(u)]):
        if end - start < _SHORTEST_INTERRUPTION_MS:
            continue
        broken = next(((a, b) for a, b in spoken if a < start and b - start >= _INTERRUPTION_MS), None)
        # Who was interrupted has stopped before the interrupter has.
        if broken is not None and end - broken[1] >= _TURN_TAKEN_MS:
            count += 1
    return count


def _rate(utterances: Sequence[Utterance], role: Role, size: Callable[[Utterance], int]) -> float | None:
    own = [u for u in utterances if u.role is role]
    minutes = sum((u.end_ms or 0) - (u.start_ms or 0) for u in own) / 60_000
    return round(sum(size(u) for u in own) / minutes, 1) if minutes > 0 else None


def _size(utterance: Utterance) -> int:
    """Characters where a language is written in them, else words."""
    if is_han(utterance.language):
        return len(re.findall(r"[\u4e00-\u9fff]", utterance.text))
    return len(utterance.text.split())


def _syllables(utterance: Utterance) -> int:
    """Syllables as far as spelling shows them: a Han character each, elsewhere the vowels of each word as the language has them, one at least."""
    if is_han(utterance.language):
        return _size(utterance)
    speaking = table(utterance.language, Speaking)
    return sum(_syllables_of(word, speaking) for word in re.findall(r"[^\W\d_]+|\d+", utterance.text.casefold()))


def _syllables_of(word: str, speaking: Speaking) -> int:
    vowels = speaking.vowels or _VOWELS
    if speaking.softening:
        count = len(re.findall(f"[{vowels}]", word)) - len(re.findall(f"{speaking.softening}(?=[{vowels}])", word))
    else:
        count = len(re.findall(f"[{vowels}]+", word))
    if count > 1 and speaking.silent_ending.search(word):
        count -= 1
    return max(1, count)


def _longest_monologue(utterances: Sequence[Utterance], role: Role) -> int | None:
    """The longest time a party speaks before the other takes the turn; a long pause ends it too."""
    longest: int | None = None
    begun = last = 0
    is_open = False
    for utterance in utterances:
        start, end = utterance.start_ms or 0, utterance.end_ms or 0
        if utterance.role is not role:
            is_open = is_open and utterance.role not in _PARTIES
            continue
        if not is_open or start - last > _MONOLOGUE_PAUSE_MS:
            begun, is_open = start, True
        last = max(last, end) if is_open else end
        longest = max(longest or 0, end - begun)
    return longest


def _median_response(utterances: Sequence[Utterance]) -> int | None:
    waits = [
        (after.start_ms or 0) - (before.end_ms or 0)
        for before, after in zip(utterances, utterances[1:], strict=False)
        if before.role is Role.CUSTOMER and after.role is Role.AGENT
    ]
    answered = [max(0, wait) for wait in waits if wait < _LONGEST_RESPONSE_MS]
    return round(median(answered)) if answered else None


def _turns(utterances: Sequence[Utterance]) -> int:
    roles = [u.role for u in utterances if u.role in _PARTIES]
    return sum(1 for i, role in enumerate(roles) if i == 0 or roles[i - 1] is not role)
