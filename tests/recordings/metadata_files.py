"""Metadata files for tests: written in every format, read beside three recordings, and what is said of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import Fault, MetadataError
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest

TABLE = [["file", "agent_id", "campaign"], ["a.wav", "17", "Spring, warm; new"], ["b.wav", "18", "Święto"]]


def taken(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> Intake:
    """What is made of a folder with a metadata file."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return ingest([str(folder)], Defaults(timezone="Europe/Warsaw", **options))  # type: ignore[arg-type]


def call_of(intake: Intake, name: str = "a.wav") -> Call:
    return next(call for call in intake.calls if call.source_uri.endswith(f"/{name}"))


def faults_of(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> list[Fault]:
    with pytest.raises(MetadataError) as caught:
        taken(folder, content, name, **options)
    return list(caught.value.faults)


def fault_of(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> Fault:
    (fault,) = faults_of(folder, content, name, **options)
    return fault


def told(intake: Intake) -> list[str]:
    """Warnings about the metadata, without the path."""
    return [warning.split("calls.", 1)[1] for warning in intake.warnings if "/calls." in warning]


def written(rows: list[list[str]], separator: str, end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    return out.getvalue()


def as_parquet(pairs: list[tuple[str, object]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([value]) for _, value in pairs], names=[name for name, _ in pairs]), out)
    return out.getvalue()


def as_json(pairs: list[tuple[str, object]]) -> bytes:
    return ("{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs) + "}").encode()


def as_csv(pairs: list[tuple[str, object]]) -> bytes:
    return written([[name for name, _ in pairs], [str(value) for _, value in pairs]], ",").encode()


WRITERS: dict[str, Callable[[list[tuple[str, object]]], bytes]] = {"calls.csv": as_csv, "calls.jsonl": as_json, "calls.parquet": as_parquet}
