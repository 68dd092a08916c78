"""What speaks against trusting a call's score, in words: why it needs review, what of it was not heard, and what may have been said instead."""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.report.data import CallReport, Row

# A smaller share is a breath at the edge of a word. Chosen.
_LEAST_WORDLESS = 0.005
# A person is told of another reading from this share of the recogniser's belief on: fainter ones would only fill the page. Chosen, not measured.
_OTHERWISE_FROM = 0.1
_REVIEW_REASONS = {
    "critical_failed": "critical not met",
    "critical_undetermined": "critical undetermined",
    "low_coverage": "too little judged",
    "role_unsure": "unsure who the agent is",
    "no_speech": "nobody heard as agent or customer",
    "sound_lost": "a part of the recording is lost",
    "speech_without_words": "much speech got no words",
    "unsure": "unsure of a finding",
    "disputed": "the agent does not agree",
}


def review_reasons(item: CallReport) -> tuple[str, ...]:
    """Why a call needs review, as it counts."""
    counting = item.counting
    return tuple(_REVIEW_REASONS.get(reason, reason.replace("_", " ")) for reason in (counting.review_reasons if counting else ()))


def heard_otherwise(utterance: Row) -> tuple[Row, ...]:
    """The other readings of an utterance that a person is told of, the likeliest first."""
    return tuple(one for one in utterance.get("alternatives") or () if one["share"] >= _OTHERWISE_FROM)


def not_heard(call: Row) -> Mapping[str, str]:
    """How much of a call is missing from its transcript: what, and how much; empty where nothing is known to be."""
    found = {}
    if call["lost_ms"]:
        found["Lost of the recording"] = f"{call['lost_ms'] / 1000:.1f} s"
    if (call["wordless_share"] or 0) >= _LEAST_WORDLESS:
        found["Speech without words"] = f"{100 * call['wordless_share']:.0f} %"
    return found
