"""A plan carried out: claim, score what is stored, listen, score what was heard, record. What commands, flows and watch mode all drive.

Listening runs in workers (listen.py). Calls of a run are claimed while it lives: two runs at once share the work instead of doing it twice.
Where the pieces of a run are worked on is open: here, one after the other, or in tasks on other machines (pieces.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice

from qa_pipeline.results.lease import Claims
from qa_pipeline.results.versions import freeze
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.failures import absence, write_failures
from qa_pipeline.running.follow import bring_up_lists
from qa_pipeline.running.listen import open_workers
from qa_pipeline.running.lots import score_stored
from qa_pipeline.running.plan import Plan
from qa_pipeline.running.record import HeardCalls, ScoredLots, Summary, Tally, TextsRead, score_at_hand, write_run
from qa_pipeline.running.run import Run
from qa_pipeline.running.score import Scoring
from qa_pipeline.running.scorecards import ready_scorecards

# Described anew in one commit.
_DESCRIBED_CALLS = 500
# Up to so many stored calls are scored in this process: beginning others takes as long. Chosen.
_CALLS_HERE = 500

InPieces = Callable[[Plan, Run], Sequence[Summary | None]]
"""How the pieces of a claimed plan are worked on; None stands for a piece that was lost."""


def in_one_piece(plan: Plan, run: Run) -> Sequence[Summary | None]:
    """Work on a plan in one piece, in this process."""
    return [carry_out_piece(plan, run)]


def carry_out(plan: Plan, run: Run, *, in_pieces: InPieces = in_one_piece) -> Summary:
    """Carry out a plan. Every call ends as a row of `calls` or of `failures`, or is counted as left or busy."""
    began = time.monotonic()
    with claimed(plan, run) as mine:
        if run.purpose == "official" and mine.has_work:
            freeze(_used(mine, run).values(), run.store, folder=run.settings.rubrics)
        first = carry_out_piece(mine.without_work(), run)
        parts = [part for part in in_pieces(mine.only_work(), run) if part]
    busy = len(plan.listen) - len(mine.listen)
    processed = sum(part.processed for part in parts)
    # A call that was heard and could not be scored is among those processed.
    unheard = sum(failure.stage != "score" for part in parts for failure in part.failures)
    summary = Summary(
        run_id=run.run_id,
        found=plan.found,
        processed=processed,
        scored=sum(part.scored for part in parts),
        skipped=len(plan.skipped),
        unscored=sum(part.unscored for part in parts),
        failures=(*first.failures, *(failure for part in parts for failure in part.failures)),
        seconds=time.monotonic() - began,
        updated=sum(part.updated for part in parts),
        left=max(0, len(mine.listen) - processed - unheard),
        busy=busy,
        texts=_texts_of(parts),
    )
    if mine.has_work or mine.unavailable or busy:
        write_run(summary, run)
        run.store.tidy()
        bring_up_lists(run)
    return summary


@contextmanager
def claimed(plan: Plan, run: Run) -> Iterator[Plan]:
    """The plan without what other runs work on now; the rest is claimed until the end of the block."""
    if not plan.listen:
        yield plan
        return
    claims = Claims(run.store.root, run.run_id)
    with ExitStack() as held:
        # Nobody else may look between our look and our claim.
        with run.store.lock:
            others = claims.others()
            mine = tuple(call for call in plan.listen if call.call_id not in others)
            held.enter_context(claims.hold([call.call_id for call in mine]))
        yield replace(plan, listen=mine)


def carry_out_piece(plan: Plan, run: Run) -> Summary:
    """Carry out a piece of a run, which has claimed its calls and writes the row of `runs`."""
    began = time.monotonic()
    tally = Tally(failures=[*plan.known_failures])
    absent = [absence(missing) for missing in plan.unavailable]
    write_failures(run.store, absent, run.run_id)
    tally.failures.extend(absent)
    scoring = _scoring(plan, run) if run.scores and plan.has_work else None
    if scoring:
        _score_stored(plan, run, scoring, tally)
        _describe_anew(plan, run, scoring, tally)
    done = _listen(plan, run, scoring, tally) if plan.listen else 0
    return Summary(
        run_id=run.run_id,
        found=plan.found,
        processed=tally.processed,
        scored=tally.scored,
        skipped=len(plan.skipped),
        unscored=tally.unscored,
        failures=tuple(tally.failures),
        seconds=time.monotonic() - began,
        updated=tally.updated,
        left=len(plan.listen) - done,
        texts={source: TextsRead(calls=calls, without_agent=tally.without_agent[source]) for source, calls in tally.texts.items()},
    )


def _texts_of(parts: Sequence[Summary]) -> dict[str, TextsRead]:
    """What all pieces read as text, by source."""
    texts: dict[str, TextsRead] = {}
    for part in parts:
        for source, read in part.texts.items():
            texts[source] = texts[source] + read if source in texts else read
    return texts


def _scoring(plan: Plan, run: Run) -> Scoring:
    # Scorecards given are of the rubrics as they are now; a late call may need an older version.
    missing = {name: rubric for name, rubric in _used(plan, run).items() if name not in run.scorecards}
    made = ready_scorecards(missing, run.settings, on_event=run.on_event) if missing else {}
    return Scoring(scorecards={**run.scorecards, **made}, run_id=run.run_id, timezone=run.settings.timezone, cache=run.settings.cache)


def _used(plan: Plan, run: Run) -> dict[str, Rubric]:
    """Rubrics that calls of the plan are scored by."""
    known = {**run.rubrics, **plan.older}
    return {name: known[name] for name in dict.fromkeys(plan.rubric_of.values()) if name}


def _score_stored(plan: Plan, run: Run, scoring: Scoring, tally: Tally) -> None:
    workers = run.settings.workers if len(plan.rescore) > _CALLS_HERE else 0
    with ScoredLots(run, tally) as lots:
        stored = score_stored(plan.rescore, scoring, run.settings, run.store, workers=workers, on_event=run.on_event)
        for _, scored in stored:
            lots.add(scored)


def _describe_anew(plan: Plan, run: Run, scoring: Scoring, tally: Tally) -> None:
    """Write stored calls with their new metadata, and score them again: names and companies are what phrases look for."""
    call_of = dict(plan.redescribe)
    conversations = run.store.stream_conversations(call_of) if call_of else iter(())
    while stored := list(islice(conversations, _DESCRIBED_CALLS)):
        described = [replace(c, call=call_of[c.conversation_id]) for c in stored]
        run.store.write_conversations(described, run_id=run.run_id)
        score_at_hand(described, plan, run, scoring, tally)
        tally.updated += len(described)


def _listen(plan: Plan, run: Run, scoring: Scoring | None, tally: Tally) -> int:
    """Listen to calls and commit them as they come. Returns how many had an outcome."""
    # Workers end before the last commit: on Ctrl-C what has been listened to is kept, what is under way is not waited for.
    with HeardCalls(plan, run, scoring, tally) as heard, open_workers(run.workers, run.settings, count=len(plan.listen)) as workers:
        for call, outcome in workers.listen(plan.listen, plan.dialogues, pace=run.pace_now):
            heard.add(call, outcome)
    return heard.done
