"""Work that a page starts: told, kept, stopped, refused, and what a process leaves that dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from pickle import PicklingError

import pytest

from qa_pipeline.errors import Fault, InputRefused, RubricError
from qa_pipeline.running.jobs import Jobs, State, Tell


def add(tell: Tell, a: int, b: int) -> tuple[int, int]:
    tell(1, 2)
    return a + b, os.getpid()


def refuse(tell: Tell) -> None:
    raise RubricError("Nothing there.", faults=[Fault(path="a.yaml", line=3, message="wrong")])


def die(tell: Tell) -> None:
    os._exit(3)


def wait_for_ever(tell: Tell, mark: str) -> None:
    tell(3, 10)
    try:
        while True:
            time.sleep(0.05)
    finally:
        Path(mark).write_text("tidied", "utf-8")


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    several = Jobs()
    yield several
    several.close()


def test_what_a_job_returns_is_kept_and_the_next_has_the_same_process(jobs: Jobs) -> None:
    first, second = (jobs.start("mei", f"sum {n}", add, n, 1) for n in (1, 2))
    a, b = (jobs.look("mei", job.number, wait_seconds=900) for job in (first, second))
    assert (a.state, a.done, a.total, a.result[0], b.result[0]) == (State.DONE, 1, 2, 2, 3)
    assert a.result[1] == b.result[1] != os.getpid()


def test_an_error_of_the_programs_own_is_told_with_its_faults(jobs: Jobs) -> None:
    job = jobs.look("mei", jobs.start("mei", "refused", refuse).number, wait_seconds=900)
    assert (job.state, job.message, job.faults[0].line) == (State.FAILED, "Nothing there.", 3)


def test_a_process_that_dies_takes_its_job_along_and_no_other(jobs: Jobs) -> None:
    died = jobs.start("mei", "dies", die)
    after = jobs.start("mei", "after", add, 2, 2)
    assert jobs.look("mei", died.number, wait_seconds=900).message == "The process that worked on it ended."
    assert jobs.look("mei", after.number, wait_seconds=900).result[0] == 4


def test_a_stopped_job_tidies_up_and_what_waits_goes_on(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start("mei", "long", wait_for_ever, str(tmp_path / "mark"))
    while not jobs.look("mei", job.number).done:
        time.sleep(0.02)
    waits = jobs.start("piotr", "waits", add, 5, 5)
    assert jobs.look("piotr", waits.number).state is State.WAITING
    assert jobs.stop("mei", job.number).state is State.STOPPED
    assert jobs.look("piotr", waits.number, wait_seconds=900).result[0] == 10
    assert (tmp_path / "mark").read_text("utf-8") == "tidied"


def test_a_job_that_is_stopped_while_its_process_is_being_started_ends(tmp_path: Path) -> None:
    jobs = Jobs()
    job = jobs.start("mei", "long", wait_for_ever, str(tmp_path / "mark"))
    # It counts as worked on before its process is there.
    while jobs.look("mei", job.number).state is State.WAITING:
        time.sleep(0.001)
    jobs.close()
    assert jobs.look("mei", job.number).state is State.STOPPED


def test_of_one_name_the_last_counts(jobs: Jobs, tmp_path: Path) -> None:
    earlier = jobs.start("mei", "cases", wait_for_ever, str(tmp_path / "mark"))
    later = jobs.start("mei", "cases", add, 1, 1)
    assert jobs.look("mei", earlier.number).state is State.STOPPED
    assert jobs.look("mei", later.number, wait_seconds=900).result[0] == 2


def test_what_takes_too_long_is_stopped_and_told_and_what_waits_goes_on(tmp_path: Path) -> None:
    jobs = Jobs(most_seconds=2.0)
    try:
        hung = jobs.start("mei", "hangs", wait_for_ever, str(tmp_path / "mark"))
        after = jobs.start("rolf", "sum", add, 1, 1)
        told = jobs.look("mei", hung.number, wait_seconds=900)
        assert told.state is State.FAILED and "longer than" in told.message and "fewer" in told.advice
        assert jobs.look("rolf", after.number, wait_seconds=900).is_over
    finally:
        jobs.close()


def test_nobody_sees_anothers_job(jobs: Jobs) -> None:
    job = jobs.start("mei", "mine", add, 1, 1)
    with pytest.raises(InputRefused, match="not known"):
        jobs.look("piotr", job.number)
    with pytest.raises(InputRefused, match="not known"):
        jobs.stop("piotr", job.number)
    assert all(one.owner == "piotr" for one in jobs.list("piotr"))


def test_what_cannot_be_handed_over_is_told_at_once_and_stops_nothing_else(jobs: Jobs) -> None:
    with pytest.raises((AttributeError, PicklingError)):
        jobs.start("mei", "nameless", lambda tell: 1)
    assert jobs.look("mei", jobs.start("mei", "after", add, 3, 3).number, wait_seconds=900).result[0] == 6


def test_nothing_is_taken_that_would_wait_for_ever() -> None:
    ended = Jobs()
    ended.close()
    with pytest.raises(InputRefused, match="ending"):
        ended.start("mei", "late", add, 1, 1)
