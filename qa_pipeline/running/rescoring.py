"""Scoring stored calls again by the rubrics as they are now. What the `rescore` command and flow drive, and corrections.

Old scores stay beside the new ones. What has a score by the same rubric and the same scoring is left out, so that a run can be killed at any moment and repeated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qa_pipeline.errors import WarningTexts
from qa_pipeline.reading.stored import Selection, counting_scores, selected_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.heard import call_from_row, judged_now
from qa_pipeline.results.versions import Choices, RubricsInForce, freeze, rubrics_in_force
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.failures import Failure
from qa_pipeline.running.follow import bring_up_lists
from qa_pipeline.running.lots import score_stored
from qa_pipeline.running.plan import StandingScores
from qa_pipeline.running.progress import Event
from qa_pipeline.running.record import ScoredLots, Summary, Tally, write_run
from qa_pipeline.running.run import Run
from qa_pipeline.running.score import Assignment, Scoring
from qa_pipeline.running.scorecards import ready_scorecards


@dataclass(frozen=True, slots=True, kw_only=True)
class RescorePlan:
    """What is going to be scored. `standing`: calls that have the score already. `closed`: of the assignments, how many are trials because
    their period is closed.

    An assignment names a current rubric by id, or by `ID@VERSION` one in `older` that was in force when the call was made.
    """

    assignments: Mapping[str, Assignment]
    standing: int
    unscored: int
    closed: int
    older: Mapping[str, Rubric] = field(default_factory=dict)
    warnings: WarningTexts = ()

    @property
    def found(self) -> int:
        """Calls selected."""
        return len(self.assignments) + self.standing + self.unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreSummary:
    """What was scored. Counts are calls. `changed`: some criterion's outcome differs from the score that counted before; `unchanged`: none does."""

    run_id: str
    found: int
    scored: int
    changed: int
    unchanged: int
    standing: int
    unscored: int
    closed: int
    failures: tuple[Failure, ...]
    seconds: float


def plan_rescoring(run: Run, *, select: Selection, named: str | None = None, by_path: bool = False) -> RescorePlan:
    """Decide what is scored by which rubric: the metadata's, else `named`, else the one that applies; in the version of the call's day.

    `by_path`: the rubrics are one file that is being tried; calls that name another one are none of its business. A call whose rubric
    cannot be told is left unscored, and the warnings say why.
    """
    store = run.store
    # A file that is tried is tried on every call, whatever was in force when it was made.
    in_force = RubricsInForce(current=run.rubrics, older={}) if by_path else rubrics_in_force(run.rubrics, store)
    scores, closed_periods, counting = (
        StandingScores(store, in_force.rubrics, run.settings),
        store.closed_periods(),
        counting_scores(store, MACHINE),
    )
    assignments: dict[str, Assignment] = {}
    choices = Choices(in_force)
    standing = unscored = closed = 0
    for row in selected_calls(store, MACHINE, select):
        identity, call = row["conversation_id"], call_from_row(row)
        is_foreign = by_path and call.rubric not in (None, *run.rubrics)
        rubric = None if is_foreign else choices.key_for(replace(call, rubric=call.rubric or named))
        if rubric is None:
            unscored += 1
            continue
        is_closed = run.purpose == "official" and store.is_closed(call, closed_periods)
        if scores.has(identity, rubric, judged_now(row), purpose=run.purpose, is_closed=is_closed):
            standing += 1
            continue
        closed += is_closed
        earlier = counting.get((call.call_id, in_force.rubrics[rubric].id))
        assignments[identity] = Assignment(rubric, "trial" if is_closed else run.purpose, earlier)
    return RescorePlan(
        assignments=assignments, standing=standing, unscored=unscored, closed=closed, older=in_force.older, warnings=choices.warnings
    )


def rescore(plan: RescorePlan, run: Run, *, workers: int | None = None) -> RescoreSummary:
    """Carry out a plan. `workers`: processes, by default one for each processor; 0 is this process."""
    began = time.monotonic()
    tally = Tally()
    if plan.assignments:
        known = {**run.rubrics, **plan.older}
        used = {name: known[name] for name in dict.fromkeys(one.rubric for one in plan.assignments.values())}
        official = dict.fromkeys(one.rubric for one in plan.assignments.values() if one.purpose == "official")
        freeze([known[name] for name in official], run.store, folder=run.settings.rubrics)
        scorecards = ready_scorecards(used, run.settings, on_event=run.on_event)
        scoring = Scoring(scorecards=scorecards, run_id=run.run_id, timezone=run.settings.timezone, cache=run.settings.cache)
        processes = (os.cpu_count() or 1) if workers is None else workers
        done = 0
        with ScoredLots(run, tally) as lots:
            stored = score_stored(plan.assignments, scoring, run.settings, run.store, workers=processes, on_event=run.on_event)
            for size, scored in stored:
                lots.add(scored)
                done += size
                run.on_event(Event(kind="done", done=done, total=len(plan.assignments)))
    summary = RescoreSummary(
        run_id=run.run_id, found=plan.found, scored=tally.scored, changed=tally.changed, unchanged=tally.unchanged, standing=plan.standing,
        unscored=plan.unscored, closed=plan.closed, failures=tuple(tally.failures), seconds=time.monotonic() - began,
    )  # fmt: skip
    if plan.assignments:
        write_run(_as_run(summary), run)
        run.store.tidy()
        bring_up_lists(run)
    return summary


def _as_run(summary: RescoreSummary) -> Summary:
    return Summary(
        run_id=summary.run_id, found=summary.found, processed=0, scored=summary.scored, skipped=summary.standing,
        unscored=summary.unscored, failures=summary.failures, seconds=summary.seconds,
    )  # fmt: skip
