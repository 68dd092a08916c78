"""Conversations as rows of the tables. Pure; heard.py makes conversations of rows again, and nothing is lost on the way (tests show it)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call, Conversation
from qa_pipeline.results.heard import CALL_COLUMNS, METRIC_COLUMNS
from qa_pipeline.scoring.identity import norm_versions

Row = dict[str, Any]


def call_date(call: Call, timezone: str) -> date | None:
    """The partition a call belongs to."""
    return call.started_at.astimezone(ZoneInfo(timezone)).date() if call.started_at else None


def call_row(conversation: Conversation, *, run_id: str, processed_at: datetime, timezone: str, code_version: str) -> Row:
    """Row of `calls`. The norms of a conversation are always those of now: what is read from storage was brought up (heard.py)."""
    call = conversation.call
    row: Row = {name: getattr(call, name) for name in CALL_COLUMNS}
    row.update(
        conversation_id=conversation.conversation_id,
        given_language=call.language,
        extra=_pairs(call.extra),
        duration_ms=conversation.duration_ms,
        language=conversation.language,
        language_confidence=conversation.language_confidence,
        layout=conversation.layout.value,
        role_confidence=conversation.role_confidence,
        starts_cut=conversation.starts_cut,
        ends_cut=conversation.ends_cut,
        lost_ms=conversation.lost_ms,
        wordless_share=conversation.wordless_share,
        dropped=[{"text": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "confidence": w.confidence} for w in conversation.dropped],
        asr_model=conversation.asr_model,
        diarization_model=conversation.diarization_model,
        manifest_sha256=conversation.manifest_sha256,
        options=_pairs(conversation.options),
        norm_versions=_pairs(norm_versions({u.language for u in conversation.utterances})),
        acts_version=conversation.acts_version,
        reply_version=conversation.reply_version,
        code_version=code_version,
        run_id=run_id,
        processed_at=processed_at,
        call_date=call_date(call, timezone),
    )
    return row


def utterance_rows(conversation: Conversation, *, run_id: str, timezone: str) -> list[Row]:
    """Rows of `utterances`."""
    shared = {
        "call_id": conversation.call.call_id,
        "conversation_id": conversation.conversation_id,
        "run_id": run_id,
        "call_date": call_date(conversation.call, timezone),
    }
    return [
        {
            **shared,
            "utterance": u.utterance,
            "role": u.role.value,
            "speaker": u.speaker,
            "channel": u.channel,
            "start_ms": u.start_ms,
            "end_ms": u.end_ms,
            "text": u.text,
            "confidence": u.confidence,
            "language": u.language,
            "sentiment": u.sentiment,
            "sentiment_label": u.sentiment_label,
            "norm": u.norm,
            "words": [{"text": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "confidence": w.confidence} for w in u.words],
            "alternatives": [{"text": a.text, "share": a.share} for a in u.alternatives],
        }
        for u in conversation.utterances
    ]


def embedding_rows(conversation: Conversation, *, run_id: str, timezone: str) -> list[Row]:
    """Rows of `embeddings`."""
    shared = {"conversation_id": conversation.conversation_id, "run_id": run_id, "call_date": call_date(conversation.call, timezone)}
    return [{**shared, "utterance": number, "vector": list(vector)} for number, vector in conversation.vectors.items()]


def metric_row(conversation: Conversation, *, run_id: str, timezone: str) -> Row:
    """Row of `metrics`."""
    row: Row = {name: getattr(conversation.metrics, name) for name in METRIC_COLUMNS}
    row.update(
        call_id=conversation.call.call_id,
        conversation_id=conversation.conversation_id,
        run_id=run_id,
        call_date=call_date(conversation.call, timezone),
    )
    return row


def _pairs(mapping: Mapping[str, str]) -> list[Row]:
    return [{"key": key, "value": mapping[key]} for key in sorted(mapping)]
