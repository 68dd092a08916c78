"""Rubrics → scorecards ready to score with (scoring/ready.py), with the fitting of lists told as an event of the run."""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.progress import Event, OnEvent, ignore
from qa_pipeline.scoring.ready import make_ready
from qa_pipeline.scoring.score import Scorecard
from qa_pipeline.settings import Settings


def ready_scorecards(rubrics: Mapping[str, Rubric], settings: Settings, *, on_event: OnEvent = ignore) -> dict[str, Scorecard]:
    """Rubrics ready to score with. Lists that nobody has fitted yet are fitted once, which loads the text encoder."""
    return make_ready(rubrics, settings, on_fitting=lambda count: on_event(Event(kind="stage", text=f"fitting {count} example lists")))
