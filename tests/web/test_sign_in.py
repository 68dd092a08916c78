"""Signing in: what a browser gets, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

from office import PASSPHRASE, Office
from starlette.testclient import TestClient

from qa_pipeline.reading.database import writing
from qa_pipeline.review.passphrases import set_passphrase
from qa_pipeline.review.people import account_of
from qa_pipeline.web.signed import COOKIE, FORM_COOKIE


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


def test_pages_carry_what_protects_them(client: TestClient) -> None:
    headers = client.get("/sign-in").headers
    assert "script-src 'self';" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert client.get("/sign-in", headers={"host": "elsewhere.example"}).status_code == 421
    assert client.post("/sign-in", content=b"x" * 5_000_001).status_code == 413
