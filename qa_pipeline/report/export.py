"""Results for a spreadsheet or another program: one flat row a call, with a column for each criterion's outcome and points; or one a finding.

Comes in: a Store and which calls. Goes out: CSV (UTF-8 with a byte-order mark, which spreadsheets need), XLSX or flat Parquet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.flat import flat_rows
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.reasons import reason_of
from qa_pipeline.report.wording import NOTHING_SAID, CriterionWords, load_wording, title_of
from qa_pipeline.results.store import Store
from qa_pipeline.settings import Settings
from qa_pipeline.whole_file import replacing

FORMATS = (".csv", ".xlsx", ".parquet")
# What a spreadsheet would take for a formula; callers' words must not become one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫", "−")
_MOST_XLSX_ROWS = 1_048_575
# Bytes of a workbook that are held in memory until it is whole; more go to a temporary file.
_IN_MEMORY = 64 << 20
# Characters; rows looked at for them. Chosen.
_NARROWEST, _WIDEST, _MEASURED = 8, 48, 500

# What the columns are called on a sheet; criteria by their titles.
_HEADINGS = {
    "call_id": "Call", "call_date": "Day", "started_at": "Started", "agent_id": "Agent", "agent_name": "Agent's name", "team": "Team", "site": "Site",
    "campaign": "Campaign", "direction": "Direction", "customer_id": "Customer", "language": "Language", "seconds": "Length (s)", "rubric_id": "Rubric",
    "rubric_version": "Version of the rubric", "disposition": "Ended", "percent": "Percent", "points": "Points", "max_points": "Points possible",
    "passed": "Passed", "critical_failed": "Critical failure", "critical_state": "Critical failure is", "coverage": "Share judged",
    "not_applicable_share": "Share not applicable", "expected_wrong": "Findings expected to be wrong",
    "disposition_certainty": "Certainty of the ending", "certainty": "Certainty", "likely": "Likely, if unsure", "needs_review": "Needs review", "review_reasons": "Why review", "customer_sentiment": "Customer's feeling (−1 to 1)",
    "customer_sentiment_label": "Customer's feeling", "source_uri": "Recording", "section_id": "Section", "criterion_id": "Criterion (id)",
    "criterion": "Criterion", "outcome": "Outcome", "answer": "Answer", "critical": "Critical", "occurrences": "Times said", "reason": "Why",
    "effective_percent": "Percent as it counts", "effective_passed": "Passed as it counts", "effective_critical_state": "Critical failure as it counts",
    "decided": "Decided by people", "effective_outcome": "Outcome as it counts", "decided_by": "Decided by", "reason_en": "Why (English)", "evidence_text": "Evidence", "evidence_start_ms": "Evidence from (ms)", "evidence_end_ms": "Evidence to (ms)",
}  # fmt: skip
# Headings of a sheet, kept with the schema.
_KEPT = b"headings"


def flat_table(
    store: Store, settings: Settings, viewer: Viewer, calls: CallFilter, *, of_findings: bool = False, engine: Engine | None = None
) -> pa.Table:
    """The rows; reasons in the language of their calls. Raises InputRefused when there are none, AccessRefused.

    `engine`: of the index, for a viewer who sees only some calls.
    """
    flat = flat_rows(store, viewer, calls, of_findings=of_findings, engine=engine)
    about, found = flat.about, flat.rows
    words = load_wording(store, settings, about).criteria
    headings = dict(_HEADINGS)
    if of_findings:
        at = found.column_names.index("reason_en")
        found = found.add_column(at, "reason", pa.array(_reasons(about, words), pa.string()))
        at = found.column_names.index("criterion_id") + 1
        found = found.add_column(at, "criterion", pa.array([_title(row, words) for row in about], pa.string()))
    else:
        titles = {row["criterion_id"]: _title(row, words) for row in about}
        found, columns = _with_criteria(found, about)
        for column, (criterion, what) in columns.items():
            alone = list(titles.values()).count(titles[criterion]) == 1
            headings[column] = (titles[criterion] if alone else f"{titles[criterion]} ({criterion})") + (
                ": points" if what == "points" else ""
            )
    if not found.num_rows:
        raise InputRefused("No scored call is like that.", advice="Look at `qa-pipeline summary` for what there is.")
    return found.replace_schema_metadata({_KEPT: json.dumps(headings).encode()})


def _title(row: Mapping[str, Any], words: Mapping[str, CriterionWords], language: str | None = None) -> str:
    return title_of(words.get(row["criterion_sha256"], NOTHING_SAID).title, row["criterion_id"], language)[1]


def _reasons(rows: Sequence[Mapping[str, Any]], words: Mapping[str, CriterionWords]) -> list[str]:
    """Why each criterion of each call came out as it did, in the order of the rows and in the call's language."""
    titles = {(row["call_id"], row["criterion_id"]): _title(row, words, row["language"]) for row in rows}

    def reason(row: Mapping[str, Any]) -> str:
        return reason_of(row, row["language"], lambda name: titles.get((row["call_id"], name), name.replace("_", " ")))[1]

    return [reason(row) for row in rows]


def export(table: pa.Table, path: Path, *, timezone: str) -> None:
    """Write rows by the ending of the path; times in the zone `timezone`, which CSV names by its offset, XLSX in the heading. XLSX has headings in words.

    A file that is there is replaced, whole or not at all. Raises InputRefused, EnvironmentNotReady."""
    if path.suffix.lower() not in FORMATS:
        raise InputRefused(f"{path.name} has no ending of a known form.", advice=f"There are: {', '.join(FORMATS)}.")
    with replacing(path) as part:
        {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}[path.suffix.lower()](_in_zone(table, timezone), part)


def _with_criteria(calls: pa.Table, findings: Sequence[Mapping[str, Any]]) -> tuple[pa.Table, dict[str, tuple[str, str]]]:
    """Two more columns for each criterion; and of which criterion, and what of it, each is."""
    columns: dict[str, tuple[str, str]] = {}
    place = {call_id: row for row, call_id in enumerate(calls["call_id"].to_pylist())}
    for criterion in sorted({finding["criterion_id"] for finding in findings}):
        mine = {place[f["call_id"]]: f for f in findings if f["criterion_id"] == criterion and f["call_id"] in place}
        for name, kind in (("outcome", pa.string()), ("points", pa.float64())):
            values = [mine[row][name] if row in mine else None for row in range(len(calls))]
            column = criterion if name == "outcome" else f"{criterion}_points"
            # A criterion may be called as a column of the call is.
            column = f"criterion_{column}" if column in calls.column_names else column
            columns[column] = (criterion, name)
            calls = calls.append_column(column, pa.array(values, kind))
    return calls, columns


def _in_zone(table: pa.Table, timezone: str) -> pa.Table:
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz:
            table = table.set_column(place, column.name, table[column.name].cast(pa.timestamp(column.type.unit, timezone)))
    return table


def _csv(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_harmless(name) for name in table.column_names])
        for row in _rows(table):
            writer.writerow([_harmless(value) for value in row])


def _xlsx(table: pa.Table, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    if len(table) > _MOST_XLSX_ROWS:
        raise InputRefused(f"{len(table)} rows are more than a sheet holds.", advice="Export CSV or Parquet, or a shorter period.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("calls")
    sheet.freeze_panes = "B2"
    headings: dict[str, str] = json.loads((table.schema.metadata or {}).get(_KEPT, b"{}"))
    heads = [
        f"{headings.get(c.name, c.name)} ({c.type.tz})" if pa.types.is_timestamp(c.type) and c.type.tz else headings.get(c.name, c.name)
        for c in table.schema
    ]
    heading = []
    for number, (name, column) in enumerate(zip(heads, table.columns, strict=True), 1):
        cell = WriteOnlyCell(sheet, value=name)
        cell.data_type = "s"
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        heading.append(cell)
        sheet.column_dimensions[get_column_letter(number)].width = _width(name, column)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{len(table) + 1}"
    sheet.append(heading)
    for row in _rows(table):
        cells = []
        for value in map(_plain, row):
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    # Not straight to its place: a workbook that its disk has no room for would try to end itself again when nobody looks any more.
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
        book.save(whole)
        whole.seek(0)
        with path.open("wb") as file:
            copyfileobj(whole, file)


def _width(name: str, column: pa.ChunkedArray) -> float:
    """Width of a column in characters: of its longest value among the first, within what a screen bears; a heading breaks between its words."""
    longest = max((len(str(_plain(value))) for value in column.slice(0, _MEASURED).to_pylist() if value is not None), default=0)
    return float(min(_WIDEST, max(longest, *map(len, name.split()), _NARROWEST)) + 2)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


def _plain(value: Any) -> Any:
    """A value as a sheet holds it: times without their zone, which the heading names."""
    return value.replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) and value.tzinfo else value


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
