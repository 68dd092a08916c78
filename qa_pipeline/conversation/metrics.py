"""Figures of a conversation that rubrics and reports name: shares, silences, interruptions, rates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from qa_pipeline.call import Metrics, Role, Utterance

# Chosen, not measured: a silence this long with nobody speaking is a hold; speech that begins this long before the other ends interrupts.
_HOLD_MS = 15_000
_INTERRUPTION_MS = 700
_SHORTEST_INTERRUPTION_MS = 500
_LONGEST_RESPONSE_MS = 10_000


def measure(
    utterances: Sequence[Utterance], duration_ms: int, *, sentiment: float | None = None, sentiment_label: str | None = None
) -> Metrics:
    """Metrics of timed utterances; those that need times are None for text in which any is without them: a share of a part is none."""
    timed = [u for u in utterances if u.start_ms is not None and u.end_ms is not None]
    turns = _turns(utterances)
    if not timed or len(timed) < len(utterances) or duration_ms <= 0:
        return Metrics(customer_sentiment=sentiment, customer_sentiment_label=sentiment_label, turns=turns if utterances else None)
    agent = _spans([u for u in timed if u.role is Role.AGENT])
    customer = _spans([u for u in timed if u.role is Role.CUSTOMER])
    everyone = _spans(timed)
    spoken = sum(end - start for start, end in everyone)
    silences = _gaps(everyone, duration_ms)
    holds = [end - start for start, end in silences if end - start >= _HOLD_MS]
    return Metrics(
        customer_sentiment=sentiment,
        customer_sentiment_label=sentiment_label,
        agent_talk_share=_share(agent, agent, customer),
        customer_talk_share=_share(customer, agent, customer),
        silence_share=round(1 - min(1.0, spoken / duration_ms), 4),
        longest_silence_ms=max((end - start for start, end in silences), default=0),
        holds=len(holds),
        hold_ms=sum(holds),
        interruptions_by_agent=_interruptions(timed, by=Role.AGENT, of=Role.CUSTOMER),
        interruptions_by_customer=_interruptions(timed, by=Role.CUSTOMER, of=Role.AGENT),
        agent_speech_rate=_rate(timed, Role.AGENT),
        customer_speech_rate=_rate(timed, Role.CUSTOMER),
        median_response_ms=_median_response(timed),
        turns=turns,
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


def _interruptions(utterances: Sequence[Utterance], *, by: Role, of: Role) -> int:
    count = 0
    spoken = _spans([u for u in utterances if u.role is of])
    for start, end in _spans([u for u in utterances if u.role is by]):
        if end - start >= _SHORTEST_INTERRUPTION_MS and any(a < start and b - start >= _INTERRUPTION_MS for a, b in spoken):
            count += 1
    return count


def _rate(utterances: Sequence[Utterance], role: Role) -> float | None:
    own = [u for u in utterances if u.role is role]
    minutes = sum((u.end_ms or 0) - (u.start_ms or 0) for u in own) / 60_000
    if minutes <= 0:
        return None
    size = sum(len(re.findall(r"[\u4e00-\u9fff]", u.text)) if u.language == "zh" else len(u.text.split()) for u in own)
    return round(size / minutes, 1)


def _median_response(utterances: Sequence[Utterance]) -> int | None:
    waits = [
        (after.start_ms or 0) - (before.end_ms or 0)
        for before, after in zip(utterances, utterances[1:], strict=False)
        if before.role is Role.CUSTOMER and after.role is Role.AGENT
    ]
    answered = [max(0, wait) for wait in waits if wait < _LONGEST_RESPONSE_MS]
    return round(median(answered)) if answered else None


def _turns(utterances: Sequence[Utterance]) -> int:
    roles = [u.role for u in utterances if u.role in (Role.AGENT, Role.CUSTOMER)]
    return sum(1 for i, role in enumerate(roles) if i == 0 or roles[i - 1] is not role)
