"""What reports show, read once from the tables: current calls with score, findings and utterances, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa_pipeline.errors import InputRefused
from qa_pipeline.results.query import connect
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """One call as reports show it. Rows have the columns of results/tables.py; `score` is None for a call without a rubric."""

    call: Row
    score: Row | None
    findings: tuple[Row, ...]
    utterances: tuple[Row, ...]
    metrics: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything a report shows. `criteria`: ids in the order of the rubrics; `titles`: criterion id → language → title."""

    calls: tuple[CallReport, ...]
    failures: tuple[Row, ...]
    criteria: tuple[str, ...]
    titles: dict[str, dict[str, str]]
    advice: dict[str, dict[str, str]]


def load_report(store: Store, settings: Settings, *, call_id: str | None = None) -> ReportData:
    """Read a report, of all calls or of one. Raises InputRefused when there is no such call, or no call at all."""
    with connect(store) as connection:

        def ask(sql: str) -> list[Row]:
            found: list[Row] = connection.sql(sql).to_arrow_table().to_pylist()
            return found

        calls = ask("select * from current_calls order by started_at, call_id")
        if call_id is not None:
            calls = [row for row in calls if row["call_id"] == call_id]
            if not calls:
                raise InputRefused(f"No call {call_id!r} in {store.root}.", advice="`qa-pipeline report` lists the calls.")
        scores = {row["call_id"]: row for row in ask("select * from current_scores")}
        findings = _by_call(ask("select * from current_findings"))
        utterances = _by_call(ask("select * from current_utterances order by utterance"))
        metrics = {row["call_id"]: row for row in ask("select * from current_metrics")}
        failures = ask('select * from current_failures order by "at" desc')
    if not calls and not failures:
        raise InputRefused(
            f"There are no results in {store.root}.", advice="Run `qa-pipeline run FOLDER` first, or name the right --results."
        )
    order, titles, advice = _criteria(settings, [row["criterion_id"] for rows in findings.values() for row in rows])
    return ReportData(
        calls=tuple(
            CallReport(
                call=row,
                score=scores.get(row["call_id"]),
                findings=tuple(sorted(findings.get(row["call_id"], ()), key=lambda f: order.index(f["criterion_id"]))),
                utterances=tuple(utterances.get(row["call_id"], ())),
                metrics=metrics.get(row["call_id"], {}),
            )
            for row in calls
        ),
        failures=tuple(failures),
        criteria=tuple(order),
        titles=titles,
        advice=advice,
    )


def _by_call(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["call_id"], []).append(row)
    return grouped


def _criteria(settings: Settings, used: Sequence[str]) -> tuple[list[str], dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Criterion ids in rubric order (those of rubrics no longer there at the end), with titles and advice."""
    order: list[str] = []
    titles: dict[str, dict[str, str]] = {}
    advice: dict[str, dict[str, str]] = {}
    for rubric in load_rubrics(settings.rubrics).values():
        for criterion in rubric.criteria:
            titles.setdefault(criterion.id, {str(language): text for language, text in criterion.title.items()})
            advice.setdefault(criterion.id, {str(language): text for language, text in criterion.advice.items()})
            if criterion.id in used and criterion.id not in order:
                # A criterion that another rubric has too keeps its place in the call: before what follows it there.
                following = [c.id for c in rubric.criteria[rubric.criteria.index(criterion) + 1 :] if c.id in order]
                order.insert(order.index(following[0]) if following else len(order), criterion.id)
    order += [name for name in dict.fromkeys(used) if name not in order]
    return order, titles, advice
