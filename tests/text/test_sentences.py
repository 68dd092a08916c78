"""Where sentences end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.text.sentences import ends_sentence, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("您好。请问您是张先生吗？是的！", ["您好。", "请问您是张先生吗？", "是的！"]),
        ("It costs 3.50 euros. Mr. Smith agreed.", ["It costs 3.50 euros.", "Mr. Smith agreed."]),
        ("See example.com for more", ["See example.com for more"]),
        ("Hello\nthere", ["Hello", "there"]),
        ("Well... yes?!", ["Well...", "yes?!"]),
        ("你说什么？？", ["你说什么？？"]),
        ("Thanks! :)", ["Thanks! :)"]),
        ("?", ["?"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@given(st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=60).filter(str.strip))
def test_no_word_is_lost_between_sentences(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("word", "expected"),
    [(" here.", True), ("吗？", True), (" Mr.", False), (" Dr.", False), (" Mrs.", True), ("，", False), (" 3.", True), (" well", False)],
)
def test_a_recognised_word_ends_a_sentence(word: str, expected: bool) -> None:
    assert ends_sentence(word) is expected
