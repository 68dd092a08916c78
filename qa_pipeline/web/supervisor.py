"""A supervisor's figures: how the calls of their teams go, the calls behind each figure, two groups beside each other, survey indices; and files of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import add
from typing import Any

import pyarrow as pa
from fastapi import Request, Response
from starlette.datastructures import QueryParams

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.choices import read_choices
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.pages import Key, Order, count, page
from qa_pipeline.reading.summary import Line, count_percents, count_scores
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.criteria import known_criteria, titles_in
from qa_pipeline.report.export import flat_table
from qa_pipeline.report.figures import compare_calls
from qa_pipeline.report.indices import IndexRow, rubrics_with_indices, survey_indices
from qa_pipeline.report.intervals import Estimate
from qa_pipeline.report.listed import call_table
from qa_pipeline.report.shaped import CRITERION, OF_CALLS, Shaped, days_of, figures_of, make_report, percent_of, wanted_of
from qa_pipeline.report.trends import Point, Trend
from qa_pipeline.report.wording import title_of
from qa_pipeline.review.coaching import list_notes
from qa_pipeline.review.disputes import count_waiting
from qa_pipeline.review.shapes import Shape
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.web.choosing import FIELDS, PERIOD_NAMES, calls_query, calls_wanted, names_in, query_of, shape_of, today, without_names
from qa_pipeline.web.drawing import percents_chart, trend_chart
from qa_pipeline.web.files import file_of
from qa_pipeline.web.render import render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked

# Who judges or coaches sees figures of many calls here; an agent's own are in agent.py.
READERS = frozenset({Role.SUPERVISOR, Role.REVIEWER})
_SIZE = 50
_COLUMNS = ("calls", "percent", "passed", "confirmed", "provisional", "coverage", "expected_wrong", "negative")
_BY = ("team", "agent", "campaign", "site", "rubric", "week", "criterion")

section = Section("supervisor")


@section.get("/figures", needs=READERS, way=marked("Figures"))
def show_figures(request: Request, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """The dashboard: how many calls, how good, how sure; by one dimension, and by criterion."""
    day = today(chosen)
    shape = shape_of(request.query_params, by=("team",), columns=_COLUMNS, period="last_30_days")
    wanted = wanted_of(shape, day)
    weeks = count_scores(desk.engine, who.viewer, ("week",), wanted)
    if "period" not in request.query_params and not weeks:
        # Nothing new for a month: rather all there is than an empty page.
        shape = replace(shape, period="all")
        wanted = wanted_of(shape, day)
        weeks = count_scores(desk.engine, who.viewer, ("week",), wanted)
    if CRITERION in shape.by:
        shape = replace(shape, columns=tuple(figures_of(shape.by)))
    report = make_report(desk.engine, who.viewer, shape, day)
    criteria = report if report.of_criteria else make_report(desk.engine, who.viewer, replace(shape, by=(CRITERION,), columns=()), day)
    trend, whole = _trend(who, weeks), reduce(add, weeks) if weeks else None
    is_leading = Role.SUPERVISOR in who.viewer.roles
    return render(
        request,
        who,
        "supervisor.html",
        all_calls={name: figure.of(whole) for name, figure in OF_CALLS.items()} if whole else None,
        figures_of_calls=OF_CALLS,
        shape=shape,
        report=None if report.of_criteria else report,
        report_figures=figures_of(shape.by),
        criteria=_stable(desk, criteria),
        criteria_figures=figures_of((CRITERION,)),
        titles=titles_in(known_criteria(desk.store), who.language),
        names=names_in(who, shape),
        dimensions=_BY,
        trend=trend,
        chart=trend_chart(who, trend) if len(trend.points) > 1 else None,
        percents=percents_chart(who, count_percents(desk.engine, who.viewer, wanted)),
        waiting=count_waiting(desk.engine, who.viewer) if is_leading else None,
        due=_due(desk, who, day) if is_leading else None,
        today=day,
        calls_query=calls_query,
        wanted=wanted,
        query=query_of(shape),
        criteria_query=query_of(replace(without_names(shape), by=(CRITERION,), columns=tuple(figures_of((CRITERION,))))),
        **_form(desk, who),
    )


@section.get("/figures/calls", needs=READERS)
def show_calls(request: Request, who: Who, desk: AtDesk, after: str | None = None, order: str = "newest") -> Response:
    """The calls behind a figure."""
    wanted = calls_wanted(request.query_params)
    ordered = Order.LOWEST if order == "lowest" else Order.NEWEST
    key = None
    if after:
        value, _, call_id = after.rpartition("|")
        key = Key(value=(float(value) if ordered is Order.LOWEST else value) if value else None, call_id=call_id)
    found = page(desk.engine, who.viewer, wanted, order=ordered, size=_SIZE, after=key)
    more = None if found.after is None else f"{'' if found.after.value is None else found.after.value}|{found.after.call_id}"
    return render(
        request,
        who,
        "supervisor_calls.html",
        lines=found.lines,
        count=count(desk.engine, who.viewer, wanted),
        after=more,
        order=ordered.value,
        wanted=wanted,
        query=calls_query(wanted),
        names=names_in(who),
        titles=titles_in(known_criteria(desk.store), who.language),
    )


@section.get("/figures/calls/file", needs=READERS)
def download_calls(request: Request, who: Who, desk: AtDesk, chosen: Chosen, form: str = "csv") -> Response:
    """The same list as a file, with how each criterion counts."""
    table = call_table(
        desk.engine, who.viewer, calls_wanted(request.query_params), names_in(who), titles_in(known_criteria(desk.store), who.language)
    )
    return file_of(table, "calls", form, chosen, who, desk)


@section.get("/figures/findings/file", needs=READERS)
def download_findings(request: Request, who: Who, desk: AtDesk, chosen: Chosen, form: str = "csv") -> Response:
    """Findings with their evidence, of calls of some days and kinds."""
    shape = shape_of(request.query_params)
    first, last = days_of(shape, today(chosen))
    where = tuple((name, value) for name, value in shape.where.items() if name != "sentiment")
    calls = CallFilter(first=first, last=last, where=where)
    return file_of(
        flat_table(desk.store, chosen, who.viewer, calls, of_findings=True, engine=desk.engine), "findings", form, chosen, who, desk
    )


@section.get("/figures/compare", needs=READERS)
def show_comparison(request: Request, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """Two groups of calls beside each other."""
    day, asked = today(chosen), request.query_params
    shapes = [_group(asked, prefix) for prefix in ("a", "b")]
    found, refused = None, None
    if "compare" in asked:
        try:
            found = compare_calls(desk.engine, who.viewer, *(wanted_of(shape, day) for shape in shapes))
        except InputRefused as error:
            refused = error
    return render(
        request,
        who,
        "compare.html",
        status=400 if refused else 200,
        shapes=shapes,
        found=found,
        refused=refused,
        query=str(request.url.query),
        names=names_in(who),
        titles={f"{key[0]}/{key[1]}": title for key, title in titles_in(known_criteria(desk.store), who.language).items()},
        **_form(desk, who),
    )


@section.get("/figures/compare/file", needs=READERS)
def download_comparison(request: Request, who: Who, desk: AtDesk, chosen: Chosen, form: str = "csv") -> Response:
    """The same as a file."""
    groups = [wanted_of(_group(request.query_params, prefix), today(chosen)) for prefix in ("a", "b")]
    found = compare_calls(desk.engine, who.viewer, *groups)
    names = names_in(who)
    called = names | {
        f"{key[0]}/{key[1]}": f"{title} ({key[0]})" for key, title in titles_in(known_criteria(desk.store), who.language).items()
    }
    columns: dict[str, list[object]] = {who.gettext("Figure"): [called.get(line.name, line.name) for line in found.lines]}

    def add(heading: str, several: Sequence[Estimate]) -> None:
        """Estimates as three columns, all in percent: means are that already, shares are 0-1 as they are worked out."""
        times = [1 if line.name == "percent" else 100 for line in found.lines]
        for part, ending in (("value", ""), ("low", f": {names['low']}"), ("high", f": {names['high']}")):
            values = [getattr(one, part) for one in several]
            columns[heading + ending] = [None if value is None else round(by * value, 2) for value, by in zip(values, times, strict=True)]

    for place, name in enumerate(("A", "B")):
        add(name, [(line.first, line.second)[place] for line in found.lines])
        columns[f"{name}: {names['of']}"] = [line.counts[place] for line in found.lines]
    add("A − B", [line.difference for line in found.lines])
    return file_of(pa.table(columns), "comparison", form, chosen, who, desk)


@section.get("/figures/indices/file", needs=READERS)
def download_indices(who: Who, desk: AtDesk, chosen: Chosen, rubric: str = "", by: str = "month", form: str = "csv") -> Response:
    """Survey indices as a file."""
    picked = next((one for one in rubrics_with_indices(desk.store) if one.id == rubric), None)
    if picked is None:
        raise InputRefused(f"No rubric {rubric!r} has an index.", advice="Look at the page of survey indices.")
    found = survey_indices(desk.store, who.viewer, picked, by=(by,), engine=desk.engine)
    titles = _titles_of_indices(desk, who, picked)
    columns = {
        names_in(who).get("agent" if by == "agent_id" else by, by): [row.group.get(by) for row in found],
        who.gettext("Index"): [titles[row.index_id] for row in found],
        who.gettext("Question"): [titles.get(row.item, row.item) for row in found],
        who.gettext("Value"): [row.value for row in found],
        who.gettext("Answers"): [row.answers for row in found],
    }
    return file_of(pa.table(columns), "indices", form, chosen, who, desk)


@section.get("/figures/indices", needs=READERS)
def show_indices(request: Request, who: Who, desk: AtDesk, rubric: str | None = None, by: str = "month") -> Response:
    """Survey indices of a rubric that has any."""
    found: list[IndexRow] = []
    refused = None
    rubrics = rubrics_with_indices(desk.store)
    picked = next((one for one in rubrics if one.id == rubric), rubrics[0] if rubrics else None)
    if picked is not None:
        try:
            found = survey_indices(desk.store, who.viewer, picked, by=(by,) if by else (), engine=desk.engine)
        except InputRefused as error:
            refused = error
    return render(
        request, who, "indices.html", rubrics=rubrics, picked=picked, by=by, found=found, refused=refused, names=names_in(who),
        titles=_titles_of_indices(desk, who, picked) if picked else {},
        dimensions=("month", "week", "team", "site", "campaign", "agent_id"),
    )  # fmt: skip


def _titles_of_indices(desk: AtDesk, who: Signed, rubric: Rubric) -> dict[str, str]:
    """What the indices of a rubric and their questions are called in the language of whoever looks."""
    questions = {key[1]: title for key, title in titles_in(known_criteria(desk.store), who.language).items() if key[0] == rubric.id}
    return questions | {one.id: title_of(one.title, one.id, who.language)[1] for one in rubric.indices}


def _stable(desk: AtDesk, report: Shaped) -> Shaped:
    """Without drafts, which are tried and count nothing, and without what only describes a call."""
    left_out = {key for key, one in known_criteria(desk.store).items() if one.is_draft or one.is_described}
    return replace(report, rows=tuple(row for row in report.rows if row.criterion not in left_out))


def _due(desk: AtDesk, who: Signed, day: date) -> int:
    """Coaching notes to be looked at again by today."""
    return sum(note.follow_up is not None and note.follow_up <= day for note in list_notes(desk, who.viewer, state="open"))


def _group(asked: QueryParams, prefix: str) -> Shape:
    """The fields of one of two groups: a.team, b.team …"""
    own = [(name[2:], value) for name, value in asked.multi_items() if name.startswith(f"{prefix}.")]
    return shape_of(QueryParams(own))


def _form(desk: AtDesk, who: Signed) -> dict[str, Any]:
    """What a form that chooses calls offers."""
    values = read_choices(desk.engine, who.viewer, Matter.FIGURES)
    return {
        "offered": {name: values[column] for name, column in FIELDS.items()},
        "periods": {name: who.gettext(text) for name, text in PERIOD_NAMES.items()},
    }


def _trend(who: Signed, weeks: Sequence[Line]) -> Trend:
    points = []
    for line in weeks:
        cell = percent_of(line.effective)
        if line.key[0] is not None and cell.value is not None:
            points.append(
                Point(
                    week=date.fromisoformat(line.key[0]),
                    estimate=Estimate(value=cell.value, low=cell.low, high=cell.high),
                    count=cell.count,
                )
            )
    return Trend(title=who.gettext("Mean percent by week"), points=tuple(points))
