"""What every route keeps to, walked for all of them: tokens of forms, policies on answers, cookies out of reach."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from office import ACCOUNTS, OWN, PASSPHRASE, Office
from starlette.testclient import TestClient
from test_sign_in import give_passphrase

from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.people import viewer_of
from qa_pipeline.web.routing import Rule, examples, matrix
from qa_pipeline.web.signed import COOKIE, FORM_COOKIE, FORM_HEADER

_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=\s*[\"']|\sstyle\s*=\s*[\"']|javascript:", re.IGNORECASE)
_WANTED = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "cache-control",
)


def path_of(app: FastAPI, office: Office, rule: Rule) -> str:
    line = find_call(office.engine, local_viewer(None), OWN)
    path = rule.path
    for part in rule.parts:
        value = OWN if part == "call_id" else examples(app)[part](office.desk, line)
        path = re.sub(rf"{{{part}(?::\w+)?}}", value, path)
    return path


@pytest.mark.slow
def test_no_form_is_taken_without_the_sessions_token(
    app: FastAPI, office: Office, client: TestClient, client_as: Callable[[str], TestClient]
) -> None:
    roles = {name: viewer_of(office.engine, name).roles for name in ACCOUNTS}
    browsers = {name: client_as(name) for name in ACCOUNTS}
    for browser in browsers.values():
        del browser.headers[FORM_HEADER]
    wrong, tried = [], 0
    for rule in matrix(app):
        if rule.method == "GET" or rule.section == "api":
            continue
        name = next((name for name, held in roles.items() if rule.admits(held)), None)
        asking = browsers[name] if name and not rule.admits(None) else client
        tried += 1
        for form in ({}, {"csrf": ""}, {"csrf": "x" * 43}):
            status = asking.post(path_of(app, office, rule), data=form).status_code
            if status != 403:
                wrong.append(f"{rule.path} {form}: {status}")
    assert wrong == [] and tried > 40


@pytest.mark.slow
def test_every_answer_carries_the_policies(
    app: FastAPI, office: Office, client: TestClient, client_as: Callable[[str], TestClient]
) -> None:
    roles = {name: viewer_of(office.engine, name).roles for name in ACCOUNTS}
    browsers = {name: client_as(name) for name in ACCOUNTS}
    wrong = []
    # Each page by the first who may open it: what answers carry does not hang on who asks.
    asked = [
        (browsers[next(name for name in ACCOUNTS if rule.admits(roles[name]))], path_of(app, office, rule))
        for rule in matrix(app)
        if rule.method == "GET"
    ]
    asked += [
        (client, path) for path in ("/sign-in", "/nowhere", "/link/none", "/static/app.css", "/api/v1/calls", "/queue", "/static/../app.py")
    ]
    for asking, path in asked:
        answer = asking.get(path)
        lacking = [name for name in _WANTED if name not in answer.headers]
        inline = _INLINE.findall(answer.text) if "html" in answer.headers.get("content-type", "") else []
        if lacking or inline or "unsafe" in answer.headers["content-security-policy"] or answer.status_code == 500:
            wrong.append(f"{path}: {answer.status_code} {lacking} {inline[:3]}")
        if not path.startswith("/static/") and not {"no-store", "private"} & set(re.split(r"[ ,]+", answer.headers["cache-control"])):
            wrong.append(f"{path}: {answer.headers['cache-control']}")
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers
    assert wrong == [] and len(asked) > 60


def test_cookies_are_out_of_reach(app: FastAPI, office: Office) -> None:
    give_passphrase(office, "mei")
    for address, is_secure, before in (("http://localhost", False, ""), ("https://localhost", True, "__Host-")):
        with TestClient(app, base_url=address, follow_redirects=False) as client:
            first = client.get("/sign-in").headers["set-cookie"]
            planted = "planted" * 6
            client.cookies.set(before + COOKIE, planted, domain="localhost.local")
            answer = client.post("/sign-in", data={"name": "mei", "passphrase": PASSPHRASE, "csrf": client.cookies[before + FORM_COOKIE]})
            assert answer.status_code == 303
            kept = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{before}{COOKIE}="))
            # A session that somebody else put there beforehand is not the one that begins.
            assert planted not in kept and len(kept.partition("=")[2].partition(";")[0]) >= 40
            for cookie in (first, kept):
                assert "httponly" in cookie.lower() and "samesite=lax" in cookie.lower() and "path=/" in cookie.lower()
                assert ("secure" in cookie.lower()) is is_secure
