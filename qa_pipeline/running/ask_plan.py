"""What is going to be asked of a language model: what waits for an answer, the newest calls first, as much of it as the budget of a night allows. Nothing is asked.

Comes in: stored conversations, rubrics, the settings. Goes out: an AskPlan. Who carries it out: asking.py; what is open about one call: open_questions.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.runs import list_failures
from qa_pipeline.reading.stored import Selection, calls_unsure, calls_waiting, selected_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.heard import call_from_row, judged_now
from qa_pipeline.results.replies import looked_at
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


def asks(rubrics: Mapping[str, Rubric], settings: Settings) -> bool:
    """Whether there is anything in rubrics that a language model is asked: questions, or findings that it looks at a second time."""
    looks = SecondLooks.of(settings)
    return any(questions_of(rubric) or (looks and looks.questions(rubric)) for rubric in rubrics.values())


def plan_asking(run: Run, *, select: Selection, named: str | None = None, by_path: bool = False, retry_failed: bool = False) -> AskPlan:
    """Find what is open about stored calls, and how much of it the budget of a night allows. Nothing is asked."""
    failed = {} if retry_failed else _failed(run)
    return _plan(run, select, failed, budget=Budget.of(run.settings), named=named, by_path=by_path)


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
                # No room is left for it whatever comes; questions of later calls may have some.
                continue
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
