"""Work that pages start and do not wait for: how far it is, what came of it, and stopping it. What is done is running/jobs.py's to say.

A section says how it shows what came of its work: `@shows("cases")` for jobs whose name begins so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from qa_pipeline.errors import QaError
from qa_pipeline.running.jobs import Job, Jobs, State
from qa_pipeline.web.fault_texts import fault_told
from qa_pipeline.web.refusals import told
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import SIGNED_IN, Section
from qa_pipeline.web.signed import Signed, Who

section = Section("working", examples={"work": lambda desk, line: "0"})
Shown = Callable[[Request, Signed, Job], tuple[str, dict[str, Any]]]
"""The template of a part of a page, and its values."""
_SHOWN: dict[str, Shown] = {}


def jobs_of(request: Request) -> Jobs:
    """The jobs of the app."""
    jobs: Jobs = request.app.state.jobs
    return jobs


AtWork = Annotated[Jobs, Depends(jobs_of)]


def shows(kind: str) -> Callable[[Shown], Shown]:
    """Say how what came of a kind of work is shown."""

    def register(shown: Shown) -> Shown:
        _SHOWN[kind] = shown
        return shown

    return register


def owner_of(who: Signed) -> str:
    """By whom jobs are known."""
    return str(who.account.account)


def answer(request: Request, who: Signed, job: Job) -> Response:
    """A job to who has just started it: as a part of the page, or the way to a page of its own."""
    return _part(request, who, job) if request.headers.get("hx-request") else redirect(f"/work/{job.number}")


@section.get("/work/{work}", needs=SIGNED_IN)
def look(request: Request, who: Who, jobs: AtWork, work: str) -> Response:
    """How somebody's job stands."""
    job = jobs.look(owner_of(who), work)
    if request.headers.get("hx-request"):
        return _part(request, who, job)
    template, values = _shown(request, who, job)
    return render(request, who, "work.html", job=job, part=template, **values)


@section.post("/work/{work}/stop", needs=SIGNED_IN)
def stop(request: Request, who: Who, jobs: AtWork, work: str) -> Response:
    """Stop it."""
    return answer(request, who, jobs.stop(owner_of(who), work))


def _part(request: Request, who: Signed, job: Job) -> Response:
    template, values = _shown(request, who, job)
    return render(request, who, template, job=job, **values)


def _shown(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    if job.state is not State.DONE:
        refused = told(who.texts, QaError(job.message, advice=job.advice), who.zone)
        return "work_part.html", {"told": refused, "faults": [fault_told(who.texts, fault) for fault in job.faults]}
    return _SHOWN[job.name.split(" ", 1)[0]](request, who, job)
