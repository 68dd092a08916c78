"""What every answer carries and every question must keep to: policies for the browser, the host's name, the size of what is sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa_pipeline.web.fields import as_count

# Chosen: a form of people is some kilobytes; a table of phrases that a trainer brings, a megabyte or two.
MOST_BYTES = 5_000_000


class Protection:
    """Around the whole app. `hosts`: names that it answers under; a leading `*.` stands for any part in front, `*` for all."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["style_nonce"] = nonce

        async def with_policies(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_policies(MutableHeaders(scope=message), nonce, is_secure=scope["scheme"] == "https", path=scope["path"])
            await send(message)

        if not self._is_ours(headers.get("host", "")):
            advice = "The app is not reached under this name. Add it to web_hosts in the settings.\n"
            await PlainTextResponse(advice, status_code=421)(scope, receive, with_policies)
            return
        length = as_count(headers.get("content-length", "0"))
        if length is None or length > MOST_BYTES:
            await PlainTextResponse("That is too much to be sent.\n", status_code=413)(scope, receive, with_policies)
            return
        seen = 0

        async def counted() -> Message:
            # A body that does not say beforehand how long it is: read no further than it may be.
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MOST_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, with_policies)

    def _is_ours(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name = name.rsplit(":", 1)[0] if ":" in name else name
        return any(allowed in ("*", name) or (allowed.startswith("*.") and name.endswith(allowed[1:])) for allowed in self._hosts)


def _add_policies(headers: MutableHeaders, nonce: str, *, is_secure: bool, path: str) -> None:
    """Scripts, styles, pictures and sound are ours alone; styles that a script of ours makes carry the page's number."""
    headers.setdefault(
        "content-security-policy",
        f"default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("cross-origin-resource-policy", "same-origin")
    headers.setdefault("permissions-policy", "camera=(), microphone=(), geolocation=()")
    # What callers said stays in no store on the way, and in none of the browser's.
    headers.setdefault("cache-control", "max-age=3600" if path.startswith("/static/") else "no-store")
    if is_secure:
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
