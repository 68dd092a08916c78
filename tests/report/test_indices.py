"""Survey indices, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.indices import survey_indices
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import rubric
from tests.trainer.desk import spoken

ITEMS = (
    {"id": "clean", "check": "survey", "answered": "yes_no", "phrases": {"en": ["was the room clean"]}},
    {"id": "staff", "check": "survey", "answered": "three", "phrases": {"en": ["how was our staff"]}},
    {"id": "mark", "check": "survey", "answered": "ten", "phrases": {"en": ["how many points"]}},
)
VALUES = {"yes": 100, "no": 0, "satisfied": 100, "average": 50, "dissatisfied": 0}
SATISFACTION = {"id": "satisfaction", "items": ["clean", "staff", "mark"], "values": VALUES}
QUESTIONS = {"clean": "Was the room clean?", "staff": "How was our staff?", "mark": "How many points?"}


def surveyed(*indices: dict[str, Any]) -> Rubric:
    return rubric(*ITEMS, id="survey", indices=indices or [SATISFACTION])


def answered(call_id: str, *, at: datetime, site: str | None = None, extra: dict[str, str] | None = None, **answers: str) -> Any:
    lines = [line for item, said in answers.items() for line in (f"agent: {QUESTIONS[item]}", f"customer: {said}")]
    return spoken(call_id, *lines, started_at=at, site=site, extra=extra or {})


CALLS = (
    # 100, 50 and 80: 76.67 for the call.
    answered("a", at=datetime(2026, 10, 30, tzinfo=UTC), site="north", extra={"ward": "3 B"}, clean="Yes.", staff="It was average.", mark="8"),
    # 0 and 60, the staff was not asked about: 30.
    answered("b", at=datetime(2026, 11, 2, tzinfo=UTC), site="north", extra={"ward": "4"}, clean="No.", mark="6"),
    # 100 alone; what the customer says of the staff is no answer.
    answered("c", at=datetime(2026, 11, 3, tzinfo=UTC), site="south", clean="Yes.", staff="What was that?"),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(load_settings(results=str(tmp_path / "results")))
    store.prepare()
    scorecard = prepare(surveyed(), {})
    store.write_conversations(CALLS, run_id="r1")
    store.write_scores([score(c, scorecard) for c in CALLS], purpose="official", run_id="r1")
    return store


def figures(store: Store, found: Rubric | None = None, **options: Any) -> dict[tuple[str | None, ...], tuple[int, float]]:
    """(group …, item) → (answers, value)."""
    rows = survey_indices(store, MACHINE, found or surveyed(), **options)
    return {(*row.group.values(), row.item): (row.answers, row.value) for row in rows}


def test_each_item_is_the_mean_of_its_answers_and_the_index_that_of_the_calls(store: Store) -> None:
    assert figures(store) == {
        ("clean",): (3, 66.67),  # yes, no, yes
        ("staff",): (1, 50),
        ("mark",): (2, 70),  # 8 and 6, times 10
        ("satisfaction",): (3, 68.89),  # 76.67, 30, 100
    }


def test_items_in_any_group(store: Store) -> None:
    assert figures(store, by=["site"]) == {
        ("north", "clean"): (2, 50), ("north", "staff"): (1, 50), ("north", "mark"): (2, 70), ("north", "satisfaction"): (2, 53.33),
        ("south", "clean"): (1, 100), ("south", "satisfaction"): (1, 100),
    }  # fmt: skip
    assert figures(store, by=["month", "site"])["2026-11", "north", "satisfaction"] == (1, 30)
    assert {key[0] for key in figures(store, by=["week"])} == {"2026-W44", "2026-W45"}


def test_other_columns_group_too_and_who_has_none_is_a_group(store: Store) -> None:
    found = figures(store, by=["ward"])
    assert (found["3 B", "satisfaction"], found["4", "satisfaction"], found[None, "satisfaction"]) == ((1, 76.67), (1, 30), (1, 100))


def test_a_column_that_no_call_has_is_refused(store: Store) -> None:
    with pytest.raises(InputRefused, match=r"No call has a column sight\. There are: .*site.*ward"):
        survey_indices(store, MACHINE, surveyed(), by=["site", "sight"])


def test_days_bound_the_calls(store: Store) -> None:
    assert figures(store, since=date(2026, 11, 1))["satisfaction",] == (2, 65)
    assert figures(store, until=date(2026, 10, 31))["satisfaction",] == (1, 76.67)
    assert figures(store, since=date(2026, 12, 1)) == {}


def test_a_sum_another_factor_and_a_value_for_a_mark(store: Store) -> None:
    found = surveyed(
        {"id": "total", "items": ["clean", "mark"], "values": {"yes": 10, "no": 0}, "times": 1, "combine": "sum"},
        {"id": "promoters", "items": ["mark"], "values": {"8": 100}, "times": 0},
    )
    values = figures(store, found)
    assert values["total",] == (3, pytest.approx(11.33, abs=0.01))  # 10 + 8, 0 + 6, 10
    assert values["promoters",] == (2, 50)  # 8 counts 100, 6 counts nothing


def test_trials_and_other_rubrics_count_nothing(store: Store) -> None:
    before = figures(store)
    extra = answered("d", at=datetime(2026, 11, 5, tzinfo=UTC), clean="No.")
    store.write_conversations([extra], run_id="r2")
    store.write_scores([score(extra, prepare(surveyed(), {}))], purpose="trial", run_id="r2")
    store.write_scores([score(extra, prepare(rubric(*ITEMS, id="other"), {}))], purpose="official", run_id="r2")
    assert figures(store) == before


def test_a_rubric_without_indices_is_refused(store: Store) -> None:
    with pytest.raises(InputRefused, match="has no indices"):
        survey_indices(store, MACHINE, rubric(*ITEMS))
