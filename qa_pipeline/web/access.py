"""What other programs may ask, and what they are told: an operator's page of tokens, webhooks and messages that were given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.people import list_accounts
from qa_pipeline.review.tokens import May, list_tokens, make_token, revoke_token
from qa_pipeline.review.webhooks import Event, add_webhook, end_webhook, list_messages, list_webhooks, send_again
from qa_pipeline.web.fields import Whole, as_count
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Who
from qa_pipeline.web.translations import marked

section = Section("access")
_MESSAGES = 50
WORDS: Mapping[str, str] = {
    May.CALLS: marked("calls, scores, findings, decisions"),
    May.WORDS: marked("transcripts"),
    May.DECIDE: marked("to decide about calls"),
    May.FIGURES: marked("counts, means, agreement"),
    May.RUBRICS: marked("rubrics"),
    May.RUNS: marked("nights and failures"),
    Event.CRITICAL: marked("a critical criterion failed"),
    Event.DISPUTED: marked("a call was disputed"),
    Event.DECIDED: marked("a dispute was decided"),
    Event.NIGHT: marked("a night ended"),
}
"""What scopes and events are, beside the names that programs know them by."""


@section.get("/access", needs=Role.OPERATOR, way=marked("Programs"))
def show_access(request: Request, who: Who, desk: AtDesk) -> Response:
    """Tokens, webhooks, messages."""
    return _page(request, who, desk)


@section.post("/access/tokens", needs=Role.OPERATOR)
def add_token(
    request: Request,
    who: Who,
    desk: AtDesk,
    name: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[str, Form()] = "",
) -> Response:
    """Make a token, and show it this once."""
    try:
        may = [May(one) for one in scopes or () if one in set(May)]
        _, secret = make_token(desk.engine, who.viewer, name, account=account, may=may, days=_whole(days))
    except InputRefused as refused:
        return _page(request, who, desk, refused=refused)
    return _page(request, who, desk, secret=secret)


@section.post("/access/tokens/revoke", needs=Role.OPERATOR)
def revoke(request: Request, who: Who, desk: AtDesk, token: Annotated[Whole, Form()] = 0) -> Response:
    """Let a token open nothing any more."""
    try:
        revoke_token(desk.engine, who.viewer, token)
    except InputRefused as refused:
        return _page(request, who, desk, refused=refused)
    return redirect("/access")


@section.post("/access/webhooks", needs=Role.OPERATOR)
def add_address(
    request: Request,
    who: Who,
    desk: AtDesk,
    url: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "",
    events: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Tell an address of events, and show the secret of its messages this once."""
    try:
        wanted = [Event(one) for one in events or () if one in set(Event)]
        _, secret = add_webhook(desk.engine, who.viewer, url.strip(), account=account, events=wanted)
    except InputRefused as refused:
        return _page(request, who, desk, refused=refused)
    return _page(request, who, desk, secret=secret)


@section.post("/access/webhooks/end", needs=Role.OPERATOR)
def end(request: Request, who: Who, desk: AtDesk, webhook: Annotated[Whole, Form()] = 0) -> Response:
    """Tell an address nothing any more."""
    try:
        end_webhook(desk.engine, who.viewer, webhook)
    except InputRefused as refused:
        return _page(request, who, desk, refused=refused)
    return redirect("/access")


@section.post("/access/messages/again", needs=Role.OPERATOR)
def again(request: Request, who: Who, desk: AtDesk, message: Annotated[str, Form()] = "") -> Response:
    """Try a message that was given up once more."""
    try:
        send_again(desk.engine, who.viewer, message)
    except InputRefused as refused:
        return _page(request, who, desk, refused=refused)
    return redirect("/access")


def _page(request: Request, who: Who, desk: AtDesk, *, refused: InputRefused | None = None, secret: str | None = None) -> Response:
    now = datetime.now(UTC)
    given_up = list_messages(desk.engine, who.viewer, is_dead=True, size=_MESSAGES + 1)
    return render(
        request,
        who,
        "access.html",
        status=400 if refused else 200,
        tokens=[(one, one.holds(now)) for one in list_tokens(desk.engine, who.viewer)],
        webhooks=list_webhooks(desk.engine, who.viewer),
        # Those given up first and apart: many that were delivered since would push them off the list.
        given_up=given_up[:_MESSAGES],
        has_more_given_up=len(given_up) > _MESSAGES,
        messages=list_messages(desk.engine, who.viewer, is_dead=False, size=_MESSAGES),
        size=_MESSAGES,
        accounts=[one.name for one in list_accounts(desk.engine) if one.is_active],
        scopes=tuple(May),
        events=tuple(Event),
        words={value: who.gettext(text) for value, text in WORDS.items()},
        refused=refused,
        secret=secret,
    )


def _whole(text: str) -> int | None:
    """A number of days of a form. Raises InputRefused for what is none."""
    if not text.strip():
        return None
    days = as_count(text)
    if days is None or not 1 <= days <= 3650:
        raise InputRefused(f"{text!r} is no number of days.", advice="Write 1 to 3650, or nothing.")
    return days
