"""What a run is: its settings, tables and rubrics, who works for it and who looks on. Carried out in batch.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.listen import Workers
from qa_pipeline.running.pace import Pace, pace_of
from qa_pipeline.running.progress import OnEvent, ignore
from qa_pipeline.scoring.score import Scorecard
from qa_pipeline.settings import Settings


def new_run_id() -> str:
    """A name for a run that no other run has: its start, and chance."""
    return f"{_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `purpose`: official or trial, of its scores.

    `workers`: to use and to leave warm; by default processes of its own. `scorecards`: of rubrics, where they are ready. `scores`: False only
    listens. `pace`: by default as the settings say.
    """

    settings: Settings
    store: Store
    rubrics: Mapping[str, Rubric]
    purpose: str = "official"
    pace: Pace | None = None
    on_event: OnEvent = ignore
    workers: Workers | None = None
    scorecards: Mapping[str, Scorecard] = field(default_factory=dict)
    scores: bool = True
    run_id: str = field(default_factory=new_run_id)
    started_at: datetime = field(default_factory=_now)

    @property
    def pace_now(self) -> Pace:
        """The pace given, else that of the settings."""
        return self.pace or pace_of(self.settings)

    def anew(self) -> Run:
        """The same run once more, with a name and a beginning of its own."""
        return replace(self, run_id=new_run_id(), started_at=_now())
