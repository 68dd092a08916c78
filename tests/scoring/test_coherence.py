"""What was plainly done was due: a reading of few words gives way to what the call plainly holds, and to nothing less."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.coherence import CONTRADICTED
from qa_pipeline.scoring.score import Finding, prepare, score
from tests.rubric.built_rubrics import shipped

_OPENING = ("0:00 agent: 远帆货代您好，哪位？", "0:02 customer: 我找你们芮姐。", "0:06 agent: 她不在，我帮您转告？")
_MISREAD = "0:12 customer: 七号柜的提单品名打错了，毛巾打成了毛衣，今天一定要改。"
_DONE = (
    "0:33 agent: 请问您贵姓？",
    "0:35 customer: 我姓盛，盛晓波，电话幺三九八八八八七七七七。",
    "0:40 agent: 幺三九八八八八七七七七，好的。您还有别的要补充吗？",
    "0:44 customer: 没有了。",
    "0:47 agent: 放心，我一定转告她。再见。",
)


def found(rubric: str, language: str, *lines: str, **call: str) -> dict[str, Finding]:
    scored = score(conversation(*lines, language=language, **call), prepare(shipped(rubric), {}))
    return {finding.criterion.id: finding for finding in scored.findings}


def test_who_takes_a_message_was_not_told_that_there_is_none() -> None:
    findings = found("message_taking", "zh", *_OPENING, _MISREAD, *_DONE, direction="inbound")
    assert findings["declines_message"].outcome.value == "not_met"
    assert findings["declines_message"].reason_code == CONTRADICTED
    assert next(e.text for e in findings["declines_message"].evidence) == "打错了"
    assert {findings[name].outcome.value for name in ("asks_name", "caller_name", "caller_phone", "promises_to_pass_on")} == {"met"}


def test_without_what_contradicts_it_the_reading_stands() -> None:
    findings = found("message_taking", "zh", *_OPENING, _MISREAD, "0:33 agent: 好的，再见。", direction="inbound")
    assert findings["declines_message"].outcome.value == "met"
    assert findings["asks_name"].outcome.value == "not_applicable"


def test_who_changes_their_mind_is_believed_whatever_was_taken_down_before() -> None:
    given = "0:10 customer: 我叫骆明，电话幺三二五五五五六六六六，请他回电。"
    lines = (
        *_OPENING,
        given,
        "0:15 agent: 骆明先生，幺三二五五五五六六六六。",
        "0:20 customer: 算了吧，我自己跟他说。",
        "0:24 agent: 好的，再见。",
    )
    assert found("message_taking", "zh", *lines, direction="inbound")["declines_message"].outcome.value == "met"


_THROUGH = "0:06 agent: Right, I'm putting you through to Miss Adeyemi in conveyancing now."


@pytest.mark.parametrize(
    ("before", "no_message", "caller_name"),
    [
        ((), "met", "not_applicable"),
        (
            (
                "0:03 agent: Who's calling, please?",
                "0:04 customer: My name is Dave Hill.",
                "0:05 agent: Thanks, Mr Hill. What's the best number for you?",
                "0:05 customer: It's 01632 960 418.",
            ),
            "not_met",
            "met",
        ),
    ],
)
def test_who_is_put_through_leaves_nothing_unless_it_was_taken_down_first(
    before: tuple[str, ...], no_message: str, caller_name: str
) -> None:
    lines = (
        "0:00 agent: Good morning, Pritchard Vane Solicitors.",
        "0:02 customer: Hi, conveyancing please.",
        *before,
        _THROUGH,
        "0:12 customer: Cheers.",
    )
    findings = found("answering_service", "en", *lines, direction="inbound")
    assert (findings["no_message"].outcome.value, findings["caller_name"].outcome.value) == (no_message, caller_name)


@pytest.mark.parametrize(("reply", "outcome"), [("那我晚上再打给您，您看几点合适？", "met"), ("您觉得我们的利率怎么样？", "not_met")])
def test_a_customer_who_was_put_off_could_not_talk_in_whatever_words(reply: str, outcome: str) -> None:
    opening = "0:00 agent: 您好，一路通汽车金融小米，想给您做个回访，您现在方便吗？"
    lines = (
        opening,
        "0:13 customer: 哎呀我抱着娃呢，吵得很。",
        f"0:19 agent: {reply}",
        "0:25 customer: 八点以后吧。",
        "0:28 agent: 好的，再见。",
    )
    assert found("followup_finance_car", "zh", *lines, direction="outbound")["not_now"].outcome.value == outcome


_ASKED = "0:03 agent: Would you like to hear from us by e-mail about offers?"


@pytest.mark.parametrize(
    ("reply", "noted", "outcome"),
    [
        ("Yes, please.", "Lovely, I'll put that down as a yes.", "met"),
        ("Mm.", "I'll put that down as a yes.", "not_met"),
        ("No, thank you.", "I'll put that down as a no.", "met"),
        ("No, thank you.", "I'll put that down as a yes.", "not_met"),
    ],
)
def test_to_note_a_clear_answer_as_it_was_given_assumes_nothing(reply: str, noted: str, outcome: str) -> None:
    lines = (
        "0:00 agent: Good morning, this is Kim from Fairfield Motors.",
        _ASKED,
        f"0:08 customer: {reply}",
        f"0:10 agent: {noted}",
        "0:14 agent: Thanks, goodbye.",
    )
    assert found("consent_call", "en", *lines, direction="outbound")["no_assumed_consent"].outcome.value == outcome


@pytest.mark.parametrize(
    ("last", "is_excused"),
    [("没兴趣，再见。", False), ("没兴趣，我挂了。", True)],
)
def test_last_words_excuse_the_closing_only_where_they_say_that_somebody_hangs_up(last: str, is_excused: bool) -> None:
    lines = ("0:00 agent: 您好，一路通汽车金融小米，想给您做个回访，您现在方便吗？", f"0:05 customer: {last}")
    closing = found("followup_finance_car", "zh", *lines, direction="outbound")["closing_line"]
    assert (closing.reason_code == "situation") is is_excused
