"""What only sounds like a phrase: believed where it makes no other sense, not where it is good speech as it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.phrases.search import Speech, compile_phrase, find_phrase, speech_from_text


def found(phrase: str, text: str, language: str = "zh", mode: str = "tolerant") -> list[str]:
    hits = find_phrase(compile_phrase(phrase, language, mode=mode), speech_from_text(text, language))  # type: ignore[arg-type]
    return [hit.text for hit in hits]


def found_at(phrase: str, text: str, confidence: float) -> int:
    utterances = conversation(f"0:00 agent: {text}", language="zh", confidence=confidence).utterances
    return len(find_phrase(compile_phrase(phrase, "zh"), Speech(utterances, "zh")))


@pytest.mark.parametrize(("said", "hits"), [("我是鸿运汽车金融的客服", 0), ("早，鸿运汽车金融", 1), ("造鸿运汽车金融", 1)])
def test_a_name_alone_is_no_phrase_with_a_name_in_it(said: str, hits: int) -> None:
    phrase = compile_phrase("早{company}", "zh", slots={"company": ["鸿运汽车金融"]})
    assert len(find_phrase(phrase, speech_from_text(said, "zh"))) == hits


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("急什么急", "请问您的手机是什么机型"),
        ("急什么急", "司机是什么级别"),
        ("急什么急", "洗衣机是什么机器"),
        ("方便吗", "这方面的业务我给您转过去"),
        ("再见", "我正在检查线路"),
        ("再见", "您是在建行办的卡"),
        ("我(叫|姓){some:3}", "我行规定需要本人办理"),
        ("我不(是|姓){some:4}", "我不清楚这个事情"),
        ("打扰", "我给您打好包了"),
        ("再见", "易碎品里面再减一层泡沫"),
        ("再见", "蛋糕牌上再加小朋友的名字"),
        ("您好", "您好像同时开了两个彩铃"),
    ],
)
def test_good_speech_is_taken_as_it_stands(phrase: str, said: str) -> None:
    assert found(phrase, said) == []


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("再见", "好的在见"),
        ("方便吗", "您现在放便吗"),
        ("请问有什么可以帮您", "请问有什么可以邦您"),
        ("满意度调查", "我们做个满一度调查"),
        ("感谢您的来电", "感谢您的来店"),
    ],
)
def test_what_nobody_says_is_taken_for_the_phrase(phrase: str, heard: str) -> None:
    assert len(found(phrase, heard)) == 1


def test_what_convicts_must_at_least_sound_the_same() -> None:
    assert found("您{any:5}(中奖|得奖)", "您的件昨天晚上到了", mode="strict") == []


def test_a_word_that_is_all_somebody_says_may_be_misheard() -> None:
    assert found("满意", "我很蚂蚁") == ["蚂蚁"]
    assert found("满意", "家里有蚂蚁怎么办") == []


def test_doubtful_words_may_be_others_and_sure_ones_may_not() -> None:
    assert found_at("耽误您", "相当如您两分钟", 0.5) == 0
    assert found_at("方便吗", "您看方面吗您说", 0.5) == 1
    assert found_at("方便吗", "您看方面吗您说", 0.9) == 0
    assert found_at("再见", "好的在见", 0.9) == 1
    assert found_at("再见", "好的在见", 0.97) == 0


def test_which_of_two_characters_alike_is_written_says_nothing() -> None:
    assert found_at("祝您生活愉快", "祝你生活愉快", 0.97) == 1


@pytest.mark.parametrize(
    ("language", "phrase", "said", "is_found"),
    [
        ("sv", "(inte|aldrig) {any:2}ringt", "Jag vill inte att ni ringer", False),
        ("sv", "(inte|aldrig) {any:2}ringt", "Ni har aldrig ringt mig", True),
        ("pl", "dzień dobry", "w dniu dobrym", False),
        ("en", "are you busy", "There you are, you busy man", False),
        ("zh", "不用打开", "不用，打开就行", False),
    ],
)
def test_exact_means_to_the_letter_and_within_a_clause(language: str, phrase: str, said: str, is_found: bool) -> None:
    assert bool(found(phrase, said, language, mode="exact")) is is_found


@pytest.mark.parametrize(("said", "is_found"), [("thanks for quality", False), ("thanks for caling", True), ("thanks for calls", True)])
def test_another_word_of_letters_is_no_slip(said: str, is_found: bool) -> None:
    assert bool(found("for calling", said, "en")) is is_found


def test_nothing_said_by_ear_is_heard_over_the_end_of_a_clause() -> None:
    assert found("在家吗", "我现在，加吗") == []


def test_belief_reads_what_the_utterance_says_not_its_norm_alone() -> None:
    (utterance,) = conversation("0:00 agent: 您好", language="zh").utterances
    other = replace(utterance, text="妮郝")
    assert find_phrase(compile_phrase("您好", "zh"), Speech([utterance], "zh"))
    assert not find_phrase(compile_phrase("您好", "zh", mode="exact"), Speech([other], "zh"))
