"""What lies in folders besides recordings, and names as people and platforms write them: nothing hangs, nothing is left in silence."""

from __future__ import annotations

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from qa_pipeline.errors import ReadFailed, RecordingError
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.files import open_file, sha256_of
from qa_pipeline.recordings.ingest import Intake, ingest

CHAT = "agent: Hello.\ncustomer: Hi.\n"


def taken(folder: Path) -> Intake:
    return ingest([str(folder)], Defaults())


def names(intake: Intake) -> list[str]:
    return [Path(call.source_uri).name for call in intake.calls]


@pytest.mark.parametrize("name", ["x.wav", "x.txt"])
def test_a_pipe_is_refused_by_name_and_nobody_waits_for_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    os.mkfifo(tmp_path / name)
    intake = taken(tmp_path)
    assert names(intake) == ["ok.txt"]
    (missing,) = intake.unavailable
    assert "is a pipe, a socket or a device, and no file" in missing.message


def test_pipes_of_other_names_and_sockets_are_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    os.mkfifo(tmp_path / "calls.csv")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s.wav")
    assert names(taken(tmp_path)) == ["ok.txt"]
    with pytest.raises(RecordingError, match="a device"), open_file("/dev/null"):
        pass


def test_links_that_lead_nowhere_or_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "self.wav").symlink_to(tmp_path / "self.wav")
    (tmp_path / "loop").symlink_to(tmp_path)
    intake = taken(tmp_path)
    assert names(intake) == ["ok.txt"]
    assert [missing.message.partition(" ")[2][:18] for missing in intake.unavailable] == ["is not there.", "could not be read "]
    assert [warning for warning in intake.warnings if "is a link to a folder and is not followed" in warning]


@pytest.mark.parametrize("name", ["calls.xlsx", "calls (1).csv", "metadata.tsv", "calls.csv.gz", "Numbers.numbers"])
def test_tables_under_other_names_are_told_not_to_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    (tmp_path / name).write_bytes(b"x")
    (warning,) = [warning for warning in taken(tmp_path).warnings if "not read" in warning]
    assert warning.startswith(f"{name}: not read; what describes the calls is read from calls.csv")
    assert ("Save a sheet as CSV" in warning) == name.endswith((".xlsx", ".numbers"))


def test_tables_beside_the_metadata_are_anybodys(tmp_path: Path) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    (tmp_path / "calls.csv").write_text("file\nok.txt\n")
    (tmp_path / "payroll.xlsx").write_bytes(b"x")
    assert not [warning for warning in taken(tmp_path).warnings if "not read" in warning]


@pytest.mark.parametrize(("name", "separator"), [("CALLS.CSV", ","), ("Calls.csv", ";"), ("calls.tsv", "\t")])
def test_metadata_are_known_in_any_case_and_with_tabs(tmp_path: Path, name: str, separator: str) -> None:
    (tmp_path / "ok.txt").write_text(CHAT)
    (tmp_path / name).write_text(f"file{separator}agent_id\nok.txt{separator}7\n")
    (call,) = taken(tmp_path).calls
    assert call.agent_id == "7"


@pytest.mark.parametrize(
    ("on_disk", "written"),
    [
        ("a b.txt", "a%20b.txt"), ("a%20b.txt", "a%20b.txt"), ("call-7.txt", "call-7"), ("b.txt ", "b.txt"), ("😀 call.txt", "😀 call.txt"), ("-x.txt", "-x.txt"),
        ("A.TXT", "a.txt"),
    ],
)  # fmt: skip
def test_names_as_platforms_write_them_find_their_files(tmp_path: Path, on_disk: str, written: str) -> None:
    (tmp_path / on_disk).write_text(CHAT)
    (tmp_path / "calls.csv").write_text(f"file,agent_id\n{written},7\n")
    intake = taken(tmp_path)
    assert [(Path(call.source_uri).name, call.agent_id) for call in intake.calls] == [(on_disk, "7")]
    assert intake.unavailable == ()


def test_a_name_without_its_ending_that_fits_two_files_names_neither(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nAgent: Hi.\n")
    (tmp_path / "calls.csv").write_text("file,agent_id\na,7\n")
    assert [missing.message.rpartition("/")[2] for missing in taken(tmp_path).unavailable] == ["a is not there."]


@pytest.mark.parametrize("written", ["'a.txt'", "“a.txt”"])
def test_a_name_in_quotes_of_another_kind_is_told(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "calls.csv").write_text(f"file,agent_id\n{written},7\n")
    (missing,) = taken(tmp_path).unavailable
    assert 'cells are quoted by ", or not at all' in missing.advice


def test_two_files_of_one_name_and_content_are_told_by_their_paths(tmp_path: Path) -> None:
    for folder in ("day1", "day2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(CHAT)
    (warning,) = taken(tmp_path).warnings
    assert "day2/a.txt is the same text as" in warning
    assert "day1/a.txt; it is one call" in warning


def test_what_nobody_sees_in_a_cell_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "calls.csv").write_bytes(b"file,agent_id\r\na.txt,7\x00\r\n\x1a")
    intake = taken(tmp_path)
    assert [call.agent_id for call in intake.calls] == ["7"]
    assert intake.unavailable == ()


def test_a_server_that_cannot_be_reached_is_tried_again_and_a_file_it_does_not_have_is_not() -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    with pytest.raises(ReadFailed, match="could not be read"):
        sha256_of(f"http://127.0.0.1:{port}/a.wav")

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(RecordingError, match="is not there"):
            sha256_of(f"http://127.0.0.1:{server.server_port}/a.wav")
        server.shutdown()
