"""Disputes to be decided: the oldest first, with how long they wait; the answer and its reason go to the agent."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from fastapi import Form, Request, Response

from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.reading.viewer import Role
from qa_pipeline.report.card import read_card
from qa_pipeline.report.criteria import known_criteria, titles_in
from qa_pipeline.results.tables import TIME
from qa_pipeline.review.decide import answer_of, decide
from qa_pipeline.review.decisions import Ruling
from qa_pipeline.review.disputes import DisputeLine, Stage, list_disputes
from qa_pipeline.review.record import look
from qa_pipeline.web.fields import Whole
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.translations import marked

section = Section("disputes")


@section.get("/disputes", needs=Role.SUPERVISOR, way=marked("Disputes"))
def show_disputes(
    request: Request, who: Who, desk: AtDesk, stage: str = "waiting", after: str | None = None, answered: str = ""
) -> Response:
    """Those that wait, or those that were answered."""
    chosen: Stage = "answered" if stage == "answered" else "waiting"
    found, more = list_disputes(desk.engine, who.viewer, chosen, after=after)
    titles = titles_in(known_criteria(desk.store), who.language)
    return render(request, who, "disputes.html", stage=chosen, disputes=found, after=more, titles=titles, is_answered=answered == "yes")


@section.get("/disputes/file", needs=Role.SUPERVISOR)
def download_disputes(who: Who, desk: AtDesk, chosen: Chosen, stage: str = "waiting", form: str = "csv") -> Response:
    """All of them as a file."""
    found: list[DisputeLine] = []
    after: str | None = None
    while True:
        some, after = list_disputes(desk.engine, who.viewer, "answered" if stage == "answered" else "waiting", after=after)
        found += some
        if after is None:
            break
    columns = {
        "call": [one.call.call_id for one in found],
        "agent": [one.call.agent_id for one in found],
        "team": [one.call.team for one in found],
        "criterion": [one.dispute.criterion_id for one in found],
        "disputed": [one.dispute.at for one in found],
        "reason": [one.dispute.reason for one in found],
        "answered": [one.ruling.at if one.ruling else None for one in found],
        "upheld": [one.ruling.what.is_upheld if one.ruling and isinstance(one.ruling.what, Ruling) else None for one in found],
        "answer": [one.ruling.reason if one.ruling else None for one in found],
        "by": [one.ruling.author if one.ruling else None for one in found],
    }
    kinds = {"disputed": TIME, "answered": TIME, "upheld": pa.bool_()}
    table = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()})
    return file_of(table, "disputes", form, chosen, who, desk)


@section.get("/disputes/{call_id}/{decision_id}", needs=Role.SUPERVISOR)
def show_dispute(request: Request, call_id: str, decision_id: str, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """One dispute with the criterion that it is about."""
    return _page(request, call_id, decision_id, who, desk, chosen)


@section.post("/disputes/{call_id}/{decision_id}", needs=Role.SUPERVISOR)
def decide_dispute(
    request: Request,
    call_id: str,
    decision_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    ruling: Annotated[str, Form()] = "",
    found: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    version: Annotated[Whole | None, Form()] = None,
) -> Response:
    """Answer it: upheld, with what the criterion is instead, or rejected; the reason is the agent's to read."""
    try:
        if ruling not in ("uphold", "reject"):
            raise InputRefused("It is not said whether the dispute is right.", advice="Choose one of the two.")
        decide(desk, who.viewer, call_id, _ruling(desk, call_id, decision_id, ruling, found), reason=reason, expected_version=version)
    except InputRefused as error:
        given = {"ruling": ruling, "found": found, "reason": reason}
        return _page(request, call_id, decision_id, who, desk, chosen, refused=error, given=given)
    return redirect("/disputes?answered=yes")


def _ruling(desk: AtDesk, call_id: str, decision_id: str, ruling: str, found: str) -> Ruling:
    if ruling == "reject":
        return Ruling(about=decision_id, is_upheld=False)
    criterion_id, _, chosen = found.partition(":")
    if not chosen:
        # About the whole score there is no criterion to be changed: those that are wrong are decided one by one.
        return Ruling(about=decision_id, is_upheld=True)
    answer = answer_of(desk, call_id, criterion_id, chosen)
    return Ruling(about=decision_id, is_upheld=True, outcome=answer.outcome, answer=answer.answer)


def _page(
    request: Request,
    call_id: str,
    decision_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    *,
    refused: InputRefused | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    card = read_card(desk, chosen, who.viewer, call_id, who.language)
    every = [*card.history, *(one for line in card.lines for one in line.history)]
    dispute = next((one for one in every if one.decision_id == decision_id and one.kind == "dispute"), None)
    if dispute is None:
        # It was taken back, or never was.
        return redirect("/disputes")
    look(desk, who.viewer, call_id)
    line = next((line for line in card.lines if line.criterion_id == dispute.criterion_id), None)
    criterion = next((f.criterion for f in card.score.findings if f.criterion.id == dispute.criterion_id), None) if card.score else None
    now = {line.outcome.value, line.answer} if line else set()
    is_answered = any(getattr(one.what, "about", None) == decision_id and one.kind == "ruling" for one in every)
    return render(
        request,
        who,
        "dispute.html",
        status=409 if isinstance(refused, Conflict) else 400 if refused else 200,
        card=card,
        dispute=dispute,
        line=line,
        # What it is now stands last: whoever is right about it wants something else.
        choices=sorted(("met", "not_met", "not_applicable", *(criterion.credits if criterion else ())), key=lambda one: one in now),
        is_answered=is_answered,
        refused=refused,
        given=given or {"ruling": "", "found": "", "reason": ""},
    )
