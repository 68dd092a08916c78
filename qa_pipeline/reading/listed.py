"""A whole list of calls with how each criterion counts, for a file: one pass over the index, no table is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select

from qa_pipeline.call import Outcome
from qa_pipeline.reading.index import CallLine, call_index, criterion_sets, line_of
from qa_pipeline.reading.outcomes import outcome_of
from qa_pipeline.reading.pages import Wanted, conditions, visible
from qa_pipeline.reading.viewer import Matter, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCall:
    """A call with how each criterion of its rubric counts; what is described and not judged is left out."""

    line: CallLine
    outcomes: Mapping[str, Outcome]


def list_whole(engine: Engine, viewer: Viewer, wanted: Wanted) -> Iterator[ListedCall]:
    """All calls of a list that somebody sees, by their days. Raises AccessRefused for who sees no scores."""
    viewer.require(Matter.SCORE)
    return _listed(engine, viewer, wanted)


def _listed(engine: Engine, viewer: Viewer, wanted: Wanted) -> Iterator[ListedCall]:
    of_sets = select(criterion_sets.c.criteria, criterion_sets.c.criterion_id).order_by(criterion_sets.c.criteria, criterion_sets.c.place)
    asked = (
        select(call_index)
        .where(*conditions(wanted), visible(viewer, Matter.SCORE))
        .order_by(call_index.c.call_date.asc().nulls_last(), call_index.c.call_id)
    )
    with engine.connect() as connection:
        names: dict[str, list[str]] = {}
        for name, criterion_id in connection.execute(of_sets):
            names.setdefault(name, []).append(criterion_id)
        for row in connection.execute(asked).mappings():
            letters = zip(names.get(row["criteria"], ()), row["effective_outcomes"] or "", strict=False)
            outcomes = {name: outcome for name, letter in letters if (outcome := outcome_of(letter)) is not None}
            yield ListedCall(line=line_of(dict(row)), outcomes=outcomes)
