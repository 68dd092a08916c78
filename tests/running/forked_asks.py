"""Nights that ask a language model and are killed at a step, in processes that begin with all loaded."""

from __future__ import annotations

import os
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from qa_pipeline.running import ask_journal, asking
from tests.forked import forking
from tests.running.test_ask_nights import run_of, settings_for

# Where a night may be killed: what stands in the place of a step, and does it first or not at all.
STEPS: dict[str, tuple[Any, str, bool]] = {
    "an answer has just been kept": (ask_journal.Journal, "keep", True),
    "before the answers are committed": (ask_journal, "write_replies", False),
    "after they are committed": (ask_journal, "write_replies", True),
    "after what was kept is let go": (ask_journal.Journal, "drop", True),
    "before the calls are scored anew": (asking, "_score_anew", False),
    "after the calls are scored anew": (asking, "_score_anew", True),
}


def begin_night(folder: Path, url: str, step: str | None = None, **values: Any) -> ForkServerProcess:
    """A night over a root under a folder that kills itself at a step; without one it goes on to its end."""
    process: ForkServerProcess = forking().Process(target=_ask, args=(str(folder), url, step, values))
    process.start()
    return process


def _ask(folder: str, url: str, step: str | None, values: dict[str, Any]) -> None:
    if step is not None:
        place, name, is_done = STEPS[step]
        whole = getattr(place, name)

        def killed(*given: Any, **more: Any) -> None:
            if is_done:
                whole(*given, **more)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(place, name, killed)
    asking.ask_tonight(run_of(settings_for(Path(folder), url, **values)))
