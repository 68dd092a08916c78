"""Questions of `check: ask` put to the centre's language model: which are open, within what a night may spend, answers kept as they come.

Comes in: stored conversations, rubrics, the settings. Goes out: rows of `replies`, and rows of `failures` for calls about which no answer was to be had; then
the calls are scored anew (rescoring.py), because scoring itself asks nobody. What is open is what judging the call leaves open, so nothing is asked twice: not
by another night, nor by one that was killed, which loses at most the answers of calls under way.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from qa_pipeline.call import Call, Conversation, Reply, Utterance
from qa_pipeline.languages.load import language_codes
from qa_pipeline.privacy.policy import Hiding, load_policy
from qa_pipeline.privacy.redact import hide_found
from qa_pipeline.privacy.rows import hidden_in
from qa_pipeline.reading.runs import list_failures
from qa_pipeline.reading.stored import Selection, calls_waiting, selected_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.heard import call_from_row, judged_now
from qa_pipeline.results.replies import Asked, write_replies
from qa_pipeline.results.versions import Choices, RubricsInForce, rubrics_in_force
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.failures import Failure, asking_failure, write_failures
from qa_pipeline.running.judge import Endpoint, Judge, JudgeFailed, Told
from qa_pipeline.running.plan import StandingScores
from qa_pipeline.running.progress import Event
from qa_pipeline.running.rescoring import RescoreSummary, plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.ask import NOT_ASKED, requests_open
from qa_pipeline.scoring.prompts import Request, lines_of
from qa_pipeline.scoring.score import Scorecard, judge_call, questions_of
from qa_pipeline.values.companies import short_names

# Calls that are judged together to find what is open; each lot reads the list of calls once.
_LOT = 1_000
# Of a prompt's bytes, a token: about four letters, or one and a third Chinese characters. Only for what is said before anything is asked.
_BYTES_A_TOKEN = 4
_ANSWER_TOKENS = 80
# After so many questions in a row that nobody heard, the rest of the night is spared the wait.
_AWAY = 3
_AGENT = "[agent]"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call about which something is to be asked: by criterion, the requests, with the messages to send."""

    call: Call
    conversation_id: str
    questions: tuple[tuple[str, Request, tuple[Mapping[str, str], ...]], ...]

    @property
    def tokens(self) -> int:
        """About how many it takes to ask."""
        texts = (message["content"] for _, _, messages in self.questions for message in messages)
        return sum(len(text.encode()) for text in texts) // _BYTES_A_TOKEN + _ANSWER_TOKENS * len(self.questions)


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


def asks(rubrics: Mapping[str, Rubric]) -> bool:
    """Whether any rubric has questions for a language model."""
    return any(questions_of(rubric) for rubric in rubrics.values())


def plan_asking(run: Run, *, select: Selection, named: str | None = None, by_path: bool = False, retry_failed: bool = False) -> AskPlan:
    """Find what is open about stored calls, and how much of it the budget of a night allows. Nothing is asked."""
    return _plan(run, select, {} if retry_failed else _failed(run), named=named, by_path=by_path)


def _plan(run: Run, select: Selection, failed: Mapping[str, int], *, named: str | None = None, by_path: bool = False) -> AskPlan:
    store, settings = run.store, run.settings
    in_force = RubricsInForce(current=run.rubrics, older={}) if by_path else rubrics_in_force(run.rubrics, store)
    asking = {name: rubric for name, rubric in in_force.rubrics.items() if questions_of(rubric)}
    if not asking or settings.ask_model is None:
        return AskPlan()
    choices, standing, closed = Choices(in_force), StandingScores(store, asking, settings.ask_model), store.closed_periods()
    rubric_of: dict[str, str] = {}
    behind: list[str] = []
    for row in selected_calls(store, MACHINE, select):
        call = call_from_row(row)
        is_foreign = by_path and call.rubric not in (None, *run.rubrics)
        rubric = None if is_foreign else choices.key_for(replace(call, rubric=call.rubric or named))
        if rubric in asking:
            name, is_closed = row["conversation_id"], run.purpose == "official" and store.is_closed(call, closed)
            rubric_of[name] = rubric
            if not standing.has(name, rubric, judged_now(row), purpose=run.purpose, is_closed=is_closed):
                behind.append(call.call_id)
    # By day and call; the newest first, because not all may be asked tonight.
    order = list(reversed(rubric_of))
    plan = _within_budget(_looked_at(order, rubric_of, asking, run), run, count=len(order), failed=failed)
    return replace(plan, behind=tuple(behind), named=named, by_path=by_path)


def plan_night(run: Run, *, retry_failed: bool = False) -> AskPlan:
    """The same for a night: of the calls whose current scores wait for an answer, the newest, as many as a night may ask about."""
    waiting = calls_waiting(run.store, MACHINE, NOT_ASKED) if run.settings.ask_model and asks(run.rubrics) else ()
    failed = {} if retry_failed else _failed(run)
    able = [call_id for call_id in waiting if failed.get(call_id, 0) < run.settings.give_up_after]
    tonight = able[: run.settings.ask_calls]
    if not tonight:
        return AskPlan(given_up=len(waiting) - len(able), later=len(able))
    plan = _plan(run, Selection(call_ids=tuple(tonight)), failed)
    return replace(plan, later=plan.later + len(able) - len(tonight), given_up=len(waiting) - len(able))


def ask_tonight(run: Run, *, retry_failed: bool = False) -> AskSummary | None:
    """Ask what the current scores wait for, as the settings allow; None where nobody is to be asked or nothing waits."""
    if run.settings.ask_url is None or run.purpose != "official" or not asks(run.rubrics):
        return None
    plan = plan_night(run, retry_failed=retry_failed)
    if not plan.open and not plan.behind:
        return None
    with Endpoint(run.settings) as judge:
        return carry_out_asking(plan, run, judge)


def carry_out_asking(plan: AskPlan, run: Run, judge: Judge) -> AskSummary:
    """Ask what is planned until the budget is spent; answers are committed call by call, then the calls are scored anew."""
    began = time.monotonic()
    settings = run.settings
    asked: list[str] = []
    failures: list[Failure] = []
    tokens = requests = sent = received = 0
    away = 0
    done = 0
    try:
        with ThreadPoolExecutor(settings.ask_at_once) as pool:
            for lot in _lots(plan.open, settings.ask_at_once):
                if (
                    away >= _AWAY
                    or time.monotonic() - began > settings.ask_seconds
                    or tokens + sum(c.tokens for c in lot) > settings.ask_tokens
                ):
                    break
                for call, answers in zip(lot, pool.map(lambda call: _ask(call, judge, settings.ask_model or ""), lot), strict=True):
                    done += 1
                    write_replies(run.store, answers.asked, run_id=run.run_id, timezone=settings.timezone)
                    requests += len(answers.asked)
                    tokens += sum((a.prompt_tokens or 0) + (a.answer_tokens or 0) for a in answers.asked)
                    sent, received = sent + answers.sent, received + answers.received
                    if answers.asked:
                        asked.append(call.call.call_id)
                    if answers.failed:
                        failures.append(asking_failure(call.call, answers.failed))
                    away = away + 1 if answers.failed and answers.failed.is_away and not answers.asked else 0
                    kind = "failed" if answers.failed else "done"
                    text = answers.failed.message if answers.failed else ""
                    run.on_event(Event(kind=kind, call_id=call.call.call_id, done=done, total=len(plan.open), text=text))
    finally:
        write_failures(run.store, failures, run.run_id)
    to_score = tuple(dict.fromkeys((*asked, *plan.behind)))
    rescored = _score_anew(to_score, plan, run) if to_score else None
    return AskSummary(
        calls=len(asked), requests=requests, tokens=tokens, sent=sent, received=received, left=len(plan.open) - done + plan.later,
        failures=tuple(failures), seconds=time.monotonic() - began, rescored=rescored,
    )  # fmt: skip


def open_requests(
    conversation: Conversation, scorecard: Scorecard, hiding: Hiding
) -> tuple[tuple[str, Request, tuple[Mapping[str, str], ...]], ...]:
    """What is still to be asked about a conversation before a rubric has judged it: by criterion, the requests, with the messages to send."""
    (search,) = scorecard.searches([conversation])
    context = judge_call(search, scorecard)
    waiting = [c for c in scorecard.rubric.criteria if isinstance(c, AskCriterion) and context.verdicts[c.id].reason_code == NOT_ASKED]
    shown = as_shown(conversation, hiding) if waiting else {}
    return tuple(
        (criterion.id, request, tuple(request.messages([shown[u.utterance] for u in lines_of(conversation, request.stretch)])))
        for criterion in waiting
        for request in requests_open(criterion, context)
    )


def reply_to(request: Request, told: Told, model: str) -> Reply:
    """What came as an answer, as it is kept."""
    return Reply(
        question_sha256=request.question_sha256, prompt_sha256=request.prompt_sha256, model=model, phrasing=request.phrasing,
        first=request.stretch.first, last=request.stretch.last, answer=told.answer, value=told.value, quotes=told.quotes,
    )  # fmt: skip


def as_shown(conversation: Conversation, hiding: Hiding) -> dict[int, Utterance]:
    """Utterances by number as the model may see them: without what the policy hides, and never with the agent's name as the metadata have it."""
    hidden = hidden_in(conversation, hiding) if hiding.words else None
    said = hide_found(conversation.utterances, hidden.found) if hidden else conversation.utterances
    name = conversation.call.agent_name
    if not name:
        return {u.utterance: u for u in said}
    short = short_names(name, conversation.language) if conversation.language in language_codes() else ()
    names = sorted({name, *short, *name.split()}, key=len, reverse=True)
    pattern = re.compile(
        "|".join(rf"(?<!\w){re.escape(n)}(?!\w)" if n.isascii() else re.escape(n) for n in names if len(n) > 1), re.IGNORECASE
    )
    return {u.utterance: replace(u, text=pattern.sub(_AGENT, u.text)) if pattern.pattern else u for u in said}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What came of asking about one call. `failed`: the last reason why some of it was not to be had."""

    asked: tuple[Asked, ...]
    failed: JudgeFailed | None
    sent: int
    received: int


def _ask(call: OpenCall, judge: Judge, model: str) -> _Answers:
    """Ask all about one call. What fails costs its own criterion: the rest of that one's wordings is not asked, the other criteria are."""
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
        asked.append(
            Asked(
                call=call.call,
                conversation_id=call.conversation_id,
                criterion_id=criterion_id,
                reply=reply_to(request, told, model),
                served_by=told.served_by,
                prompt_tokens=told.prompt_tokens,
                answer_tokens=told.answer_tokens,
                took_ms=told.took_ms,
            )  # fmt: skip
        )
    return _Answers(asked=tuple(asked), failed=failed, sent=sent, received=received)


def _looked_at(order: Sequence[str], rubric_of: Mapping[str, str], asking: Mapping[str, Rubric], run: Run) -> Iterator[OpenCall]:
    """Calls in the order given, with what is open about each, which may be nothing."""
    hiding = load_policy(run.settings.privacy_policy).asked
    scorecards = ready_scorecards({name: asking[name] for name in set(rubric_of.values())}, run.settings, on_event=run.on_event)
    for start in range(0, len(order), _LOT):
        for conversation in run.store.load_conversations(order[start : start + _LOT]):
            scorecard = scorecards[rubric_of[conversation.conversation_id]]
            questions = open_requests(conversation, scorecard, hiding)
            yield OpenCall(call=conversation.call, conversation_id=conversation.conversation_id, questions=questions)


def _within_budget(calls: Iterator[OpenCall], run: Run, *, count: int, failed: Mapping[str, int]) -> AskPlan:
    """The calls that a night may ask about. `count`: of all that may be looked at; once the budget is full, the rest is for later unseen."""
    settings = run.settings
    taken: list[OpenCall] = []
    by_criterion: Counter[str] = Counter()
    tokens = looked = settled = given_up = 0
    for call in calls:
        if not call.questions:
            settled += 1
        elif failed.get(call.call.call_id, 0) >= settings.give_up_after:
            given_up += 1
        elif len(taken) >= settings.ask_calls or tokens + call.tokens > settings.ask_tokens:
            break
        else:
            taken.append(call)
            tokens += call.tokens
            by_criterion.update({criterion for criterion, _, _ in call.questions})
        looked += 1
    return AskPlan(open=tuple(taken), later=count - looked, given_up=given_up, settled=settled, by_criterion=by_criterion)


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
