"""The page of recordings: what is marked and found is asked for, and given back by who reads all calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from office import OWN, Office
from starlette.testclient import TestClient
from test_operator_pages import done
from trainer_office import open_desk_of_trainer

from qa_pipeline.results.decisions import PLAYS, REPETITION, keep_announcements
from qa_pipeline.running.jobs import Jobs


@pytest.fixture
def mei(office: Office, app: FastAPI, jobs_of_tests: Jobs, client_as: Callable[[str], TestClient]) -> TestClient:
    app.state.jobs = jobs_of_tests
    open_desk_of_trainer(office)
    return client_as("mei")


def test_what_is_marked_is_shown_and_given_back_to_a_person(mei: TestClient, office: Office) -> None:
    assert "Announcements" in mei.get("/announcements").text
    assert "Nothing is marked." in done(mei, mei.post("/announcements/marked").headers["location"])
    assert "Nothing that is not marked yet" in done(mei, mei.post("/announcements/found").headers["location"])
    keep_announcements(office.store, [(OWN, f"{OWN}-heard", 500, "the same words")], outcome=PLAYS, author=REPETITION)
    page = done(mei, mei.post("/announcements/marked").headers["location"])
    assert f"/announcements/refuse/{OWN}" in page
    assert "scored again: 1" in done(mei, mei.post(f"/announcements/refuse/{OWN}").headers["location"])
    assert "Nothing is marked." in done(mei, mei.post("/announcements/marked").headers["location"])


def test_what_is_not_marked_cannot_be_given_back(mei: TestClient) -> None:
    assert "is marked as a recording" in done(mei, mei.post("/announcements/refuse/team").headers["location"])
