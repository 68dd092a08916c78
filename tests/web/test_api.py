"""The JSON API: what its documentation says, for who may see it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from desks import commit
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from office import ACCOUNTS, OTHER, OWN, TEAM, Office
from starlette.testclient import TestClient

from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.tokens import May, make_token, revoke_token
from qa_pipeline.web.api import openapi, section
from qa_pipeline.web.programs import Pace, TooOften

ROOT = local_viewer("root")


@pytest.fixture
def by_token(client: TestClient, office: Office) -> Callable[..., TestClient]:
    """`by_token("anna", May.CALLS)`: a program that asks by a token of hers."""

    def make(account: str, *may: May) -> TestClient:
        _, secret = make_token(office.engine, ROOT, "test", account=account, may=may or tuple(May))
        client.headers["Authorization"] = f"Bearer {secret}"
        return client

    return make


def test_a_list_is_read_page_by_page(by_token: Callable[..., TestClient]) -> None:
    program, found, after = by_token("mei"), [], None
    while True:
        answer = program.get("/api/v1/calls", params={"size": 4, **({"after": after} if after else {})})
        assert answer.status_code == 200
        found += [line["call_id"] for line in answer.json()["calls"]]
        after = answer.json()["next"]
        if after is None:
            break
    assert sorted(found) == sorted([OWN, TEAM, OTHER, "own-2", "team-2", "other-2"])


def test_nobody_gets_what_is_not_theirs(by_token: Callable[..., TestClient]) -> None:
    anna = by_token("anna")
    assert {line["team"] for line in anna.get("/api/v1/calls").json()["calls"]} == {"north"}
    assert anna.get(f"/api/v1/calls/{OTHER}").status_code == 404
    lin = by_token("lin")
    assert {line["agent_id"] for line in lin.get("/api/v1/mine/calls").json()["calls"]} == {"a1"}
    assert lin.get(f"/api/v1/calls/{TEAM}/transcript").status_code == 404
    assert lin.get("/api/v1/runs").status_code == 403


def test_a_token_is_for_what_it_says(by_token: Callable[..., TestClient]) -> None:
    program = by_token("mei", May.FIGURES)
    assert program.get("/api/v1/figures").status_code == 200
    refused = program.get("/api/v1/calls")
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert refused.json()["title"] == "This token is not for calls."
    assert program.get(f"/api/v1/calls/{OWN}/transcript").status_code == 403


def test_without_a_token_that_holds_nothing_is_answered(by_token: Callable[..., TestClient], office: Office) -> None:
    program = by_token("mei")
    revoke_token(office.engine, ROOT, 1)
    for headers in ({}, {"Authorization": "Bearer qa_wrong"}, {"Authorization": "Basic bWVpOng="}, {"Authorization": ""}):
        answer = program.get("/api/v1/calls", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer" in answer.json()["advice"]


def test_a_call_shows_program_and_people_side_by_side(by_token: Callable[..., TestClient]) -> None:
    program = by_token("mei")
    asked = {"kind": "override", "criterion_id": "long", "outcome": "met", "reason": "heard it", "expected_version": 0}
    before = program.get(f"/api/v1/calls/{OWN}").json()
    assert {one["criterion_id"]: one["outcome"] for one in before["criteria"]}["long"] == "not_met"
    done = program.post(f"/api/v1/calls/{OWN}/decisions", json=asked)
    assert done.status_code == 201
    assert (done.json()["percent_before"], done.json()["percent"], done.json()["version"]) == (40.0, 80.0, 1)
    after = program.get(f"/api/v1/calls/{OWN}").json()
    (long,) = [one for one in after["criteria"] if one["criterion_id"] == "long"]
    assert (long["program_outcome"], long["outcome"], long["decided_by"]) == ("not_met", "met", "mei")
    assert after["line"]["percent"] == 40.0
    assert after["line"]["effective_percent"] == 80.0
    # Who had not seen it is told what was decided meanwhile.
    late = program.post(f"/api/v1/calls/{OWN}/decisions", json=asked)
    assert (late.status_code, late.headers["content-type"]) == (409, "application/problem+json")
    listed = program.get(f"/api/v1/calls/{OWN}/decisions").json()
    assert [(one["kind"], one["author"], one["is_in_force"]) for one in listed["decisions"]] == [("override", "mei", True)]
    back = program.post(f"/api/v1/calls/{OWN}/decisions", json={"kind": "take_back", "about": done.json()["decision_id"]})
    assert back.json()["percent"] == 40.0


def test_an_agent_disputes_and_a_supervisor_answers(by_token: Callable[..., TestClient]) -> None:
    lin = by_token("lin")
    dispute = lin.post(f"/api/v1/calls/{OWN}/decisions", json={"kind": "dispute", "criterion_id": "long", "reason": "I did"}).json()
    assert lin.post(f"/api/v1/calls/{OWN}/decisions", json={"kind": "override", "criterion_id": "long", "outcome": "met", "reason": "x"}).status_code == 403  # fmt: skip
    ruling = {"kind": "ruling", "about": dispute["decision_id"], "is_upheld": True, "outcome": "met", "reason": "so it is"}
    assert by_token("anna").post(f"/api/v1/calls/{OWN}/decisions", json=ruling).json()["percent"] == 80.0


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "nothing"}, {"kind": "override", "surprise": 1}, {"kind": "override", "criterion_id": "long", "reason": "x"}, {"kind": "ruling"}, []],
)  # fmt: skip
def test_what_is_no_decision_is_refused_as_a_problem(by_token: Callable[..., TestClient], body: Any) -> None:
    answer = by_token("mei").post(f"/api/v1/calls/{OWN}/decisions", json=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_has_it_already_is_told_only_that_it_is_the_same(by_token: Callable[..., TestClient], office: Office) -> None:
    program = by_token("mei")
    first = program.get("/api/v1/calls")
    again = program.get("/api/v1/calls", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    commit(office.store, "new")
    bring_up_to_date(office.desk)
    assert program.get("/api/v1/calls", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_figures_agreement_and_rubrics(by_token: Callable[..., TestClient]) -> None:
    program = by_token("mei")
    figures = program.get("/api/v1/figures", params={"by": "team", "where": "team=north"}).json()
    assert [(one["key"], one["calls"]) for one in figures] == [({"team": "north"}, 4)]
    assert figures[0]["percent"]["value"] == 40.0
    program.post(f"/api/v1/calls/{OWN}/decisions", json={"kind": "confirmation", "criterion_id": "long"})
    (line,) = program.get("/api/v1/agreement").json()
    assert (line["criterion_id"], line["program"]["calls"], line["standing"]) == ("long", 1, "few")
    (kept,) = program.get("/api/v1/rubrics").json()
    assert program.get(f"/api/v1/rubrics/{kept['rubric_id']}/{kept['version']}").json()["id"] == "tested"
    assert program.get("/api/v1/rubrics/tested/9").status_code == 404
    assert by_token("sven").get("/api/v1/runs").status_code == 200


def test_a_token_that_asks_too_often_waits() -> None:
    pace = Pace(60)
    for _ in range(60):
        pace.take(1, now=0.0)
    with pytest.raises(TooOften, match="Wait 1 seconds"):
        pace.take(1, now=0.0)
    pace.take(2, now=0.0)
    pace.take(1, now=1.01)
    with pytest.raises(TooOften):
        pace.take(1, now=1.02)


def test_too_often_is_told_with_how_long_to_wait(app: FastAPI, by_token: Callable[..., TestClient]) -> None:
    app.state.pace = Pace(2)
    program = by_token("mei")
    statuses = [program.get("/api/v1/rubrics").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert int(program.get("/api/v1/rubrics").headers["retry-after"]) in range(1, 31)


def test_a_session_may_look_and_changes_something_only_with_its_forms_token(client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    assert mei.get("/api/v1/calls").status_code == 200
    body = {"kind": "confirmation", "criterion_id": "long"}
    del mei.headers["X-CSRF-Token"]
    assert mei.post(f"/api/v1/calls/{OWN}/decisions", json=body).status_code == 403


def test_the_description_names_every_route_and_what_it_answers(by_token: Callable[..., TestClient]) -> None:
    described = by_token("mei").get("/api/v1/openapi.json").json()
    assert described == json.loads(json.dumps(openapi()))
    assert set(described["paths"]) == {
        f"/api/v1/{path}"
        for path in (
            "calls", "mine/calls", "calls/{call_id}", "calls/{call_id}/transcript", "calls/{call_id}/decisions", "figures", "agreement",
            "rubrics", "rubrics/{rubric_id}/{version}", "runs",
        )
    }  # fmt: skip
    assert all(method.get("description") for path in described["paths"].values() for method in path.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ACCOUNTS))
def test_a_token_gets_what_its_account_gets_at_a_browser(
    client: TestClient, client_as: Callable[[str], TestClient], by_token: Callable[..., TestClient], name: str
) -> None:
    person, program = client_as(name), by_token(name)
    for rule in section.rules:
        for call_id in (OWN, TEAM, OTHER):
            path = rule.path.replace("{call_id}", call_id).replace("{rubric_id}", "tested").replace("{version:int}", "1")
            body = {"kind": "confirmation", "criterion_id": "long"} if rule.method == "POST" else None
            # A program goes first, so that nothing is left of what a person decided.
            asked = [one.request(rule.method, path, json=body).status_code for one in (program, person)]
            assert len(set(asked)) == 1, (rule.method, path, asked)


def _parameters() -> list[tuple[str, str, dict[str, Any]]]:
    """Every parameter in a query: the path, its name, its schema."""
    return [
        (path, one["name"], one["schema"])
        for path, methods in openapi()["paths"].items()
        for one in methods.get("get", {}).get("parameters", ())
        if one["in"] == "query"
    ]


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(chosen=st.data())
def test_no_question_breaks_it(by_token: Callable[..., TestClient], chosen: st.DataObject) -> None:
    program = by_token("mei")
    path, name, _ = chosen.draw(st.sampled_from(_parameters()))
    value = chosen.draw(
        st.sampled_from(["", "0", "-1", "999999999999", "true", "2026-05-11", "newest", "W10=", "é\u202e<script>", "a,b", "team"])
        | st.text(max_size=20)
    )
    answer = program.get(path.replace("{call_id}", OWN).replace("{rubric_id}", "tested").replace("{version}", "1"), params={name: value})
    assert answer.status_code in (200, 400, 403, 422), (path, name, value, answer.text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    body=st.fixed_dictionaries(
        {"kind": st.sampled_from(["override", "confirmation", "answer", "note", "ruling", "take_back", "x"])},
        optional={
            "criterion_id": st.sampled_from(["long", "tone", "none"]) | st.text(max_size=8),
            "outcome": st.sampled_from(["met", "not_met", "undetermined", "warm", None]),
            "answer": st.sampled_from(["warm", "x", None]),
            "about": st.text(max_size=8) | st.none(),
            "is_upheld": st.booleans() | st.none(),
            "reason": st.text(max_size=30),
            "expected_version": st.integers(-5, 5) | st.none(),
        },
    )
)  # fmt: skip
@pytest.mark.slow
def test_no_decision_breaks_it(by_token: Callable[..., TestClient], body: dict[str, Any]) -> None:
    answer = by_token("mei").post(f"/api/v1/calls/{OWN}/decisions", json=body)
    assert answer.status_code in (201, 400, 403, 409, 422), (body, answer.text)
