"""A rubric tried on one dialogue: the lines read, and what is shown of the score."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from qa_pipeline.call import Conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.report.trial import shortened, show_trial
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.trainer.trial import read_trial
from tests.rubric.built_rubrics import rubric
from tests.trainer.desk import encode

GREETING = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}


def read(text: str, **options: Any) -> Conversation:
    return read_trial(text, name="call.txt", **{"language": "en", "columns": {}, "encode": None, **options})


def shown(text: str, *criteria: dict[str, Any], heard: dict[str, Any] | None = None, **top: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    show_trial(score(read(text, **(heard or {})), prepare(rubric(*criteria, **top), {})), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_lines_with_times_are_read_as_speech() -> None:
    heard = read("0:03 agent: Hello there.\n0:09 customer: Hi.")
    assert [(u.role.value, u.text, u.start_ms) for u in heard.utterances] == [("agent", "Hello there.", 3_000), ("customer", "Hi.", 9_000)]
    assert heard.metrics.longest_silence_ms is not None


def test_without_any_time_there_are_none() -> None:
    heard = read("agent: Hello there.\ncustomer: Hi.")
    assert [u.start_ms for u in heard.utterances] == [None, None]
    assert (heard.metrics.longest_silence_ms, heard.metrics.turns) == (None, 2)


def test_a_line_goes_on_without_a_label() -> None:
    assert [u.text for u in read("agent: Hello\nthere").utterances] == ["Hello there"]


def test_what_is_known_of_the_call_is_given() -> None:
    heard = read("agent: Hello.", columns={"company": "Starlight", "agent_name": "Tina"})
    assert (heard.call.company, heard.call.agent_name) == ("Starlight", "Tina")


def test_vectors_come_from_the_encoder() -> None:
    heard = read("customer: The parcel.", encode=encode)
    assert heard.vectors[0][:2] == (1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "language"),
    [("agent: 您好，请问您现在方便吗？\ncustomer: 方便，你说。", "zh"), ("agent: Good morning, how can I help you today?", "en")],
)
def test_the_language_is_told_from_the_words(text: str, language: str) -> None:
    assert read(text, language=None).language == language


@pytest.mark.parametrize("text", ["agent: 12 34", "agent: …"])
def test_a_language_that_cannot_be_told_is_asked_for(text: str) -> None:
    with pytest.raises(InputRefused, match=r"language of call.txt cannot be told\. Give --language"):
        read(text, language=None)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_is_no_dialogue(text: str) -> None:
    with pytest.raises(InputRefused):
        read(text)


def test_lines_that_cannot_be_read_are_located_and_all_told() -> None:
    with pytest.raises(InputRefused) as caught:
        read("somebody talks\nagent: Hello.\n0:99x customer: Hi.\n\x00 agent: x")
    assert [fault.path for fault in caught.value.faults] == ["call.txt"] * len(caught.value.faults)
    assert {1, 4} <= {fault.line for fault in caught.value.faults}


def test_each_line_shows_what_was_found_in_it() -> None:
    text = shown("0:03 agent: Hello there.\n0:09 customer: Hi.", GREETING)
    assert text.splitlines()[:2] == ["0:03.0 agent     Hello there.   ← greeting", "0:09.0 customer  Hi. "]


def test_each_criterion_shows_reason_points_and_evidence() -> None:
    draft = {"id": "draft", "check": "phrase", "phrases": {"en": ["good evening"]}, "status": "draft"}
    text = shown("agent: Hello there. It is 42.", GREETING, draft, {"id": "number", "check": "capture", "capture": "number"})
    assert "✓ greeting: met 10/10. Said in the window searched." in text
    assert "    hit –:–– agent: “Hello there” [1.00 hello there]" in text
    assert "✗ draft: not met 0/1 [draft: does not count]. Not heard in the window searched." in text
    assert "    captured number = 42 (number)" in text
    assert "tested version 1: 100.0 % passes; coverage 1.00; disposition unknown" in text


def test_points_taken_off_are_shown_so() -> None:
    text = shown(
        "agent: Hello there.", {"id": "rude", "check": "forbidden", "phrases": {"en": ["hello there"]}, "deduct": 30}, scoring="deductions"
    )
    assert "✗ rude: not met −30. " in text
    assert "70.0 % does not pass" in text


def test_what_could_not_be_judged_has_no_percent() -> None:
    text = shown("agent: Hej på dig.", GREETING, heard={"language": "sv"})
    assert "? greeting: undetermined. The rubric has no phrases for sv." in text
    assert "too little could be judged" in text
    assert "needs review: " in text


def test_what_people_say_is_no_markup() -> None:
    assert "[bold]not bold[/bold]" in shown("agent: [bold]not bold[/bold]", GREETING)


def test_a_call_has_no_start_unless_it_is_stored() -> None:
    assert read("agent: Hello.").call.started_at is None


@pytest.mark.parametrize(("phrase", "found"), [("x" * 48, "x" * 48), ("x" * 49, "x" * 47 + "…")])
def test_long_phrases_are_cut(phrase: str, found: str) -> None:
    assert shortened(phrase) == found
