"""Which files metadata, patterns and links may have read: those of the run's own folders."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings import reach
from qa_pipeline.recordings.columns import values_in_name
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.metadata import read_metadata
from qa_pipeline.recordings.reach import is_within, roots_of
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.sources import Names

_TALK = "0:00 agent: Good morning.\n0:03 customer: Hello.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """calls/ with a.txt, and secret.txt outside of it."""
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.txt").write_text(_TALK)
    (tmp_path / "secret.txt").write_text("0:00 agent: The password is swordfish.\n0:02 customer: Thanks.\n")
    return tmp_path / "calls"


@pytest.mark.parametrize(
    "name", ["../secret.txt", "..\\secret.txt", "%2e%2e/secret.txt", "x/../../secret.txt", "{absolute}", "file://{absolute}", "http://127.0.0.1:9/x.txt", "s3://nowhere/x.txt", "zip://x::../secret.txt"]
)  # fmt: skip
def test_metadata_name_no_file_outside_the_folders_of_the_run(folder: Path, name: str) -> None:
    name = name.replace("{absolute}", str(folder.parent / "secret.txt"))
    (folder / "calls.csv").write_text(f"file,call_id\na.txt,a\n{name},b\n")
    intake = ingest([str(folder)], Defaults())
    assert [call.call_id for call in intake.calls] == ["a"]
    (missing,) = intake.unavailable
    assert "none of the folders" in missing.message or "not there" in missing.message
    assert not any("swordfish" in line.text for dialogue in intake.dialogues.values() for line in dialogue.lines)


def test_a_folder_that_the_operator_names_may_be_read(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,call_id\n../secret.txt,b\n")
    for sources, folders in (([str(folder)], (str(folder.parent),)), ([str(folder), str(folder.parent / "secret.txt")], ())):
        intake = ingest(sources, Defaults(folders=folders))
        assert {call.call_id for call in intake.calls} >= {"b"} and not intake.unavailable


def test_what_lies_below_a_root_is_told_from_what_only_begins_like_it() -> None:
    roots = roots_of(["s3://bucket/calls", "memory://chats/a.txt"], ["/recordings"])
    assert (
        is_within("s3://bucket/calls/x/a.wav", roots) and is_within("/recordings/a.wav", roots) and is_within("memory://chats/b.txt", roots)
    )
    for outside in (
        "s3://bucket/callsign/a.wav",
        "s3://bucket/calls/../x.wav",
        "s3://other/a.wav",
        "/recordings2/a.wav",
        "/recordings/../x",
        "a\x00b",
    ):
        assert not is_within(outside, roots), outside


def test_somebodys_link_to_what_is_not_theirs_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "c.txt").symlink_to(folder / "a.txt")
    assert len(ingest([str(folder)], Defaults()).calls) == 2, "one's own links are one's own affair"
    # Somebody else put the links there, and the file is not theirs.
    monkeypatch.setattr(
        reach,
        "os",
        SimpleNamespace(
            **{name: getattr(os, name) for name in ("path", "stat", "geteuid")}, lstat=lambda _: SimpleNamespace(st_uid=123_456)
        ),
    )
    intake = ingest([str(folder)], Defaults())
    assert [name_of(call.source_uri) for call in intake.calls] == ["a.txt"]
    assert any("b.txt is somebody's link" in warning for warning in intake.warnings)


def name_of(uri: str) -> str:
    return uri.rpartition("/")[2]


def test_a_pattern_of_many_stars_takes_no_longer_than_one_of_two() -> None:
    began = time.process_time()
    warnings: list[str] = []
    pattern = "*a" * 40 + "{call_id}" + "*a" * 40
    assert values_in_name("a" * 79 + "b" * 170 + ".wav", pattern, "UTC", warnings) == {} and warnings
    assert Names(["/x/" + "a" * 240 + "b"]).fitting("/x/" + "*a" * 60) == []
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("sale_AGENT_a7_x.wav", "{campaign}_AGENT_{agent_id}_*", {"campaign": "sale", "agent_id": "a7"}),
        ("a_b_c.wav", "{campaign}_{agent_id}", {"campaign": "a", "agent_id": "b_c"}),
        ("a-b-c.wav", "*-{agent_id}", {"agent_id": "b-c"}),
        ("x1.wav", "x{agent_id}", {"agent_id": "1"}),
        ("aXbXcX.wav", "{campaign}X{agent_id}X", {"campaign": "a", "agent_id": "bXc"}),
    ],
)  # fmt: skip
def test_a_pattern_takes_the_first_place_that_fits(name: str, pattern: str, expected: dict[str, str]) -> None:
    found = values_in_name(name, pattern, "UTC", [])
    assert {key: found[key] for key in expected} == expected


def test_a_column_named_twice_in_a_pattern_is_refused() -> None:
    with pytest.raises(InputRefused, match="Name each column once"):
        values_in_name("a_b.wav", "{agent_id}_{agent_id}", "UTC", [])


def test_cells_of_parquet_that_are_no_text_or_no_day_are_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\x87a"))
    table = pa.table({"file": ["a.wav"], "agent_name": bad, "started_at": pa.array([2**61], pa.timestamp("ms"))})
    pq.write_table(table, tmp_path / "calls.parquet")
    (row,) = read_metadata(str(tmp_path / "calls.parquet"), "utf-8", Remarks())
    assert row.values["agent_name"] == "\ufffda" and "no calendar" in row.values["started_at"]
