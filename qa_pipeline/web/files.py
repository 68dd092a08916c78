"""Tables as files to download: CSV, XLSX or Parquet, with nothing in them that a spreadsheet would run."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
from fastapi import Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.database import writing
from qa_pipeline.report.data import open_report
from qa_pipeline.report.export import export
from qa_pipeline.report.redacted import redact_flat
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.record import EXPORTED, note
from qa_pipeline.settings import Settings
from qa_pipeline.web.signed import Signed

FORMS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def _without_hidden(table: pa.Table, settings: Settings, who: Signed, desk: Desk) -> pa.Table:
    """What the policy hides from whoever asks, or in any file, taken out."""
    policy = load_policy(settings.privacy_policy)
    hiding = policy.files | policy.of(who.viewer)
    if not hiding or "call_id" not in table.column_names:
        return table
    with open_report(desk.store, settings, who.viewer, engine=desk.engine) as source:
        return redact_flat(source, table, hiding)


def file_of(table: pa.Table, name: str, form: str, settings: Settings, who: Signed, desk: Desk) -> Response:
    """A table as a file of one of FORMS, its times by the clock of whoever asks; that it left goes on record. Raises InputRefused for another form."""
    if form not in FORMS:
        raise InputRefused(f"Files are not written as {form!r}.", advice=f"There are: {', '.join(FORMS)}.")
    table = _without_hidden(table, settings, who, desk)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.cache) as folder:
        path = Path(folder) / f"{name}.{form}"
        export(table, path, timezone=str(who.zone))
        body = path.read_bytes()
    with writing(desk.engine) as connection:
        note(connection, who.viewer, EXPORTED, about=f"{name}.{form}: {table.num_rows} rows")
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "no-store"}
    return Response(body, media_type=FORMS[form], headers=headers)
