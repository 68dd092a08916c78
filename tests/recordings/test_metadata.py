"""Columns as people and systems name them: which are read, which are told of, which are refused with which cure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from metadata_files import WRITERS, call_of, fault_of, taken, told

from qa_pipeline.recordings.columns import COLUMNS
from qa_pipeline.recordings.mapping import load_map


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_that_is_not_read_may_stand_twice(folder: Path, name: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), ("Wrap-up", "x"), ("Wrap-up", "y"), ("Wrap-up", "z")]), name)
    assert call_of(intake).extra == {"Wrap-up": "x", "Wrap-up (2)": "y", "Wrap-up (3)": "z"}
    assert any("column `Wrap-up` stands twice" in decision for decision in intake.decided)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("column", ["file", "agent_id"])
def test_a_column_that_is_read_may_not_and_renaming_is_the_cure(folder: Path, name: str, column: str) -> None:
    pairs: list[tuple[str, object]] = [("file", "a.wav"), ("agent_id", "1"), (column, "a.wav")]
    fault = fault_of(folder, WRITERS[name](pairs), name)
    assert fault.message.startswith(f"column {column!r} stands twice")
    assert "another name" in fault.advice
    assert call_of(taken(folder, WRITERS[name]([*pairs[:2], ("other", "x")]), name)).agent_id == "1"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("header", ["Agent ID", "AgentId", "agent id", "AGENT_ID", "agent-id"])
def test_a_column_that_is_nearly_called_as_ours_is_told_and_both_cures_work(folder: Path, name: str, header: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), (header, "17")]), name)
    assert (call_of(intake).agent_id, call_of(intake).extra) == (None, {header: "17"})
    (warning,) = told(intake)
    assert f"column `{header}` is not read" in warning
    lines = re.findall(r"`((?:columns:)|(?:  [^`]+))`", warning)
    mapping = folder / "own.yaml"
    mapping.write_text("\n".join(lines) + "\n")
    assert (
        call_of(taken(folder, WRITERS[name]([("file", "a.wav"), (header, "17")]), name, mapping=load_map(str(mapping), COLUMNS))).agent_id
        == "17"
    )
    assert call_of(taken(folder, WRITERS[name]([("file", "a.wav"), ("agent_id", "17")]), name)).agent_id == "17"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("header", ["File", "Recording", "filename", "Clip"])
def test_recordings_under_another_name_are_refused_and_both_cures_work(folder: Path, name: str, header: str) -> None:
    content = WRITERS[name]([("id", "9"), (header, "a.wav")])
    fault = fault_of(folder, content, name)
    if name == "calls.parquet" and header == "Clip":
        assert fault.advice == "name the column with the recordings' names `file`"
        return
    assert f"write `file` for {header!r}" in fault.advice
    mapping = folder / "own.yaml"
    mapping.write_text("\n".join(re.findall(r"`((?:columns:)|(?:  [^`]+))`", fault.advice)))
    assert call_of(taken(folder, content, name, mapping=load_map(str(mapping), COLUMNS))).extra == {"id": "9"}
    assert call_of(taken(folder, WRITERS[name]([("id", "9"), ("file", "a.wav")]), name)).extra == {"id": "9"}


def test_objects_inside_objects_are_columns_with_a_point(folder: Path) -> None:
    line = '{"file": "a.wav", "Agent": {"Username": "t17", "Tags": [{"x": 1}]}, "csat": NaN}'
    call = call_of(taken(folder, line, "calls.jsonl"))
    assert (call.extra, call.csat) == ({"Agent.Username": "t17", "Agent.Tags": '[{"x": 1}]'}, None)
