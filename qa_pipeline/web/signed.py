"""Who is signed in at the browser that asks, and whether a form comes from one of our own pages.

`Who` is somebody signed in, `MaybeWho` somebody or None, `AtDesk` the desk: types of a route's parameters.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from starlette.datastructures import UploadFile

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.people import Account
from qa_pipeline.review.preferences import Preferences
from qa_pipeline.review.sessions import read_session
from qa_pipeline.settings import Settings
from qa_pipeline.web.translations import Texts, language_asked, texts

COOKIE = "qa_session"
FORM_COOKIE = "qa_form"
"""Of whoever is not signed in yet: what their forms carry."""
FORM_FIELD = "csrf"
FORM_HEADER = "X-CSRF-Token"
_NEVER_SENT_BACK = frozenset((FORM_FIELD, "passphrase", "old", "again"))
_MOST_TYPED = 100_000


class NotSignedIn(AccessRefused):
    """Whoever asks has to sign in first."""

    def __init__(self) -> None:
        super().__init__("Nobody is signed in.", advice="Sign in, then ask again.")


class FormRefused(AccessRefused):
    """A form that is not one of our pages' own, or of a session that has ended."""

    def __init__(self) -> None:
        super().__init__(
            "The form is of another page, or of a session that has ended.", advice="Go back, load the page again, and send it once more."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Somebody signed in. `csrf`: what their forms carry; `zone`, `texts`: how times and pages are shown to them."""

    account: Account
    viewer: Viewer
    csrf: str
    preferences: Preferences
    zone: ZoneInfo
    texts: Texts

    @property
    def language(self) -> str:
        """Code of the language that their pages are in."""
        return self.texts.language

    def gettext(self, text: str) -> str:
        """A text of the pages in their language."""
        return self.texts.gettext(text)

    def local(self, at: datetime) -> datetime:
        """A time by their clock."""
        return at.astimezone(self.zone)


def signed(request: Request) -> Signed | None:
    """Who is signed in; None: nobody. Looked up once for a request."""
    if not hasattr(request.state, "signed"):
        request.state.signed = _look_up(request)
    found: Signed | None = request.state.signed
    return found


def signed_in(asking: Annotated[Signed | None, Depends(signed)]) -> Signed:
    """Who is signed in. Raises NotSignedIn."""
    if asking is None:
        raise NotSignedIn
    return asking


def desk_of(request: Request) -> Desk:
    """The desk that the app is over."""
    desk: Desk = request.app.state.desk
    return desk


def settings_of(request: Request) -> Settings:
    """The settings that the app was started with."""
    settings: Settings = request.app.state.settings
    return settings


Who = Annotated[Signed, Depends(signed_in)]
MaybeWho = Annotated[Signed | None, Depends(signed)]
AtDesk = Annotated[Desk, Depends(desk_of)]
Chosen = Annotated[Settings, Depends(settings_of)]


async def check_form(request: Request, asking: Signed | None) -> None:
    """Refuse a form that another site made somebody send. Raises FormRefused.

    Browsers say where a request comes from; and the form carries what only our own page for this browser could know.
    """
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormRefused
    if origin not in (None, "null") and urlsplit(origin).netloc != request.url.netloc:
        raise FormRefused
    wanted = asking.csrf if asking is not None else read_cookie(request, FORM_COOKIE) or ""
    form = await request.form()
    given: str | UploadFile | None = request.headers.get(FORM_HEADER)
    if given is None:
        given = form.get(FORM_FIELD)
    if not wanted or not isinstance(given, str) or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise FormRefused
    request.state.typed = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in _NEVER_SENT_BACK]


def typed_in(request: Request) -> Sequence[tuple[str, str]]:
    """What a form of ours brought, without secrets: for a page that refuses it, so that nothing has to be typed again. Empty of what is too long to send back."""
    found: Sequence[tuple[str, str]] = getattr(request.state, "typed", ())
    return found if sum(len(value) for _, value in found) <= _MOST_TYPED else ()


def form_token(request: Request, asking: Signed | None) -> tuple[str, Callable[[Response], None]]:
    """What a page's forms carry, and what is to be done to the page's answer for it."""
    if asking is not None:
        return asking.csrf, lambda _: None
    token = read_cookie(request, FORM_COOKIE) or secrets.token_urlsafe(32)
    return token, lambda response: set_cookie(request, response, FORM_COOKIE, token)


def read_cookie(request: Request, name: str) -> str | None:
    """What `set_cookie` set."""
    return request.cookies.get(_named(request, name))


def delete_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(_named(request, name), path="/", secure=_is_secure(request))


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: float | None = None) -> None:
    """Set a cookie that scripts do not see, that other sites do not send, and that only goes over HTTPS where the page came by it."""
    response.set_cookie(
        _named(request, name),
        value,
        max_age=None if seconds is None else int(seconds),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
        path="/",
    )


def _named(request: Request, name: str) -> str:
    # Browsers take a cookie of such a name only over HTTPS and from this very host: no other host of the house can plant one.
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _look_up(request: Request) -> Signed | None:
    desk, settings = desk_of(request), settings_of(request)
    session = read_session(desk.engine, read_cookie(request, COOKIE), idle_minutes=settings.session_idle_minutes)
    if session is None:
        return None
    chosen = session.preferences
    return Signed(
        account=session.account,
        viewer=session.viewer,
        csrf=session.csrf,
        preferences=chosen,
        zone=ZoneInfo(chosen.zone or settings.timezone),
        texts=texts(chosen.language or language_asked(request.headers.get("accept-language"))),
    )
