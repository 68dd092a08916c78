"""What written dialogues are compared by."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.evaluation.dialogues import WrittenDialogue, compare_dialogue
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score

NUMBER = {"id": "number", "status": "stable", "check": "capture", "capture": "phone", "phrases": {"en": ["number"]}}
LINES = ("0:00 agent: And the best number for you?", "0:04 customer: 07700 900 583.")


@pytest.mark.parametrize(("wanted", "is_right"), [("07700 900 583", True), ("07700900583", True), ("07700 900 584", False)])
def test_an_answer_that_is_a_value_is_the_value(wanted: str, is_right: bool) -> None:
    rubric = Rubric.model_validate({"id": "taking", "version": 1, "sections": [{"id": "all", "criteria": [NUMBER]}]}, strict=False)
    dialogue = WrittenDialogue(id="a", rubric="taking", language="en", direction="inbound", lines=LINES, answers={"number": wanted})
    (compared,) = compare_dialogue(dialogue, score(conversation(*LINES, language="en"), prepare(rubric, {})))
    assert (compared.what, compared.is_right) == ("answer", is_right)


def test_of_what_is_made_of_values_the_answer_is_theirs() -> None:
    either = {"id": "either", "status": "stable", "check": "any", "of": ["number"]}
    rubric = Rubric.model_validate({"id": "taking", "version": 1, "sections": [{"id": "all", "criteria": [NUMBER, either]}]}, strict=False)
    dialogue = WrittenDialogue(id="a", rubric="taking", language="en", direction="inbound", lines=LINES, answers={"either": "07700 900583"})
    (compared,) = compare_dialogue(dialogue, score(conversation(*LINES, language="en"), prepare(rubric, {})))
    assert compared.is_right
