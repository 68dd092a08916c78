"""Agreement, calibration, tokens and webhooks on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desks import make_desk

from qa_pipeline.cli.main import main
from qa_pipeline.results.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = make_desk(tmp_path, calls=("c1", "c2")).store
    monkeypatch.setenv("QA_PIPELINE_RESULTS", store.root)
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("QA_PIPELINE_WEBHOOK_PRIVATE", "yes")
    monkeypatch.setenv("LOGNAME", "root")
    for name, role in (("mei", "reviewer"), ("wu", "reviewer"), ("bi", "operator")):
        run("accounts", "add", name, "--role", role)
    return store


def run(*arguments: str, code: int = 0) -> str:
    done: Result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.slow
def test_two_judge_apart_compare_and_settle(store: Store) -> None:
    run("calibration", "open", "May", "--call", "c1", "--person", "mei", "--person", "wu")
    run("calibration", "judge", "May", "c1", "long", "met", "--as", "mei")
    assert "Still judging: wu" in run("calibration", "done", "May", "--as", "mei")
    assert "not over: wu" in run("calibration", "compare", "May", code=2)
    run("calibration", "judge", "May", "c1", "long", "not_met", "--as", "wu")
    assert "All are done" in run("calibration", "done", "May", "--as", "wu")
    compared = run("calibration", "compare", "May", "--as", "wu")
    assert all(text in compared for text in ("long", "met", "not_met", "no"))
    assert "Score 40 % before, 80 % now." in run("calibration", "settle", "May", "c1", "long", "met", "--reason", "heard it", "--as", "mei")
    shown = run("agreement", "--by-version")
    assert "tested v1" in shown
    assert "few" in shown
    assert "mei, wu" in run("calibration", "list")
    assert "May is closed." in run("calibration", "close", "May")


def test_agreement_of_nobody_says_so(store: Store) -> None:
    assert "Nobody has judged anything yet." in run("agreement")


@pytest.mark.slow
def test_what_should_leave_the_score_is_listed_and_published_by_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the bar is 0.6" in run("assist")


def test_a_token_is_shown_once(store: Store) -> None:
    made = run("tokens", "add", "dashboard", "--account", "bi", "--scope", "figures")
    secret = made.splitlines()[0]
    listed = run("tokens", "list")
    assert secret.startswith("qa_")
    assert secret not in listed
    assert secret[:10] in listed
    assert "opens nothing any more" in run("tokens", "revoke", "1")
    assert "does not look after accounts" in run("tokens", "list", "--as", "mei", code=2)


def test_a_webhook_is_told_by_the_command(store: Store) -> None:
    run("webhooks", "add", "http://127.0.0.1:1/qa", "--account", "mei", "--event", "call.critical_failed")
    run("confirm", "c1", "grave", "--as", "wu")
    assert "New: 1. Sent: 0, to be tried again: 1, given up: 0." in run("webhooks", "deliver")
    assert "ConnectError" in run("webhooks", "messages")
    assert "call.critical_failed" in run("webhooks", "list")
    run("webhooks", "end", "1")
    assert "given up" in run("webhooks", "messages", "--dead")
