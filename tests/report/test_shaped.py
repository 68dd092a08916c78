"""Reports in shapes: what they count, for whom, over which days, and as files; what an agent loses by; two groups by what counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from copies import copy
from desks import commit
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.pages import Wanted, page
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.report.criteria import known_criteria
from qa_pipeline.report.export import export
from qa_pipeline.report.figures import compare_calls
from qa_pipeline.report.own import as_agent, good_example, own_trend, what_costs_most
from qa_pipeline.report.shaped import as_table, days_of, make_report, share_of
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Answer, Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.shapes import Shape
from qa_pipeline.settings import Settings

LOCAL = local_viewer("x")
HEAD = Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north"),))
LIN = Viewer(name="lin", account=2, roles=frozenset({Role.AGENT, Role.REVIEWER}), agent_ids=frozenset({"a1"}))
TODAY = date(2026, 5, 20)


def open_desk_in(folder: Path) -> Desk:
    store = make_store(folder)
    return open_desk(Settings(results=store.root, rubrics=folder / "rubrics"), store)


def make_office(folder: Path) -> None:
    """Three calls of two agents, and two decisions about them."""
    store = make_store(folder)
    for call_id, agent, team, day in (("c1", "a1", "north", 11), ("c2", "a1", "north", 19), ("c3", "a2", "south", 19)):
        commit(store, call_id, agent_id=agent, team=team, started_at=datetime(2026, 5, day, 4, tzinfo=UTC))
    opened = open_desk_in(folder)
    decide(opened, LOCAL, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")
    decide(opened, LOCAL, "c2", Answer(outcome=Outcome.MET, answer="cool"), criterion_id="tone")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    copy(make_office, tmp_path)
    return open_desk_in(tmp_path)


def test_rows_say_what_counts_and_lead_to_their_calls(desk: Desk) -> None:
    shape = Shape(by=("team", "week"), columns=("calls", "percent", "to_review"), period="all")
    found = make_report(desk.engine, LOCAL, shape, TODAY)
    assert [row.key for row in found.rows] == [("north", "2026-05-11"), ("north", "2026-05-18"), ("south", "2026-05-18")]
    # 20 of 25 points; 12.5 of 30; 10 of 25.
    assert [round(row.cells[1].value or 0, 1) for row in found.rows] == [80.0, 41.7, 40.0]
    assert [row.cells[1].count for row in found.rows] == [1, 1, 1]
    first = found.rows[0].wanted
    assert first == Wanted(team="north", since=date(2026, 5, 11), until=date(2026, 5, 17))
    assert [line.call_id for line in page(desk.engine, LOCAL, first).lines] == ["c1"]
    assert found.total is not None
    assert next(cell.value for cell in found.total.cells) == 3


def test_criteria_are_rows_and_lead_to_where_they_failed(desk: Desk) -> None:
    found = make_report(desk.engine, HEAD, Shape(by=("criterion",), columns=("met", "not_met"), period="all"), TODAY)
    rows = {row.criterion: row for row in found.rows}
    long = rows["tested", "long"]
    assert (long.cells[0].value, long.cells[0].count, long.cells[1].value) == (50.0, 2, 1)
    assert long.wanted is not None
    assert [line.call_id for line in page(desk.engine, HEAD, long.wanted).lines] == ["c2"]
    assert found.total is None


def test_only_what_is_theirs(desk: Desk) -> None:
    found = make_report(desk.engine, HEAD, Shape(by=("team",), columns=("calls",), period="all"), TODAY)
    assert [row.key for row in found.rows] == [("north",)]
    with pytest.raises(AccessRefused):
        make_report(desk.engine, Viewer(name="n", account=9), Shape(by=(), columns=()), TODAY)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("all", (None, None)),
        ("last_7_days", (date(2026, 5, 14), TODAY)),
        ("last_30_days", (date(2026, 4, 21), TODAY)),
        ("last_90_days", (date(2026, 2, 20), TODAY)),
        ("this_month", (date(2026, 5, 1), TODAY)),
        ("last_month", (date(2026, 4, 1), date(2026, 4, 30))),
        ("this_year", (date(2026, 1, 1), TODAY)),
    ],
)
def test_periods_are_counted_from_the_day(period: str, days: tuple[date | None, date | None]) -> None:
    assert days_of(Shape(by=(), columns=(), period=period), TODAY) == days


def test_days_may_be_fixed() -> None:
    assert days_of(Shape(by=(), columns=(), period="days", since="2026-05-01"), TODAY) == (date(2026, 5, 1), None)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(by=("moon",), columns=()), "no dimension"),
        (Shape(by=(), columns=(), where={"moon": "full"}), "nothing to choose"),
        (Shape(by=(), columns=(), period="then"), "no period"),
        (Shape(by=(), columns=(), period="days", since="soon"), "no day"),
    ],
)
def test_a_shape_that_cannot_be_made_is_refused(desk: Desk, shape: Shape, said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        make_report(desk.engine, LOCAL, shape, TODAY)


def test_a_month_and_a_version(desk: Desk) -> None:
    by_month = make_report(desk.engine, LOCAL, Shape(by=("month",), columns=("calls",), period="all"), TODAY)
    assert by_month.rows[0].wanted == Wanted(since=date(2026, 5, 1), until=date(2026, 5, 31))
    by_version = make_report(desk.engine, LOCAL, Shape(by=("version",), columns=("calls",), period="all"), TODAY)
    assert (by_version.rows[0].key, by_version.rows[0].wanted) == (("tested v1",), None)


def test_a_share_of_nothing_is_none() -> None:
    assert share_of(0, 0).value is None
    assert (share_of(1, 2).value, share_of(1, 2).count) == (50.0, 2)


def test_as_a_file_every_figure_says_what_it_rests_on_and_nothing_is_a_formula(desk: Desk, tmp_path: Path) -> None:
    shape = Shape(by=("team",), columns=("calls", "passed"), period="all", titles={"calls": "=1+1"})
    report = make_report(desk.engine, LOCAL, shape, TODAY)
    table = as_table(
        report, {"team": "Team", "passed": "Passed", "low": "from", "high": "to", "of": "of", **shape.titles}, lambda key: key[1]
    )
    assert table.column_names == ["Team", "=1+1", "Passed", "Passed: from", "Passed: to", "Passed: of"]
    assert table["Passed: of"].to_pylist() == [2, 1]
    for ending in ("csv", "xlsx", "parquet"):
        export(table, tmp_path / f"out.{ending}", timezone="UTC")
    assert "'=1+1" in (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[0]
    from openpyxl import load_workbook

    assert load_workbook(tmp_path / "out.xlsx").active["B1"].data_type == "s"
    for sign in "=+-@＝＋－＠\t\r−﹢":
        export(pa.table({"x": [f"{sign}cmd|' /C calc'!A0"], f"{sign}y": ["plain"]}), tmp_path / "signs.csv", timezone="UTC")
        written = (tmp_path / "signs.csv").read_bytes().decode("utf-8-sig")
        assert f"'{sign}y" in written and f"'{sign}cmd" in written, repr(sign)
    of_criteria = as_table(
        make_report(desk.engine, LOCAL, Shape(by=("criterion",), columns=("met",)), date(2026, 5, 30)), {}, lambda key: key[1]
    )
    assert of_criteria.column_names[:2] == ["rubric", "criterion"]
    assert of_criteria.schema.field("met: of").type == pa.int64()


def test_columns_of_one_name_stay_two(desk: Desk) -> None:
    report = make_report(desk.engine, LOCAL, Shape(by=("team",), columns=("calls", "scored"), period="all"), TODAY)
    assert as_table(report, {"calls": "n", "scored": "n"}, str).column_names == ["team", "n", "n 2"]


def test_an_agent_reads_of_their_own_alone(desk: Desk) -> None:
    assert as_agent(LIN).roles == {Role.AGENT}
    trend = own_trend(desk.engine, LIN, "mine", Wanted())
    assert [(str(point.week), point.count) for point in trend.points] == [("2026-05-11", 1), ("2026-05-18", 1)]
    known = known_criteria(desk.store)
    losses = what_costs_most(desk.engine, LIN, known, Wanted())
    # `grave` fails in both of 5, `long` in one of 10, `tone` half of 5 in the one that was answered; the draft counts nothing.
    assert [(loss.criterion.key[1], loss.points, loss.tally.judged) for loss in losses] == [
        ("grave", 5.0, 2),
        ("long", 5.0, 2),
        ("tone", 2.5, 1),
    ]
    example = good_example(desk.store, desk.engine, LIN, ("tested", "long"))
    assert example is not None
    assert (example.line.call_id, example.moment_ms) == ("c1", None)
    assert good_example(desk.store, desk.engine, LIN, ("tested", "grave")) is None
    with pytest.raises(AccessRefused):
        own_trend(desk.engine, HEAD, "mine", Wanted())


def test_criteria_are_known_by_their_newest_version(desk: Desk) -> None:
    known = known_criteria(desk.store)
    assert (known["tested", "long"].weight, known["tested", "grave"].is_critical, known["tested", "drafted"].is_draft) == (10.0, True, True)
    assert known["tested", "turns"].place == 0


def test_two_groups_by_what_counts(desk: Desk) -> None:
    found = compare_calls(desk.engine, LOCAL, Wanted(team="north"), Wanted(team="south"))
    lines = {line.name: line for line in found.lines}
    assert found.calls == (2, 1)
    assert lines["percent"].counts == (2, 1)
    assert (lines["tested/long"].first.value, lines["tested/long"].second.value) == (0.5, 0.0)
    assert not lines["tested/long"].difference.excludes_zero
    with pytest.raises(InputRefused, match="second group"):
        compare_calls(desk.engine, HEAD, Wanted(team="north"), Wanted(team="south"))
