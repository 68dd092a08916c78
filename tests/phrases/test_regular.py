"""Regular expressions of rubrics: what blows up is refused when it is checked, and stopped where it was not found out."""

from __future__ import annotations

import time

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import CallFailed, InputRefused
from qa_pipeline.phrases import regular
from qa_pipeline.phrases.grammar import check_phrase, compile_phrase
from qa_pipeline.phrases.search import Speech, find_phrase


@pytest.mark.parametrize("text", ["(a+)+$", r"(\w+\s?)+!", r"(?:\d+[- ]?)+x", "(x|x)*y", "(a|aa)+$", r"(.*a){12}b"])
def test_a_pattern_that_blows_up_is_refused_with_the_cure(text: str) -> None:
    began = time.process_time()
    with pytest.raises(InputRefused, match="repeats"):
        check_phrase(text, "en", mode="regex")
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text", [r"\bgood (morning|day)\b", r"(\w++\s?)+!", "满意(度)?", r"\d{3}[- ]?\d{4}", r"(?i)no(?! problem)", r".*thank.*you.*", "(ha){2,}", "ł+ó+"]
)  # fmt: skip
def test_what_does_no_harm_is_taken(text: str) -> None:
    check_phrase(text, "en", mode="regex")


@pytest.mark.parametrize("text", ["(", "a{9" + "9" * 30 + "}", "(" * 5_000 + ")" * 5_000, "x" * 2_001, "[z-a]"])
def test_what_is_no_pattern_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        check_phrase(text, "en", mode="regex")


def test_a_pattern_that_takes_too_long_fails_the_call_and_is_not_told_as_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "SECONDS", 0.05)
    # As it may stand in a rubric that was published before patterns were tried.
    phrase = compile_phrase("(a|aa)+c", "en", mode="regex")
    speech = Speech(conversation("0:00 agent: " + "a" * 60 + "!c", language="en").utterances, "en")
    with pytest.raises(CallFailed, match="regular expression") as failure:
        find_phrase(phrase, speech)
    assert failure.value.stage == "score"
