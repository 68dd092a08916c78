"""Findings and scores counted by any dimension, from the tables: what the index alone cannot tell (summary.py), as criteria by team and week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.asking import FrozenRow, asking
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text

# Dimensions → SQL over current_scores (s), joined with its findings (f) where the criterion is one.
_SQL_OF = {
    "agent": "s.agent_id",
    "team": "s.team",
    "site": "s.site",
    "campaign": "s.campaign",
    "rubric": "s.rubric_id",
    "version": "s.rubric_id || ' v' || s.rubric_version",
    "disposition": "s.disposition",
    "day": "s.call_date",
    "week": "cast(date_trunc('week', s.call_date) as date)",
    "month": "strftime(s.call_date, '%Y-%m')",
    "criterion": "f.criterion_id",
}
DIMENSIONS = tuple(_SQL_OF)
"""What findings can be counted by; without `criterion`, calls."""
# What these questions read: a table of a million findings is read in a few columns.
_COLUMNS = {
    "calls": ("call_id", "conversation_id", "processed_at"),
    "scores": (
        "call_id", "conversation_id", "score_id", "purpose", "agent_id", "team", "site", "campaign", "rubric_id", "rubric_version",
        "disposition", "percent", "passed", "critical_failed", "coverage", "needs_review", "scored_at", "call_date",
    ),
    "findings": ("score_id", "criterion_id", "outcome"),
    "periods": ("period_id", "first_date", "last_date", "team", "closed_at", "reopens", "reopened_at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are counted: dates, both included, and values of dimensions."""

    first: date | None = None
    last: date | None = None
    where: tuple[tuple[str, str], ...] = ()

    def sql(self) -> str:
        """As an SQL condition on scores, named s. Raises InputRefused for a dimension that is none, or for a criterion: calls are chosen here."""
        parts = ["true"]
        parts += [f"s.call_date >= date '{self.first}'"] if self.first else []
        parts += [f"s.call_date <= date '{self.last}'"] if self.last else []
        for name, value in self.where:
            if name not in _SQL_OF or name == "criterion":
                raise InputRefused(
                    f"{name!r} is nothing to choose calls by.", advice=f"There are: {', '.join(d for d in _SQL_OF if d != 'criterion')}."
                )
            parts.append(f"cast({_SQL_OF[name]} as varchar) = {sql_text(value)}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Calls, or findings of a criterion, of one key. `met` of `judged`: of calls, those passed of those with a percent.

    `with_percent`, `mean`, `variance`: of the percents of calls; None where there is nothing to take them of.
    """

    key: Mapping[str, str]
    calls: int
    met: int
    judged: int
    undetermined: int
    not_applicable: int
    review: int
    critical: int
    with_percent: int
    mean: float | None
    variance: float | None


def count_by(
    store: Store, viewer: Viewer, questions: Sequence[tuple[Sequence[str], CallFilter]], *, engine: Engine | None = None
) -> list[tuple[Counted, ...]]:
    """Several counts (by what, of which calls) of tables that are read once; in the order of the dimensions. Raises InputRefused, AccessRefused."""
    asked = [(by, _question(by, wanted)) for by, wanted in questions]
    sqls = [sql for _, sql in asked]
    with asking(store, viewer, Matter.FIGURES, "current_scores", *sqls, columns=_COLUMNS, engine=engine) as tables:
        tables.keep("standing", "select * from current_scores")
        return [tuple(_counted(by, row) for row in tables.rows(sql)) for by, sql in asked]


def _question(by: Sequence[str], wanted: CallFilter) -> str:
    for name in by:
        if name not in _SQL_OF:
            raise InputRefused(f"There is no dimension {name!r}.", advice=f"There are: {', '.join(_SQL_OF)}.")
    condition = wanted.sql()
    keys = [f"coalesce(cast({_SQL_OF[name]} as varchar), '–') as k{place}" for place, name in enumerate(by)]
    of_criteria = "criterion" in by
    if of_criteria:
        figures = """count(*) filter (f.outcome = 'met') as met, count(*) filter (f.outcome in ('met', 'not_met')) as judged,
            count(*) filter (f.outcome = 'undetermined') as undetermined, count(*) filter (f.outcome = 'not_applicable') as not_applicable,
            0 as review, 0 as critical, 0 as n, null as mean, null as variance"""
        source = "findings f join standing s using (score_id)"
    else:
        figures = """count(*) filter (s.passed) as met, count(s.passed) as judged, count(*) filter (s.percent is null) as undetermined,
            0 as not_applicable, count(*) filter (s.needs_review) as review, count(*) filter (s.critical_failed) as critical,
            count(s.percent) as n, avg(s.percent) as mean, var_samp(s.percent) as variance"""
        source = "standing s"
    grouped = f"group by {', '.join(f'k{place}' for place in range(len(by)))} order by all" if by else ""
    return f"select {', '.join([*keys, 'count(*) as calls', figures])} from {source} where {condition} {grouped}"


def _counted(by: Sequence[str], row: FrozenRow) -> Counted:
    return Counted(
        key=MappingProxyType({name: row[f"k{place}"] for place, name in enumerate(by)}),
        calls=row["calls"],
        met=row["met"],
        judged=row["judged"],
        undetermined=row["undetermined"],
        not_applicable=row["not_applicable"],
        review=row["review"],
        critical=row["critical"],
        with_percent=row["n"],
        mean=row["mean"],
        variance=row["variance"],
    )
