"""How many processes of tests run side by side: what cores and memory allow."""

from __future__ import annotations

import os
from types import SimpleNamespace

import psutil
import pytest

from qa_pipeline.report.terminal import open_console

FAST = "not models and not browser and not prefect"


@pytest.mark.parametrize(
    ("cores", "free_gb", "marks", "processes"),
    [
        # One more than there are cores: with models they wait now and then.
        (2, 20, "", 3),
        (8, 22, "", 4),
        # Models of one process at a time, in this one.
        (8, 9, "", 0),
        (1, 64, "", 2),
        (2, 9, FAST, 2),
        (8, 3, FAST, 3),
        (4, 1, FAST, 0),
    ],
)
def test_as_many_as_cores_and_memory_allow(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, cores: int, free_gb: int, marks: str, processes: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free_gb * 1e9))
    asked = SimpleNamespace(option=SimpleNamespace(markexpr=marks, numprocesses="auto"))
    assert pytestconfig.hook.pytest_xdist_auto_num_workers(config=asked) == processes


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="concerns processes side by side")
def test_commands_print_as_wide_as_where_there_is_no_terminal() -> None:
    assert open_console().width == 170
