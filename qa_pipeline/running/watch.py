"""Recordings that arrive during the day: look at the sources again and again, take what has stayed as it is for a while.

One process with warm models. Each look is a run of its own: what is done is skipped, what is broken is listed once. Memory and open files do not grow
with the looks: nothing is kept between them but the size and time of files that are still arriving, and when a language model was asked last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.recordings.joins import without_others
from qa_pipeline.recordings.sources import file_state, recordings_in
from qa_pipeline.running.asking import AskSummary, ask_meanwhile
from qa_pipeline.running.listen import open_workers
from qa_pipeline.running.night import Night, carry_out_night, known_files
from qa_pipeline.running.observe import RunMetrics
from qa_pipeline.running.pace import pace_of
from qa_pipeline.running.record import Summary
from qa_pipeline.running.run import Run

# How many times as long a file waits whose name says that another belongs to it: recorders write both parties at once. Chosen.
_PATIENCE = 10
# So long nobody looks for open questions again where none came with new calls, and nobody is asked after a misfortune. Chosen.
_QUIET_SECONDS = 900.0


@dataclass(slots=True)
class Arrivals:
    """Which files are still arriving. A file is taken when it has stayed as it is for `settle_seconds`, seen by this process's own clock; one that may
    be joined with others that are not there yet, when it has waited for them ten times as long.
    """

    settle_seconds: float
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)

    def look(self, states: Mapping[str, object], without_others: Set[str] = frozenset()) -> set[str]:
        """Files that must wait. `states`: of every file, whatever changes when it is written to; `without_others`: files that others may belong to."""
        now = self.clock()
        for path in self._seen.keys() - states.keys():
            del self._seen[path]
        growing = set()
        for path, state in states.items():
            before = self._seen.get(path)
            if before is None or before[0] != state:
                self._seen[path] = (state, now)
            patience = _PATIENCE if path in without_others else 1
            if now - self._seen[path][1] < self.settle_seconds * patience:
                growing.add(path)
        return growing


@dataclass(slots=True)
class Asking:
    """When watch mode asks a language model: after every look that brought calls, else now and then; after a misfortune not for a while."""

    clock: Callable[[], float] = time.monotonic
    _next: float = 0.0
    _not_before: float = 0.0

    def is_due(self, *, has_news: bool) -> bool:
        """Whether to ask now. `has_news`: calls were scored just now."""
        now = self.clock()
        return now >= self._not_before and (has_news or now >= self._next)

    def note(self, asked: AskSummary | None) -> None:
        """Hear what came of it; None: nothing was open, or the day's budget is spent."""
        now = self.clock()
        self._next = now if asked and asked.left and asked.requests else now + _QUIET_SECONDS
        if asked and asked.failures:
            self._not_before = now + _QUIET_SECONDS


@dataclass(slots=True)
class Watcher:
    """Looks at the sources of a night every `interval` seconds until `stop` is set; every look that finds something is a run of its own."""

    night: Night
    run: Run
    interval: float
    metrics: RunMetrics | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(
        self,
        *,
        on_summary: Callable[[Summary], None] = lambda summary: None,
        on_warning: Callable[[str], None] = lambda text: None,
        on_asked: Callable[[AskSummary], None] = lambda summary: None,
    ) -> int:
        """Watch until told to stop. Returns how many looks there were. What makes one look impossible is told once, and the next is tried.

        A look is followed by questions to the language model for as long as looks are apart, so that new recordings do not wait for it.
        """
        settings = self.run.settings
        arrivals, asking = Arrivals(settings.settle_seconds), Asking()
        known = known_files(settings)
        looks, last_wrong, listed, told = 0, "", frozenset[str](), frozenset[str]()
        with open_workers(self.run.workers, settings) as workers:
            run = replace(self.run, workers=workers, pace=pace_of(settings, is_stopped=self.stop.is_set))
            while not self.stop.is_set():
                looks += 1
                began = time.monotonic()
                try:
                    files = recordings_in(self.night.sources, raw=self.night.defaults.raw)
                    alone = without_others(files) if self.night.defaults.join else set()
                    growing = arrivals.look({path: file_state(path) for path in files}, alone)
                    run = run.anew()
                    plan = replace(self.night, growing=growing, is_quiet=True).plan(run, checks=False, known=known)
                    for warning in plan.warnings:
                        if warning not in told:
                            on_warning(warning)
                    told = frozenset(plan.warnings)
                    # What is not there, or failed for good, is told once and not at every look.
                    plan = replace(plan, unavailable=tuple(u for u in plan.unavailable if u.source_uri not in listed), known_failures=())
                    if plan.has_work or plan.unavailable:
                        carry_out_night(
                            plan,
                            run,
                            on_summary=on_summary,
                            on_warning=on_warning,
                            metrics=self.metrics,
                            finds_recordings=False,
                            asks=False,
                        )
                        listed |= frozenset(u.source_uri for u in plan.unavailable)
                    if asking.is_due(has_news=plan.has_work):
                        asked = ask_meanwhile(run.anew(), seconds=self.interval)
                        asking.note(asked)
                        if asked:
                            on_asked(asked)
                    last_wrong = ""
                except (InputRefused, EnvironmentNotReady, OSError) as error:
                    if str(error) != last_wrong:
                        on_warning(str(error))
                    last_wrong = str(error)
                self.stop.wait(max(0.0, self.interval - (time.monotonic() - began)))
        return looks
