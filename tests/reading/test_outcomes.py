"""Outcomes of criteria as letters: what the tables say, what people made of it, and tallies of many."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from desks import commit, make_desk
from sqlalchemy import select
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.reading.index import call_index, criterion_sets
from qa_pipeline.reading.outcomes import CriterionTally, count_letters, letter_of, letters_by_score, outcome_of, set_of, tallies
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Answer, Override
from qa_pipeline.review.opening import bring_up_to_date


@pytest.mark.parametrize(
    ("outcome", "credit", "is_described", "letter"),
    [
        (Outcome.MET, None, False, "m"),
        (Outcome.MET, 1.0, False, "m"),
        (Outcome.MET, 0.5, False, "5"),
        (Outcome.MET, 0.01, False, "1"),
        (Outcome.NOT_MET, 0.0, False, "n"),
        (Outcome.UNDETERMINED, None, False, "u"),
        (Outcome.NOT_APPLICABLE, None, False, "a"),
        (Outcome.NOT_MET, None, True, "s"),
        (Outcome.UNDETERMINED, None, True, "u"),
    ],
)
def test_a_letter_an_outcome(outcome: Outcome, credit: float | None, is_described: bool, letter: str) -> None:
    assert letter_of(outcome, credit=credit, is_described=is_described) == letter


def test_letters_of_many_scores_stand_in_the_order_of_their_criteria() -> None:
    rows = [
        # score, criterion, outcome, reason, points, of most
        ("s2", "b", "not_met", "phrase_missing", 0.0, 10.0),
        ("s1", "c", "met", "phrase_hit", 10.0, 10.0),
        ("s2", "a", "met", "phrase_hit", 5.0, 10.0),
        ("s1", "a", "undetermined", "sentiment", None, 10.0),
        ("s1", "b", "met", "phrase_hit", 0.1, 10.0),
        ("s2", "b", "not_met", "phrase_missing", 0.0, 10.0),
        ("s3", "c", "not_applicable", None, None, None),
        ("s3", "b", "met", "phrase_hit", 0.0, 0.0),
        ("s3", "a", "met", "phrase_hit", None, 3.0),
    ]
    names = ("score_id", "criterion_id", "outcome", "reason_code", "points", "max_points")
    # In two pieces, as files give them.
    parts = [
        pa.table(
            {
                name: pa.array(values, pa.float64() if "points" in name else pa.string())
                for name, values in zip(names, zip(*some, strict=True), strict=True)
            }
        )
        for some in (rows[:4], rows[4:])
    ]
    found = {row["score_id"]: row for row in letters_by_score(pa.concat_tables(parts)).to_pylist()}
    assert {name: (row["names"], row["outcomes"]) for name, row in found.items()} == {
        "s1": ("a,b,c", "s1m"),
        "s2": ("a,b", "5n"),
        "s3": ("a,b,c", "mma"),
    }
    assert (found["s1"]["criteria"], found["s2"]["criteria"]) == (set_of("a,b,c"), set_of("a,b"))
    assert len(letters_by_score(parts[0].slice(0, 0))) == 0


def test_letters_are_counted_by_criterion() -> None:
    names = ("a", "b")
    # In two parts, which add up.
    found = tallies(names, count_letters(2, "mn5n") + count_letters(2, "uassnm"))
    # 5 of 10 at a level: half a weight lost.
    assert found["a"] == CriterionTally(met=2, not_met=1, undetermined=1, not_applicable=0, lost=1.5)
    assert found["b"] == CriterionTally(met=1, not_met=2, undetermined=0, not_applicable=1, lost=2.0)
    assert (found["a"].judged, found["b"].calls) == (3, 4)


def test_nothing_to_count_counts_nothing() -> None:
    assert tallies(("a",), count_letters(1, "")) == {}
    assert tallies((), count_letters(0, "")) == {}


def test_letters_of_another_set_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        count_letters(2, "mnm")


def test_a_letter_says_its_outcome() -> None:
    assert [outcome_of(letter) for letter in "m5nuas"] == [
        Outcome.MET, Outcome.MET, Outcome.NOT_MET, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE, None,
    ]  # fmt: skip


def test_the_index_has_the_letters_of_the_tables_and_of_what_people_decided(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    decide(desk, local_viewer("x"), "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")
    decide(desk, local_viewer("x"), "c1", Answer(outcome=Outcome.MET, answer="cool"), criterion_id="tone")
    with desk.engine.connect() as connection:
        row = connection.execute(select(call_index)).mappings().one()
        of_set = select(criterion_sets.c.criterion_id).where(criterion_sets.c.criteria == row["criteria"]).order_by(criterion_sets.c.place)
        assert list(connection.execute(of_set).scalars()) == ["drafted", "grave", "long", "tone", "turns"]
    assert row["outcomes"] == "mnnum"
    assert row["effective_outcomes"] == "mnm5m"


def test_a_set_is_there_for_calls_that_come_later(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    commit(make_store(tmp_path), "c2")
    bring_up_to_date(desk)
    with desk.engine.connect() as connection:
        assert len(connection.execute(select(criterion_sets.c.criteria).distinct()).all()) == 1
        assert set(connection.execute(select(call_index.c.outcomes)).scalars()) == {"mnnum"}
