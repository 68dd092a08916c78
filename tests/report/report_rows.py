"""Rows of calls written by hand, as reports read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np

from qa_pipeline.call import Layout
from qa_pipeline.conversation.written import conversation
from qa_pipeline.report.data import CallReport, ReportData, Row
from qa_pipeline.report.wording import CriterionWords
from qa_pipeline.results.rows import call_row, metric_row, utterance_rows

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def finding(criterion: str, outcome: str, **values: Any) -> Row:
    """A row of findings; what is not given is as empty as it may be."""
    points = {"met": 10.0, "not_met": 0.0}.get(outcome)
    empty: Row = {
        "criterion_id": criterion, "criterion_sha256": criterion, "rubric_sha256": "hotline", "rubric_id": "hotline", "outcome": outcome, "answer": None, "points": points, "max_points": 10.0, "critical": False,
        "reason_code": "said", "reason": "Said in the window searched.", "reason_args": [], "evidence": [], "window_start_ms": None, "window_end_ms": None,
    }  # fmt: skip
    return empty | values


def evidence(text: str, start_ms: int | None, end_ms: int | None, **values: Any) -> Row:
    """A struct of findings.evidence."""
    base: Row = {
        "kind": "hit", "utterance": 0, "role": "agent", "text": text, "start_ms": start_ms, "end_ms": end_ms, "expected": "hello",
        "similarity": 1.0,
    }  # fmt: skip
    return base | values


def call_report(
    *lines: str, findings: tuple[Row, ...] | None = (), score: Row | None = None, layout: Layout = Layout.STEREO, **values: Any
) -> CallReport:
    """A call as reports read it; `findings=None` for one without a rubric."""
    spoken = conversation(*(lines or ("0:00 agent: Hello there.", "0:02 customer: Good morning.")), **({"language": "en"} | values))
    row: Row = {
        "rubric_id": "hotline", "rubric_version": 1, "purpose": "official", "disposition": "completed", "points": 10.0, "max_points": 10.0,
        "percent": 100.0, "passed": True, "critical_failed": False, "critical_state": "none", "coverage": 1.0, "needs_review": False,
        "review_reasons": [], "scored_at": _AT,
    }  # fmt: skip
    return CallReport(
        call=call_row(spoken, run_id="r", processed_at=_AT, timezone="UTC", code_version="0") | {"layout": layout.value},
        score=None if findings is None else row | (score or {}),
        findings=findings or (),
        utterances=tuple(utterance_rows(spoken, run_id="r", timezone="UTC")),
        metrics=metric_row(spoken, run_id="r", timezone="UTC"),
    )


def report_data(*calls: CallReport, failures: tuple[Row, ...] = (), words: Mapping[str, CriterionWords] | None = None) -> ReportData:
    """A report of these calls, criteria in order of appearance. `words`: of criteria by their hash, which is their id where none is given."""
    criteria = dict.fromkeys(row["criterion_id"] for item in calls for row in item.findings)
    return ReportData(
        calls=calls,
        failures=failures,
        criteria=tuple(criteria),
        words={
            "greeting": CriterionWords(
                title={"en": "Greets the customer", "zh": "问候语"}, advice={"en": "Greet first.", "zh": "先问候。"}
            ),
            **(words or {}),
        },
    )


def write_tone(path: Path, seconds: float) -> Path:
    """A stereo wav of 440 Hz."""
    tone = (8000 * np.sin(np.arange(int(seconds * 16_000)) * 2 * np.pi * 440 / 16_000)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[np.newaxis], format="s16", layout="stereo")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
