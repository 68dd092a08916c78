"""The queue's pages: four lists, who sees which, claims, the next call for one person alone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from office import OTHER, OWN, TEAM, Office
from starlette.testclient import TestClient

from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.claims import claim, held_claims
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation
from qa_pipeline.web import queue

ClientAs = Callable[[str], TestClient]
LIST = "/queue?kind=must_see"


def test_a_list_says_why_each_call_is_there_and_who_looks_at_it(office: Office, client_as: ClientAs) -> None:
    claim(office.desk, local_viewer("rolf"), OTHER)
    page = client_as("mei").get(LIST).text
    assert page.count("critical not met") == 6
    assert "rolf" in page
    assert "0 calls finished today" in page


def test_without_a_kind_the_first_list_with_calls_is_shown(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    assert 'kind=must_see" aria-current="page"' in mei.get("/queue").text
    for line in office.store.read("calls")["call_id"].to_pylist():
        decide(office.desk, local_viewer("Wu"), line, Confirmation())
    assert "No call waits here." in mei.get("/queue").text


def test_a_supervisor_sees_of_a_list_what_is_of_their_team(client_as: ClientAs) -> None:
    page = client_as("anna").get(LIST).text
    assert f">{TEAM}</a>" in page
    assert f">{OTHER}</a>" not in page


def test_filters_narrow_a_list_and_stay_on_its_pages(client_as: ClientAs) -> None:
    page = client_as("mei").get(f"{LIST}&agent_id=a3&since=2026-05-12").text
    assert ">other-2</a>" in page
    assert f">{OTHER}</a>" not in page
    assert "kind=unsure&amp;agent_id=a3&amp;since=2026-05-12" in page
    assert client_as("mei").get(f"{LIST}&since=yesterday").status_code == 400


def test_two_reviewers_never_get_the_same_call(office: Office, client_as: ClientAs) -> None:
    got = [client_as(name).post("/queue/next", data={"back": LIST}).headers["location"] for name in ("mei", "rolf", "anna")]
    assert len(set(got)) == 3
    assert all(to.startswith("/calls/") and to.endswith(f"?back={quote(LIST, safe='')}") for to in got)
    assert sorted(one.who for one in held_claims(office.desk).values()) == ["anna", "mei", "rolf"]


def test_whoever_has_a_call_gets_it_again_and_lets_it_go(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    first = mei.post("/queue/next", data={"back": LIST}).headers["location"]
    assert mei.post("/queue/next", data={"back": LIST}).headers["location"] == first
    (call_id,) = held_claims(office.desk)
    assert mei.post(f"/calls/{call_id}/release", data={"back": LIST}).headers["location"] == LIST
    assert held_claims(office.desk) == {}


def test_a_call_that_somebody_has_is_told(client_as: ClientAs) -> None:
    assert client_as("mei").post(f"/calls/{OWN}/claim").status_code == 303
    refused = client_as("rolf").post(f"/calls/{OWN}/claim")
    assert refused.status_code == 409
    assert "mei looks at call" in refused.text


def test_where_nothing_is_left_the_list_says_so(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    to = mei.post("/queue/next", data={"back": "/queue?kind=disputed"}).headers["location"]
    assert to == "/queue?kind=disputed&taken=none"
    page = mei.get(to).text
    # And the other lists are at hand.
    assert "That was the last call of this list" in page
    assert ">Must see: 6</a>" in page


def test_of_more_agents_than_a_list_holds_the_field_takes_what_is_typed(client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> None:
    many = dict.fromkeys(("team", "rubric_id", "campaign", "site"), ()) | {"agent_id": tuple(f"agent{i}" for i in range(301))}
    monkeypatch.setattr(queue, "read_choices", lambda engine, viewer: many)
    page = client_as("mei").get(f"{LIST}&agent_id=agent7").text
    assert '<input name="agent_id" value="agent7" list="of-agent_id"' in page
    assert "<option>agent300</option>" in page


def test_nobody_is_sent_to_another_site(client_as: ClientAs) -> None:
    for back in ("https://evil.example/queue", "//evil.example", "/\\evil.example"):
        assert client_as("mei").post("/queue/next", data={"back": back}).headers["location"].startswith("/calls/")
        assert client_as("mei").post(f"/calls/{OWN}/release", data={"back": back}).headers["location"] == "/queue"


def test_pages_of_a_list_follow_each_other(office: Office, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SIZE", 4)
    mei = client_as("mei")
    first = mei.get(LIST).text
    to = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = mei.get(to).text
    assert first.count('class="open"') == 4
    assert second.count('class="open"') == 2
    assert "To the first page" in second
