"""Pages of agreement and calibration: what is shown to whom, and nothing before its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from office import OTHER, OWN, Office
from sqlalchemy import insert
from starlette.testclient import TestClient

from qa_pipeline.call import Outcome
from qa_pipeline.review.calibration import compare, finish, judge, open_session, sessions
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation, Override
from qa_pipeline.review.people import viewer_of
from qa_pipeline.review.tables import webhook_messages
from qa_pipeline.web import agreement


@pytest.fixture
def judged(office: Office) -> Office:
    """One override and one confirmation by mei; a session of mei and rolf over one call."""
    mei = viewer_of(office.engine, "mei")
    decide(office.desk, mei, OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")
    decide(office.desk, mei, OTHER, Confirmation(), criterion_id="long")
    open_session(office.desk, mei, "Week 20", calls=[OWN], people=["mei", "rolf"])
    return office


def test_agreement_is_shown_with_how_many_calls_it_rests_on(judged: Office, client_as: Callable[[str], TestClient]) -> None:
    page = client_as("mei").get("/agreement").text
    assert "long" in page
    assert "too few calls" in page
    assert "50%" in page
    assert "/agreement/tested/long" in page
    # A supervisor's figures are of their team's calls alone.
    assert "100%" not in page
    assert "0%" in client_as("anna").get("/agreement").text


def test_a_criterion_shows_its_versions_certainty_and_where_people_saw_it_otherwise(
    judged: Office, client_as: Callable[[str], TestClient]
) -> None:
    page = client_as("anna").get("/agreement/tested/long").text
    assert f"/calls/{OWN}" in page
    assert f"/calls/{OTHER}" not in page
    assert "90%–100%" in page
    assert client_as("anna").get("/agreement/tested/turns").status_code == 404


@pytest.mark.slow
def test_judging_is_blind_until_both_are_done(judged: Office, client_as: Callable[[str], TestClient]) -> None:
    mei, rolf, anna = client_as("mei"), client_as("rolf"), client_as("anna")
    (session,) = sessions(judged.desk, viewer_of(judged.engine, "mei"))
    at = f"/calibration/{session.session}"
    done = mei.post(f"{at}/{OWN}", data={"outcome-long": "met", "outcome-tone": "warm", "reason-long": "clear to me"})
    assert (done.status_code, done.headers["location"]) == (303, at)
    assert "clear to me" in mei.get(f"{at}/{OWN}").text
    assert "clear to me" not in rolf.get(f"{at}/{OWN}").text
    assert "checked" not in rolf.get(f"{at}/{OWN}").text
    assert mei.post(f"{at}/done").status_code == 303
    for client in (mei, rolf, anna):
        assert "not met" not in client.get(at).text
    file = f"/calibration/file/{session.session}"
    assert rolf.get(file).status_code == 409
    assert "are not judged at all" in rolf.post(f"{at}/done").text
    rolf.post(f"{at}/{OWN}", data={"outcome-long": "not_met", "outcome-tone": "warm"})
    rolf.post(f"{at}/done")
    page = mei.get(at).text
    assert "no: settle" in page and "clear to me" in page
    assert "settled" not in page
    settled = mei.post(f"{at}/{OWN}/settle", data={"criterion": "long", "outcome": "not_met", "reason": "we listened again"})
    assert settled.status_code == 303
    page = rolf.get(at).text
    assert "settled" in page and "we listened again" in page and "no: settle" not in page
    told = mei.get(file).content.decode("utf-8-sig")
    assert f"{OWN},long,mei,met,,clear to me,not_met,not_met," in told and f"{OWN},tone,rolf,met,warm,," in told
    assert mei.get(f"{at}/{OWN}").status_code == 303


def test_a_session_is_begun_with_what_fits_and_refused_with_what_does_not(office: Office, client_as: Callable[[str], TestClient]) -> None:
    anna = client_as("anna")
    refused = anna.post("/calibration", data={"name": "May", "calls": f"{OWN}\n{OTHER}"})
    assert (refused.status_code, "There is no call" in refused.text, OWN in refused.text) == (400, True, True)
    assert anna.post("/calibration", data={"name": "May", "calls": ""}).status_code == 400
    begun = anna.post("/calibration", data={"name": "<b>May</b>", "chosen": [OWN], "people": ["mei", "rolf"]})
    assert begun.status_code == 303
    # Who is not asked to judge is not told how much they judged.
    told = [client_as(name).get(str(begun.headers["location"])).text.count("Judged by you") for name in ("anna", "mei")]
    assert told[0] == 0 < told[1]
    page = client_as("mei").get("/calibration").text
    assert "&lt;b&gt;May&lt;/b&gt;" in page
    assert "<b>May" not in page
    assert client_as("mei").post(f"{begun.headers['location']}/close").status_code == 400
    assert anna.post(f"{begun.headers['location']}/close").status_code == 303


def test_what_is_judged_by_a_form_is_what_is_compared(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = viewer_of(office.engine, "mei")
    number = open_session(office.desk, mei, "June", calls=[OWN], people=["mei", "rolf"])
    client_as("rolf").post(f"/calibration/{number}/{OWN}", data={"outcome-tone": "cool", "outcome-long": "not_applicable"})
    refused = client_as("rolf").post(f"/calibration/{number}/{OWN}", data={"outcome-long": "splendid"})
    assert refused.status_code == 400
    judge(office.desk, mei, "June", OWN, "tone", Outcome.MET, answer="warm")
    finish(office.desk, mei, "June")
    finish(office.desk, viewer_of(office.engine, "rolf"), "June")
    found = {one.criterion_id: one for one in compare(office.desk, mei, "June")}
    assert found["tone"].answers == {"mei": "warm", "rolf": "cool"}
    assert found["long"].outcomes == {"rolf": Outcome.NOT_APPLICABLE}


def test_tokens_and_webhooks_are_an_operators(office: Office, client_as: Callable[[str], TestClient]) -> None:
    sven = client_as("sven")
    made = sven.post("/access/tokens", data={"name": "BI", "account": "anna", "scopes": ["figures"], "days": "30"})
    assert "qa_" in made.text
    assert "not shown again" in made.text
    listed = sven.get("/access").text
    assert "BI" in listed
    assert listed.count("Make a token") == 1
    assert made.text.split("<code>qa_")[1].split("<")[0] not in listed
    assert sven.post("/access/tokens", data={"name": "BI", "account": "anna", "scopes": ["figures"], "days": "soon"}).status_code == 400
    assert sven.post("/access/tokens/revoke", data={"token": "1"}).status_code == 303
    assert (
        sven.post("/access/webhooks", data={"url": "https://x.example/", "account": "anna", "events": ["run.finished"]}).status_code == 200
    )
    assert sven.post("/access/webhooks", data={"url": "x", "account": "anna", "events": ["run.finished"]}).status_code == 400
    assert sven.post("/access/webhooks/end", data={"webhook": "1"}).status_code == 303
    assert client_as("mei").get("/access").status_code == 403


def test_a_message_that_was_given_up_is_seen_whatever_was_delivered_since(office: Office, client_as: Callable[[str], TestClient]) -> None:
    sven = client_as("sven")
    sven.post("/access/webhooks", data={"url": "https://x.example/", "account": "anna", "events": ["run.finished"]})
    row = {"webhook": 1, "event": "run.finished", "call_id": None, "body": "{}", "tries": 1, "next_at": None, "answer": None}
    given_up = row | {
        "message": "old",
        "about": "old",
        "created_at": "2026-05-01T00:00:00.000000Z",
        "delivered_at": None,
        "dead_at": "2026-05-02T00:00:00.000000Z",
    }
    later = [
        row
        | {
            "message": f"m{i}",
            "about": f"m{i}",
            "created_at": "2026-05-03T00:00:00.000000Z",
            "delivered_at": "2026-05-03T00:00:00.000000Z",
            "dead_at": None,
        }
        for i in range(51)
    ]
    with office.engine.begin() as connection:
        connection.execute(insert(webhook_messages), [given_up, *later])
    page = sven.get("/access").text
    assert "Messages that were given up" in page
    assert page.count("Try again") == 1


def test_what_only_describes_a_call_is_not_judged_and_what_was_judged_of_it_before_is_still_shown(
    judged: Office, client_as: Callable[[str], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    (session,) = sessions(judged.desk, viewer_of(judged.engine, "mei"))
    for name, found in (("mei", Outcome.MET), ("rolf", Outcome.NOT_MET)):
        viewer = viewer_of(judged.engine, name)
        judge(judged.desk, viewer, session.name, OWN, "long", found)
        finish(judged.desk, viewer, session.name)
    monkeypatch.setattr(agreement, "criteria_of", lambda desk, viewer, call_id: ())
    page = client_as("mei").get(f"/calibration/{session.session}")
    assert page.status_code == 200 and "no: settle" in page.text
