"""Metadata and transcripts that are made to take all time or memory: deep, long, endless."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from qa_pipeline.recordings.metadata import read_metadata
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

_DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        _DEEP, '{"segments": ' + _DEEP, '{"a":' * 50_000, json.dumps({"segments": [{"start": 10**400, "end": 1, "text": "x"}]}), '{"segments": [{"start": 1e999, "end": 2, "text": "x"}]}',
        "0:00 agent: " + "a" * 2_000_000, "agent:" * 100_000, "WEBVTT\n\n" + "00:00:01.000 --> " * 50_000, "<v " * 100_000, pytest.param("\n" * 1_000_000, marks=pytest.mark.slow), "&" * 200_000, "(" * 100_000 + ":",
        "<!--" * 100_000, "<!----><!---->" * 50_000, pytest.param("<tt>" + "<p>" * 100_000, marks=pytest.mark.slow), "10:12:03 From " + "a " * 300_000, "( " * 200_000, "text\n" + "-" * 500_000 + "x",
        pytest.param("[0:0.0,0:1.0,0]" * 50_000, marks=pytest.mark.slow), pytest.param("time,text\n" + "0:01,a\n" * 50_000, marks=pytest.mark.slow),
        json.dumps([{"speaker": "a", "text": "x", "start": 1, "end": 10**400}, {"speaker": "b", "text": "y", "start": -(10**400), "end": 3}]),
    ],
    ids=range(21),
)  # fmt: skip
def test_deep_and_long_texts_are_faults(text: str) -> None:
    began = time.process_time()
    for name in ("x.json", "x.jsonl", "x.txt", "x.vtt", "x.ttml", "x.csv"):
        why_no_dialogue(text.encode(), name)
        parse_transcripts(text.encode(), name)
    assert time.process_time() - began < 60


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "file,x\na.wav," + "y" * 3_000_000 + "\n",
        'file,x\na.wav,"' + 'y""' * 500_000 + "\n",
        "file" + ",c" * 50_000 + "\na.wav\n",
        "file,x\n" + '"' * 200_001,
    ],
    ids=range(4),
)
def test_huge_cells_and_headers_are_read_or_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "calls.csv").write_text(text)
    began = time.process_time()
    read_metadata(str(tmp_path / "calls.csv"), "utf-8", Remarks())
    (tmp_path / "calls.jsonl").write_text('{"file": "a.wav", "x": ' + _DEEP + "\n")
    read_metadata(str(tmp_path / "calls.jsonl"), "utf-8", Remarks())
    assert time.process_time() - began < 60
