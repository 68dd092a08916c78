"""The four lists of the queue: what is in which, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk
from sqlalchemy import event, insert, text

from qa_pipeline.call import Outcome
from qa_pipeline.reading.database import DERIVED, open_database, writing
from qa_pipeline.reading.index import Waiting, call_index, waiting_for
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.queue import Kind, Queue, queue_lengths, queue_page
from qa_pipeline.reading.slice import place_in_slice, week_of
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation, Dispute, Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.settings import Settings

WU = local_viewer("Wu")


def ids(desk: Desk, kind: Kind, *, share: float = 1.0, viewer: Viewer = WU, wanted: Wanted | None = None) -> list[str]:
    found = queue_page(desk.engine, viewer, Queue(kind=kind, share=share, wanted=wanted or Wanted()))
    return [line.call_id for line in found.lines]


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database, calls=("c1", "c2"))


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((), None),
        (("role_unsure",), Waiting.UNSURE),
        (("role_unsure", "critical_undetermined"), Waiting.MUST_SEE),
        (("critical_failed",), Waiting.MUST_SEE),
    ],
)
def test_what_a_call_waits_for_follows_from_its_reasons(reasons: tuple[str, ...], expected: Waiting | None) -> None:
    assert waiting_for(reasons) is expected


def test_a_critical_failure_is_to_be_seen_until_somebody_has_settled_it(desk: Desk) -> None:
    assert (ids(desk, Kind.MUST_SEE), ids(desk, Kind.UNSURE)) == (["c1", "c2"], [])
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="grave", reason="heard it")
    assert ids(desk, Kind.MUST_SEE) == ["c2"]
    decide(desk, WU, "c2", Confirmation())
    assert ids(desk, Kind.MUST_SEE) == []


def test_a_disputed_call_waits_for_its_answer(desk: Desk) -> None:
    agent = Viewer(name="lin", roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a1"}))
    decide(desk, agent, "c2", Dispute(), criterion_id="long", reason="I did")
    assert ids(desk, Kind.DISPUTED) == ["c2"]
    assert queue_lengths(desk.engine, WU, share=0.0) == {Kind.MUST_SEE: 2, Kind.UNSURE: 0, Kind.DISPUTED: 1, Kind.RANDOM: 0}


def test_the_random_list_is_the_slice_as_far_as_nobody_has_confirmed_it(desk: Desk) -> None:
    week = week_of(desk.store.read("calls")["call_date"][0].as_py())
    places = {name: place_in_slice(name, "a1", week) for name in ("c1", "c2")}
    first = min(places, key=lambda name: places[name])
    assert ids(desk, Kind.RANDOM, share=(places["c1"] + places["c2"]) / 2) == [first]
    assert ids(desk, Kind.RANDOM) == ["c1", "c2"]
    decide(desk, WU, "c1", Confirmation())
    assert ids(desk, Kind.RANDOM) == ["c2"]


def test_everybody_sees_of_a_list_what_is_theirs(desk: Desk) -> None:
    anna = Viewer(name="anna", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="south"),))
    assert ids(desk, Kind.MUST_SEE, viewer=anna) == []
    assert ids(desk, Kind.MUST_SEE, wanted=Wanted(team="north", agent_id="a1")) == ["c1", "c2"]
    assert ids(desk, Kind.MUST_SEE, wanted=Wanted(team="south")) == []


@pytest.mark.parametrize("kind", Kind)
def test_no_list_reads_all_calls(tmp_path: Path, kind: Kind) -> None:
    # Asked in the words of SQLite.
    engine = open_database(Settings(results=str(tmp_path), review_database=f"sqlite:///{tmp_path}/review.db"))
    rows = [
        {
            "call_id": f"c{number:05}", "conversation_id": "v", "layout": "mono", "review_reasons": "", "to_review": number % 5 == 0,
            "waiting": {0: "must_see", 5: "unsure"}.get(number % 50), "is_disputed": number % 500 == 0, "is_confirmed": False,
            "slice_place": number / 5_000, "doubt": number % 7, "decided_count": 0, "stale_count": 0, "decisions_version": 0, "is_behind": False,
            "purpose": "official", "call_date": f"2026-05-{1 + number % 28:02}",
        }
        for number in range(5_000)
    ]  # fmt: skip
    with writing(engine) as connection:
        DERIVED.create_all(connection)
        connection.execute(insert(call_index), rows)
        connection.execute(text("analyze"))
    steps: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def explain(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        found = cursor.connection.execute(f"explain query plan {statement}", parameters)  # type: ignore[attr-defined]
        steps.extend(row[3] for row in found)

    found = queue_page(engine, WU, Queue(kind=kind, share=0.02), size=5)
    assert len(found.lines) == 5
    assert steps and not any(step == "SCAN call_index" for step in steps)
    # Disputes are few; a list of them must not go through the days of all calls.
    assert kind is not Kind.DISPUTED or any("call_index_disputed" in step for step in steps)
