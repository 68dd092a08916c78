"""Programs that ask: by which token, how often, and how they are answered.

A token comes in `Authorization: Bearer …`. Somebody who is signed in at a browser may look at the same addresses with their session, so that the API can be
tried there; to change something by it a session has to bring the token of its forms.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.tokens import May, granted
from qa_pipeline.web.signed import FORM_HEADER, FormRefused, NotSignedIn, desk_of, settings_of, signed

_SAFE = ("GET", "HEAD")
_MINUTE = 60.0


class TooOften(AccessRefused):
    """A program that asks more often than it may. `seconds`: to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__("That is more than this token may ask in a minute.", advice=f"Wait {seconds:.0f} seconds.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Who asks. `may`: what their token is for; None: a person at a browser, who may what they may."""

    viewer: Viewer
    may: frozenset[May] | None


class Pace:
    """How often each token asked: a bucket that holds as many questions as a minute allows, and fills evenly."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._held: dict[int, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, token: int, now: float | None = None) -> None:
        """Take one question out. Raises TooOften."""
        at = time.monotonic() if now is None else now
        with self._lock:
            held, since = self._held.get(token, (self._most, at))
            held = min(self._most, held + (at - since) * self._most / _MINUTE)
            if held < 1.0:
                self._held[token] = (held, at)
                raise TooOften((1.0 - held) * _MINUTE / self._most)
            self._held[token] = (held - 1.0, at)


def program(request: Request) -> Program | None:
    """Who asks; None: nobody whom we know. Raises TooOften, FormRefused."""
    if not hasattr(request.state, "program"):
        request.state.program = _look_up(request)
    found: Program | None = request.state.program
    return found


def asking(found: Annotated[Program | None, Depends(program)]) -> Program:
    """Who asks. Raises NotSignedIn."""
    if found is None:
        raise NotSignedIn
    return found


Asking = Annotated[Program, Depends(asking)]


def scope(may: May) -> Callable[[Program], None]:
    """What stands before a route: a token that is not for it is turned away."""

    def check(found: Asking) -> None:
        if found.may is not None and may not in found.may:
            raise AccessRefused(f"This token is not for {may.value}.", advice="Ask an operator for one that is.")

    return check


def answer(request: Request, value: object, *, status: int = 200) -> Response:
    """A value as JSON, known by its ETag: who has it already is told only that it is the same."""
    body = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    given = request.headers.get("if-none-match", "")
    if (
        status == 200
        and request.method in _SAFE
        and (given.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(",")))
    ):
        return Response(status_code=304, headers=headers)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def problem(status: int, title: str, *, detail: str = "", advice: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """What went wrong, as RFC 9457 has it. `advice`: what to do."""
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, "advice": advice}
    body = json.dumps({name: value for name, value in told.items() if value != ""}, ensure_ascii=False).encode()
    return Response(body, status_code=status, media_type="application/problem+json", headers=dict(headers or {}))


def plain(value: object) -> Any:
    """A value as JSON has it: times in ISO 8601, sets in order."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(plain(one) for one in value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _look_up(request: Request) -> Program | None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = granted(desk_of(request).engine, secret.strip())
        if found is None:
            return None
        if not hasattr(request.app.state, "pace"):
            request.app.state.pace = Pace(settings_of(request).api_per_minute)
        request.app.state.pace.take(found.token.token)
        return Program(viewer=found.viewer, may=found.token.may)
    person = signed(request)
    if person is None:
        return None
    if request.method not in _SAFE and not hmac.compare_digest(request.headers.get(FORM_HEADER, "").encode(), person.csrf.encode()):
        raise FormRefused
    return Program(viewer=person.viewer, may=None)
