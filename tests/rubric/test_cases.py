"""Cases: what a dialogue becomes, what a miss says, and that whatever a case file holds its faults are located."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.cases import Case, StoredCall, cases_path, dialogue_of, heard_in, load_cases, missing_cases
from qa_pipeline.scoring.cases import CaseResult, compare
from qa_pipeline.scoring.score import prepare, score
from tests.rubric.built_rubrics import rubric

GREETING = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}
READY = {
    "id": "ready", "check": "question", "phrases": {"en": ["is this a good time"]},
    "answers": {"willing": {"en": ["go ahead"]}, "unwilling": {"en": ["driving"]}},
}  # fmt: skip
NUMBER = {"id": "number", "check": "capture", "capture": "number", "who": "customer"}
SCORECARD = prepare(rubric(GREETING, READY, NUMBER), {})
DIALOGUE = "0:00 agent: Hello there. Is this a good time?\n0:04 customer: Go ahead, I have 12 of them."


def case(**values: Any) -> Case:
    return Case.model_validate({"name": "one", "language": "en", "dialogue": DIALOGUE, "expected": {}, **values})


def run(item: Case, stored: StoredCall | None = None) -> CaseResult:
    return compare(item, score(heard_in(item, SCORECARD.rubric, None, stored), SCORECARD))


def misses(**values: Any) -> tuple[str, ...]:
    return run(case(**values)).misses


def load(folder: Path, text: str) -> tuple[Case, ...]:
    path = folder / "r.cases.yaml"
    path.write_text(text, "utf-8")
    return load_cases(path)


# --- what must come out ----------------------------------------------------------------------------------------------------------------


def test_what_comes_out_as_it_must_misses_nothing() -> None:
    assert misses(
        expected={"greeting": "met", "ready": "met"}, answers={"ready": "willing"}, captures={"number": "12"}, evidence={"ready": "good time"},
        percent=100, passed=True,
    ) == ()  # fmt: skip


def test_a_miss_says_what_was_heard_for_what_and_how_near() -> None:
    (miss,) = misses(dialogue="0:00 agent: Hello then.", expected={"greeting": "met"})
    assert miss.startswith("greeting: not_met, expected met: Not heard in the window searched. heard 'Hello")
    assert miss.endswith(tuple(f"for 'hello there' at 0.{digits:02d}" for digits in range(100)))


def test_a_hit_that_should_not_be_shows_its_words() -> None:
    assert misses(expected={"greeting": "not_met"}) == (
        "greeting: met, expected not_met: Said in the window searched. hit 'Hello there' for 'hello there' at 1.00",
    )


def test_other_expectations_miss_in_words() -> None:
    found = misses(
        answers={"ready": "unwilling"}, captures={"number": "13", "greeting": "x"}, evidence={"greeting": "morning"}, percent=50, passed=False,
        disposition="refused",
    )  # fmt: skip
    assert [miss.split(";")[0] for miss in found] == [
        "ready: answered willing, expected unwilling",
        "number: captured 12, expected 13",
        "greeting: captured nothing, expected x",
        "greeting: the evidence does not contain 'morning'",
        "disposition: unknown, expected refused",
        "percent: 100.0, expected 50",
        "passed: true, expected false",
    ]


def test_what_cannot_be_judged_has_no_percent() -> None:
    assert misses(role_confidence=0.4, percent=100, passed=True) == ("percent: none, expected 100", "passed: undecided, expected true")


def test_criteria_that_the_rubric_does_not_have_are_named_once() -> None:
    assert misses(expected={"gone": "met"}, answers={"gone": "x"}, evidence={"lost": "y"}) == (
        "gone: the rubric has no such criterion", "lost: the rubric has no such criterion"
    )  # fmt: skip


def test_a_stored_call_is_scored_as_it_is_stored() -> None:
    heard = conversation("agent: Hello there.", language="en", call_id="c1")
    pointing = case(dialogue=None, call="c1", expected={"greeting": "not_met"})
    assert len(run(pointing, lambda call_id: heard if call_id == "c1" else None).misses) == 1
    with pytest.raises(RubricError, match="points at call c1, which is not in the results"):
        run(pointing, lambda call_id: None)
    with pytest.raises(RubricError, match="Give --results ROOT"):
        run(pointing)


# --- what a dialogue becomes -----------------------------------------------------------------------------------------------------------


def test_metadata_become_columns_of_their_kind() -> None:
    given = {
        "started_at": "2026-11-20T10:30",
        "csat": 4,
        "ring_seconds": "7.5",
        "agent_channel": 1,
        "team": "red",
        "tries": 2,
        "language": "sv",
    }
    call = dialogue_of(case(metadata=given), rubric(GREETING, timezone="Europe/Warsaw")).call
    assert call.started_at == datetime(2026, 11, 20, 10, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    assert (call.csat, call.ring_seconds, call.agent_channel, call.team, call.language) == (4.0, 7.5, 1, "red", "sv")
    assert call.extra == {"tries": "2"}


def test_a_column_called_extra_is_one_like_others() -> None:
    assert dialogue_of(case(metadata={"extra": "x"}), None).call.extra == {"extra": "x"}


def test_qualities_of_the_recording_are_those_of_the_case() -> None:
    heard = dialogue_of(case(role_confidence=0.5, confidence=0.2, starts_cut=True, ends_cut=True, sentiment=(-0.6, "negative")), None)
    assert (heard.role_confidence, heard.starts_cut, heard.ends_cut) == (0.5, True, True)
    assert {u.confidence for u in heard.utterances} == {0.2}
    assert (heard.metrics.customer_sentiment, heard.metrics.customer_sentiment_label) == (-0.6, "negative")


def test_without_times_nothing_is_measured_in_time() -> None:
    heard = dialogue_of(case(times=False), None)
    assert {u.start_ms for u in heard.utterances} == {None}
    assert (heard.duration_ms, heard.metrics.longest_silence_ms, heard.metrics.turns) == (0, None, 2)


# --- which cases there must be ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "outcomes", "lacking"),
    [
        ({}, ["met", "not_met"], []),
        ({}, ["met", "undetermined"], ["not_met"]),
        ({"when": [{"metadata": "team", "is": "red"}]}, ["met", "not_met"], ["not_applicable"]),
        ({"excused_when": ["voicemail"]}, [], ["met", "not_applicable", "not_met"]),
        ({"not_applicable_when": ["voicemail"]}, ["met", "not_met"], []),
        ({"status": "draft"}, [], []),
    ],
)
def test_a_stable_criterion_needs_a_case_of_each_outcome(criterion: dict[str, Any], outcomes: list[str], lacking: list[str]) -> None:
    cases = [case(expected={"greeting": outcome}) for outcome in outcomes]
    assert missing_cases(rubric({**GREETING, **criterion}), cases) == [
        f"criterion greeting is stable but has no case expecting {outcome}" for outcome in lacking
    ]


def test_what_waits_for_a_person_needs_none() -> None:
    assert missing_cases(rubric({"check": "manual"}), []) == []


# --- the file --------------------------------------------------------------------------------------------------------------------------


def test_cases_lie_beside_the_rubric() -> None:
    assert cases_path(Path("/r/service.yaml")) == Path("/r/service.cases.yaml")
    assert load_cases(Path("/nowhere/service.cases.yaml")) == ()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["1:1: no list of cases (begin each with `- name: …`)"]),
        ("name: one\n", ["1:1: no list of cases (begin each with `- name: …`)"]),
        ("- {name: one, language: en, expected: {}}\n", ["1:3: 0: give either `dialogue` or `call`"]),
        ("- {name: one, language: en, expected: {}, dialogue: 'agent: hi', call: c1}\n", ["1:3: 0: give either `dialogue` or `call`"]),
        ("- {name: one, language: en, expected: {}, dialogue: 'hi there'}\n",
         ["1:43: case 'one': 'hi there' is not of the form '0:03 agent: text' (write lines as `0:03 agent: …`)"]),
        ("- name: one\n  language: en\n  expected: {}\n  call: c1\n  metadata: {started_at: soon, csat: high, agent_channel: left}\n",
         ["5:14: metadata: started_at: found 'soon' (write a day and time, as 2026-11-20T10:30)",
          "5:32: metadata: csat: found 'high' (write a number)",
          "5:44: metadata: agent_channel: found 'left' (write 0 or 1)"]),
        ("- {name: one, language: en, expects: {}, dialogue: 'agent: hi'}\n", ["1:3: 0.expected is missing (add it)",
         "1:29: 0.expects: no key is called 'expects' here (docs/rubric-language.md lists the keys)"]),
    ],
)  # fmt: skip
def test_faults_are_located_and_all_told(tmp_path: Path, text: str, faults: list[str]) -> None:
    with pytest.raises(RubricError) as caught:
        load(tmp_path, text)
    assert [str(fault).removeprefix(f"{tmp_path}/r.cases.yaml:") for fault in caught.value.faults] == faults


WORDS = st.sampled_from(
    ["agent: hello", "0:03 customer: 您好", "99:99:99 agent: x", "nonsense", "", "0:00 agent:", "‮agent: \x0b", "no", "10:00"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    WORDS,
    st.sampled_from(["en", "met", "2026-11-20T10:30", "0001-01-01"]),
)
KEYS = st.sampled_from([*Case.model_fields, "nosuch", "expects"])
COLUMNS = st.sampled_from(["started_at", "csat", "agent_channel", "team", "language", "extra", "call_id", "tries"])
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(COLUMNS | st.text(max_size=5), SCALARS, max_size=3))
FILES = st.one_of(VALUES, st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3))
SOUND = {"name": "one", "language": "en", "expected": {"greeting": "met"}, "dialogue": DIALOGUE}


def read(folder: Path, raw: bytes) -> None:
    """Read a case file of these bytes, and run what could be read; nothing but RubricError may come of it, and only from reading."""
    path = folder / "r.cases.yaml"
    path.write_bytes(raw)
    try:
        found = load_cases(path)
    except RubricError as error:
        assert error.faults
        assert all(fault.path == str(path) for fault in error.faults)
        return
    for item in found:
        if item.call is None:
            run(item)


@given(data=FILES, key=KEYS, value=VALUES)
def test_whatever_yaml_a_case_file_holds(tmp_path_factory: pytest.TempPathFactory, data: Any, key: str, value: Any) -> None:
    import yaml

    folder = tmp_path_factory.mktemp("cases")
    for content in (data, [{**SOUND, key: value}]):
        read(folder, yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(cut=st.integers(0, 200), junk=st.binary(max_size=6))
def test_whatever_bytes_a_case_file_holds(tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes) -> None:
    raw = f"- name: one\n  language: en\n  expected: {{greeting: met}}\n  dialogue: |\n    {DIALOGUE}".replace("\n0", "\n    0").encode()
    read(tmp_path_factory.mktemp("cases"), raw[:cut] + junk + raw[cut:])
