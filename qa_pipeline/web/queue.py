"""The reviewer's queue: four lists, why each call is there, who looks at it, and the next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import Form, Query, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.choices import read_choices
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import Key, Wanted
from qa_pipeline.reading.queue import Kind, Queue, queue_lengths, queue_page
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.claims import claim, held_claims, release
from qa_pipeline.review.next_call import count_finished, take_next
from qa_pipeline.web.addresses import own_address
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked

section = Section("queue")
REVIEWING = frozenset({Role.REVIEWER, Role.SUPERVISOR})
SIZE = 50
KIND_NAMES: Mapping[Kind, str] = {
    Kind.MUST_SEE: marked("Must see"),
    Kind.UNSURE: marked("Unsure"),
    Kind.DISPUTED: marked("Disputed"),
    Kind.RANDOM: marked("Random"),
}
KIND_MEANINGS: Mapping[Kind, str] = {
    Kind.MUST_SEE: marked("A critical criterion failed, or may have: nobody has settled it yet."),
    Kind.UNSURE: marked("The program is not sure. Calls in which most may be wrong come first."),
    Kind.DISPUTED: marked("The agent does not agree and waits for an answer."),
    Kind.RANDOM: marked("Drawn at random, whatever the program thinks of them: so it is known what it misses."),
}
REASONS: Mapping[str, str] = {
    "critical_failed": marked("critical not met"),
    "critical_undetermined": marked("critical undetermined"),
    "low_coverage": marked("too little judged"),
    "role_unsure": marked("unsure who the agent is"),
    "no_speech": marked("nobody heard as agent or customer"),
    "sound_lost": marked("a part of the recording is lost"),
    "speech_without_words": marked("much speech got no words"),
    "unsure": marked("unsure of a finding"),
    "disputed": marked("the agent does not agree"),
}
_FILTERS = ("team", "agent_id", "rubric_id", "campaign", "site", "since", "until")


@section.get("/queue", needs=REVIEWING, way=marked("Queue"))
def show(
    request: Request,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    kind: Kind | None = None,
    after: Annotated[str, Query(max_length=400)] = "",
    taken: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One of the lists, filtered. Without a kind, the first that has calls."""
    wanted = wanted_of(request.query_params)
    lengths = queue_lengths(desk.engine, who.viewer, share=chosen.random_slice, wanted=wanted)
    shown = kind or next((one for one in Kind if lengths[one]), Kind.MUST_SEE)
    queue = Queue(kind=shown, share=chosen.random_slice, wanted=wanted)
    page = queue_page(desk.engine, who.viewer, queue, after=_key(after), size=SIZE)
    filters = {name: value for name in _FILTERS if (value := request.query_params.get(name, "").strip())}
    return render(
        request,
        who,
        "queue.html",
        kinds=[(one, KIND_NAMES[one], lengths[one]) for one in Kind],
        kind=shown,
        meaning=KIND_MEANINGS[shown],
        lines=page.lines,
        next_page=address(shown, filters) + f"&{urlencode({'after': _text(page.after)})}" if page.after else None,
        is_first=not after,
        held=held_claims(desk),
        why=lambda line: reasons_of(who, line, shown),
        choices=read_choices(desk.engine, who.viewer),
        filters=filters,
        address=lambda one: address(one, filters),
        here=address(shown, filters),
        finished=count_finished(desk, who.viewer, datetime.now(UTC).astimezone(who.zone)),
        is_empty=taken == "none",
    )


@section.post("/queue/next", needs=REVIEWING)
def take(who: Who, desk: AtDesk, chosen: Chosen, back: Annotated[str, Form()] = "/queue") -> Response:
    """Claim the next call of a list that nobody looks at, and go to it."""
    return redirect(next_address(who, desk, chosen, own_address(back, "/queue")))


@section.post("/calls/{call_id}/claim", needs=REVIEWING)
def take_call(call_id: str, who: Who, desk: AtDesk, back: Annotated[str, Form()] = "") -> Response:
    """Claim one call, or keep it longer, and go to it."""
    claim(desk, who.viewer, call_id)
    return redirect(call_address(call_id, own_address(back, "/queue")))


@section.post("/calls/{call_id}/release", needs=REVIEWING)
def let_go(call_id: str, who: Who, desk: AtDesk, back: Annotated[str, Form()] = "/queue") -> Response:
    """Let a call go, and go back to the list."""
    release(desk, who.viewer, call_id)
    return redirect(own_address(back, "/queue"))


def next_address(who: Signed, desk: AtDesk, chosen: Chosen, back: str, *, but: frozenset[str] = frozenset()) -> str:
    """Where the next call of the list at an address is; the list itself where nobody has one left."""
    asked = _query(back)
    try:
        kind = Kind(asked.get("kind", ""))
    except ValueError:
        kind = None
    for one in [kind] if kind else list(Kind):
        found = take_next(desk, who.viewer, Queue(kind=one, share=chosen.random_slice, wanted=wanted_of(asked)), but=but)
        if found is not None:
            filters = {name: asked[name] for name in _FILTERS if asked.get(name)}
            return call_address(found.call_id, address(one, filters))
    return f"{back}{'&' if '?' in back else '?'}taken=none"


def address(kind: Kind, filters: Mapping[str, str]) -> str:
    """Where a list is."""
    return f"/queue?{urlencode({'kind': kind.value} | dict(filters))}"


def call_address(call_id: str, back: str = "") -> str:
    """Where a call's page is; `back`: the list that it was come from."""
    return f"/calls/{quote(call_id, safe='')}" + (f"?{urlencode({'back': back})}" if back else "")


def reasons_of(who: Signed, line: CallLine, kind: Kind | None = None) -> str:
    """Why a call is in the queue, in words."""
    named = [*line.review_reasons] if line.needs_review else []
    if line.waiting is None and not line.is_disputed:
        named = []
    told = [who.gettext(REASONS[name]) if name in REASONS else name.replace("_", " ") for name in named]
    if line.is_disputed:
        told.append(who.gettext(REASONS["disputed"]))
    if kind is Kind.RANDOM:
        told.append(who.gettext(marked("drawn at random")))
    return ", ".join(dict.fromkeys(told))


def wanted_of(asked: Mapping[str, str]) -> Wanted:
    """The filters of an address. Raises InputRefused for a day that is none."""
    texts = {name: asked[name].strip() or None for name in ("team", "agent_id", "rubric_id", "campaign", "site") if asked.get(name)}
    days = {name: _day(asked[name]) for name in ("since", "until") if asked.get(name)}
    return Wanted(**texts, **days)  # type: ignore[arg-type]  # texts and days by the names of its fields


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write it as 2026-05-31.") from error


def _query(to: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(to).query))


def _text(key: Key | None) -> str:
    return "" if key is None else f"{'' if key.value is None else key.value}|{key.call_id}"


def _key(text: str) -> Key | None:
    if not text:
        return None
    value, _, call_id = text.partition("|")
    try:
        return Key(value=float(value), call_id=call_id)
    except ValueError:
        return Key(value=value or None, call_id=call_id)
