"""Scores as Arrow tables, column by column: hundreds of calls at a time without a dict per row.

Comes in: scores. Goes out: rows of `findings`, `captures` and `scores`, still without the time of writing, which whoever commits them puts in
(`stamp`). Pure; may run in another process than the one that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from qa_pipeline.results.rows import call_date
from qa_pipeline.results.tables import TABLES, TIME
from qa_pipeline.scoring.score import Score
from qa_pipeline.scoring.verdict import Capture

# Stands for a criterion in captures of how the call ended.
DISPOSITION = "disposition"

# Columns that findings and captures have in common with their score.
_SHARED = ("call_id", "conversation_id", "score_id", "rubric_id", "rubric_version", "rubric_sha256", "agent_id", "team", "site", "campaign")
_CALL_COLUMNS = ("call_id", "agent_id", "team", "site", "campaign")
_SCORE_COLUMNS = (
    "score_id", "rubric_sha256", "points", "max_points", "percent", "passed", "critical_failed", "critical_state", "coverage", "needs_review",
    "expected_wrong", "not_applicable_share",
)  # fmt: skip
_JUDGED_COLUMNS = (
    "scoring_version",
    "language_digest",
    "norm_version",
    "certainty_digest",
    "acts_version",
    "reply_version",
    "replies_digest",
)
_EVIDENCE_COLUMNS = ("kind", "utterance", "text", "start_ms", "end_ms", "expected", "similarity")
_FINDING_COLUMNS = ("section_id", "criterion_sha256", "answer", "points", "max_points", "deduction", "occurrences", "reason_code", "reason")
_CAPTURE_COLUMNS = ("name", "value", "value_type", "text", "start_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTables:
    """Rows of some scores. `findings` and `captures` stand in the order of `scores`."""

    findings: pa.Table
    captures: pa.Table
    scores: pa.Table


def score_tables(scores: Sequence[Score], *, purposes: Sequence[str], run_id: str, timezone: str) -> ScoreTables:
    """Rows of some scores, `scored_at` still null. `purposes`: one for each score."""
    calls = [score.conversation.call for score in scores]
    columns: dict[str, Any] = {name: [getattr(call, name) for call in calls] for name in _CALL_COLUMNS}
    columns |= {name: [getattr(score, name) for score in scores] for name in _SCORE_COLUMNS}
    columns |= {name: [getattr(score.judged_by, name) for score in scores] for name in _JUDGED_COLUMNS}
    columns |= {
        "conversation_id": [score.conversation.conversation_id for score in scores],
        "rubric_id": [score.rubric.id for score in scores],
        "rubric_version": [score.rubric.version for score in scores],
        "purpose": list(purposes),
        "disposition": [score.disposition.value if score.disposition else None for score in scores],
        "disposition_certainty": [score.disposition_certainty.share if score.disposition_certainty else None for score in scores],
        "sections_failed": [list(score.sections_failed) for score in scores],
        "review_reasons": [list(score.review_reasons) for score in scores],
        "run_id": [run_id] * len(scores),
        "call_date": [call_date(call, timezone) for call in calls],
    }
    heads = _table("scores", columns, len(scores))
    shared = heads.append_column("customer_id", pa.array([call.customer_id for call in calls], pa.string()))
    return ScoreTables(findings=_findings(scores, shared), captures=_captures(scores, shared), scores=heads)


def join_tables(parts: Iterable[ScoreTables]) -> ScoreTables:
    """Several as one, in the order given."""
    several = list(parts)
    return ScoreTables(
        findings=pa.concat_tables([part.findings for part in several]),
        captures=pa.concat_tables([part.captures for part in several]),
        scores=pa.concat_tables([part.scores for part in several]),
    )


def stamp(tables: ScoreTables, first: datetime) -> ScoreTables:
    """The rows with their times: the first score at `first`, each next one a microsecond later, findings as their score."""
    begin = np.datetime64(first.replace(tzinfo=None), "us").astype(np.int64)
    times = begin + np.arange(len(tables.scores), dtype=np.int64)
    heads = tables.scores.set_column(
        tables.scores.schema.get_field_index("scored_at"), TABLES["scores"].schema.field("scored_at"), _times(times)
    )
    place = dict(zip(heads["score_id"].to_pylist(), range(len(heads)), strict=True))
    owners = np.fromiter((place[i] for i in tables.findings["score_id"].to_pylist()), np.int64, len(tables.findings))
    findings = tables.findings.set_column(
        tables.findings.schema.get_field_index("scored_at"), TABLES["findings"].schema.field("scored_at"), _times(times[owners])
    )
    return ScoreTables(findings=findings, captures=tables.captures, scores=heads)


def _findings(scores: Sequence[Score], shared: pa.Table) -> pa.Table:
    owned = [(index, finding) for index, score in enumerate(scores) for finding in score.findings]
    found = [finding for _, finding in owned]
    firsts = [finding.evidence[0] if finding.evidence else None for finding in found]
    columns = _of_owners("findings", shared, [index for index, _ in owned])
    columns |= {name: [getattr(finding, name) for finding in found] for name in _FINDING_COLUMNS}
    columns |= {
        "criterion_id": [finding.criterion.id for finding in found],
        "outcome": [finding.outcome.value for finding in found],
        "severity": [finding.criterion.severity for finding in found],
        "critical": [finding.criterion.critical is True for finding in found],
        "reason_args": _lists(
            "reason_args", [sorted(finding.reason_args.items()) for finding in found], {"key": itemgetter(0), "value": itemgetter(1)}
        ),
        "certainty": [finding.certainty.share if finding.certainty else None for finding in found],
        "certainty_grounds": _lists(
            "certainty_grounds",
            [finding.certainty.grounds if finding.certainty else () for finding in found],
            {"key": attrgetter("key"), "weight": attrgetter("weight")},
        ),
        "likely": [finding.likely.value if finding.likely else None for finding in found],
        "evidence": _lists("evidence", [finding.evidence for finding in found], _evidence_columns()),
        "evidence_text": [first.text if first else None for first in firsts],
        "evidence_start_ms": [first.start_ms if first else None for first in firsts],
        "evidence_end_ms": [first.end_ms if first else None for first in firsts],
        "window_start_ms": [finding.window_start_ms for finding in found],
        "window_end_ms": [finding.window_end_ms for finding in found],
    }
    return _table("findings", columns, len(found))


def _captures(scores: Sequence[Score], shared: pa.Table) -> pa.Table:
    owned = [(index, name, number, capture) for index, score in enumerate(scores) for name, number, capture in _numbered(score)]
    columns = _of_owners("captures", shared, [index for index, *_ in owned])
    columns |= {name: [getattr(capture, name) for *_, capture in owned] for name in _CAPTURE_COLUMNS}
    columns |= {"criterion_id": [name for _, name, _, _ in owned], "n": [number for _, _, number, _ in owned]}
    return _table("captures", columns, len(owned))


def _numbered(score: Score) -> Iterator[tuple[str, int, Capture]]:
    """Captures with their criterion, numbered within it."""
    several = {finding.criterion.id: finding.captures for finding in score.findings if finding.captures}
    if score.disposition_captures:
        several[DISPOSITION] = several.get(DISPOSITION, ()) + score.disposition_captures
    for name, captures in several.items():
        yield from ((name, number, capture) for number, capture in enumerate(captures))


def _of_owners(name: str, shared: pa.Table, owners: Sequence[int]) -> dict[str, Any]:
    """Columns that rows of a detail table take over from the score they belong to."""
    wanted = [column for column in (*_SHARED, "customer_id", "run_id", "call_date") if column in TABLES[name].schema.names]
    taken = shared.select(wanted).take(pa.array(owners, pa.int64()))
    return {column: taken[column] for column in wanted}


def _lists(column: str, values: Sequence[Sequence[Any]], parts: Mapping[str, Callable[[Any], Any]]) -> pa.Array:
    """A column of lists of structs, built part by part."""
    struct: pa.StructType = TABLES["findings"].schema.field(column).type.value_type
    flat = [value for several in values for value in several]
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(several) for several in values], out=offsets[1:])
    arrays = [pa.array([parts[field.name](value) for value in flat], field.type) for field in struct]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(arrays, fields=list(struct)))


def _evidence_columns() -> dict[str, Callable[[Any], Any]]:
    parts: dict[str, Callable[[Any], Any]] = {name: attrgetter(name) for name in _EVIDENCE_COLUMNS}
    return parts | {"role": attrgetter("role.value")}


def _table(name: str, columns: Mapping[str, Any], length: int) -> pa.Table:
    schema = TABLES[name].schema
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(length, field.type))
        elif isinstance(values, (pa.Array, pa.ChunkedArray)):
            arrays.append(values.cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=schema)


def _times(values: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIME)
