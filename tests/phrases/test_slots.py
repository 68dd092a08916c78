"""What slots stand for in each language, and what happens where they stand for nothing."""

from __future__ import annotations

import pytest

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.phrases.grammar import check_phrase, compile_phrase
from qa_pipeline.phrases.slots import NAME_SLOTS, WORDING_SLOTS, name_tokens, stands_for


@pytest.mark.parametrize("slot", WORDING_SLOTS)
def test_every_language_has_the_wordings_and_they_are_phrases(slot: str) -> None:
    for code in language_codes():
        assert stands_for(slot, code)
        for wording in stands_for(slot, code):
            compile_phrase(wording, code)


def test_every_language_has_names_of_one_kind() -> None:
    assert all(any(stands_for(slot, code) for slot in NAME_SLOTS) for code in language_codes())


def test_surnames_that_sound_like_other_words_are_left_out() -> None:
    names = table("zh", Names)
    assert "于" in names.surnames
    assert "于" not in stands_for("surname", "zh")
    assert {"wang", "ou"} <= name_tokens("surname", "zh")


@pytest.mark.parametrize(
    ("phrase", "language", "advice"),
    [
        ("my name is {surname}", "en", "only zh knows it"),
        ("我是{first_name}", "zh", "only en, pl, sv know it"),
        ("[to ({surname}|Anna)]hej", "sv", "only zh knows it"),
    ],
)
def test_a_slot_that_stands_for_nothing_is_refused_at_once(phrase: str, language: str, advice: str) -> None:
    for read in (compile_phrase, check_phrase):
        with pytest.raises(InputRefused, match=rf"stands for nothing in {language}") as refused:
            read(phrase, language)
        assert advice in refused.value.advice
