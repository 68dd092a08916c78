"""A language that is nothing but a folder: its texts are normalised, told from others and matched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.phrases.search import compile_phrase, find_phrase, similarity, speech_from_text
from qa_pipeline.text import detect
from qa_pipeline.text.detect import detect_language, written_language
from qa_pipeline.text.norm_version import norm_version
from qa_pipeline.text.normalise import normalise
from qa_pipeline.text.syllables import syllables_of

LETTERS = {
    "writing.yaml": """
stemmer: english
folds: {ŧ: th}
negations: gar nix
negated: {kanix: [kan, gar]}
negating_endings: {"'ix": gar}
contractions: {z: iz}
one_letter_words: o
""",
    "words.txt": "moltano 9\nkan 9\n",
    "first_names.yaml": "names: Zorbo Quilla\n",
    "phrases.yaml": """
light: o
fillers: erm
degree: sehra
slots:
  daytime: [morga, noxta]
  duration: ["{number} minuta"]
""",
    "detection.yaml": "common: moltano zeb kabu\nletters: ŧ\n",
}
HAN = {
    "writing.yaml": "negations: 非\nnot_denying: 非常\n",
    "sounds.yaml": "initials: h k\nconfused_initials:\n  - {cost: 0.1, pairs: h/k}\n",
    "phrases.yaml": "fillers: a\n",
}


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    add_language(tmp_path, "qa", LETTERS, monkeypatch)
    detect._marks.cache_clear()
    yield "qa"
    forget(monkeypatch)


@pytest.fixture
def han(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    add_language(tmp_path, "qh", HAN, monkeypatch, script="han")
    yield "qh"
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    read_anew()
    detect._marks.cache_clear()


@pytest.mark.parametrize(
    ("text", "norm"),
    [
        ("ŧam", "tham"),
        ("Gar moltano", "!gar moltano"),
        ("kanix", "kan+!gar"),
        ("zeb'ix", "zeb+!gar"),
        ("zeb'z", "zeb+iz"),
        ("Falling", "fall"),
        ("molta no", "moltano/2"),
        ("moltanno", "moltano"),
        ("Quilla", "quilla"),
    ],
)
def test_its_words_are_read_by_its_tables(text: str, norm: str, letters: str) -> None:
    assert normalise(text, letters) == norm


def test_its_texts_are_told_by_its_words_and_letters(letters: str) -> None:
    assert detect_language(["zeb kabu moltano", "ŧam"], (letters, "en")) == (letters, 1.0)
    assert written_language("zeb kabu moltano ŧam", "zh") == letters
    assert written_language("请问那个车站怎么走？", letters) == "zh"


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        ("zeb moltano", "zeb erm moltano", True),
        ("zeb moltano", "zeb pim pim moltano", False),
        ("zeb moltano", "gar zeb moltano", False),
        ("moltano", "gar sehra moltano", False),
        ("gar moltano", "gar moltano", True),
        ("bona {daytime}", "bona noxta", True),
        ("bona {daytime}", "bona morning", False),
        ("wart {duration}", "wart 5 minuta", True),
        ("{first_name} zeb", "Zorbo zeb", True),
        ("{first_name} zeb", "Anna zeb", False),
    ],
)
def test_its_phrases_are_found(phrase: str, text: str, is_found: bool, letters: str) -> None:
    assert bool(find_phrase(compile_phrase(phrase, letters), speech_from_text(text, letters))) == is_found


def test_what_is_quoted_has_blanks_between_utterances_or_none(letters: str) -> None:
    (hit,) = find_phrase(compile_phrase("zeb moltano", letters), speech_from_text("zeb, moltano", letters))
    assert hit.text == "zeb, moltano"


def test_a_han_language_denies_by_its_own_characters_and_confuses_its_own_sounds(han: str) -> None:
    assert normalise("非好非常好", han) == "!fei hao fei chang hao"
    assert normalise("不好", han) == "bu hao"
    assert syllables_of(han).cost("hao", "kao") == pytest.approx(0.05)
    assert similarity("好好好", "考好好", han) > similarity("好好好", "包好好", han)


@pytest.mark.parametrize("language", ["", "und", "xx"])
def test_a_text_of_no_known_language_is_read_as_plain_letters(language: str) -> None:
    assert normalise("Can't calling 不", language) == "cant calling !bu"
    assert written_language("请问那个车站怎么走？", language) == language
    assert similarity("calling", "calling", language) == 1.0
    assert norm_version(language)
