"""Webhooks: told once of what they may know, signed, tried again with growing waits, and never within our own network unless allowed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from desks import commit, make_desk, make_rubric
from sqlalchemy import select, update

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation, Dispute, Ruling, as_text
from qa_pipeline.review.deliver import WAITS, Delivered, deliver, is_signed, sign
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.people import add_account, add_member, add_team, viewer_of
from qa_pipeline.review.tables import webhook_messages
from qa_pipeline.review.webhooks import Event, add_webhook, collect, end_webhook, list_messages, list_webhooks, send_again
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import Settings

ROOT = local_viewer("root")
ALLOWED, STRICT = Settings(webhook_private=True), Settings()


class Receiver:
    """A server that answers what it is told to, and keeps what came."""

    def __init__(self) -> None:
        self.status, self.came = 200, []  # type: int, list[tuple[dict[str, str], bytes]]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.came.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/qa?key=1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    made = make_desk(tmp_path, database=database)
    add_account(made.engine, "crm", roles=[Role.SUPERVISOR, Role.OPERATOR])
    add_account(made.engine, "lin", roles=[Role.AGENT], agent_ids=["a1"])
    add_team(made.engine, "north")
    add_member(made.engine, "north", supervisor="crm")
    return made


def told(desk: Desk) -> list[tuple[str, str | None]]:
    return sorted((one.event.value, one.call_id) for one in list_messages(desk.engine, ROOT))


def let_pass(desk: Desk, time: timedelta) -> None:
    """As if so much time had gone by for what waits."""
    with writing(desk.engine) as connection:
        for row in connection.execute(select(webhook_messages).where(webhook_messages.c.next_at.is_not(None))).all():
            at = datetime.fromisoformat(row.next_at) - time
            is_it = webhook_messages.c.message == row.message
            connection.execute(update(webhook_messages).where(is_it).values(next_at=as_text(at)))


def test_what_happens_after_its_beginning_is_told_once(desk: Desk) -> None:
    add_webhook(desk.engine, ROOT, "https://crm.example/qa", account="crm", events=list(Event))
    assert collect(desk) == 0
    dispute = decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    commit(desk.store, "c2")
    bring_up_to_date(desk)
    now = datetime.now(UTC)
    desk.store.write_rows("runs", [{"run_id": "r9", "started_at": now, "finished_at": now, "scored": 3}])
    # The call of the dispute failed critically before; that somebody decided about it brings it up.
    assert collect(desk) == 4
    assert told(desk) == [("call.critical_failed", "c1"), ("call.critical_failed", "c2"), ("call.disputed", "c1"), ("run.finished", None)]
    decide(
        desk,
        viewer_of(desk.engine, "crm"),
        "c1",
        Ruling(about=dispute.decision.decision_id, is_upheld=True, outcome=Outcome.MET),
        reason="so",
    )
    decide(desk, viewer_of(desk.engine, "crm"), "c1", Confirmation(), criterion_id="grave")
    assert collect(desk) == 2
    assert collect(desk) == 0
    states = [json.loads(row.body) for row in _bodies(desk) if row.call_id == "c1" and row.event == Event.CRITICAL]
    assert sorted(body["critical_state"] for body in states) == ["confirmed", "provisional"]


def _bodies(desk: Desk) -> list[Any]:
    with desk.engine.connect() as connection:
        return list(connection.execute(select(webhook_messages)).all())


def test_nothing_is_told_of_calls_that_the_account_does_not_see(desk: Desk) -> None:
    add_account(desk.engine, "other", roles=[Role.SUPERVISOR])
    add_webhook(desk.engine, ROOT, "https://crm.example/qa", account="other", events=list(Event))
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    now = datetime.now(UTC)
    desk.store.write_rows("runs", [{"run_id": "r9", "started_at": now, "finished_at": now}])
    assert collect(desk) == 0


def test_a_message_is_signed_and_holds_no_words(desk: Desk, receiver: Receiver) -> None:
    _, secret = add_webhook(desk.engine, ROOT, receiver.url, account="crm", events=[Event.DISPUTED])
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did say it")
    collect(desk)
    assert deliver(desk.engine, ALLOWED) == Delivered(sent=1)
    assert deliver(desk.engine, ALLOWED) == Delivered()
    ((headers, body),) = receiver.came
    assert is_signed(secret, headers["QA-Signature"], body)
    assert not is_signed(secret, headers["QA-Signature"], body + b" ")
    assert not is_signed("another", headers["QA-Signature"], body)
    assert headers["Host"] == receiver.url.split("/")[2]
    said = json.loads(body)
    assert (said["event"], said["call_id"], said["criterion_id"], said["id"]) == ("call.disputed", "c1", "long", headers["QA-Message"])
    assert "I did say it" not in body.decode()


def test_no_message_tells_who_called_or_their_number(desk: Desk, receiver: Receiver) -> None:
    add_webhook(desk.engine, ROOT, receiver.url, account="crm", events=list(Event))
    words = "0:00 agent: Hello, who is calling?", "0:03 customer: Crowther Vandermeulen, my phone is 0770 900 1234."
    heard = conversation(
        *words, language="en", call_id="told", agent_id="a1", team="north", started_at=datetime(2026, 5, 11, 4, tzinfo=UTC)
    )
    named = replace(heard.call, customer_id="c-4711", extra={"customer_name": "Crowther Vandermeulen"})
    heard = replace(heard, call=named, conversation_id="told-heard")
    desk.store.write_conversations([heard], run_id="r")
    desk.store.write_scores([score(heard, prepare(make_rubric(), {}))], purpose="official", run_id="r")
    bring_up_to_date(desk)
    lin, crm = viewer_of(desk.engine, "lin"), viewer_of(desk.engine, "crm")
    why = "Vandermeulen said to ring 0770 900 1234"
    dispute = decide(desk, lin, "told", Dispute(), criterion_id="long", reason=why)
    decide(desk, crm, "told", Ruling(about=dispute.decision.decision_id, is_upheld=True, outcome=Outcome.MET), reason=why)
    now = datetime.now(UTC)
    desk.store.write_rows("runs", [{"run_id": "r9", "started_at": now, "finished_at": now, "scored": 3}])
    collect(desk)
    deliver(desk.engine, ALLOWED)
    said = b"\n".join(body for _, body in receiver.came).decode()
    assert {json.loads(body)["event"] for _, body in receiver.came} == set(Event)
    assert [secret for secret in ("0770", "1234", "Vandermeulen", "Crowther", "c-4711") if secret in said] == []


def test_a_message_that_is_old_or_strange_is_not_ours() -> None:
    body = b"{}"
    header = sign("s", body, 1_000_000)
    assert is_signed("s", header, body, now=1_000_299)
    for wrong, now in ((header, 1_000_301), (header, 999_699), ("", 1_000_000), ("t=x,v1=y", 1_000_000), ("t=1000000", 1_000_000)):
        assert not is_signed("s", wrong, body, now=now)


def test_waits_grow_until_it_is_given_up_and_it_can_be_tried_again(desk: Desk, receiver: Receiver) -> None:
    add_webhook(desk.engine, ROOT, receiver.url, account="crm", events=[Event.DISPUTED])
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    collect(desk)
    receiver.status = 503
    for wait in WAITS:
        assert deliver(desk.engine, ALLOWED) == Delivered(failed=1)
        assert deliver(desk.engine, ALLOWED) == Delivered()
        let_pass(desk, wait - timedelta(seconds=30))
        assert deliver(desk.engine, ALLOWED) == Delivered()
        let_pass(desk, timedelta(seconds=30))
    assert deliver(desk.engine, ALLOWED) == Delivered(dead=1)
    (dead,) = list_messages(desk.engine, ROOT, is_dead=True)
    assert (dead.tries, dead.answer) == (len(WAITS) + 1, "answered 503")
    send_again(desk.engine, ROOT, dead.message)
    receiver.status = 204
    assert deliver(desk.engine, ALLOWED) == Delivered(sent=1)


@pytest.mark.parametrize(("status", "came"), [(410, Delivered(dead=1)), (302, Delivered(failed=1))])
def test_who_is_gone_is_given_up_and_nobody_is_sent_on(desk: Desk, receiver: Receiver, status: int, came: Delivered) -> None:
    add_webhook(desk.engine, ROOT, receiver.url, account="crm", events=[Event.DISPUTED])
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    collect(desk)
    receiver.status = status
    assert deliver(desk.engine, ALLOWED) == came
    assert len(receiver.came) == 1


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_addresses_of_our_own_network_are_not_called(desk: Desk, receiver: Receiver, host: str) -> None:
    port = receiver.server.server_port
    add_webhook(desk.engine, ROOT, f"http://{host}:{port}/", account="crm", events=[Event.DISPUTED])
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    collect(desk)
    assert deliver(desk.engine, STRICT) == Delivered(failed=1)
    assert receiver.came == []
    assert "our own network" in (list_messages(desk.engine, ROOT)[0].answer or "")


@pytest.mark.parametrize("url", ["ftp://x/y", "file:///etc/passwd", "https://", "https://me:pass@x/", "x", "https://x/#y"])
def test_what_is_no_address_is_refused(desk: Desk, url: str) -> None:
    with pytest.raises(InputRefused, match="no address"):
        add_webhook(desk.engine, ROOT, url, account="crm", events=[Event.NIGHT])


def test_an_ended_webhook_is_told_nothing_and_only_operators_look_after_them(desk: Desk, receiver: Receiver) -> None:
    made, _ = add_webhook(desk.engine, ROOT, receiver.url, account="crm", events=[Event.DISPUTED])
    decide(desk, viewer_of(desk.engine, "lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    collect(desk)
    end_webhook(desk.engine, ROOT, made.webhook)
    assert deliver(desk.engine, ALLOWED) == Delivered()
    assert collect(desk) == 0
    assert len(list_messages(desk.engine, ROOT, is_dead=True)) == 1
    with pytest.raises(AccessRefused):
        list_webhooks(desk.engine, viewer_of(desk.engine, "lin"))
