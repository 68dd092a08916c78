"""Where somebody comes to first, and what they prefer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.review.passphrases import SHORTEST, PassphraseRefused, SignInRefused, change_passphrase, has_passphrase
from qa_pipeline.review.preferences import THEMES, Preferences, keep_preferences
from qa_pipeline.review.sessions import list_sessions
from qa_pipeline.web.addresses import own_address
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import SIGNED_IN, Section, ways
from qa_pipeline.web.sign_in import begin, count_try
from qa_pipeline.web.signed import COOKIE, AtDesk, Chosen, Who, read_cookie
from qa_pipeline.web.translations import page_languages

section = Section("start")


@section.get("/", needs=SIGNED_IN)
def start(request: Request, who: Who) -> Response:
    """The first page of somebody's roles."""
    own = ways(request.app, who, "/")
    return redirect(own[0].path) if own else render(request, who, "start.html")


@section.get("/preferences", needs=SIGNED_IN)
def show_preferences(request: Request, who: Who, desk: AtDesk, settings: Chosen) -> Response:
    """Language, zone and theme; the passphrase; where somebody is signed in."""
    return _page(request, who, desk, settings)


@section.post("/preferences", needs=SIGNED_IN)
def change_preferences(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    language: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
) -> Response:
    """Keep them; what is empty is as the browser, the settings or the machine have it."""
    if language and language not in page_languages():
        raise InputRefused(f"Pages are not shown in {language!r}.", advice=f"There are: {', '.join(page_languages())}.")
    try:
        keep_preferences(desk.engine, who.account.account, Preferences(language=language or None, zone=zone or None, theme=theme or None))
    except InputRefused as error:
        return _page(request, who, desk, settings, refused=error)
    return redirect("/preferences")


@section.post("/preferences/passphrase", needs=SIGNED_IN)
def change_own_passphrase(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    old: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Take another passphrase; every other browser is signed out."""
    count_try(request)
    wrong = "differs"
    if passphrase == again:
        try:
            change_passphrase(desk.engine, who.account, old, passphrase)
        except PassphraseRefused as error:
            wrong = error.why
        except SignInRefused:
            wrong = "old"
        else:
            return begin(request, who.account.account, to="/preferences")
    return _page(request, who, desk, settings, wrong=wrong)


@section.post("/preferences/theme", needs=SIGNED_IN)
def change_theme(who: Who, desk: AtDesk, theme: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/") -> Response:
    """Light or dark from any page, and back to it."""
    keep_preferences(desk.engine, who.account.account, replace(who.preferences, theme=theme or None))
    return redirect(own_address(back))


def _page(
    request: Request, who: Who, desk: AtDesk, settings: Chosen, *, refused: InputRefused | None = None, wrong: str | None = None
) -> Response:
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return render(
        request,
        who,
        "preferences.html",
        status=400 if refused or wrong else 200,
        refused=refused,
        themes=THEMES,
        zones=zones,
        chosen=who.preferences,
        has_passphrase=has_passphrase(desk.engine, who.account.account),
        wrong=wrong,
        shortest=SHORTEST,
        sessions=list_sessions(desk.engine, who.account.account, read_cookie(request, COOKIE), idle_minutes=settings.session_idle_minutes),
    )
