"""An agent's own scorecards, how it goes, what to work on, and their disputes with the answers. Nothing about anybody else."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.interface import shown
from qa_pipeline.reading.pages import Key, Order, Wanted, find_call, page
from qa_pipeline.reading.viewer import Role
from qa_pipeline.report.card import own_open, read_card
from qa_pipeline.report.criteria import known_criteria, title_among, titles_in
from qa_pipeline.report.own import as_agent, good_example, own_trend, what_costs_most
from qa_pipeline.report.wording import title_of
from qa_pipeline.review.coaching import list_notes
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Acknowledgement, Dispute, TakeBack
from qa_pipeline.review.disputes import list_disputes
from qa_pipeline.review.record import look
from qa_pipeline.web.drawing import trend_chart
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.translations import marked

# Scorecards of a page: as many as a phone scrolls through.
_SIZE = 20

section = Section("agent", examples={"decision_id": lambda desk, line: "none"})


@section.get("/mine", needs=Role.AGENT, way=marked("My calls"))
def show_own(request: Request, who: Who, desk: AtDesk, after: str | None = None) -> Response:
    """Scorecards, the newest first; above them how it goes and what costs most."""
    own = as_agent(who.viewer)
    lines = page(desk.engine, own, Wanted(), order=Order.NEWEST, size=_SIZE, after=_key(after))
    known = known_criteria(desk.store)
    works = [
        {
            "title": title_of(loss.criterion.title, loss.criterion.key[1], who.language)[1],
            "advice": shown(loss.criterion.advice, who.language),
            "loss": loss,
            "example": good_example(desk.store, desk.engine, own, loss.criterion.key),
        }
        for loss in (() if after else what_costs_most(desk.engine, own, known, Wanted()))
    ]
    trend = own_trend(desk.engine, own, who.gettext("My percent by week"), Wanted())
    return render(
        request,
        who,
        "mine.html",
        lines=lines.lines,
        after=None if lines.after is None else f"{lines.after.value or ''}|{lines.after.call_id}",
        is_first=after is None,
        trend=trend,
        chart=trend_chart(who, trend) if len(trend.points) > 1 else None,
        works=works,
        notes=[note for note in list_notes(desk, own) if note.is_shared],
        title=partial(title_among, titles_in(known, who.language)),
    )


@section.get("/mine/disputes", needs=Role.AGENT, way=marked("My disputes"))
def show_disputes(request: Request, who: Who, desk: AtDesk, after: str | None = None) -> Response:
    """What they disputed, the newest first, with the answers."""
    found, more = list_disputes(desk.engine, as_agent(who.viewer), after=after)
    title = partial(title_among, titles_in(known_criteria(desk.store), who.language))
    return render(request, who, "mine_disputes.html", disputes=found, after=more, title=title)


@section.get("/mine/calls/{call_id}", needs=Role.AGENT)
def show_card(request: Request, call_id: str, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """One scorecard."""
    return _card(request, call_id, who, desk, chosen)


@section.post("/mine/calls/{call_id}/acknowledge", needs=Role.AGENT)
def acknowledge(call_id: str, who: Who, desk: AtDesk) -> Response:
    """Say that it was read."""
    _own_call(desk, who, call_id)
    decide(desk, who.viewer, call_id, Acknowledgement())
    return redirect(f"/mine/calls/{call_id}")


@section.post("/mine/calls/{call_id}/dispute", needs=Role.AGENT)
def dispute(
    request: Request,
    call_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    criterion_id: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    moment: Annotated[str, Form()] = "",
) -> Response:
    """Say that a criterion, or the whole score, is wrong, and where in the call that is heard."""
    _own_call(desk, who, call_id)
    try:
        what = Dispute(moment_ms=_moment(moment))
        decide(desk, who.viewer, call_id, what, criterion_id=criterion_id or None, reason=reason)
    except InputRefused as error:
        return _card(
            request, call_id, who, desk, chosen, refused=error, given={"criterion_id": criterion_id, "reason": reason, "moment": moment}
        )
    return redirect(f"/mine/calls/{call_id}#{criterion_id or 'whole'}")


@section.post("/mine/calls/{call_id}/take-back/{decision_id}", needs=Role.AGENT)
def take_back(call_id: str, decision_id: str, who: Who, desk: AtDesk) -> Response:
    """Withdraw a dispute that nobody answered yet."""
    _own_call(desk, who, call_id)
    decide(desk, who.viewer, call_id, TakeBack(about=decision_id))
    return redirect(f"/mine/calls/{call_id}")


def _card(
    request: Request,
    call_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    *,
    refused: InputRefused | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    card = read_card(desk, chosen, as_agent(who.viewer), call_id, who.language)
    look(desk, who.viewer, call_id)
    return render(
        request,
        who,
        "card.html",
        status=400 if refused else 200,
        card=card,
        may_dispute=card.may_dispute(datetime.now(UTC)),
        own_open={one.decision_id for one in own_open(card, who.account.account)},
        refused=refused,
        given=given or {"criterion_id": "", "reason": "", "moment": ""},
    )


def _own_call(desk: AtDesk, who: Who, call_id: str) -> None:
    """Whoever reviews too has no business with others' calls here. Raises as `find_call`."""
    find_call(desk.engine, as_agent(who.viewer), call_id)


def _key(after: str | None) -> Key | None:
    if not after:
        return None
    value, _, call_id = after.partition("|")
    return Key(value=value or None, call_id=call_id)


def _moment(text: str) -> int | None:
    """Minutes and seconds as milliseconds; None where nothing is given. Raises InputRefused."""
    if not text.strip():
        return None
    minutes, colon, seconds = text.strip().replace("：", ":").partition(":")
    try:
        return 1000 * (60 * int(minutes) + int(seconds)) if colon else 1000 * int(minutes)
    except ValueError as error:
        raise InputRefused(f"{text!r} is no moment of a call.", advice="Write minutes and seconds, as 1:05.") from error
