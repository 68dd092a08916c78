"""Conversations and scores to be stored, and a store in a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa_pipeline.call import Conversation, Word
from qa_pipeline.conversation.written import conversation
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import Score, prepare, score


def make_store(folder: Path) -> Store:
    store = Store(str(folder / "results"), timezone="Asia/Shanghai", code_version="0")
    store.prepare()
    return store


def heard(conversation_id: str = "one", call_id: str = "c1", **options: Any) -> Conversation:
    """A conversation of two utterances with vectors."""
    spoken = conversation("0:00 agent: hello there.", "0:03 customer: hi.", language="en", call_id=call_id, **options)
    dropped = (Word(text="subtitles by", start_ms=1800, end_ms=2600, confidence=0.5),)
    return replace(spoken, conversation_id=conversation_id, vectors={0: (0.5,) * 384, 1: (0.25,) * 384}, dropped=dropped)


def make_score(spoken: Conversation, *, at_least: int = 1) -> Score:
    """The score by a rubric of one criterion; another `at_least` is another rubric."""
    criterion = {"id": "a", "status": "stable", "check": "metric", "metric": "turns", "at_least": at_least}
    data = {"id": "tested", "version": 1, "sections": [{"id": "all", "criteria": [criterion]}]}
    return score(spoken, prepare(Rubric.model_validate_json(json.dumps(data)), {}))
