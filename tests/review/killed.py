"""A decision whose process kills itself at the entry or exit of a step. In a module of its own, to be begun from a process that has loaded it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from desks import reopen

import qa_pipeline.review.decide as deciding
import qa_pipeline.review.export as exporting
from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import Override

# Each function that changes something.
STEPS = ((deciding, "_write"), (exporting, "_write_lot"), (Store, "append_rows"), (exporting, "note_seen"))


def decide_until(steps: int, folder: Path) -> None:
    """Override a criterion of c1; killed after so many entries and exits of what changes something."""
    desk = reopen(folder)
    left = [steps]
    for owner, name in STEPS:
        _count(owner, name, left)
    deciding.decide(desk, local_viewer("Wu"), "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")


def _count(owner: Any, name: str, left: list[int]) -> None:
    plain = getattr(owner, name)

    def step() -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    def wrapped(*arguments: Any, **options: Any) -> Any:
        step()
        result = plain(*arguments, **options)
        step()
        return result

    setattr(owner, name, wrapped)
