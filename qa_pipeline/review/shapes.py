"""Reports as people shape them: what they count by, which calls, which columns under which names; kept under a name, for oneself or for all who see figures.

A shape holds no figures: whoever opens one sees what is theirs to see. What becomes of it is report/shaped.py.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from qa_pipeline.errors import InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.tables import accounts, report_shapes

PERIODS = ("all", "last_7_days", "last_30_days", "last_90_days", "this_month", "last_month", "this_year")
"""Days that a shape is of, counted from the day on which it is looked at; or `days`, fixed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A report's shape. `by`: dimensions in their order; `columns`: names of figures; `titles`: what columns are called instead.

    `period`: one of PERIODS, or `days` with `since` and `until` (ISO days, inclusive). `where`: dimension → value that calls must have.
    """

    by: tuple[str, ...]
    columns: tuple[str, ...]
    titles: dict[str, str] = field(default_factory=dict)
    period: str = "last_30_days"
    since: str | None = None
    until: str | None = None
    where: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedShape:
    """A shape that was kept. `is_own`: of whoever asked, who may change it."""

    number: int
    name: str
    shape: Shape
    author: str
    is_shared: bool
    is_own: bool
    changed_at: str


def save_shape(desk: Desk, viewer: Viewer, name: str, shape: Shape, *, is_shared: bool) -> int:
    """Keep a shape under a name, in place of their own of that name. Raises InputRefused where the name is empty."""
    viewer.require(Matter.FIGURES)
    name = name.strip()
    if not name:
        raise InputRefused("The report has no name.", advice="Give it one that says what it shows.")
    values: dict[str, Any] = {
        "shape": json.dumps(asdict(shape), ensure_ascii=False, sort_keys=True),
        "is_shared": is_shared,
        "changed_at": as_text(datetime.now(UTC)),
    }
    column = report_shapes.c
    own = (column.account == viewer.account) & (column.name == name)
    with writing(desk.engine) as connection:
        found = connection.execute(select(column.number).where(own)).scalar_one_or_none()
        if found is not None:
            connection.execute(update(report_shapes).where(column.number == found).values(values))
            return int(found)
        made = insert(report_shapes).values(name=name, account=viewer.account, **values).returning(column.number)
        return int(connection.execute(made).scalar_one())


def delete_shape(desk: Desk, viewer: Viewer, number: int) -> None:
    """Delete a shape of their own. Raises InputRefused where there is none."""
    column = report_shapes.c
    with writing(desk.engine) as connection:
        gone = connection.execute(delete(report_shapes).where(column.number == number, column.account == viewer.account))
        if not gone.rowcount:
            raise InputRefused(f"Report {number} is not yours.", advice="Whoever made it deletes it.")


def list_shapes(desk: Desk, viewer: Viewer) -> list[SavedShape]:
    """Shapes that somebody made or that are shared, by name."""
    return _read(desk, viewer)


def read_shape(desk: Desk, viewer: Viewer, number: int) -> SavedShape:
    """One shape. Raises NotThere where there is none that they may open."""
    found = _read(desk, viewer, number)
    if not found:
        raise NotThere(f"There is no report {number}.", advice="Look at the list of reports.")
    return found[0]


def _read(desk: Desk, viewer: Viewer, number: int | None = None) -> list[SavedShape]:
    viewer.require(Matter.FIGURES)
    column = report_shapes.c
    asked = (
        select(report_shapes, accounts.c.display_name)
        .outerjoin(accounts, accounts.c.account == column.account)
        .where(or_(column.is_shared, column.account == viewer.account))
        .order_by(column.name, column.number)
    )
    if number is not None:
        asked = asked.where(column.number == number)
    with desk.engine.connect() as connection:
        return [
            SavedShape(
                number=row.number,
                name=row.name,
                shape=_shape(json.loads(row.shape)),
                author=row.display_name or "?",
                is_shared=row.is_shared,
                is_own=row.account == viewer.account,
                changed_at=row.changed_at,
            )
            for row in connection.execute(asked)
        ]


def _shape(kept: dict[str, Any]) -> Shape:
    return Shape(**{**kept, "by": tuple(kept["by"]), "columns": tuple(kept["columns"])})
