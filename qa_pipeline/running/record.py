"""What a run leaves behind: conversations with their scores, committed every so many calls or seconds, and the row of the run.

Details are committed before heads, so that a run can be killed at any moment and repeated; a kill loses at most what waits here.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType

from qa_pipeline.call import Call, Conversation, Layout, Role
from qa_pipeline.conversation.put_right import put_right
from qa_pipeline.errors import CallFailed, WarningTexts
from qa_pipeline.results.decisions import role_corrections
from qa_pipeline.running.environment import code_version
from qa_pipeline.running.failures import Failure, listening_failure, write_failures
from qa_pipeline.running.plan import Plan
from qa_pipeline.running.progress import Event
from qa_pipeline.running.run import Run
from qa_pipeline.running.score import Assignment, Scored, Scoring, join_scored, score_assigned

# Of sound that is lost; less is an encoder's last frame.
_SHOWN_LOST_MS = 100
# A commit takes about as long for one call as for a hundred. A kill loses at most this much scoring, and no listening: that is kept by content.
_COMMIT_HEARD = 500
_COMMIT_STORED = 2_000
_COMMIT_SECONDS = 30.0
_FAILURES_SECONDS = 5.0
_SOURCES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsRead:
    """Calls of one source that were read as text, and those among them in which nobody is known to be the agent."""

    calls: int
    without_agent: int

    def __add__(self, other: TextsRead) -> TextsRead:
        return TextsRead(calls=self.calls + other.calls, without_agent=self.without_agent + other.without_agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did. Counts are calls. `texts`: by folder, or by file of many calls. `updated`: there already, with other metadata now. `left`: not begun before the deadline. `busy`: left to another run that works on them now."""

    run_id: str
    found: int
    processed: int
    scored: int
    skipped: int
    unscored: int
    failures: tuple[Failure, ...]
    seconds: float
    updated: int = 0
    left: int = 0
    busy: int = 0
    texts: Mapping[str, TextsRead] = field(default_factory=dict)

    @property
    def remarks(self) -> WarningTexts:
        """What a run as a whole shows: sources of text in which nobody's role is known."""
        sources = {source: read.calls for source, read in self.texts.items() if read.without_agent == read.calls}
        if not sources:
            return ()
        shown = ", ".join(f"{source} ({calls} call{'s' * (calls > 1)})" for source, calls in list(sources.items())[:_SOURCES_SHOWN])
        more = " …" if len(sources) > _SOURCES_SHOWN else ""
        return (
            f"Nobody is known to be the agent in {shown}{more}: what agents have to say is left undetermined there. The column agent_name, or "
            "--roles with the labels of the transcripts, says who is; without any labels, export them with speakers.",
        )

    @property
    def failed(self) -> int:
        """Calls that are not in the results."""
        return len(self.failures)

    @property
    def counts(self) -> dict[str, int]:
        """Calls by what came of them, as logs, artifacts and notifications tell it."""
        names = ("found", "processed", "scored", "updated", "skipped", "unscored", "failed", "left", "busy")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Tally:
    """Counts of a run under way."""

    processed: int = 0
    scored: int = 0
    unscored: int = 0
    updated: int = 0
    changed: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)
    without_agent: Counter[str] = field(default_factory=Counter)

    def read(self, conversation: Conversation) -> None:
        """Count one call that came as text by its source."""
        if conversation.layout is not Layout.TEXT or not conversation.utterances:
            return
        path, hash_sign, _ = conversation.call.source_uri.rpartition("#")
        source = path if hash_sign else conversation.call.source_uri.rpartition("/")[0] or "."
        self.texts[source] += 1
        self.without_agent[source] += all(u.role is not Role.AGENT for u in conversation.utterances)


def write_scored(scored: Scored, run: Run, tally: Tally, *, keep_details: bool) -> None:
    """Commit what came of scoring. `keep_details`: findings of scores that stand under another purpose are not written again."""
    if scored.tables:
        run.store.write_score_tables(scored.tables, keep_details=keep_details)
        tally.scored += len(scored.tables.scores)
    write_failures(run.store, scored.failures, run.run_id)
    tally.changed += scored.changed
    tally.unchanged += scored.unchanged
    tally.failures.extend(scored.failures)


class ScoredLots:
    """Lots of stored conversations that were scored. Use as a context: what waits is committed at its end, also on Ctrl-C."""

    def __init__(self, run: Run, tally: Tally) -> None:
        self._run, self._tally = run, tally
        self._waiting: list[Scored] = []
        self._count = 0
        self._last = time.monotonic()

    def __enter__(self) -> ScoredLots:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._commit()

    def add(self, scored: Scored) -> None:
        """Take one more lot."""
        self._waiting.append(scored)
        self._count += len(scored.tables.scores) if scored.tables else 0
        if self._count >= _COMMIT_STORED or time.monotonic() - self._last > _COMMIT_SECONDS:
            self._commit()

    def _commit(self) -> None:
        scored = join_scored(self._waiting)
        self._waiting, self._count = [], 0
        write_scored(scored, self._run, self._tally, keep_details=True)
        self._last = time.monotonic()


class HeardCalls:
    """Calls as they are listened to. Use as a context: what waits is committed with its scores at the end, also on Ctrl-C.

    `scoring`: None only keeps the conversations.
    """

    def __init__(self, plan: Plan, run: Run, scoring: Scoring | None, tally: Tally) -> None:
        self._plan, self._run, self._scoring, self._tally = plan, run, scoring, tally
        self._corrections = role_corrections(run.store)
        self._waiting: list[Conversation] = []
        self._last = time.monotonic()
        # The first failure is written at once, those that follow together: thousands of broken files are no thousands of commits.
        self._failed: list[Failure] = []
        self._last_failed = -math.inf
        self.done = 0

    def __enter__(self) -> HeardCalls:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._commit()
        self._commit_failures()

    def add(self, call: Call, outcome: Conversation | CallFailed) -> None:
        """Take what came of one more call."""
        self.done += 1
        kind, text = "done", ""
        if isinstance(outcome, Conversation):
            self._waiting.append(outcome)
            if (outcome.lost_ms or 0) >= _SHOWN_LOST_MS:
                damage = f"{(outcome.lost_ms or 0) / 1000:.1f} s of the recording are damaged or missing; the rest is heard."
                self._run.on_event(Event(kind="damaged", call_id=call.call_id, done=self.done, total=len(self._plan.listen), text=damage))
        else:
            kind, text = "failed", str(outcome)
            failure = listening_failure(call, outcome)
            self._tally.failures.append(failure)
            self._failed.append(failure)
        self._run.on_event(Event(kind=kind, call_id=call.call_id, done=self.done, total=len(self._plan.listen), text=text))
        if len(self._failed) >= _COMMIT_HEARD or (self._failed and time.monotonic() - self._last_failed > _FAILURES_SECONDS):
            self._commit_failures()
        if len(self._waiting) >= _COMMIT_HEARD or (self._waiting and time.monotonic() - self._last > _COMMIT_SECONDS):
            self._commit()

    def _commit_failures(self) -> None:
        write_failures(self._run.store, self._failed, self._run.run_id)
        self._failed.clear()
        self._last_failed = time.monotonic()

    def _commit(self) -> None:
        current = [put_right(c, self._corrections.get(c.call.call_id), self._run.settings) for c in self._waiting]
        # As heard first: the newest conversation of a call is the one that counts.
        both = [c for old, new in zip(self._waiting, current, strict=True) for c in ((old,) if new is old else (old, new))]
        self._run.store.write_conversations(both, run_id=self._run.run_id)
        if self._scoring:
            self._tally.unscored += score_at_hand(current, self._plan, self._run, self._scoring, self._tally)
        for conversation in current:
            self._tally.read(conversation)
        self._tally.processed += len(self._waiting)
        self._waiting.clear()
        self._last = time.monotonic()


def score_at_hand(conversations: Sequence[Conversation], plan: Plan, run: Run, scoring: Scoring, tally: Tally) -> int:
    """Score conversations by the rubric of each and commit that. Returns how many have no rubric."""
    closed = run.store.closed_periods() if conversations and run.purpose == "official" else ()
    assigned: list[tuple[Conversation, Assignment]] = []
    for conversation in conversations:
        if name := plan.rubric_of.get(conversation.call.call_id):
            purpose = "trial" if run.store.is_closed(conversation.call, closed) else run.purpose
            assigned.append((conversation, Assignment(name, purpose)))
    scored = score_assigned([conversation for conversation, _ in assigned], [assignment for _, assignment in assigned], scoring)
    write_scored(scored, run, tally, keep_details=False)
    return len(conversations) - len(assigned)


def write_run(summary: Summary, run: Run) -> None:
    """Add the row of `runs`."""
    row = {
        "run_id": summary.run_id, "started_at": run.started_at, "finished_at": datetime.now(UTC), "found": summary.found,
        "processed": summary.processed, "scored": summary.scored, "skipped": summary.skipped, "updated": summary.updated, "failed": summary.failed,
        "unscored": summary.unscored, "left": summary.left, "busy": summary.busy, "code_version": code_version(),
    }  # fmt: skip
    run.store.write_rows("runs", [row])
