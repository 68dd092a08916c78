"""Recordings that play in several calls: what was found by repetition, to be marked or to be given back to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.results.versions import official_rubrics
from qa_pipeline.review.decisions import Announcement
from qa_pipeline.review.record import ASKED, noted
from qa_pipeline.review.rule import may
from qa_pipeline.running.corrections import Marked, mark_announcements, marked_announcements, refuse_announcement
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.jobs import Job, Tell
from qa_pipeline.settings import Settings
from qa_pipeline.web.render import render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked
from qa_pipeline.web.working import AtWork, answer, owner_of, shows

# Who reads the words of all calls: a recording is found in whichever have it.
READERS = frozenset({Role.REVIEWER, Role.TRAINER})
section = Section("announcements")


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRight:
    """What came of marking or giving back. `failed`: calls that could not be scored again."""

    calls: int
    failed: int


@section.get("/announcements", needs=READERS, way=marked("Announcements"))
def show_announcements(request: Request, who: Who) -> Response:
    """What may be asked for."""
    return render(request, who, "announcements.html")


@section.post("/announcements/marked", needs=READERS)
def list_marked(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork) -> Response:
    """List what is marked."""
    noted(desk, who.viewer, ASKED, "announcements that are marked")
    return answer(request, who, jobs.start(owner_of(who), "marked", _marked, settings))


@section.post("/announcements/found", needs=READERS)
def look_for_more(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork) -> Response:
    """Compare the newest calls with each other; nothing is marked yet."""
    noted(desk, who.viewer, ASKED, "announcements that are found")
    return answer(request, who, jobs.start(owner_of(who), "found", _find, settings))


@section.post("/announcements/mark", needs=READERS)
def mark(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork) -> Response:
    """Mark all that is found, and score those calls again."""
    noted(desk, who.viewer, ASKED, "announcements to be marked")
    return answer(request, who, jobs.start(owner_of(who), "put-right", _mark, settings))


@section.post("/announcements/refuse/{call_id}", needs=READERS, matter=Matter.WORDS)
def give_back(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork, call_id: str) -> Response:
    """Say that a person speaks what is marked in a call: there and wherever it was found."""
    line = find_call(desk.engine, who.viewer, call_id, matter=Matter.DECISIONS)
    if not may(who.viewer, line, Announcement):
        raise AccessRefused(f"{who.viewer.name} may not decide this about {call_id}.", advice="Of their own calls somebody else decides.")
    return answer(request, who, jobs.start(owner_of(who), "put-right", _refuse, settings, call_id, who.viewer.name))


@shows("marked")
def _list(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "announcements_marked.html", {"marked": job.result}


@shows("found")
def _found(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "announcements_found.html", {"found": job.result}


@shows("put-right")
def _put_right(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "announcements_done.html", {"done": job.result}


def _marked(tell: Tell, settings: Settings) -> tuple[Marked, ...]:
    return marked_announcements(open_store(settings))


def _find(tell: Tell, settings: Settings) -> dict[str, int]:
    recorded = mark_announcements(open_store(settings), settings, {}, is_dry_run=True)
    return {text: len(calls) for text, calls in recorded.calls.items()}


def _mark(tell: Tell, settings: Settings) -> PutRight:
    store = open_store(settings)
    recorded = mark_announcements(store, settings, official_rubrics(settings.rubrics, store)[0])
    return PutRight(calls=recorded.changed, failed=recorded.failed)


def _refuse(tell: Tell, settings: Settings, call_id: str, author: str | None) -> PutRight:
    store = open_store(settings)
    refused = refuse_announcement(store, settings, official_rubrics(settings.rubrics, store)[0], call_id, author=author)
    return PutRight(calls=len(refused.calls), failed=refused.failed)
