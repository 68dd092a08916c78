"""Rubrics ready to score with, by the settings: their fitted heads from where they are kept, and those that nobody has fitted yet fitted once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.meaning.acts import load_strictness, reader_path
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.case_vectors import example_vectors
from qa_pipeline.scoring.meanings import HEADS_NAME, heads_of_each
from qa_pipeline.scoring.score import Scorecard, prepare
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest
from qa_pipeline.text.norm_cache import open_norm_cache


def make_ready(
    rubrics: Mapping[str, Rubric], settings: Settings, *, on_fitting: Callable[[int], None] = lambda count: None
) -> dict[str, Scorecard]:
    """Scorecards by the rubrics' keys. Fitting loads the text encoder; `on_fitting` hears before it how many lists there are."""
    open_norm_cache(settings.cache)
    encoder_id = choose_manifest(settings, "encoder").id
    heads = heads_of_each(
        rubrics,
        encoder_id=encoder_id,
        stores=settings.fitted_files(HEADS_NAME),
        encode=example_vectors(settings.cache, encoder_id=encoder_id, encode=lambda texts: Listener(settings).encode(texts)),
        keep=settings.cache / HEADS_NAME,
        on_fitting=on_fitting,
    )
    strictness = load_strictness(reader_path(settings))
    return {
        name: prepare(rubric, heads[name], strictness=strictness, answered_by=settings.ask_model, second_looks=SecondLooks.of(settings))
        for name, rubric in rubrics.items()
    }
