"""The page of the record."""

from __future__ import annotations

from collections.abc import Callable

from office import OTHER, OWN, Office
from starlette.testclient import TestClient

from qa_pipeline.call import Outcome
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note, Override
from qa_pipeline.review.people import viewer_of
from qa_pipeline.review.record import HEARD, look


def test_a_supervisor_finds_who_looked_at_calls_of_their_teams(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = viewer_of(office.engine, "mei")
    look(office.desk, mei, OWN)
    look(office.desk, mei, OTHER, did=HEARD)
    page = client_as("anna").get("/record").text
    assert f">{OWN}<" in page and f">{OTHER}<" not in page
    assert f'<a href="/calls/{OWN}?back=' in page
    assert f">{OTHER}<" in client_as("sven").get("/record?did=heard&who=mei").text
    assert client_as("sven").get("/record?since=yesterday").status_code == 400


def test_a_decision_is_told_by_what_it_is_about_and_not_by_its_number(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = viewer_of(office.engine, "mei")
    made = decide(office.desk, mei, OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="heard").decision
    decide(office.desk, mei, OWN, Note(), reason="look again")
    page = client_as("anna").get("/record").text
    assert made.decision_id not in page
    assert ">long<" in page.lower() and ">the whole call<" in page


def test_what_names_say_is_text(office: Office, client_as: Callable[[str], TestClient]) -> None:
    page = client_as("sven").get("/record", params={"who": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_who_asks_for_what_is_not_theirs_is_on_record_once(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    assert [mei.get("/operator").status_code for _ in range(3)] == [403] * 3
    page = client_as("sven").get("/record?did=refused&who=mei").text
    assert page.count("GET /operator") == 1
