"""A desk over a few stored calls, scored by a rubric of five criteria; on SQLite, and on PostgreSQL where a test asks for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from copies import copy
from stored import heard, make_store

from qa_pipeline.call import Conversation
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import Settings

DAY = date(2026, 5, 11)
CRITERIA: tuple[dict[str, Any], ...] = (
    {"id": "turns", "status": "stable", "check": "metric", "metric": "turns", "at_least": 2, "weight": 10},
    {"id": "long", "status": "stable", "check": "metric", "metric": "turns", "at_least": 9, "weight": 10},
    {"id": "grave", "status": "stable", "check": "metric", "metric": "turns", "at_least": 9, "weight": 5, "critical": True},
    {"id": "tone", "status": "stable", "check": "manual", "weight": 5, "levels": {"warm": 1, "cool": 0.5, "rude": 0}},
    {"id": "drafted", "check": "metric", "metric": "turns", "at_least": 1, "weight": 50},
)


def make_rubric(*, version: int = 1, rubric_id: str = "tested", **changes: dict[str, Any]) -> Rubric:
    """The rubric; `changes`: keys of its criteria that are otherwise."""
    criteria = [criterion | changes.get(criterion["id"], {}) for criterion in CRITERIA]
    data = {"id": rubric_id, "version": version, "min_coverage": 0.5, "sections": [{"id": "all", "criteria": criteria}]}
    return Rubric.model_validate_json(json.dumps(data))


def commit(
    store: Store, call_id: str = "c1", *, conversation_id: str | None = None, rubric: Rubric | None = None, **meta: Any
) -> Conversation:
    """Store a call of DAY of agent a1 of team north, and its official score."""
    meta = {"started_at": datetime(DAY.year, DAY.month, DAY.day, 4, tzinfo=UTC), "agent_id": "a1", "team": "north"} | meta
    spoken = replace(heard(conversation_id or f"{call_id}-heard", call_id), vectors={})
    spoken = replace(spoken, call=replace(spoken.call, **meta), conversation_id=conversation_id or f"{call_id}-heard")
    rubric = rubric or make_rubric()
    freeze([rubric], store)
    store.write_conversations([spoken], run_id="r")
    store.write_scores([score(spoken, prepare(rubric, {}))], purpose="official", run_id="r")
    return spoken


def make_desk(folder: Path, *, database: str | None = None, calls: tuple[str, ...] = ("c1",)) -> Desk:
    """A desk over some calls; with a database of its own, as it is opened for the first time."""
    copy(_begin if database is None else _score, folder, calls)
    return reopen(folder, database=database)


def _score(folder: Path, calls: tuple[str, ...]) -> None:
    store = make_store(folder)
    for call_id in calls:
        commit(store, call_id)


def _begin(folder: Path, calls: tuple[str, ...]) -> None:
    copy(_score, folder, calls)
    reopen(folder).engine.dispose()


def reopen(folder: Path, *, database: str | None = None) -> Desk:
    """The same desk as another process would open it."""
    store = make_store(folder)
    return open_desk(Settings(results=store.root, review_database=database, rubrics=folder / "rubrics"), store)
