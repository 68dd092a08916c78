"""Close dates whose scores are paid out or reported, and open them again: what is at stake is shown before either is done."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pyarrow as pa
from fastapi import Form, Request, Response

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.summary import count_scores
from qa_pipeline.reading.viewer import Role
from qa_pipeline.results.tables import TIME
from qa_pipeline.review.closing import close, list_periods, may_close, reopen
from qa_pipeline.review.disputes import count_waiting
from qa_pipeline.web.choosing import read_day
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.translations import marked

CLOSERS = frozenset({Role.SUPERVISOR, Role.OPERATOR})

section = Section("periods", examples={"period_id": lambda desk, line: "none"})


@section.get("/periods", needs=CLOSERS, way=marked("Periods"))
def show_periods(request: Request, who: Who, desk: AtDesk, first: str = "", last: str = "", team: str = "") -> Response:
    """The periods there are; with dates in the address, what closing them would hold."""
    return _page(request, who, desk, first=first, last=last, team=team)


@section.post("/periods", needs=CLOSERS)
def close_days(
    request: Request,
    who: Who,
    desk: AtDesk,
    first: Annotated[str, Form()] = "",
    last: Annotated[str, Form()] = "",
    team: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    confirmed: Annotated[str, Form()] = "",
) -> Response:
    """Close them, once it is confirmed."""
    try:
        if confirmed != "yes":
            raise InputRefused("It is not confirmed.", advice="Tick that scores are to stand as they are.")
        close(desk, who.viewer, *_days(first, last), team=team or None, reason=reason)
    except (InputRefused, AccessRefused) as error:
        return _page(request, who, desk, first=first, last=last, team=team, reason=reason, refused=error)
    return redirect("/periods")


@section.get("/periods/file", needs=CLOSERS)
def download_periods(who: Who, desk: AtDesk, chosen: Chosen, form: str = "csv") -> Response:
    """The periods there are, as a file."""
    found = list_periods(desk, who.viewer)
    columns = {
        "first": pa.array([one.period.first_date for one in found], pa.date32()),
        "last": pa.array([one.period.last_date for one in found], pa.date32()),
        "team": pa.array([one.period.team for one in found], pa.string()),
        "closed_at": pa.array([one.period.closed_at for one in found], TIME),
        "closed_by": pa.array([one.period.author for one in found], pa.string()),
        "reason": pa.array([one.period.reason for one in found], pa.string()),
        "reopened_at": pa.array([one.reopened_at for one in found], TIME),
        "reopened_by": pa.array([one.reopened_by for one in found], pa.string()),
        "reopened_because": pa.array([one.reopened_because for one in found], pa.string()),
    }
    return file_of(pa.table(columns), "periods", form, chosen, who, desk)


@section.get("/periods/{period_id}", needs=CLOSERS)
def show_period(request: Request, period_id: str, who: Who, desk: AtDesk) -> Response:
    """One period, to be opened again."""
    return _one(request, who, desk, period_id)


@section.post("/periods/{period_id}/reopen", needs=CLOSERS)
def reopen_days(
    request: Request, period_id: str, who: Who, desk: AtDesk, reason: Annotated[str, Form()] = "", confirmed: Annotated[str, Form()] = ""
) -> Response:
    """Open it again, once it is confirmed."""
    try:
        if confirmed != "yes":
            raise InputRefused("It is not confirmed.", advice="Tick that the period is to be opened again.")
        reopen(desk, who.viewer, period_id, reason=reason)
    except (InputRefused, AccessRefused) as error:
        return _one(request, who, desk, period_id, refused=error)
    return redirect("/periods")


def _page(
    request: Request,
    who: Who,
    desk: AtDesk,
    *,
    first: str,
    last: str,
    team: str,
    reason: str = "",
    refused: InputRefused | AccessRefused | None = None,
) -> Response:
    stake, waiting = None, None
    if first and last and refused is None:
        try:
            days = _days(first, last)
            if not may_close(who.viewer, team or None, *days):
                raise InputRefused("These days are not yours to close.", advice="Choose a team that you lead on all of them.")
            lines = count_scores(desk.engine, who.viewer, (), Wanted(since=days[0], until=days[1], team=team or None))
            stake = lines[0] if lines[0].calls else None
            waiting = count_waiting(desk.engine, who.viewer, team=team or None)[0] if Role.SUPERVISOR in who.viewer.roles else None
        except InputRefused as error:
            refused = error
    is_asked = bool(first and last) and refused is None
    return render(
        request,
        who,
        "periods.html",
        status=400 if refused else 200,
        periods=list_periods(desk, who.viewer),
        teams=sorted({tenure.team for tenure in who.viewer.teams}),
        may_all=Role.OPERATOR in who.viewer.roles,
        given={"first": first, "last": last, "team": team, "reason": reason},
        is_asked=is_asked,
        stake=stake,
        waiting=waiting,
        refused=refused,
    )


def _days(given: str, until: str) -> tuple[date, date]:
    """The first and the last day, as they were given. Raises InputRefused."""
    first, last = read_day(given), read_day(until)
    if last < first:
        raise InputRefused(f"It ends on {last}, before it begins on {first}.", advice="Give the earlier day first.")
    return first, last


def _one(request: Request, who: Who, desk: AtDesk, period_id: str, *, refused: InputRefused | AccessRefused | None = None) -> Response:
    found = next((one for one in list_periods(desk, who.viewer) if one.period.period_id == period_id), None)
    if found is None:
        raise NotThere(f"There is no period {period_id!r}.", advice="Look at the list of periods.")
    return render(request, who, "period.html", status=400 if refused else 200, one=found, refused=refused)
