"""Small calls that were once judged wrongly, by the shipped rubrics' phrases alone: one fault of hearing each."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.score import prepare, score
from tests.rubric.built_rubrics import shipped

_SV = ("0:00 customer: Hallå?", "0:01 agent: God kväll, Elin från Bokhyllan, samtalet spelas in. Har du tid?")
_ZH = ("0:00 customer: 喂？", "0:01 agent: 您好，净水之家小何，您买的滤芯到了。")


def outcome(rubric: str, criterion: str, language: str, *lines: str, **call: str) -> str:
    scored = score(conversation(*lines, language=language, **call), prepare(shipped(rubric), {}))
    return next(finding.outcome.value for finding in scored.findings if finding.criterion.id == criterion)


@pytest.mark.parametrize(
    "said",
    [
        "Jag vill inte att ni ringer mig.",
        "Ni ska inte ringa mig mer.",
        "Jag vill aldrig mer bli uppringd av er.",
        "Ring mig inte igen, tack.",
    ],
)
def test_an_opt_out_is_not_taken_back_by_words_with_other_endings(said: str) -> None:
    lines = (*_SV, f"0:06 customer: {said}", "0:08 agent: Okej. Tack, hej då.")
    assert outcome("consent_call", "opts_out", "sv", *lines, direction="outbound") == "met"


@pytest.mark.parametrize("greeting", ["Dobry wieczór", "Dzień dobry"])
def test_a_greeting_is_no_leave_taking(greeting: str) -> None:
    lines = (
        f"0:00 agent: {greeting}, Tele-Net, Ewelina.",
        "0:05 customer: Dzwonię trzeci raz w tej samej sprawie.",
        "0:08 agent: Bardzo przepraszam, już sprawdzam.",
        "0:12 customer: Mam was dosyć, do widzenia.",
    )
    assert outcome("hotline", "closing_line", "pl", *lines, direction="inbound", hangup_by="customer") == "not_applicable"


@pytest.mark.parametrize("said", ["Okay, bye.", "Thank you for that. Bye.", "Safe travels, bye."])
def test_short_words_take_leave(said: str) -> None:
    lines = ("0:00 agent: Good afternoon, Hartwell Windows.", "0:03 customer: My window leaks.", f"0:06 agent: {said}")
    assert outcome("hotline", "closing_line", "en", *lines, direction="inbound") == "met"


@pytest.mark.parametrize("said", ["Just one second here.", "I have two options for you, one is blue."])
def test_everyday_words_are_no_name(said: str) -> None:
    lines = (f"0:00 agent: {said}", "0:03 customer: My window leaks.", "0:06 agent: Right.")
    assert outcome("hotline", "self_identification", "en", *lines, direction="inbound") == "not_met"


@pytest.mark.parametrize("said", ["请问您的手机是什么机型？", "这方面的业务我帮您查。", "我正在检查线路。", "您是在建行办的卡吗？"])
def test_everyday_chinese_asks_nobody_whether_it_suits_them_and_is_not_rude(said: str) -> None:
    lines = (*_ZH, f"0:05 agent: {said}", "0:09 customer: 嗯。")
    assert outcome("followup", "convenience_check", "zh", *lines, direction="outbound") == "not_met"
    assert outcome("followup", "forbidden_phrases", "zh", *lines, direction="outbound") == "met"
