"""What is known about a verdict that bears on how sure it is, as plain figures: how it was found, how near, how well it was heard, by whom it was said.

Comes in: a criterion, its verdict, what it was judged on. Goes out: Measures. What they are worth is in the model (certainty.py). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from qa_pipeline.call import Conversation, Layout, Outcome, Role
from qa_pipeline.phrases.speech import confidences_between
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.shared_keys import SearchingCriterion
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.situations import Facts, given_disposition
from qa_pipeline.scoring.verdict import Context, Verdict
from qa_pipeline.text.normalise import unit_count

# Fewer utterances of the parties than this say little about a call. Chosen.
_SHORT = 6
_MOST_LOGIT = 5.0
_OPEN = ("…", "{any", "{some")
_QUESTION_MARKS = ("?", "？")
_NOT_SAID = frozenset(("not_said", "not_asked", "parts_missing", "not_captured"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """`kind`: how the verdict came about; `values`: figures by name; `traits`: what it is of, as NAME=VALUE."""

    kind: str
    values: Mapping[str, float]
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What holds for all verdicts on a call, worked out once. `claimed`: utterances in which some criterion found what it looks for; `found_at`: of each
    criterion met, the first of them; `values`: figures of the call, 0 where nothing speaks against it or nothing was measured.
    """

    values: Mapping[str, float]
    claimed: frozenset[int]
    found_at: Mapping[str, int]
    sought: int


def circumstances(context: Context) -> Circumstances:
    """The circumstances of a call whose criteria were judged."""
    hits = {name: [e.utterance for e in verdict.evidence if e.kind == "hit"] for name, verdict in context.verdicts.items()}
    found = {name: min(numbers) for name, numbers in hits.items() if numbers and context.verdicts[name].outcome is Outcome.MET}
    missed = sum(verdict.outcome is Outcome.NOT_MET and verdict.reason_code in _NOT_SAID for verdict in context.verdicts.values())
    return Circumstances(
        values=_of_call(context.search.conversation),
        claimed=frozenset(number for numbers in hits.values() for number in numbers),
        found_at=found,
        sought=len(found) + missed,
    )


def _of_call(conversation: Conversation) -> dict[str, float]:
    heard = [u.confidence for u in conversation.utterances if u.confidence is not None]
    parties = sum(u.role in (Role.AGENT, Role.CUSTOMER) for u in conversation.utterances)
    lost = (conversation.lost_ms or 0) / conversation.duration_ms if conversation.duration_ms else 0.0
    return {
        "call_unclear": 1.0 - sum(heard) / len(heard) if heard else 0.0,
        "written": float(conversation.layout is Layout.TEXT),
        "roles_open": 1.0 - conversation.role_confidence,
        "wordless": conversation.wordless_share or 0.0,
        "lost": min(1.0, lost),
        "short_call": float(parties < _SHORT),
    }


def measure(criterion: Criterion, verdict: Verdict, search: Search, common: Circumstances) -> Measures | None:
    """What is known about a verdict; None where it asserts nothing (undetermined). `common`: the circumstances of the call."""
    if verdict.outcome is Outcome.UNDETERMINED:
        return None
    kind = _kind(criterion, verdict)
    values = dict(common.values)
    others = common.sought - (criterion.id in common.found_at or verdict.reason_code in _NOT_SAID)
    if others > 0:
        values["others_found"] = (len(common.found_at) - (criterion.id in common.found_at)) / others - 0.5
    if kind in ("situation", "follows"):
        values |= _of_words(verdict.evidence, search, None) | _after(verdict.evidence, search, common)
    elif isinstance(criterion, SearchingCriterion):
        values |= _of_search(kind, criterion, verdict, search)
        if kind in ("missing", "not_captured") and verdict.searched:
            free = [u.text for u in verdict.searched.utterances if u.utterance not in common.claimed]
            values["unclaimed"] = math.log1p(len(free))
            values["open_questions"] = math.log1p(sum(_asks(text) for text in free))
    elif kind == "sentiment":
        values["faint"] = 1.0 - min(1.0, abs(search.conversation.metrics.customer_sentiment or 0.0))
    traits = (
        f"language={search.language}",
        f"check={criterion.check}|{verdict.outcome.value}",
        f"criterion={criterion.id}|{verdict.outcome.value}",
        *(f"{what}={name}" for what, name in verdict.rests_on if what == "situation"),
    )
    return Measures(kind=kind, values=values, traits=traits)


def measure_disposition(facts: Facts, search: Search, common: Circumstances) -> Measures | None:
    """What is known about how the call ended; None where it is not known how, or the metadata say it."""
    if facts.disposition is None or given_disposition(search.conversation) is not None:
        return None
    values = dict(common.values) | _of_words(facts.disposition_evidence, search, None) | _after(facts.disposition_evidence, search, common)
    return Measures(kind="disposition", values=values, traits=(f"language={search.language}", f"disposition={facts.disposition.value}"))


def _kind(criterion: Criterion, verdict: Verdict) -> str:
    """How a verdict came about: what is told apart here is fitted apart."""
    code = verdict.reason_code
    if code == "situation":
        return "situation"
    if code in ("parent", "condition"):
        return "follows" if verdict.rests_on else "figure"
    if criterion.check in ("metric", "metadata"):
        return "figure"
    if criterion.check in ("sentiment", "all", "any", "not", "sequence"):
        return "sentiment" if criterion.check == "sentiment" else "combined"
    if criterion.check == "forbidden":
        return "nothing_forbidden" if verdict.outcome is Outcome.MET else "forbidden"
    if criterion.check == "capture":
        return "captured" if verdict.outcome is Outcome.MET else "not_captured"
    if verdict.outcome is Outcome.MET:
        return "meant" if code.endswith("by_meaning") else "said"
    return "missing"


def _of_search(kind: str, criterion: SearchingCriterion, verdict: Verdict, search: Search) -> dict[str, float]:
    values: dict[str, float] = {}
    if kind in ("said", "meant", "forbidden", "captured"):
        # Of what another reading has to the letter the evidence shows how far that is believed, which is no likeness.
        evidence = verdict.evidence if verdict.otherwise is None else [replace(e, similarity=1.0) for e in verdict.evidence]
        values |= _of_words(evidence, search, criterion.meaning)
        values["repeated"] = float(verdict.places > 1)
        if verdict.answer is not None:
            values["answer_open"] = _answer_open(verdict)
    elif kind in ("missing", "nothing_forbidden", "not_captured"):
        near = [e.similarity for e in verdict.evidence if e.kind == "heard" and not _is_meant(e, criterion.meaning)]
        values["near"] = max(near, default=0.0)
        likeliest = search.most_probable(criterion.meaning, verdict.searched) if verdict.searched else None
        if likeliest is not None and criterion.meaning is not None:
            values["meant_near"] = _margin(likeliest.similarity, criterion.meaning.at_least)
        values["much_said"] = math.log1p(len(verdict.searched.utterances)) if verdict.searched else 0.0
        values["nothing_said"] = float(not (verdict.searched and verdict.searched.utterances))
    return values


def _of_words(evidence: Iterable[Evidence], search: Search, meaning: Meaning | None) -> dict[str, float]:
    """How well the words found fit, and how well they were heard; of several the worst."""
    found = [e for e in evidence if e.kind in ("hit", "cause")]
    if not found:
        return {"no_words": 1.0}
    values = {
        "brief": max(1.0 / max(1, unit_count(e.text)) for e in found),
        "words_unclear": max(_unclear(e, search) for e in found),
    }
    meant = [e for e in found if _is_meant(e, meaning)]
    if meant and meaning is not None:
        values["margin"] = min(_margin(e.similarity, meaning.at_least) for e in meant)
    spelt = [e for e in found if e not in meant]
    if spelt:
        values["inexact"] = 1.0 - min(e.similarity for e in spelt)
        values["sounds_alike"] = float(values["inexact"] > 0)
        values["open_wording"] = float(any(_is_open(e.expected) for e in spelt))
        probability = search.probability(meaning, spelt[0].utterance)
        if probability is not None and meaning is not None:
            values["meaning_too"] = _margin(probability, meaning.at_least)
    return values


def _after(evidence: Iterable[Evidence], search: Search, common: Circumstances) -> dict[str, float]:
    """How the call went on after the words that are said to have decided it."""
    places = [e.utterance for e in evidence]
    if not places:
        return {}
    after = sum(u.role is Role.AGENT and u.utterance > min(places) for u in search.conversation.utterances)
    return {"went_on": math.log1p(after), "found_after": math.log1p(sum(number > min(places) for number in common.found_at.values()))}


def _asks(text: str) -> bool:
    return text.rstrip()[-1:] in _QUESTION_MARKS


def _answer_open(verdict: Verdict) -> float:
    """0 where the answer was understood to the letter, 1 where it was not understood."""
    answers = [e.similarity for e in verdict.evidence if e.kind == "answer"]
    return 1.0 - max(answers, default=0.0)


def _is_meant(evidence: Evidence, meaning: Meaning | None) -> bool:
    return meaning is not None and evidence.expected in (meaning.list, meaning.examples.id if meaning.examples else None)


def _unclear(evidence: Evidence, search: Search) -> float:
    """1 − the mean confidence of the words quoted; 0 for text, which nobody recognised."""
    utterance = search.by_number.get(evidence.utterance)
    if utterance is None or utterance.confidence is None:
        return 0.0
    start, end = evidence.start_ms, evidence.end_ms
    quoted = confidences_between(utterance, start, end) if start is not None and end is not None else []
    return 1.0 - (sum(quoted) / len(quoted) if quoted else utterance.confidence)


def _margin(probability: float, at_least: float) -> float:
    """Distance of a probability from what is asked for, in log-odds within ±5."""
    return max(-_MOST_LOGIT, min(_MOST_LOGIT, _logit(probability) - _logit(at_least)))


def _logit(share: float) -> float:
    bounded = min(1 - 1e-6, max(1e-6, share))
    return math.log(bounded / (1 - bounded))


@lru_cache(maxsize=40_000)
def _is_open(phrase: str) -> bool:
    return any(sign in phrase for sign in _OPEN)
