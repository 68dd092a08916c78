"""check: survey — which reply answers an item."""

from __future__ import annotations

from qa_pipeline.conversation.written import conversation
from tests.rubric.built_rubrics import finding

TYRES = {"check": "survey", "answered": "three", "phrases": {"zh": ["轮胎的使用情况", "轮胎{any:4}满意吗"]}}


def test_the_reply_to_an_announcement_is_no_answer_where_the_question_follows() -> None:
    lines = ["0:00 agent: 想了解轮胎的使用情况。", "0:04 customer: 说吧。", "0:06 agent: 您对轮胎还满意吗？", "0:09 customer: 不太满意。"]
    assert finding(conversation(*lines), TYRES).answer == "dissatisfied"


def test_an_item_asked_once_and_not_understood_is_unclear() -> None:
    lines = ["0:00 agent: 您对轮胎满意吗？", "0:04 customer: 等我看一下。", "0:08 agent: 好的，再见。"]
    found = finding(conversation(*lines), TYRES)
    assert (found.outcome.value, found.answer) == ("met", "unclear")
