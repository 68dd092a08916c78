"""Reports that people shape themselves: what they count by, which calls, which columns under which names; kept, shared, shown and downloaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Form, Request, Response

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.choices import read_choices
from qa_pipeline.reading.viewer import Matter
from qa_pipeline.report.criteria import known_criteria, titles_in
from qa_pipeline.report.shaped import DIMENSIONS, OF_CALLS, OF_CRITERIA, as_table, figures_of, make_report
from qa_pipeline.review.shapes import SavedShape, Shape, delete_shape, list_shapes, read_shape, save_shape
from qa_pipeline.web.choosing import FIELDS, PERIOD_NAMES, calls_query, names_in, query_of, shape_of, today
from qa_pipeline.web.fields import Whole
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who
from qa_pipeline.web.supervisor import READERS
from qa_pipeline.web.translations import marked

_COLUMNS = ("calls", "percent", "passed")

section = Section("reports", examples={"number": lambda desk, line: "1"})


@section.get("/reports", needs=READERS, way=marked("Reports"))
def show_reports(request: Request, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """The reports there are, and one being shaped."""
    return _page(request, who, desk, chosen, shape_of(request.query_params, by=("team",), columns=_COLUMNS, period="all"))


@section.post("/reports", needs=READERS)
async def save_report(request: Request, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """Show what is being shaped, or keep it under a name."""
    form = await request.form()
    shape, name = shape_of(form, by=("team",), columns=_COLUMNS), form.get("name")
    if form.get("act") == "show":
        return redirect(f"/reports?{query_of(shape)}")
    try:
        number = save_shape(desk, who.viewer, name if isinstance(name, str) else "", shape, is_shared=form.get("is_shared") == "yes")
    except InputRefused as error:
        return _page(request, who, desk, chosen, shape, refused=error)
    return redirect(f"/reports/{number}")


@section.get("/reports/file", needs=READERS)
def download_report(request: Request, who: Who, desk: AtDesk, chosen: Chosen, form: str = "csv") -> Response:
    """A report as a file."""
    shape = shape_of(request.query_params, by=("team",), columns=_COLUMNS, period="all")
    report, titles = make_report(desk.engine, who.viewer, shape, today(chosen)), titles_in(known_criteria(desk.store), who.language)
    return file_of(as_table(report, names_in(who, shape), lambda key: titles.get(key, key[1])), "report", form, chosen, who, desk)


@section.get("/reports/{number:int}", needs=READERS)
def show_report(request: Request, number: Whole, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """A report that was kept."""
    saved = read_shape(desk, who.viewer, number)
    return _page(request, who, desk, chosen, saved.shape, saved=saved)


@section.post("/reports/{number:int}/delete", needs=READERS)
def delete_report(number: Whole, who: Who, desk: AtDesk, confirmed: Annotated[str, Form()] = "") -> Response:
    """Delete a report of one's own."""
    if confirmed != "yes":
        raise InputRefused("It is not confirmed.", advice="Tick that it is to be deleted.")
    delete_shape(desk, who.viewer, number)
    return redirect("/reports")


def _page(
    request: Request,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    shape: Shape,
    *,
    saved: SavedShape | None = None,
    refused: InputRefused | None = None,
) -> Response:
    report = make_report(desk.engine, who.viewer, shape, today(chosen))
    shape = replace(shape, columns=report.columns)
    values = read_choices(desk.engine, who.viewer, Matter.FIGURES)
    return render(
        request,
        who,
        "reports.html",
        status=400 if refused else 200,
        saved_shapes=list_shapes(desk, who.viewer),
        saved=saved,
        refused=refused,
        shape=shape,
        report=report,
        figures_by_name=figures_of(shape.by),
        of_calls=OF_CALLS,
        of_criteria=OF_CRITERIA,
        dimensions=DIMENSIONS,
        names=names_in(who, shape),
        plain_names=names_in(who),
        titles=titles_in(known_criteria(desk.store), who.language),
        offered={name: values[column] for name, column in FIELDS.items()},
        periods={name: who.gettext(text) for name, text in PERIOD_NAMES.items()},
        query=query_of(shape),
        calls_query=calls_query,
    )
