"""Signing in and out, and the one-time links by which somebody chooses a passphrase."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused, NotThere
from qa_pipeline.review.invitations import read_link, use_link
from qa_pipeline.review.passphrases import SHORTEST, PassphraseRefused, SignInRefused, sign_in
from qa_pipeline.review.sessions import begin_session, end_session, end_sessions
from qa_pipeline.review.sign_on import SignOnRefused
from qa_pipeline.web.addresses import own_address
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import OPEN, SIGNED_IN, Section
from qa_pipeline.web.signed import COOKIE, AtDesk, MaybeWho, Who, delete_cookie, read_cookie, set_cookie

section = Section("sign_in", examples={"secret": lambda _, __: "none"})


@section.get("/sign-in", needs=OPEN)
def show_sign_in(request: Request, who: MaybeWho, next: str = "/") -> Response:
    """The form; who is signed in already goes on."""
    if who is not None:
        return redirect(own_address(next))
    return _form(request, to=own_address(next))


@section.post("/sign-in", needs=OPEN)
def enter(
    request: Request,
    desk: AtDesk,
    name: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session, or say that name and passphrase do not fit."""
    count_try(request)
    try:
        account = sign_in(desk.engine, name.strip(), passphrase)
    except SignInRefused:
        return _form(request, to=own_address(next), name=name, refused="passphrase")
    return begin(request, account.account, to=own_address(next))


def show_refused(request: Request, refused: SignOnRefused) -> Response:
    """The form again, saying why single sign-on led to no session."""
    return _form(request, to="/", refused=refused.why)


def _form(request: Request, *, to: str, name: str = "", refused: str | None = None) -> Response:
    has_sign_on = request.app.state.provider is not None
    return render(
        request,
        None,
        "sign_in.html",
        status=403 if refused else 200,
        name=name,
        to=to,
        refused=refused,
        has_sign_on=has_sign_on,
    )


def begin(request: Request, account: int, *, to: str) -> Response:
    """Begin a session of an account at the browser that asks, and go on."""
    settings, desk = request.app.state.settings, request.app.state.desk
    token = begin_session(desk.engine, account, hours=settings.session_hours, instead_of=read_cookie(request, COOKIE))
    response = redirect(to)
    set_cookie(request, response, COOKIE, token, seconds=settings.session_hours * 3600)
    return response


@section.post("/sign-out", needs=SIGNED_IN)
def leave(request: Request, who: Who, desk: AtDesk, everywhere: Annotated[bool, Form()] = False) -> Response:
    """End the session, or all that they have."""
    if everywhere:
        end_sessions(desk.engine, who.account.account)
    else:
        end_session(desk.engine, read_cookie(request, COOKIE) or "")
    response = redirect("/sign-in")
    delete_cookie(request, response, COOKIE)
    # Pages are in no store (protection.py); what their scripts keep goes too.
    response.headers["clear-site-data"] = '"storage"'
    return response


@section.get("/link/{secret}", needs=OPEN)
def show_link(request: Request, desk: AtDesk, secret: str) -> Response:
    """The form to choose a passphrase by, of whoever has a one-time link."""
    return render(request, None, "link.html", link=read_link(desk.engine, secret), secret=secret, name="", refused=None, shortest=SHORTEST)


@section.post("/link/{secret}", needs=OPEN)
def follow_link(
    request: Request,
    desk: AtDesk,
    secret: str,
    name: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Give the account its passphrase, and begin a session."""
    count_try(request)
    link = read_link(desk.engine, secret)
    refused = "differs"
    if passphrase == again:
        try:
            account = use_link(desk.engine, secret, passphrase, name=name)
        except PassphraseRefused as error:
            refused = error.why
        except NotThere:
            raise
        except InputRefused:
            refused = "name"
        else:
            return begin(request, account.account, to="/")
    return render(request, None, "link.html", status=400, link=link, secret=secret, name=name, refused=refused, shortest=SHORTEST)


def count_try(request: Request) -> None:
    """Count a try of whoever asks. Raises TooMany."""
    request.app.state.tries.count(request.client.host if request.client else "")
