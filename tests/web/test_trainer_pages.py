"""The trainer's pages by plain forms: drafts, faults, saving, work, publishing, going back, proposals, cases of calls."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from office import OTHER, Office
from starlette.testclient import TestClient
from trainer_office import STRICTER, open_desk_of_trainer

from qa_pipeline.call import Outcome
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.review.people import viewer_of
from qa_pipeline.review.proposals import State, Teaches, find_proposal, propose
from qa_pipeline.running.jobs import Jobs
from qa_pipeline.trainer.drafts import drafts_of
from qa_pipeline.trainer.shelf import read_sheet
from tests.trainer.desk import SERVICE


@pytest.fixture
def piotr(office: Office, app: FastAPI, jobs_of_tests: Jobs, client_as: Callable[[str], TestClient]) -> TestClient:
    app.state.jobs = jobs_of_tests
    open_desk_of_trainer(office)
    catch_up(office.engine, office.store)
    return client_as("piotr")


def based_on(office: Office, file: str) -> str:
    return read_sheet(office.settings.rubrics, file).sha256


def account(office: Office) -> int:
    number = viewer_of(office.engine, "piotr").account
    assert number is not None
    return number


def done(client: TestClient, address: str) -> str:
    """The page of a job once it is over."""
    for _ in range(3_000):
        text = client.get(address).text
        if "aria-busy" not in text:
            return text
        time.sleep(0.1)
    raise AssertionError("the work did not end")


def started(client: TestClient, address: str, **form: str) -> str:
    answered = client.post(address, data=form)
    assert answered.status_code == 303, answered.text
    return done(client, answered.headers["location"])


def test_a_rubric_without_a_title_in_somebodys_language_is_listed(piotr: TestClient, office: Office) -> None:
    sheet = office.settings.rubrics / "service.yaml"
    sheet.write_text(sheet.read_text("utf-8").replace("version: 1\n", "version: 1\ntitle: {en: Calls of the service desk}\n"), "utf-8")
    page = piotr.get("/rubrics", headers={"accept-language": "pl"})
    assert page.status_code == 200
    assert "Calls of the service desk" in page.text


def test_rubrics_are_listed_with_their_standing(piotr: TestClient, office: Office) -> None:
    (office.settings.rubrics / "broken.yaml").write_text("id: broken\n", "utf-8")
    text = piotr.get("/rubrics").text
    assert "published" in text and "has faults" in text and "/rubrics/file/service.yaml" in text


def test_a_rubric_that_cannot_be_begun_is_said_where_it_was_asked_for(piotr: TestClient, office: Office) -> None:
    page = piotr.post("/rubrics", data={"name": "service", "template": "outbound", "language": "en"})
    assert page.status_code == 400
    assert "service.yaml is there already." in page.text and str(office.settings.rubrics) not in page.text
    assert "A new rubric" in page.text and "data-typed" in page.text


def test_faults_are_told_in_the_language_of_whoever_edits(piotr: TestClient, office: Office) -> None:
    form = {"text": SERVICE.replace("weight: 20", "wieght: 20"), "based_on": based_on(office, "service.yaml")}
    answered = piotr.post("/rubrics/draft/service.yaml", data=form, headers={"accept-language": "sv"}).json()
    assert (answered["faults"][0]["advice"], answered["faults"][0]["line"]) == ("menade du weight?", 24)


def test_what_is_typed_is_kept_and_its_faults_are_located(piotr: TestClient, office: Office) -> None:
    form = {"text": SERVICE.replace("weight: 20", "wieght: 20"), "based_on": based_on(office, "service.yaml")}
    answered = piotr.post("/rubrics/draft/service.yaml", data=form).json()
    assert (answered["faults"][0]["file"], answered["faults"][0]["line"]) == ("service.yaml", 24)
    assert answered["is_changed_outside"] is False
    page = piotr.get("/rubrics/file/service.yaml").text
    assert "wieght: 20" in page and "did you mean weight?" in page
    assert read_sheet(office.settings.rubrics, "service.yaml").text == SERVICE
    piotr.post("/rubrics/discard/service.yaml")
    assert "wieght" not in piotr.get("/rubrics/file/service.yaml").text


def test_a_file_changed_outside_is_shown_beside_and_not_written_over(piotr: TestClient, office: Office) -> None:
    before = based_on(office, "service.yaml")
    (office.settings.rubrics / "service.yaml").write_text(SERVICE + "# elsewhere\n", "utf-8")
    answered = piotr.post("/rubrics/save/service.yaml", data={"text": STRICTER, "based_on": before})
    assert answered.status_code == 409
    assert "# elsewhere" in answered.text and "good morning" in answered.text
    assert read_sheet(office.settings.rubrics, "service.yaml").text == SERVICE + "# elsewhere\n"
    # Go on with one's own text over the other, knowing it.
    now = re.search(r'name="based_on" value="(\w{64})"', answered.text)
    assert now is not None
    piotr.post("/rubrics/check/service.yaml", data={"text": STRICTER, "based_on": now.group(1)})
    assert piotr.post("/rubrics/save/service.yaml", data={"text": STRICTER, "based_on": now.group(1)}).status_code == 303
    assert read_sheet(office.settings.rubrics, "service.yaml").text == STRICTER


@pytest.mark.slow
def test_cases_a_dialogue_and_a_comparison_are_of_the_draft(piotr: TestClient, office: Office) -> None:
    piotr.post("/rubrics/draft/service.yaml", data={"text": STRICTER, "based_on": based_on(office, "service.yaml")})
    assert "1 of 4 cases break." in started(piotr, "/rubrics/cases/service")
    tried = started(piotr, "/rubrics/try/service", dialogue="agent: Good morning, a < b.", language="en")
    assert "greeting" in tried and "a &lt; b" in tried
    compared = started(piotr, "/rubrics/compare/service")
    assert "talk-1" in compared and "talk-2" in compared and "service version 2" in compared


def test_it_is_saved_published_and_taken_back(piotr: TestClient, office: Office) -> None:
    text = SERVICE.replace("weight: 20", "weight: 30").replace("version: 1", "version: 2")
    piotr.post("/rubrics/draft/service.yaml", data={"text": text, "based_on": based_on(office, "service.yaml")})
    refused = piotr.post("/rubrics/publish/service")
    assert refused.status_code == 400 and "Unsaved: service.yaml" in refused.text
    assert piotr.post("/rubrics/save/service.yaml", data={"text": text, "based_on": based_on(office, "service.yaml")}).status_code == 303
    assert "service version 2 is published." in started(piotr, "/rubrics/publish/service")
    history = piotr.get("/rubrics/history/service").text
    assert "version 2 published" in history and "piotr" in history
    # Without a day of its own a version holds as soon as it is published.
    assert "at once" in history
    assert piotr.post("/rubrics/back/service/1").headers["location"] == "/rubrics/file/service.yaml"
    assert drafts_of(office.engine, account(office))["service.yaml"].text == SERVICE.replace("version: 1", "version: 3")


def test_the_editor_speaks_the_language_of_the_page(piotr: TestClient) -> None:
    shown = html.unescape(piotr.get("/rubrics/file/service.yaml", headers={"accept-language": "sv"}).text)
    phrases = json.loads(shown.split('data-phrases="')[1].split('">')[0])
    assert (phrases["Find"], phrases["match case"], phrases["Go to line"]) == ("Sök", "skiftläge", "Gå till rad")


def test_a_publication_that_is_refused_says_why(piotr: TestClient, office: Office) -> None:
    piotr.post("/rubrics/save/service.yaml", data={"text": STRICTER, "based_on": based_on(office, "service.yaml")})
    assert "a good call: greeting: not_met" in started(piotr, "/rubrics/publish/service")


def test_a_rubric_begins_from_a_template(piotr: TestClient, office: Office) -> None:
    assert piotr.post("/rubrics", data={"name": "spring", "template": "outbound", "language": "en"}).status_code == 303
    assert piotr.post("/rubrics", data={"name": "../x", "template": "outbound", "language": "en"}).status_code == 400
    assert "spring" in piotr.get("/rubrics").text


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/rubrics/file/../../etc/passwd", "/rubrics/file/nothing.yaml", "/rubrics/history/nothing", "/rubrics/file/published.lock"]
)
def test_what_is_no_file_of_the_folder_is_refused(piotr: TestClient, path: str) -> None:
    assert piotr.get(path).status_code in (400, 404)


def test_words_are_found_and_become_a_case_in_a_draft(piotr: TestClient, office: Office) -> None:
    text = started(piotr, "/lessons/words", words="good morning")
    assert "talk-2" in text and "talk-1" not in text
    form = {"criterion": "service.greeting", "outcome": "not_met", "utterance": "0", "whole": "true"}
    assert piotr.post("/lessons/case/talk-2", data=form).headers["location"] == "/rubrics/file/service.cases.yaml"
    case = drafts_of(office.engine, account(office))["service.cases.yaml"].text
    assert "Good morning, is this a good time?" in case and case.rstrip().endswith("expected: {greeting: not_met}")


def test_a_proposal_is_taken_over_or_refused_with_a_word(piotr: TestClient, office: Office) -> None:
    mei = viewer_of(office.engine, "mei")
    one, two, three = (
        propose(office.desk, mei, "talk-2", kind, criterion_id="greeting", words="Good morning", outcome=Outcome.MET, utterance=0)
        for kind in (Teaches.CASE, Teaches.UNLIKE, Teaches.LIKE)
    )
    assert "Good morning" in piotr.get("/lessons").text
    assert piotr.post(f"/lessons/{one.proposal}/accept").headers["location"] == "/rubrics/file/service.cases.yaml"
    assert "{greeting: met}" in drafts_of(office.engine, account(office))["service.cases.yaml"].text
    # The criterion has no list that could take words: it stays until somebody says what becomes of it.
    assert piotr.post(f"/lessons/{two.proposal}/accept").status_code == 400
    assert piotr.post(f"/lessons/{two.proposal}/refuse", data={"reason": ""}).status_code == 400
    assert piotr.post(f"/lessons/{two.proposal}/refuse", data={"reason": "A phrase does it."}).status_code == 303
    trainer = viewer_of(office.engine, "piotr")
    states = [find_proposal(office.desk, trainer, each.proposal).state for each in (one, two, three)]
    assert states == [State.ACCEPTED, State.REFUSED, State.WAITING]
    assert piotr.post(f"/lessons/{one.proposal}/accept").status_code == 400


def test_nobody_else_sees_a_job(piotr: TestClient, client_as: Callable[[str], TestClient]) -> None:
    address = piotr.post("/rubrics/cases/service").headers["location"]
    assert client_as("mei").get(address).status_code == 400
    assert client_as("mei").post(f"{address}/stop").status_code == 400
    done(piotr, address)


def test_names_are_not_shown_to_a_trainer(piotr: TestClient) -> None:
    assert "Agent a1" not in started(piotr, "/lessons/words", words="good")
    assert piotr.post(f"/lessons/case/{OTHER}", data={}).status_code == 400
