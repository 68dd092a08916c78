"""Questions put to the centre's language model: which are open, within what a night may spend, answers kept as they come.

Comes in: stored conversations, rubrics, the settings. Goes out: rows of `replies`, and rows of `failures` for calls about which no answer was to be had; then
the calls are scored anew (rescoring.py), because scoring itself asks nobody. What is open is what judging the call leaves open (open_questions.py), so nothing is asked
twice: not by another night, nor by one that was killed, whose answers are kept one by one (ask_journal.py). Second looks at unsure findings come after all questions.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from qa_pipeline.call import Reply
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.runs import list_failures
from qa_pipeline.reading.stored import Selection, calls_unsure, calls_waiting, selected_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.heard import call_from_row, judged_now
from qa_pipeline.results.replies import Asked, looked_at, spent_since, write_replies
from qa_pipeline.results.versions import Choices, RubricsInForce, rubrics_in_force
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.ask_journal import Journal, take_over
from qa_pipeline.running.failures import Failure, asking_failure, write_failures
from qa_pipeline.running.judge import Endpoint, Judge, JudgeFailed, Told
from qa_pipeline.running.open_questions import OpenCall, open_calls
from qa_pipeline.running.plan import StandingScores
from qa_pipeline.running.progress import Event
from qa_pipeline.running.rescoring import RescoreSummary, plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.ask import NOT_ASKED
from qa_pipeline.scoring.prompts import Request
from qa_pipeline.scoring.score import questions_of
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import Settings

# Calls that are judged together to find what is open; each lot reads the list of calls once.
_LOT = 1_000
# After so many questions in a row that nobody heard, the rest of the night is spared the wait.
_AWAY = 3
# Of calls with unsure findings so many times as many are looked at as may be asked about: some turn out to have nothing that can be asked.
_UNSURE_SEEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent on asking: calls, tokens read and written, seconds."""

    calls: int
    tokens: int
    seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Budget:
        """That of a night."""
        return cls(calls=settings.ask_calls, tokens=settings.ask_tokens, seconds=settings.ask_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlan:
    """What is going to be asked. `open`: calls within the night's budget, the newest first; `later`: calls that are left for another night, unseen; `given_up`: calls about
    which asking failed too often; `settled`: calls of rubrics with questions about which nothing is open; `behind`: calls that are still to be scored by
    answers that are there. `named`, `by_path`: how their rubrics were chosen.
    """

    open: tuple[OpenCall, ...] = ()
    later: int = 0
    given_up: int = 0
    settled: int = 0
    behind: tuple[str, ...] = ()
    named: str | None = None
    by_path: bool = False
    by_criterion: Mapping[str, int] = field(default_factory=dict)
    budget: Budget

    @property
    def calls(self) -> int:
        """How many calls that is about."""
        return len({call.conversation_id for call in self.open})

    @property
    def requests(self) -> int:
        """How many questions that is, each wording and stretch counted."""
        return sum(len(call.questions) for call in self.open)

    @property
    def tokens(self) -> int:
        """About how many tokens."""
        return sum(call.tokens for call in self.open)


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


def asks(rubrics: Mapping[str, Rubric], settings: Settings) -> bool:
    """Whether there is anything in rubrics that a language model is asked: questions, or findings that it looks at a second time."""
    looks = SecondLooks.of(settings)
    return any(questions_of(rubric) or (looks and looks.questions(rubric)) for rubric in rubrics.values())


def plan_asking(run: Run, *, select: Selection, named: str | None = None, by_path: bool = False, retry_failed: bool = False) -> AskPlan:
    """Find what is open about stored calls, and how much of it the budget of a night allows. Nothing is asked."""
    failed = {} if retry_failed else _failed(run)
    return _plan(run, select, failed, budget=Budget.of(run.settings), named=named, by_path=by_path)


def _plan(
    run: Run, select: Selection, failed: Mapping[str, int], *, budget: Budget, answered: Collection[str] = (), named: str | None = None,
    by_path: bool = False,
) -> AskPlan:  # fmt: skip
    """`answered`: calls about which nothing is open; whether their scores count the answers is looked at."""
    store, settings = run.store, run.settings
    in_force = RubricsInForce(current=run.rubrics, older={}) if by_path else rubrics_in_force(run.rubrics, store)
    asking = {name: rubric for name, rubric in in_force.rubrics.items() if asks({name: rubric}, settings)}
    if not asking or settings.ask_model is None:
        return AskPlan(budget=budget)
    choices, standing, closed = Choices(in_force), StandingScores(store, asking, settings), store.closed_periods()
    rubric_of: dict[str, str] = {}
    behind: list[str] = []
    for row in selected_calls(store, MACHINE, select):
        call = call_from_row(row)
        is_foreign = by_path and call.rubric not in (None, *run.rubrics)
        rubric = None if is_foreign else choices.key_for(replace(call, rubric=call.rubric or named))
        if rubric in asking:
            name, is_closed = row["conversation_id"], run.purpose == "official" and store.is_closed(call, closed)
            if call.call_id not in answered:
                rubric_of[name] = rubric
            if not standing.has(name, rubric, judged_now(row), purpose=run.purpose, is_closed=is_closed):
                behind.append(call.call_id)
    # By day and call; the newest first, because not all may be asked tonight.
    order = list(reversed(rubric_of))
    plan = _within_budget(_looked_at(order, rubric_of, asking, run), run, budget, count=len(order), failed=failed)
    return replace(plan, behind=tuple(behind), named=named, by_path=by_path)


def plan_night(run: Run, *, retry_failed: bool = False, budget: Budget | None = None, spare: Collection[str] = ()) -> AskPlan:
    """The same for a night: of the calls whose current scores wait for an answer, the newest, as many as a night may ask about; then those with findings to be looked at
    again. `budget`: by default that of the settings; `spare`: calls that are left alone for now.
    """
    budget = budget or Budget.of(run.settings)
    if run.settings.ask_model is None or not asks(run.rubrics, run.settings):
        return AskPlan(budget=budget)
    failed = {} if retry_failed else _failed(run)

    def is_able(call_id: str) -> bool:
        return failed.get(call_id, 0) < run.settings.give_up_after

    waiting = [call_id for call_id in calls_waiting(run.store, MACHINE, NOT_ASKED) if call_id not in spare]
    able = [call_id for call_id in waiting if is_able(call_id)]
    unsure, looked = _unsure(run, failed)
    unsure = [call_id for call_id in unsure if call_id not in spare]
    able_looks = [call_id for call_id in unsure if is_able(call_id)]
    tonight, seen = able[: budget.calls], able_looks[: _UNSURE_SEEN * budget.calls]
    given_up = len({*waiting, *unsure}) - len({*able, *able_looks})
    if not tonight and not seen and not looked:
        return AskPlan(given_up=given_up, later=len({*able, *able_looks}), budget=budget)
    chosen = tuple(dict.fromkeys((*tonight, *seen, *looked)))
    plan = _plan(run, Selection(call_ids=chosen), failed, budget=budget, answered=looked - {*tonight, *seen})
    left_out = len({*able, *able_looks} - set(chosen))
    return replace(plan, later=plan.later + left_out, given_up=given_up)


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
        whole, spent = Budget.of(run.settings), spent_since(run.store, began)
        left = Budget(
            calls=max(0, whole.calls - spent.calls), tokens=max(0, whole.tokens - spent.tokens),
            seconds=min(seconds, whole.seconds - spent.seconds / run.settings.ask_at_once),
        )  # fmt: skip
        if left.seconds <= 0 or not left.calls or not left.tokens:
            return AskPlan(budget=left)
        rows = list_failures(run.store, MACHINE)
        return plan_night(run, budget=left, spare={row["call_id"] for row in rows if row["stage"] == "ask" and row["at"] >= began})

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
    """Ask what is planned until the budget is spent; answers are committed call by call, then the calls are scored anew."""
    began = time.monotonic()
    settings, budget = run.settings, plan.budget
    asked: dict[str, None] = {}
    failures: list[Failure] = []
    tokens = requests = sent = received = 0
    away = 0
    done = 0
    journal = Journal(run.store, run.run_id, settings.encryption_keys)

    def ask(call: OpenCall) -> _Answers:
        return _ask(call, judge, settings.ask_model or "", journal)

    try:
        with ThreadPoolExecutor(settings.ask_at_once) as pool:
            for lot in _lots(plan.open, settings.ask_at_once):
                if away >= _AWAY or time.monotonic() - began > budget.seconds or tokens + sum(c.tokens for c in lot) > budget.tokens:
                    break
                for call, answers in zip(lot, pool.map(ask, lot), strict=True):
                    done += 1
                    write_replies(run.store, answers.asked, run_id=run.run_id, timezone=settings.timezone)
                    if answers.asked:
                        journal.drop(call.conversation_id)
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
        write_failures(run.store, failures, run.run_id)
        journal.close()
    to_score = tuple(dict.fromkeys((*asked, *plan.behind)))
    rescored = _score_anew(to_score, plan, run) if to_score else None
    return AskSummary(
        calls=len(asked), requests=requests, tokens=tokens, sent=sent, received=received, left=len(plan.open) - done + plan.later,
        failures=tuple(failures), seconds=time.monotonic() - began, rescored=rescored,
    )  # fmt: skip


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
        journal.keep(answer, len(asked))
        asked.append(answer)
    return _Answers(asked=tuple(asked), failed=failed, sent=sent, received=received)


def _unsure(run: Run, failed: Mapping[str, int]) -> tuple[list[str], set[str]]:
    """Calls with findings that are to be looked at again, the newest first; and those whose looks are all answered. What failed is taken for not answered."""
    looks = SecondLooks.of(run.settings)
    questions = [pair for rubric in run.rubrics.values() for pair in looks.questions(rubric).items()] if looks else []
    if looks is None or not questions:
        return [], set()
    answered = looked_at(run.store, run.settings.ask_model or "", {q.question_sha256: q.phrasings for _, q in questions})
    open_calls: dict[str, None] = {}
    every: dict[str, None] = {}
    for row in calls_unsure(run.store, MACHINE, criteria=sorted({name for name, _ in questions}), below=looks.below or 0.0):
        every[row["call_id"]] = None
        if (row["conversation_id"], row["criterion_id"]) not in answered or row["call_id"] in failed:
            open_calls[row["call_id"]] = None
    return list(open_calls), set(every) - set(open_calls)


def _looked_at(
    order: Sequence[str], rubric_of: Mapping[str, str], asking: Mapping[str, Rubric], run: Run
) -> Iterator[tuple[OpenCall, OpenCall]]:
    """Calls in the order given, with what is open about each, which may be nothing: questions, and second looks."""
    hiding = load_policy(run.settings.privacy_policy).asked
    scorecards = ready_scorecards({name: asking[name] for name in set(rubric_of.values())}, run.settings, on_event=run.on_event)
    for start in range(0, len(order), _LOT):
        for conversation in run.store.load_conversations(order[start : start + _LOT]):
            yield open_calls(conversation, scorecards[rubric_of[conversation.conversation_id]], hiding)


def _within_budget(
    calls: Iterator[tuple[OpenCall, OpenCall]], run: Run, budget: Budget, *, count: int, failed: Mapping[str, int]
) -> AskPlan:
    """The calls that a night may ask about. `count`: of all that may be looked at; once the budget is full, the rest is for later unseen. Second looks come when all
    questions have found room.
    """
    taken: list[OpenCall] = []
    looks: list[OpenCall] = []
    ids: set[str] = set()
    tokens = seen = settled = given_up = 0

    def has_room(call: OpenCall) -> bool:
        return len(ids | {call.conversation_id}) <= budget.calls and tokens + call.tokens <= budget.tokens

    for asked, look in calls:
        if not asked.questions and not look.questions:
            settled += 1
        elif failed.get(asked.call.call_id, 0) >= run.settings.give_up_after:
            given_up += 1
        elif asked.questions and not has_room(asked):
            break
        else:
            if asked.questions:
                taken.append(asked)
                ids.add(asked.conversation_id)
                tokens += asked.tokens
            if look.questions and len(looks) < budget.calls:
                looks.append(look)
            elif look.questions and not asked.questions:
                # Seen, and no room is left for it whatever comes.
                break
        seen += 1
    else:
        for look in looks:
            if has_room(look):
                taken.append(look)
                ids.add(look.conversation_id)
                tokens += look.tokens
        looks = [look for look in looks if look.conversation_id not in ids]
    return AskPlan(
        open=tuple(taken), later=count - seen + len({look.conversation_id for look in looks} - ids), given_up=given_up, settled=settled,
        by_criterion=_by_criterion(taken), budget=budget,
    )  # fmt: skip


def _by_criterion(calls: Sequence[OpenCall]) -> Counter[str]:
    """How many calls each criterion is asked about, second looks apart."""
    counted: Counter[str] = Counter()
    for call in calls:
        counted.update({f"{name} (second look)" if call.are_looks else name for name, _, _ in call.questions})
    return counted


def _failed(run: Run) -> Counter[str]:
    """How often asking about each call has failed since it last succeeded."""
    rows = list_failures(run.store, MACHINE)
    return Counter({row["call_id"]: row["attempt"] for row in rows if row["stage"] == "ask" and row["call_id"] is not None})


def _lots(calls: Sequence[OpenCall], size: int) -> Iterator[Sequence[OpenCall]]:
    return (calls[start : start + size] for start in range(0, len(calls), size))


def _score_anew(call_ids: tuple[str, ...], plan: AskPlan, run: Run) -> RescoreSummary:
    again = run.anew()
    again_plan = plan_rescoring(again, select=Selection(call_ids=call_ids), named=plan.named, by_path=plan.by_path)
    return rescore(again_plan, again, workers=0)
