"""What is agreed with agents: notes with a day to look again, and how it went since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Literal

import pyarrow as pa
from fastapi import Form, Request, Response

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.choices import read_choices
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.criteria import known_criteria, title_among, titles_in
from qa_pipeline.results.tables import TIME
from qa_pipeline.review.coaching import add_to_note, list_notes, read_note, write_note
from qa_pipeline.web.choosing import read_day, today
from qa_pipeline.web.fields import Whole
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.translations import marked

section = Section("coaching", examples={"note": lambda desk, line: "1"})


@section.get("/coaching", needs=Role.SUPERVISOR, way=marked("Coaching"))
def show_notes(request: Request, who: Who, desk: AtDesk, chosen: Chosen, agent: str = "", call: str = "", criterion: str = "") -> Response:
    """Notes, what is to be looked at again first; and a new one, from a call where it came up."""
    given = {"agent": agent, "call": call, "criterion": criterion}
    if call:
        line = find_call(desk.engine, who.viewer, call)
        given |= {"agent": agent or line.agent_id or "", "rubric": line.rubric_id or ""}
    return _page(request, who, desk, chosen, given=given, only=agent if not call else "")


@section.post("/coaching", needs=Role.SUPERVISOR)
def write(
    request: Request,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    agent: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    call: Annotated[str, Form()] = "",
    criterion: Annotated[str, Form()] = "",
    follow_up: Annotated[str, Form()] = "",
    is_shared: Annotated[str, Form()] = "",
) -> Response:
    """Write a note."""
    try:
        note = write_note(
            desk, who.viewer, agent.strip(), text, call_id=call.strip() or None, criterion_id=criterion.strip() or None, follow_up=_day(follow_up),
            is_shared=is_shared == "yes",
        )  # fmt: skip
    except (InputRefused, AccessRefused) as error:
        given = {"agent": agent, "call": call, "criterion": criterion, "text": text, "follow_up": follow_up}
        return _page(request, who, desk, chosen, given=given, refused=error)
    return redirect(f"/coaching/{note}")


@section.get("/coaching/file", needs=Role.SUPERVISOR)
def download_notes(who: Who, desk: AtDesk, chosen: Chosen, agent: str = "", form: str = "csv") -> Response:
    """Notes as a file, a row an entry."""
    said = [(note, entry) for note in list_notes(desk, who.viewer, agent_id=agent or None) for entry in note.entries]
    columns = {
        "note": pa.array([note.note for note, _ in said], pa.int64()),
        "agent": pa.array([note.agent_id for note, _ in said], pa.string()),
        "team": pa.array([note.team for note, _ in said], pa.string()),
        "call": pa.array([note.call_id for note, _ in said], pa.string()),
        "criterion": pa.array([note.criterion_id for note, _ in said], pa.string()),
        "at": pa.array([entry.at for _, entry in said], TIME),
        "by": pa.array([entry.who for _, entry in said], pa.string()),
        "text": pa.array([entry.text for _, entry in said], pa.string()),
        "state": pa.array([entry.state for _, entry in said], pa.string()),
        "follow_up": pa.array([entry.follow_up for _, entry in said], pa.date32()),
    }
    return file_of(pa.table(columns), "coaching", form, chosen, who, desk)


@section.get("/coaching/{note:int}", needs=Role.SUPERVISOR)
def show_note(request: Request, note: Whole, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """One note with all that was added to it."""
    return _one(request, who, desk, chosen, note)


@section.post("/coaching/{note:int}", needs=Role.SUPERVISOR)
def add(
    request: Request,
    note: Whole,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    text: Annotated[str, Form()] = "",
    state: Annotated[Literal["open", "done"], Form()] = "open",
    follow_up: Annotated[str, Form()] = "",
) -> Response:
    """Add how it went, another day, or that it is done."""
    try:
        add_to_note(desk, who.viewer, note, text, state=state, follow_up=_day(follow_up))
    except InputRefused as error:
        return _one(request, who, desk, chosen, note, refused=error)
    return redirect(f"/coaching/{note}")


def _page(
    request: Request,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    *,
    given: dict[str, str],
    only: str = "",
    refused: InputRefused | AccessRefused | None = None,
) -> Response:
    return render(
        request,
        who,
        "coaching.html",
        status=400 if refused else 200,
        notes=list_notes(desk, who.viewer, agent_id=only or None),
        agents=read_choices(desk.engine, who.viewer, Matter.FIGURES)["agent_id"],
        title=_title(desk, who),
        today=today(chosen),
        given={"agent": "", "call": "", "criterion": "", "rubric": "", "text": "", "follow_up": "", **given},
        only=only,
        refused=refused,
    )


def _one(request: Request, who: Who, desk: AtDesk, chosen: Chosen, number: int, *, refused: InputRefused | None = None) -> Response:
    note = read_note(desk, who.viewer, number)
    return render(
        request, who, "coaching_note.html", status=400 if refused else 200, note=note, title=_title(desk, who), today=today(chosen), refused=refused
    )  # fmt: skip


def _title(desk: AtDesk, who: Who) -> Callable[[str | None, str], str]:
    return partial(title_among, titles_in(known_criteria(desk.store), who.language))


def _day(text: str) -> date | None:
    return read_day(text) if text.strip() else None
