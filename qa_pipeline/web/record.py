"""The record of who looked at what and decided what, to be searched by who looks after it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import pyarrow as pa
from fastapi import Depends, Request, Response

from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.criteria import known_criteria, title_among, titles_in
from qa_pipeline.results.tables import TIME
from qa_pipeline.review.record import Asked, search_record
from qa_pipeline.web.fields import Whole, as_day
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.translations import marked
from qa_pipeline.web.wording import as_raised, in_words

section = Section("record")
_ROWS = 100
_MOST_ROWS = 100_000
"""Entries of a file; the newest, where there are more."""
# What is on record, as people read it. Kinds that are not here are shown as they are kept.
KINDS = {
    "looked": marked("looked"),
    "heard": marked("heard"),
    "exported": marked("exported"),
    "reported": marked("made a report"),
    "asked": marked("asked in SQL"),
    "compared": marked("compared rubrics"),
    "override": marked("override"),
    "confirmation": marked("confirmation"),
    "answer": marked("answer"),
    "role_swap": marked("role swap"),
    "word_correction": marked("word correction"),
    "announcement": marked("announcement"),
    "dispute": marked("dispute"),
    "ruling": marked("answer to a dispute"),
    "acknowledgement": marked("acknowledgement"),
    "note": marked("note"),
    "take_back": marked("taken back"),
    "calibration": marked("calibration"),
    "signed in": marked("signed in"),
    "sign-in refused": marked("sign-in refused"),
    "refused": marked("refused what is not theirs"),
    "passphrase changed": marked("passphrase changed"),
    "signed out by another": marked("signed out by another"),
    "account added": marked("account added"),
    "roles changed": marked("roles changed"),
    "account deactivated": marked("account deactivated"),
    "account activated": marked("account activated"),
    "team added": marked("team added"),
    "team renamed": marked("team renamed"),
    "member added": marked("member added"),
    "member left": marked("member left"),
    "invitation made": marked("invitation made"),
    "invitation used": marked("invitation used"),
    "reset made": marked("reset made"),
    "reset used": marked("reset used"),
    "set-up used": marked("set-up used"),
    "names allowed": marked("names allowed"),
    "names withheld": marked("names withheld"),
    "coached": marked("coaching note written"),
    "proposed": marked("proposed to the trainer"),
    "accepted a proposal": marked("proposal accepted"),
    "refused a proposal": marked("proposal refused"),
    "words found": marked("looked for words in calls"),
    "rubric file saved": marked("rubric file saved"),
    "rubric published": marked("rubric published"),
    "period closed": marked("period closed"),
    "period reopened": marked("period opened again"),
    "token made": marked("token made"),
    "token revoked": marked("token revoked"),
    "webhook added": marked("webhook added"),
    "webhook ended": marked("webhook ended"),
    "held": marked("kept for a court or a dispute"),
    "released": marked("kept no more for a court or a dispute"),
    "consent_released": marked("consent: may be seen"),
    "consent_held_back": marked("consent: held back"),
    "consent_withdrawn": marked("consent: withdrawn"),
}

# What entries are about, as people read it; names, days and addresses stand as they are.
ABOUT = as_raised(
    marked("{file}: {count} rows"),
    marked("words said, all rubrics, {since} to {until}"),
    marked("words said, {rubric}, {since} to {until}"),
    marked("{rubric}, {since} to {until}"),
    marked("announcements that are marked"),
    marked("announcements that are found"),
    marked("announcements to be marked"),
)


def _asked(asking: Who, who: str = "", call: str = "", did: str = "", since: str = "", until: str = "") -> Asked:
    """What is looked for, by the fields of the form."""
    return Asked(
        who=who.strip() or None, call_id=call.strip() or None, did=did or None, since=as_day(since), until=as_day(until), zone=asking.zone
    )


Fields = Annotated[Asked, Depends(_asked)]


@section.get("/record/file", needs=Matter.PEOPLE)
def download_record(asking: Who, desk: AtDesk, chosen: Chosen, asked: Fields, form: str = "csv") -> Response:
    """The entries that are asked for, as a file."""
    found = search_record(desk.engine, asking.viewer, asked, before=None, size=_MOST_ROWS)
    columns = {
        "at": pa.array([entry.at for entry in found], TIME),
        "who": pa.array([entry.who for entry in found], pa.string()),
        "did": pa.array([entry.did for entry in found], pa.string()),
        "call_id": pa.array([entry.call_id for entry in found], pa.string()),
        "criterion": pa.array([entry.criterion_id for entry in found], pa.string()),
        "about": pa.array([None if entry.is_decision else entry.about for entry in found], pa.string()),
    }
    return file_of(pa.table(columns), "record", form, chosen, asking, desk)


@section.get("/record", needs=Matter.PEOPLE, way=marked("Record"))
def show_record(request: Request, asking: Who, desk: AtDesk, asked: Fields, before: Whole | None = None) -> Response:
    """Entries, the newest first, a page at a time."""
    found = search_record(desk.engine, asking.viewer, asked, before=before, size=_ROWS + 1)
    kinds = {kind: asking.gettext(text) for kind, text in KINDS.items()}
    return render(
        request,
        asking,
        "record.html",
        entries=found[:_ROWS],
        next=found[_ROWS - 1].number if len(found) > _ROWS else None,
        kinds=kinds,
        about=lambda said: kinds.get(said) or in_words(asking.texts, said, ABOUT),
        asked=asked,
        before=before,
        title=partial(title_among, titles_in(known_criteria(desk.store), asking.language)),
        may_open=Role.SUPERVISOR in asking.viewer.roles,
        here=f"{request.url.path}?{request.url.query}",
        query=str(request.url.remove_query_params("before").query),
    )
