"""The language of text, told by characters and common words."""

from __future__ import annotations

import csv

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.text.detect import detect_language, written_language

LANGUAGES = ("zh", "en", "pl", "sv")


def detected(*texts: str, languages: tuple[str, ...] = LANGUAGES) -> str | None:
    found = detect_language(texts, languages)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("您好，请问有什么可以帮您？", "zh"),
        ("您好，您的 iPhone 15 Pro Max 已经发货了", "zh"),
        ("Hello, how can I help you today?", "en"),
        ("Dzień dobry, w czym mogę pomóc?", "pl"),
        ("Hej, vad kan jag hjälpa dig med?", "sv"),
        ("HELLO, HOW ARE YOU", "en"),
        ("OK", None),
        ("Anna", None),
        ("12345", None),
        ("", None),
        ("お電話ありがとうございます。本日はどうされましたか", None),
        ("안녕하세요 무엇을 도와드릴까요", None),
        ("Guten Tag, wie kann ich Ihnen heute helfen?", None),
        ("Bonjour, comment puis-je vous aider aujourd'hui ?", None),
    ],
)
def test_a_text_is_told_or_left_open(text: str, language: str | None) -> None:
    assert detected(text) == language


def test_a_language_that_is_not_asked_for_is_not_answered() -> None:
    assert detected("您好，请问有什么可以帮您？", languages=("en", "pl")) is None
    assert detected("Hello, how can I help you today?", languages=("zh",)) is None


def test_the_share_of_the_evidence_is_the_confidence() -> None:
    assert detect_language(["您好 OK"], LANGUAGES) == ("zh", 0.6667)
    assert detect_language([], LANGUAGES) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_sentences_of_customers_are_told(language: str) -> None:
    with (PACKAGE_ROOT / "models" / "sentiment" / "data.tsv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["language"] == language]
    answers = [detected(*texts[start : start + 6]) for start in range(0, len(texts) - 5, 6)]
    assert set(answers) <= {language, None}
    assert answers.count(language) >= 0.97 * len(answers)


@pytest.mark.parametrize(
    ("text", "call", "written"),
    [
        ("How do I go to that bus stop?", "zh", "en"),
        ("Gdzie jest mój numer, proszę pani?", "zh", "pl"),
        ("OK bye", "zh", "zh"),
        ("请问那个车站怎么走？", "zh", "zh"),
        ("我想问一下 invoice 的事", "zh", "zh"),
        ("请问那个车站怎么走？", "en", "zh"),
        ("Hello, I'm calling from 尚德", "en", "en"),
        ("Jag heter Erik", "sv", "sv"),
        ("请问", "", ""),
    ],
)
def test_an_utterance_is_in_another_language_only_where_its_characters_say_so(text: str, call: str, written: str) -> None:
    assert written_language(text, call) == written
