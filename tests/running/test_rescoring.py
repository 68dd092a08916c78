"""Scoring stored calls again: what is chosen, what is written, and that a stopped run goes on. Tables are real; processes where they matter."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from qa_pipeline.call import Conversation
from qa_pipeline.cli.main import main
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.stored import Selection
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.commit import Commits
from qa_pipeline.results.periods import close_period
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running import lots, record, rescoring
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.lot_worker import Lot, score_file
from qa_pipeline.running.rescoring import RescorePlan, RescoreSummary, plan_rescoring
from qa_pipeline.running.run import Run
from qa_pipeline.scoring import identity
from qa_pipeline.scoring.identity import SCORING_VERSION
from qa_pipeline.scoring.score import prepare, score_many
from qa_pipeline.settings import Settings, load_settings
from tests.rubric.built_rubrics import write_folder

pytestmark = pytest.mark.slow


def rubric(name: str = "service", *, version: int = 1, hello: str = "hello there", **data: Any) -> Rubric:
    """A rubric of three criteria; another greeting is another version of it."""
    criteria = [
        {"id": "greeting", "status": "stable", "check": "phrase", "who": "agent", "phrases": {"en": [hello]}},
        {"id": "talks", "status": "stable", "check": "metric", "metric": "turns", "at_least": 2},
        {"id": "number", "check": "capture", "capture": "number", "phrases": {"en": ["my number is"]}},
    ]
    found = {"id": name, "version": version, "sections": [{"id": "all", "criteria": criteria}], **data}
    return Rubric.model_validate_json(json.dumps(found))


FIRST = {"service": rubric(applies_to={"direction": "inbound"})}
SECOND = {"service": rubric(version=2, hello="good morning", applies_to={"direction": "inbound"})}


def spoken(number: int, **call: Any) -> Conversation:
    words = "hello there." if number % 2 else "good morning."
    given = {
        "call_id": f"c{number}", "source_uri": f"c{number}.wav", "direction": "inbound", "agent_id": str(number % 3),
        "started_at": datetime(2026, 5, 1 + number, 4, tzinfo=UTC), **call,
    }  # fmt: skip
    made = conversation(f"0:00 agent: {words}", f"0:03 customer: hi, my number is {number + 10}.", language="en", **given)
    return replace(made, conversation_id=f"conversation-{given['call_id']}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache")


@pytest.fixture
def store(settings: Settings) -> Store:
    store = open_store(settings)
    store.prepare()
    store.write_conversations([spoken(number) for number in range(10)], run_id="r0")
    return store


def rescore(
    store: Store, settings: Settings, rubrics: dict[str, Rubric], *, workers: int = 0, purpose: str = "official", **options: Any
) -> RescoreSummary:
    run = Run(settings=settings, store=store, rubrics=rubrics, purpose=purpose)
    return rescoring.rescore(plan_rescoring(run, select=options.pop("select", Selection()), **options), run, workers=workers)


def planned(
    store: Store, rubrics: dict[str, Rubric], *, select: Selection | None = None, purpose: str = "official", **options: Any
) -> RescorePlan:
    run = Run(settings=load_settings(results=store.root), store=store, rubrics=rubrics, purpose=purpose)
    return plan_rescoring(run, select=select or Selection(), **options)


def counts(summary: RescoreSummary) -> tuple[int, ...]:
    """found, scored, changed, unchanged, standing, unscored, closed, failures."""
    s = summary
    return s.found, s.scored, s.changed, s.unchanged, s.standing, s.unscored, s.closed, len(s.failures)


def outcomes(store: Store) -> dict[str, str]:
    sql = "select call_id, outcome from current_findings where criterion_id = 'greeting'"
    return {row["call_id"]: row["outcome"] for row in rows(store, sql)}


def contents(store: Store) -> list[list[dict[str, Any]]]:
    """Everything scoring has written, times and runs aside."""
    return [
        rows(store, "select * exclude (scored_at, run_id) from findings order by score_id, criterion_id"),
        rows(store, "select * exclude (run_id) from captures order by score_id, criterion_id, n"),
        rows(store, "select * exclude (scored_at, run_id) from scores order by score_id, purpose"),
    ]


def test_a_new_version_is_scored_beside_the_old_one_and_changed_verdicts_are_counted(store: Store, settings: Settings) -> None:
    assert counts(rescore(store, settings, FIRST)) == (10, 10, 0, 0, 0, 0, 0, 0)
    assert outcomes(store) == {f"c{n}": "met" if n % 2 else "not_met" for n in range(10)}
    # This one says neither greeting, so that its verdict stays.
    neither = conversation("0:00 agent: yes.", language="en", call_id="neither", direction="inbound")
    store.write_conversations([spoken(10, call_id="ten"), replace(neither, conversation_id="neither")], run_id="r1")
    assert counts(rescore(store, settings, FIRST)) == (12, 2, 0, 0, 10, 0, 0, 0)
    assert counts(rescore(store, settings, SECOND)) == (12, 12, 11, 1, 0, 0, 0, 0)
    assert outcomes(store)["c0"] == "met" and outcomes(store)["c1"] == "not_met"
    assert rows(store, "select rubric_version, count(*) n from scores group by 1 order by 1") == [
        {"rubric_version": 1, "n": 12}, {"rubric_version": 2, "n": 12}
    ]  # fmt: skip


def test_what_has_the_score_already_is_left_out(store: Store, settings: Settings) -> None:
    rescore(store, settings, FIRST)
    before = contents(store)
    assert counts(rescore(store, settings, FIRST)) == (10, 0, 0, 0, 10, 0, 0, 0)
    assert contents(store) == before
    assert len(rows(store, "select * from runs")) == 1


def by_older_scoring(monkeypatch: pytest.MonkeyPatch, store: Store, rubrics: dict[str, Rubric]) -> None:
    """Score the stored calls as a program whose scoring had another version did."""
    monkeypatch.setattr(identity, "SCORING_VERSION", 0)
    identity._judged_by.cache_clear()
    calls = list(store.stream_conversations())
    scores = score_many(calls, prepare(rubrics["service"], {}))
    store.write_scores(scores, purpose="official", run_id="r0")
    monkeypatch.undo()
    identity._judged_by.cache_clear()


def test_a_change_of_scoring_is_a_change_of_every_score(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    by_older_scoring(monkeypatch, store, FIRST)
    assert counts(rescore(store, settings, FIRST)) == (10, 10, 0, 10, 0, 0, 0, 0)
    assert rows(store, "select scoring_version, count(*) n from scores group by 1 order by 1") == [
        {"scoring_version": 0, "n": 10}, {"scoring_version": SCORING_VERSION, "n": 10}
    ]  # fmt: skip
    assert counts(rescore(store, settings, FIRST)) == (10, 0, 0, 0, 10, 0, 0, 0)


def test_closed_periods_keep_what_was_judged_by_older_scoring(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    by_older_scoring(monkeypatch, store, FIRST)
    close_period(store, date(2026, 5, 1), date(2026, 5, 4), team=None, reason="paid", author="me")
    found = rescore(store, settings, FIRST)
    assert (found.scored, found.closed) == (10, 4)
    assert rows(store, "select scoring_version, count(*) n from current_scores group by 1 order by 1") == [
        {"scoring_version": 0, "n": 4}, {"scoring_version": SCORING_VERSION, "n": 6}
    ]  # fmt: skip


def test_the_rows_are_the_same_whatever_the_number_of_workers(tmp_path: Path, settings: Settings) -> None:
    found = []
    for workers in (0, 1, 2):
        store = Store(str(tmp_path / f"results{workers}"), timezone=settings.timezone, code_version="0")
        store.write_conversations([spoken(number) for number in range(10)], run_id="r0")
        rescore(store, settings, FIRST, workers=workers)
        found.append(contents(store))
    assert found[0] == found[1] == found[2]
    assert [len(part) for part in found[0]] == [30, 10, 10]


def test_a_run_is_recorded(store: Store, settings: Settings) -> None:
    summary = rescore(store, settings, FIRST)
    (run,) = rows(store, "select run_id, found, processed, scored, skipped, failed, unscored from runs")
    assert tuple(run.values()) == (summary.run_id, 10, 0, 10, 0, 0, 0)
    assert {row["run_id"] for row in rows(store, "select run_id from scores union select run_id from findings")} == {summary.run_id}


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (Selection(since=date(2026, 5, 9)), {"c8", "c9"}),
        (Selection(until=date(2026, 5, 2)), {"c0", "c1"}),
        (Selection(call_ids=("c4", "c7", "nobody")), {"c4", "c7"}),
        (Selection(agent_id="0", until=date(2026, 5, 5)), {"c0", "c3"}),
        (Selection(agent_id="'; drop table calls --"), set()),
    ],
)
def test_calls_are_selected_by_date_id_and_agent(store: Store, select: Selection, expected: set[str]) -> None:
    plan = planned(store, FIRST, select=select)
    assert {name.removeprefix("conversation-") for name in plan.assignments} == expected


def test_the_metadata_choose_the_rubric_then_the_one_named_then_the_one_that_applies(settings: Settings) -> None:
    store = open_store(settings)
    rubrics = {**FIRST, "other": rubric("other")}
    store.write_conversations([spoken(0, rubric="other"), spoken(1), spoken(2, direction=None)], run_id="r")

    def chosen(**options: Any) -> dict[str, str]:
        plan = planned(store, rubrics, **options)
        return {name.removeprefix("conversation-"): one.rubric for name, one in plan.assignments.items()}

    assert chosen() == {"c0": "other", "c1": "service"}
    assert chosen(named="other") == {"c0": "other", "c1": "other", "c2": "other"}
    assert counts(rescore(store, settings, rubrics)) == (3, 2, 0, 0, 0, 1, 0, 0)


def test_a_call_that_names_an_unknown_rubric_is_left_and_told_but_not_when_a_file_is_tried(settings: Settings) -> None:
    store = open_store(settings)
    store.write_conversations([spoken(0, rubric="gone"), spoken(1)], run_id="r")
    plan = planned(store, FIRST)
    assert (list(plan.assignments), plan.unscored) == (["conversation-c1"], 1)
    assert plan.warnings[0].startswith("1 call left unscored (c0): Rubric 'gone'")
    plan = planned(store, FIRST, purpose="trial", named="service", by_path=True)
    assert (list(plan.assignments), plan.unscored) == (["conversation-c1"], 1)


def test_a_trial_leaves_what_counts_and_can_become_official(store: Store, settings: Settings) -> None:
    rescore(store, settings, FIRST)
    before = outcomes(store)
    assert counts(rescore(store, settings, SECOND, purpose="trial"))[1:4] == (10, 10, 0)
    assert outcomes(store) == before
    assert counts(rescore(store, settings, SECOND))[1] == 10
    assert outcomes(store) != before
    assert rows(store, "select count(*) n from findings") == [{"n": 60}]
    assert rows(store, "select purpose, count(*) n from scores group by 1 order by 1") == [
        {"purpose": "official", "n": 20}, {"purpose": "trial", "n": 10}
    ]  # fmt: skip


def test_in_a_closed_period_the_official_score_stays_and_new_ones_are_trials(store: Store, settings: Settings) -> None:
    rescore(store, settings, FIRST)
    close_period(store, date(2026, 5, 1), date(2026, 5, 4), team=None, reason="paid out", author=None)
    assert counts(rescore(store, settings, SECOND)) == (10, 10, 10, 0, 0, 0, 4, 0)
    assert counts(rescore(store, settings, SECOND)) == (10, 0, 0, 0, 10, 0, 0, 0)
    versions = {row["call_id"]: row["rubric_version"] for row in rows(store, "select call_id, rubric_version from current_scores")}
    assert versions == {f"c{n}": 1 if n < 4 else 2 for n in range(10)}
    trials = rows(store, "select call_id from scores where purpose = 'trial' order by 1")
    assert [row["call_id"] for row in trials] == ["c0", "c1", "c2", "c3"]


@pytest.mark.parametrize("broken", ["findings", "captures", "scores"])
def test_a_run_that_stops_between_details_and_heads_doubles_nothing_when_repeated(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    commit = Commits._commit

    def fail(self: Commits, name: str, data: Any) -> None:
        if name == broken:
            raise KeyboardInterrupt
        commit(self, name, data)

    monkeypatch.setattr(record, "_COMMIT_STORED", 1)
    monkeypatch.setattr(Commits, "_commit", fail)
    with pytest.raises(KeyboardInterrupt):
        rescore(store, settings, FIRST)
    assert rows(store, "select * from current_findings") == []
    monkeypatch.undo()
    again = open_store(settings)
    rescore(again, settings, FIRST)
    assert rows(again, "select count(*) n, count(distinct (score_id, criterion_id)) d from findings") == [{"n": 30, "d": 30}]
    assert rows(again, "select count(*) n from current_scores") == [{"n": 10}]


# A process of its own, that is killed while lots are still to be scored.
KILLED = """
import signal
import sys
import time
from qa_pipeline.running import lots, record, rescoring
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.run import Run
from qa_pipeline.settings import load_settings
from tests.running.test_rescoring import FIRST, Selection, plan_rescoring
lots._LOT, record._COMMIT_STORED = 1, 2

def wait(event):
    print(event.done, flush=True)
    if event.done == 3:
        # Waits to be killed: otherwise the rest may be scored before the signal comes.
        time.sleep(60)

if __name__ == "__main__":
    # A shell's background jobs are started deaf to Ctrl-C, and so would this be.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings = load_settings(results=sys.argv[1])
    run = Run(settings=settings, store=open_store(settings), rubrics=FIRST, on_event=wait)
    rescoring.rescore(plan_rescoring(run, select=Selection()), run, workers=1)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_is_finished_by_the_same_command(tmp_path: Path, store: Store, settings: Settings, how: signal.Signals) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(KILLED, "utf-8")
    env = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    running = subprocess.Popen(
        [sys.executable, str(driver), settings.results], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout
    for line in running.stdout:
        if line.strip() == "3":
            running.send_signal(how)
            break
    running.wait(timeout=900)
    running.stdout.close()
    time.sleep(0.2)
    kept = len(rows(store, "select * from scores"))
    assert 2 <= kept < 10
    again = rescore(store, settings, FIRST)
    assert (again.standing, again.scored) == (kept, 10 - kept)
    assert rows(store, "select count(*) n, count(distinct (score_id, criterion_id)) d from findings") == [{"n": 30, "d": 30}]


def test_a_call_that_cannot_be_scored_costs_that_call_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(settings)
    lots_of = lots._lots

    def with_misfortunes(*args: Any, **options: Any) -> Any:
        for lot in lots_of(*args, **options):
            yield replace(lot, assignments=tuple(replace(one, rubric="gone") if i == 1 else one for i, one in enumerate(lot.assignments)))

    store.write_conversations([spoken(number) for number in range(3)], run_id="r")
    monkeypatch.setattr(lots, "_lots", with_misfortunes)
    summary = rescore(store, settings, FIRST)
    assert (summary.scored, [failure.error_type for failure in summary.failures]) == (2, ["KeyError"])
    (row,) = rows(store, "select call_id, stage, attempt, transient from current_failures")
    assert tuple(row.values()) == ("c1", "score", 1, False)
    monkeypatch.undo()
    rescore(store, settings, FIRST)
    assert rows(store, "select * from current_failures") == []


def hang_or_die(path: str) -> None:
    """Stands in for scoring in a worker process: some calls never come back."""
    for row in pickle.loads(Path(path).read_bytes()).stored.calls.to_pylist():
        if row["call_id"] == "c1":
            os._exit(139)
        if row["call_id"] == "c2":
            time.sleep(600)
    score_file(path)


def test_a_call_that_hangs_or_takes_its_process_down_costs_that_call_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(settings)
    store.write_conversations([spoken(number) for number in range(5)], run_id="r")
    schedule = lots._schedule

    def with_little_time_for_what_hangs(pool: Any, path: Path, lot: Lot, settings: Settings) -> Any:
        # However slow the machine is, the others have time enough.
        limit = 0.5 if "c2" in lot.stored.calls["call_id"].to_pylist() else 600.0
        return schedule(pool, path, lot, settings.model_copy(update={"call_timeout_seconds": limit}))

    monkeypatch.setattr(lots, "score_file", hang_or_die)
    monkeypatch.setattr(lots, "_schedule", with_little_time_for_what_hangs)
    summary = rescore(store, settings, FIRST, workers=1)
    assert summary.scored == 3
    assert {failure.call_id: (failure.error_type, failure.transient) for failure in summary.failures} == {
        "c1": ("WorkerCrashed", True), "c2": ("CallTimeout", True)
    }  # fmt: skip


def die(folder: str) -> None:
    os._exit(1)


def test_processes_that_cannot_start_are_told(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "start_worker", die)
    with pytest.raises(EnvironmentNotReady, match="as soon as they are started"):
        rescore(store, settings, FIRST, workers=1)


def test_nothing_callers_said_is_left_in_the_cache(store: Store, settings: Settings) -> None:
    left = settings.work / "rescore-99999999-killed"
    left.mkdir(parents=True)
    rescore(store, settings, FIRST, workers=1)
    assert list(settings.work.iterdir()) == []


def write_rubric(folder: Path) -> str:
    """A rubric among situations that never hold: nothing in it needs a model."""
    text = "id: service\nversion: 1\nsections:\n  - id: all\n    criteria:\n"
    text += "      - {id: greeting, status: stable, check: phrase, who: agent, phrases: {en: [hello there]}}\n"
    return str(write_folder(folder, service=text) / "service.yaml")


def test_the_command_tries_a_rubric_file_and_tells_the_counts(tmp_path: Path, store: Store, settings: Settings) -> None:
    arguments = [
        "rescore",
        "--results",
        settings.results,
        "--rubric",
        write_rubric(tmp_path),
        "--since",
        "2026-05-06",
        "--workers",
        "1",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "5 calls: 5 scored (0 with a changed verdict, 0 as before), 0 there already, 0 without a rubric" in done.output
    assert rows(store, "select distinct purpose from scores") == [{"purpose": "trial"}]


def test_periods_are_closed_listed_and_reopened_by_commands(store: Store, settings: Settings) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(main, ["periods", *words, "--results", settings.results])
        assert done.exit_code == 0, done.output
        return done.output

    run("close", "--from", "2026-05-01", "--to", "2026-05-03", "--team", "north", "--reason", "paid out", "--author", "eva")
    (period,) = store.closed_periods()
    assert (period.first_date, period.last_date, period.team, period.author) == (date(2026, 5, 1), date(2026, 5, 3), "north", "eva")
    assert period.period_id in run("list")
    run("reopen", period.period_id, "--reason", "a mistake")
    assert store.closed_periods() == ()
    refused = CliRunner().invoke(main, ["periods", "reopen", "nosuch", "--reason", "x", "--results", settings.results])
    assert refused.exit_code == 2


def test_scoring_again_loads_no_model_library(tmp_path: Path, store: Store, settings: Settings) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import sys\nfrom qa_pipeline.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        f"        main(['rescore', '--results', {settings.results!r}, '--rubric', {write_rubric(tmp_path)!r}])\n"
        "    except SystemExit as done:\n"
        "        print(done.code, sorted({'torch', 'faster_whisper', 'pyannote', 'transformers', 'prefect'} & set(sys.modules)))\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, str(driver)], capture_output=True, text=True, check=False, cwd=PACKAGE_ROOT)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_worker_processes_end_without_a_word_whatever_the_script_has_loaded(tmp_path: Path, store: Store, settings: Settings) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import duckdb\nfrom qa_pipeline.cli.main import main\n"
        f"if __name__ == '__main__':\n    main(['rescore', '--workers', '2', '--results', {settings.results!r}, '--rubric', {write_rubric(tmp_path)!r}])\n",
        "utf-8",
    )
    env = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    done = subprocess.run([sys.executable, str(driver)], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()) == (0, ["5/10 calls", "10/10 calls"]), done.stdout


def versions(store: Store) -> dict[str, int]:
    return {row["call_id"]: row["rubric_version"] for row in rows(store, "select call_id, rubric_version from current_scores")}


def test_calls_before_the_day_of_a_version_are_scored_by_the_one_before(store: Store, settings: Settings) -> None:
    # Calls 0 to 9 began on 1 to 10 May; the first version is kept beside the results when it scores.
    rescore(store, settings, FIRST)
    new = {"service": rubric(version=2, hello="good morning", applies_to={"direction": "inbound"}, effective_from="2026-05-08")}
    assert counts(rescore(store, settings, new)) == (10, 3, 3, 0, 7, 0, 0, 0)
    assert versions(store) == {f"c{n}": 2 if n >= 7 else 1 for n in range(10)}
    assert [row["version"] for row in rows(store, "select version from rubrics order by version")] == [1, 2]
    # What was never scored before that day is scored by the kept version too.
    store.write_conversations([spoken(3, call_id="found_later")], run_id="r1")
    assert counts(rescore(store, settings, new)) == (11, 1, 0, 0, 10, 0, 0, 0)
    assert versions(store)["found_later"] == 1


def test_a_file_that_is_tried_scores_every_call_and_is_not_kept(store: Store, settings: Settings) -> None:
    rescore(store, settings, FIRST)
    tried = {"service": rubric(version=2, hello="good morning", effective_from="2026-05-08")}
    assert counts(rescore(store, settings, tried, purpose="trial", named="service", by_path=True))[1] == 10
    assert rows(store, "select distinct rubric_version v from scores where purpose = 'trial'") == [{"v": 2}]
    assert rows(store, "select version from rubrics") == [{"version": 1}]
