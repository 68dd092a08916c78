"""Survey indices: the formula a rubric gives, worked out over the answers captured, grouped by any column of the calls.

An item's index is the mean of its answers' values (yes/no as 100/0 is the share of yes; 1–10 is the mean times `times`; three levels as 100/50/0);
a call's is the mean (or sum) over the items it answered; a group's is the mean over its calls. Unanswered items count nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.log import version_of
from qa_pipeline.reading.survey import SURVEY_DIMENSIONS, count_answers, metadata_columns
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.canonical import revive
from qa_pipeline.rubric.schema import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One figure. `group`: value of each grouping column; `item`: a survey criterion, or the index's id for all items together."""

    index_id: str
    group: dict[str, str | None]
    item: str
    answers: int
    value: float


def rubrics_with_indices(store: Store) -> tuple[Rubric, ...]:
    """The newest version of each rubric that scores here were made by and that has an index."""
    return _with_indices(store, version_of(store, "rubrics"))


@lru_cache(maxsize=4)
def _with_indices(store: Store, version: int) -> tuple[Rubric, ...]:
    rows = store.read("rubrics", columns=["rubric_id", "version", "resolved"]).to_pylist() if version >= 0 else []
    newest = {row["rubric_id"]: row["resolved"] for row in sorted(rows, key=lambda row: row["version"])}
    return tuple(revive(newest[name]) for name in sorted(newest) if json.loads(newest[name]).get("indices"))


def survey_indices(
    store: Store,
    viewer: Viewer,
    rubric: Rubric,
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    engine: Engine | None = None,
) -> list[IndexRow]:
    """Every index of a rubric. `by`: metadata columns (known or other), `month` or `week`.

    Raises InputRefused when the rubric has no index, or no call has such a column.
    """
    if not rubric.indices:
        raise InputRefused(f"Rubric {rubric.id} has no indices.", advice="Give it `indices`; docs/rubric-language.md shows how.")
    others = [column for column in by if column not in SURVEY_DIMENSIONS]
    if others:
        there = metadata_columns(store, viewer, engine=engine)
        if unknown := [column for column in others if column not in there]:
            known = ", ".join(sorted((*there, *SURVEY_DIMENSIONS)))
            raise InputRefused(f"No call has a column {', '.join(unknown)}.", advice=f"There are: {known}.")
    return [
        IndexRow(index_id=index.id, group=dict(found.group), item=found.item, answers=found.answers, value=round(found.value, 2))
        for index in rubric.indices
        for found in count_answers(store, viewer, rubric.id, index, by=by, since=since, until=until, engine=engine)
    ]
