"""Questions by somebody: tables that hold only what they may see, and questions that people write themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from copies import copy
from sqlalchemy import Engine
from stored import heard, make_score, make_store

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.asking import ask, ask_anything
from qa_pipeline.reading.counting import CallFilter, count_by
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.flat import flat_rows
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.reports import report_rows
from qa_pipeline.reading.viewer import MACHINE, Matter, Role, Tenure, Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.settings import load_settings

LEADS_NORTH = Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north", last=date(2026, 5, 20)),))
OPERATOR = Viewer(name="op", account=2, roles=frozenset({Role.OPERATOR}))


def make_results(folder: Path) -> None:
    store = make_store(folder)
    for number, (team, day) in enumerate((("north", 11), ("south", 11), ("north", 25))):
        spoken = heard(f"v{number}", f"c{number}", team=team, agent_id=f"a{number}", started_at=datetime(2026, 5, day, 4, tzinfo=UTC))
        store.write_conversations([spoken], run_id="r")
        store.write_scores([make_score(spoken)], purpose="official", run_id="r")
    catch_up(open_database(load_settings(results=store.root)), store)


@pytest.fixture
def results(tmp_path: Path) -> tuple[Store, Engine]:
    copy(make_results, tmp_path)
    store = make_store(tmp_path)
    return store, open_database(load_settings(results=store.root))


def test_who_sees_some_calls_counts_these(results: tuple[Store, Engine]) -> None:
    store, engine = results
    (by_team,) = count_by(store, LEADS_NORTH, [(("team", "criterion"), CallFilter())], engine=engine)
    assert {(one.key["team"], one.calls) for one in by_team} == {("north", 1)}
    (all_teams,) = count_by(store, MACHINE, [(("team",), CallFilter())])
    assert {(one.key["team"], one.calls) for one in all_teams} == {("north", 2), ("south", 1)}


def test_rows_and_reports_hold_nothing_of_other_calls(results: tuple[Store, Engine]) -> None:
    store, engine = results
    assert flat_rows(store, LEADS_NORTH, CallFilter(), of_findings=False, engine=engine).rows["call_id"].to_pylist() == ["c0"]
    with report_rows(store, LEADS_NORTH, engine=engine) as rows:
        assert [row["call_id"] for row in rows.calls()] == ["c0"]
        assert {row["call_id"] for row in rows.utterances(["c0", "c1", "c2"])} == {"c0"}


@pytest.mark.parametrize("name", ["calls", "utterances", "embeddings", "metrics", "scores", "findings", "captures", "decisions"])
def test_no_table_tells_of_other_calls(results: tuple[Store, Engine], name: str) -> None:
    store, engine = results
    found = ask(store, LEADS_NORTH, Matter.WORDS, f"select * from {name}", engine=engine)
    assert {row["conversation_id"] for row in found} <= {"v0"}


def test_without_an_index_nobody_is_let_in_halfway(results: tuple[Store, Engine]) -> None:
    with pytest.raises(AccessRefused, match="some calls only"):
        count_by(results[0], LEADS_NORTH, [((), CallFilter())])


def test_who_sees_nothing_of_a_matter_asks_nothing_about_it(results: tuple[Store, Engine]) -> None:
    with pytest.raises(AccessRefused, match="may not see words"):
        flat_rows(results[0], OPERATOR, CallFilter(), of_findings=True)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_with_an_account_asks_in_sql(results: tuple[Store, Engine], role: Role) -> None:
    with pytest.raises(AccessRefused):
        ask_anything(results[0], Viewer(name="w", account=1, roles=frozenset({role})), "select 1")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{0}')",
        "select * from read_csv_auto('{0}')",
        "select * from read_text('{0}')",
        "select * from read_blob('{0}')",
        "select * from read_parquet('{0}')",
        "select * from read_json('{0}')",
        "select * from '{0}'",
        "select * from glob('{1}/*')",
        "select * from read_csv('https://example.org/x.csv')",
        "select * from read_parquet('s3://bucket/x.parquet')",
        "copy calls to '{1}/out.csv'",
        "copy (select 1) to '{1}/out.parquet' (format parquet)",
        "copy calls from '{0}'",
        "export database '{1}/out'",
        "import database '{1}'",
        "attach '{1}/other.db'",
        "attach 'postgres://x' (type postgres)",
        "install httpfs",
        "load httpfs",
        "load '{0}'",
        "select getenv('HOME')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set home_directory = '{1}'",
        "set allowed_directories = ['{1}']",
        "pragma database_list; select * from read_text('{0}')",
        "create secret (type s3)",
    ],
)
def test_what_people_write_reaches_the_tables_and_nothing_else(results: tuple[Store, Engine], tmp_path: Path, sql: str) -> None:
    there = tmp_path / "secret.csv"
    there.write_text("a,b\n1,2\n", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputRefused):
        ask_anything(results[0], MACHINE, sql.format(there, tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_an_operator_may_allow_files(results: tuple[Store, Engine], tmp_path: Path) -> None:
    there = tmp_path / "agents.csv"
    there.write_text("agent_id,name\na0,Li\n", "utf-8")
    sql = f"select name from current_calls join read_csv('{there}') using (agent_id)"
    assert [dict(row) for row in ask_anything(results[0], MACHINE, sql, may_reach_outside=True)] == [{"name": "Li"}]


def test_rows_cannot_be_written_to(results: tuple[Store, Engine]) -> None:
    (row,) = ask_anything(results[0], MACHINE, "select 1 as one")
    with pytest.raises(TypeError):
        row["one"] = 2  # type: ignore[index]
