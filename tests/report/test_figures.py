"""What supervisors count, compare, take away and see over weeks."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from copies import copy
from openpyxl import load_workbook
from report_rows import call_report, finding, report_data

from qa_pipeline.cli.main import main
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.viewer import MACHINE, Role, Tenure, Viewer, local_viewer
from qa_pipeline.report.clips import Clips
from qa_pipeline.report.export import export, flat_table
from qa_pipeline.report.figures import Group, compare, summarise, summarise_calls
from qa_pipeline.report.html import render
from qa_pipeline.report.trends import chart, trends
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import Settings, load_settings

RUBRIC = {
    "id": "tested", "version": 1, "pass_mark": 60,
    "sections": [{"id": "all", "criteria": [
        {"id": "turns", "status": "stable", "check": "metric", "metric": "turns", "at_least": 2, "weight": 10},
        {"id": "greets", "status": "stable", "check": "phrase", "who": "agent", "phrases": {"en": ["hello"]}, "weight": 10},
    ]}],
}  # fmt: skip


def open_results(folder: Path) -> Store:
    return Store(str(folder / "results"), timezone="UTC", code_version="0")


def make_results(folder: Path) -> None:
    """Team A: three calls that greet, one that does not; team B: one and three. A of May, B of June."""
    made = open_results(folder)
    scorecard = prepare(Rubric.model_validate_json(json.dumps(RUBRIC)), {})
    scores, conversations = [], []
    for number in range(8):
        team, greets = "AB"[number // 4], number in (0, 1, 2, 4)
        said = "hello there" if greets else "what now"
        heard = conversation(
            f"0:00 agent: {said}.", "0:03 customer: =cmd is what I want.", language="en", call_id=f"c{number}", agent_id=f"a{number % 2}",
            team=team, started_at=datetime(2026, 5 + number // 4, 4 + number, tzinfo=UTC),
        )  # fmt: skip
        conversations.append(replace(heard, conversation_id=f"v{number}"))
        scores.append(score(conversations[-1], scorecard))
    made.write_conversations(conversations, run_id="r")
    made.write_scores(scores, purpose="official", run_id="r")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    copy(make_results, tmp_path)
    return open_results(tmp_path)


def test_calls_are_counted_by_any_dimensions(store: Store) -> None:
    found = {group.key["team"]: group for group in summarise(store, MACHINE, ("team",))}
    assert [(g.calls, g.met, g.judged, g.percent.mean) for g in found.values()] == [(4, 3, 4, 87.5), (4, 1, 4, 62.5)]
    # 50 and three times 100: variance 625.
    assert found["A"].percent.variance == pytest.approx(625)
    assert found["A"].mean.high == 100.0
    both = summarise(store, MACHINE, ("month", "agent"))
    assert [(g.key["month"], g.key["agent"], g.calls) for g in both] == [
        ("2026-05", "a0", 2), ("2026-05", "a1", 2), ("2026-06", "a0", 2), ("2026-06", "a1", 2),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "by", [(), ("team",), ("agent", "month"), ("week",), ("day",), ("version", "rubric"), ("disposition", "site", "campaign")]
)
@pytest.mark.parametrize("wanted", [CallFilter(), CallFilter(first=date(2026, 5, 5), where=(("agent", "a1"),))])
def test_the_index_counts_as_the_tables_do(store: Store, by: tuple[str, ...], wanted: CallFilter) -> None:
    engine = open_database(Settings(results=store.root))
    catch_up(engine, store)

    def told(groups: list[Group]) -> list[tuple[object, ...]]:
        return [
            (g.key, g.calls, g.met, g.judged, g.undetermined, g.review, g.critical, g.percent.mean, pytest.approx(g.percent.variance))
            for g in groups
        ]

    found = summarise_calls(engine, local_viewer("root"), by, wanted)
    assert told(found) == told(summarise(store, MACHINE, by, wanted))
    assert all(group.effective == group.percent for group in found)


def test_a_supervisor_counts_their_own_team(store: Store) -> None:
    engine = open_database(Settings(results=store.root))
    catch_up(engine, store)
    head = Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="A"),))
    assert [(g.key["team"], g.calls) for g in summarise_calls(engine, head, ("team",))] == [("A", 4)]
    with pytest.raises(InputRefused, match="no dimension 'colour'"):
        summarise_calls(engine, head, ("colour",))


def test_criteria_are_counted_with_what_could_not_be_judged(store: Store) -> None:
    found = {(g.key["team"], g.key["criterion"]): g for g in summarise(store, MACHINE, ("team", "criterion"))}
    assert (found["A", "greets"].met, found["A", "greets"].judged) == (3, 4)
    assert (found["B", "turns"].met, found["B", "turns"].judged) == (4, 4)


def test_only_some_calls_are_counted(store: Store) -> None:
    chosen = CallFilter(first=date(2026, 5, 5), last=date(2026, 6, 9), where=(("agent", "a1"),))
    assert [g.calls for g in summarise(store, MACHINE, (), chosen)] == [3]
    with pytest.raises(InputRefused, match="no dimension 'colour'"):
        summarise(store, MACHINE, ("colour",))
    with pytest.raises(InputRefused, match="nothing to choose calls by"):
        summarise(store, MACHINE, (), CallFilter(where=(("criterion", "turns"),)))


def test_a_value_with_a_quote_is_a_value(store: Store) -> None:
    assert [g.calls for g in summarise(store, MACHINE, (), CallFilter(where=(("team", "A' or '1'='1"),)))] == [0]


def test_two_groups_are_put_beside_each_other(store: Store) -> None:
    found = compare(store, MACHINE, CallFilter(where=(("team", "A"),)), CallFilter(where=(("team", "B"),)))
    lines = {line.name: line for line in found.lines}
    assert (found.calls, lines["percent"].difference.value, lines["greets"].difference.value) == ((4, 4), 25.0, 0.5)
    assert not lines["greets"].difference.excludes_zero
    assert lines["turns"].difference.value == 0.0
    with pytest.raises(InputRefused, match="second group has no scored calls"):
        compare(store, MACHINE, CallFilter(), CallFilter(where=(("team", "C"),)))


def test_calls_are_exported_flat(store: Store, tmp_path: Path) -> None:
    table = flat_table(store, load_settings(), MACHINE, CallFilter(where=(("team", "A"),)))
    assert (table.num_rows, table["greets"].to_pylist(), table["greets_points"].to_pylist()) == (
        4,
        ["met"] * 3 + ["not_met"],
        [10.0] * 3 + [0.0],
    )
    for name in ("x.csv", "x.xlsx", "x.parquet"):
        export(table, tmp_path / "out" / name, timezone="Asia/Shanghai")
    with (tmp_path / "out" / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["call_id"] for row in csv.DictReader(file)] == ["c0", "c1", "c2", "c3"]
    sheet = load_workbook(tmp_path / "out" / "x.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]] == ["Call", "c0", "c1", "c2", "c3"]
    # Headings in words: of a criterion without a title its id.
    heads = [cell.value for cell in sheet[1]]
    assert heads[:5] == ["Call", "Day", "Started (Asia/Shanghai)", "Agent", "Agent's name"]
    assert heads[-4:] == ["greets", "greets: points", "turns", "turns: points"]
    assert pq.read_table(tmp_path / "out" / "x.parquet").num_rows == 4
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x.csv", "x.parquet", "x.xlsx"]


def test_exported_times_are_of_the_zone_and_say_so(store: Store, tmp_path: Path) -> None:
    table = flat_table(store, load_settings(), MACHINE, CallFilter(where=(("team", "A"),)))
    for name in ("x.csv", "x.xlsx"):
        export(table, tmp_path / name, timezone="Asia/Shanghai")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["started_at"] == "2026-05-04 08:00:00+08:00"
    sheet = load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    told = {cell.value: below.value for cell, below in zip(sheet[1], sheet[2], strict=True)}
    assert told["Started (Asia/Shanghai)"] == datetime(2026, 5, 4, 8)


def test_a_sheet_can_be_filtered_and_its_columns_are_as_wide_as_what_they_hold(store: Store, tmp_path: Path) -> None:
    table = flat_table(store, load_settings(), MACHINE, CallFilter(where=(("team", "A"),)))
    export(table, tmp_path / "x.xlsx", timezone="UTC")
    sheet = load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.freeze_panes == "B2"
    widths = {cell.value: sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]}
    assert widths["Call"] == 10
    assert widths["Started (UTC)"] == 21


def test_findings_are_exported_with_their_evidence(store: Store) -> None:
    table = flat_table(store, load_settings(), MACHINE, CallFilter(where=(("team", "A"),)), of_findings=True)
    assert (table.num_rows, table["evidence_text"].to_pylist()[0]) == (8, "hello")
    assert (table["reason"].to_pylist()[0], table["reason_en"].to_pylist()[0]) == (
        "Said in the window searched.",
        "Said in the window searched.",
    )


def test_reasons_are_exported_in_the_language_of_the_call(tmp_path: Path) -> None:
    made = Store(str(tmp_path / "results"), timezone="UTC", code_version="0")
    heard = replace(conversation("0:00 agent: dzień dobry.", "0:03 customer: hej.", language="pl", call_id="c1"), conversation_id="v")
    made.write_conversations([heard], run_id="r")
    made.write_scores([score(heard, prepare(Rubric.model_validate_json(json.dumps(RUBRIC)), {}))], purpose="official", run_id="r")
    table = flat_table(made, load_settings(), MACHINE, CallFilter(), of_findings=True)
    told = dict(zip(table["criterion_id"].to_pylist(), table["reason"].to_pylist(), strict=True))
    assert told["turns"].startswith("Liczba zmian mówiącego: 2")
    assert "The rubric has no phrases" in str(table["reason_en"].to_pylist())


def test_a_criterion_called_as_a_column_is_has_a_column_of_its_own(tmp_path: Path) -> None:
    made = Store(str(tmp_path / "results"), timezone="UTC", code_version="0")
    named = json.loads(json.dumps(RUBRIC).replace('"greets"', '"customer_sentiment"'))
    heard = replace(conversation("0:00 agent: hello there.", "0:03 customer: hi.", language="en", call_id="c1"), conversation_id="v")
    made.write_conversations([heard], run_id="r")
    made.write_scores([score(heard, prepare(Rubric.model_validate_json(json.dumps(named)), {}))], purpose="official", run_id="r")
    export(flat_table(made, load_settings(), MACHINE, CallFilter()), tmp_path / "x.csv", timezone="Asia/Shanghai")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        heading, row = csv.reader(file)
    told = dict(zip(heading, row, strict=True))
    assert (told["criterion_customer_sentiment"], told["customer_sentiment"], told["turns"]) == ("met", "", "met")


def test_what_was_said_never_becomes_a_formula(tmp_path: Path) -> None:
    table = pa.table({"said": ["=1+1", "+1", "-1", "@x", "fine"], "value": [-1.0, 1.0, 2.0, 3.0, 4.0]})
    export(table, tmp_path / "x.csv", timezone="Asia/Shanghai")
    export(table, tmp_path / "x.xlsx", timezone="Asia/Shanghai")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == ["'=1+1", "'+1", "'-1", "'@x", "fine"]
    sheet = load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    assert [(cell.value, cell.data_type) for cell in sheet["A"]][1] == ("=1+1", "s")


@pytest.mark.slow
def test_an_unknown_form_and_no_calls_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no ending of a known form"):
        export(flat_table(store, load_settings(), MACHINE, CallFilter()), tmp_path / "x.doc", timezone="Asia/Shanghai")
    with pytest.raises(InputRefused, match="No scored call"):
        flat_table(store, load_settings(), MACHINE, CallFilter(where=(("team", "C"),)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["summary", "--by", "team"], "75 % (30 … 95)"),
        (["summary", "--by", "criterion"], "greets"),
        (["compare", "--a", "team=A", "--b", "team=B"], "+50 % (-14"),
        (["compare", "--a", "until=2026-05-31", "--b", "since=2026-06-01"], "+25"),
        (["query", "select count(*) as n from current_scores"], "8"),
        (["export", "{out}/y.csv"], "8 rows"),
    ],
)
def test_commands_tell_it(store: Store, tmp_path: Path, arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(main, [*(a.format(out=tmp_path) for a in arguments), "--results", store.root])
    assert done.exit_code == 0, done.output
    assert told in done.output


@pytest.mark.parametrize(
    "arguments", [["summary", "--by", "colour"], ["summary", "--where", "team"], ["compare", "--a", "team=A", "--b", "team=Z"]]
)
def test_what_cannot_be_counted_is_refused(store: Store, arguments: list[str]) -> None:
    done = CliRunner().invoke(main, [*arguments, "--results", store.root])
    assert done.exit_code == 2


def week(number: int, percent: float, outcome: str, team: str = "A") -> object:
    at = datetime(2026, 5, 4, tzinfo=UTC) + timedelta(weeks=number)
    found = (finding("greeting", outcome),)
    return call_report(
        findings=found, score={"percent": percent, "passed": percent >= 80}, started_at=at, team=team, call_id=f"{number}{percent}{team}"
    )


def test_trends_go_from_week_to_week() -> None:
    calls = [week(0, 100, "met"), week(0, 50, "not_met"), week(2, 80, "met"), week(2, 40, "met", team="B"), week(0, 60, "met", team="B")]
    found = {trend.title: trend for trend in trends(calls, {"greeting": "Greets"})}  # type: ignore[arg-type]
    assert list(found) == ["Percent, mean of all calls", "Passed", "Percent, A", "Percent, B", "Greets: met"]
    points = found["Percent, mean of all calls"].points
    assert [(p.week, p.estimate.value, p.count) for p in points] == [(date(2026, 5, 4), 70, 3), (date(2026, 5, 18), 60, 2)]
    assert [p.estimate.value for p in found["Greets: met"].points] == [pytest.approx(200 / 3), 100.0]
    drawn = chart(found["Percent, A"])
    assert "week of 2026-05-04: 75 %" in drawn
    assert drawn.count("<circle") == 2


def test_one_week_is_no_trend() -> None:
    assert trends([week(0, 100, "met"), week(0, 50, "met")], {"greeting": "Greets"}) == []  # type: ignore[list-item]


def test_the_page_shows_trends_and_escapes_names() -> None:
    nasty = "<script>alert(1)</script>"
    calls = [week(0, 100, "met", nasty), week(1, 50, "not_met", nasty), week(1, 50, "not_met")]
    page = render(report_data(*calls), Clips(sounds={}, faults={}), folder=Path("/reports"))  # type: ignore[arg-type]
    assert 'id="trends-head"' in page
    # The mean, what passed, the one team with two weeks, the criterion.
    assert page.count('<svg class="trend"') == 4
    assert nasty not in page
