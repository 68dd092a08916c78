"""What operators ask: runs, what failed, what there is, closed periods, and the versions of rubrics that are kept."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qa_pipeline.errors import NotThere
from qa_pipeline.reading.asking import FrozenRow, ask
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there is. `failed`: recordings that nothing has made good since, `passing` of them to be tried again. `newest`: when last processed."""

    calls: int
    scores: int
    failed: int
    passing: int
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPeriod:
    """A period that was closed, and whether it was opened again: when, by whom and why."""

    period_id: str
    first_date: date
    last_date: date
    team: str | None
    closed_at: datetime
    author: str | None
    reason: str
    reopened_at: datetime | None
    reopened_by: str | None
    reopened_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRubric:
    """A version of a rubric that is kept beside the results."""

    rubric_id: str
    version: int
    effective_from: date | None
    published_at: datetime
    rubric_sha256: str


# What of other tables tells whether a failure was made good.
_MAKES_GOOD = {"calls": ("source_uri", "processed_at"), "scores": ("call_id", "scored_at"), "replies": ("call_id", "asked_at")}


def list_runs(store: Store, viewer: Viewer, *, most: int = 20) -> tuple[FrozenRow, ...]:
    """The newest runs first."""
    return ask(store, viewer, Matter.RUNS, f"select * exclude (code_version) from runs order by started_at desc limit {most}")


def count_all(store: Store, viewer: Viewer) -> Counts:
    """How many calls, scores and failures there are."""
    sql = """select (select count(*) from current_calls) calls, (select count(*) from current_scores) scores,
        (select count(*) from current_failures) failed, (select count(*) from current_failures where transient) passing,
        (select max(processed_at) from calls) newest"""
    (row,) = ask(store, viewer, Matter.RUNS, sql)
    return Counts(**row)


def list_failures(store: Store, viewer: Viewer) -> tuple[FrozenRow, ...]:
    """What could not be processed and nothing has made good since: all columns, the newest first."""
    viewer.require(Matter.RUNS)
    if not store.read("failures", columns=["source_uri"]).num_rows:
        # Nothing ever failed: what might have made it good need not be read.
        return ()
    return ask(store, viewer, Matter.RUNS, 'select * from current_failures order by "at" desc', columns=_MAKES_GOOD)


def failures_before(store: Store, viewer: Viewer, limit: date, but: Collection[str] = ()) -> int:
    """How many rows of failures are from before a day (UTC), without those of some calls."""
    others = f" and (call_id is null or call_id not in ({', '.join(map(sql_text, sorted(but)))}))" if but else ""
    sql = f"select count(*) n from failures where \"at\" < timestamptz '{limit} 00:00:00+00'{others}"
    return int(ask(store, viewer, Matter.RUNS, sql)[0]["n"])


def list_periods(store: Store, viewer: Viewer) -> tuple[ClosedPeriod, ...]:
    """Every closing, also of periods that were opened again, the oldest first."""
    sql = """select p.period_id, p.first_date, p.last_date, p.team, p.closed_at, p.author, p.reason, r.reopened_at, r.author as reopened_by,
        r.reason as reopened_because from periods p left join periods r on r.reopens = p.period_id where p.reopens is null order by p.closed_at"""
    return tuple(ClosedPeriod(**row) for row in ask(store, viewer, Matter.RUNS, sql))


def list_rubrics(store: Store, viewer: Viewer) -> tuple[KeptRubric, ...]:
    """Versions kept, by rubric."""
    sql = "select rubric_id, version, effective_from, published_at, rubric_sha256 from rubrics order by 1, 2"
    return tuple(KeptRubric(**row) for row in ask(store, viewer, Matter.RUBRICS, sql))


def read_rubric(store: Store, viewer: Viewer, rubric_id: str, version: int) -> dict[str, Any]:
    """A version whole, lists included, as its hash was made from it. Raises NotThere, AccessRefused."""
    sql = f"select resolved from rubrics where rubric_id = {sql_text(rubric_id)} and version = {version}"
    kept = ask(store, viewer, Matter.RUBRICS, sql)
    if not kept:
        raise NotThere(f"Version {version} of {rubric_id!r} is not kept here.", advice="Look at the list of those that are.")
    found: dict[str, Any] = json.loads(kept[0]["resolved"])
    return found
