"""Signing in: what a browser gets, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import Response
from office import PASSPHRASE, Office, open_app, session_of
from sqlalchemy import select, update
from starlette.testclient import TestClient

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.invitations import Purpose, make_link
from qa_pipeline.review.passphrases import SignInRefused, set_passphrase, sign_in
from qa_pipeline.review.people import account_of, add_account
from qa_pipeline.review.sessions import begin_session, read_session
from qa_pipeline.review.tables import audit, sessions
from qa_pipeline.web.addresses import own_address
from qa_pipeline.web.signed import COOKIE, FORM_COOKIE
from qa_pipeline.web.tries import Tries


def give_passphrase(office: Office, name: str) -> None:
    account = account_of(office.engine, name)
    with writing(office.engine) as connection:
        set_passphrase(connection, account, PASSPHRASE)


def test_name_and_passphrase_begin_a_session(office: Office, client: TestClient) -> None:
    give_passphrase(office, "mei")
    client.get("/sign-in")
    form = {"name": "mei", "passphrase": PASSPHRASE, "next": "/preferences", "csrf": client.cookies[FORM_COOKIE]}
    answer = client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    assert "Mei" in client.get("/preferences").text


def test_a_wrong_passphrase_and_a_name_that_is_not_there_are_told_alike(office: Office, client: TestClient) -> None:
    give_passphrase(office, "mei")
    client.get("/sign-in")
    told = [
        client.post("/sign-in", data={"name": name, "passphrase": "wrong", "csrf": client.cookies[FORM_COOKIE]})
        for name in ("mei", "nobody")
    ]
    assert [answer.status_code for answer in told] == [403, 403]
    mains = [answer.text.partition("<main")[2].replace(name, "") for answer, name in zip(told, ("mei", "nobody"), strict=True)]
    assert mains[0] == mains[1]
    assert COOKIE not in client.cookies


def test_a_form_without_the_token_is_refused(client: TestClient, client_as: Callable[[str], TestClient]) -> None:
    assert client.post("/sign-in", data={"name": "mei", "passphrase": "x"}).status_code == 403
    mei = client_as("mei")
    del mei.headers["X-CSRF-Token"]
    assert mei.post("/preferences", data={"theme": "dark"}).status_code == 403
    assert mei.post("/preferences", data={"theme": "dark", "csrf": "wrong"}).status_code == 403


def test_signing_out_ends_the_session(client_as: Callable[[str], TestClient]) -> None:
    mei, elsewhere = client_as("mei"), client_as("mei")
    assert mei.post("/sign-out").status_code == 303
    assert mei.get("/preferences").status_code == 303
    assert elsewhere.post("/sign-out", data={"everywhere": "true"}).status_code == 303
    assert elsewhere.get("/preferences").headers["location"] == "/sign-in?next=%2Fpreferences"


def test_a_form_of_an_ended_session_leads_to_signing_in_and_back_to_its_page(client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    page = f"{str(mei.base_url).rstrip('/')}/preferences"
    assert mei.post("/sign-out").status_code == 303
    to = "/sign-in?next=%2Fpreferences"
    assert mei.post("/preferences", data={"theme": "dark"}, headers={"referer": page}).headers["location"] == to
    part = mei.post("/preferences", data={"theme": "dark"}, headers={"referer": page, "hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, to)
    assert (
        mei.post("/preferences", data={"theme": "dark"}, headers={"referer": "https://else.where/preferences"}).headers["location"]
        == "/sign-in"
    )


def test_pages_carry_what_protects_them(client: TestClient) -> None:
    headers = client.get("/sign-in").headers
    assert "script-src 'self';" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert client.get("/sign-in", headers={"host": "elsewhere.example"}).status_code == 421
    assert client.post("/sign-in", content=b"x" * 5_000_001).status_code == 413
    for length in (b"\xb2", b"9" * 5_000, b"-1"):
        assert client.get("/sign-in", headers={b"content-length": length}).status_code == 413
    # Told nothing about its length beforehand.
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=iter([b"name=" + b"x" * 3_000_000] * 2), headers=form).status_code == 413


def test_an_invitation_leads_to_a_passphrase_and_a_session(office: Office, client: TestClient) -> None:
    secret = make_link(office.engine, "mei", Purpose.INVITATION)
    assert "mei" in client.get(f"/link/{secret}").text

    def choose(passphrase: str, again: str) -> int:
        form = {"passphrase": passphrase, "again": again, "csrf": client.cookies[FORM_COOKIE]}
        return client.post(f"/link/{secret}", data=form).status_code

    assert [choose(PASSPHRASE, "another"), choose("password1234", "password1234"), choose(PASSPHRASE, PASSPHRASE)] == [400, 400, 303]
    assert client.get("/preferences").status_code == 200
    assert client.get(f"/link/{secret}").status_code == 404


def test_who_tries_too_often_waits(client: TestClient) -> None:
    client.get("/sign-in")
    form = {"name": "nobody", "passphrase": "", "csrf": client.cookies[FORM_COOKIE]}
    app = client.app
    app.state.tries = Tries(most=2)  # type: ignore[attr-defined]
    assert [client.post("/sign-in", data=form).status_code for _ in range(3)] == [403, 403, 429]


@pytest.mark.parametrize(
    "to", ["//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)", "elsewhere", "/a\nb"]
)
def test_signing_in_leads_to_no_other_site(to: str) -> None:
    assert own_address(to) == "/"
    assert own_address("/calls/1?tab=2#x") == "/calls/1?tab=2#x"


def test_a_session_ends_after_a_while_of_silence(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    assert mei.get("/preferences").status_code == 200
    with writing(office.engine) as connection:
        connection.execute(update(sessions).values(seen_at=as_text(datetime.now(UTC) - timedelta(minutes=121))))
    assert mei.get("/preferences").status_code == 303


def test_signing_in_again_ends_the_session_before(office: Office) -> None:
    first = session_of(office, "mei")
    token = begin_session(office.engine, account_of(office.engine, "mei").account, hours=1, instead_of=first)
    assert read_session(office.engine, first, idle_minutes=9) is None
    assert read_session(office.engine, token, idle_minutes=9) is not None


def test_preferences_are_kept_for_the_account(client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    assert mei.post("/preferences", data={"language": "pl", "zone": "Europe/Warsaw", "theme": "dark"}).status_code == 303
    page = client_as("mei").get("/preferences").text
    assert '<html lang="pl" data-theme="dark"' in page and "Ustawienia" in page and 'value="Europe/Warsaw"' in page
    assert mei.post("/preferences", data={"zone": "Mars/Olympus"}).status_code == 400
    assert mei.post("/preferences", data={"language": "xx"}).status_code == 400


def test_a_form_from_another_site_is_refused_even_with_the_token(client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert mei.post("/preferences", data={}, headers=headers).status_code == 403


def test_it_answers_under_its_own_address_and_the_further_names(office: Office) -> None:
    more = {"web_address": "https://qa.example.com:8443", "web_hosts": ["qa", "[::1]", "*.inside.example"]}
    app = open_app(office.desk, type(office.settings)(**office.settings.model_dump() | more))
    with TestClient(app) as client:
        hosts = ("qa.example.com", "qa", "QA:8080", "[::1]:80", "a.inside.example", "localhost", "inside.example", "")
        assert [client.get("/sign-in", headers={"host": host}).status_code for host in hosts] == [200] * 5 + [421] * 3


def test_over_https_cookies_stay_there(app: FastAPI) -> None:
    with TestClient(app, base_url="https://localhost", follow_redirects=False) as client:
        answer = client.get("/sign-in")
    assert "Secure" in answer.headers["set-cookie"] and answer.headers["set-cookie"].startswith("__Host-qa_form=")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_who_knows_their_passphrase_takes_another_and_is_signed_out_elsewhere(
    office: Office, client: TestClient, client_as: Callable[[str], TestClient]
) -> None:
    give_passphrase(office, "mei")
    mei, elsewhere = client_as("mei"), client_as("mei")
    page = mei.get("/preferences").text
    assert page.count("last seen") == 2 and page.count("(here)") == 1
    new = "four green umbrellas"

    def ask(**other: str) -> Response:
        return mei.post("/preferences/passphrase", data={"old": PASSPHRASE, "passphrase": new, "again": new, **other})

    for form, why in (
        ({"again": "four red umbrellas"}, "The two are not the same."),
        ({"old": "wrong"}, "The passphrase you have is not that one"),
        ({"passphrase": "short", "again": "short"}, "shorter than 12 characters"),
    ):
        answer = ask(**form)
        assert answer.status_code == 400 and why in answer.text
    assert elsewhere.get("/preferences").status_code == 200
    assert ask().status_code == 303
    assert elsewhere.get("/preferences").headers["location"].startswith("/sign-in")
    with pytest.raises(SignInRefused):
        sign_in(office.engine, "mei", PASSPHRASE)
    assert sign_in(office.engine, "mei", new).name == "mei"
    with office.engine.connect() as connection:
        did = connection.execute(select(audit.c.did).where(audit.c.who == "mei").order_by(audit.c.number)).scalars().all()
    assert did == ["sign-in refused", "passphrase changed", "sign-in refused", "signed in"]


def test_signing_out_leaves_nothing_at_the_browser(client_as: Callable[[str], TestClient]) -> None:
    answer = client_as("mei").post("/sign-out")
    assert answer.headers["clear-site-data"] == '"storage"' and answer.headers["cache-control"] == "no-store"


def test_whose_account_lacks_a_team_or_an_agent_id_is_told_why_nothing_is_shown(
    office: Office, client_as: Callable[[str], TestClient]
) -> None:
    add_account(office.engine, "olga", roles=(Role.SUPERVISOR,))
    add_account(office.engine, "nils", roles=(Role.AGENT,))
    assert "You lead no team yet" in client_as("olga").get("/queue").text
    assert "has no agent id yet" in client_as("nils").get("/mine").text
    for name, path in (("anna", "/queue"), ("lin", "/mine"), ("mei", "/queue")):
        shown = client_as(name).get(path).text
        assert "You lead no team yet" not in shown and "has no agent id yet" not in shown
