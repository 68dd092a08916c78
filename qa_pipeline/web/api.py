"""The JSON API, /api/v1: what the pages show, for other programs. docs/api.md tells how it is used; /api/v1/openapi.json what there is.

Questions go to reading/, decisions to review/decide.py, with the viewer of the token's account: nothing is seen here that is not seen on a page.

One module, though long: a route a question, each of them short, with the forms of what it takes and gives.
"""

from __future__ import annotations

import base64
import binascii
import json
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.privacy.rows import redact_call
from qa_pipeline.reading.asking import FrozenRow
from qa_pipeline.reading.call import OneCall as CallRead
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import MOST_ROWS, Key, Order, Wanted, page
from qa_pipeline.reading.runs import KeptRubric, list_rubrics, list_runs, read_rubric
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.figures import summarise_calls
from qa_pipeline.report.intervals import Estimate
from qa_pipeline.review.blindness import seen_by
from qa_pipeline.review.correcting import take_back
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import (
    Acknowledgement,
    Answer,
    Confirmation,
    Dispute,
    Note,
    Override,
    Ruling,
    What,
    as_row,
)
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveFinding, in_force
from qa_pipeline.review.record import look
from qa_pipeline.review.standing import decisions_about, known_decision, read_effective
from qa_pipeline.review.tokens import May
from qa_pipeline.review.trust import Trust, trust
from qa_pipeline.web.fields import Whole
from qa_pipeline.web.programs import Asking, answer, program, scope
from qa_pipeline.web.routing import SIGNED_IN, Found, Section
from qa_pipeline.web.signed import AtDesk, Chosen

PREFIX = "/api/v1"
_QUALITY = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER})
_DECIDING = frozenset({*_QUALITY, Role.AGENT})


def _rubric_example(desk: Desk, line: CallLine) -> str:
    return line.rubric_id or "none"


section = Section(
    "api",
    prefix=PREFIX,
    who=program,
    by_form=False,
    examples={"rubric_id": _rubric_example, "version": lambda desk, line: str(line.rubric_version)},
)


def _for(may: May) -> dict[str, Any]:
    return {"dependencies": [Depends(scope(may))], "tags": [may.value]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A page of calls. `next`: what `after` is for the page behind it; null at the end."""

    calls: list[CallLine]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A criterion of a call: what the program found, and what counts. `decided_by`: whose decision is in force; null where the program's stands."""

    criterion_id: str
    section_id: str
    program_outcome: Outcome
    program_answer: str | None
    program_points: float | None
    outcome: Outcome
    answer: str | None
    points: float | None
    certainty: float | None
    decision_id: str | None
    decided_by: str | None
    is_stale: bool
    is_disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCall:
    """A call whole, without its transcript: rows as docs/tables.md has them, and what people made of the score. `version`: of its decisions."""

    line: CallLine
    call: dict[str, Any]
    score: dict[str, Any] | None
    findings: list[dict[str, Any]]
    captures: list[dict[str, Any]]
    criteria: list[Criterion]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A line of counts: percents with their 95 % intervals, as the program scored and with what people decided."""

    key: dict[str, str]
    calls: int
    to_review: int
    decided: int
    passed: Estimate
    percent: Estimate
    effective_percent: Estimate | None
    critical: int
    effective_critical: int


class DecisionIn(BaseModel):
    """What is decided about a call. `expected_version`: of its decisions when it was looked at; who decided meanwhile is told in a 409."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["override", "confirmation", "answer", "note", "dispute", "ruling", "acknowledgement", "take_back"]
    criterion_id: str | None = None
    outcome: Outcome | None = None
    answer: str | None = None
    about: str | None = Field(None, description="ruling: the dispute; take_back: the decision")
    is_upheld: bool | None = None
    reason: str | None = Field(None, max_length=10_000)
    expected_version: Whole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a decision came to. Percents: as it counted and counts."""

    decision_id: str
    version: int
    percent_before: float | None
    percent: float | None
    critical_state: str | None
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which calls a list is of, and in which order."""

    wanted: Wanted
    order: Order


def _asked(
    since: Annotated[date | None, Query()] = None,
    until: Annotated[date | None, Query()] = None,
    team: Annotated[str | None, Query()] = None,
    agent_id: Annotated[str | None, Query()] = None,
    site: Annotated[str | None, Query()] = None,
    rubric_id: Annotated[str | None, Query()] = None,
    campaign: Annotated[str | None, Query()] = None,
    disposition: Annotated[str | None, Query()] = None,
    to_review: Annotated[bool | None, Query()] = None,
    passed: Annotated[bool | None, Query()] = None,
    critical_failed: Annotated[bool | None, Query()] = None,
    is_decided: Annotated[bool | None, Query()] = None,
    order: Annotated[Order, Query()] = Order.NEWEST,
) -> Asked:
    wanted = Wanted(
        since=since, until=until, team=team, agent_id=agent_id, site=site, rubric_id=rubric_id, campaign=campaign, disposition=disposition,
        to_review=to_review, passed=passed, critical_failed=critical_failed, is_decided=is_decided,
    )  # fmt: skip
    return Asked(wanted=wanted, order=order)


ListAsked = Annotated[Asked, Depends(_asked)]
Size = Annotated[int, Query(ge=1, le=MOST_ROWS)]


@section.get("/calls", needs=Matter.SCORE, response_model=Calls, **_for(May.CALLS))
def list_calls(request: Request, who: Asking, desk: AtDesk, asked: ListAsked, after: str | None = None, size: Size = 50) -> Response:
    """Calls that the account may see, a page at a time."""
    found = page(desk.engine, who.viewer, asked.wanted, order=asked.order, after=_key(after), size=size)
    return answer(request, Calls(calls=list(found.lines), next=_text(found.after)))


@section.get("/mine/calls", needs=Role.AGENT, response_model=Calls, **_for(May.CALLS))
def list_own_calls(request: Request, who: Asking, desk: AtDesk, asked: ListAsked, after: str | None = None, size: Size = 50) -> Response:
    """Calls in which the account's agent spoke, whatever else the account may see."""
    own = replace(who.viewer, roles=frozenset({Role.AGENT}))
    found = page(desk.engine, own, asked.wanted, order=asked.order, after=_key(after), size=size)
    return answer(request, Calls(calls=list(found.lines), next=_text(found.after)))


@section.get("/calls/{call_id}", needs=Matter.SCORE, response_model=OneCall, **_for(May.CALLS))
def show_call(request: Request, who: Asking, desk: AtDesk, chosen: Chosen, call_id: str, line: Found) -> Response:
    """A call with its score and findings, as the program made them and as they count."""
    read = read_call(desk.store, desk.engine, who.viewer, call_id, line=line)
    found = redact_call(read, load_policy(chosen.privacy_policy).of(who.viewer))
    look(desk, who.viewer, call_id)
    one = OneCall(
        line=found.line,
        call=dict(found.call),
        score=dict(found.score) if found.score is not None else None,
        findings=[dict(row) for row in found.findings],
        captures=[dict(row) for row in found.captures],
        criteria=_criteria(desk, read),
        version=_version(desk, call_id),
    )
    return answer(request, one)


@section.get("/calls/{call_id}/transcript", needs=Matter.WORDS, **_for(May.WORDS))
def show_transcript(request: Request, who: Asking, desk: AtDesk, chosen: Chosen, call_id: str, line: Found) -> Response:
    """What was said, utterance by utterance with its words and their times in ms."""
    read = read_call(desk.store, desk.engine, who.viewer, call_id, line=line)
    found = redact_call(read, load_policy(chosen.privacy_policy).of(who.viewer))
    look(desk, who.viewer, call_id)
    return answer(request, {"call_id": call_id, "utterances": [dict(row) for row in found.utterances]})


@section.get("/calls/{call_id}/decisions", needs=Matter.DECISIONS, **_for(May.CALLS))
def list_decisions(request: Request, who: Asking, desk: AtDesk, call_id: str, line: Found) -> Response:
    """What people decided about a call, the first first; of calibration that is not over only one's own."""
    with desk.engine.connect() as connection:
        about = seen_by(connection, who.viewer, line, decisions_about(connection, call_id))
    look(desk, who.viewer, call_id)
    holding = {one.decision_id for one in in_force(about)}
    rows = [{**as_row(one), "is_in_force": one.decision_id in holding} for one in about]
    return answer(request, {"call_id": call_id, "version": _version(desk, call_id), "decisions": rows})


@section.post(
    "/calls/{call_id}/decisions", needs=_DECIDING, matter=Matter.DECISIONS, status_code=201, response_model=Done, **_for(May.DECIDE)
)
def make_decision(request: Request, who: Asking, desk: AtDesk, settings: Chosen, call_id: str, body: DecisionIn) -> Response:
    """Decide about a call, as the account. It counts when this answers."""
    if body.kind == "take_back":
        about = known_decision(desk, call_id, body.about or "?")
        done = take_back(desk, who.viewer, settings, call_id, about, reason=body.reason)
    else:
        done = decide(
            desk,
            who.viewer,
            call_id,
            _what(body),
            criterion_id=body.criterion_id,
            reason=body.reason,
            expected_version=body.expected_version,
        )
    told = Done(
        decision_id=done.decision.decision_id,
        version=done.decision.version,
        percent_before=done.before.totals.percent if done.before else None,
        percent=done.after.totals.percent if done.after else None,
        critical_state=done.after.critical_state if done.after else None,
        is_closed=done.is_closed,
    )
    return answer(request, told, status=201)


@section.get("/figures", needs=Matter.FIGURES, response_model=list[Figures], **_for(May.FIGURES))
def list_figures(
    request: Request,
    who: Asking,
    desk: AtDesk,
    by: Annotated[
        str, Query(description="agent, team, site, campaign, rubric, version, disposition, day, week, month; several with commas")
    ] = "team",
    since: date | None = None,
    until: date | None = None,
    where: Annotated[list[str], Query(description="NAME=VALUE, as team=north")] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Counts and means of official scores, always with how many calls they rest on."""
    names = [name.strip() for name in by.split(",") if name.strip()]
    pairs = tuple((name, value) for name, _, value in (one.partition("=") for one in where))
    groups = summarise_calls(desk.engine, who.viewer, names, CallFilter(first=since, last=until, where=pairs))
    return answer(
        request,
        [
            Figures(
                key=one.key,
                calls=one.calls,
                to_review=one.review,
                decided=one.decided,
                passed=one.share,
                percent=one.mean,
                effective_percent=one.effective_mean,
                critical=one.critical,
                effective_critical=one.effective_critical,
            )
            for one in groups
        ],
    )


@section.get("/agreement", needs=_QUALITY, **_for(May.FIGURES))
def list_agreement(
    request: Request,
    who: Asking,
    desk: AtDesk,
    settings: Chosen,
    rubric_id: str | None = None,
    since: date | None = None,
    until: date | None = None,
    by_version: bool = False,
) -> Response:
    """How far program and people agree, criterion by criterion."""
    lines = trust(desk, who.viewer, settings, rubric_id=rubric_id, since=since, until=until, by_version=by_version)
    return answer(request, [_trust(line, settings.agreement_bar, settings.agreement_calls) for line in lines])


@section.get("/rubrics", needs=Matter.RUBRICS, response_model=list[KeptRubric], **_for(May.RUBRICS))
def list_kept_rubrics(request: Request, who: Asking, desk: AtDesk) -> Response:
    """Versions of rubrics that scored here."""
    return answer(request, list_rubrics(desk.store, who.viewer))


@section.get("/rubrics/{rubric_id}/{version:int}", needs=Matter.RUBRICS, **_for(May.RUBRICS))
def show_rubric(request: Request, who: Asking, desk: AtDesk, rubric_id: str, version: Whole) -> Response:
    """A version whole, with its lists, as its hash was made from it."""
    return answer(request, read_rubric(desk.store, who.viewer, rubric_id, version))


@section.get("/runs", needs=Matter.RUNS, **_for(May.RUNS))
def list_last_runs(request: Request, who: Asking, desk: AtDesk, size: Size = 50) -> Response:
    """The last runs, the newest first."""
    return answer(request, list_runs(desk.store, who.viewer, most=size))


@section.get("/openapi.json", needs=SIGNED_IN, include_in_schema=False)
def describe(request: Request, who: Asking) -> Response:
    """What there is, as OpenAPI."""
    return answer(request, openapi())


def openapi() -> dict[str, Any]:
    """The description of the API in OpenAPI 3.1."""
    described = [copy(route) for route in section.router.routes if isinstance(route, APIRoute)]
    for route in described:
        # What answers a GET answers a HEAD too; that needs no words.
        route.methods = (route.methods or set()) - {"HEAD"}
    about = "Scores of calls with their evidence, and what people decided about them."
    found = get_openapi(title="qa-pipeline", version=version("qa-pipeline"), routes=described, description=about)
    found.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    return found


def _criteria(desk: Desk, found: CallRead) -> list[Criterion]:
    score = read_effective(desk, found.line.call_id, one=found)
    counts = {one.criterion.id: one for one in score.findings} if score else {}
    return [_criterion(row, counts.get(row["criterion_id"])) for row in found.findings]


def _criterion(row: FrozenRow, counts: EffectiveFinding | None) -> Criterion:
    """What the program found, and what counts: where nobody decided anything about the call, that is the same."""
    program = Outcome(row["outcome"])
    decision = counts.decision if counts else None
    return Criterion(
        criterion_id=row["criterion_id"],
        section_id=row["section_id"],
        program_outcome=program,
        program_answer=row["answer"],
        program_points=row["points"],
        outcome=counts.outcome if counts else program,
        answer=counts.answer if counts else row["answer"],
        points=counts.points if counts else row["points"],
        certainty=row["certainty"],
        decision_id=decision.decision_id if decision else None,
        decided_by=decision.author if decision else None,
        is_stale=counts.is_stale if counts else False,
        is_disputed=counts is not None and counts.dispute is not None,
    )


def _version(desk: Desk, call_id: str) -> int:
    with desk.engine.connect() as connection:
        about = decisions_about(connection, call_id)
    return about[-1].version if about else 0


def _what(body: DecisionIn) -> What:
    """What is decided. Raises InputRefused where it is not said."""
    if body.kind in ("override", "answer"):
        if body.outcome is None:
            raise InputRefused("It is not said what the criterion is.", advice="Give `outcome`.")
        kind = Override if body.kind == "override" else Answer
        return kind(outcome=body.outcome, answer=body.answer)
    if body.kind == "ruling":
        if body.about is None or body.is_upheld is None:
            raise InputRefused("It is not said what is answered, and how.", advice="Give `about` and `is_upheld`.")
        return Ruling(about=body.about, is_upheld=body.is_upheld, outcome=body.outcome, answer=body.answer)
    plain: dict[str, What] = {"confirmation": Confirmation(), "note": Note(), "dispute": Dispute(), "acknowledgement": Acknowledgement()}
    return plain[body.kind]


def _trust(line: Trust, bar: float, least: int) -> dict[str, Any]:
    return {
        "rubric_id": line.rubric_id,
        "rubric_version": line.rubric_version,
        "criterion_id": line.criterion_id,
        "program": line.program,
        "blind": line.blind,
        "people": line.people,
        "slice": line.rates,
        "standing": line.standing(bar, least).value,
    }


def _text(key: Key | None) -> str | None:
    return None if key is None else base64.urlsafe_b64encode(json.dumps([key.value, key.call_id]).encode()).decode()


def _key(text: str | None) -> Key | None:
    """The key that `next` gave. Raises InputRefused for anything else."""
    if text is None:
        return None
    try:
        value, call_id = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InputRefused("`after` is no end of a page.", advice="Give what `next` of the page before said.") from error
    if not isinstance(call_id, str) or not isinstance(value, str | int | float | None):
        raise InputRefused("`after` is no end of a page.", advice="Give what `next` of the page before said.")
    return Key(value=value, call_id=call_id)
