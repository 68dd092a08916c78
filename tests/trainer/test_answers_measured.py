"""How far a language model agrees with cases and people: asked itself, whatever cases say that it answers; below the bar it is fit to assist only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qa_pipeline.call import Quote
from qa_pipeline.review.agreement import Agreement, Figure
from qa_pipeline.review.trust import Rates, Share, Trust
from qa_pipeline.rubric.cases import Case, WrittenReply
from qa_pipeline.running.judge import JudgeFailed, Told
from qa_pipeline.scoring.case_vectors import CaseVectors
from qa_pipeline.scoring.score import prepare
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.trainer.answers_measured import AnswersMeasured, LooksMeasured, measure_answers, measure_looks, unmeasured_questions
from qa_pipeline.trainer.publish import Workbench
from tests.rubric.built_rubrics import rubric

WHY = {"id": "why", "check": "ask", "question": {"en": "Did the agent give the reason?"}, "phrasings": 1}
GIVEN, NOT_GIVEN = "It takes three days because the bank checks it.", "It will come."


class Finds:
    """A model that finds the reason by one word; `obeys`: it is wrong about whatever has another one."""

    def __init__(self, *, is_down: bool = False, always: str | None = None) -> None:
        self.is_down, self.always = is_down, always
        self.asked = 0

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        self.asked += 1
        if self.is_down:
            raise JudgeFailed("away", advice="", is_away=True)
        is_said = "because the bank" in messages[-1]["content"]
        answer = self.always or ("yes" if is_said else "no")
        quotes = (Quote(utterance=0, text="because the bank checks"),) if is_said else (Quote(utterance=0, text="because of the bank"),)
        return Told(
            answer=answer, value=None, quotes=quotes, served_by=None, prompt_tokens=None, answer_tokens=None, took_ms=0, sent=0, received=0
        )  # fmt: skip


def bench(*outcomes: str) -> Workbench:
    """A case for each outcome, with a reply written beside it that is always wrong."""
    scorecard = prepare(rubric(WHY, id="r"), {}, answered_by="m")
    cases = tuple(
        Case(
            name=str(number), language="en", dialogue=f"agent: {GIVEN if outcome == 'met' else NOT_GIVEN}", expected={"why": outcome},
            replies={"why": WrittenReply(answer="cannot_tell")},
        )
        for number, outcome in enumerate(outcomes)
    )  # fmt: skip
    vectors = CaseVectors((), encoder_id="e", encode=lambda texts: np.zeros((len(texts), 384), np.float32), keep=None)
    return Workbench(scorecards={"r": scorecard}, cases={"r": cases}, vectors=vectors)


def measured(judge: Finds, *outcomes: str, people: tuple[Trust, ...] = ()) -> AnswersMeasured:
    (found,) = measure_answers(bench(*outcomes), "r", judge, people=people)
    return found


def test_a_model_that_is_right_agrees_with_the_cases() -> None:
    judge = Finds()
    found = measured(judge, *["met", "not_met"] * 5)
    assert (found.cases.calls, found.cases.kappa.value, found.cases.ac.value) == (10, 1.0, 1.0)
    assert (judge.asked, found.unsure, found.failed) == (10, 0, 0)
    assert not found.is_assist_only(0.6, 30)


def test_a_model_that_says_no_to_everything_is_fit_to_assist_only() -> None:
    found = measured(Finds(always="no"), *["met", "not_met"] * 5)
    # Half right, which chance alone would be.
    assert (found.cases.observed, found.cases.kappa.value) == (0.5, 0.0)
    assert found.is_assist_only(0.6, 30)


def test_few_cases_are_no_measure() -> None:
    assert measured(Finds(), *["met", "not_met"] * 4).is_assist_only(0.6, 30)


@pytest.mark.parametrize(
    ("status", "people", "said"),
    [
        ("stable", (), ["people have judged it in 0 of the 30 calls"]), ("stable", (3, 0.9), ["people have judged it in 3 of the 30 calls"]),
        ("stable", (40, 0.3), ["people agree with it too rarely"]), ("stable", (40, 0.9), []), ("trial", (), []),
    ],
    ids=["nobody", "few", "rarely", "mostly", "not counting"],
)  # fmt: skip
def test_a_question_that_counts_unmeasured_is_warned_of(status: str, people: tuple[int, float] | tuple[()], said: list[str]) -> None:
    asking = rubric({**WHY, "status": status}, id="r")
    lines = [trusted(people[1], calls=people[0])] if people else []
    found = unmeasured_questions(asking, lines, bar=0.6, least_calls=30)
    assert len(found) == len(said) and all(part in line for part, line in zip(said, found, strict=True))


def test_answers_without_proof_are_unsure_and_no_agreement() -> None:
    found = measured(Finds(always="yes"), "met", "not_met", "not_met")
    assert (found.cases.calls, found.unsure) == (1, 2)


def test_a_server_that_is_down_measures_nothing() -> None:
    found = measured(Finds(is_down=True), "met", "not_met")
    assert (found.cases.calls, found.failed) == (0, 2)
    assert found.is_assist_only(0.6, 30)


def trusted(ac: float, calls: int = 40) -> Trust:
    """People's agreement with the program on a criterion."""
    agreed = Agreement(calls=calls, observed=ac, kappa=Figure(value=ac), ac=Figure(value=ac, low=ac, high=ac))
    nothing = Share()
    return Trust(
        rubric_id="r", rubric_version=None, criterion_id="why", program=agreed, blind=agreed, people=agreed,
        rates=Rates(calls=0, missed=nothing, withheld=nothing, false=nothing), judged=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("people", "assists"), [(trusted(0.3), True), (trusted(0.9), False), (trusted(0.3, calls=3), False)], ids=["rarely", "mostly", "few"]
)
def test_what_people_say_of_calls_goes_before_the_cases_once_it_is_enough(people: Trust, assists: bool) -> None:
    assert measured(Finds(), *["met", "not_met"] * 5, people=(people,)).is_assist_only(0.6, 30) is assists


@pytest.mark.parametrize(
    ("judge", "expected"),
    [(Finds(), (4, 4, 0, 0)), (Finds(always="no"), (2, 4, 0, 0)), (Finds(always="yes"), (2, 2, 2, 0)), (Finds(is_down=True), (0, 0, 0, 4))],
    ids=["right", "always no", "always yes", "away"],
)
def test_second_looks_are_measured_on_cases_however_sure_the_program_is(judge: Finds, expected: tuple[int, int, int, int]) -> None:
    reason = {"id": "why", "check": "phrase", "phrases": {"en": ["owing to the house"]}}
    looks = SecondLooks(named=frozenset({"why"}))
    looking = prepare(rubric(reason, id="r"), {}, answered_by="m", second_looks=looks)
    asked = replace(bench("met", "not_met", "met", "not_met"), scorecards={"r": looking})
    right, proved, unproved, failed = expected
    assert measure_looks(asked, "r", judge) == (
        LooksMeasured(criterion_id="why", right=right, proved=proved, unproved=unproved, failed=failed),
    )
