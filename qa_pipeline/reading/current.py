"""What is current among calls, as rows of the index: asked of the tables, of some days or of all; or made of one call's rows, just committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from qa_pipeline.call import Outcome
from qa_pipeline.reading.engine import session
from qa_pipeline.reading.index import GRAVE, Waiting
from qa_pipeline.reading.outcomes import DESCRIBED, SENTIMENT, letter_of, letters_by_score, set_of
from qa_pipeline.reading.slice import place_in_slice, week_of
from qa_pipeline.reading.tables import keep_shown
from qa_pipeline.reading.teams import Memberships
from qa_pipeline.results.scored import ScoreTables
from qa_pipeline.results.store import Store

_CALL_COLUMNS = (
    "call_id", "conversation_id", "call_date", "started_at", "agent_id", "agent_name", "team", "site", "campaign", "customer_id", "direction",
    "language", "layout", "duration_ms", "source_uri", "disposition", "processed_at",
)  # fmt: skip
_SCORE_COLUMNS = (
    "call_id", "conversation_id", "score_id", "purpose", "call_date", "team", "rubric_id", "rubric_version", "disposition", "percent", "passed",
    "critical_failed", "critical_state", "coverage", "needs_review", "review_reasons", "expected_wrong", "scored_at",
)  # fmt: skip
# What the index takes from a score as it is.
_SCORE_VALUES = (
    "score_id", "purpose", "rubric_id", "rubric_version", "percent", "passed", "critical_failed", "critical_state", "coverage", "needs_review",
    "expected_wrong",
)  # fmt: skip
_FINDING_COLUMNS = ("score_id", "criterion_id", "outcome", "reason_code", "points", "max_points")
_METRIC_COLUMNS = ("conversation_id", "customer_sentiment_label", "call_date")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_TIMES = {name: f"strftime({name}, '{_TIME}') as {name}" for name in ("started_at", "processed_at", "scored_at")}
# What an index row takes from its call and its score.
_CURRENT = f"""select c.call_id, c.conversation_id, s.score_id, s.purpose, cast(c.call_date as varchar) as call_date,
    {_TIMES["started_at"]}, c.agent_id, c.agent_name, c.team, c.team as given_team, c.site, c.campaign, c.customer_id, c.direction, c.language, c.layout, c.duration_ms,
    c.source_uri, s.rubric_id, s.rubric_version, coalesce(s.disposition, c.disposition) as disposition, s.percent, s.passed, s.critical_failed,
    s.critical_state, s.coverage, s.needs_review, array_to_string(s.review_reasons, ',') as review_reasons, s.expected_wrong,
    m.sentiment, j.criteria, j.outcomes, j.names, {_TIMES["processed_at"]}, {_TIMES["scored_at"]}, coalesce(s.needs_review, false) as to_review,
    case when not coalesce(s.needs_review, false) then null
        when list_has_any(s.review_reasons, [{", ".join(f"'{reason}'" for reason in GRAVE)}]) then '{Waiting.MUST_SEE}' else '{Waiting.UNSURE}' end as waiting,
    coalesce(s.expected_wrong, 0) as doubt
    from current_calls c left join shown s using (call_id) left join judged j on j.score_id = s.score_id
    left join (select conversation_id, any_value(customer_sentiment_label) as sentiment from metrics group by conversation_id) m
        on m.conversation_id = c.conversation_id
    order by c.call_date, c.call_id"""
# In so many parts findings are read. Chosen: of 50,000 calls with 30 criteria, half of the time and a quarter of the memory of one; of more parts as much.
_LOTS = 16
_READ = {"calls": _CALL_COLUMNS, "scores": _SCORE_COLUMNS, "metrics": _METRIC_COLUMNS, "periods": None}


def current(store: Store, days: Set[date | None] | None, memberships: Memberships, calls: Set[str] | None = None) -> pa.Table:
    """What is current among the calls of some days, or of all, as rows of the index; `calls`: only of these."""
    where = None if days is None else on_days(days)

    def read(name: str, columns: Sequence[str] | None, *, as_stored: bool = True) -> pa.Table:
        if calls is not None and days is not None and columns is not None:
            return store.read_of_calls(name, calls, days, columns=columns)
        return store.read(name, columns=columns, where=None if columns is None else where, as_stored=as_stored)

    with session() as connection:
        for name, columns in _READ.items():
            connection.register(name, read(name, columns))
        keep_shown(connection)
        connection.register(
            "judged", _judged(store) if days is None else letters_by_score(read("findings", _FINDING_COLUMNS, as_stored=False))
        )
        found = connection.sql(_CURRENT).to_arrow_table()
    named = (found[name].to_pylist() for name in ("call_id", "agent_id", "call_date"))
    weeks: dict[str | None, str] = {}
    places = []
    for call_id, agent_id, day in zip(*named, strict=True):
        week = weeks.get(day) or weeks.setdefault(day, week_of(date.fromisoformat(day) if day else None))
        places.append(place_in_slice(call_id, agent_id, week))
    if memberships.stays:
        found = _in_teams(found, memberships)
    return found.append_column("slice_place", pa.array(places, pa.float64()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a call's row says anew after it was put right. `sets`: the set of criteria that its letters are of, if any, with their ids."""

    call_id: str
    values: Mapping[str, Any]
    sets: tuple[tuple[str, str], ...]


def corrected(calls: pa.Table, scored: ScoreTables, *, sentiment: str | None) -> Corrected:
    """The same as `current` makes of it, of a call's row of `calls` and its one score. `sentiment`: of its metrics."""
    (call,), (score,) = calls.to_pylist(), scored.scores.to_pylist()
    found = sorted(scored.findings.select(_FINDING_COLUMNS).to_pylist(), key=lambda row: str(row["criterion_id"]))
    names = ",".join(row["criterion_id"] for row in found) if found else None
    criteria = set_of(names) if names else None
    values = {name: call[name] for name in ("conversation_id", "language", "layout", "duration_ms")}
    values |= {name: score[name] for name in _SCORE_VALUES}
    values |= {
        "processed_at": f"{call['processed_at']:{_TIME}}",
        "scored_at": f"{score['scored_at']:{_TIME}}",
        "disposition": score["disposition"] if score["disposition"] is not None else call["disposition"],
        "review_reasons": ",".join(score["review_reasons"]),
        "doubt": score["expected_wrong"] or 0.0,
        "sentiment": sentiment,
        "criteria": criteria,
        "outcomes": "".join(_letter(row) for row in found) if found else None,
    }
    return Corrected(call_id=call["call_id"], values=values, sets=((criteria, names),) if criteria and names else ())


def _judged(store: Store) -> pa.Table:
    """How criteria came out, of all scores: some days at a time, as there are twenty findings a call."""
    days = store.days("findings")
    if not days:
        return letters_by_score(store.read("findings", columns=_FINDING_COLUMNS))
    several = [set(days[place::_LOTS]) for place in range(min(_LOTS, len(days)))]
    return pa.concat_tables([letters_by_score(store.read("findings", columns=_FINDING_COLUMNS, where=on_days(some))) for some in several])


def _in_teams(rows: pa.Table, memberships: Memberships) -> pa.Table:
    """Calls whose metadata name no team, in the team that their agent was in on that day."""
    named = (rows[name].to_pylist() for name in ("team", "agent_id", "call_date"))
    told = [
        team if team is not None else memberships.team_on(agent_id, date.fromisoformat(day) if day else None)
        for team, agent_id, day in zip(*named, strict=True)
    ]
    return rows.set_column(rows.column_names.index("team"), "team", pa.array(told, pa.string()))


def on_days(days: Set[date | None]) -> str:
    """Rows of some days, as a condition in SQL."""
    dated = ", ".join(f"date '{day}'" for day in sorted(day for day in days if day is not None))
    conditions = [f"call_date in ({dated})"] if dated else []
    return " or ".join([*conditions, *(["call_date is null"] if None in days else [])])


def _letter(finding: Mapping[str, Any]) -> str:
    """The letter of one finding."""
    if finding["reason_code"] == SENTIMENT:
        return DESCRIBED
    points, most = finding["points"], finding["max_points"]
    return letter_of(Outcome(finding["outcome"]), credit=points / most if points is not None and most else None)
