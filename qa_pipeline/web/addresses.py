"""Addresses within the app, and none outside: where a form may send its browser on to."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.routing import Match


def own_address(to: str, otherwise: str = "/") -> str:
    """An address of this app as it was given, if it is one. Browsers read `//host` and `/\\host` as other sites."""
    parts = urlsplit(to)
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return to if is_ours and to.isprintable() and "\\" not in to else otherwise


def came_from(request: Request) -> str | None:
    """The page of ours that led to one; None where it is not known, is the same one, or a one-time link."""
    came = asked_from(request)
    return None if came is None or urlsplit(came).path == request.url.path else came


def asked_from(request: Request) -> str | None:
    """The page of ours that a form was sent from, or that a part of was asked for; None where it is not known, or is a one-time link."""
    came = urlsplit(request.headers.get("referer", ""))
    is_ours = came.netloc == request.url.netloc and _is_page(request, came.path)
    return own_address(f"{came.path}?{came.query}" if came.query else came.path, "") or None if is_ours else None


def _is_page(request: Request, path: str) -> bool:
    # What a browser says of where it came from is anybody's text: only an address that the app knows goes into a page.
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return not path.startswith("/link/") and any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)
