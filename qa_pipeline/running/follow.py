"""The index of calls and the effective scores brought up with what a run committed, so that the next list does not wait for it.

Whoever reads a list brings it up too (reading/follow.py): a database that is busy or away costs this run nothing but a line.
"""

from __future__ import annotations

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.review.opening import follow
from qa_pipeline.running.progress import Event
from qa_pipeline.running.run import Run


def bring_up_lists(run: Run) -> None:
    """Take what was committed into the index of calls, and under what people decided; what hinders it is told as an event `stage`."""
    try:
        follow(run.settings, run.store)
    except EnvironmentNotReady as error:
        run.on_event(Event(kind="stage", text=f"The lists of calls are brought up when they are next asked for: {error.message}"))
