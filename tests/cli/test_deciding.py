"""What people decide on the command line: in their own name, by their role, and it counts at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desks import make_desk, reopen

from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.store import Store
from qa_pipeline.review.invitations import note_served


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = make_desk(tmp_path, calls=("c1", "c2")).store
    monkeypatch.setenv("QA_PIPELINE_RESULTS", store.root)
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LOGNAME", "root")
    return store


def run(*arguments: str, code: int = 0) -> str:
    done: Result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def dispute_id(store: Store) -> str:
    return str(rows(store, "select decision_id from decisions where kind = 'dispute'")[0]["decision_id"])


def test_an_override_is_the_logins_where_there_is_no_account(store: Store) -> None:
    shown = run("override", "c1", "long", "met", "--reason", "she did")
    assert "Score 40 % before, 80 % now. Critical failure: provisional." in shown
    assert rows(store, "select author from decisions") == [{"author": "root"}]


def test_a_whole_story_of_a_dispute(store: Store) -> None:
    for name, role in (("anna", "agent"), ("rev", "reviewer"), ("sup", "supervisor")):
        run("accounts", "add", name, "--role", role, *(["--agent-id", "a1"] if role == "agent" else []))
    run("teams", "add", "north")
    run("teams", "member", "north", "--supervisor", "sup", "--from", "2026-05-01")
    run("acknowledge", "c1", "--as", "anna")
    run("dispute", "c1", "long", "--reason", "I did", "--as", "anna")
    assert "dispute" in run("decisions", "c1", "--as", "sup")
    refused = run("decide", "c1", dispute_id(store)[:8], "uphold", "met", "--reason", "no", "--as", "rev", code=2)
    assert "It is for a supervisor" in refused
    shown = run("decide", "c1", dispute_id(store)[:8], "uphold", "met", "--reason", "heard it", "--as", "sup")
    assert "Score 40 % before, 80 % now." in shown
    assert rows(store, "select decided_by from current_effective_findings where decision_id is not null") == [{"decided_by": "sup"}]


def test_what_is_not_theirs_is_not_there_for_them(store: Store) -> None:
    run("accounts", "add", "bo", "--role", "agent", "--agent-id", "a2")
    assert "no call 'c1'" in run("acknowledge", "c1", "--as", "bo", code=2)
    assert "no call 'c1'" in run("decisions", "c1", "--as", "bo", code=2)
    assert "does not look after accounts" in run("accounts", "list", "--as", "bo", code=2)


def test_the_queue_is_what_nobody_has_settled(store: Store) -> None:
    assert "2 calls wait." in run("queue")
    run("confirm", "c1")
    shown = run("queue")
    assert "1 calls wait." in shown and "c1" not in shown.replace("c1-", "")


def test_a_decision_is_taken_back_by_the_beginning_of_its_name(store: Store) -> None:
    run("override", "c1", "long", "met", "--reason", "she did")
    name = str(rows(store, "select decision_id from decisions")[0]["decision_id"])
    assert "Score 80 % before, 40 % now." in run("take-back", "c1", name[:6])
    assert "0 decisions about c1 begin with 'zz'" in run("take-back", "c1", "zz", code=2)


def test_an_item_that_people_judge_is_answered_by_a_level(store: Store) -> None:
    assert "Score 40 % before, 42 % now." in run("answer", "c1", "tone", "cool")
    assert "There are: met, not_met, not_applicable, cool, rude, warm." in run("answer", "c1", "tone", "hot", code=2)


def test_words_and_roles_are_put_right(store: Store) -> None:
    assert "put right" in run("correct-word", "c1", "hello there", "good morning")
    assert "customer is the agent" in run("swap-roles", "c1")
    found = rows(store, "select role, text from current_utterances where call_id = 'c1' order by utterance")
    assert [tuple(row.values()) for row in found] == [("customer", "good morning."), ("agent", "hi.")]


def test_a_link_leads_to_where_the_app_was_last_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run("accounts", "add", "mei", "--role", "reviewer")
    assert run("accounts", "invite", "mei").startswith("http://localhost:8080/link/")
    note_served(reopen(Path(store.root).parent).engine, 8731)
    assert run("accounts", "invite", "mei").startswith("http://localhost:8731/link/")
    monkeypatch.setenv("QA_PIPELINE_WEB_ADDRESS", "https://qa.example.com/")
    assert run("accounts", "reset", "mei").startswith("https://qa.example.com/link/")


def test_accounts_and_teams_are_listed(store: Store) -> None:
    run("accounts", "add", "sup", "--role", "supervisor", "--display-name", "Wu Li")
    run("accounts", "roles", "sup", "--role", "trainer")
    run("teams", "add", "north")
    run("teams", "member", "north", "--agent-id", "a1")
    run("teams", "rename", "north", "polar", "--from", "2026-06-01")
    run("teams", "leave", "polar", "a1", "--to", "2026-07-01")
    assert all(name in run("accounts", "list") for name in ("Wu Li", "trainer"))
    assert all(name in run("teams", "list") for name in ("polar", "north", "a1", "2026-07-01"))
    assert "was signed in at 0 browsers" in run("accounts", "sign-out", "sup")
    run("accounts", "deactivate", "sup")
    assert "not active" in run("queue", "--as", "sup", code=2)


def test_the_scorecard_shows_what_counts_beside_what_the_program_found(store: Store) -> None:
    assert "as it counts" not in run("scorecard", "c1")
    run("override", "c1", "long", "met", "--reason", "she did")
    run("dispute", "c1", "grave", "--reason", "no")
    shown = run("scorecard", "c1")
    assert "tested version 1: 40 % not passed" in shown
    assert "as it counts: 80 % not passed; critical failure provisional; 1 decided by people" in shown
    assert "→ met, override by root: she did" in shown
    assert "disputed by root: no" in shown


@pytest.mark.slow
def test_a_report_shows_both_percents(store: Store) -> None:
    run("override", "c1", "long", "met", "--reason", "she did")
    assert "40 → 80" in run("report")


@pytest.mark.slow
def test_an_export_has_both(store: Store, tmp_path: Path) -> None:
    run("override", "c1", "long", "met", "--reason", "she did")
    run("export", str(tmp_path / "calls.csv"))
    first, *_ = (tmp_path / "calls.csv").read_text("utf-8-sig").splitlines()
    assert "effective_percent,effective_passed,effective_critical_state,decided" in first
    run("export", str(tmp_path / "findings.csv"), "--findings")
    assert ",met,root" in (tmp_path / "findings.csv").read_text("utf-8-sig")


def test_who_looks_at_a_call_stands_in_the_queue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run("claim", "c1")
    assert "root" in run("queue")
    monkeypatch.setenv("LOGNAME", "Li")
    assert "root looks at call c1" in run("claim", "c1", code=2)
    monkeypatch.setenv("LOGNAME", "root")
    run("claim", "c1", "--release")
    assert "root" not in run("queue")
