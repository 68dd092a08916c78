"""What a server does beside its pages: the tables hear of decisions without anybody waiting for it, and nothing is left at the end."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note
from qa_pipeline.review.desk import Desk
from qa_pipeline.web import serving

# Far more than any machine needs.
PATIENCE = 900.0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


def noted(desk: Desk) -> int:
    return len(rows(desk.store, "select * from decisions"))


def say(desk: Desk, text: str) -> None:
    decide(desk, local_viewer(None), "c1", Note(moment_ms=0), reason=text)


def test_the_tables_hear_of_a_decision_soon_after_it(desk: Desk) -> None:
    with serving.exporting(desk) as served:
        say(served, "one")
        until = time.monotonic() + PATIENCE
        while not noted(desk) and time.monotonic() < until:
            time.sleep(0.01)
        assert noted(desk) == 1


def test_whoever_decides_does_not_wait_and_nothing_is_left_at_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    is_free = threading.Event()
    write = serving.export

    def held_up(of: Desk) -> int:
        is_free.wait(PATIENCE)
        return write(of)

    monkeypatch.setattr(serving, "export", held_up)
    with serving.exporting(desk) as served:
        for text in ("one", "two", "three"):
            say(served, text)
        assert noted(desk) == 0
        is_free.set()
    assert noted(desk) == 3


def test_a_disk_that_is_full_for_a_while_is_told_once_and_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, tried = serving.export, threading.Semaphore(0)
    is_full = True

    def on_full_disk(of: Desk) -> int:
        tried.release()
        if is_full:
            raise OSError(28, "No space left on device")
        return write(of)

    monkeypatch.setattr(serving, "export", on_full_disk)
    monkeypatch.setattr(serving, "_LOOK_SECONDS", 0.01)
    with serving.exporting(desk) as served:
        say(served, "one")
        for _ in range(3):
            assert tried.acquire(timeout=PATIENCE)
        assert noted(desk) == 0
        is_full = False
    assert noted(desk) == 1
    assert [record.message.partition(":")[0] for record in caplog.records] == ["exporting is behind and goes on trying"]


def test_what_stays_out_of_searches_for_unused_objects_is_let_go_at_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries tell it as leaks otherwise, when whoever runs `serve` stops it."""
    is_frozen, freeze = threading.Event(), gc.freeze

    def noted_freeze() -> None:
        freeze()
        is_frozen.set()

    monkeypatch.setattr(gc, "freeze", noted_freeze)
    before = gc.get_freeze_count()
    with serving._made_ready(desk):
        assert is_frozen.wait(PATIENCE)
        assert gc.get_freeze_count() > before
    assert gc.get_freeze_count() == 0


# Twelve threads take a little memory at the same time, and glibc is asked how many heaps there are.
_HEAPS = """
import ctypes, sys, threading
from qa_pipeline.web.heaps import hold_memory_together
if sys.argv[2] == "together":
    hold_memory_together()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
libc.fopen.restype, libc.fopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p]
libc.malloc_info.argtypes, libc.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
everybody = threading.Barrier(12)
def work():
    everybody.wait()
    block = libc.malloc(50_000)
    everybody.wait()
    libc.free(block)
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
written = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, written)
libc.fclose(written)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Another C library has other heaps.")
def test_threads_of_a_server_share_their_heaps(tmp_path: Path) -> None:
    heaps = {}
    for how in ("together", "apart"):
        told = tmp_path / how
        subprocess.run([sys.executable, "-c", _HEAPS, str(told), how], check=True, env={"PYTHONPATH": ":".join(sys.path)})
        heaps[how] = told.read_text("utf-8").count("<heap nr=")
    assert heaps["together"] <= 2 < heaps["apart"], heaps
