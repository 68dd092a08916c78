"""How far people and the program agree, criterion by criterion, and blind calibration: sessions, judging, comparing, settling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pyarrow as pa
from fastapi import Form, Request, Response

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused, NotThere
from qa_pipeline.evaluation.reliability import Judgement as Right
from qa_pipeline.evaluation.reliability import calibration_error, reliability
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.privacy.rows import redact_call
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import Order, Wanted, find_call, page
from qa_pipeline.reading.summary import CriterionKey
from qa_pipeline.reading.viewer import Matter, Role, local_viewer
from qa_pipeline.report.charts import Part, bar
from qa_pipeline.report.criteria import known_criteria, titles_in
from qa_pipeline.review.calibration import (
    Session,
    close_session,
    compare,
    criteria_of,
    finish,
    judge,
    open_session,
    own_judgements,
    people_who_judge,
    session_numbered,
    sessions,
    settle,
)
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import verdict_of
from qa_pipeline.review.record import look
from qa_pipeline.review.trust import Trust, trust
from qa_pipeline.settings import Settings
from qa_pipeline.web.fields import Skipped, Whole, as_day
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who, settings_of
from qa_pipeline.web.translations import marked

_QUALITY = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER})
# Answers that people give; what nobody can tell is left out.
_OUTCOMES = (Outcome.MET, Outcome.NOT_MET, Outcome.NOT_APPLICABLE)


def _session_example(desk: Desk, line: CallLine) -> str:
    """A session over a call, begun once."""
    name, somebody = f"example {line.call_id}", local_viewer(None)
    there = next((one for one in sessions(desk, somebody) if one.name == name), None)
    return str(there.session if there else open_session(desk, somebody, name, calls=[line.call_id]))


_DIFFERING = 200
"""Calls of a page that people saw otherwise."""
section = Section(
    "agreement",
    examples={
        "session": _session_example,
        "agreed_rubric": lambda desk, line: line.rubric_id or "none",
        "agreed_criterion": lambda desk, line: "long",
    },
)


@section.get("/agreement", needs=_QUALITY, way=marked("Agreement"))
def show_agreement(
    request: Request, who: Who, desk: AtDesk, settings: Chosen, rubric: str = "", since: str = "", until: str = "", by_version: bool = False
) -> Response:
    """A line for each criterion that anybody judged; those below the bar first."""
    lines = trust(desk, who.viewer, settings, since=as_day(since), until=as_day(until), by_version=by_version)
    rubrics = sorted({line.rubric_id for line in lines})
    shown = _in_order(lines, rubric, settings)
    return render(
        request, who, "agreement.html", lines=shown, rubrics=rubrics, rubric=rubric, since=since, until=until, by_version=by_version,
        settings=settings, titles=_titles(desk, who), query=str(request.url.query),
    )  # fmt: skip


@section.get("/agreement/file", needs=_QUALITY)
def download_agreement(
    who: Who, desk: AtDesk, chosen: Chosen, rubric: str = "", since: str = "", until: str = "", by_version: bool = False, form: str = "csv"
) -> Response:
    """The same as a file."""
    found = trust(desk, who.viewer, chosen, since=as_day(since), until=as_day(until), by_version=by_version)
    lines, titles = _in_order(found, rubric, chosen), _titles(desk, who)
    columns: dict[str, list[object]] = {
        "rubric": [line.rubric_id for line in lines],
        "version": [line.rubric_version for line in lines],
        "criterion": [line.criterion_id for line in lines],
        "title": [titles.get((line.rubric_id, line.criterion_id)) for line in lines],
        "bar": [line.standing(chosen.agreement_bar, chosen.agreement_calls).value for line in lines],
    }
    for name, several in (("program", [line.program for line in lines]), ("blind", [line.blind for line in lines]), ("people", [line.people for line in lines])):  # fmt: skip
        columns |= {f"{name}_calls": [one.calls for one in several], f"{name}_agreed": [one.observed for one in several]}
        for measure in ("ac", "kappa"):
            values = [getattr(one, measure) for one in several]
            columns |= {
                f"{name}_{measure}{ending}": [getattr(one, part) for one in values]
                for part, ending in (("value", ""), ("low", "_from"), ("high", "_to"))
            }
    for name in ("missed", "false", "withheld"):
        shares = [getattr(line.rates, name) for line in lines]
        columns |= {name: [one.some for one in shares], f"{name}_of": [one.all for one in shares]}
    return file_of(pa.table(columns), "agreement", form, chosen, who, desk)


def _in_order(lines: Sequence[Trust], rubric: str, settings: Settings) -> list[Trust]:
    """Those of a rubric, or all; below the bar first."""
    order = {"below": 0, "between": 1, "few": 2, "above": 3}
    bar_ = settings.agreement_bar, settings.agreement_calls
    shown = [line for line in lines if rubric in ("", line.rubric_id)]
    return sorted(shown, key=lambda line: (order[line.standing(*bar_).value], line.rubric_id, line.criterion_id))


@section.get("/agreement/{agreed_rubric}/{agreed_criterion}", needs=_QUALITY)
def show_criterion(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    agreed_rubric: str,
    agreed_criterion: str,
    skip: Skipped = 0,
) -> Response:
    """One criterion: version by version, whether its certainty means what it says, and the calls in which people saw it otherwise."""
    versions = [
        line
        for line in trust(desk, who.viewer, settings, rubric_id=agreed_rubric, by_version=True)
        if line.criterion_id == agreed_criterion
    ]
    whole = [line for line in trust(desk, who.viewer, settings, rubric_id=agreed_rubric) if line.criterion_id == agreed_criterion]
    if not whole:
        raise NotThere("Nobody has judged this criterion yet.", advice="Look at the list of those that were judged.")
    bins, error = _reliability(whole[0])
    differing = [one for one in whole[0].judged if one.program is not None and one.person.outcome is not one.program.outcome]
    return render(
        request, who, "agreement_criterion.html", line=whole[0], versions=versions, bins=bins, error=error, differing=differing[skip : skip + _DIFFERING], count=len(differing), skip=skip,
        size=_DIFFERING, settings=settings, titles=_titles(desk, who),
    )  # fmt: skip


def _titles(desk: AtDesk, who: Who) -> dict[CriterionKey, str]:
    """What criteria are called in the language of whoever looks."""
    return titles_in(known_criteria(desk.store), who.language)


@section.get("/calibration", needs=_QUALITY, way=marked("Calibration"))
def show_sessions(request: Request, who: Who, desk: AtDesk) -> Response:
    """All sessions, and a form to begin one."""
    return _sessions_page(request, who, desk)


@section.post("/calibration", needs=_QUALITY)
def begin_session(
    request: Request,
    who: Who,
    desk: AtDesk,
    name: Annotated[str, Form()] = "",
    calls: Annotated[str, Form()] = "",
    chosen: Annotated[list[str] | None, Form()] = None,
    people: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Begin a session over calls that are chosen from the newest, or given, an id a line."""
    try:
        wanted = list(dict.fromkeys((*(chosen or ()), *calls.split())))
        if not wanted:
            raise InputRefused("No calls are given.", advice="Choose some, or write an id a line, as the lists show them.")
        session = open_session(desk, who.viewer, name, calls=wanted, people=people or ())
    except InputRefused as refused:
        return _sessions_page(request, who, desk, refused=refused, name=name, calls=calls, chosen=chosen or ())
    return redirect(f"/calibration/{session}")


@section.get("/calibration/{session:int}", needs=_QUALITY)
def show_session(request: Request, who: Who, desk: AtDesk, session: Whole) -> Response:
    """What is to be judged in a session; when it is over, what everybody judged."""
    return _session_page(request, who, desk, session_numbered(desk, who.viewer, session))


@section.get("/calibration/file/{session:int}", needs=_QUALITY)
def download_session(who: Who, desk: AtDesk, chosen: Chosen, session: Whole, form: str = "csv") -> Response:
    """What everybody judged in a session that is over, as a file: a row for each call, criterion and person."""
    compared = compare(desk, who.viewer, session_numbered(desk, who.viewer, session).name)
    judged = [(one, name, outcome) for one in compared for name, outcome in one.outcomes.items()]
    settled = [(verdict_of(one.settled) if one.settled else None) or (None, None) for one, _, _ in judged]
    columns = {
        "call_id": [one.call_id for one, _, _ in judged],
        "criterion": [one.criterion_id for one, _, _ in judged],
        "person": [name for _, name, _ in judged],
        "outcome": [outcome.value for _, _, outcome in judged],
        "answer": [one.answers[name] for one, name, _ in judged],
        "reason": [one.reasons.get(name) for one, name, _ in judged],
        "program": [one.program.value if one.program else None for one, _, _ in judged],
        "settled": [outcome.value if outcome else None for outcome, _ in settled],
        "settled_answer": [answer for _, answer in settled],
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return file_of(table, "calibration", form, chosen, who, desk)


@section.post("/calibration/{session:int}/done", needs=_QUALITY)
def be_done(request: Request, who: Who, desk: AtDesk, session: Whole) -> Response:
    """Say that one has judged all."""
    found = session_numbered(desk, who.viewer, session)
    try:
        finish(desk, who.viewer, found.name)
    except InputRefused as refused:
        return _session_page(request, who, desk, found, refused=refused)
    return redirect(f"/calibration/{session}")


@section.post("/calibration/{session:int}/close", needs=_QUALITY)
def close(request: Request, who: Who, desk: AtDesk, session: Whole) -> Response:
    """End a session, whoever is not done."""
    found = session_numbered(desk, who.viewer, session)
    try:
        close_session(desk, who.viewer, found.name)
    except InputRefused as refused:
        return _session_page(request, who, desk, found, refused=refused)
    return redirect(f"/calibration/{session}")


@section.get("/calibration/{session:int}/{call_id}", needs=_QUALITY, matter=Matter.WORDS)
def show_call(request: Request, who: Who, desk: AtDesk, session: Whole, call_id: str) -> Response:
    """A call to judge: its words and sound, its criteria, and nothing of what the program or anybody else thinks."""
    found = session_numbered(desk, who.viewer, session)
    if found.is_over:
        return redirect(f"/calibration/{session}")
    look(desk, who.viewer, call_id)
    return _call_page(request, who, desk, found, call_id)


@section.post("/calibration/{session:int}/{call_id}", needs=_QUALITY, matter=Matter.WORDS)
async def judge_call(request: Request, who: Who, desk: AtDesk, session: Whole, call_id: str) -> Response:
    """Keep what was judged of a call, and go on to the next one that is not judged yet."""
    from starlette.concurrency import run_in_threadpool

    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_judge_call, request, who, desk, session, call_id, form)


@section.post("/calibration/{session:int}/{call_id}/settle", needs=_QUALITY, matter=Matter.DECISIONS)
def settle_criterion(
    request: Request,
    who: Who,
    desk: AtDesk,
    session: Whole,
    call_id: str,
    criterion: Annotated[str, Form()] = "",
    outcome: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Write down what those who differed came to."""
    found = session_numbered(desk, who.viewer, session)
    try:
        answer, meant = _answer(desk, who, call_id, criterion, outcome)
        settle(desk, who.viewer, found.name, call_id, criterion, meant, answer=answer, reason=reason)
    except InputRefused as refused:
        return _session_page(request, who, desk, found, refused=refused)
    return redirect(f"/calibration/{session}")


def _sessions_page(
    request: Request,
    who: Who,
    desk: Desk,
    *,
    refused: InputRefused | None = None,
    name: str = "",
    calls: str = "",
    chosen: Sequence[str] = (),
) -> Response:
    waiting = page(desk.engine, who.viewer, Wanted(), order=Order.NEWEST, size=20).lines
    return render(
        request,
        who,
        "calibration.html",
        status=400 if refused else 200,
        sessions=sessions(desk, who.viewer),
        people=people_who_judge(desk),
        recent=[line for line in waiting if line.score_id is not None],
        refused=refused,
        name=name,
        calls=calls,
        chosen=chosen,
    )


def _session_page(request: Request, who: Who, desk: Desk, session: Session, *, refused: InputRefused | None = None) -> Response:
    judged = {call_id: len(own_judgements(desk, who.viewer, session, call_id)) for call_id in session.calls}
    compared = compare(desk, who.viewer, session.name) if session.is_over else ()
    people = sorted({name for one in compared for name in one.outcomes})
    levels = {
        (call_id, criterion.id): tuple(criterion.credits)
        for call_id in dict.fromkeys(one.call_id for one in compared if not one.is_agreed)
        for criterion in criteria_of(desk, who.viewer, call_id)
    }
    return render(
        request,
        who,
        "calibration_session.html",
        status=400 if refused else 200,
        session=session,
        judged=judged,
        compared=compared,
        people=people,
        titles=_titles(desk, who),
        rubrics={
            call_id: find_call(desk.engine, who.viewer, call_id, matter=Matter.DECISIONS).rubric_id
            for call_id in dict.fromkeys(one.call_id for one in compared)
        },
        verdict_of=verdict_of,
        levels=levels,
        outcomes=_OUTCOMES,
        is_mine=session.author == who.viewer.name,
        is_asked=session.is_asked(who.viewer.name),
        refused=refused,
    )


def _call_page(request: Request, who: Who, desk: Desk, session: Session, call_id: str, *, refused: InputRefused | None = None) -> Response:
    policy = load_policy(settings_of(request).privacy_policy)
    found = redact_call(read_call(desk.store, desk.engine, who.viewer, call_id), policy.of(who.viewer))
    return render(
        request,
        who,
        "calibration_call.html",
        status=400 if refused else 200,
        session=session,
        call=found,
        criteria=criteria_of(desk, who.viewer, call_id),
        own=own_judgements(desk, who.viewer, session, call_id),
        outcomes=_OUTCOMES,
        is_asked=session.is_asked(who.viewer.name),
        place=session.calls.index(call_id) + 1 if call_id in session.calls else None,
        refused=refused,
    )


def _judge_call(request: Request, who: Who, desk: Desk, number: int, call_id: str, form: dict[str, str]) -> Response:
    session = session_numbered(desk, who.viewer, number)
    before = own_judgements(desk, who.viewer, session, call_id)
    try:
        for criterion in criteria_of(desk, who.viewer, call_id):
            given, reason = form.get(f"outcome-{criterion.id}", ""), form.get(f"reason-{criterion.id}", "").strip() or None
            if not given:
                continue
            answer, outcome = _meant(criterion.credits, given)
            own = before.get(criterion.id)
            if own is None or (own.outcome, own.answer, own.reason) != (outcome, answer, reason):
                judge(desk, who.viewer, session.name, call_id, criterion.id, outcome, answer=answer, reason=reason)
    except InputRefused as refused:
        return _call_page(request, who, desk, session, call_id, refused=refused)
    left = [one for one in session.calls if one != call_id and not own_judgements(desk, who.viewer, session, one)]
    return redirect(f"/calibration/{number}/{left[0]}" if left else f"/calibration/{number}")


def _answer(desk: Desk, who: Who, call_id: str, criterion_id: str, given: str) -> tuple[str | None, Outcome]:
    credits = {criterion.id: criterion.credits for criterion in criteria_of(desk, who.viewer, call_id)}
    return _meant(credits.get(criterion_id, {}), given)


def _meant(credits: dict[str, float], given: str) -> tuple[str | None, Outcome]:
    """A level with its outcome, or an outcome. Raises InputRefused for what is neither."""
    if given in credits:
        return given, Outcome.MET if credits[given] > 0 else Outcome.NOT_MET
    if given in set(Outcome):
        return None, Outcome(given)
    raise InputRefused("It is not said what the criterion is.", advice="Choose one of the answers.")


def _reliability(line: Trust) -> tuple[list[dict[str, object]], float | None]:
    """Of a criterion: for bins of certainty, how sure the program was and how often people agreed; and by how much both differ."""
    bins = reliability(
        Right(certainty=one.program.certainty, is_right=one.person.outcome is one.program.outcome)
        for one in line.judged
        if one.program is not None
    )
    shown: list[dict[str, object]] = [
        {
            "low": 100 * one.low,
            "count": one.count,
            "certainty": 100 * one.certainty / one.count,
            "right": 100 * one.right / one.count,
            "bar": bar((Part(kind="met", label="=", count=one.right), Part(kind="not_met", label="≠", count=one.count - one.right))),
        }
        for one in bins
    ]
    return shown, calibration_error(bins)
