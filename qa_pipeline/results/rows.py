"""Conversations and scores ↔ rows of the tables. Pure; nothing is lost on the way there and back (tests show it)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from qa_pipeline.call import Call, Conversation, Layout, Metrics, Role, Utterance, Word
from qa_pipeline.rubric.matching import Evidence
from qa_pipeline.rubric.score import Score

Row = dict[str, Any]
_CALL_COLUMNS = tuple(f.name for f in fields(Call) if f.name not in ("language", "extra"))
_METRIC_COLUMNS = tuple(f.name for f in fields(Metrics))


def call_date(call: Call, timezone: str) -> date | None:
    """The partition a call belongs to."""
    return call.started_at.astimezone(ZoneInfo(timezone)).date() if call.started_at else None


def call_row(conversation: Conversation, *, run_id: str, processed_at: datetime, timezone: str, code_version: str) -> Row:
    """Row of `calls`."""
    call = conversation.call
    row: Row = {name: getattr(call, name) for name in _CALL_COLUMNS}
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
        asr_model=conversation.asr_model,
        diarization_model=conversation.diarization_model,
        manifest_sha256=conversation.manifest_sha256,
        options=_pairs(conversation.options),
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
        }
        for u in conversation.utterances
    ]


def embedding_rows(conversation: Conversation, *, run_id: str) -> list[Row]:
    """Rows of `embeddings`."""
    return [
        {"conversation_id": conversation.conversation_id, "utterance": number, "vector": list(vector), "run_id": run_id}
        for number, vector in conversation.vectors.items()
    ]


def metric_row(conversation: Conversation, *, run_id: str) -> Row:
    """Row of `metrics`."""
    row: Row = {name: getattr(conversation.metrics, name) for name in _METRIC_COLUMNS}
    row.update(call_id=conversation.call.call_id, conversation_id=conversation.conversation_id, run_id=run_id)
    return row


def score_row(score: Score, *, purpose: str, run_id: str, scored_at: datetime, timezone: str) -> Row:
    """Row of `scores`."""
    call = score.conversation.call
    return {
        **_score_identity(score),
        "agent_id": call.agent_id,
        "team": call.team,
        "site": call.site,
        "campaign": call.campaign,
        "purpose": purpose,
        "disposition": score.disposition.value if score.disposition else None,
        "points": score.points,
        "max_points": score.max_points,
        "percent": score.percent,
        "passed": score.passed,
        "critical_failed": score.critical_failed,
        "critical_state": score.critical_state,
        "coverage": score.coverage,
        "needs_review": score.needs_review,
        "review_reasons": list(score.review_reasons),
        "scored_at": scored_at,
        "run_id": run_id,
        "call_date": call_date(call, timezone),
    }


def finding_rows(score: Score, *, run_id: str, scored_at: datetime, timezone: str) -> list[Row]:
    """Rows of `findings`, in the order of the rubric."""
    call = score.conversation.call
    rows = []
    for finding in score.findings:
        first = finding.evidence[0] if finding.evidence else None
        rows.append(
            {
                **_score_identity(score),
                "criterion_sha256": finding.criterion_sha256,
                "section_id": finding.section_id,
                "criterion_id": finding.criterion.id,
                "outcome": finding.outcome.value,
                "answer": finding.answer,
                "points": finding.points,
                "max_points": finding.max_points,
                "deduction": None,
                "critical": finding.criterion.critical,
                "occurrences": finding.occurrences,
                "reason_code": finding.reason_code,
                "reason_args": _pairs(finding.reason_args),
                "reason": finding.reason,
                "evidence": [_evidence_row(e) for e in finding.evidence],
                "evidence_text": first.text if first else None,
                "evidence_start_ms": first.start_ms if first else None,
                "evidence_end_ms": first.end_ms if first else None,
                "window_start_ms": finding.window_start_ms,
                "window_end_ms": finding.window_end_ms,
                "agent_id": call.agent_id,
                "scored_at": scored_at,
                "run_id": run_id,
                "call_date": call_date(call, timezone),
            }
        )
    return rows


def conversation_from_rows(
    call: Row, utterances: Iterable[Row], metrics: Row | None, vectors: Mapping[int, Sequence[float]]
) -> Conversation:
    """The conversation that rows of `calls`, `utterances`, `metrics` and `embeddings` tell of."""
    values = {name: call[name] for name in _CALL_COLUMNS}
    values["language"] = call["given_language"]
    return Conversation(
        conversation_id=call["conversation_id"],
        call=Call(**values, extra=_mapping(call["extra"])),
        duration_ms=call["duration_ms"],
        language=call["language"],
        language_confidence=call["language_confidence"],
        layout=Layout(call["layout"]),
        role_confidence=call["role_confidence"],
        utterances=tuple(_utterance(row) for row in sorted(utterances, key=lambda row: row["utterance"])),
        metrics=Metrics(**{name: metrics[name] for name in _METRIC_COLUMNS}) if metrics else Metrics(),
        asr_model=call["asr_model"],
        diarization_model=call["diarization_model"],
        manifest_sha256=call["manifest_sha256"],
        options=_mapping(call["options"]),
        starts_cut=call["starts_cut"],
        ends_cut=call["ends_cut"],
        vectors={number: tuple(vector) for number, vector in vectors.items()},
    )


def _utterance(row: Row) -> Utterance:
    return Utterance(
        utterance=row["utterance"],
        role=Role(row["role"]),
        speaker=row["speaker"],
        channel=row["channel"],
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        text=row["text"],
        confidence=row["confidence"],
        language=row["language"],
        norm=row["norm"],
        words=tuple(
            Word(text=w["text"], start_ms=w["start_ms"], end_ms=w["end_ms"], confidence=round(w["confidence"], 4))
            for w in row["words"] or ()
        ),
        sentiment=row["sentiment"],
        sentiment_label=row["sentiment_label"],
    )


def _score_identity(score: Score) -> Row:
    return {
        "call_id": score.conversation.call.call_id,
        "conversation_id": score.conversation.conversation_id,
        "score_id": score.score_id,
        "rubric_id": score.rubric.id,
        "rubric_version": score.rubric.version,
        "rubric_sha256": score.rubric_sha256,
    }


def _evidence_row(evidence: Evidence) -> Row:
    return {
        "kind": evidence.kind,
        "utterance": evidence.utterance,
        "role": evidence.role.value,
        "text": evidence.text,
        "start_ms": evidence.start_ms,
        "end_ms": evidence.end_ms,
        "expected": evidence.expected,
        "similarity": evidence.similarity,
    }


def _pairs(mapping: Mapping[str, str]) -> list[Row]:
    return [{"key": key, "value": mapping[key]} for key in sorted(mapping)]


def _mapping(pairs: Sequence[Row] | None) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in pairs or ()}
