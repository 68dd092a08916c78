"""Calls through a batch without a process: what tests of everything but the isolation need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_pipeline.call import Call
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.listen import Workers
from qa_pipeline.running.pace import Pace
from qa_pipeline.running.plan import plan
from qa_pipeline.running.record import Summary
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings
from tests.workers import WorkersHere


def call(call_id: str, **values: object) -> Call:
    """An outbound call that exists by name only."""
    given = {"direction": "outbound", "source_uri": f"/calls/{call_id}.wav", "audio_sha256": call_id.ljust(64, "0"), **values}
    return Call(call_id=call_id, **given)  # type: ignore[arg-type]


def run_here(
    settings: Settings,
    rubrics: Mapping[str, Rubric],
    *,
    workers: Workers | None = None,
    purpose: str = "official",
    pace: Pace | None = None,
) -> Run:
    """A run whose workers need no process."""
    return Run(
        settings=settings, store=open_store(settings), rubrics=rubrics, purpose=purpose, pace=pace, workers=workers or WorkersHere(settings)
    )


def process(
    settings: Settings,
    rubrics: Mapping[str, Rubric],
    *calls: Call,
    workers: Workers | None = None,
    purpose: str = "official",
    pace: Pace | None = None,
    **options: Any,
) -> Summary:
    """Plan calls and carry that out."""
    run = run_here(settings, rubrics, workers=workers, purpose=purpose, pace=pace)
    return carry_out(plan(Intake(calls=calls), run, **options), run)
