"""Hashes of files that were read before."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings import known_files
from qa_pipeline.recordings.known_files import KnownFiles


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that were really read."""
    found: list[str] = []
    real = known_files.sha256_of

    def counted(uri: str) -> str:
        found.append(uri)
        return real(uri)

    monkeypatch.setattr(known_files, "sha256_of", counted)
    return found


def old_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    os.utime(path, (time.time() - 100, time.time() - 100))
    return str(path)


def test_a_file_that_stayed_is_read_once_also_by_the_next_run(tmp_path: Path, read: list[str]) -> None:
    uri = old_file(tmp_path / "a.wav", b"sound")
    for _ in range(2):
        known = KnownFiles(tmp_path / "cache" / "files.sqlite")
        assert [known.sha256(uri), known.sha256(uri)] == [sha256(b"sound").hexdigest()] * 2
    assert read == [uri]


def test_a_file_that_changed_is_read_again(tmp_path: Path, read: list[str]) -> None:
    known = KnownFiles(tmp_path / "files.sqlite")
    uri = old_file(tmp_path / "a.wav", b"sound")
    known.sha256(uri)
    os.utime(uri, (time.time() - 50, time.time() - 50))
    known.sha256(uri)
    old_file(tmp_path / "a.wav", b"other")
    assert known.sha256(uri) == sha256(b"other").hexdigest()
    assert len(read) == 3


def test_what_changed_a_moment_ago_is_not_trusted(tmp_path: Path, read: list[str]) -> None:
    known = KnownFiles(tmp_path / "files.sqlite")
    (tmp_path / "a.wav").write_bytes(b"sound")
    for _ in range(2):
        known.sha256(str(tmp_path / "a.wav"))
    assert len(read) == 2


def test_it_does_without_a_database_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    uri = old_file(tmp_path / "a.wav", b"sound")
    assert KnownFiles(tmp_path / "file" / "files.sqlite").sha256(uri) == sha256(b"sound").hexdigest()
    (tmp_path / "bad.sqlite").write_bytes(b"this is no database" * 100)
    assert KnownFiles(tmp_path / "bad.sqlite").sha256(uri) == sha256(b"sound").hexdigest()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is not there"):
        KnownFiles(tmp_path / "files.sqlite").sha256(str(tmp_path / "none.wav"))
