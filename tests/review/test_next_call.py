"""The next call of a queue goes to one person, whoever asks at the same moment."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.reading.queue import Kind, Queue
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.review.claims import claim, held_claims, release
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.next_call import count_finished, take_next

WU, MEI = local_viewer("Wu"), local_viewer("Mei")
GRAVE = Queue(kind=Kind.MUST_SEE, share=0.0)


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database, calls=("c1", "c2", "c3", "c4"))


def test_each_gets_another_call_until_there_is_none(desk: Desk) -> None:
    taken = [take_next(desk, who, GRAVE, but=frozenset({"c4"})) for who in (WU, MEI)]
    assert [one and one.call_id for one in taken] == ["c1", "c2"]
    # What is theirs already is theirs again.
    again = take_next(desk, WU, GRAVE)
    assert again is not None and again.call_id == "c1"
    claim(desk, WU, "c3")
    claim(desk, WU, "c4")
    release(desk, MEI, "c2")
    claim(desk, WU, "c2")
    assert take_next(desk, MEI, GRAVE) is None


def test_many_at_once_never_get_the_same(desk: Desk) -> None:
    got: list[str] = []
    start = threading.Barrier(4)

    def ask(name: str) -> None:
        start.wait()
        found = take_next(desk, local_viewer(name), GRAVE)
        got.append(found.call_id if found else "none")

    threads = [threading.Thread(target=ask, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["c1", "c2", "c3", "c4"]


def test_a_claim_that_timed_out_is_taken_by_another(desk: Desk) -> None:
    claim(desk, WU, "c1", minutes=-1)
    found = take_next(desk, MEI, GRAVE)
    assert found is not None and found.call_id == "c1"
    assert held_claims(desk)["c1"].who == "Mei"


def test_nobody_gets_their_own_call(desk: Desk) -> None:
    both = Viewer(name="lin", roles=frozenset({Role.REVIEWER, Role.AGENT}), agent_ids=frozenset({"a1"}))
    assert take_next(desk, both, GRAVE) is None


def test_a_day_counts_the_calls_that_somebody_finished_on_it(desk: Desk) -> None:
    for call_id in ("c1", "c1", "c2"):
        decide(desk, WU, call_id, Confirmation())
    decide(desk, MEI, "c3", Confirmation())
    decide(desk, WU, "c4", Confirmation(), criterion_id="long")
    now = datetime.now(UTC)
    assert (count_finished(desk, WU, now), count_finished(desk, MEI, now)) == (2, 1)
    assert count_finished(desk, WU, now + timedelta(days=1)) == 0
