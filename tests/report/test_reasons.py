"""Reasons as people read them: in the call's language, in words."""

from __future__ import annotations

import json
from dataclasses import fields
from string import Formatter
from typing import Any

import pytest
from report_rows import call_report, finding, report_data

from qa_pipeline.call import Metrics
from qa_pipeline.languages.interface import interface_language
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.reason_tables import ReasonWords
from qa_pipeline.report.reasons import reason_of
from qa_pipeline.report.wording import CriterionWords
from qa_pipeline.scoring.reasons import SITUATION_NAMES

TITLES = {"greeting": "Greets the customer"}


def told(of: str | None, code: str, reason: str = "as stored", /, **arguments: str) -> str:
    row: dict[str, Any] = {"reason_code": code, "reason": reason, "reason_args": [{"key": k, "value": v} for k, v in arguments.items()]}
    return reason_of(row, of, lambda name: TITLES.get(name, name))[1]


@pytest.mark.parametrize("code", language_codes())
def test_every_language_says_every_reason_with_the_same_arguments(code: str) -> None:
    def fields(sentence: str) -> set[str]:
        return {field for _, field, _, _ in Formatter().parse(sentence) if field}

    wanted = table(interface_language(), ReasonWords)
    mine = table(code, ReasonWords)
    assert {name: fields(text) for name, text in mine.sentences.items()} == {name: fields(text) for name, text in wanted.sentences.items()}
    assert mine.words.keys() == wanted.words.keys()
    assert set(SITUATION_NAMES) <= mine.words.keys()


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        ("asked", {"answer": "unwilling"}, "Asked; the answer was no, not willing."),
        ("parent", {"parent": "greeting", "outcome": "not_met"}, "Depends on Greets the customer, which is not met."),
        ("combination", {"of": "greeting, other"}, "Follows from Greets the customer, other."),
        ("situation", {"situation": SITUATION_NAMES["voicemail"]}, "Does not apply: a machine answered."),
        ("parts_missing", {"missing": "company, staff_name"}, "Not complete in the window searched; missing: company, staff name."),
        ("metric", {"metric": "longest_silence_ms", "value": "9400", "wanted": "at most 3000"}, "The longest silence is 9.4 s (≤ 3.0 s)."),
        ("metric", {"metric": "agent_talk_share", "value": "0.8312", "wanted": "at least 0.3, at most 0.7"}, "The agent's share of the talk is 83 % (≥ 30 %, ≤ 70 %)."),
        ("not_measured", {"metric": "holds", "value": "None", "wanted": "at most 1"}, "The number of holds could not be measured."),
        ("no_metadata", {"column": "wait_seconds", "value": ""}, "The metadata do not give the wait in seconds."),
        ("not_captured", {"what": "phone"}, "No telephone number was heard in the window searched."),
        ("wrong_language", {"language": "pl"}, "The rubric has no phrases for Polish."),
        ("metadata", {"column": "wait_seconds", "value": "45"}, "The wait in seconds is 45."),
        ("condition", {"condition": json.dumps({"criterion": "greeting", "answer": ["willing", "unclear"]})},
         "Its condition does not hold: Greets the customer: yes, willing / not clear."),
        ("condition", {"condition": json.dumps({"metadata": "team", "in": ["a", "b"]})}, "Its condition does not hold: team: a / b."),
        ("condition", {"condition": json.dumps({"disposition": ["cut_off"]})}, "Its condition does not hold: cut off."),
    ],
)  # fmt: skip
def test_reasons_are_told_in_words(code: str, arguments: dict[str, str], said: str) -> None:
    assert told("en", code, **arguments) == said


def test_what_no_sentence_is_known_for_is_told_as_it_was_stored() -> None:
    assert told("xx", "not_said") == "Not heard in the window searched."
    assert told("en", "of_another_version") == "as stored"
    assert told("en", "asked") == "as stored"


def test_a_scorecard_gives_its_reasons_in_the_calls_language() -> None:
    row = finding(
        "greeting",
        "not_met",
        reason_code="parent",
        reason_args=[{"key": "parent", "value": "greeting"}, {"key": "outcome", "value": "not_met"}],
    )
    data = report_data(call_report("0:00 agent: 你在哪。", findings=(row,), language="zh"), words={"x": CriterionWords()})
    (item,) = data.calls
    assert data.reason_of(item, row) == ("zh", "取决于“问候语”，而它是：未达到。")


@pytest.mark.parametrize("code", language_codes())
def test_every_metric_has_a_name_in_every_language(code: str) -> None:
    names = {field.name for field in fields(Metrics)} - {"customer_sentiment_label"}
    assert names <= table(code, ReasonWords).words.keys()
