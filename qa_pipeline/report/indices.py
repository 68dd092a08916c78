"""Survey indices: the formula a rubric gives, worked out over the answers captured, grouped by any column of the calls.

An item's index is the mean of its answers' values (yes/no as 100/0 is the share of yes; 1–10 is the mean times `times`; three levels as 100/50/0);
a call's is the mean (or sum) over the items it answered; a group's is the mean over its calls. Unanswered items count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.tables import KNOWN_COLUMNS, call_column, connect
from qa_pipeline.reading.tables import rows as query_rows
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Index, Rubric

_DAYS = {"month": "%Y-%m", "week": "%G-W%V"}
_SQL = """
with answers as (
    select c.call_id, {groups}, k.criterion_id as item,
        coalesce(v.points, case when k.value_type = 'ten' then try_cast(k.value as double) * {times} end) as points
    from current_captures k join current_calls c using (conversation_id) left join index_values v on v.answer = k.value
    where k.rubric_id = '{rubric}' and k.name = k.criterion_id and k.criterion_id in ({items}) {when}
), judged as (select * from answers where points is not null),
per_call as (select call_id, {names}, {combine}(points) as points from judged group by all)
select {names}, item, count(*) as answers, avg(points) as value from judged group by all
union all by name select {names}, '{total}' as item, count(*) as answers, avg(points) as value from per_call group by all
order by {names}, item = '{total}', item
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One figure. `group`: value of each grouping column; `item`: a survey criterion, or the index's id for all items together."""

    index_id: str
    group: dict[str, str | None]
    item: str
    answers: int
    value: float


def survey_indices(
    store: Store, rubric: Rubric, *, by: Sequence[str] = (), since: date | None = None, until: date | None = None
) -> list[IndexRow]:
    """Every index of a rubric. `by`: metadata columns (known or other), `month` or `week`.

    Raises InputRefused when the rubric has no index, or no call has such a column.
    """
    if not rubric.indices:
        raise InputRefused(f"Rubric {rubric.id} has no indices.", advice="Give it `indices`; docs/rubric-language.md shows how.")
    others = [column for column in by if column not in (*_DAYS, *KNOWN_COLUMNS)]
    if others:
        there = {
            row["key"]
            for row in query_rows(store, "select distinct pair.key as key from (select unnest(extra) as pair from current_calls)")
        }
        if unknown := [column for column in others if column not in there]:
            known = ", ".join(sorted((*there, *_DAYS, *KNOWN_COLUMNS)))
            raise InputRefused(f"No call has a column {', '.join(unknown)}.", advice=f"There are: {known}.")
    return [row for index in rubric.indices for row in _rows(store, rubric, index, by, since, until)]


def _rows(store: Store, rubric: Rubric, index: Index, by: Sequence[str], since: date | None, until: date | None) -> list[IndexRow]:
    names = [_name(column) for column in by] or ["everything"]
    groups = [f"{_column(column)} as {_name(column)}" for column in by] or ["'all' as everything"]
    when = "".join(f" and c.call_date {sign} date '{day}'" for sign, day in ((">=", since), ("<=", until)) if day)
    sql = _SQL.format(
        groups=", ".join(groups), names=", ".join(names), times=index.times, rubric=rubric.id, when=when, total=index.id,
        items=", ".join(f"'{item}'" for item in index.items), combine="avg" if index.combine == "mean" else "sum",
    )  # fmt: skip
    values = pa.table({"answer": pa.array(list(index.values), pa.string()), "points": pa.array(list(index.values.values()), pa.float64())})
    with connect(store, sql + " current_calls current_scores") as connection:
        connection.register("index_values", values)
        found: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return [
        IndexRow(
            index_id=index.id,
            group={column: row[column] for column in by},
            item=row["item"],
            answers=row["answers"],
            value=round(row["value"], 2),
        )
        for row in found
    ]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _column(column: str) -> str:
    """SQL of a grouping column as text."""
    if column in _DAYS:
        return f"strftime(c.call_date, '{_DAYS[column]}')"
    return call_column(column)
