"""Rubrics → scorecards ready to score with: norms of their phrases from the cache, their lists of examples fitted."""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.progress import Event, OnEvent, ignore
from qa_pipeline.scoring.case_vectors import example_vectors
from qa_pipeline.scoring.meanings import HEADS_NAME, heads_of_each
from qa_pipeline.scoring.score import Scorecard, prepare
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest
from qa_pipeline.text.norm_cache import open_norm_cache


def ready_scorecards(rubrics: Mapping[str, Rubric], settings: Settings, *, on_event: OnEvent = ignore) -> dict[str, Scorecard]:
    """Rubrics ready to score with. Lists that nobody has fitted yet are fitted once, which loads the text encoder."""
    open_norm_cache(settings.cache)
    encoder_id = choose_manifest(settings, "encoder").id
    heads = heads_of_each(
        rubrics,
        encoder_id=encoder_id,
        stores=settings.fitted_files(HEADS_NAME),
        encode=example_vectors(settings.cache, encoder_id=encoder_id, encode=lambda texts: Listener(settings).encode(texts)),
        keep=settings.cache / HEADS_NAME,
        on_fitting=lambda count: on_event(Event(kind="stage", text=f"fitting {count} example lists")),
    )
    return {name: prepare(rubric, heads[name]) for name, rubric in rubrics.items()}
