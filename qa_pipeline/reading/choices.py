"""What calls can be chosen by: the teams, agents, rubrics … of those that somebody sees, from the index."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import Engine, select

from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.pages import visible
from qa_pipeline.reading.viewer import Matter, Viewer

# Those with many values have an index of their own; the others are told by one look through all calls.
_BY = (("team",), ("agent_id",), ("rubric_id", "campaign", "site", "disposition"))
# To find them all calls are looked through: what came to be in the last minute may be missing.
_SECONDS = 60


def read_choices(engine: Engine, viewer: Viewer, matter: Matter = Matter.SCORE) -> Mapping[str, tuple[str, ...]]:
    """Values there are in calls of which they see a matter, by the name of their column, in order; looked up once a minute. Raises AccessRefused."""
    viewer.require(matter)
    # Whoever sees the same calls is given the same.
    anybody = replace(viewer, name=None, account=None if viewer.is_local else 0)
    return _read(engine, anybody, matter, int(time.monotonic() // _SECONDS))


@lru_cache(maxsize=64)
def _read(engine: Engine, viewer: Viewer, matter: Matter, minute: int) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with engine.connect() as connection:
        for names in _BY:
            asked = select(*(call_index.c[name] for name in names)).where(visible(viewer, matter)).distinct()
            rows = connection.execute(asked).all()
            found |= {name: tuple(sorted({row[place] for row in rows} - {None})) for place, name in enumerate(names)}
    return found
