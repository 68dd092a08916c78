"""Every trouble that benchmarks/faults.py knows, on a small scale: nothing may be lost or doubled. Each says so itself where the trouble did not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.faults import SCENARIOS, STEPS, Bench, bench_of, kill_at
from tests.running.forked_nights import ForkedNight

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


def said(bench: Bench) -> str:
    log = bench.root / "log"
    return log.read_text("utf-8", "replace")[-3000:] if log.exists() else ""


@pytest.mark.parametrize("trouble", [name for name in SCENARIOS if not name.startswith("kill")])
def test_nothing_is_lost_or_doubled_whatever_happens_to_a_night(trouble: str) -> None:
    with bench_of(14, seed=0, is_here=True, begin_night=ForkedNight) as bench:
        try:
            wrong = SCENARIOS[trouble](bench, 1)
        except NotImplementedError as error:
            pytest.skip(str(error))
        assert wrong == [], said(bench)


@pytest.mark.parametrize("step", STEPS)
def test_a_night_killed_at_any_step_is_ended_by_the_next(step: str) -> None:
    with bench_of(10, seed=0, is_here=True, begin_night=ForkedNight) as bench:
        assert kill_at(bench, "run", step, is_again=step == "writing") == [], said(bench)


@pytest.mark.parametrize(
    ("what", "step"),
    [("run", "listening"), ("all", "committing"), ("worker", "starting"), ("worker", "listening")],
)
def test_a_night_whose_processes_are_killed_loses_nothing(what: str, step: str) -> None:
    with bench_of(10, seed=0, begin_night=ForkedNight) as bench:
        assert kill_at(bench, what, step) == [], said(bench)


class Ended:
    """A night that is over as soon as it is begun."""

    pid = 0

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.env = env

    def poll(self) -> int:
        return 0

    def wait(self, timeout: float | None = None) -> int:
        return 0

    def kill(self) -> None:
        raise AssertionError("there is nothing to kill")


def test_a_kill_that_finds_nothing_to_kill_is_told() -> None:
    with bench_of(1, seed=0, begin_night=Ended) as bench:
        assert "killed while writing: the night ended before it was killed while writing" in kill_at(bench, "worker", "writing")
