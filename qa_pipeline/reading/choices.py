"""What lists can be filtered by: the teams, agents, rubrics … of the calls that somebody sees, from the index."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import Engine, select

from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.pages import visible
from qa_pipeline.reading.viewer import Matter, Viewer

_BY = ("team", "agent_id", "rubric_id", "campaign", "site")
# To find them all calls are looked through: what came to be in the last minute may be missing.
_SECONDS = 60


def read_choices(engine: Engine, viewer: Viewer) -> Mapping[str, tuple[str, ...]]:
    """Values there are, by the name of their column, in order; looked up once a minute. Raises AccessRefused for who sees no scores."""
    viewer.require(Matter.SCORE)
    # Whoever sees the same calls is given the same.
    anybody = replace(viewer, name=None, account=None if viewer.is_local else 0)
    return _read(engine, anybody, int(time.monotonic() // _SECONDS))


@lru_cache(maxsize=64)
def _read(engine: Engine, viewer: Viewer, minute: int) -> Mapping[str, tuple[str, ...]]:
    found = {}
    with engine.connect() as connection:
        for name in _BY:
            column = call_index.c[name]
            asked = select(column).where(column.is_not(None), visible(viewer, Matter.SCORE)).distinct().order_by(column)
            found[name] = tuple(connection.execute(asked).scalars())
    return found
