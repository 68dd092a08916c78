"""The app over a desk: its sections put together, with what protects them and what becomes of errors."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from qa_pipeline.errors import AccessRefused, Conflict, InputRefused, NotThere, QaError
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.record import note_refused
from qa_pipeline.review.sign_on import read_groups
from qa_pipeline.running.jobs import Jobs
from qa_pipeline.settings import Settings
from qa_pipeline.web import (
    access,
    agent,
    agreement,
    announcements,
    api,
    call,
    coaching,
    consent,
    disputes,
    lessons,
    operator,
    periods,
    queue,
    record,
    reports,
    sign_in,
    sign_on,
    sound,
    start,
    supervisor,
    trainer,
    working,
)
from qa_pipeline.web.addresses import asked_from, came_from
from qa_pipeline.web.programs import TooOften, problem
from qa_pipeline.web.protection import Protection
from qa_pipeline.web.provider import Provider
from qa_pipeline.web.refusals import told
from qa_pipeline.web.render import render, texts_for, zone_for
from qa_pipeline.web.signed import NotSignedIn, signed
from qa_pipeline.web.tries import TooMany, Tries

STATIC = Path(__file__).with_name("static")
# Pages worked on at once: more only take turns at one interpreter, and each waits for its turn a hundred times. Measured (benchmarks/RESULTS.md).
_THREADS = max(3, (os.cpu_count() or 1) + 1)
SECTIONS = (
    start.section,
    queue.section,
    call.section,
    sound.section,
    agent.section,
    # The first page that somebody's roles may open is where they begin: what is a role's own stands before what it shares.
    trainer.section,
    lessons.section,
    announcements.section,
    working.section,
    operator.section,
    supervisor.section,
    reports.section,
    disputes.section,
    coaching.section,
    periods.section,
    consent.section,
    agreement.section,
    record.section,
    access.section,
    api.section,
    sign_in.section,
    sign_on.section,
)
"""In the order of the navigation."""


def create_app(desk: Desk, settings: Settings, *, is_demo: bool = False) -> FastAPI:
    """The app over a desk. `is_demo`: its pages say that accounts and calls are made up."""
    jobs = Jobs()
    app = FastAPI(title="qa-pipeline", docs_url=None, redoc_url=None, openapi_url=None, lifespan=partial(_until_closed, jobs))
    app.state.desk = desk
    app.state.settings = settings
    app.state.is_demo = is_demo
    app.state.tries = Tries()
    app.state.jobs = jobs
    read_groups(settings.oidc_groups)
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    app.state.sections = SECTIONS
    for section in SECTIONS:
        app.include_router(section.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Protection, hosts=(*settings.web_hosts, urlsplit(settings.web_address).hostname or ""))
    app.add_exception_handler(QaError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_form)
    return app


@asynccontextmanager
async def _until_closed(jobs: Jobs, app: FastAPI) -> AsyncIterator[None]:
    """The app's own jobs end with the server; others that were put in their place are whoever's who put them there."""
    current_default_thread_limiter().total_tokens = _THREADS
    yield
    await run_in_threadpool(jobs.close)


def _status(error: Exception) -> int:
    kinds: tuple[tuple[type[QaError], int], ...] = (
        (NotThere, 404),
        (TooMany, 429),
        (AccessRefused, 403),
        (Conflict, 409),
        (InputRefused, 400),
    )
    return next((status for kind, status in kinds if isinstance(error, kind)), 503)


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _on_refusal(request: Request, error: Exception) -> Response:
    """An error of the library: told as a page, or as an object to programs; whoever is not signed in goes to sign in."""
    if not isinstance(error, QaError):
        raise error
    if isinstance(error, TooOften):
        return problem(429, error.message, advice=error.advice, headers={"retry-after": str(math.ceil(error.seconds))})
    if isinstance(error, NotSignedIn):
        if _wants_json(request):
            advice = "Send `Authorization: Bearer TOKEN`; an operator makes one on the page Programs."
            return problem(401, "No token that holds was sent.", advice=advice, headers={"www-authenticate": "Bearer"})
        to = _sign_in_at(request)
        if request.headers.get("hx-request"):
            # A part of a page cannot become the page to sign in at: the whole one goes there.
            return Response(status_code=401, headers={"hx-redirect": to})
        return Response(status_code=303, headers={"location": to})
    who = signed(request)
    if isinstance(error, AccessRefused) and who is not None:
        note_refused(request.app.state.desk, who.viewer, f"{request.method} {request.url.path}")
    if _wants_json(request):
        return problem(_status(error), error.message, advice=error.advice)
    said = told(texts_for(request, who), error, zone_for(request, who))
    return _tell(request, _status(error), said.message, said.advice)


def _sign_in_at(request: Request) -> str:
    """The page to sign in at, which leads back: to the page asked for, or to the one whose form was sent, which gives back what was typed there."""
    if request.method in ("GET", "HEAD") and not request.headers.get("hx-request"):
        to: str | None = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    else:
        to = asked_from(request)
    return "/sign-in" if to is None or to == "/" or to.startswith("/sign-in") else f"/sign-in?next={quote(to, safe='')}"


def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _tell(request, status, "", "")


def _on_form(request: Request, error: Exception) -> Response:
    """A form that lacks something, or has something that is none."""
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    faulty = "; ".join(f"{'.'.join(str(part) for part in fault['loc'][1:])}: {fault['msg']}" for fault in faults)
    return _tell(request, 422, faulty, "")


def _tell(request: Request, status: int, message: str, advice: str) -> Response:
    if _wants_json(request):
        return problem(status, message or HTTPStatus(status).phrase, advice=advice)
    return render(
        request, signed(request), "refused.html", status=status, code=status, message=message, advice=advice, back=came_from(request)
    )  # fmt: skip
