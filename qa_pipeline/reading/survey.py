"""Answers to surveys, counted: the sums of a rubric's indices over the answers that were captured (report/indices.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.reading.asking import ask, asking
from qa_pipeline.reading.tables import KNOWN_COLUMNS, call_column
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.rubric.schema import Index

_DAYS = {"month": "%Y-%m", "week": "%G-W%V"}
SURVEY_DIMENSIONS = (*_DAYS, *KNOWN_COLUMNS)
"""What answers can be grouped by, beside columns of the metadata that lie in `extra`."""
_SQL = """
with answers as (
    select c.call_id, {groups}, k.criterion_id as item,
        coalesce(v.points, case when k.value_type = 'ten' then try_cast(k.value as double) * {times} end) as points
    from current_captures k join current_calls c using (conversation_id) left join index_values v on v.answer = k.value
    where k.rubric_id = {rubric} and k.name = k.criterion_id and k.criterion_id in ({items}) {when}
), judged as (select * from answers where points is not null),
per_call as (select call_id, {names}, {combine}(points) as points from judged group by all)
select {names}, item, count(*) as answers, avg(points) as value from judged group by all
union all by name select {names}, {total} as item, count(*) as answers, avg(points) as value from per_call group by all
order by {names}, item = {total}, item
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers of a group: how many and the mean of their values. `item`: a survey criterion, or the index's id for all items together."""

    group: Mapping[str, str | None]
    item: str
    answers: int
    value: float


def metadata_columns(store: Store, viewer: Viewer, *, engine: Engine | None = None) -> frozenset[str]:
    """Columns of the metadata that calls have beside the known ones."""
    sql = "select distinct pair.key as key from (select unnest(extra) as pair from current_calls)"
    return frozenset(row["key"] for row in ask(store, viewer, Matter.FIGURES, sql, engine=engine))


def count_answers(
    store: Store,
    viewer: Viewer,
    rubric_id: str,
    index: Index,
    *,
    by: Sequence[str],
    since: date | None,
    until: date | None,
    engine: Engine | None = None,
) -> tuple[Answers, ...]:
    """An index of a rubric, by metadata columns, `month` or `week`; dates are inclusive."""
    names = [_name(column) for column in by] or ["everything"]
    groups = [f"{_column(column)} as {_name(column)}" for column in by] or ["'all' as everything"]
    when = "".join(f" and c.call_date {sign} date '{day}'" for sign, day in ((">=", since), ("<=", until)) if day)
    sql = _SQL.format(
        groups=", ".join(groups), names=", ".join(names), times=index.times, rubric=sql_text(rubric_id), when=when, total=sql_text(index.id),
        items=", ".join(map(sql_text, index.items)), combine="avg" if index.combine == "mean" else "sum",
    )  # fmt: skip
    values = pa.table({"answer": pa.array(list(index.values), pa.string()), "points": pa.array(list(index.values.values()), pa.float64())})
    with asking(store, viewer, Matter.FIGURES, sql, "current_calls", "current_scores", engine=engine) as tables:
        tables.add("index_values", values)
        return tuple(
            Answers(
                group=MappingProxyType({column: row[column] for column in by}), item=row["item"], answers=row["answers"], value=row["value"]
            )
            for row in tables.rows(sql)
        )


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _column(column: str) -> str:
    """SQL of a grouping column as text."""
    if column in _DAYS:
        return f"strftime(c.call_date, '{_DAYS[column]}')"
    return call_column(column)
