"""What callers agreed to, and calls that are held back for want of it: whoever leads the team decides whether people may see them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response

from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.reading.consents import Ruled, State
from qa_pipeline.review.consent import MAY, list_register, rule
from qa_pipeline.review.record import look
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Who
from qa_pipeline.web.translations import marked

STATES = {
    State.GIVEN: marked("given"),
    State.REFUSED: marked("refused"),
    State.WITHDRAWN: marked("withdrawn"),
    State.ABSENT: marked("not asked for"),
    State.UNKNOWN: marked("could not be judged"),
}
RULED = {Ruled.RELEASED: marked("may be seen"), Ruled.HELD_BACK: marked("held back"), Ruled.WITHDRAWN: marked("withdrawn")}

section = Section("consent")


@section.get("/consent", needs=MAY, way=marked("Consent"))
def show_register(request: Request, who: Who, desk: AtDesk, only: str = "held", after: str | None = None) -> Response:
    """Calls that are held back, or all whose rubric asks for consent. What is shown of their words is a look at them."""
    return _page(request, who, desk, only=only, after=after)


@section.post("/consent", needs=MAY)
def decide(
    request: Request,
    who: Who,
    desk: AtDesk,
    # Not in the path: a call that is held back is seen by nobody, and its own pages are closed.
    call: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    only: Annotated[str, Form()] = "held",
) -> Response:
    """Decide about a call; it counts at once."""
    try:
        if kind not in set(Ruled):
            raise InputRefused("It is not said what is decided.", advice="Choose one of the buttons.")
        rule(desk, who.viewer, [call], Ruled(kind), reason=reason)
    except (InputRefused, NotThere, AccessRefused) as error:
        return _page(request, who, desk, only=only, refused=error)
    return redirect(f"/consent?only={'all' if only == 'all' else 'held'}")


def _page(
    request: Request,
    who: Who,
    desk: AtDesk,
    *,
    only: str,
    after: str | None = None,
    refused: InputRefused | NotThere | AccessRefused | None = None,
) -> Response:
    found = list_register(desk, who.viewer, only_held=only != "all", after=after)
    for one in found.entries:
        look(desk, who.viewer, one.call_id)
    return render(
        request,
        who,
        "consent.html",
        status=400 if refused else 200,
        entries=found.entries,
        after=found.after,
        only="all" if only == "all" else "held",
        states={state: who.gettext(text) for state, text in STATES.items()},
        ruled={kind: who.gettext(text) for kind, text in RULED.items()},
        refused=refused,
    )
