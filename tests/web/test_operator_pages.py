"""The operator's pages: nights and failures with another try, room, models, accounts and teams."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from office import Office
from starlette.testclient import TestClient

from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.people import account_of, list_members, list_teams, viewer_of
from qa_pipeline.running.failures import Failure, write_failures
from qa_pipeline.running.jobs import Jobs


@pytest.fixture
def sven(app: FastAPI, jobs_of_tests: Jobs, client_as: Callable[[str], TestClient]) -> TestClient:
    app.state.jobs = jobs_of_tests
    return client_as("sven")


def fail(office: Office, uri: str, call_id: str | None = None, stage: str = "decode") -> None:
    failure = Failure(
        call_id=call_id, source_uri=uri, audio_sha256=None, stage=stage, error_type="RecordingError", message="No <sound> in it.",
        advice="Export it again.", transient=False,
    )  # fmt: skip
    write_failures(office.store, [failure], "r1")


def done(client: TestClient, address: str) -> str:
    for _ in range(3_000):
        text = client.get(address).text
        if "aria-busy" not in text:
            return text
        time.sleep(0.1)
    raise AssertionError("the work did not end")


def test_runs_and_failures_are_shown_with_what_to_do(sven: TestClient, office: Office) -> None:
    at = datetime(2026, 5, 12, 2, tzinfo=UTC)
    office.store.write_rows("runs", [{"run_id": "r1", "started_at": at, "finished_at": at.replace(minute=1), "found": 7, "failed": 1}])
    fail(office, "night/<b>broken</b>.wav")
    text = sven.get("/operator").text
    assert "No &lt;sound&gt; in it." in text and "Export it again." in text and "&lt;b&gt;broken" in text and "<b>broken" not in text
    assert ">60<" in text


def test_a_failure_that_was_chosen_is_tried_again(sven: TestClient, office: Office, tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    talk = tmp_path / "night" / "talk.txt"
    talk.write_text("0:00 agent: Hello there, this is Mia.\n0:03 customer: Hello.\n0:05 agent: Goodbye.\n", "utf-8")
    fail(office, str(talk))
    fail(office, str(tmp_path / "night" / "gone.wav"), call_id="gone")
    assert sven.post("/operator/retry", data={}).status_code == 400
    answered = sven.post("/operator/retry", data={"source": [str(tmp_path / "night" / "gone.wav")]})
    assert "gone" in done(sven, answered.headers["location"])


def test_room_and_models_are_told(sven: TestClient) -> None:
    room = sven.get("/operator/room").text
    assert "utterances" in room and "GB" in room
    assert "not pulled" in sven.get("/operator").text
    answered = sven.post("/operator/models")
    assert "not pulled" in done(sven, answered.headers["location"])


def test_an_account_is_made_with_a_link_that_works_once(sven: TestClient, office: Office, client: TestClient) -> None:
    answered = sven.post("/accounts", data={"name": "kim", "roles": ["trainer", "reviewer"], "agent_ids": "a7 a8", "display_name": "Kim"})
    made = account_of(office.engine, "kim")
    assert (made.roles, made.agent_ids, made.display_name) == ({Role.TRAINER, Role.REVIEWER}, {"a7", "a8"}, "Kim")
    link = re.search(r"<code>http://[^/]+(/link/[^<]+)</code>", answered.text)
    assert link is not None and client.get(link.group(1)).status_code == 200
    assert sven.post("/accounts", data={"name": "kim", "roles": ["trainer"]}).status_code == 400
    assert sven.post("/accounts", data={"name": "lee", "roles": ["king"]}).status_code == 400
    # Somebody without a role would sign in to nothing.
    assert "No role is chosen." in sven.post("/accounts", data={"name": "lee"}).text
    # The link leads to where the operator is, whatever the port.
    assert "http://localhost/link/" in answered.text


def test_an_account_is_changed_ended_and_begun_again(sven: TestClient, office: Office, client_as: Callable[[str], TestClient]) -> None:
    piotr = client_as("piotr")
    assert sven.post("/accounts/piotr", data={"roles": ["trainer"], "sees_names": "true", "is_active": "true"}).status_code == 303
    assert viewer_of(office.engine, "piotr").sees_names
    sven.post("/accounts/piotr", data={"roles": ["trainer"]})
    assert not account_of(office.engine, "piotr").is_active
    assert piotr.get("/preferences").status_code == 303
    sven.post("/accounts/piotr", data={"roles": ["trainer"], "is_active": "true"})
    assert account_of(office.engine, "piotr").is_active


def test_an_operator_does_not_shut_themselves_out(sven: TestClient, office: Office) -> None:
    for form in ({"roles": ["reviewer"], "is_active": "true"}, {"roles": ["operator"]}):
        assert sven.post("/accounts/sven", data=form).status_code == 400
    assert account_of(office.engine, "sven").roles == {Role.OPERATOR}


def test_teams_are_made_renamed_and_peopled_by_days(sven: TestClient, office: Office) -> None:
    sven.post("/teams", data={"name": "west"})
    sven.post("/teams/west/members", data={"agent_id": "a9", "first": "2026-05-01"})
    sven.post("/teams/west/members", data={"supervisor": "anna", "first": "2026-05-01", "last": "2026-06-30"})
    sven.post("/teams/west/leave", data={"member": "a9", "last": "2026-05-20"})
    found = {(one.who, one.is_supervisor): one.tenure.last for one in list_members(office.engine) if one.team == "west"}
    assert found == {("a9", False): date(2026, 5, 20), ("anna", True): date(2026, 6, 30)}
    sven.post("/teams/west/rename", data={"name": "far west", "first": "2026-07-01"})
    assert list_teams(office.engine)["far west"] == ("west",)
    for path, form in (
        ("/teams", {"name": " "}),
        ("/teams/west/rename", {"name": "x", "first": "soon"}),
        ("/teams/none/members", {"agent_id": "a"}),
    ):
        assert sven.post(path, data=form).status_code == 400
