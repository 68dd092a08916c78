"""Tokens and places as numbers: costs stay right while both go on being added, and a lexicon does not grow for ever."""

from __future__ import annotations

import pytest

from qa_pipeline.phrases import lexicon as module
from qa_pipeline.phrases.lexicon import UNIT, Lexicon, lexicon_of
from qa_pipeline.phrases.search import compile_phrase, similarity


def test_tokens_have_one_number_each_and_negations_another() -> None:
    lexicon = Lexicon("zh")
    assert lexicon.read("ni hao ni !bu bu 20/2") == [0, 1, 0, 2, 3, 4]
    assert lexicon.is_negation == [False, False, True, False, False]


def test_a_unit_of_two_tokens_gives_two_numbers() -> None:
    lexicon = Lexicon("en")
    first, second = lexicon.read("can+!not")
    assert [lexicon.tokens[first], lexicon.tokens[second]] == ["can", "not"]


def test_costs_are_of_every_place_and_token_known_by_then() -> None:
    lexicon = Lexicon("zh")
    lexicon.read("ni")
    man, yi = lexicon.sought(compile_phrase("满意", "zh")).places
    assert lexicon.costs()[:, :1].shape == (2, 1)
    (ma,) = lexicon.read("ma")
    (hao,) = lexicon.sought(compile_phrase("好", "zh")).places
    # A dropped ending costs 0.35 of a final, which is half of a syllable.
    assert lexicon.costs()[man, ma] == 0.175 * UNIT
    assert lexicon.costs().shape == (3, 2)
    assert {man, yi, hao} == {0, 1, 2}


def test_many_tokens_and_places_keep_their_costs() -> None:
    lexicon = Lexicon("en")
    (afternoon,) = lexicon.sought(compile_phrase("afternoon", "en")).places
    lexicon.read("afternoon")
    assert lexicon.costs()[afternoon, 0] == 0
    lexicon.read(" ".join(f"word{number}" for number in range(2000)))
    for number in range(200):
        lexicon.sought(compile_phrase(f"place{number}", "en"))
    costs = lexicon.costs()
    # afternoon, place, and 200 numbers.
    assert costs.shape == (202, 2001)
    assert costs[afternoon, 0] == 0
    assert costs[afternoon, 1:].min() == UNIT


def test_a_lexicon_that_has_grown_too_large_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lexicon_of("sv")
    monkeypatch.setattr(module, "_MOST_TOKENS", 0)
    before.read("hej")
    assert lexicon_of("sv") is not before
    assert similarity("hej då", "hej da", "sv") == 1.0
