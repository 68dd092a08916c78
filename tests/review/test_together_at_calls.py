"""Claims and calibration: who looks at what, and where several who judge the same differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.calibration import close_session, compare, judge, open_session
from qa_pipeline.review.claims import claim, held_claims, release
from qa_pipeline.review.desk import Desk

WU, LI = local_viewer("Wu"), local_viewer("Li")


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database)


def test_a_call_is_one_persons_until_they_let_it_go(desk: Desk) -> None:
    claim(desk, WU, "c1")
    with pytest.raises(Conflict, match="Wu looks at call c1 until"):
        claim(desk, LI, "c1")
    claim(desk, WU, "c1", minutes=60)
    release(desk, LI, "c1")
    assert held_claims(desk)["c1"].who == "Wu"
    release(desk, WU, "c1")
    assert claim(desk, LI, "c1").who == "Li"


def test_a_claim_ends_by_itself(desk: Desk) -> None:
    claim(desk, WU, "c1", minutes=-1)
    assert held_claims(desk) == {}
    assert claim(desk, LI, "c1").who == "Li"


def test_a_session_shows_where_people_differ_and_changes_no_score(desk: Desk) -> None:
    open_session(desk, WU, "May")
    judge(desk, WU, "May", "c1", "long", Outcome.MET)
    judge(desk, WU, "May", "c1", "long", Outcome.NOT_MET)
    judge(desk, LI, "May", "c1", "long", Outcome.MET)
    judge(desk, LI, "May", "c1", "turns", Outcome.MET)
    with pytest.raises(Conflict, match="not over"):
        compare(desk, WU, "May")
    close_session(desk, WU, "May")
    first, second = compare(desk, WU, "May")
    assert (first.criterion_id, first.outcomes, first.is_agreed) == ("long", {"Wu": Outcome.NOT_MET, "Li": Outcome.MET}, False)
    assert (second.criterion_id, second.is_agreed, second.program) == ("turns", True, Outcome.MET)
    assert rows(desk.store, "select percent, decided from current_effective_scores") == [{"percent": 40.0, "decided": 0}]


def test_nobody_judges_in_a_session_that_is_over(desk: Desk) -> None:
    open_session(desk, WU, "May")
    with pytest.raises(InputRefused, match="already"):
        open_session(desk, LI, "May")
    close_session(desk, WU, "May")
    with pytest.raises(InputRefused, match="No session 'May' is open"):
        judge(desk, WU, "May", "c1", "long", Outcome.MET)
