"""Send messages to webhooks: signed, one try after the other with growing waits, and only to addresses that are out in the world.

The receiver checks `QA-Signature: t=SECONDS,v1=HEX`: the HMAC-SHA256 of `SECONDS.BODY` with the secret of the webhook, and that the seconds are no more
than five minutes away, so that a message that was overheard cannot be sent again (`is_signed` does both). `QA-Message` has its id: a message may come
twice, when its answer was lost.

An address in our own network is not called unless `webhook_private` allows it: who may name an address could otherwise make this machine ask its
neighbours. The name is looked up once, and the address that was found is the one that is called: a name that changes its mind gains nothing.
Redirections are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Engine, select, update

from qa_pipeline.reading.database import writing
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.tables import webhook_messages, webhooks
from qa_pipeline.settings import Settings

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440))
"""Before each further try: a message is given up after about two days."""
WINDOW_SECONDS = 300
_LONGEST_SECONDS = 12
SIGNATURE, MESSAGE, EVENT = "QA-Signature", "QA-Message", "QA-Event"
_SECONDS = 10.0
# Messages of one round, and for how long nobody else takes them up: longer than all of them may take.
_LOT = 50
_TAKEN = timedelta(seconds=2 * _LOT * _SECONDS)
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a round came to."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


class _NotSent(Exception):
    """There is no answer: why, in words."""


def sign(secret: str, body: bytes, seconds: int) -> str:
    """The header by which the receiver knows a message as ours. `seconds`: of Unix time."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def is_signed(secret: str, header: str, body: bytes, *, now: float | None = None) -> bool:
    """Whether a message is ours and new: what a receiver does."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    seconds = parts.get("t", "")
    if (
        not seconds.isascii()
        or not seconds.isdigit()
        or len(seconds) > _LONGEST_SECONDS
        or abs((time.time() if now is None else now) - int(seconds)) > WINDOW_SECONDS
    ):
        return False
    return hmac.compare_digest(sign(secret, body, int(seconds)).encode(), header.encode())


def deliver(engine: Engine, settings: Settings) -> Delivered:
    """Send what is due, each message once. Safe to be done by several processes: each message is taken by one."""
    now = datetime.now(UTC)
    with writing(engine) as connection:
        column = webhook_messages.c
        due = (
            select(column.message, column.body, column.event, column.tries, webhooks.c.url, webhooks.c.secret)
            .join(webhooks, webhooks.c.webhook == column.webhook)
            .where(column.next_at <= as_text(now), webhooks.c.ended_at.is_(None))
            .order_by(column.next_at)
            .limit(_LOT)
        )
        several = connection.execute(due).all()
        taken = column.message.in_([row.message for row in several])
        connection.execute(update(webhook_messages).where(taken).values(next_at=as_text(now + _TAKEN)))
    done = Delivered()
    for row in several:
        try:
            status = _send(row.url, row.secret, row.body.encode(), row.message, row.event, settings)
            answer = f"answered {status}"
        except _NotSent as error:
            status, answer = None, str(error)
        done = _record(engine, row.message, row.tries + 1, status, answer, done)
    return done


def _record(engine: Engine, message: str, tries: int, status: int | None, answer: str, done: Delivered) -> Delivered:
    now = datetime.now(UTC)
    values: dict[str, object] = {"tries": tries, "answer": answer, "next_at": None}
    if status is not None and 200 <= status < 300:
        values["delivered_at"] = as_text(now)
        done = Delivered(sent=done.sent + 1, failed=done.failed, dead=done.dead)
    elif status == _GONE or tries > len(WAITS):
        values["dead_at"] = as_text(now)
        done = Delivered(sent=done.sent, failed=done.failed, dead=done.dead + 1)
    else:
        values["next_at"] = as_text(now + WAITS[tries - 1])
        done = Delivered(sent=done.sent, failed=done.failed + 1, dead=done.dead)
    with writing(engine) as connection:
        connection.execute(update(webhook_messages).where(webhook_messages.c.message == message).values(**values))
    return done


def _send(url: str, secret: str, body: bytes, message: str, event: str, settings: Settings) -> int:
    """The status of the answer: nothing else that the receiver wrote is kept. Raises _NotSent where there is none."""
    import httpx

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = _address(host, port, is_private_allowed=settings.webhook_private)
        shown = f"[{address}]" if ":" in address else address
        called = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path or "/", parts.query, ""))
        headers = {
            "Host": parts.netloc, "Content-Type": "application/json", SIGNATURE: sign(secret, body, int(time.time())), MESSAGE: message,
            EVENT: event, "User-Agent": "qa-pipeline",
        }  # fmt: skip
        # The certificate is that of the name, whatever address it has.
        extensions = {"sni_hostname": host}
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", called, content=body, headers=headers, extensions=extensions) as answer,
        ):
            return answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _NotSent(f"no answer: {type(error).__name__}") from error


def _address(host: str, port: int, *, is_private_allowed: bool) -> str:
    """The address to call. Raises _NotSent for one in our own network, OSError for a name that nobody knows."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        inner = getattr(address, "ipv4_mapped", None) or address
        if is_private_allowed or (inner.is_global and not inner.is_multicast):
            return text
    raise _NotSent("the address is in our own network: webhook_private does not allow it")
