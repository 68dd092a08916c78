"""The commands of trainers: `qa-pipeline rubric …`.

One module, though long: a function a command, each of them short and none calling another.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_pipeline.cli.options import (
    DATE,
    LANGUAGE,
    as_day,
    is_path,
    open_results,
    open_settings,
    open_store,
    results_option,
    rubric_path,
    user_name,
)
from qa_pipeline.cli.show import with_bar
from qa_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa_pipeline.call import Conversation
    from qa_pipeline.results.store import Store
    from qa_pipeline.rubric.schema import Rubric
    from qa_pipeline.settings import Settings
    from qa_pipeline.trainer.diff import Diff
    from qa_pipeline.trainer.explain import Step
    from qa_pipeline.trainer.publish import Workbench


@click.group()
def rubric() -> None:
    """Write, check, test, compare and publish rubrics."""


@rubric.command("new")
@click.argument("name")
@click.option("--template", type=click.Choice(["outbound", "inbound", "survey"]), default="outbound", show_default=True)
@click.option(
    "--language", type=LANGUAGE, default=lambda: LANGUAGE.choices[0], show_default="the first of these", help="Language of its cases."
)
@click.option("--from", "source", metavar="NAME|PATH", help="Begin with a copy of this rubric and its cases instead.")
def rubric_new(name: str, template: str, language: str, source: str | None) -> None:
    """Begin a rubric: NAME.yaml and NAME.cases.yaml from a template that passes check and test."""
    from qa_pipeline.packaged import packaged_folder
    from qa_pipeline.trainer.template import copy, create

    folder = open_settings().rubrics
    if source:
        written = copy(name, rubric_path(source), folder)
    else:
        written = create(name, folder, template=template, language=language, shipped=packaged_folder("rubrics"))
    for path in written:
        click.echo(f"written: {path}")
    click.echo(f"Next: qa-pipeline rubric test {name}")


@rubric.command("check")
@click.argument("names", nargs=-1)
@click.option("--strict", is_flag=True, help="Count warnings as faults.")
def rubric_check(names: tuple[str, ...], strict: bool) -> None:
    """Check rubrics, by name or file; every fault with file, line, column and cure. Warnings tell what is allowed but hardly meant."""
    from qa_pipeline.rubric.load import rubric_paths
    from qa_pipeline.trainer.checking import check_rubric

    paths = [rubric_path(name) for name in names] or rubric_paths(open_settings().rubrics)
    checked = [check_rubric(path) for path in paths]
    faults = [fault for one in checked for fault in one.faults]
    warnings = [warning for one in checked for warning in one.warnings]
    for fault in faults:
        click.echo(str(fault))
    for warning in warnings:
        place, _, message = str(warning).partition(": ")
        click.echo(f"{place}: warning: {message}")
    if faults or (strict and warnings):
        sys.exit(2)
    told = f", {_counted(len(warnings), 'warning')}" if warnings else ""
    click.echo(f"{_counted(len(paths), 'rubric')} in order{told}.")


@rubric.command("test")
@click.argument("names", nargs=-1)
@results_option
def rubric_test(names: tuple[str, ...], results: str | None) -> None:
    """Run the cases beside the rubrics; a case may point at a stored call (--results)."""
    from qa_pipeline.trainer.publish import run_cases, stored_calls

    settings = open_settings(results=results)
    stored = stored_calls(open_store(settings)) if results else None
    failed = total = 0
    for name, results_of in run_cases(settings, _names(names), stored, files=_files(names)):
        total += len(results_of)
        for result in results_of:
            for miss in result.misses:
                failed += 1
                click.echo(f"{name}: {result.case.name}: {miss}")
    click.echo(f"{_counted(total, 'case')}, {failed} miss{'es' if failed != 1 else ''}.")
    sys.exit(1 if failed else 0)


@rubric.command("mutate")
@click.argument("names", nargs=-1)
@click.option("--survivors", is_flag=True, help="List only what no case noticed.")
def rubric_mutate(names: tuple[str, ...], survivors: bool) -> None:
    """Spoil each stable criterion in every way its check allows, and show which case notices."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.trainer.mutate import mutate

    bench = _workbench(open_settings(), names)
    mutants = [mutant for name in bench.scorecards for mutant in mutate(bench, name)]
    survived = [mutant for mutant in mutants if mutant.noticed_by is None]
    show_rows(
        [
            {"rubric": m.rubric_id, "criterion": m.criterion_id, "mutation": m.mutation, "noticed by": m.noticed_by or "NO CASE"}
            for m in (survived if survivors else mutants)
        ]
    )
    click.echo(f"{_counted(len(mutants), 'mutant')}, {len(survived)} noticed by no case.")
    sys.exit(1 if survived else 0)


@rubric.command("try")
@click.argument("name")
@click.argument("dialogue")
@results_option
@click.option("--language", type=LANGUAGE, help="Language of a pasted dialogue, instead of detecting it.")
@click.option("--company", help="The call's company, for {company}.")
@click.option("--agent-name", help="The agent's name, for {agent_name}.")
def rubric_try(name: str, dialogue: str, results: str | None, language: str | None, company: str | None, agent_name: str | None) -> None:
    """See every check of rubric NAME (or a file) fire on a DIALOGUE: a text file, - for what is typed, or a stored call's id."""
    from qa_pipeline.report.annotated import show_annotated
    from qa_pipeline.scoring.score import score

    settings = open_settings(results=results)
    bench = _workbench(settings, (name,))
    ((stem, scorecard),) = bench.scorecards.items()
    columns = {key: value for key, value in (("company", company), ("agent_name", agent_name)) if value}
    show_annotated(score(_heard(dialogue, settings, bench, stem, language, columns), scorecard))


@rubric.command("explain")
@click.argument("call_id")
@click.argument("criterion")
@results_option
@click.option("--rubric", "name", metavar="NAME|NAME@VERSION|PATH", help="Another rubric than the one that scored the call.")
def rubric_explain(call_id: str, criterion: str, results: str | None, name: str | None) -> None:
    """Say why CRITERION came out as it did in CALL_ID, step by step."""
    from qa_pipeline.reading.pages import find_call
    from qa_pipeline.reading.stored import score_of_call
    from qa_pipeline.reading.viewer import Matter, local_viewer
    from qa_pipeline.results.versions import rubric_that_scored
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import LOOKED, keep_on_record
    from qa_pipeline.running.scorecards import ready_scorecards
    from qa_pipeline.trainer.explain import explain, other_scoring
    from qa_pipeline.trainer.publish import stored_calls
    from qa_pipeline.trainer.scoring_diff import stored_verdict

    settings = open_settings(results=results)
    store = open_results(settings)
    conversation = stored_calls(store)(call_id)
    if conversation is None:
        raise InputRefused(f"Call {call_id} is not in {settings.results}.", advice="`qa-pipeline report` lists the calls.")
    engine, viewer = open_lists(settings, store), local_viewer(user_name())
    find_call(engine, viewer, call_id, matter=Matter.WORDS)
    stored = None
    if name is None:
        stored = score_of_call(store, viewer, call_id, engine=engine)
        if stored is None:
            raise InputRefused(f"Call {call_id} has not been scored.", advice="Name a rubric with --rubric.")
        chosen = rubric_that_scored(stored, store, settings.rubrics)
    else:
        chosen = _rubric_of(name, settings, store)
    if criterion not in {c.id for c in chosen.criteria}:
        known = ", ".join(c.id for c in chosen.criteria)
        raise InputRefused(f"Rubric {chosen.id} has no criterion {criterion!r}.", advice=f"There are: {known}.")
    scorecard = ready_scorecards({chosen.id: chosen}, settings)[chosen.id]
    steps = explain(conversation, scorecard, criterion)
    keep_on_record(settings, viewer, LOOKED, call_id=call_id)
    if stored is not None:
        verdict = stored_verdict(store, stored, criterion)
        other = other_scoring(conversation, scorecard, verdict.outcome, verdict.judged_by)
        steps = (*((other,) if other else ()), *steps)
    _show_steps(steps)


@rubric.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--stored", is_flag=True, help="Instead of NEW: what is stored of OLD and was made by other scoring, and what the scoring of now makes."
)
@click.option("--on", "results", metavar="ROOT", help="Results root whose calls are compared.")
@click.option("--since", type=DATE, help="Calls from this day on.")
@click.option("--until", type=DATE, help="Calls up to this day.")
@click.option("--all", "every", is_flag=True, help="Every stored call, not only those either rubric has scored.")
@click.option("--html", "html_path", type=click.Path(dir_okay=False), help="Also write a page.")
@click.option("--most", default=20, show_default=True, help="Calls shown with their evidence.")
def rubric_diff(
    old: str, new: str | None, stored: bool, results: str | None, every: bool, html_path: str | None, most: int, **days: datetime | None
) -> None:
    """Show which stored calls change when NEW replaces OLD: NAME, NAME@VERSION or a file. Writes no score.

    With --stored: which verdicts of OLD have moved because the program, or its language data, changed since they were made.
    """
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import COMPARED, keep_on_record
    from qa_pipeline.review.verdicts import said_by_people
    from qa_pipeline.running.scorecards import ready_scorecards
    from qa_pipeline.trainer.diff import calls_to_compare, diff
    from qa_pipeline.trainer.scoring_diff import judge_again, scores_by_other_scoring, scoring_diff

    if (new is None) is not stored:
        raise click.UsageError("Name two rubrics, or one and --stored.")
    settings = open_settings(results=results)
    store = open_results(settings)
    before, after = (_rubric_of(name, settings, store) for name in (old, new or old))
    scorecards = ready_scorecards({"old": before, "new": after}, settings)
    since, until = (as_day(days[key]) for key in ("since", "until"))
    engine, viewer = open_lists(settings, store), local_viewer(user_name())
    if stored:
        earlier = scores_by_other_scoring(store, engine, viewer, scorecards["old"], since=since, until=until)
        pairs = with_bar(judge_again(store, scorecards["old"], earlier), len(earlier))
        found = scoring_diff(pairs, scorecards["old"])
        keep_on_record(settings, viewer, COMPARED, about=f"{found.old}, {found.new}: {len(earlier)} calls")
        _show_diff(found, html_path, most, settings)
        return
    ids = calls_to_compare(store, engine, viewer, scorecards["old"], scorecards["new"], since=since, until=until, every=every)
    conversations = with_bar(store.stream_conversations(ids), len(ids))
    people = said_by_people(store, {before.id, after.id})
    found = diff(conversations, scorecards["old"], scorecards["new"], people=people)
    keep_on_record(settings, viewer, COMPARED, about=f"{found.old}, {found.new}: {len(ids)} calls")
    _show_diff(found, html_path, most, settings)


def _show_diff(difference: Diff, html_path: str | None, most: int, settings: Settings) -> None:
    from qa_pipeline.report.diff import show_diff, write_diff_html
    from qa_pipeline.review.written import Sort, keep_written

    show_diff(difference, most_calls=most)
    if html_path:
        keep_written(settings, [Path(html_path)], Sort.DIFFERENCES, author=user_name())
        write_diff_html(difference, Path(html_path))
        click.echo(f"\nPage: {Path(html_path).resolve()}")


@rubric.command("fit")
def rubric_fit() -> None:
    """Fit the meanings of changed example lists (rubrics/heads.json) and keep the vectors of the cases' texts; needed before publishing."""
    from qa_pipeline.trainer.publish import fit_lists

    lists, texts = fit_lists(open_settings())
    click.echo(f"{_counted(lists, 'list')} fitted; {_counted(texts, 'text')} of cases.")


@rubric.command("calibrate")
@click.argument("name")
@click.option("--write", is_flag=True, help="Put the suggested thresholds into the file.")
@click.option(
    "--ask",
    "asks",
    is_flag=True,
    help="Instead: ask the language model about the cases, and show how far it agrees with them and with people.",
)
@results_option
def rubric_calibrate(name: str, write: bool, asks: bool, results: str | None) -> None:
    """Suggest from which probability each meaning of a rubric counts, from its cases; or measure the answers to its questions."""
    from qa_pipeline.cli.asking import show_measured
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.trainer.calibrate import calibrate, write_threshold

    settings = open_settings(results=results)
    bench = _workbench(settings, (name,))
    (stem,) = bench.scorecards
    if asks:
        show_measured(bench, stem, settings)
        return
    found = calibrate(bench, stem)
    show_rows(
        [
            {
                "criterion": c.criterion_id,
                "at_least": c.at_least,
                "said in cases": " ".join(f"{p:.2f}" for p in c.met),
                "not said": " ".join(f"{p:.2f}" for p in c.not_met),
                "suggested": c.suggested if c.suggested is not None else "cases of both kinds are needed",
                "on the wrong side": c.errors,
            }
            for c in found
        ]
    )
    path = next(iter(_files((name,))), settings.rubrics / f"{name}.yaml")
    for item in found if write else ():
        if item.suggested is not None:
            done = write_threshold(path, item.criterion_id, item.suggested)
            click.echo(f"{item.criterion_id}: {'written' if done else f'write `at_least: {item.suggested:g}` into its meaning'}")


@rubric.command("publish")
@click.argument("names", nargs=-1)
@click.option(
    "--changed", is_flag=True, help="Every published rubric that a changed list or situation touches, each with its `version` raised."
)
@results_option
@click.option("--lock-only", is_flag=True, help="Write published.lock only; the text is kept beside the results at the first run.")
def rubric_publish(names: tuple[str, ...], changed: bool, results: str | None, lock_only: bool) -> None:
    """Freeze rubrics: their hashes in published.lock, their texts beside the results. All of them or, when one is refused, none.

    Refused while a case fails, the version is not new, or a critical criterion hits a known-good call that is not listed.
    """
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.trainer.publish import changed_since_published, overlap_warnings, publish
    from qa_pipeline.trainer.work import unmeasured

    if bool(names) == changed:
        raise click.UsageError("Name the rubrics to publish, or give --changed.")
    settings = open_settings(results=results)
    store = None if lock_only else open_store(settings)
    chosen = names or [rubric.id for rubric in changed_since_published(settings)]
    if not chosen:
        click.echo("Every published rubric is as it was published.")
        return
    if store:
        store.prepare()
    done = publish(chosen, settings, store, raises_versions=changed)
    if store:
        _note_published(done, settings)
    for published in done:
        for warning in (
            *overlap_warnings(published, settings, store),
            *(unmeasured(published, settings, store, local_viewer(user_name())) if store else ()),
        ):
            click.echo(f"warning: {warning}", err=True)
        from_when = f", in force from {published.effective_from}" if published.effective_from else ""
        click.echo(f"{published.id} version {published.version} is published{from_when}.")
    if others := changed_since_published(settings):
        told = ", ".join(f"{rubric.id} (version {rubric.version})" for rubric in others)
        click.echo(
            f"No longer as published, as a list of theirs was changed or they were edited: {told}. "
            "`rubric publish --changed` raises the `version` of each and publishes them.",
            err=True,
        )


@rubric.command("roll-back")
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@results_option
def rubric_roll_back(name: str, version: int, results: str | None) -> None:
    """Write VERSION of rubric NAME into its file once more, under the next version's number; publish it then.

    Refused while the file is not as it was published: what is written in it would be lost.
    """
    from qa_pipeline.trainer.publish import changed_since_published
    from qa_pipeline.trainer.roll_back import judges_as, kept_versions, text_to_go_back
    from qa_pipeline.whole_file import write_whole

    settings = open_settings(results=results)
    store = open_results(settings)
    text = text_to_go_back(store, settings.rubrics, name, version)
    if name in {rubric.id for rubric in changed_since_published(settings)}:
        raise InputRefused(
            f"{name}.yaml is not as it was published.", advice="Publish it, or put it back, then go back to the earlier version."
        )
    path = settings.rubrics / f"{name}.yaml"
    write_whole(path, text)
    click.echo(f"written: {path}")
    if not judges_as(path, next(kept for kept in kept_versions(store, name) if kept.version == version)):
        click.echo(f"Lists or situations that it uses have changed since: it judges otherwise than version {version} did.", err=True)
    click.echo(f"Next: qa-pipeline rubric publish {name}")


@rubric.command("versions")
@click.argument("name", required=False)
@results_option
def rubric_versions(name: str | None, results: str | None) -> None:
    """List the versions kept beside the results."""
    from dataclasses import asdict

    from qa_pipeline.reading.runs import list_rubrics
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.report.terminal import show_rows

    kept = list_rubrics(open_results(open_settings(results=results)), local_viewer(user_name()))
    show_rows([asdict(one) for one in kept if name in (None, one.rubric_id)])


@rubric.command("schema")
@click.option("--of", "kind", type=click.Choice(["rubric", "cases", "list"]), default="rubric", show_default=True)
@click.option("--write", is_flag=True, help="Write schema.json into the rubrics folder instead of printing.")
def rubric_schema(kind: str, write: bool) -> None:
    """Print the JSON Schema of rubric files, for editors."""
    from qa_pipeline.rubric.json_schema import schema_text
    from qa_pipeline.whole_file import write_whole

    if not write:
        click.echo(schema_text(kind), nl=False)
        return
    path = open_settings().rubrics / ("schema.json" if kind == "rubric" else f"{kind}.schema.json")
    write_whole(path, schema_text(kind))
    click.echo(f"written: {path}")


@rubric.command("import-phrases")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--to", "target", metavar="LIST", required=True, help="List file, as lists/forbidden_extra.yaml; made when it is not there.")
@click.option("--sheet", help="Sheet of the workbook; the first by default.")
@click.option("--language", type=LANGUAGE, help="Language of rows that name none.")
@click.option("--kind", type=click.Choice(["phrases", "whole_turn", "take_back", "like", "unlike"]), default="phrases", show_default=True)
def rubric_import_phrases(file: str, target: str, sheet: str | None, language: str | None, kind: str) -> None:
    """Take phrases over from a spreadsheet (FILE.xlsx or .csv) into a list file; a bad row is told with its place and nothing is written."""
    from qa_pipeline.trainer.import_phrases import import_phrases

    path = Path(target) if Path(target).is_absolute() else open_settings().rubrics / target
    found = import_phrases(Path(file), path, sheet=sheet, language=language, kind=kind, list_id=path.stem)
    click.echo(f"{found.path}: {found.added} added, {found.there_already} there already.")


COMMANDS = (rubric,)


# --- shared by commands ----------------------------------------------------------------------------------------------------------------


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _files(names: Sequence[str]) -> list[Path]:
    return [Path(name) for name in names if is_path(name)]


def _names(names: Sequence[str]) -> list[str]:
    return [name for name in names if not is_path(name)]


def _workbench(settings: Settings, names: Sequence[str]) -> Workbench:
    from qa_pipeline.trainer.publish import open_workbench

    return open_workbench(settings, _names(names), files=_files(names))


def _rubric_of(name: str, settings: Settings, store: Store) -> Rubric:
    """A rubric by file, by NAME@VERSION kept beside the results, or by name as it stands."""
    from qa_pipeline.results.versions import named_rubric
    from qa_pipeline.rubric.load import load_rubric, load_rubrics

    if is_path(name):
        return load_rubric(Path(name))
    return named_rubric(name, {} if "@" in name else load_rubrics(settings.rubrics), store)


def _heard(dialogue: str, settings: Settings, bench: Workbench, name: str, language: str | None, columns: dict[str, str]) -> Conversation:
    """A dialogue to try: a stored call, or a text as cases write them, with the vectors that meanings need."""
    from qa_pipeline.reading.pages import find_call
    from qa_pipeline.reading.viewer import Matter, local_viewer
    from qa_pipeline.review.opening import open_lists
    from qa_pipeline.review.record import LOOKED, keep_on_record
    from qa_pipeline.trainer.pasted import read_pasted
    from qa_pipeline.trainer.publish import stored_calls

    if dialogue == "-" or os.path.isfile(dialogue):
        raw = sys.stdin.buffer.read() if dialogue == "-" else Path(dialogue).read_bytes()
        text = raw.decode("utf-8-sig", errors="replace")
        return read_pasted(text, name=dialogue, language=language, columns=columns, encode=bench.encode_for(name))
    store, viewer = open_store(settings), local_viewer(user_name())
    found = stored_calls(store)(dialogue)
    if found is not None and (language or columns):
        raise InputRefused(f"Call {dialogue} is stored with what is known of it.", advice="Leave --language, --company, --agent-name out.")
    if found is None:
        raise InputRefused(
            f"{dialogue!r} is neither a file nor a call in {settings.results}.",
            advice="Give a dialogue's file, - for standard input, or a call id.",
        )
    find_call(open_lists(settings, store), viewer, dialogue, matter=Matter.WORDS)
    keep_on_record(settings, viewer, LOOKED, call_id=dialogue)
    return found


def _note_published(rubrics: Sequence[Rubric], settings: Settings) -> None:
    """Put on record who published, where people's record is kept."""
    from qa_pipeline.cli.options import user_name
    from qa_pipeline.reading.database import open_database
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.review.desk import bring_up
    from qa_pipeline.trainer.history import PUBLISHED, note

    engine = open_database(settings)
    bring_up(engine)
    for published in rubrics:
        note(engine, local_viewer(user_name()), PUBLISHED, f"{published.id} {published.version}")


def _show_steps(steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps, 1):
        click.echo(click.style(f"{number}. {step.title}", bold=True))
        for line in step.lines:
            click.echo(f"   {line}")
