"""Scored calls as flat rows, one a call or one a finding, for spreadsheets (report/export.py): the program's figures beside what people made of them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.reading.asking import FrozenRow, asking
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store

_CALL = """s.call_id, s.call_date, c.started_at, s.agent_id, c.agent_name, s.team, s.site, s.campaign, c.direction, c.customer_id, c.language,
    round(c.duration_ms / 1000.0, 1) as seconds, s.rubric_id, s.rubric_version, s.disposition, s.percent, s.points, s.max_points, s.passed,
    s.critical_failed, s.critical_state, s.coverage, s.not_applicable_share, s.expected_wrong, s.disposition_certainty, s.needs_review, array_to_string(s.review_reasons, ', ') as review_reasons,
    e.percent as effective_percent, e.passed as effective_passed, e.critical_state as effective_critical_state, e.decided, m.customer_sentiment, m.customer_sentiment_label, c.source_uri"""
_FINDING = """s.call_id, s.call_date, s.agent_id, s.team, s.campaign, f.rubric_id, f.rubric_version, f.section_id, f.criterion_id, f.outcome,
    f.certainty, f.likely, f.answer, f.points, f.max_points, f.critical, f.occurrences, f.reason as reason_en, f.evidence_text, f.evidence_start_ms, f.evidence_end_ms,
    e.outcome as effective_outcome, e.decided_by"""
_ABOUT = """f.call_id, f.criterion_id, f.criterion_sha256, f.rubric_sha256, f.rubric_id, f.outcome, f.points, f.reason, f.reason_code, f.reason_args,
    f.evidence, c.language"""
_FROM = """current_scores s left join current_calls c using (conversation_id) left join current_metrics m using (conversation_id)
    left join current_effective_scores e on e.score_id = s.score_id"""
_OF_FINDINGS = """current_findings f join current_scores s using (score_id) left join current_calls c on s.conversation_id = c.conversation_id
    left join current_effective_findings e on e.score_id = f.score_id and e.criterion_id = f.criterion_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """Rows of calls or of findings, and beside them what their criteria are known by: the same findings, in the order of call and criterion."""

    rows: pa.Table
    about: tuple[FrozenRow, ...]


def flat_rows(store: Store, viewer: Viewer, calls: CallFilter, *, of_findings: bool, engine: Engine | None = None) -> Flat:
    """One row a call in the order of their days, or (`of_findings`) one a finding with its evidence. Raises InputRefused, AccessRefused."""
    condition = calls.sql()
    about = f"select {_ABOUT} from {_OF_FINDINGS} where {condition} order by f.call_id, f.criterion_id"
    asked = (
        f"select {_FINDING} from {_OF_FINDINGS} where {condition} order by f.call_id, f.criterion_id"
        if of_findings
        else f"select {_CALL} from {_FROM} where {condition} order by s.call_date, s.call_id"
    )
    with asking(store, viewer, Matter.WORDS if of_findings else Matter.SCORE, about, asked, engine=engine) as tables:
        return Flat(rows=tables.table(asked), about=tables.rows(about))
