"""The trainer's desk: rubrics with their standing, their files in an editor, cases, a dialogue to try, a comparison on stored calls, publishing, going back.

What calls teach (words found, proposals) is lessons.py. Long work is started here and done in a worker process (working.py).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from functools import partial
from itertools import islice
from typing import Annotated, Any

from fastapi import Form, Request, Response
from fastapi.responses import JSONResponse

from qa_pipeline.errors import Conflict, Fault, InputRefused
from qa_pipeline.languages.load import language_codes
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.diff import agreement_text, consequences, said_text, transition_rows
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.proposals import count_waiting
from qa_pipeline.review.record import COMPARED, look, noted
from qa_pipeline.rubric.json_schema import json_schema
from qa_pipeline.running.jobs import Job
from qa_pipeline.settings import Settings
from qa_pipeline.trainer import work
from qa_pipeline.trainer.checking import Checked, check_file, within
from qa_pipeline.trainer.drafts import Desktop, bench_settings, drafts_of, drop_draft, keep_draft, open_file, save_draft, texts_of
from qa_pipeline.trainer.history import SAVED, history_of, note
from qa_pipeline.trainer.overview import Standing, overview, rubrics_in_order
from qa_pipeline.trainer.roll_back import keep_published, kept_versions, text_to_go_back
from qa_pipeline.trainer.shelf import FileKind, files_in, kind_of, lists_of, read_sheet
from qa_pipeline.trainer.template import TEMPLATES, create
from qa_pipeline.web.fault_texts import fault_in_words, fault_told
from qa_pipeline.web.fields import Whole, as_count
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked
from qa_pipeline.web.working import AtWork, answer, owner_of, shows

section = Section(
    "trainer",
    examples={
        "sheet": lambda desk, line: f"{line.rubric_id or 'none'}.yaml",
        "rubric": lambda desk, line: line.rubric_id or "none",
        "kept": lambda desk, line: "1",
    },
)
_PAGE = 40
"""Calls of a comparison on one page."""
_STANDINGS = {
    Standing.PUBLISHED: marked("published"),
    Standing.EDITED: marked("edited since it was published"),
    Standing.DRAFT: marked("draft, never published"),
    Standing.FAULTY: marked("has faults"),
}
_SCHEMAS = {FileKind.RUBRIC: "rubric", FileKind.CASES: "cases", FileKind.LIST: "list"}


@section.get("/rubrics", needs=Role.TRAINER, way=marked("Rubrics"))
def show_rubrics(request: Request, who: Who, desk: AtDesk, settings: Chosen) -> Response:
    """All rubrics, and the files that they share."""
    return _rubrics(request, who, desk, settings)


def _rubrics(request: Request, who: Signed, desk: Desk, settings: Settings, *, refused: InputRefused | None = None) -> Response:
    shared = [file for file in files_in(settings.rubrics) if kind_of(file) in (FileKind.LIST, FileKind.SHARED)]
    return render(
        request,
        who,
        "trainer_rubrics.html",
        status=400 if refused else 200,
        refused=refused,
        lines=overview(settings.rubrics, desk.engine),
        standing=lambda one: who.gettext(_STANDINGS[one]),
        shared=shared,
        mine=drafts_of(desk.engine, who.account.account),
        waiting=count_waiting(desk, who.viewer),
        templates=list(TEMPLATES),
        languages=language_codes(),
    )


@section.post("/rubrics", needs=Role.TRAINER)
def begin_rubric(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    name: Annotated[str, Form()] = "",
    template: Annotated[str, Form()] = "outbound",
    language: Annotated[str, Form()] = "",
) -> Response:
    """Begin a rubric from a template."""
    try:
        if template not in TEMPLATES or language not in language_codes():
            raise InputRefused("No such template or language.", advice="Choose from the lists.")
        create(name.strip(), settings.rubrics, template=template, language=language, shipped=packaged_folder("rubrics"))
    except InputRefused as refused:
        return _rubrics(request, who, desk, settings, refused=refused)
    note(desk.engine, who.viewer, SAVED, f"{name.strip()}.yaml")
    return redirect(f"/rubrics/file/{name.strip()}.yaml")


# --- one file ---------------------------------------------------------------------------------------------------------------------------


@section.get("/rubrics/file/{sheet:path}", needs=Role.TRAINER)
def show_file(request: Request, who: Who, desk: AtDesk, settings: Chosen, sheet: str) -> Response:
    """A file in the editor: with what is unsaved of it, and both texts where it was changed outside."""
    opened = open_file(desk.engine, settings, who.account.account, sheet)
    return _editor(request, who, desk, settings, opened)


@section.post("/rubrics/draft/{sheet:path}", needs=Role.TRAINER)
def type_draft(
    who: Who, desk: AtDesk, settings: Chosen, sheet: str, text: Annotated[str, Form()] = "", based_on: Annotated[str, Form()] = ""
) -> Response:
    """Keep what was typed, and say what is wrong with it: for the editor."""
    account = who.account.account
    keep_draft(desk.engine, account, sheet, text, based_on=based_on)
    opened = open_file(desk.engine, settings, account, sheet)
    checked = _checked(desk, settings, who, sheet)
    return JSONResponse(
        {
            "faults": [_as_json(fault, "error") for fault in checked.faults] + [_as_json(one, "warning") for one in checked.warnings],
            "is_changed_outside": opened.is_changed_outside,
        }
    )


@section.post("/rubrics/check/{sheet:path}", needs=Role.TRAINER)
def check_draft(who: Who, desk: AtDesk, sheet: str, text: Annotated[str, Form()] = "", based_on: Annotated[str, Form()] = "") -> Response:
    """Keep what was typed, and show the page with what is wrong: for browsers without scripts, and to keep one's own text over another's."""
    keep_draft(desk.engine, who.account.account, sheet, text, based_on=based_on)
    return redirect(f"/rubrics/file/{sheet}")


@section.post("/rubrics/save/{sheet:path}", needs=Role.TRAINER)
def save_file(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    sheet: str,
    text: Annotated[str, Form()] = "",
    based_on: Annotated[str, Form()] = "",
) -> Response:
    """Write the file; where it was changed outside, both are shown and nothing is written."""
    account = who.account.account
    keep_draft(desk.engine, account, sheet, text, based_on=based_on)
    keep_published(desk.store, settings.rubrics, sheet)
    try:
        save_draft(desk.engine, settings, account, sheet)
    except Conflict:
        return _editor(request, who, desk, settings, open_file(desk.engine, settings, account, sheet), status=409)
    note(desk.engine, who.viewer, SAVED, sheet)
    return redirect(f"/rubrics/file/{sheet}")


@section.post("/rubrics/discard/{sheet:path}", needs=Role.TRAINER)
def discard(who: Who, desk: AtDesk, sheet: str) -> Response:
    """Throw the draft away: the file as it stands is shown again."""
    drop_draft(desk.engine, who.account.account, sheet)
    return redirect(f"/rubrics/file/{sheet}")


@section.get("/rubrics/schema/{sheet:path}", needs=Role.TRAINER)
def schema_of(sheet: str) -> Response:
    """The JSON Schema of a file, for the editor; an object that allows all where there is none."""
    kind = _SCHEMAS.get(kind_of(sheet))
    return JSONResponse(json_schema(kind) if kind else {})


def _editor(request: Request, who: Signed, desk: Desk, settings: Settings, opened: Desktop, *, status: int = 200) -> Response:
    file = opened.sheet.file
    kind = kind_of(file)
    rubric = file.removesuffix(".yaml").removesuffix(".cases") if kind in (FileKind.RUBRIC, FileKind.CASES) else None
    if rubric is not None and not (opened.sheet.sha256 or opened.draft):
        # A case file is begun here; a rubric is begun from a template.
        read_rubric = read_sheet(settings.rubrics, f"{rubric}.yaml")
        if kind is FileKind.RUBRIC or not read_rubric.sha256:
            raise InputRefused(f"There is no rubric {rubric!r}.", advice="Look at the list of rubrics.")
    mine = drafts_of(desk.engine, who.account.account)
    rubric_text = "" if rubric is None else open_file(desk.engine, settings, who.account.account, f"{rubric}.yaml").text
    checked = _checked(desk, settings, who, file)
    return render(
        request,
        who,
        "trainer_file.html",
        status=status,
        opened=opened,
        kind=kind.value,
        rubric=rubric,
        lists=lists_of(rubric_text),
        faults=checked.faults,
        warnings=checked.warnings,
        # What stands against publishing: the rest is no part of this rubric.
        unsaved=[name for name in mine if name in _files_of(rubric, rubric_text)] if rubric else [],
    )


def _checked(desk: Desk, settings: Settings, who: Signed, file: str) -> Checked:
    """What is wrong with a file as the trainer has it, in their language."""
    account = who.account.account
    bench = bench_settings(settings, account, texts_of(drafts_of(desk.engine, account)))
    if not (bench.rubrics / file).is_file():
        return Checked()
    found = check_file(bench.rubrics, file, beside=rubrics_in_order(settings.rubrics))
    faults, warnings = (
        tuple(fault_told(who.texts, fault) for fault in within(several, bench.rubrics)) for several in (found.faults, found.warnings)
    )
    return Checked(faults=faults, warnings=warnings)


def _as_json(fault: Fault, severity: str) -> dict[str, Any]:
    return asdict(fault) | {"file": fault.path, "severity": severity}


# --- cases, a dialogue, a comparison ----------------------------------------------------------------------------------------------------


@section.post("/rubrics/cases/{rubric}", needs=Role.TRAINER)
def run_cases(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork, rubric: str) -> Response:
    """Run a rubric's cases, as its files stand with what is unsaved."""
    bench = _bench(desk, settings, who, rubric)
    return answer(request, who, jobs.start(owner_of(who), f"cases {rubric}", work.run_cases_of, bench, rubric))


@shows("cases")
def _cases(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    lines: tuple[work.CaseLine, ...] = job.result
    broken = [line for line in lines if line.misses]
    return "trainer_cases.html", {
        "rubric": job.name.split(" ", 1)[1],
        "cases": lines,
        "broken": broken,
        "miss_told": partial(fault_in_words, who.texts),
    }


@section.get("/rubrics/try/{rubric}", needs=Role.TRAINER)
def show_trial(request: Request, who: Who, settings: Chosen, rubric: str, call_id: str = "") -> Response:
    """A dialogue to try a rubric on."""
    _require_rubric(settings, rubric)
    return render(request, who, "trainer_try.html", rubric=rubric, languages=language_codes(), call_id=call_id)


@section.post("/rubrics/try/{rubric}", needs=Role.TRAINER)
def try_rubric(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    jobs: AtWork,
    rubric: str,
    dialogue: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    call_id: Annotated[str, Form()] = "",
    company: Annotated[str, Form()] = "",
    agent_name: Annotated[str, Form()] = "",
) -> Response:
    """Try it on what was typed, or on a stored call."""
    columns = {name: value for name, value in (("company", company.strip()), ("agent_name", agent_name.strip())) if value}
    bench = _bench(desk, settings, who, rubric)
    if call_id.strip():
        # A call that is not theirs to read is not theirs to try, and each try of one shows its words.
        find_call(desk.engine, who.viewer, call_id.strip(), matter=Matter.WORDS)
        look(desk, who.viewer, call_id.strip())
    arguments = (bench, rubric, dialogue, language or None, columns, call_id.strip() or None, who.viewer)
    return answer(request, who, jobs.start(owner_of(who), "try", work.try_dialogue, *arguments))


@shows("try")
def _tried(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    return "trainer_tried.html", {"tried": job.result}


@section.get("/rubrics/compare/{rubric}", needs=Role.TRAINER)
def show_comparison(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork, rubric: str) -> Response:
    """Compare a rubric on stored calls: what to compare with, over which days; and what the last comparison came to."""
    _require_rubric(settings, rubric)
    last = next((job for job in jobs.list(owner_of(who)) if job.name == f"compare {rubric}"), None)
    versions = kept_versions(desk.store, rubric)
    return render(
        request, who, "trainer_compare.html", rubric=rubric, versions=versions, last=last, most=work.MOST_COMPARED, before=work.AS_SAVED
    )


@section.post("/rubrics/compare/{rubric}", needs=Role.TRAINER)
def compare(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    jobs: AtWork,
    rubric: str,
    before: Annotated[str, Form()] = work.AS_SAVED,
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    every: Annotated[bool, Form()] = False,
) -> Response:
    """Begin a comparison of the rubric, with what is unsaved, with an earlier state of it."""
    bench = _bench(desk, settings, who, rubric)
    days = [_day(since), _day(until)]
    arguments = (bench, settings.rubrics, rubric, before, *days, every, who.viewer)
    noted(desk, who.viewer, COMPARED, f"{rubric}, {since or '…'} to {until or '…'}")
    return answer(request, who, jobs.start(owner_of(who), f"compare {rubric}", work.compare_with, *arguments))


@shows("compare")
def _compared(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    """The calls that change, a page at a time; `criterion` of the address: only those in which it does."""
    compared: work.Compared = job.result
    criterion = request.query_params.get("criterion", "")
    first = as_count(request.query_params.get("from", "")) or 0
    changed = [e for e in compared.diff.changed if not criterion or any(one.criterion_id == criterion for one in e.changes)]
    values = {
        "rubric": job.name.split(" ", 1)[1],
        "diff": compared.diff,
        "found": compared.found,
        "criterion": criterion,
        "first": first,
        "size": _PAGE,
        "count": len(changed),
        "effects": list(islice(changed, first, first + _PAGE)),
        "transitions": transition_rows(compared.diff),
        "agreement_text": agreement_text,
        "consequences": consequences,
        "said_text": said_text,
    }
    return "trainer_compared.html", values


# --- publishing and going back ----------------------------------------------------------------------------------------------------------


@section.post("/rubrics/publish/{rubric}", needs=Role.TRAINER)
def publish(request: Request, who: Who, desk: AtDesk, settings: Chosen, jobs: AtWork, rubric: str) -> Response:
    """Publish a rubric as its files stand. Refused while something of it is unsaved."""
    _require_rubric(settings, rubric)
    text = read_sheet(settings.rubrics, f"{rubric}.yaml").text
    unsaved = sorted(_files_of(rubric, text) & drafts_of(desk.engine, who.account.account).keys())
    if unsaved:
        raise InputRefused(f"Unsaved: {', '.join(unsaved)}.", advice="Save or discard it first: what is published is the file.")
    return answer(request, who, jobs.start(owner_of(who), "publish", work.publish_now, settings, (rubric,), who.viewer))


def _files_of(rubric: str, text: str) -> set[str]:
    """Files that are published with a rubric."""
    return {f"{rubric}.yaml", f"{rubric}.cases.yaml", *lists_of(text)}


@shows("publish")
def _published(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    told = [(one, [fault_in_words(who.texts, warning) for warning in one.warnings]) for one in job.result]
    return "trainer_published.html", {"published": told}


@section.get("/rubrics/history/{rubric}", needs=Role.TRAINER)
def show_history(request: Request, who: Who, desk: AtDesk, settings: Chosen, rubric: str) -> Response:
    """Who saved and published what, and the versions that can be gone back to."""
    _require_rubric(settings, rubric)
    versions = kept_versions(desk.store, rubric)
    return render(
        request, who, "trainer_history.html", rubric=rubric, events=history_of(desk.engine, desk.store, rubric), versions=versions
    )


@section.post("/rubrics/back/{rubric}/{kept}", needs=Role.TRAINER)
def go_back(who: Who, desk: AtDesk, settings: Chosen, rubric: str, kept: Whole) -> Response:
    """Put an earlier version's text, under the next number, before the trainer as a draft: to be looked at, saved and published."""
    file = f"{rubric}.yaml"
    there = read_sheet(settings.rubrics, file)
    text = text_to_go_back(desk.store, settings.rubrics, rubric, kept)
    keep_draft(desk.engine, who.account.account, file, text, based_on=there.sha256)
    return redirect(f"/rubrics/file/{file}")


def _bench(desk: Desk, settings: Settings, who: Signed, rubric: str) -> Settings:
    """Settings with what the trainer has not saved yet. Raises InputRefused for a rubric that there is not."""
    _require_rubric(settings, rubric)
    return bench_settings(settings, who.account.account, texts_of(drafts_of(desk.engine, who.account.account)))


def _require_rubric(settings: Settings, rubric: str) -> None:
    if kind_of(f"{rubric}.yaml") is not FileKind.RUBRIC or not (settings.rubrics / f"{rubric}.yaml").is_file():
        raise InputRefused(f"There is no rubric {rubric!r}.", advice="Look at the list of rubrics.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write 2026-05-31.") from error
