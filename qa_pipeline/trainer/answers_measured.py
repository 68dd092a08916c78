"""How far a language model's answers agree with the cases of a rubric, and with people: measured before a question counts.

Comes in: a workbench, whoever answers. Goes out: a line for each criterion of `check: ask`, and for each that may be looked at a second time. What cases say that the model answers is left out: it is asked itself, about
each dialogue whose outcome a case gives. Nothing of it is stored: cases are no calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa_pipeline.call import Conversation, Outcome
from qa_pipeline.errors import WarningTexts
from qa_pipeline.privacy.policy import NOTHING
from qa_pipeline.review.agreement import Agreement, Judged, agreement_of_two, nominal
from qa_pipeline.review.trust import Standing, Trust
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.cases import Case, heard_in
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.asking import reply_to
from qa_pipeline.running.judge import Judge, JudgeFailed
from qa_pipeline.running.open_questions import as_shown, open_requests
from qa_pipeline.scoring.prompts import lines_of
from qa_pipeline.scoring.score import Scorecard, judge_call, score
from qa_pipeline.scoring.second_look import looks_open, outcome_of_look
from qa_pipeline.trainer.publish import Workbench

_JUDGED = (Outcome.MET.value, Outcome.NOT_MET.value, Outcome.NOT_APPLICABLE.value)
_LOOKED = (Outcome.MET.value, Outcome.NOT_MET.value)
_MODEL, _CASES = "model", "cases"
# Two cases that come out right say nothing of a third. Chosen.
_FEWEST_CASES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersMeasured:
    """A criterion. `cases`: agreement of the model with the cases, where it gave an outcome; `unsure`: cases that stayed undetermined; `failed`: cases about which it
    could not be asked; `people`: its agreement with people's decisions on calls, None where nobody decided.
    """

    criterion_id: str
    cases: Agreement
    unsure: int
    failed: int
    people: Trust | None

    def is_assist_only(self, bar: float, least_calls: int) -> bool:
        """Whether it should not count: people agree too rarely, or, as long as they have said too little, the cases do, or are too few."""
        if self.people is not None and (standing := self.people.standing(bar, least_calls)) is not Standing.FEW:
            return standing is Standing.BELOW
        return self.cases.calls < _FEWEST_CASES or self.cases.ac.value is None or self.cases.ac.value < bar


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksMeasured:
    """A criterion that may be looked at a second time. Counts of cases that say met or not met: `right` of `proved` answers; `unproved`: without an answer that counts; `failed`: about
    which nobody could be asked.
    """

    criterion_id: str
    right: int
    proved: int
    unproved: int
    failed: int


def measure_looks(bench: Workbench, name: str, judge: Judge) -> tuple[LooksMeasured, ...]:
    """Ask what second looks would ask, about every case that gives its criterion met or not met, however sure the program is of it."""
    scorecard = bench.scorecards[name]
    return tuple(_looked(criterion_id, bench, name, judge) for criterion_id in scorecard.looks)


def _looked(criterion_id: str, bench: Workbench, name: str, judge: Judge) -> LooksMeasured:
    scorecard = bench.scorecards[name]
    criterion = next(c for c in scorecard.rubric.criteria if c.id == criterion_id)
    right = proved = unproved = failed = 0
    for case in bench.cases[name]:
        if case.dialogue is None or case.expected.get(criterion_id) not in _LOOKED:
            continue
        heard = replace(heard_in(case, scorecard.rubric, bench.encode_for(name)), replies=())
        try:
            outcome = _outcome_of_look(criterion, heard, scorecard, judge)
        except JudgeFailed:
            failed += 1
            continue
        unproved += outcome is None
        proved += outcome is not None
        right += outcome is not None and outcome.value == case.expected[criterion_id]
    return LooksMeasured(criterion_id=criterion_id, right=right, proved=proved, unproved=unproved, failed=failed)


def _outcome_of_look(criterion: Criterion, heard: Conversation, scorecard: Scorecard, judge: Judge) -> Outcome | None:
    """What a second look says of a criterion; None without a proved answer. Raises JudgeFailed."""
    question = scorecard.looks[criterion.id]
    (search,) = scorecard.searches([heard])
    shown = as_shown(heard, NOTHING)
    replies = []
    for request in looks_open(question, judge_call(search, scorecard)):
        messages = request.messages([shown[u.utterance] for u in lines_of(heard, request.stretch)])
        replies.append(reply_to(request, judge.ask(messages, request.schema()), scorecard.answered_by or ""))
    (search,) = scorecard.searches([replace(heard, replies=tuple(replies))])
    return outcome_of_look(criterion, question, judge_call(search, scorecard))


def measure_answers(bench: Workbench, name: str, judge: Judge, *, people: Sequence[Trust] = ()) -> tuple[AnswersMeasured, ...]:
    """Ask about every case of a rubric that gives a criterion with a question an outcome."""
    scorecard = bench.scorecards[name]
    trusted = {line.criterion_id: line for line in people if line.rubric_id == scorecard.rubric.id}
    return tuple(
        _measured(criterion, bench, name, judge, trusted.get(criterion.id))
        for criterion in scorecard.rubric.criteria
        if isinstance(criterion, AskCriterion)
    )


def _measured(criterion: AskCriterion, bench: Workbench, name: str, judge: Judge, people: Trust | None) -> AnswersMeasured:
    scorecard = bench.scorecards[name]
    judged: list[Judged] = []
    unsure = failed = 0
    for case in _cases_of(criterion, bench.cases[name]):
        heard = replace(heard_in(case, scorecard.rubric, bench.encode_for(name)), replies=())
        try:
            answered = _answered(heard, criterion, scorecard, judge)
        except JudgeFailed:
            failed += 1
            continue
        outcome = next(f.outcome for f in score(answered, scorecard).findings if f.criterion.id == criterion.id)
        if outcome is Outcome.UNDETERMINED:
            unsure += 1
            continue
        judged.append(Judged(call_id=case.name, said={_CASES: case.expected[criterion.id], _MODEL: outcome.value}))
    agreed = agreement_of_two(judged, _CASES, _MODEL, nominal(_JUDGED))
    return AnswersMeasured(criterion_id=criterion.id, cases=agreed, unsure=unsure, failed=failed, people=people)


def _cases_of(criterion: AskCriterion, cases: Sequence[Case]) -> Iterator[Case]:
    return (case for case in cases if case.dialogue is not None and case.expected.get(criterion.id) in _JUDGED)


def _answered(heard: Conversation, criterion: AskCriterion, scorecard: Scorecard, judge: Judge) -> Conversation:
    """The dialogue with the model's answers about a criterion. Raises JudgeFailed."""
    replies = [
        reply_to(request, judge.ask(messages, request.schema()), scorecard.answered_by or "")
        for criterion_id, request, messages in open_requests(heard, scorecard, NOTHING)
        if criterion_id == criterion.id
    ]
    return replace(heard, replies=tuple(replies)) if replies else heard


def unmeasured_questions(rubric: Rubric, people: Sequence[Trust], *, bar: float, least_calls: int) -> WarningTexts:
    """Of the questions that count in a rubric's scores, those of which people have not said yet how often the model is right, and those with which they agree too rarely."""
    warnings = []
    trusted = {line.criterion_id: line for line in people if line.rubric_id == rubric.id}
    for criterion in rubric.criteria:
        if not isinstance(criterion, AskCriterion) or criterion.status != "stable":
            continue
        line = trusted.get(criterion.id)
        standing = line.standing(bar, least_calls) if line else Standing.FEW
        if standing is Standing.FEW:
            judged = line.program.calls if line else 0
            warnings.append(
                f"{criterion.id} is answered by a language model and counts in scores; people have judged it in {judged} of the {least_calls} calls that say how often it is right"
            )
        elif standing is Standing.BELOW:
            warnings.append(f"{criterion.id} is answered by a language model and counts in scores, and people agree with it too rarely")
    return warnings
