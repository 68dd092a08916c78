"""What is going to be asked of a language model: what waits for an answer, the newest calls first, as much of it as the budget of a night allows. Nothing is asked.

Comes in: stored conversations, rubrics, the settings. Goes out: an AskPlan. Who carries it out: asking.py; what is open about one call: open_questions.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.runs import list_failures
from qa_pipeline.reading.stored import Selection, calls_unsure, calls_waiting, selected_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.heard import call_from_row, judged_now
from qa_pipeline.results.replies import answered_in_all_wordings
from qa_pipeline.results.versions import Choices, RubricsInForce, rubrics_in_force
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.open_questions import OpenCall, open_calls
from qa_pipeline.running.plan import StandingScores
from qa_pipeline.running.run import Run
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.ask import NOT_ASKED
from qa_pipeline.scoring.score import questions_of
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import Settings

# Calls that are judged together to find what is open; each lot reads the list of calls once.
_LOT = 1_000
# Of calls with unsure findings so many times as many are looked at as may be asked about: some turn out to have nothing that can be asked.
_UNSURE_SEEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """How many requests were put already, of those in which second looks have a share: all, and those of second looks."""

    all: int = 0
    looks: int = 0


NOTHING_PUT = Put()


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
    answers that are there; `by_criterion`, `spared`: about how many calls each is asked, and of how many of those that were judged a cheaper criterion has spared it. `named`, `by_path`: how their rubrics were chosen.
    """

    open: tuple[OpenCall, ...] = ()
    later: int = 0
    given_up: int = 0
    settled: int = 0
    behind: tuple[str, ...] = ()
    named: str | None = None
    by_path: bool = False
    by_criterion: Mapping[str, int] = field(default_factory=dict)
    spared: Mapping[str, int] = field(default_factory=dict)
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


def asks(rubrics: Mapping[str, Rubric], settings: Settings) -> bool:
    """Whether there is anything in rubrics that a language model is asked: questions, or findings that it looks at a second time."""
    looks = SecondLooks.of(settings)
    return any(questions_of(rubric) or (looks and looks.questions(rubric)) for rubric in rubrics.values())


def plan_asking(run: Run, *, select: Selection, named: str | None = None, by_path: bool = False, retry_failed: bool = False) -> AskPlan:
    """Find what is open about stored calls, and how much of it the budget of a night allows. Nothing is asked."""
    failed = {} if retry_failed else _failed(run)
    return _plan(run, select, failed, budget=Budget.of(run.settings), named=named, by_path=by_path)


def plan_night(
    run: Run, *, retry_failed: bool = False, budget: Budget | None = None, spare: Collection[str] = (), put: Put = NOTHING_PUT
) -> AskPlan:
    """The same for a night: of the calls whose current scores wait for an answer, the newest, as many as a night may ask about; between them those with findings to be
    looked at again. `budget`: by default that of the settings; `spare`: calls that are left alone for now; `put`: what was asked already out of the same budget.
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
    plan = _plan(run, Selection(call_ids=chosen), failed, budget=budget, answered=looked - {*tonight, *seen}, put=put)
    left_out = len({*able, *able_looks} - set(chosen))
    return replace(plan, later=plan.later + left_out, given_up=given_up)


def _plan(
    run: Run, select: Selection, failed: Mapping[str, int], *, budget: Budget, answered: Collection[str] = (), named: str | None = None,
    by_path: bool = False, put: Put = NOTHING_PUT,
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
    waiting = _waiting(_looked_at(order, rubric_of, asking, run), run, budget, count=len(order), failed=failed)
    plan = _within_budget(waiting, settings, budget, put)
    return replace(plan, behind=tuple(behind), named=named, by_path=by_path)


def wordings_of_looks(run: Run) -> dict[str, int]:
    """Hash of each question that second looks put → in how many wordings."""
    looks = SecondLooks.of(run.settings)
    questions = [question for rubric in run.rubrics.values() for question in looks.questions(rubric).values()] if looks else []
    return {question.question_sha256: question.phrasings for question in questions}


def _unsure(run: Run, failed: Mapping[str, int]) -> tuple[list[str], set[str]]:
    """Calls with findings that are to be looked at again, the newest first; and those whose looks are all taken. What failed is taken for not answered.

    That a look was taken is what the finding says: whoever judged the call knew whether all of it was asked about. Where answers are there of which the finding knows nothing,
    a look may have been cut short between two stretches, or the window be another: such calls come after those about which nothing was asked at all.
    """
    looks = SecondLooks.of(run.settings)
    names = {name for rubric in run.rubrics.values() for name in looks.questions(rubric)} if looks else set()
    if looks is None or not names:
        return [], set()
    answered = answered_in_all_wordings(run.store, run.settings.ask_model or "", wordings_of_looks(run))
    every: dict[str, None] = {}
    unasked: dict[str, None] = {}
    cut_short: dict[str, None] = {}
    for row in calls_unsure(run.store, MACHINE, criteria=sorted(names), below=looks.below or 0.0):
        call_id, is_answered = row["call_id"], (row["conversation_id"], row["criterion_id"]) in answered
        every[call_id] = None
        if not is_answered or call_id in failed:
            unasked[call_id] = None
        elif not row["looked"]:
            cut_short[call_id] = None
    open_calls = list(dict.fromkeys((*unasked, *cut_short)))
    return open_calls, set(every).difference(open_calls)


def _looked_at(
    order: Sequence[str], rubric_of: Mapping[str, str], asking: Mapping[str, Rubric], run: Run
) -> Iterator[tuple[OpenCall, OpenCall]]:
    """Calls in the order given, with what is open about each, which may be nothing: questions, and second looks."""
    hiding = load_policy(run.settings.privacy_policy).asked
    scorecards = ready_scorecards({name: asking[name] for name in set(rubric_of.values())}, run.settings, on_event=run.on_event)
    for start in range(0, len(order), _LOT):
        for conversation in run.store.load_conversations(order[start : start + _LOT]):
            yield open_calls(conversation, scorecards[rubric_of[conversation.conversation_id]], hiding)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """What waits, the newest calls first: of questions and of second looks as much as a whole night has room for. `unseen`: calls that were not judged any more."""

    questions: Sequence[OpenCall]
    looks: Sequence[OpenCall]
    left: frozenset[str]
    unseen: int
    settled: int
    given_up: int
    spared: Counter[str]


def _waiting(calls: Iterator[tuple[OpenCall, OpenCall]], run: Run, budget: Budget, *, count: int, failed: Mapping[str, int]) -> _Waiting:
    """Find what waits, until a night is full of it. `count`: of all calls that may be looked at."""
    questions, looks = _Queue(budget), _Queue(budget)
    left: set[str] = set()
    spared: Counter[str] = Counter()
    seen = settled = given_up = since_full = 0
    wants_looks = bool(run.settings.second_look) and run.settings.second_look_share > 0
    for asked, look in calls:
        seen += 1
        spared.update(asked.settled)
        if not asked.questions and not look.questions:
            settled += 1
        elif failed.get(asked.call.call_id, 0) >= run.settings.give_up_after:
            given_up += 1
        else:
            left.add(asked.conversation_id)
            questions.add(asked)
            looks.add(look)
        since_full += questions.is_full
        if questions.is_full and (not wants_looks or looks.is_full or since_full > _UNSURE_SEEN * budget.calls):
            break
    return _Waiting(
        questions=questions.calls,
        looks=looks.calls,
        left=frozenset(left),
        unseen=count - seen,
        settled=settled,
        given_up=given_up,
        spared=spared,
    )


class _Queue:
    """Calls of one kind in order, as many as a budget has room for; the first that has none closes it."""

    def __init__(self, budget: Budget) -> None:
        self.calls: list[OpenCall] = []
        self.is_full = False
        self._budget, self._tokens = budget, 0

    def add(self, call: OpenCall) -> None:
        """Put a call at the end, where there is something to ask and room."""
        if not call.questions or self.is_full:
            return
        self._tokens += call.tokens
        self.is_full = len(self.calls) >= self._budget.calls or self._tokens > self._budget.tokens
        if not self.is_full:
            self.calls.append(call)


def _within_budget(waiting: _Waiting, settings: Settings, budget: Budget, put: Put) -> AskPlan:
    """Of what waits as much as a night may ask, in the order in which it is asked: a second look wherever those have had less than their share, else a question; what the
    one kind leaves, the other takes.

    So second looks have their share whatever ends a night: calls, tokens, seconds, or somebody who stops it.
    """
    questions, looks = deque(waiting.questions), deque(waiting.looks)
    taken: list[OpenCall] = []
    ids: set[str] = set()
    tokens, requests, looked = 0, put.all, put.looks
    while questions or looks:
        is_look = bool(looks) and (not questions or looked < settings.second_look_share * requests)
        call = (looks if is_look else questions).popleft()
        if len(ids | {call.conversation_id}) > budget.calls or tokens + call.tokens > budget.tokens:
            if not is_look:
                # The newest come first: no shorter call further back takes the place of this one.
                questions.clear()
            continue
        taken.append(call)
        ids.add(call.conversation_id)
        tokens += call.tokens
        requests += len(call.questions)
        looked += len(call.questions) if is_look else 0
    return AskPlan(
        open=tuple(taken), later=len(waiting.left - ids) + waiting.unseen, given_up=waiting.given_up, settled=waiting.settled,
        by_criterion=_by_criterion(taken), spared=waiting.spared, budget=budget,
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
