"""Numbers in words as `norm` writes them: in digits, whatever their scale."""

from __future__ import annotations

import pytest

from qa_pipeline.text.normalise import normalise
from qa_pipeline.text.number_words import han_value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("三百五", 350),
        ("一万二", 12_000),
        ("三千五百万", 35_000_000),
        ("一亿二", 120_000_000),
        ("三亿五千万", 350_000_000),
        ("一亿零五十", 100_000_050),
        ("两千三百亿", 230_000_000_000),
    ],
)
def test_a_scale_multiplies_what_stands_before_it(said: str, value: int) -> None:
    assert han_value(said, "zh") == value


def test_a_hundred_million_is_one_number_in_norm() -> None:
    assert normalise("三亿五千万", "zh") == "350000000/5"


@pytest.mark.parametrize(
    ("language", "text", "norm"), [("en", "twenty five", "20 5"), ("pl", "dwóch", "2"), ("sv", "tjugofem", "25"), ("en", "三", "3")]
)
def test_numbers_in_words_are_digits_in_norm(language: str, text: str, norm: str) -> None:
    assert normalise(text, language) == norm
