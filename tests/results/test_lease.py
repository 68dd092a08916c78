"""Who may write: one at a time, a dead holder is followed, a living one is waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.results import lease
from qa_pipeline.results.lease import Claims, Lock
from tests.full_disk import full_disk

HOLD = """
import sys, time
from qa_pipeline.results.lease import Claims, Lock
with Lock(sys.argv[1]), Claims(sys.argv[1], "theirs").hold(["c1", "c2"]):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(root: Path) -> subprocess.Popen[str]:
    """Another process that has the lock and two claims."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_threads_write_one_after_the_other(tmp_path: Path) -> None:
    inside, most, done = 0, 0, []

    def write(number: int) -> None:
        nonlocal inside, most
        with Lock(str(tmp_path)):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1
            done.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, sorted(done)) == (1, list(range(8)))


def test_who_has_it_may_enter_again(tmp_path: Path) -> None:
    lock = Lock(str(tmp_path))
    with lock, lock:
        pass
    with Lock(str(tmp_path), patience_seconds=600.0):
        pass


def test_a_dead_holder_is_followed_at_once_and_its_claims_are_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its silence cannot be what lets others in.
    monkeypatch.setattr(lease, "_SILENT_SECONDS", 1e9)
    process = holder(tmp_path)
    assert Claims(str(tmp_path), "mine").others() == {"c1", "c2"}
    assert [working.run_id for working in Claims(str(tmp_path), "mine").living()] == ["theirs"]
    end(process)
    with Lock(str(tmp_path)):
        pass
    assert Claims(str(tmp_path), "mine").others() == set()


def test_a_living_holder_is_waited_for_and_named(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(EnvironmentNotReady, match=f"process {process.pid} on"), Lock(str(tmp_path), patience_seconds=0.5):
            pass
    finally:
        end(process)


def test_a_holder_on_another_machine_is_followed_when_it_falls_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "_leases" / "commit"
    folder.mkdir(parents=True)
    elsewhere = {"machine": "elsewhere/1", "pid": 1, "started": 0.0, "state": "held", "beat": 3}
    (folder / "000000000004.json").write_text(json.dumps(elsewhere))
    with pytest.raises(EnvironmentNotReady, match="process 1 on elsewhere"), Lock(str(tmp_path), patience_seconds=0.3):
        pass
    monkeypatch.setattr(lease, "_SILENT_SECONDS", 0.2)
    with Lock(str(tmp_path), patience_seconds=600.0):
        assert sorted(path.name for path in folder.iterdir())[-1] == "000000000005.json"


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_file_that_a_crash_left_empty_is_followed(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_SILENT_SECONDS", 0.2)
    folder = tmp_path / "_leases" / "commit"
    folder.mkdir(parents=True)
    (folder / "000000000001.json").write_text(content)
    with Lock(str(tmp_path), patience_seconds=600.0):
        pass


def test_a_holder_says_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_BEAT_SECONDS", 0.05)
    with Lock(str(tmp_path)):
        deadline, told = time.monotonic() + 600, {"beat": 0}
        while told["beat"] < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
            told = json.loads((tmp_path / "_leases" / "commit" / "000000000001.json").read_text())
        assert (told.get("pid"), told["beat"] >= 2) == (os.getpid(), True)
    assert json.loads((tmp_path / "_leases" / "commit" / "000000000001.json").read_text()) == {"state": "released"}


def test_who_cannot_say_that_it_has_it_no_more_waits_for_nobody_when_it_wants_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is full or read-only: a night would end 40 seconds later, after waiting for itself."""
    root = str(tmp_path)

    def fail(self: object, name: str, content: bytes) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched, Lock(root):
        patched.setattr(lease._Folder, "write", fail)
    # Who wants it while somebody of this process has it again waits as before.
    with Lock(root, patience_seconds=0.0), pytest.raises(EnvironmentNotReady, match="Another process has been writing"):
        Lock(root, patience_seconds=0.0)._acquire()
    process = holder(tmp_path)
    with pytest.raises(EnvironmentNotReady, match="Another process has been writing"), Lock(root, patience_seconds=0.0):
        pass
    end(process)


def test_old_numbers_do_not_gather(tmp_path: Path) -> None:
    for _ in range(lease._KEPT + 20):
        with Lock(str(tmp_path)):
            pass
    left = sorted(path.name for path in (tmp_path / "_leases" / "commit").iterdir())
    assert len(left) <= lease._KEPT + 1
    assert left[-1] == f"{lease._KEPT + 20:012d}.json"


def test_a_root_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentNotReady, match="cannot be written"), Lock(str(tmp_path / "file")):
        pass


def test_claims_end_with_their_block(tmp_path: Path) -> None:
    with Claims(str(tmp_path), "one").hold(["c1"]):
        assert Claims(str(tmp_path), "two").others() == {"c1"}
        assert Claims(str(tmp_path), "one").others() == set()
    assert Claims(str(tmp_path), "two").others() == set()


def test_a_claim_that_says_nothing_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_claims").mkdir()
    claim = tmp_path / "_claims" / "theirs.json"
    claim.write_text("")
    assert [(working.run_id, working.who) for working in Claims(str(tmp_path), "mine").living()] == [("theirs", "unknown")]
    looked = threading.Event()
    names = lease._Folder.names
    monkeypatch.setattr(lease._Folder, "names", lambda folder: (names(folder), looked.set())[0])

    def write_it() -> None:
        looked.wait()
        scratch = tmp_path / "written"
        scratch.write_text(json.dumps({**lease._myself(), "calls": ["c1"]}))
        scratch.replace(claim)

    writer = threading.Thread(target=write_it)
    writer.start()
    assert Claims(str(tmp_path), "mine").others() == {"c1"}
    writer.join()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_claim_that_a_crash_left_empty_holds_nobody_for_ever(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_SILENT_SECONDS", 0.2)
    (tmp_path / "_claims").mkdir()
    (tmp_path / "_claims" / "theirs.json").write_text(content)
    assert Claims(str(tmp_path), "mine").others() == set()
    assert list((tmp_path / "_claims").iterdir()) == []


def test_calls_that_cannot_be_claimed_are_not_begun(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="cannot be written"), full_disk(), Claims(str(tmp_path), "mine").hold(["c"] * 100):
        pass
