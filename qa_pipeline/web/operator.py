"""The operator's pages: nights and what failed in them, with another try; room and models; accounts and teams."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.asking import FrozenRow
from qa_pipeline.reading.log import version_of
from qa_pipeline.reading.runs import list_failures, list_runs
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.results.lease import Claims
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.invitations import Purpose, make_link
from qa_pipeline.review.people import (
    activate,
    add_account,
    add_member,
    add_team,
    allow_names,
    deactivate,
    end_membership,
    list_accounts,
    list_members,
    list_teams,
    rename_team,
    set_roles,
)
from qa_pipeline.running.jobs import Job
from qa_pipeline.running.retry import Failed, retry
from qa_pipeline.running.upkeep import check_models, models_at_hand, room
from qa_pipeline.settings import Settings
from qa_pipeline.web.choosing import read_day
from qa_pipeline.web.fields import Skipped
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked
from qa_pipeline.web.working import AtWork, answer, owner_of, shows

section = Section("operator", examples={"account_name": lambda desk, line: "mei", "team_name": lambda desk, line: "north"})
_FAILURES = 200
Rows = tuple[FrozenRow, ...]


@section.get("/operator", needs=Matter.RUNS, way=marked("Nights"))
def show_nights(request: Request, who: Who, desk: AtDesk, settings: Chosen, skip: Skipped = 0) -> Response:
    """The last runs, what failed, and what works now."""
    runs, failures = _nights(request, who, desk)
    return render(
        request,
        who,
        "operator.html",
        runs=runs,
        failures=failures[skip : skip + _FAILURES],
        skip=skip,
        size=_FAILURES,
        count=len(failures),
        working=list(Claims(desk.store.root, "").living()),
        models=models_at_hand(settings),
        prefect=settings.prefect_pages,
    )


def _nights(request: Request, who: Signed, desk: Desk) -> tuple[Rows, Rows]:
    """Runs and failures: asked of the tables when something was committed since they were asked last, else as they were."""
    versions = tuple(version_of(desk.store, name) for name in ("runs", "failures", "calls", "scores"))
    who.viewer.require(Matter.RUNS)
    kept: tuple[tuple[int, ...], tuple[Rows, Rows]] | None = getattr(request.app.state, "nights", None)
    if kept is None or kept[0] != versions:
        kept = versions, (list_runs(desk.store, who.viewer), list_failures(desk.store, who.viewer))
        request.app.state.nights = kept
    return kept[1]


@section.get("/operator/room", needs=Matter.RUNS)
def show_room(request: Request, who: Who, settings: Chosen) -> Response:
    """What takes room: a part of the page, measured when it is looked at."""
    return render(request, who, "operator_room.html", room=room(settings), least=settings.min_free_gb)


@section.post("/operator/retry", needs=Role.OPERATOR)
def try_again(
    request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork, source: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Try failures again that were chosen."""
    wanted = set(source or ())
    chosen = [
        Failed(source_uri=row["source_uri"], call_id=row["call_id"], stage=row["stage"])
        for row in list_failures(desk.store, who.viewer)
        if row["source_uri"] in wanted
    ]
    if not chosen:
        raise InputRefused("Nothing is chosen that still failed.", advice="Choose failures of the list.")
    return answer(request, who, jobs.start(owner_of(who), "retry", retry, settings, chosen))


@shows("retry")
def _retried(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "operator_retried.html", {"retried": job.result}


@section.post("/operator/models", needs=Role.OPERATOR)
def read_models(request: Request, who: Who, settings: Chosen, jobs: AtWork) -> Response:
    """Read every file of the models and hold it against its hash."""
    return answer(request, who, jobs.start(owner_of(who), "models", check_models, settings))


@shows("models")
def _models(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "operator_models.html", {"models": job.result}


# --- accounts and teams -----------------------------------------------------------------------------------------------------------------


@section.get("/accounts", needs=Role.OPERATOR, way=marked("Accounts"))
def show_accounts(request: Request, who: Who, desk: AtDesk) -> Response:
    """Who may work here, and the teams."""
    return _accounts(request, who, desk)


@section.post("/accounts", needs=Role.OPERATOR)
def make_account(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    name: Annotated[str, Form()] = "",
    display_name: Annotated[str, Form()] = "",
    roles: Annotated[list[str] | None, Form()] = None,
    agent_ids: Annotated[str, Form()] = "",
) -> Response:
    """Make an account, and the link by which its owner gives it a passphrase."""
    try:
        if not roles:
            raise InputRefused("No role is chosen.", advice="Tick what the person does: without a role no page opens.")
        made = add_account(
            desk.engine, name, roles=_roles(roles), agent_ids=agent_ids.split(), display_name=display_name.strip() or None, by=who.viewer
        )
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    secret = make_link(desk.engine, made.name, Purpose.INVITATION, by=who.viewer)
    return _accounts(request, who, desk, link=_address(request, settings, secret), link_of=made.name)


@section.post("/accounts/{account_name}/link", needs=Role.OPERATOR)
def link_account(
    request: Request, who: Who, desk: AtDesk, settings: Chosen, account_name: str, purpose: Annotated[str, Form()] = "reset"
) -> Response:
    """Make a link by which somebody gives their account a passphrase: shown this once."""
    try:
        secret = make_link(desk.engine, account_name, Purpose.RESET if purpose == "reset" else Purpose.INVITATION, by=who.viewer)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return _accounts(request, who, desk, link=_address(request, settings, secret), link_of=account_name)


@section.post("/accounts/{account_name}", needs=Role.OPERATOR)
def change_account(
    request: Request,
    who: Who,
    desk: AtDesk,
    account_name: str,
    roles: Annotated[list[str] | None, Form()] = None,
    agent_ids: Annotated[str, Form()] = "",
    sees_names: Annotated[bool, Form()] = False,
    is_active: Annotated[bool, Form()] = False,
) -> Response:
    """Give an account other roles and agents, let a trainer see names, end it or let it work again."""
    try:
        if account_name == who.account.name and (Role.OPERATOR.value not in (roles or ()) or not is_active):
            raise InputRefused("That would take your own account away from you.", advice="Let another operator do it.")
        before = next((one for one in list_accounts(desk.engine) if one.name == account_name), None)
        changed = set_roles(desk.engine, account_name, roles=_roles(roles), agent_ids=agent_ids.split(), by=who.viewer)
        if before is not None and before.sees_names != sees_names:
            allow_names(desk.engine, account_name, may=sees_names, by=who.viewer)
        if changed.is_active and not is_active:
            deactivate(desk.engine, account_name, by=who.viewer)
        if is_active and not changed.is_active:
            activate(desk.engine, account_name, by=who.viewer)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return redirect("/accounts")


@section.post("/teams", needs=Role.OPERATOR)
def make_team(request: Request, who: Who, desk: AtDesk, name: Annotated[str, Form()] = "") -> Response:
    """Make a team by the name that its calls' metadata have."""
    try:
        if not name.strip():
            raise InputRefused("A team needs a name.", advice="Give the name that the metadata of its calls have.")
        add_team(desk.engine, name.strip(), by=who.viewer)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return redirect("/accounts#teams")


@section.post("/teams/{team_name}/rename", needs=Role.OPERATOR)
def rename(
    request: Request, who: Who, desk: AtDesk, team_name: str, name: Annotated[str, Form()] = "", first: Annotated[str, Form()] = ""
) -> Response:
    """Call a team otherwise from a day on."""
    try:
        rename_team(desk.engine, team_name, name.strip(), first=read_day(first), by=who.viewer)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return redirect("/accounts#teams")


@section.post("/teams/{team_name}/members", needs=Role.OPERATOR)
def put_into_team(
    request: Request,
    who: Who,
    desk: AtDesk,
    team_name: str,
    agent_id: Annotated[str, Form()] = "",
    supervisor: Annotated[str, Form()] = "",
    first: Annotated[str, Form()] = "",
    last: Annotated[str, Form()] = "",
) -> Response:
    """Put an agent into a team, or let a supervisor lead it, from day to day."""
    try:
        days = {"first": read_day(first) if first else None, "last": read_day(last) if last else None}
        add_member(desk.engine, team_name, agent_id=agent_id.strip() or None, supervisor=supervisor or None, by=who.viewer, **days)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return redirect("/accounts#teams")


@section.post("/teams/{team_name}/leave", needs=Role.OPERATOR)
def take_out_of_team(
    request: Request, who: Who, desk: AtDesk, team_name: str, member: Annotated[str, Form()] = "", last: Annotated[str, Form()] = ""
) -> Response:
    """Let somebody leave a team after a day."""
    try:
        end_membership(desk.engine, team_name, member, last=read_day(last), by=who.viewer)
    except InputRefused as error:
        return _accounts(request, who, desk, refused=error)
    return redirect("/accounts#teams")


def _accounts(
    request: Request, who: Signed, desk: AtDesk, *, refused: InputRefused | None = None, link: str | None = None, link_of: str | None = None
) -> Response:
    accounts = list_accounts(desk.engine)
    return render(
        request,
        who,
        "operator_accounts.html",
        status=400 if refused else 200,
        accounts=accounts,
        roles=list(Role),
        teams=list_teams(desk.engine),
        members=list_members(desk.engine),
        supervisors=[account.name for account in accounts if Role.SUPERVISOR in account.roles and account.is_active],
        refused=refused,
        link=link,
        link_of=link_of,
    )


def _roles(names: list[str] | None) -> list[Role]:
    unknown = sorted(set(names or ()) - set(Role))
    if unknown:
        raise InputRefused(f"No role is called {', '.join(unknown)}.", advice=f"There are: {', '.join(Role)}.")
    return [Role(name) for name in names or ()]


def _address(request: Request, settings: Settings, secret: str) -> str:
    """Where a link leads: to the address that was set, else to that by which its maker is here."""
    is_set = settings.web_address != Settings.model_fields["web_address"].default
    address = settings.web_address if is_set else str(request.base_url)
    return f"{address.rstrip('/')}/link/{secret}"
