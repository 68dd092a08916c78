"""Single sign-on: to the provider and back."""

from __future__ import annotations

from fastapi import Request, Response

from qa_pipeline.review.sign_on import SignOnRefused, read_groups, sign_on
from qa_pipeline.web.addresses import own_address
from qa_pipeline.web.provider import PENDING_SECONDS, Provider
from qa_pipeline.web.render import redirect
from qa_pipeline.web.routing import OPEN, Section
from qa_pipeline.web.sign_in import begin, show_refused
from qa_pipeline.web.signed import AtDesk, Chosen, delete_cookie, read_cookie, set_cookie

section = Section("sign_on")
_COOKIE = "qa_sign_on"


@section.get("/sign-on", needs=OPEN)
def leave_for_provider(request: Request, next: str = "/") -> Response:
    """To the provider; where there is none, to the form."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        return redirect("/sign-in")
    address, pending = provider.begin(own_address(next))
    response = redirect(address)
    set_cookie(request, response, _COOKIE, provider.write_pending(pending), seconds=PENDING_SECONDS)
    return response


@section.get("/sign-on/back", needs=OPEN)
def come_back(request: Request, desk: AtDesk, settings: Chosen) -> Response:
    """Back from the provider: a session, or why there is none."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        return redirect("/sign-in")
    try:
        pending = provider.read_pending(read_cookie(request, _COOKIE))
        account = sign_on(desk.engine, provider.finish(pending, request.query_params), read_groups(settings.oidc_groups))
    except SignOnRefused as refused:
        response = show_refused(request, refused)
    else:
        response = begin(request, account.account, to=own_address(pending.to))
    delete_cookie(request, response, _COOKIE)
    return response
