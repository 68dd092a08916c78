"""Worker processes: fresh ones, each begun in the same way, that end without a word on the terminal.

What works in them is imported by who gives them work; this module loads nothing heavy, because every process loads it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pebble import ProcessPool

# Before all that is given back when a process ends (multiprocessing's own have 0 to 10).
_FIRST_AT_EXIT = 1000


def prepare_process() -> None:
    """What every worker process does first: leave Ctrl-C to the parent, and be the one that the system ends when memory runs out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    except OSError:
        return


@contextmanager
def worker_pool(count: int, start: Callable[..., None], *arguments: Any) -> Iterator[ProcessPool]:
    """`count` fresh processes, each begun with `start(*arguments)`; waited for at the end, stopped when anything goes wrong."""
    pool = begin_pool(count, start, *arguments)
    try:
        yield pool
    except BaseException:
        end_pool(pool, at_once=True)
        raise
    end_pool(pool, at_once=False)


def begin_pool(count: int, start: Callable[..., None], *arguments: Any) -> ProcessPool:
    """`count` processes, each to be begun with `start(*arguments)`. Whoever begins them ends them (`end_pool`)."""
    from pebble import ProcessPool

    return ProcessPool(max_workers=count, initializer=_start_process, initargs=(start, *arguments), context=get_context("spawn"))


def _start_process(start: Callable[..., None], *arguments: Any) -> None:
    # The pool asks each process to end twice, by its pipe and by a signal. Once it is on its way out, a signal must not cut that short: semaphores that
    # it did not give back would be told of on the terminal when everything has long ended well.
    Finalize(None, signal.signal, args=(signal.SIGTERM, signal.SIG_IGN), exitpriority=_FIRST_AT_EXIT)
    start(*arguments)


def end_pool(pool: ProcessPool, *, at_once: bool) -> None:
    """Let processes finish what they have, or stop them `at_once`; waits until they are gone."""
    if at_once:
        pool.stop()  # type: ignore[no-untyped-call]  # pebble is typed in part
    else:
        pool.close()  # type: ignore[no-untyped-call]  # as above
    pool.join()
