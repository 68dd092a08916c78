"""Who is told what happened: addresses of other systems, and the messages that wait for them. How one is sent is deliver.py.

`collect` looks at what came since the last time (the record of decisions, the index of scores, the table of runs) and puts a message for each webhook
that asks for it into `webhook_messages`: once for each thing, however often and by however many processes it looks. Nothing is told at the moment of a
decision, so that a receiver that is slow or gone holds up nobody.

A webhook is told as an account: of calls that the account does not see it hears nothing. Messages hold ids, outcomes and figures, never words.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import Connection, Engine, func, insert, select, update

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import lots, writing
from qa_pipeline.reading.index import CallLine, call_index, read_line
from qa_pipeline.reading.pages import is_kept_from
from qa_pipeline.reading.viewer import Matter, Scope, Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.people import account_of, viewer_of
from qa_pipeline.review.tables import accounts, audit, decisions, webhook_messages, webhooks

# A commit comes after the time that its scores bear, a long night hours after: so far back is looked again. What was told is known by its name.
_BACK = timedelta(days=2)


class Event(StrEnum):
    """What a webhook can ask for."""

    CRITICAL = "call.critical_failed"
    DISPUTED = "call.disputed"
    DECIDED = "call.dispute_decided"
    NIGHT = "run.finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is told. `account`: as whom; `ended_at`: told nothing any more."""

    webhook: int
    url: str
    account: str
    events: frozenset[Event]
    author: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to a webhook. `next_at`: when it is sent (again); None where it was delivered or given up."""

    message: str
    webhook: int
    url: str
    event: Event
    call_id: str | None
    created_at: datetime
    tries: int
    next_at: datetime | None
    delivered_at: datetime | None
    dead_at: datetime | None
    answer: str | None


def add_webhook(engine: Engine, by: Viewer, url: str, *, account: str, events: Iterable[Event]) -> tuple[Webhook, str]:
    """Tell an address of events from now on: what is known of it, and the secret by which it knows our messages, shown here and never again.

    Raises InputRefused for an address that is none, AccessRefused for who looks after no accounts.
    """
    _require(by)
    wanted, parts = frozenset(events), _parts(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise InputRefused("That is no address of a web service.", advice="Write it as https://HOST/PATH, without a user.")
    if not wanted:
        raise InputRefused("It is not said of what it is told.", advice=f"There are: {', '.join(Event)}.")
    holder, secret, now = account_of(engine, account), secrets.token_urlsafe(32), as_text(datetime.now(UTC))
    with writing(engine) as connection:
        newest = connection.execute(select(func.coalesce(func.max(audit.c.number), 0))).scalar_one()
        made = connection.execute(
            insert(webhooks)
            .values(
                url=url, account=holder.account, secret=secret, events=" ".join(sorted(wanted)), author=by.name, created_at=now,
                seen_audit=newest, seen_scores=now, seen_runs=now,
            )
            .returning(webhooks.c.webhook)
        ).scalar_one()  # fmt: skip
        # The address is a note of ours; what stands in its query may be a secret of theirs.
        _note(connection, by, "webhook added", f"{parts.scheme}://{parts.netloc} → {account}")
    return next(one for one in list_webhooks(engine, by) if one.webhook == made), secret


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Looked at for its number: one that is none, or too large, is told here and not when a message is to go.
        _ = parts.port
    except ValueError as error:
        raise InputRefused(
            f"That is no address of a web service: {error}.", advice="Write it as https://HOST/PATH, without a user."
        ) from error
    return parts


def list_webhooks(engine: Engine, by: Viewer) -> tuple[Webhook, ...]:
    """All webhooks, the newest first. Raises AccessRefused."""
    _require(by)
    with engine.connect() as connection:
        return tuple(
            Webhook(
                webhook=row.webhook,
                url=row.url,
                account=row.holder,
                events=frozenset(map(Event, row.events.split())),
                author=row.author,
                created_at=from_text(row.created_at),
                ended_at=from_text(row.ended_at) if row.ended_at else None,
            )
            for row in _webhooks(connection)
        )


def end_webhook(engine: Engine, by: Viewer, webhook: int) -> None:
    """Tell an address nothing any more; what waits for it is given up. Raises InputRefused where there is none, AccessRefused."""
    _require(by)
    now = as_text(datetime.now(UTC))
    with writing(engine) as connection:
        is_it = (webhooks.c.webhook == webhook) & webhooks.c.ended_at.is_(None)
        if not connection.execute(update(webhooks).where(is_it).values(ended_at=now)).rowcount:
            raise InputRefused(f"There is no webhook {webhook} in use.", advice="`qa-pipeline webhooks list` shows them.")
        waiting = (webhook_messages.c.webhook == webhook) & webhook_messages.c.next_at.is_not(None)
        connection.execute(update(webhook_messages).where(waiting).values(next_at=None, dead_at=now, answer="the webhook was ended"))
        _note(connection, by, "webhook ended", str(webhook))


def list_messages(engine: Engine, by: Viewer, *, is_dead: bool | None = None, size: int | None = None) -> tuple[Message, ...]:
    """Messages, the newest first. `is_dead`: only those given up, or only others; `size`: so many, None for all. Raises AccessRefused."""
    _require(by)
    asked = select(webhook_messages, webhooks.c.url).join(webhooks, webhooks.c.webhook == webhook_messages.c.webhook)
    if is_dead is not None:
        asked = asked.where(webhook_messages.c.dead_at.is_not(None) if is_dead else webhook_messages.c.dead_at.is_(None))
    with engine.connect() as connection:
        rows = connection.execute(asked.order_by(webhook_messages.c.created_at.desc(), webhook_messages.c.message).limit(size)).all()
    return tuple(_message(row) for row in rows)


def send_again(engine: Engine, by: Viewer, message: str) -> None:
    """Let a message that was given up be tried from the beginning. Raises InputRefused where there is none, AccessRefused."""
    _require(by)
    with writing(engine) as connection:
        is_it = (webhook_messages.c.message == message) & webhook_messages.c.dead_at.is_not(None)
        again = update(webhook_messages).where(is_it).values(dead_at=None, tries=0, next_at=as_text(datetime.now(UTC)))
        if not connection.execute(again).rowcount:
            raise InputRefused(f"No message {message!r} was given up.", advice="`qa-pipeline webhooks messages --dead` lists them.")


def collect(desk: Desk) -> int:
    """Put messages of what came since the last time in. Returns how many there are new."""
    with desk.engine.connect() as connection:
        several = [row for row in _webhooks(connection) if row.ended_at is None]
    return sum(_collect_for(desk, row) for row in several)


def _collect_for(desk: Desk, row: Any) -> int:
    try:
        viewer = viewer_of(desk.engine, row.holder)
    except InputRefused:
        # Whose account is not active is told nothing; what happened meanwhile is told when it is active again.
        return 0
    wanted = frozenset(map(Event, row.events.split()))
    now = datetime.now(UTC)
    with desk.engine.connect() as connection:
        newest = connection.execute(select(func.coalesce(func.max(audit.c.number), 0))).scalar_one()
        found = [
            *_of_decisions(connection, viewer, wanted, row.seen_audit, newest),
            *(_of_scores(connection, viewer, row) if Event.CRITICAL in wanted else ()),
        ]
    if Event.NIGHT in wanted and viewer.scopes(Matter.RUNS):
        found += _of_runs(desk, row)
    with writing(desk.engine) as connection:
        there = _told(connection, row.webhook, [one["about"] for one in found])
        fresh = {one["about"]: one for one in found if one["about"] not in there}
        for one in fresh.values():
            message = uuid.uuid4().hex
            body = {"id": message, "event": one["event"], "at": one["at"], **one["body"]}
            connection.execute(
                insert(webhook_messages).values(
                    message=message,
                    webhook=row.webhook,
                    about=one["about"],
                    event=one["event"],
                    call_id=one["call_id"],
                    body=json.dumps(body, ensure_ascii=False, sort_keys=True),
                    created_at=as_text(now),
                    tries=0,
                    next_at=as_text(now),
                )
            )
        seen = {"seen_audit": newest, "seen_scores": as_text(now), "seen_runs": as_text(now)}
        connection.execute(update(webhooks).where(webhooks.c.webhook == row.webhook).values(**seen))
    return len(fresh)


def _of_decisions(connection: Connection, viewer: Viewer, wanted: frozenset[Event], seen: int, newest: int) -> Iterator[dict[str, Any]]:
    """Disputes, their answers, and critical failures that a person made or confirmed, of the entries of the record since `seen`."""
    asked = (
        select(audit.c.number, decisions)
        .join(decisions, decisions.c.decision_id == audit.c.about)
        .where(audit.c.number > seen, audit.c.number <= newest)
        .order_by(audit.c.number)
    )
    for row in connection.execute(asked):
        line = read_line(connection, row.call_id)
        if line is None or not _sees(connection, viewer, line):
            continue
        event = {"dispute": Event.DISPUTED, "ruling": Event.DECIDED}.get(row.kind)
        if event in wanted:
            yield {
                "about": f"decision {row.decision_id}", "event": event, "call_id": row.call_id, "at": row.at,
                "body": {**_call(line), "decision_id": row.decision_id, "criterion_id": row.criterion_id, "is_upheld": row.is_upheld},
            }  # fmt: skip
        if Event.CRITICAL in wanted and line.effective_critical_failed:
            yield _critical(line, row.at)


def _of_scores(connection: Connection, viewer: Viewer, row: Any) -> Iterator[dict[str, Any]]:
    """Critical failures of scores made since the last look; the time before is looked at again, as far as it is after the webhook's beginning."""
    since = max(row.created_at, as_text(from_text(row.seen_scores) - _BACK))
    asked = select(call_index.c.call_id, call_index.c.scored_at).where(
        call_index.c.effective_critical_failed, call_index.c.purpose == "official", call_index.c.scored_at >= since
    )
    for call_id, scored_at in connection.execute(asked.order_by(call_index.c.scored_at)).all():
        line = read_line(connection, call_id)
        if line is not None and _sees(connection, viewer, line):
            yield _critical(line, scored_at)


def _of_runs(desk: Desk, row: Any) -> list[dict[str, Any]]:
    since = max(from_text(row.created_at), from_text(row.seen_runs) - _BACK)
    names = ("run_id", "started_at", "finished_at", "found", "processed", "scored", "skipped", "failed", "left")
    where = f"finished_at >= timestamp '{since:%Y-%m-%d %H:%M:%S}'"
    return [
        {
            "about": f"run {row['run_id']}", "event": Event.NIGHT, "call_id": None, "at": _time(row["finished_at"]),
            "body": {**row, "started_at": _time(row["started_at"]), "finished_at": _time(row["finished_at"])},
        }
        for row in desk.store.read("runs", columns=names, where=where).to_pylist()
    ]  # fmt: skip


def _critical(line: CallLine, at: str) -> dict[str, Any]:
    """Told once by the program alone, and once more when a person has confirmed it."""
    return {
        "about": f"critical {line.score_id} {line.effective_critical_state}", "event": Event.CRITICAL, "call_id": line.call_id, "at": at,
        "body": {**_call(line), "critical_state": line.effective_critical_state},
    }  # fmt: skip


def _call(line: CallLine) -> Mapping[str, Any]:
    return {
        "call_id": line.call_id, "call_date": line.call_date.isoformat() if line.call_date else None, "agent_id": line.agent_id,
        "team": line.team, "rubric_id": line.rubric_id, "percent": line.effective_percent,
    }  # fmt: skip


def _sees(connection: Connection, viewer: Viewer, line: CallLine) -> bool:
    seen = viewer.sees(Matter.DECISIONS, agent_id=line.agent_id, team=line.team, day=line.call_date)
    return seen and not is_kept_from(connection, viewer, line.call_id)


def _told(connection: Connection, webhook: int, abouts: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in lots(abouts):
        is_it = (webhook_messages.c.webhook == webhook) & webhook_messages.c.about.in_(some)
        found.update(connection.execute(select(webhook_messages.c.about).where(is_it)).scalars())
    return found


def _webhooks(connection: Connection) -> Sequence[Any]:
    asked = select(webhooks, accounts.c.name.label("holder")).join(accounts, accounts.c.account == webhooks.c.account)
    return connection.execute(asked.order_by(webhooks.c.webhook.desc())).all()


def _message(row: Any) -> Message:
    times = {name: from_text(getattr(row, name)) if getattr(row, name) else None for name in ("next_at", "delivered_at", "dead_at")}
    return Message(
        message=row.message, webhook=row.webhook, url=row.url, event=Event(row.event), call_id=row.call_id, created_at=from_text(row.created_at),
        tries=row.tries, answer=row.answer, **times,
    )  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)


def _require(by: Viewer) -> None:
    if Scope.ALL not in by.scopes(Matter.PEOPLE):
        raise AccessRefused(f"{by.name} does not look after webhooks.", advice="Ask an operator.")


def _note(connection: Connection, by: Viewer, did: str, about: str) -> None:
    connection.execute(insert(audit).values(at=as_text(datetime.now(UTC)), who=by.name, account=by.account, did=did, about=about))
