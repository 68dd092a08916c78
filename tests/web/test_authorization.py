"""Every route × every role × own, team's and other's call: who gets what. A route cannot be written without saying who may use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from office import OTHER, OWN, TEAM, Office
from starlette.testclient import TestClient

from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, local_viewer
from qa_pipeline.review.people import viewer_of
from qa_pipeline.review.record import Asked, search_record
from qa_pipeline.web.app import SECTIONS
from qa_pipeline.web.routing import OPEN, Rule, examples, matrix

RULES = [rule for section in SECTIONS for rule in section.rules]
# One account of each role, and nobody.
NAMES = (None, "mei", "anna", "piotr", "lin", "sven")
# What a route may answer to whoever may use it: done, gone on, nothing to be shown, what is gone, and a form that lacks something.
_ADMITTED = frozenset({200, 204, 206, 303, 304, 400, 409, 410, 422, 503})


def as_ids(rule: Rule) -> str:
    return f"{rule.method} {rule.path}"


def ask(app: FastAPI, office: Office, client: TestClient, rule: Rule, call_id: str) -> int:
    """The status of an answer, for a call; other parts of the path as the sections say."""
    line = find_call(office.engine, local_viewer(None), call_id)
    values = {part: examples(app)[part](office.desk, line) for part in rule.parts if part != "call_id"} | {"call_id": call_id}
    path = rule.path
    for part, value in values.items():
        path = path.replace(f"{{{part}}}", value).replace(f"{{{part}:path}}", value).replace(f"{{{part}:int}}", value)
    return client.request(rule.method, path).status_code


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=as_ids)
def test_who_gets_what(app: FastAPI, office: Office, client: TestClient, client_as: Callable[[str], TestClient], rule: Rule) -> None:
    missing = set(rule.parts) - {"call_id"} - set(examples(app))
    assert not missing, f"give Section({rule.section!r}, examples=…) values for {missing}"
    # As they are before anything is sent: a form may change an account.
    for name, viewer in {name: viewer_of(office.engine, name) if name else None for name in NAMES}.items():
        is_for_some = rule.matter is not None and viewer is not None and rule.admits(viewer.roles)
        for call_id in (OWN, TEAM, OTHER) if is_for_some else (OTHER,):
            # A new client each time: a route may sign out.
            asking = client_as(name) if name else client
            status = ask(app, office, asking, rule, call_id)
            about = f"{as_ids(rule)} by {name} on {call_id}: {status}"
            if viewer is None:
                assert status in ({403, 404, *_ADMITTED} if rule.needs is OPEN else {303, 401}), about
                continue
            line = find_call(office.engine, local_viewer(None), call_id)
            if not rule.admits(viewer.roles):
                assert status == 403, about
            elif rule.matter is not None and not viewer.sees(rule.matter, agent_id=line.agent_id, team=line.team, day=line.call_date):
                assert status in (403, 404), about
            elif rule.matter is not None or not rule.parts:
                # Whether one may decide about a call of one's own is another rule (review/rule.py).
                further = {403} if rule.method == "POST" else set() if rule.matter is not None else {404}
                assert status in _ADMITTED | further, about


@pytest.mark.slow
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.method == "GET" and rule.matter is not None], ids=as_ids)
def test_whatever_shows_a_call_puts_on_record_who_looked(
    app: FastAPI, office: Office, client_as: Callable[[str], TestClient], rule: Rule
) -> None:
    for name in filter(None, NAMES):
        viewer = viewer_of(office.engine, name)
        line = find_call(office.engine, local_viewer(None), OWN)
        if not rule.admits(viewer.roles) or not viewer.sees(Matter.SCORE, agent_id=line.agent_id, team=line.team, day=line.call_date):
            continue
        if ask(app, office, client_as(name), rule, OWN) in (200, 206):
            assert search_record(office.engine, local_viewer(None), Asked(who=name, call_id=OWN)), f"{as_ids(rule)} by {name}"


def test_every_route_of_the_app_has_a_rule(app: FastAPI) -> None:
    ruled = {(rule.method, rule.path) for rule in matrix(app)}
    # FastAPI keeps what was included as it was, and no list of all.
    several = [app, *(section.router for section in app.state.sections)]
    routes = {
        (method, route.path)
        for one in several
        for route in one.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"HEAD"}
    }
    assert len(routes) > 100 and routes <= ruled
    # Beside the sections there are the static files alone.
    assert {getattr(route, "path", "") for route in app.routes} - {path for _, path in routes} <= {"", "/static"}


def test_the_app_has_no_pages_that_it_did_not_ask_for(client: TestClient) -> None:
    assert {client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def _whole_numbers(dependant: Dependant) -> Iterator[ModelField]:
    for field in (*dependant.path_params, *dependant.query_params, *dependant.body_params):
        if "int" in str(field.field_info.annotation):
            yield field
    for inner in dependant.dependencies:
        yield from _whole_numbers(inner)


@pytest.mark.parametrize("rule", RULES, ids=as_ids)
def test_whole_numbers_that_no_database_knows_are_refused(rule: Rule) -> None:
    routes = [route for section in SECTIONS for route in section.router.routes if isinstance(route, APIRoute)]
    (route,) = (route for route in routes if route.path == rule.path and rule.method in route.methods)
    for field in _whole_numbers(route.dependant):
        for number in (2**63, -(2**63) - 1):
            _, faults = field.validate(number, {}, loc=("query",))
            assert faults, f"{field.name} of {as_ids(rule)}: use Whole or Skipped of web/fields.py"
