"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.whole_file import replacing, write_whole
from tests.full_disk import full_disk


def test_a_file_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b.txt", "您好\r\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "您好\r\n".encode()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(EnvironmentNotReady, match=r"a\.txt could not be written: File too large\. Check space"), full_disk():
        write_whole(path, "new" * 100)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_goes_wrong_while_it_is_written_leaves_the_old_file_too(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path) as part:
        part.write_text("half")
        raise KeyError
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    for name, age in (("a.txt.1.1.part", 7200), ("a.txt.2.2.part", 10), ("b.txt.1.1.part", 7200)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    write_whole(tmp_path / "a.txt", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "a.txt.2.2.part", "b.txt.1.1.part"]


def test_rights_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)


def test_what_is_no_file_is_written_to_as_it_is() -> None:
    write_whole(Path(os.devnull), "nothing")
    assert not Path(os.devnull).is_file()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentNotReady, match="could not be written"):
        write_whole(tmp_path / "file" / "a.txt", "new")
