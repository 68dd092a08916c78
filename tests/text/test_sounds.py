"""What one token costs when it stands for another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.text.sounds import cost_table, word_cost
from qa_pipeline.text.syllables import syllables_of

SYLLABLES = st.sampled_from(
    [
        "man",
        "ma",
        "ni",
        "li",
        "zhi",
        "zi",
        "an",
        "ang",
        "hui",
        "fei",
        "yi",
        "er",
        "wu",
        "bu",
        "hao",
        "gao",
        "wo",
        "duo",
        "xian",
        "jian",
        "quan",
        "yuan",
        "lv",
        "ou",
        "1",
        "5",
        "23",
        "ok",
    ]
)
WORDS = st.text(st.sampled_from("abcdefghij"), min_size=1, max_size=12)


def syllable_cost(expected: str, heard: str) -> float:
    return syllables_of("zh").cost(expected, heard)


@pytest.mark.parametrize(
    ("expected", "heard", "cost"),
    [
        ("ni", "li", 0.5 * 0.2),
        ("zhi", "zi", 0.5 * 0.2),
        ("fei", "hei", 0.5 * 0.2),
        ("lan", "lang", 0.5 * 0.15),
        ("jin", "jing", 0.5 * 0.15),
        ("man", "ma", 0.5 * 0.35),
        ("zhan", "zang", 0.5 * 0.2 + 0.5 * 0.15),
        ("hao", "ao", 0.5 * 0.6),
    ],
)
def test_confusions_of_initial_and_final_are_halves_of_the_cost(expected: str, heard: str, cost: float) -> None:
    assert syllable_cost(expected, heard) == pytest.approx(cost)


@pytest.mark.parametrize(("digit", "syllable"), [("1", "yi"), ("1", "yao"), ("2", "liang"), ("5", "wu"), ("10", "shi")])
def test_a_digit_costs_nothing_for_its_own_syllables(digit: str, syllable: str) -> None:
    assert syllable_cost(digit, syllable) == syllable_cost(syllable, digit) == 0.0


def test_one_number_for_another_is_dear() -> None:
    assert syllable_cost("5", "6") == 0.7


def test_respelled_syllables_have_no_initial() -> None:
    assert syllable_cost("yan", "ian") == 0.0


@given(SYLLABLES, SYLLABLES)
def test_syllable_costs_are_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    assert 0.0 <= syllable_cost(a, b) == syllable_cost(b, a) <= 1.0


@given(WORDS, WORDS)
def test_word_costs_are_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    assert 0.0 <= word_cost(a, b) == word_cost(b, a) <= 1.0


@pytest.mark.parametrize(
    ("expected", "heard", "cost"),
    [
        ("weekend", "weekends", 1.2 / 8),
        ("afternoon", "aftenoon", 1.2 / 9),
        ("calling", "falling", 1.2 / 7),
        ("here", "there", 1.0),
        ("evening", "morning", 1.0),
        ("12", "13", 1.0),
    ],
)
def test_words_are_compared_by_letters_unless_short_or_too_unlike(expected: str, heard: str, cost: float) -> None:
    assert word_cost(expected, heard) == pytest.approx(cost)


@given(st.lists(SYLLABLES, unique=True, max_size=8), st.lists(SYLLABLES, unique=True, max_size=8))
def test_a_table_of_syllables_has_the_cost_of_every_pair(expected: list[str], heard: list[str]) -> None:
    table = cost_table(expected, heard, "zh")
    assert table.tolist() == [pytest.approx([syllable_cost(a, b) for b in heard]) for a in expected]


@given(st.lists(WORDS | st.sampled_from(["12", "3"]), unique=True, max_size=8), st.lists(WORDS | st.just("12"), unique=True, max_size=8))
def test_a_table_of_words_has_the_cost_of_every_pair(expected: list[str], heard: list[str]) -> None:
    table = cost_table(expected, heard, "en")
    assert table.tolist() == [pytest.approx([word_cost(a, b) for b in heard]) for a in expected]
