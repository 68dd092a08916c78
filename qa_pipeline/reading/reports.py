"""What a report shows of many calls: the overview of all at once, and what belongs to single calls for as many of them as a page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from qa_pipeline.reading.asking import Asking, FrozenRow, asking
from qa_pipeline.reading.tables import SHOWN_SCORES
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store

_SCORES = f"""select x.*, e.percent as effective_percent, e.passed as effective_passed, e.critical_failed as effective_critical_failed,
        e.critical_state as effective_critical_state, e.needs_review as effective_needs_review, e.review_reasons as effective_review_reasons,
        coalesce(e.decided, 0) as decided
    from ({SHOWN_SCORES}) x left join current_effective_scores e on e.score_id = x.score_id"""
_ASKED = {
    "calls": "select * from current_calls order by started_at, call_id",
    "scores": _SCORES,
    "findings": f"""select f.*, e.outcome as effective_outcome, e.answer as effective_answer, e.points as effective_points, e.decided_by, e.is_stale
        from findings f semi join ({_SCORES}) s on f.score_id = s.score_id left join current_effective_findings e
        on e.score_id = f.score_id and e.criterion_id = f.criterion_id and e.decision_id is not null where f.call_id in (select unnest($ids))""",
    # What the overview of many calls counts.
    "outcomes": f"""select f.call_id, f.criterion_id, f.criterion_sha256, f.rubric_sha256, f.rubric_id, f.outcome, f.answer, f.reason_code, f.critical,
        e.outcome as effective_outcome, e.answer as effective_answer, e.decided_by
        from findings f semi join ({_SCORES}) s on f.score_id = s.score_id left join current_effective_findings e
        on e.score_id = f.score_id and e.criterion_id = f.criterion_id and e.decision_id is not null""",
    "utterances": "select * from current_utterances where call_id in (select unnest($ids)) order by utterance",
    "metrics": "select * from current_metrics where call_id in (select unnest($ids))",
    "failures": 'select * from current_failures order by "at" desc',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRows:
    """The rows of a report, while its tables are open. Columns are those of docs/tables.md; scores have what people made of them beside."""

    _tables: Asking

    def calls(self) -> tuple[FrozenRow, ...]:
        """Current calls in the order in which they began."""
        return self._tables.rows(_ASKED["calls"])

    def scores(self) -> tuple[FrozenRow, ...]:
        """The score that is shown of each call, with `effective_…` and `decided`."""
        return self._tables.rows(_ASKED["scores"])

    def outcomes(self) -> tuple[FrozenRow, ...]:
        """Findings of all calls, without evidence and reasons; `effective_…` and `decided_by` where a person decided about the criterion."""
        return self._tables.rows(_ASKED["outcomes"])

    def findings(self, call_ids: Sequence[str]) -> tuple[FrozenRow, ...]:
        """Findings of some calls, whole; `effective_…` and `decided_by` where a person decided about the criterion."""
        return self._tables.rows(_ASKED["findings"], ids=list(call_ids))

    def utterances(self, call_ids: Sequence[str]) -> tuple[FrozenRow, ...]:
        """What was said in some calls, in its order."""
        return self._tables.rows(_ASKED["utterances"], ids=list(call_ids))

    def metrics(self, call_ids: Sequence[str]) -> tuple[FrozenRow, ...]:
        """Figures of some conversations."""
        return self._tables.rows(_ASKED["metrics"], ids=list(call_ids))

    def failures(self) -> tuple[FrozenRow, ...]:
        """What could not be processed, the newest first."""
        return self._tables.rows(_ASKED["failures"])


@contextmanager
def report_rows(store: Store, viewer: Viewer, *, engine: Engine | None = None) -> Iterator[ReportRows]:
    """Open the tables for a report of calls with their words. Raises AccessRefused."""
    with asking(store, viewer, Matter.WORDS, *_ASKED.values(), engine=engine) as tables:
        yield ReportRows(_tables=tables)
