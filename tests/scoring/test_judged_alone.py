"""A criterion asked for by itself comes to what it comes to among all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.cases import cases_path, load_cases
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring.score import judge_call, prepare
from tests.rubric.built_rubrics import rubric

RUBRICS = Path(__file__).parents[2] / "rubrics"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["followup", "hotline", "survey_car_service"])
def test_each_criterion_of_a_call_comes_to_the_same_alone(name: str) -> None:
    path = RUBRICS / f"{name}.yaml"
    scorecard = prepare(load_rubric(path), {})
    calls = [
        conversation(case.dialogue, language=case.language, direction="outbound")
        for case in load_cases(cases_path(path))[::12]
        if case.dialogue
    ]
    for search in scorecard.searches(calls):
        among_all = judge_call(search, scorecard).verdicts
        assert {name: judge_call(search, scorecard, only={name}).verdicts[name] for name in among_all} == among_all


def test_of_the_others_only_what_its_verdict_hangs_on_is_judged() -> None:
    criteria = [
        {"id": "greeted", "check": "phrase", "phrases": {"en": ["hello"]}},
        {"id": "asked", "check": "phrase", "phrases": {"en": ["how are you"]}, "after": "greeted"},
        {"id": "thanked", "check": "phrase", "phrases": {"en": ["thank you"]}, "when": [{"criterion": "asked", "outcome": "met"}]},
        {"id": "closed", "check": "phrase", "phrases": {"en": ["goodbye"]}},
    ]
    scorecard = prepare(rubric(*criteria), {})
    assert [criterion.id for criterion in scorecard.needed_for({"thanked"})] == ["greeted", "asked", "thanked"]
    (search,) = scorecard.searches([conversation("agent: hello, how are you? Thank you.", language="en")])
    assert list(judge_call(search, scorecard, only={"thanked"}).verdicts) == ["greeted", "asked", "thanked"]
