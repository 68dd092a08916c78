"""check: capture — which value of a call is taken, where it was said first, and whether it was read back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring import verdict
from tests.rubric.built_rubrics import finding, scored

BEGAN = datetime(2025, 11, 12, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday
VISIT = {"id": "visit", "check": "capture", "capture": "datetime", "phrases": {"zh": ["什么时候", "您看周六行吗", "明天上午十点行吗"]}}
VISIT_READ_BACK = {"id": "again", "check": "capture", "capture": "datetime", "who": "agent", "repeats": "visit"}
MESSAGE = {"check": "capture", "capture": "text", "who": "customer", "phrases": {"zh": ["留言请讲", "请您转告"]}}


def at(*lines: str) -> Conversation:
    return conversation(*lines, started_at=BEGAN)


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        pytest.param(["0:00 agent: 您看周六行吗？", "0:03 customer: 行，上午十点吧。"], "2025-11-15T10:00+08:00", id="the other party's day"),
        pytest.param(["0:00 agent: 您看周六行吗？", "0:03 customer: 周日下午三点吧。"], "2025-11-16T15:00+08:00", id="a day of its own"),
        pytest.param(["0:00 agent: 您什么时候来？", "0:03 customer: 十点吧。", "0:05 customer: 不，十二点。"], "2025-11-12T12:00+08:00", id="the last"),
        pytest.param(["0:00 agent: 您什么时候来？", "0:03 customer: 后天。", "0:05 customer: 两点半。"], "2025-11-14T14:30+08:00", id="in two pieces"),
    ],
)  # fmt: skip
def test_the_time_agreed(lines: list[str], value: str) -> None:
    assert finding(at(*lines), VISIT).captures[0].value == value


def test_what_the_agent_says_again_is_the_repetition_and_not_the_value() -> None:
    visit, again = scored(
        at("0:00 agent: 您什么时候来？", "0:03 customer: 明天上午十点。", "0:06 agent: 好的，明天上午十点见。"), VISIT, VISIT_READ_BACK
    ).findings
    assert visit.evidence[0].role.value == "customer"
    assert again.outcome.value == "met"


SHARE = {
    "id": "share", "check": "capture", "capture": "reason", "who": "any",
    "values": {"under_half": {"en": ["under half"]}, "over_half": {"en": ["or over", "more than half"]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("Roughly how many, under half or over?", "over_half"),
        ("how many of them was it under half or over", "over_half"),
        ("So that is under half, is it?", "under_half"),
    ],
)
def test_values_that_are_offered_to_choose_from_are_not_told(asked: str, value: str) -> None:
    lines = [f"0:00 agent: {asked}", "0:03 customer: Fourteen.", "0:05 agent: So that's more than half."]
    assert finding(conversation(*lines, language="en"), SHARE).answer == value


def test_a_time_only_proposed_is_not_read_back() -> None:
    findings = scored(
        at("0:00 agent: 明天上午十点行吗？", "0:03 customer: 行。", "0:06 agent: 好的，再见。"), VISIT, VISIT_READ_BACK
    ).findings
    assert [finding.outcome.value for finding in findings] == ["met", "not_met"]


def test_a_time_is_read_back_in_a_sentence_beside_another_day() -> None:
    lines = ["0:00 agent: 您什么时候来？", "0:03 customer: 周六上午十点。", "0:06 agent: 今天给您登记了。周六上午十点我等您。"]
    assert scored(at(*lines), VISIT, VISIT_READ_BACK).findings[1].outcome.value == "met"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        pytest.param(["0:00 agent: 留言请讲。", "0:02 customer: 会议改到三点。"], "会议改到三点。", id="after the agent's cue"),
        pytest.param(["0:00 customer: 请您转告他，会议改到三点。"], "请您转告他，会议改到三点。", id="in the customer's own cue"),
        pytest.param(
            ["0:00 agent: 留言请讲。", "0:02 customer: 好的。", "0:03 agent: 请。", "0:04 customer: 会议改到三点。"],
            "会议改到三点。",
            id="after a word of consent",
        ),
    ],
)
def test_the_message_left(lines: list[str], text: str) -> None:
    assert finding(at(*lines), MESSAGE).captures[0].value == text


@pytest.mark.parametrize(
    ("language", "lines", "number"),
    [
        pytest.param(
            "zh",
            ["0:00 agent: 您的电话号码是多少？", "0:03 customer: 幺三八。", "0:05 agent: 嗯。", "0:06 customer: 零零幺三，八零零零。"],
            "13800138000",
            id="with a word of assent between",
        ),
        pytest.param(
            "pl",
            [
                "0:00 agent: Proszę podać numer.", "0:03 customer: Sześćset dwa.", "0:05 agent: Sześćset dwa.", "0:06 customer: Trzysta czterdzieści.",
                "0:08 agent: Tak.", "0:09 customer: Siedemset osiem.",
            ],
            "602340708",
            id="each piece repeated",
        ),
    ],
)  # fmt: skip
def test_a_number_given_piece_by_piece(language: str, lines: list[str], number: str) -> None:
    criterion = {
        "id": "phone",
        "check": "capture",
        "capture": "phone",
        "who": "customer",
        "phrases": {"zh": ["电话号码"], "pl": ["podać numer"]},
    }
    assert finding(conversation(*lines, language=language), criterion).captures[0].value == number


def test_a_number_is_not_joined_with_another_over_a_question() -> None:
    lines = ["0:00 customer: 三栋六零二。", "0:03 agent: 霍女士，电话是多少？", "0:06 customer: 六五四三二一零八。"]
    assert finding(at(*lines), {"check": "capture", "capture": "phone", "who": "customer"}).captures[0].value == "65432108"


def test_a_number_given_piece_by_piece_is_one() -> None:
    lines = ["0:00 customer: 一三八零零。", "0:03 agent: 嗯，一三八零零。", "0:06 customer: 一三八零零零。"]
    assert finding(at(*lines), {"check": "capture", "capture": "phone", "who": "customer"}).captures[0].value == "13800138000"


NAME = {"id": "name", "check": "capture", "capture": "name", "who": "customer"}
NAME_READ_BACK = {"id": "name_again", "check": "capture", "capture": "name", "who": "agent", "repeats": "name"}
NUMBER = {"id": "number", "check": "capture", "capture": "phone", "who": "customer"}
NUMBER_READ_BACK = {"id": "number_again", "check": "capture", "capture": "phone", "who": "agent", "repeats": "number"}


@pytest.mark.parametrize(
    ("language", "question", "answer", "name"),
    [
        ("en", "Can I take your name?", "birch", "Birch"),
        ("zh", "请问您贵姓？", "姓邬，邬建平。", "邬建平"),
        ("en", "Who's calling, please?", "it's alison birch", "Alison Birch"),
        ("en", "And the name?", "It's Birch, B-I-R-C-H.", "Birch"),
        ("pl", "A na jakie nazwisko?", "Nowicka.", "Nowicka"),
        ("pl", "Pani nazwisko?", "Nowicka, Monika Nowicka.", "Monika Nowicka"),
        ("sv", "Vad heter du?", "lindström", "Lindström"),
        ("zh", "请问您贵姓？", "弓长张。", "张"),
        ("zh", "怎么称呼您？", "沙海波。", "沙海波"),
        ("zh", "怎么称呼您？", "叫我小李就行。", "李"),
    ],
)
def test_where_a_name_was_asked_for_the_answer_is_one(language: str, question: str, answer: str, name: str) -> None:
    found = finding(conversation(f"0:00 agent: {question}", f"0:03 customer: {answer}", language=language), NAME)
    assert [capture.value for capture in found.captures] == [name]


@pytest.mark.parametrize("answer", ["Why do you need that?", "I'd rather not say.", "It's about the invoice."])
def test_an_answer_that_is_no_name_gives_none(answer: str) -> None:
    assert finding(conversation("0:00 agent: Your name, please?", f"0:03 customer: {answer}", language="en"), NAME).captures == ()


@pytest.mark.parametrize(
    ("language", "question", "answer", "said", "is_met"),
    [
        ("pl", "Pani nazwisko?", "Monika Nowicka.", "Dziękuję, pani Moniko.", True),
        ("pl", "Pana nazwisko?", "Marek Kowalski.", "Dziękuję, panie Marku.", True),
        ("pl", "Pana nazwisko?", "Marek Kowalski.", "Dziękuję, panie Janie.", False),
        ("en", "Your name?", "Dave Hill.", "Thank you, Mr Hill.", True),
        ("en", "Your name?", "Dave Hill.", "Thank you, Mr Mill.", False),
        ("zh", "您贵姓？", "我叫陈建国。", "好的，陈先生。", True),
        ("zh", "您贵姓？", "免贵姓李。", "这里给您记下了。", False),
    ],
)
def test_a_name_is_read_back_in_any_form_of_it(language: str, question: str, answer: str, said: str, is_met: bool) -> None:
    lines = (f"0:00 agent: {question}", f"0:03 customer: {answer}", f"0:06 agent: {said}")
    assert (scored(conversation(*lines, language=language), NAME, NAME_READ_BACK).findings[1].outcome.value == "met") is is_met


@pytest.mark.parametrize(
    ("given", "again", "is_met"),
    [
        (["oh one six two eight, four nine six one one three"], ["oh one six two eight", "four nine six double one three"], True),
        (["07700 900 123"], ["oh double seven double oh, nine hundred one two three"], True),
        (["+44 7700 900 123"], ["07700 900 123"], True),
        (["07700 900 123"], ["07700 900 132"], False),
        (["07700 900 123"], ["07700", "900"], False),
    ],
)
def test_a_number_is_read_back_digit_for_digit_in_any_grouping(given: list[str], again: list[str], is_met: bool) -> None:
    lines = [f"0:0{at} customer: {said}" for at, said in enumerate(given)]
    for at, said in enumerate(again):
        lines += [f"0:{10 + 4 * at} agent: {said}", f"0:{12 + 4 * at} customer: mhm"]
    found = scored(conversation(*lines, language="en"), NUMBER, NUMBER_READ_BACK).findings
    assert (found[1].outcome.value == "met") is is_met


@pytest.mark.parametrize(
    ("said", "is_met"), [("租约不续，押金照退。", True), ("好的，我一定给您转到。", False), ("写好了写好了，您放心。", False)]
)
def test_a_message_is_read_back_by_its_gist(said: str, is_met: bool) -> None:
    message = {"id": "message", "check": "capture", "capture": "text", "who": "customer", "phrases": {"zh": ["请讲"]}}
    again = {"id": "again", "check": "capture", "capture": "text", "who": "agent", "repeats": "message"}
    lines = (
        "0:00 agent: 请讲。",
        "0:02 customer: 你跟他说，我们商量了很久，房东那边也同意，今年租约到期就不续了，押金请照退给我们。",
        f"0:12 agent: {said}",
    )
    assert (scored(conversation(*lines, language="zh"), message, again).findings[1].outcome.value == "met") is is_met


def test_an_hour_said_back_is_that_of_the_day_agreed() -> None:
    visit, again = scored(
        at("0:00 agent: 您什么时候来？", "0:03 customer: 后天下午三点。", "0:06 agent: 好，下午三点等您。"), VISIT, VISIT_READ_BACK
    ).findings
    assert (visit.captures[0].value, again.outcome.value) == ("2025-11-14T15:00+08:00", "met")


@pytest.mark.parametrize(
    ("language", "said", "extra", "told", "value"),
    [
        ("pl", "jutro o trzeciej", {}, {}, "2025-11-13T15:00+01:00"),
        ("en", "tomorrow at three", {}, {}, "2025-11-13T15:00+00:00"),
        ("sv", "i morgon klockan tre", {}, {}, "2025-11-13T15:00+01:00"),
        ("en", "tomorrow at three", {"timezone": "America/New_York"}, {}, "2025-11-12T15:00-05:00"),
        ("en", "tomorrow at three", {}, {"timezone": "Europe/Warsaw"}, "2025-11-13T15:00+01:00"),
    ],
)
def test_times_are_of_the_zone_that_the_call_is_in(
    language: str, said: str, extra: dict[str, str], told: dict[str, str], value: str
) -> None:
    spoken = conversation(f"0:00 customer: {said}", language=language, started_at=BEGAN, extra=extra)
    assert finding(spoken, {"check": "capture", "capture": "datetime"}, **told).captures[0].value == value


def test_the_zones_of_the_system_are_listed_once_for_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[None] = []

    def zones() -> set[str]:
        listed.append(None)
        return {"Europe/Warsaw"}

    monkeypatch.setattr(verdict, "available_timezones", zones)
    verdict.known_zones.cache_clear()
    spoken = conversation("0:00 customer: tomorrow at three", language="en", started_at=BEGAN, extra={"timezone": "Europe/Warsaw"})
    for _ in range(3):
        finding(spoken, {"check": "capture", "capture": "datetime"})
    verdict.known_zones.cache_clear()
    assert len(listed) == 1


SHOWN = {"id": "given", "check": "capture", "capture": "phone", "who": "customer"}
SHOWN_AGAIN = {"id": "again", "check": "capture", "capture": "phone", "who": "agent", "repeats": "given"}


@pytest.mark.parametrize(
    ("agent", "customer", "outcome"),
    [
        ("您的电话就是来电显示的这个，13970228845，是吧？", "是，是这个。", "met"),
        ("您的电话就是来电显示的这个，13970228845，是吧？", "不是。", "not_applicable"),
        ("我这边显示的号码是13970228845，就打这个找您行吗？", "行，二十四小时有人。", "met"),
        ("那请您打维修部13970228845，我们这边转不了。", "是吗。", "not_applicable"),
        ("您的电话就是来电显示的这个，是吧？", "是，是这个。", "not_applicable"),
    ],
)
def test_a_number_that_was_shown_is_read_back_where_it_is_said_in_full_and_confirmed(agent: str, customer: str, outcome: str) -> None:
    found = scored(
        at("0:00 agent: 您好。", "0:02 customer: 我找谭院长。", f"0:05 agent: {agent}", f"0:09 customer: {customer}"), SHOWN, SHOWN_AGAIN
    )
    assert found.findings[1].outcome.value == outcome


@pytest.mark.parametrize(
    ("said", "is_met"),
    [
        ("好的，我跟您核对一遍：詹国庆先生，下个月六号在母校办毕业四十年聚会，请院长和爱人一起去。", True),
        ("好的，您说的我都记下来了，谭院长一回来我就马上转告他，请您放心。", False),
    ],
)
def test_a_message_retold_in_other_words_is_read_back_wherever_more_was_added(said: str, is_met: bool) -> None:
    told = "0:03 customer: 我叫詹国庆。我们下个月六号在母校聚会，毕业四十年嘛，请他务必来，把他爱人也带上。"
    lines = (
        "0:00 agent: 您好。",
        told,
        f"0:10 agent: {said}",
        "0:15 customer: 对。",
        "0:17 agent: 您还有留言请讲。",
        "0:19 customer: 就说老詹想他了，哈哈。",
    )
    message, again = (
        {**MESSAGE, "id": "message"},
        {"id": "again", "check": "capture", "capture": "text", "who": "agent", "repeats": "message"},
    )
    assert (scored(at(*lines), message, again).findings[1].outcome.value == "met") is is_met
