"""What happened in the call, recognised from words alone, and the disposition that follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Disposition
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.meanings import Head
from qa_pipeline.scoring.situations import Facts, find_facts
from tests.rubric.built_rubrics import shipped_situations

HELLO = "0:00 agent: 您好，我是尚德金融的小王。"


def facts(*lines: str, language: str = "zh", direction: str | None = "outbound", **options: Any) -> Facts:
    spoken = conversation(*lines, language=language, direction=direction, **options)
    return find_facts(Search(spoken, {}, {}), shipped_situations())


def test_the_agent_is_absent_where_nobody_but_others_speaks() -> None:
    assert facts("0:00 customer: 喂，有人吗？").situations["agent_absent"] == ()


@pytest.mark.parametrize(
    ("language", "announcement"),
    [
        ("zh", "您拨打的用户暂时无法接通，请稍后再拨。"),
        ("zh", "请在提示音后留言。"),
        ("en", "Please leave a message after the tone."),
        ("en", "The number you have dialled is not available."),
    ],
)
@pytest.mark.parametrize("role", ["other", "customer"])
def test_a_machine_answered(language: str, announcement: str, role: str) -> None:
    found = facts(f"0:00 {role}: {announcement}", "0:06 agent: 您好。", language=language)
    assert found.situations["voicemail"][0].utterance == 0
    assert found.disposition is Disposition.VOICEMAIL


def test_a_person_who_comes_on_after_the_announcement_is_no_machine() -> None:
    found = facts(
        "0:00 other: 您拨打的用户暂时无法接通。",
        "0:06 customer: 喂。",
        "0:08 agent: 您好。",
        "0:09 customer: 你好。",
        "0:11 customer: 你说。",
    )
    assert "voicemail" not in found.situations


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("zh", "你打错了。"),
        ("zh", "这里没有这个人。"),
        ("en", "You have the wrong number."),
    ],
)
def test_the_person_wanted_was_not_reached(language: str, reply: str) -> None:
    found = facts("0:00 agent: 您好。", f"0:05 customer: {reply}", language=language)
    assert (found.situations["wrong_person"][0].utterance, found.disposition) == (1, Disposition.WRONG_PERSON)


@pytest.mark.parametrize(
    ("language", "reply"), [("zh", "我不是很满意。"), ("zh", "我不是说过了吗？"), ("en", "I'm not sure about that."), ("zh", "对，我是。")]
)
def test_who_only_denies_something_is_the_person_wanted(language: str, reply: str) -> None:
    assert "wrong_person" not in facts("0:00 agent: 您好。", f"0:05 customer: {reply}", language=language).situations


@pytest.mark.parametrize(
    ("language", "reply"),
    [("zh", "我在开会。"), ("zh", "现在不方便。"), ("zh", "没时间。"), ("en", "I'm driving."), ("en", "It's not a good time.")],
)
def test_the_customer_is_busy(language: str, reply: str) -> None:
    found = facts("0:00 agent: 您好。", f"0:05 customer: {reply}", language=language)
    assert (found.situations["customer_busy"][0].utterance, found.disposition) == (1, Disposition.CALL_BACK)


def test_busy_after_the_first_question_is_too_late_to_excuse() -> None:
    found = facts(HELLO, "0:05 customer: 嗯。", "0:08 agent: 您对我们的服务满意吗？", "0:12 customer: 我在开会。")
    assert "customer_busy" not in found.situations


def test_whoever_takes_leave_first_ends_the_call() -> None:
    customer_first = facts(HELLO, "0:05 customer: 好的，再见。", "0:08 agent: 再见。")
    agent_first = facts(HELLO, "0:05 agent: 再见。", "0:08 customer: 再见。")
    assert customer_first.situations["customer_ended_first"][0].utterance == 1
    assert "customer_ended_first" not in agent_first.situations


def test_where_the_metadata_say_that_the_agent_hung_up_the_customer_did_not_end() -> None:
    assert "customer_ended_first" not in facts(HELLO, "0:05 customer: 好的，再见。", hangup_by="agent").situations


@pytest.mark.parametrize(
    ("lines", "columns", "hung_up"),
    [
        (("0:05 customer: 不需要，挂了。",), {}, True),
        (("0:05 customer: 不需要，挂了。", "0:08 agent: 喂，您还在吗？"), {}, True),
        (("0:05 customer: 不需要，挂了。", "0:08 agent: 那不打扰您了，再见。"), {}, False),
        (("0:05 customer: 嗯。",), {}, False),
        (("0:05 customer: 嗯。",), {"hangup_by": "customer"}, True),
        (("0:05 customer: 不需要，挂了。",), {"hangup_by": "agent"}, False),
        (("0:04 agent: 再见。", "0:05 customer: 再见。"), {"hangup_by": "customer"}, False),
    ],
)
def test_the_customer_hung_up_before_the_agent_could_close(lines: tuple[str, ...], columns: dict[str, str], hung_up: bool) -> None:
    assert ("customer_hung_up" in facts(HELLO, *lines, **columns).situations) is hung_up


@pytest.mark.parametrize(
    ("language", "lines", "hung_up"),
    [
        ("pl", ("0:03 agent: Nie wiem.", "0:05 customer: No to ładna obsługa. Żegnam."), False),
        ("sv", ("0:03 agent: Okej, jag säger det till honom, hej.", "0:05 customer: Tack, hej."), False),
        ("en", ("0:03 agent: I've told you who to ring.", "0:05 customer: Fine, bye."), False),
        ("sv", ("0:03 agent: Det kan du inte få.", "0:05 customer: Nu lägger jag på!"), True),
        ("pl", ("0:03 agent: Nie wiem.", "0:05 customer: Szkoda gadać, rozłączam się!"), True),
    ],
)
def test_a_goodbye_that_nobody_answers_is_no_hanging_up(language: str, lines: tuple[str, ...], hung_up: bool) -> None:
    found = facts("0:00 agent: Hej.", *lines, language=language, direction="inbound").situations
    assert ("customer_hung_up" in found, "customer_ended_first" in found) == (hung_up, hung_up)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("pl", ("0:05 agent: Czy coś jeszcze?", "0:06 customer: Nie, to wszystko.")),
        ("zh", ("0:05 agent: 您把水全部关了。", "0:06 customer: 要得，我关了看哈。")),
    ],
)
def test_an_answer_and_what_only_sounds_like_leave_taking_end_no_call(language: str, lines: tuple[str, ...]) -> None:
    closing = {"pl": "0:09 agent: Dobrze, dziękuję.", "zh": "0:09 agent: 表前头漏我们来修。"}[language]
    assert "customer_ended_first" not in facts(*lines, closing, language=language, direction="inbound").situations


@pytest.mark.parametrize(
    ("language", "asked", "said", "reply"),
    [
        ("sv", "Talar jag med Margareta Ståhl?", "Nej, Margareta bor i Spanien numera.", "Aha, då har jag kommit fel."),
        ("zh", "请问是邹先生吗？", "哪里，这是小林家。", "对不起，吵着您了。"),
        ("en", "Am I speaking to Mr Fisk?", "This is the bakery in Mill Lane.", "Oh, sorry, wrong number."),
        ("pl", "Czy rozmawiam z panem Rysiem?", "To jest piekarnia.", "Ojej, pomyłka, przepraszam."),
    ],
)
@pytest.mark.parametrize("is_regretted", [True, False])
def test_what_may_be_said_of_a_stranger_is_where_the_caller_regrets_the_number(
    language: str, asked: str, said: str, reply: str, is_regretted: bool
) -> None:
    lines = (f"0:00 agent: {asked}", f"0:03 customer: {said}", f"0:06 agent: {reply if is_regretted else 'Mhm.'}", "0:09 customer: Mhm.")
    found = facts_by_meaning("wrong_person", {said: 0.92}, *lines, language=language)
    assert ("wrong_person" in found.situations) is is_regretted


def test_leave_taken_in_the_very_first_utterance_is_leave_taken() -> None:
    found = facts("0:00 agent: 那我们再见。", "0:05 customer: 挂了。")
    assert "customer_hung_up" not in found.situations


@pytest.mark.parametrize(
    ("lines", "options", "disposition"),
    [
        (("0:05 customer: 你好。",), {}, "completed"),
        (("0:05 customer: 别再给我打电话了。",), {}, "opted_out"),
        (("0:05 customer: 没兴趣。",), {}, "refused"),
        (("0:05 customer: 我在开会。", "0:08 agent: 那我明天再打给您。"), {}, "call_back"),
        (("0:05 customer: 你好。",), {"ends_cut": True}, "cut_off"),
        (("0:05 customer: 没兴趣，别再打了。",), {}, "opted_out"),
        (("0:05 customer: 没兴趣。",), {"disposition": "completed"}, "completed"),
        (("0:05 customer: 没兴趣。",), {"direction": "inbound"}, "completed"),
    ],
)
def test_the_disposition(lines: tuple[str, ...], options: dict[str, Any], disposition: str) -> None:
    assert facts(HELLO, *lines, **options).disposition is Disposition(disposition)


@pytest.mark.parametrize(
    "reply", ["不方便，也不想评，你们天天评。", "不方便，也不用聊了，我已经在别家做了。", "我看你们就是骗子，我不去。"]
)
def test_who_cannot_talk_and_will_not_either_refuses(reply: str) -> None:
    lines = (HELLO, "0:04 agent: 想请您做个评价，现在方便吗？", f"0:08 customer: {reply}", "0:14 agent: 理解您，打扰了，再见。")
    assert facts(*lines).disposition is Disposition.REFUSED


@pytest.mark.parametrize("reply", ["不去了，我在外地打工呢，手机自己能弄。", "我就不过去了，谢谢。"])
def test_who_will_not_come_refuses(reply: str) -> None:
    lines = (HELLO, "0:05 agent: 想请您到我们网点来一趟，帮您办一下。", f"0:10 customer: {reply}", "0:14 agent: 好的，那不打扰您了，再见。")
    assert facts(*lines).disposition is Disposition.REFUSED


def test_who_asks_why_not_before_of_an_earlier_visit_offers_no_later_call() -> None:
    found = facts(
        "0:00 agent: 您好，您上周来咨询过，想做个回访，您看现在方便吗？",
        "0:06 customer: 不方便，也不用回访了，我已经在别家看了。",
        "0:10 agent: 好的，再见。",
    )
    assert found.disposition is Disposition.REFUSED


def test_who_names_another_time_was_put_off_though_nothing_says_so_before() -> None:
    found = facts(
        "0:00 agent: 您好，您是岑先生吧，想问问您这几天的用车情况。",
        "0:09 customer: 我在外头钓鱼呢，手机快没电了。",
        "0:15 agent: 那您边上有座机没有？",
        "0:17 customer: 鱼塘哪来的座机。",
        "0:19 agent: 也是。那您看我改日再打？",
        "0:22 customer: 明天吧，明天下午两点。",
        "0:25 agent: 明天下午两点，我记下了，再见。",
    )
    assert found.disposition is Disposition.CALL_BACK


def test_who_is_asked_when_to_come_by_was_not_put_off() -> None:
    found = facts(
        HELLO,
        "0:04 agent: 您现在方便说话吗？",
        "0:08 customer: 方便。",
        "0:10 agent: 您的眼镜该复查了，您看哪天有空过来？",
        "0:16 customer: 星期五下班以后吧，六点多。",
        "0:20 agent: 好的，给您登记上了，再见。",
    )
    assert found.disposition is Disposition.COMPLETED


@pytest.mark.parametrize("reply", ["不巧，我马上要进教室上课了。", "我正要登机。", "铃都响了，我得进去。"])
def test_who_is_about_to_go_in_is_busy(reply: str) -> None:
    lines = (
        HELLO,
        "0:04 agent: 您现在说话方便吗？",
        f"0:08 customer: {reply}",
        "0:12 agent: 那不打扰您了，您下了课我再打，行不行？",
        "0:16 customer: 行。",
    )
    assert facts(*lines).disposition is Disposition.CALL_BACK


def test_a_call_without_words_has_no_situation_and_no_disposition() -> None:
    assert facts() == Facts(situations={}, disposition=None)


def test_situations_are_read_from_the_right_party_only() -> None:
    assert facts("0:00 agent: 您好，您是不是打错了？", "0:04 customer: 没有。").situations.keys() == set()


def facts_by_meaning(list_id: str, chances: dict[str, float], *lines: str, language: str = "zh") -> Facts:
    """Facts of a call in which each text has this much of one list's meaning, and others have none."""

    def encode(texts: Any) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            share = next((chance for part, chance in chances.items() if part in text), 0.01)
            vectors[row, 0] = np.log(share / (1 - share))
        return vectors

    weights = np.zeros(WIDTH, np.float32)
    weights[0] = 1
    spoken = with_vectors(conversation(*lines, language=language, direction="outbound"), encode)
    return find_facts(Search(spoken, {list_id: Head(list_id=list_id, weights=weights, bias=0.0)}, {}), shipped_situations())


def test_what_only_sounds_like_a_stranger_is_none_unless_it_means_that() -> None:
    lines = ("0:00 agent: 合同您看过吧？", "0:05 customer: 我不识几个字。", "0:07 agent: 好的。")
    assert "wrong_person" not in facts_by_meaning("wrong_person", {}, *lines).situations
    assert "wrong_person" in facts_by_meaning("wrong_person", {"我不识": 0.6}, *lines).situations


@pytest.mark.parametrize(("next_words", "is_stranger"), [(0.85, True), (0.5, False)])
def test_a_likely_stranger_counts_where_the_next_words_bear_it_out(next_words: float, is_stranger: bool) -> None:
    found = facts_by_meaning(
        "wrong_person", {"两年": 0.93, "换号": next_words},
        "0:00 agent: 麻烦找一下俞国华。", "0:05 customer: 这个号我用了两年。", "0:09 agent: 那可能是他换号啦。",
    )  # fmt: skip
    assert ("wrong_person" in found.situations) is is_stranger


@pytest.mark.parametrize(("answer", "is_busy"), [("那我明天下午再给您打过去。", True), ("那您说说用得怎么样？", False)])
def test_somebody_likely_busy_is_so_where_a_later_call_is_offered(answer: str, is_busy: bool) -> None:
    found = facts_by_meaning(
        "customer_busy", {"吊车": 0.85}, "0:00 agent: 您好。", "0:05 customer: 我人在吊车上头。", f"0:09 agent: {answer}"
    )
    assert ("customer_busy" in found.situations) is is_busy


@pytest.mark.parametrize(("turns", "disposition"), [(1, Disposition.REFUSED), (5, Disposition.COMPLETED)])
def test_a_likely_refusal_is_one_where_the_agent_soon_ends(turns: int, disposition: Disposition) -> None:
    lines = ["0:00 agent: 您好。", "0:05 customer: 这种访问我从来都没兴致的。"]
    for turn in range(turns):
        lines += [f"0:{10 + 5 * turn} agent: 嗯嗯好的。", f"0:{12 + 5 * turn} customer: 哦。"]
    assert facts_by_meaning("refuses", {"没兴致": 0.92}, *lines).disposition is disposition


def test_who_goes_on_talking_was_not_too_busy() -> None:
    lines = [
        "0:00 customer: 喂，我在菜市场，有点忙。",
        "0:03 agent: 您好，我是安康人寿的小季。",
        "0:07 customer: 嗯。",
        "0:09 agent: 保单收到了吗？",
    ]
    lines += [
        "0:12 customer: 收到了。",
        "0:14 agent: 地址没变吧？",
        "0:16 customer: 没变。",
        "0:18 agent: 字是您签的？",
        "0:20 customer: 是。",
    ]
    found = facts(*lines, "0:22 agent: 好的，谢谢您，再见。")
    assert "customer_busy" not in found.situations
    assert found.disposition is Disposition.COMPLETED


def test_busy_that_comes_late_and_moves_nobody_is_none() -> None:
    lines = ["0:00 agent: 您好。", "0:02 customer: 哪位？", "0:04 agent: 物业的。", "0:06 customer: 什么事？", "0:08 agent: 物业费该交了。"]
    found = facts(*lines, "0:11 customer: 我那会儿正忙着搬家。", "0:14 agent: 那也得交。", "0:16 customer: 知道了。")
    assert "customer_busy" not in found.situations


def test_who_says_to_go_ahead_is_not_busy() -> None:
    found = facts(
        "0:00 agent: 您好，您现在方便吗？",
        "0:03 customer: 没事，你说吧，我正忙着浇花。",
        "0:07 agent: 就问一句，修好了吗？",
        "0:10 customer: 好了。",
    )
    assert "customer_busy" not in found.situations


def test_nobody_refuses_before_the_agent_has_spoken() -> None:
    found = facts("0:00 customer: 我没兴趣听，别吵。", "0:03 agent: 您好，我是小王。", "0:06 customer: 哦，你好。", "0:08 agent: 您好。")
    assert found.disposition is Disposition.COMPLETED


def test_who_waited_for_an_agent_and_hung_up_was_cut_off() -> None:
    waiting = ["0:00 customer: 喂？有人吗？", "0:20 customer: 算了。"]
    assert facts(*waiting, direction="inbound", hangup_by="customer").disposition is Disposition.CUT_OFF
    assert facts(*waiting, direction="inbound").disposition is None


@pytest.mark.parametrize(("reply", "is_stranger"), [("对，我是他妈妈。", False), ("我是他妈妈。", True)])
def test_who_first_says_yes_is_the_one_who_was_asked_for(reply: str, is_stranger: bool) -> None:
    assert ("wrong_person" in facts("0:00 agent: 是孩子的家长吧？", f"0:03 customer: {reply}").situations) is is_stranger


def test_a_customer_hung_up_on_last_words_that_close_nothing_where_the_metadata_say_so() -> None:
    lines = (HELLO, "0:05 customer: 得了，跟你说不着。", "0:08 agent: 那你去问司机。")
    assert "customer_hung_up" in facts(*lines, hangup_by="customer").situations
    assert "customer_hung_up" not in facts(*lines).situations


def test_who_tells_something_bids_nobody_go_on() -> None:
    found = facts(
        "0:00 agent: 您好，我是通达车贷的小贺，做个回访。",
        "0:06 customer: 我跟你说妹子，我在高速上呢。",
        "0:10 agent: 那不敢说了，您看啥时候我再打给您？",
        "0:14 customer: 明天中午。",
        "0:16 agent: 好，再见。",
    )
    assert "customer_busy" in found.situations
    assert found.disposition is Disposition.CALL_BACK
