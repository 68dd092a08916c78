"""Questions put to the centre's language model as planned (ask_plan.py), within what a night may spend; answers are kept as they come.

Goes out: rows of `replies`, and rows of `failures` for calls about which no answer was to be had; then the calls are scored anew (rescoring.py), because scoring itself asks
nobody. What is open is what judging the call leaves open, so nothing is asked twice: not by another night, nor by one that was killed, whose answers are kept one by one
(ask_journal.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from qa_pipeline.call import Reply
from qa_pipeline.reading.runs import list_failures
from qa_pipeline.reading.stored import Selection
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.replies import Asked, spent_since
from qa_pipeline.running.ask_journal import Journal, commit, take_over
from qa_pipeline.running.ask_plan import AskPlan, Budget, Put, asks, plan_night, wordings_of_looks
from qa_pipeline.running.failures import Failure, asking_failure, write_failures
from qa_pipeline.running.judge import Endpoint, Judge, JudgeFailed, Told
from qa_pipeline.running.open_questions import OpenCall
from qa_pipeline.running.progress import Event
from qa_pipeline.running.rescoring import RescoreSummary, plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.scoring.prompts import Request

# After so many questions in a row that nobody heard, the rest of the night is spared the wait.
_AWAY = 3
# A commit takes a tenth of a second and more, and nothing is lost meanwhile: each answer is kept by itself. Chosen.
_COMMITTED_TOGETHER = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSummary:
    """What was asked. Counts of calls, of requests, of tokens and bytes; `left`: calls not asked about, or not to the end. `rescored`: what became of scores."""

    calls: int = 0
    requests: int = 0
    tokens: int = 0
    sent: int = 0
    received: int = 0
    left: int = 0
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0
    rescored: RescoreSummary | None = None


def ask_tonight(run: Run, *, retry_failed: bool = False) -> AskSummary | None:
    """Ask what the current scores wait for, as the settings allow; None where nobody is to be asked or nothing waits."""
    return _ask_what_waits(run, lambda: plan_night(run, retry_failed=retry_failed))


def ask_meanwhile(run: Run, *, seconds: float, now: datetime | None = None) -> AskSummary | None:
    """The same for so many seconds of a day in which others ask too: what the day has spent already is taken off a night's budget, and calls about which asking has failed
    today are left for tomorrow.
    """
    now = now or datetime.now(UTC)
    began = now.astimezone(ZoneInfo(run.settings.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)

    def planned() -> AskPlan:
        whole, spent = Budget.of(run.settings), spent_since(run.store, began, counting=wordings_of_looks(run))
        left = Budget(
            calls=max(0, whole.calls - spent.calls), tokens=max(0, whole.tokens - spent.tokens),
            seconds=min(seconds, whole.seconds - spent.seconds / run.settings.ask_at_once),
        )  # fmt: skip
        if left.seconds <= 0 or not left.calls or not left.tokens:
            return AskPlan(budget=left)
        rows = list_failures(run.store, MACHINE)
        spare = {row["call_id"] for row in rows if row["stage"] == "ask" and row["at"] >= began}
        return plan_night(run, budget=left, spare=spare, put=Put(all=spent.answers, looks=spent.of_these))

    return _ask_what_waits(run, planned)


def _ask_what_waits(run: Run, planned: Callable[[], AskPlan]) -> AskSummary | None:
    if run.settings.ask_url is None or run.purpose != "official" or not asks(run.rubrics, run.settings):
        return None
    take_over(run.store, run.settings, run_id=run.run_id)
    plan = planned()
    if not plan.open and not plan.behind:
        return None
    with Endpoint(run.settings) as judge:
        return carry_out_asking(plan, run, judge)


def carry_out_asking(plan: AskPlan, run: Run, judge: Judge) -> AskSummary:
    """Ask what is planned until the budget is spent; each answer is kept as it comes, some hundreds are committed together, then the calls are scored anew."""
    began = time.monotonic()
    settings, budget = run.settings, plan.budget
    asked: dict[str, None] = {}
    failures: list[Failure] = []
    tokens = requests = sent = received = 0
    away = 0
    done = 0
    journal = Journal(run.store, run.run_id, settings.encryption_keys)
    waiting: list[Asked] = []

    def ask(call: OpenCall) -> _Answers:
        return _ask(call, judge, settings.ask_model or "", journal)

    try:
        with ThreadPoolExecutor(settings.ask_at_once) as pool:
            for lot in _lots(plan.open, settings.ask_at_once):
                if (
                    run.pace_now.is_over()
                    or away >= _AWAY
                    or time.monotonic() - began > budget.seconds
                    or tokens + sum(c.tokens for c in lot) > budget.tokens
                ):
                    break
                for call, answers in zip(lot, pool.map(ask, lot), strict=True):
                    done += 1
                    waiting += answers.asked
                    if len(waiting) >= _COMMITTED_TOGETHER:
                        _commit(waiting, run, journal)
                    if answers.asked:
                        asked[call.call.call_id] = None
                    requests += len(answers.asked)
                    tokens += sum((a.prompt_tokens or 0) + (a.answer_tokens or 0) for a in answers.asked)
                    sent, received = sent + answers.sent, received + answers.received
                    if answers.failed:
                        failures.append(asking_failure(call.call, answers.failed))
                    away = away + 1 if answers.failed and answers.failed.is_away and not answers.asked else 0
                    kind = "failed" if answers.failed else "done"
                    text = answers.failed.message if answers.failed else ""
                    run.on_event(Event(kind=kind, call_id=call.call.call_id, done=done, total=len(plan.open), text=text))
    finally:
        _commit(waiting, run, journal)
        write_failures(run.store, failures, run.run_id)
        journal.close()
    to_score = tuple(dict.fromkeys((*asked, *plan.behind)))
    rescored = _score_anew(to_score, plan, run) if to_score else None
    return AskSummary(
        calls=len(asked), requests=requests, tokens=tokens, sent=sent, received=received, left=len(plan.open) - done + plan.later,
        failures=tuple(failures), seconds=time.monotonic() - began, rescored=rescored,
    )  # fmt: skip


def _commit(waiting: list[Asked], run: Run, journal: Journal) -> None:
    """Commit the answers that wait for it, and let go what was kept of them."""
    commit(run.store, waiting, run_id=run.run_id, timezone=run.settings.timezone)
    for one in waiting:
        journal.drop(one)
    waiting.clear()


def reply_to(request: Request, told: Told, model: str) -> Reply:
    """What came as an answer, as it is kept."""
    return Reply(
        question_sha256=request.question_sha256, prompt_sha256=request.prompt_sha256, model=model, phrasing=request.phrasing,
        first=request.stretch.first, last=request.stretch.last, answer=told.answer, value=told.value, quotes=told.quotes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What came of asking about one call. `failed`: the last reason why some of it was not to be had."""

    asked: tuple[Asked, ...]
    failed: JudgeFailed | None
    sent: int
    received: int


def _ask(call: OpenCall, judge: Judge, model: str, journal: Journal) -> _Answers:
    """Ask all about one call, and keep each answer as it comes. What fails costs its own criterion: the rest of that one's wordings is not asked, the other criteria are."""
    asked: list[Asked] = []
    failed: JudgeFailed | None = None
    lost: set[str] = set()
    sent = received = 0
    for criterion_id, request, messages in call.questions:
        if criterion_id in lost or (failed is not None and failed.is_away):
            continue
        try:
            told = judge.ask(messages, request.schema())
        except JudgeFailed as error:
            failed = error
            lost.add(criterion_id)
            continue
        sent, received = sent + told.sent, received + told.received
        answer = Asked(
            call=call.call,
            conversation_id=call.conversation_id,
            criterion_id=criterion_id,
            reply=reply_to(request, told, model),
            served_by=told.served_by,
            prompt_tokens=told.prompt_tokens,
            answer_tokens=told.answer_tokens,
            took_ms=told.took_ms,
        )
        journal.keep(answer)
        asked.append(answer)
    return _Answers(asked=tuple(asked), failed=failed, sent=sent, received=received)


def _lots(calls: Sequence[OpenCall], size: int) -> Iterator[Sequence[OpenCall]]:
    return (calls[start : start + size] for start in range(0, len(calls), size))


def _score_anew(call_ids: tuple[str, ...], plan: AskPlan, run: Run) -> RescoreSummary:
    again = run.anew()
    again_plan = plan_rescoring(again, select=Selection(call_ids=call_ids), named=plan.named, by_path=plan.by_path)
    return rescore(again_plan, again, workers=0)
