"""Secrets planted in settings, headers, forms and calls: in no log, no error, no answer and no file that they do not belong in."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from office import OWN, Office, session_of
from pydantic import SecretStr
from starlette.testclient import TestClient

from qa_pipeline.conversation.written import conversation
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.web.app import create_app
from qa_pipeline.web.routing import matrix
from qa_pipeline.web.signed import COOKIE

OF_SETTINGS, OF_HEADERS, OF_FORMS, OF_CALLS = "Setting-7f3a91c2", "Header-5bd0e817", "Form-c4419e6d", "marzipan-elephant-9931"


def planted(office: Office) -> Settings:
    heard = conversation("0:00 agent: Hello there.", f"0:03 customer: It is {OF_CALLS}.", language="en", call_id="told", agent_id="a1", team="north", started_at=datetime(2026, 5, 14, 4, tzinfo=UTC))  # fmt: skip
    office.store.write_conversations([replace(heard, conversation_id="told-heard")], run_id="t")
    catch_up(office.engine, office.store)
    more = {
        "oidc_issuer": "http://127.0.0.1:9",
        "oidc_client_id": "qa",
        "oidc_client_secret": OF_SETTINGS,
        "web_address": "http://localhost",
    }
    return Settings(**office.settings.model_dump() | more)


@pytest.mark.slow
def test_a_planted_secret_is_in_no_answer_log_or_file(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = planted(office)
    app = create_app(office.desk, settings)
    told: list[tuple[str, str]] = []

    def keep(name: str, path: str, answer: object) -> None:
        told.append((f"{name} {path}", f"{answer.status_code} {answer.headers} {answer.text}"))  # type: ignore[attr-defined]

    headers = {
        "authorization": f"Bearer {OF_HEADERS}",
        "x-api-key": OF_HEADERS,
        "referer": f"http://localhost/{OF_HEADERS}",
        "user-agent": OF_HEADERS,
    }
    with TestClient(app, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False) as client:
        paths = [
            *sorted({rule.path for rule in matrix(app) if rule.method == "GET" and not rule.parts}),
            "/calls/told",
            "/calls/none",
            "/nowhere",
            f"/calls/{OWN}",
        ]
        for name in ("", "sven", "anna"):
            client.cookies.clear()
            client.cookies.set("other", OF_HEADERS, domain="localhost.local")
            if name:
                client.cookies.set(COOKIE, session_of(office, name), domain="localhost.local")
            for path in paths:
                keep(name, path, client.get(path, headers=headers))
        client.cookies.clear()
        client.get("/sign-in")
        for form in ({"name": "mei", "passphrase": OF_FORMS}, {"name": "mei", "passphrase": OF_FORMS, "csrf": client.cookies["qa_form"]}):
            keep("", "/sign-in", client.post("/sign-in", data=form))
        # An error that nobody foresaw, with a call at hand.
        monkeypatch.setattr("qa_pipeline.web.call.look_at", lambda *_: 1 / 0)
        client.cookies.set(COOKIE, session_of(office, "anna"), domain="localhost.local")
        broken = client.get("/calls/told", headers=headers)
        assert broken.status_code == 500 and "Traceback" not in broken.text
        keep("anna", "broken", broken)
    out, err = capfd.readouterr()
    logs = "\n".join([caplog.text, out, err, repr(settings), str(settings), settings.model_dump_json()])
    for secret in (OF_SETTINGS, OF_HEADERS, OF_FORMS):
        assert [where for where, text in told if secret in text] == [], secret
        assert secret not in logs, secret
        assert [str(path) for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()] == [], secret
    # The words of a call are shown to who may read them, and stand in their own table.
    assert [where for where, text in told if OF_CALLS in text and not where.startswith("anna /calls/told")] == []
    assert OF_CALLS not in logs
    holding = {
        path.relative_to(tmp_path).parts[1] for path in tmp_path.rglob("*") if path.is_file() and OF_CALLS.encode() in path.read_bytes()
    }
    assert holding <= {"utterances", "embeddings", "calls"}, holding


def test_the_secret_of_single_sign_on_is_not_printed_wherever_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_OIDC_CLIENT_SECRET", OF_SETTINGS)
    settings = load_settings()
    assert isinstance(settings.oidc_client_secret, SecretStr) and settings.oidc_client_secret.get_secret_value() == OF_SETTINGS
    assert OF_SETTINGS not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
