"""Processes of tests that are forked from one that has loaded what they need and done nothing: loading takes longer than what they are begun for."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext


def forking() -> ForkServerContext:
    """What such processes are made by. All that any of them needs is named here, as the first one has it loaded for good."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed", "tests.running.forked_nights", "tests.running.forked_asks"])
    return context
