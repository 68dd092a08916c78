"""Which utterances a window holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.windows import Window
from qa_pipeline.scoring.windows import Party, select

# 0 machine, 1–2 agent's first turn, 3 customer, 4 agent's second, 5 machine, 6 agent still in the second, 7 customer, 8 third.
CALL = conversation(
    "0:00 other: press one.",
    "0:10 agent: hello.",
    "0:12 agent: this is Anna.",
    "0:20 customer: hi.",
    "0:25 agent: right.",
    "0:28 other: beep.",
    "0:30 agent: so.",
    "0:40 customer: fine.",
    "0:50 agent: bye.",
    language="en",
)
AGENT = (Role.AGENT,)


def inside(**window: Any) -> list[int]:
    return sorted(select(Party(CALL, AGENT), Window.model_validate(window)).numbers)


def test_turns_are_counted_by_taking_the_floor_and_machines_end_none() -> None:
    assert Party(CALL, AGENT).turns == {1: 0, 2: 0, 4: 1, 6: 1, 8: 2}


@pytest.mark.parametrize(
    ("extent", "numbers"),
    [
        ({"turns": 1}, [1, 2]),
        ({"turns": 2}, [1, 2, 4, 6]),
        ({"turns": 9}, [1, 2, 4, 6, 8]),
        ({"seconds": 2}, [1]),
        ({"seconds": 2.1}, [1, 2]),
        ({"seconds": 16}, [1, 2, 4]),
        ({"seconds": 1, "turns": 2}, [1, 2, 4, 6]),
        ({"seconds": 30, "turns": 1}, [1, 2, 4, 6]),
    ],
)
def test_first_counts_from_the_partys_own_first_words(extent: dict[str, Any], numbers: list[int]) -> None:
    assert inside(first=extent) == numbers


@pytest.mark.parametrize(
    ("extent", "numbers"),
    [
        ({"turns": 1}, [8]),
        ({"turns": 2}, [4, 6, 8]),
        ({"seconds": 5}, [8]),
        ({"seconds": 21}, [6, 8]),
        ({"seconds": 1, "turns": 2}, [4, 6, 8]),
    ],
)
def test_last_counts_back_from_the_partys_own_last_words(extent: dict[str, Any], numbers: list[int]) -> None:
    assert inside(last=extent) == numbers


def test_without_a_window_everything_of_the_party_is_searched() -> None:
    searched = select(Party(CALL, AGENT), None)
    assert (sorted(searched.numbers), searched.start_ms, searched.end_ms) == ([1, 2, 4, 6, 8], 0, CALL.duration_ms)


def test_the_span_searched_begins_with_the_partys_first_words() -> None:
    searched = select(Party(CALL, AGENT), Window.model_validate({"first": {"seconds": 15}}))
    assert (searched.start_ms, searched.end_ms) == (10_000, 25_000)


def test_before_and_after_leave_the_bound_itself_out() -> None:
    assert sorted(select(Party(CALL, AGENT), None, before=4).numbers) == [1, 2]
    assert sorted(select(Party(CALL, AGENT), None, after=4).numbers) == [6, 8]


def test_without_times_turns_count() -> None:
    untimed = replace(CALL, duration_ms=0, utterances=tuple(replace(u, start_ms=None, end_ms=None) for u in CALL.utterances))
    searched = select(Party(untimed, AGENT), Window.model_validate({"first": {"seconds": 60, "turns": 1}}))
    assert (sorted(searched.numbers), searched.start_ms, searched.end_ms) == ([1, 2], None, None)


def test_a_party_that_never_speaks_has_an_empty_window() -> None:
    silent = conversation("0:00 customer: hello?", language="en")
    assert select(Party(silent, AGENT), Window.model_validate({"first": {"seconds": 15, "turns": 2}})).utterances == ()


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.sampled_from(["first", "last"]))
def test_a_longer_window_holds_a_shorter_one(a: float, b: float, end: str) -> None:
    assert set(inside(**{end: {"seconds": min(a, b)}})) <= set(inside(**{end: {"seconds": max(a, b)}}))
