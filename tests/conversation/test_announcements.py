"""Recordings are known by equal words in an equal rhythm in several calls; people who repeat their script are not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from qa_pipeline.call import Call, Conversation, Role, Utterance
from qa_pipeline.conversation.announcements import announcements_in, find_announcements, played_in
from qa_pipeline.conversation.roles import assign_roles
from qa_pipeline.conversation.written import conversation

ANNOUNCEMENT = "春季优惠活动已经开始，详情见门店海报，祝您身体健康万事如意。"
TALK = (
    ("喂你好我想问一下快递到哪里了", "单号是多少您说一下"),
    ("空调坏了三天没有人来修", "师傅明天上午过去可以吗"),
    ("帮忙查一下这个月的话费", "您的号码是尾号零七的这个吗"),
    ("我要退掉昨天买的那双鞋", "订单里写的是三十八码对吧"),
)


def heard(number: int, opening: str = ANNOUNCEMENT, *, tempo: float = 1.0, jitter_ms: int = 20, voice: str = "voice2") -> Conversation:
    """A call that begins with `opening`; word times differ by up to `jitter_ms`, and the whole by a factor."""
    customer, agent = TALK[number % len(TALK)]
    call = conversation(
        f"0:00 other: {opening}", f"customer: {customer}", f"agent: {agent}", f"customer: 好的谢谢{number}号", call_id=f"c{number}"
    )
    chance = random.Random(number)
    first, *rest = call.utterances
    at = 200 * number
    words = tuple(
        replace(
            w,
            start_ms=at + round(w.start_ms * tempo) + chance.randint(-jitter_ms, jitter_ms),
            end_ms=at + round(w.end_ms * tempo) + jitter_ms,
        )
        for w in first.words
    )
    first = replace(first, words=words, start_ms=words[0].start_ms, end_ms=words[-1].end_ms, speaker=voice, role=Role.CUSTOMER)
    later = [replace(u, start_ms=(u.start_ms or 0) + 2_000, end_ms=(u.end_ms or 0) + 2_000) for u in rest]
    return replace(call, call=replace(call.call, audio_sha256=f"{number}|{opening}|{tempo}"), utterances=(first, *later))


def texts(*calls: Conversation, least: int = 3) -> list[tuple[str, int]]:
    return [(one.text, one.calls) for one in find_announcements([played_in(c) for c in calls], least_calls=least)]


def test_what_plays_in_three_calls_is_found_and_in_two_is_not() -> None:
    assert texts(*(heard(n) for n in range(3))) == [(ANNOUNCEMENT, 3)]
    assert texts(*(heard(n) for n in range(2))) == []


def test_a_word_or_two_may_be_heard_otherwise() -> None:
    misheard = [ANNOUNCEMENT, ANNOUNCEMENT.replace("海报", "海豹"), ANNOUNCEMENT.replace("门店", "们点")]
    found = texts(*(heard(n, text) for n, text in enumerate(misheard)))
    assert [calls for _, calls in found] == [3]


@pytest.mark.parametrize("tempo", [(1.0, 1.06, 0.94), (1.0, 0.9, 1.1)])
def test_a_script_is_said_at_another_pace_every_time(tempo: tuple[float, ...]) -> None:
    assert texts(*(heard(n, tempo=pace) for n, pace in enumerate(tempo))) == []


def test_a_script_is_said_in_another_rhythm_even_at_the_same_pace() -> None:
    assert texts(*(heard(n, jitter_ms=160) for n in range(4))) == []


@pytest.mark.parametrize(
    "said",
    [
        "您好，我是星海宽带回访中心的小王，今天来给您做个回访。",
        "您好，欢迎致电星海宽带客服中心，很高兴能够为您服务。",
        "请问您现在方便接听一下回访的电话吗，只要两三分钟。",
    ],
)
def test_what_a_person_would_say_of_themselves_or_ask_is_none(said: str) -> None:
    assert texts(*(heard(n, said) for n in range(4))) == []


def test_what_a_voice_says_between_other_things_is_none() -> None:
    def later(number: int) -> Conversation:
        call = heard(number)
        first, *rest = call.utterances
        words = tuple(replace(w, start_ms=w.start_ms + 30_000, end_ms=w.end_ms + 30_000) for w in first.words)
        first = replace(first, words=words, start_ms=words[0].start_ms, end_ms=words[-1].end_ms)
        after = replace(rest[0], utterance=9, speaker="voice2", start_ms=60_000, end_ms=62_000, text="那就这样说定了")
        return replace(call, utterances=(*rest, first, after))

    assert texts(*(later(n) for n in range(4))) == []


def test_copies_of_one_call_prove_nothing() -> None:
    call = heard(1)
    copies = [replace(call, call=Call(call_id=f"copy{n}", source_uri="c.wav", audio_sha256=str(n))) for n in range(5)]
    assert texts(*copies) == []


def test_the_order_of_the_calls_does_not_matter() -> None:
    calls = [heard(n) for n in range(4)]
    assert texts(*calls) == texts(*reversed(calls)) == [(ANNOUNCEMENT, 4)]


def test_where_it_plays_nobody_has_said_it() -> None:
    known = find_announcements([played_in(heard(n)) for n in range(3)], least_calls=3)
    call = heard(7)
    ((utterance, _),) = announcements_in(played_in(call), known)
    stripped: list[Utterance] = [replace(u, role=Role.UNKNOWN) for u in call.utterances]
    roles = assign_roles(stripped, call.call, recorded={utterance.utterance})
    assert roles.utterances[0].role is Role.OTHER
    assert Role.OTHER not in {u.role for u in roles.utterances[1:]}


def test_a_recording_on_a_persons_track_leaves_the_person_their_words() -> None:
    call = heard(1, voice="agent")
    stripped = [replace(u, role=Role.UNKNOWN) for u in call.utterances]
    roles = assign_roles(stripped, call.call, recorded={0})
    assert [u.role is Role.OTHER for u in roles.utterances] == [True, False, False, False]


def test_calls_in_which_nothing_else_is_said_count_each() -> None:
    calls = [replace(heard(n), utterances=heard(n).utterances[:1]) for n in range(4)]
    assert texts(*calls) == [(ANNOUNCEMENT, 4)]
    copies = [replace(c, call=replace(c.call, audio_sha256="1")) for c in calls]
    assert texts(*copies) == []
