"""Which mark an item was answered with, over the turns that follow its question."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from tests.rubric.built_rubrics import finding, scored

PHRASES = {"en": ["how many marks"], "zh": ["打几分"], "pl": ["jak pan ocenia"], "sv": ["vilket betyg"]}
VISIT = {"check": "survey", "answered": "ten", "phrases": PHRASES}
ASKED = {"en": "How many marks for the visit?", "zh": "您给这次服务打几分？", "pl": "Jak pan ocenia wizytę?", "sv": "Vilket betyg ger du?"}


@pytest.mark.parametrize(
    ("language", "mark", "talk"),
    [
        ("en", "8", ["c: Eight.", "a: Eight?", "c: Yes."]),
        ("en", "8", ["c: Seven.", "a: Eight, thank you.", "c: Yes."]),
        ("en", "8", ["c: Eight.", "a: Nine?", "c: No, eight."]),
        ("en", "unclear", ["c: Nine.", "a: Nine?", "c: No."]),
        ("en", "9", ["c: It was lovely.", "a: So would that be a nine?", "c: Yes, that's right."]),
        ("en", "unclear", ["c: It was lovely.", "a: So would that be a nine?", "c: What do you mean?"]),
        ("en", "7", ["c: What is the scale?", "a: From one to ten, one is poor and ten is excellent.", "c: Seven then."]),
        ("en", "6", ["c: Eight.", "c: No, six."]),
        ("en", "5", ["c: Five.", "c: I learnt one thing and ate two sandwiches."]),
        ("en", "8", ["c: Eight.", "a: Why not a ten?", "c: Because two of them were late."]),
        ("en", "unclear", ["c: I don't give marks.", "a: All right. Thank you, goodbye.", "c: Bye."]),
        ("en", "4", ["c: Out of five?", "a: Yes, from one to five.", "c: Four."]),
        ("zh", "9", ["c: 挺好的。", "a: 那给您记九分可以吗？", "c: 可以。"]),
        ("zh", "8", ["c: 八分。", "a: 八分是吧？", "c: 对。"]),
        ("zh", "7", ["c: 八分。", "a: 八分？", "c: 不是，七分。"]),
        ("zh", "8", ["c: 几分制啊？", "a: 一到十分，十分是非常满意。", "c: 那八分。"]),
        ("pl", "8", ["c: Osiem.", "a: Dziewięć?", "c: Nie, osiem."]),
        ("pl", "9", ["c: Bardzo dobrze.", "a: Czyli dziewięć?", "c: Tak."]),
        ("sv", "8", ["c: Åtta.", "a: Nio?", "c: Nej, åtta."]),
        ("sv", "9", ["c: Bra.", "a: Alltså en nia?", "c: Ja."]),
    ],
)
def test_the_mark_is_the_one_that_the_talk_settles_on(language: str, mark: str, talk: list[str]) -> None:
    who = {"a": "agent", "c": "customer"}
    lines = [f"0:{2 * number + 2:02d} {who[line[0]]}: {line[3:]}" for number, line in enumerate(talk)]
    assert finding(conversation(f"0:00 agent: {ASKED[language]}", *lines, language=language), VISIT).answer == mark


def test_a_mark_for_the_next_item_is_not_for_this_one() -> None:
    lines = ["0:00 agent: 接待打几分？", "0:03 customer: 不好说。", "0:05 agent: 那清洁呢？", "0:08 customer: 八分。"]
    clean = {**VISIT, "phrases": {"zh": ["那清洁呢"]}}
    reception = {**VISIT, "phrases": {"zh": ["接待打几分"]}}
    assert [found.answer for found in scored(conversation(*lines), reception, clean).findings] == ["unclear", "8"]
