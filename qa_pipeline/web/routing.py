"""Routes that say who may use them: one that does not cannot be written.

`needs` is a matter of reading/viewer.py (who sees some of it), a role, several roles, SIGNED_IN or OPEN. A route with `{call_id}` in its path is also
kept from whoever may not see that call: it is then told as one that is not there, whatever the route does. `matrix` lists what holds for each route;
tests/web/test_authorization.py walks it, with the values that a section's `examples` give for what else stands in a path.

    section = Section("queue")

    @section.get("/queue", needs=Matter.WORDS, way=marked("Queue"))
    def show(request: Request, who: Who, desk: AtDesk) -> Response: ...

`way` puts the page into the navigation of everybody who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from qa_pipeline.errors import AccessRefused
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import RULE, Matter, Role, Scope
from qa_pipeline.review.desk import Desk
from qa_pipeline.web.signed import NotSignedIn, Signed, check_form, signed

Answering = TypeVar("Answering", bound=Callable[..., Any])
Example = Callable[[Desk, CallLine], str]
"""A value for a part of a path, for a call that the route is tried with."""


class Open(Enum):
    """Rules that ask for no role."""

    OPEN = "anybody"
    SIGNED_IN = "whoever is signed in"


OPEN, SIGNED_IN = Open.OPEN, Open.SIGNED_IN
Needs = Matter | Role | frozenset[Role] | Open
_PARTS = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for a route. `matter`: what of a call in its path somebody must see; None where there is no call in it."""

    method: str
    path: str
    needs: Needs
    matter: Matter | None
    section: str
    way: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """What stands in its path for something else."""
        return tuple(_PARTS.findall(self.path))

    def admits(self, roles: Iterable[Role] | None) -> bool:
        """Whether somebody with these roles may use it at all; None: who is not signed in."""
        if self.needs is OPEN:
            return True
        if roles is None:
            return False
        return self.needs is SIGNED_IN or _fits(self.needs, frozenset(roles))


class Section:
    """The routes of one part of the app. `by_form`: whether what changes something carries the token of the session's forms."""

    def __init__(
        self,
        name: str,
        *,
        prefix: str = "",
        who: Callable[..., Any] = signed,
        by_form: bool = True,
        examples: Mapping[str, Example] | None = None,
    ) -> None:
        self.name = name
        self.router = APIRouter(prefix=prefix)
        self.rules: list[Rule] = []
        self.examples = dict(examples or {})
        self._who = who
        self._by_form = by_form

    def get(
        self, path: str, *, needs: Needs, matter: Matter | None = None, way: str | None = None, **options: Any
    ) -> Callable[[Answering], Answering]:
        """A page. `matter`: of a call in the path; by default what `needs` says, else its score. `options`: of FastAPI's route."""
        return self._route(("GET", "HEAD"), path, needs, matter, options, way)

    def post(self, path: str, *, needs: Needs, matter: Matter | None = None, **options: Any) -> Callable[[Answering], Answering]:
        """Something that changes what is stored; otherwise like `get`."""
        return self._route(("POST",), path, needs, matter, options)

    def delete(self, path: str, *, needs: Needs, matter: Matter | None = None, **options: Any) -> Callable[[Answering], Answering]:
        """The same for what goes, of interfaces that programs use."""
        return self._route(("DELETE",), path, needs, matter, options)

    def _route(
        self, methods: tuple[str, ...], path: str, needs: Needs, matter: Matter | None, options: dict[str, Any], way: str | None = None
    ) -> Callable[[Answering], Answering]:
        if "call_id" not in _PARTS.findall(path):
            matter = None
        elif matter is None:
            matter = needs if isinstance(needs, Matter) else Matter.SCORE
        rule = Rule(method=methods[0], path=self.router.prefix + path, needs=needs, matter=matter, section=self.name, way=way)
        self.rules.append(rule)
        kept = [Depends(_keeper(rule, self._who, is_form=self._by_form and methods == ("POST",)))]

        def register(answer: Answering) -> Answering:
            self.router.add_api_route(
                path, answer, methods=list(methods), dependencies=[*kept, *options.pop("dependencies", ())], **options
            )
            return answer

        options.setdefault("response_model", None)
        return register


def matrix(app: FastAPI) -> tuple[Rule, ...]:
    """What holds for each route of the app."""
    return tuple(rule for section in app.state.sections for rule in section.rules)


def examples(app: FastAPI) -> dict[str, Example]:
    """Values for parts of paths, by their names."""
    return {name: example for section in app.state.sections for name, example in section.examples.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A page in somebody's navigation. `text`: in their language."""

    path: str
    text: str
    is_here: bool


def ways(app: FastAPI, who: Signed | None, here: str) -> tuple[Way, ...]:
    """The pages that somebody is shown the way to, in the order of the sections."""
    if who is None:
        return ()
    shown = [(rule.path, rule.way) for rule in matrix(app) if rule.way is not None and rule.admits(who.viewer.roles)]
    # Of two that a page may belong to, it belongs to the one that is told more exactly.
    nearest = max((path for path, _ in shown if here == path or here.startswith(f"{path}/")), key=len, default=None)
    return tuple(Way(path=path, text=who.gettext(text), is_here=path == nearest) for path, text in shown)


def _found(request: Request) -> CallLine:
    line: CallLine = request.state.line
    return line


Found = Annotated[CallLine, Depends(_found)]
"""Of a route with a call in its path: the call's line, as it was found before the route was let in, to whom its `matter` is shown."""


def _fits(needs: Needs, roles: frozenset[Role]) -> bool:
    if isinstance(needs, Matter):
        return any(RULE[role].get(needs, Scope.NONE) is not Scope.NONE for role in roles)
    return bool(roles & (needs if isinstance(needs, frozenset) else {needs}))


def _keeper(rule: Rule, who: Callable[..., Any], *, is_form: bool) -> Callable[..., Any]:
    """What stands before a route: who is not signed in, has not the role, does not see the call, or brings a form of another page, is turned away."""

    looked_up = Depends(who)

    async def keep(request: Request, asking: Signed | None = looked_up) -> None:
        if asking is None and rule.needs is not OPEN:
            raise NotSignedIn
        if is_form:
            await check_form(request, asking)
        if asking is None or rule.needs is OPEN:
            return
        if not rule.admits(asking.viewer.roles):
            raise AccessRefused(f"This page is not for {asking.viewer.name}.", advice="Ask an operator for the role that it is for.")
        if rule.matter is not None:
            desk: Desk = request.app.state.desk
            request.state.line = await run_in_threadpool(
                find_call, desk.engine, asking.viewer, request.path_params["call_id"], matter=rule.matter
            )

    return keep
