"""A dialogue with what a rubric found in it, on the terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from qa_pipeline.report.annotated import shortened, show_annotated
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.trainer.pasted import read_pasted
from tests.rubric.built_rubrics import rubric

GREETING = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}


def shown(text: str, *criteria: dict[str, Any], heard: dict[str, Any] | None = None, **top: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    spoken = read_pasted(text, name="call.txt", **{"language": "en", "columns": {}, "encode": None, **(heard or {})})
    show_annotated(score(spoken, prepare(rubric(*criteria, **top), {})), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_each_line_shows_what_was_found_in_it() -> None:
    text = shown("0:03 agent: Hello there.\n0:09 customer: Hi.", GREETING)
    assert text.splitlines()[:2] == ["0:03.0 agent     Hello there.   ← greeting", "0:09.0 customer  Hi. "]


def test_each_criterion_shows_reason_points_and_evidence() -> None:
    draft = {"id": "draft", "check": "phrase", "phrases": {"en": ["good evening"]}, "status": "draft"}
    text = shown("agent: Hello there. It is 42.", GREETING, draft, {"id": "number", "check": "capture", "capture": "number"})
    assert "✓ greeting: met 10/10. Said in the window searched." in text
    assert "    hit –:–– agent: “Hello there” [1.00 hello there]" in text
    assert "(✗) draft: not met 0/1 [draft: does not count]. Not heard in the window searched." in text
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


@pytest.mark.parametrize(("phrase", "found"), [("x" * 48, "x" * 48), ("x" * 49, "x" * 47 + "…")])
def test_long_phrases_are_cut(phrase: str, found: str) -> None:
    assert shortened(phrase) == found
