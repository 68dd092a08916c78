"""Recordings that arrive during the day: look at the sources again and again, take what has stayed as it is for a while.

One process with warm models. Each look is a run of its own: what is done is skipped, what is broken is listed once. Memory and open files do not grow
with the looks: nothing is kept between them but the size and time of files that are still arriving.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.recordings.ingest import Defaults, ingest
from qa_pipeline.recordings.known_files import KnownFiles
from qa_pipeline.recordings.sources import file_state, recordings_in
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running import engine
from qa_pipeline.running.isolation import LISTENING, Worker, Workers
from qa_pipeline.settings import Settings


@dataclass(slots=True)
class Arrivals:
    """Which files are still arriving. A file is taken when it has stayed as it is for `settle_seconds`, seen by this process's own clock."""

    settle_seconds: float
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)

    def look(self, states: Mapping[str, object]) -> set[str]:
        """Files that must wait. `states`: of every file, whatever changes when it is written to."""
        now = self.clock()
        for path in self._seen.keys() - states.keys():
            del self._seen[path]
        growing = set()
        for path, state in states.items():
            before = self._seen.get(path)
            if before is None or before[0] != state:
                self._seen[path] = (state, now)
            if now - self._seen[path][1] < self.settle_seconds:
                growing.add(path)
        return growing


@dataclass(slots=True)
class Watcher:
    """Looks at sources every `interval` seconds until `stop` is set. `told`: of every look that did something, and of what went wrong."""

    sources: Sequence[str]
    defaults: Defaults
    settings: Settings
    store: Store
    rubrics: Mapping[str, Rubric]
    interval: float
    worker: Worker = LISTENING
    stop: threading.Event = field(default_factory=threading.Event)

    def run(
        self,
        *,
        report: engine.Report = lambda event: None,
        ended: Callable[[engine.Summary], None] = lambda summary: None,
        wrong: Callable[[str], None] = lambda text: None,
    ) -> int:
        """Watch until told to stop. Returns how many looks there were. What makes one look impossible is told, and the next is tried."""
        arrivals = Arrivals(self.settings.settle_seconds)
        known = KnownFiles(self.settings.work / "files.sqlite")
        looks, last_wrong, listed = 0, "", frozenset[str]()
        pace = self.settings.pace(is_stopped=self.stop.is_set)
        with Workers(self.settings, worker=self.worker) as workers:
            while not self.stop.is_set():
                looks += 1
                began = time.monotonic()
                try:
                    growing = arrivals.look({path: file_state(path) for path in recordings_in(self.sources)})
                    intake = ingest(self.sources, self.defaults, hash_of=known.sha256, growing=growing, quiet=True)
                    plan = engine.plan(intake, self.settings, self.store, self.rubrics, purpose="official")
                    # What is not there, or failed for good, is told once and not at every look.
                    plan = replace(plan, unavailable=tuple(u for u in plan.unavailable if u.source_uri not in listed), known_failures=())
                    if plan.listen or plan.rescore or plan.redescribe or plan.unavailable:
                        summary = engine.run(
                            plan, self.settings, self.store, self.rubrics, purpose="official", report=report, pace=pace, workers=workers
                        )
                        listed |= frozenset(u.source_uri for u in plan.unavailable)
                        ended(summary)
                    last_wrong = ""
                except (InputRefused, EnvironmentNotReady, OSError) as error:
                    if str(error) != last_wrong:
                        wrong(str(error))
                    last_wrong = str(error)
                self.stop.wait(max(0.0, self.interval - (time.monotonic() - began)))
        return looks
