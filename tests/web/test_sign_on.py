"""Single sign-on with a real provider: real keys, real redirects, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from identity_provider import CLIENT, SECRET, Provider, make_provider
from joserfc.jwk import RSAKey
from office import Office, open_app
from starlette.testclient import TestClient
from test_sign_in import give_passphrase

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.people import account_of, add_account, deactivate
from qa_pipeline.review.sign_on import read_groups
from qa_pipeline.web import provider as provider_module
from qa_pipeline.web.serving import served
from qa_pipeline.web.signed import COOKIE

GROUPS = ("qa=reviewer", "leads=supervisor", "agents=agent")
LONG_AGO = 1_600_000_000  # seconds, September 2020; a fixed one, since every worker must name the test alike
NORA = {"sub": "77", "preferred_username": "nora", "name": "Nora N.", "groups": ["staff", "qa"]}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that Nora is signed in at."""
    made = Provider(claims=dict(NORA))
    with served(make_provider(made)) as address:
        made.issuer = address
        yield made


@pytest.fixture
def app(office: Office, provider: Provider) -> FastAPI:
    """The app with that provider."""
    return app_with(office, provider)


def app_with(office: Office, provider: Provider, **more: Any) -> FastAPI:
    chosen = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_groups": GROUPS} | more
    return open_app(office.desk, type(office.settings)(**office.settings.model_dump() | {"web_address": "http://localhost"} | chosen))


def there_and_back(client: TestClient, *, to: str = "/preferences") -> httpx.Response:
    """What a browser does: to the provider, a click there, and back."""
    leaving = client.get("/sign-on", params={"next": to})
    assert leaving.status_code == 303
    page = httpx.get(leaving.headers["location"], timeout=900).text
    back = unescape(page.partition('href="http')[2].partition('"')[0])
    parts = urlsplit(f"http{back}")
    return client.get(f"{parts.path}?{parts.query}")


def test_whoever_is_in_a_group_gets_an_account_with_its_role_and_a_session(office: Office, client: TestClient) -> None:
    answer = there_and_back(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")
    assert "Nora N." in client.get("/preferences").text
    assert account_of(office.engine, "nora").roles == {Role.REVIEWER}


def test_roles_are_those_of_the_groups_at_each_sign_in(office: Office, client: TestClient, provider: Provider) -> None:
    there_and_back(client)
    provider.claims |= {"groups": ["leads", "qa"], "preferred_username": "nora.renamed"}
    there_and_back(client)
    assert account_of(office.engine, "nora").roles == {Role.REVIEWER, Role.SUPERVISOR}


def test_who_left_all_groups_keeps_no_role_and_no_session(office: Office, client: TestClient, provider: Provider) -> None:
    there_and_back(client)
    assert client.get("/queue").status_code == 200
    provider.claims["groups"] = ["staff"]
    kept = dict(client.cookies)
    assert there_and_back(client).status_code == 403
    assert account_of(office.engine, "nora").roles == frozenset()
    for name, value in kept.items():
        client.cookies.set(name, value, domain="localhost.local")
    assert client.get("/queue").status_code != 200


def test_an_agents_ids_are_those_that_the_provider_says(office: Office, provider: Provider) -> None:
    provider.claims |= {"groups": "agents", "employee": ["a2", "a9"]}
    with TestClient(app_with(office, provider, oidc_agent_claim="employee"), base_url="http://localhost", follow_redirects=False) as client:
        there_and_back(client)
    assert account_of(office.engine, "nora").agent_ids == {"a2", "a9"}


@pytest.mark.parametrize("groups", [[], ["staff"], None])
def test_who_is_in_no_group_is_turned_away(client: TestClient, provider: Provider, groups: object) -> None:
    provider.claims["groups"] = groups
    answer = there_and_back(client)
    assert answer.status_code == 403 and "in no group" in answer.text
    assert COOKIE not in client.cookies


def test_an_account_made_beforehand_is_taken_over_and_one_with_a_passphrase_is_not(
    office: Office, client: TestClient, provider: Provider
) -> None:
    add_account(office.engine, "nora", roles=(Role.TRAINER,))
    assert there_and_back(client).status_code == 303
    assert account_of(office.engine, "nora").roles == {Role.REVIEWER}
    give_passphrase(office, "mei")
    provider.claims |= {"sub": "78", "preferred_username": "mei"}
    answer = there_and_back(client)
    assert answer.status_code == 403 and "somebody else" in answer.text
    # Nora's name belongs to her who came first.
    provider.claims |= {"sub": "79", "preferred_username": "nora"}
    assert there_and_back(client).status_code == 403


def test_an_account_that_was_ended_stays_so(office: Office, client: TestClient) -> None:
    there_and_back(client)
    deactivate(office.engine, "nora")
    answer = there_and_back(client)
    assert answer.status_code == 403 and "ended" in answer.text


@pytest.mark.parametrize(
    "spoilt",
    [
        {"aud": "another-app"},
        {"aud": [CLIENT, "another-app"]},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another question"},
        {"exp": LONG_AGO},
        {"sub": None},
        {"preferred_username": ""},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_question_is_refused(client: TestClient, provider: Provider, spoilt: dict[str, Any]) -> None:
    provider.spoilt = spoilt
    answer = there_and_back(client)
    assert answer.status_code == 403 and COOKIE not in client.cookies


def test_a_token_signed_by_somebody_else_is_refused_and_changed_keys_are_asked_for_again(client: TestClient, provider: Provider) -> None:
    assert there_and_back(client).status_code == 303
    client.cookies.delete(COOKIE)
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert there_and_back(client).status_code == 403
    provider.key = provider.signing_key
    assert there_and_back(client).status_code == 303


@pytest.mark.parametrize("query", ["code=x&state=wrong", "error=access_denied", "", "code=x"])
def test_coming_back_without_having_left_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/sign-on/back?{query}").status_code == 403
    client.get("/sign-on")
    assert client.get(f"/sign-on/back?{query}").status_code == 403


def test_a_provider_that_does_not_answer_is_told(office: Office, provider: Provider) -> None:
    app = app_with(office, provider, oidc_issuer="http://localhost:9")
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        answer = client.get("/sign-on")
    assert answer.status_code == 503 and "does not answer" in answer.text


def test_groups_are_written_with_a_role() -> None:
    assert read_groups(["cn=qa,dc=x=reviewer"]) == {"cn=qa,dc=x": Role.REVIEWER}
    for wrong in ("qa", "=reviewer", "qa=boss"):
        with pytest.raises(InputRefused):
            read_groups([wrong])


@pytest.mark.browser
def test_in_a_browser(chromium: Any, office: Office, provider: Provider, axe: Callable[[Any], None]) -> None:
    app = app_with(office, provider)
    with served(app) as address:
        app.state.provider._settings = app.state.settings.model_copy(update={"web_address": address})
        context = chromium.new_context(base_url=address, locale="en-GB")
        page = context.new_page()
        page.goto("/preferences")
        axe(page)
        page.get_by_role("link", name="Single sign-on").click()
        page.get_by_role("link", name="I am who I am").click()
        page.wait_for_url("**/preferences")
        assert page.get_by_text("You are nora.").is_visible()
        context.close()


def test_what_the_browser_keeps_meanwhile_is_believed_only_as_it_was_written(
    client: TestClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever puts a cookie of their own there would have somebody else go on with a sign-in that they began."""
    client.get("/sign-on", params={"next": "/preferences"})
    kept = client.cookies["qa_sign_on"].strip('"')
    told, _, mark = kept.partition(".")
    own = base64.urlsafe_b64decode(told).replace(b"/preferences", b"/elsewhere!!")
    for spoilt in (base64.urlsafe_b64encode(own).decode() + f".{mark}", told, f"{told}.", f".{mark}", f"{told}.{'0' * 64}"):
        client.cookies.clear()
        client.cookies.set("qa_sign_on", spoilt, domain="localhost.local")
        assert client.get("/sign-on/back", params={"code": "x", "state": "x"}).status_code == 403
    assert there_and_back(client).headers["location"] == "/preferences"
    monkeypatch.setattr(provider_module, "PENDING_SECONDS", -1.0)
    client.cookies.clear()
    assert there_and_back(client).status_code == 403
