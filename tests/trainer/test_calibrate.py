"""Thresholds of meanings from the cases, with probabilities made by hand; and a file of which one number changes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa_pipeline.rubric.cases import Case
from qa_pipeline.scoring.case_vectors import CaseVectors
from qa_pipeline.scoring.meanings import Head
from qa_pipeline.scoring.score import prepare
from qa_pipeline.trainer.calibrate import Calibration, calibrate, write_threshold
from qa_pipeline.trainer.publish import Workbench
from tests.rubric.built_rubrics import rubric

MEANING = {"list": "lists/late.yaml", "at_least": 0.7, "examples": {"id": "late", "like": {"en": ["x y z"]}}}
LATE = {"id": "late", "check": "semantic", "who": "customer", "meaning": MEANING}


def encode(texts: list[str]) -> Any:
    """A text that says `p 250 …` has a probability of 250 in a thousand, by the head below; another is not probable at all."""
    vectors = np.zeros((len(texts), 384), np.float32)
    for row, text in enumerate(texts):
        said = text.split(" ")
        p = int(said[1]) / 1000 if said[0] == "p" else 0.001
        vectors[row, 0] = math.log(p / (1 - p))
    return vectors


HEAD = Head(list_id="late", weights=np.eye(1, 384, dtype=np.float32)[0], bias=0.0)


def bench(expected: dict[str, str], criterion: dict[str, Any] | None = None, role: str = "customer") -> Workbench:
    """A case for each utterance, with the outcome it must have."""
    found = prepare(rubric(criterion or LATE, id="r"), {"late": HEAD})
    cases = tuple(
        Case(name=str(number), language="en", dialogue=f"{role}: {said}\nother: p 990 beeps", expected={"late": outcome})
        for number, (said, outcome) in enumerate(expected.items())
    )
    return Workbench(scorecards={"r": found}, cases={"r": cases}, vectors=CaseVectors((), encoder_id="e", encode=encode, keep=None))


def close(value: float) -> Any:
    """Vectors are kept in sixteen bits."""
    return pytest.approx(value, abs=0.002)


def only(workbench: Workbench) -> Calibration:
    (found,) = calibrate(workbench, "r")
    return found


def test_the_middle_of_the_gap_is_suggested() -> None:
    found = only(bench({"p 900 late now": "met", "p 600 late now": "met", "p 200 fine now": "not_met", "p 100 fine now": "not_met"}))
    assert (found.criterion_id, found.at_least, found.suggested, found.errors) == ("late", 0.7, close(0.4), 0)
    assert list(found.met) == [close(0.6), close(0.9)]
    assert list(found.not_met) == [close(0.1), close(0.2)]


def test_where_they_overlap_the_fewest_cases_are_on_the_wrong_side() -> None:
    # Any threshold between 0.5 and 0.8 leaves out 0.3 only; that gap is wider than the others with one error.
    found = only(bench({"p 300 late now": "met", "p 800 late now": "met", "p 500 fine now": "not_met", "p 100 fine now": "not_met"}))
    assert (found.suggested, found.errors) == (close(0.65), 1)


def test_a_forbidden_meaning_is_read_the_other_way_round() -> None:
    forbidden = {"id": "late", "check": "forbidden", "meaning": MEANING}
    found = only(bench({"p 900 late now": "not_met", "p 200 fine now": "met"}, forbidden, role="agent"))
    assert (found.met, found.not_met) == ((close(0.9),), (close(0.2),))
    assert (found.suggested, found.errors) == (close(0.55), 0)


def test_without_cases_of_both_kinds_nothing_is_suggested() -> None:
    found = only(bench({"p 900 late now": "met", "p 200 fine now": "not_applicable"}))
    assert (found.suggested, found.errors, found.not_met) == (None, 0, ())


@pytest.mark.parametrize(("met", "not_met", "suggested"), [(999, 998, 0.995), (30, 2, 0.05)])
def test_a_threshold_stays_clear_of_the_ends(met: int, not_met: int, suggested: float) -> None:
    assert only(bench({f"p {met} late now": "met", f"p {not_met} fine now": "not_met"})).suggested == suggested


def test_what_another_party_says_counts_nothing() -> None:
    # The machine beeps with probability 0.99; the customer says nothing of three words.
    found = only(bench({"no": "not_met", "p 900 late now": "met"}))
    assert found.not_met == (0.0,)


TEXT = """\
# Thresholds are set by hand.
id: r
version: 1
sections:
  - id: all
    criteria:
      - id: late
        check: semantic   # by meaning
        meaning: {list: lists/late.yaml, at_least: 0.7}  # 0.7 was a guess
      - id: early
        check: semantic
        meaning:
          at_least: 0.70
          list: lists/early.yaml
      - {id: unset, check: semantic, meaning: {list: lists/early.yaml}}
      - id: phrase
        check: phrase
        phrases: {en: ["at_least: 0.7"]}
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("criterion", "old", "new"),
    [("late", "at_least: 0.7}", "at_least: 0.825}"), ("early", "at_least: 0.70\n", "at_least: 0.825\n")],
)
def test_only_the_number_changes(tmp_path: Path, criterion: str, old: str, new: str, ends: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(TEXT.replace("\n", ends).encode())
    assert write_threshold(path, criterion, 0.825) is True
    assert path.read_bytes() == TEXT.replace(old, new).replace("\n", ends).encode()


@pytest.mark.parametrize("criterion", ["unset", "phrase", "nosuch"])
def test_a_criterion_without_a_number_is_left_to_the_trainer(tmp_path: Path, criterion: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(TEXT, "utf-8")
    assert write_threshold(path, criterion, 0.825) is False
    assert path.read_text("utf-8") == TEXT
