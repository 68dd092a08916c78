"""Text → norm: what matching reads, and where each token lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.text.normalise import Token, normalise, simplify, tokens_of, unit_spans

LANGUAGES = st.sampled_from(["zh", "en", "pl", "sv"])
SPOKEN = st.text(st.sampled_from("您好滿意不没有二十三百幺 abcdefgåäöłżó'’0123456789.,:!?。，"), max_size=40)


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("您好", "nin hao"),
        ("滿意", "man yi"),
        ("您好，请问。", "nin hao qing wen"),
        ("OK好", "ok hao"),
    ],
)
def test_chinese_is_written_as_toneless_syllables(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("二十三", "23/3"),
        ("幺三八", "138/3"),
        ("十", "10"),
        ("二十", "20/2"),
        ("一百零五", "105/4"),
        ("一千零一十", "1010/5"),
        ("十万", "100000/2"),
        ("二零二六", "2026/4"),
        ("两点", "2 dian"),
        ("3点", "3 dian"),
        ("1,500", "1500"),
    ],
)
def test_chinese_numbers_are_digits_that_cover_their_characters(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize(("text", "norm"), [("三百五", "350/3"), ("一万二", "12000/3")])
def test_a_digit_after_a_scale_counts_the_scale_below(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("3亿", "三亿"),
        ("3万5千", "三万五千"),
        ("3万5000", "三万五千"),
        ("2千万", "两千万"),
        ("3亿零五十", "三亿零五十"),
        ("10万3年", "十万3年"),
    ],
)
def test_a_number_typed_with_a_scale_is_the_one_that_is_said(typed: str, spoken: str) -> None:
    numbers = [[item.partition("/")[0] for item in normalise(text, "zh").split()] for text in (typed, spoken)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("text", "norm"),
    [("3万", "30000/2"), ("2024年", "2024 nian"), ("3点", "3 dian"), ("3千", "3 qian"), ("5个百分点", "5 ge bai fen dian")],
)
def test_digits_without_a_large_scale_stand_alone(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize(("text", "norm"), [("一下", "yi xia"), ("千万", "qian wan"), ("百分", "bai fen")])
def test_what_only_looks_like_a_number_is_none(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("不满意", "!bu man yi"),
        ("没空", "!mei kong"),
        ("别打", "!bie da"),
        ("不是不行", "!bu shi !bu xing"),
    ],
)
def test_a_chinese_negation_is_marked(text: str, norm: str) -> None:
    assert normalise(text, "zh") == norm


@pytest.mark.parametrize("text", ["方不方便", "有没有", "是不是", "不好意思", "对不起", "没关系", "特别", "差不多", "未来"])
def test_questions_and_idioms_deny_nothing(text: str) -> None:
    assert "!" not in normalise(text, "zh")


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("isn't", "is+!not"),
        ("isn’t", "is+!not"),
        ("can't", "can+!not"),
        ("cannot", "can+!not"),
        ("I'm", "i+am"),
        ("what's", "what+is"),
        ("they'll", "they+will"),
        ("never", "!never"),
        ("twelve", "12"),
        ("Calling", "call"),
        ("3:30", "330"),
    ],
)
def test_english_words_are_folded_stemmed_and_contractions_opened(text: str, norm: str) -> None:
    assert normalise(text, "en") == norm


@pytest.mark.parametrize(
    ("language", "spoken", "written"),
    [
        ("sv", "va gäller de", "vad gäller det"),
        ("sv", "Nån ringer dej i morron", "Någon ringer dig i morgon"),
        ("en", "I'm gonna call mister Marsh", "I'm going to call Mr Marsh"),
        ("en", "dunno", "do not know"),
        ("sv", "vad gäller det", "vad gäller det"),
    ],
)
def test_words_are_read_as_they_are_written_however_they_are_said(language: str, spoken: str, written: str) -> None:
    assert normalise(spoken, language).replace("+", " ") == normalise(written, language).replace("+", " ")


def test_wont_is_will_not() -> None:
    assert normalise("won't", "en").split("+") == normalise("will not", "en").split()


@pytest.mark.parametrize(
    ("language", "text", "norm"),
    [
        ("pl", "dzień", "dzien"),
        ("pl", "Łódź", "lodz"),
        ("pl", "nie", "!nie"),
        ("pl", "pięć", "5"),
        ("sv", "över", "over"),
        ("sv", "MÅN", "man"),
        ("sv", "inte", "!inte"),
        ("sv", "sju", "7"),
    ],
)
def test_polish_and_swedish_lose_their_diacritics(language: str, text: str, norm: str) -> None:
    assert normalise(text, language) == norm


def test_tokens_of_a_number_cover_all_its_characters() -> None:
    text = "我有二十三个。"
    assert tokens_of(normalise(text, "zh"), text) == (
        Token("wo", 0, 1),
        Token("you", 1, 2),
        Token("23", 2, 5),
        Token("ge", 5, 6),
    )


def test_both_tokens_of_a_contraction_lie_on_its_word() -> None:
    text = "It isn't 5."
    assert tokens_of(normalise(text, "en"), text) == (
        Token("it", 0, 2),
        Token("is", 3, 8),
        Token("not", 3, 8, is_negation=True),
        Token("5", 9, 10),
    )


@given(SPOKEN, LANGUAGES)
def test_every_unit_of_a_text_is_covered_by_its_norm(text: str, language: str) -> None:
    tokens = tokens_of(normalise(text, language), text)
    assert {(t.start, t.end) for t in tokens} <= {(a, b) for a, _ in unit_spans(text) for _, b in unit_spans(text)}
    assert all(any(t.start <= a and b <= t.end for t in tokens) for a, b in unit_spans(text))


@given(SPOKEN, LANGUAGES)
def test_normalising_twice_gives_the_same(text: str, language: str) -> None:
    assert normalise(text, language) == normalise(text, language)


def test_simplify_writes_simplified_characters() -> None:
    assert simplify("滿意度調查ABC") == "满意度调查ABC"


@given(st.text(max_size=40))
def test_simplify_keeps_the_length(text: str) -> None:
    assert len(simplify(text)) == len(text)


def test_simplified_and_traditional_texts_have_one_norm() -> None:
    assert normalise("滿意度調查", "zh") == normalise("满意度调查", "zh")


@pytest.mark.parametrize(
    ("language", "text", "norm"),
    [
        ("pl", "dwie minuty", "2 minut"),
        ("pl", "do dziesięciu", "do 10"),
        ("sv", "tjugofem", "25"),
        ("sv", "inget mer", "!inget mer"),
        ("sv", "inga fler samtal", "!inga fler samtal"),
    ],
)
def test_forms_of_polish_and_swedish_numbers_and_negations(language: str, text: str, norm: str) -> None:
    assert normalise(text, language) == norm
