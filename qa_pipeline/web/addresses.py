"""Addresses within the app, and none outside: where a form may send its browser on to."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def own_address(to: str, otherwise: str = "/") -> str:
    """An address of this app as it was given, if it is one. Browsers read `//host` and `/\\host` as other sites."""
    parts = urlsplit(to)
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return to if is_ours and to.isprintable() and "\\" not in to else otherwise


def came_from(request: Request) -> str | None:
    """The page of ours that led to one; None where it is not known, or is the same one."""
    came = urlsplit(request.headers.get("referer", ""))
    is_ours = came.netloc == request.url.netloc and came.path != request.url.path
    return own_address(f"{came.path}?{came.query}" if came.query else came.path, "") or None if is_ours else None
