"""Faults of a rubric beyond its YAML and its keys: parts that refer to what is not there, phrases that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qa_pipeline.call import Disposition, Metrics
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.phrases.grammar import MatchMode, check_phrase
from qa_pipeline.rubric.atoms import Location, PhraseLists
from qa_pipeline.rubric.criteria import CaptureCriterion, Criterion, MetadataCriterion, MetricCriterion, SurveyCriterion
from qa_pipeline.rubric.lists import ExampleList
from qa_pipeline.rubric.schema import Rubric, Situations
from qa_pipeline.yaml_text import Document


def reference_faults(rubric: Rubric, document: Document) -> Iterator[Fault]:
    """Faults of ids, references and phrases, each where it is written."""
    by_id = {criterion.id: criterion for criterion in rubric.criteria}
    there_are = f"there are: {', '.join(sorted(by_id))}"
    seen: set[str] = set()
    for s, section in enumerate(rubric.sections):
        for c, criterion in enumerate(section.criteria):
            place: Location = ("sections", s, "criteria", c)
            if criterion.id in seen:
                yield document.fault((*place, "id"), f"criterion {criterion.id!r} stands twice", "give each its own id")
            seen.add(criterion.id)
            for key, name in criterion.references():
                if name not in by_id:
                    yield document.fault((*place, *key), f"{key[0]}: no criterion is called {name!r}", there_are)
            yield from _condition_faults(criterion, by_id, document, place)
            yield from _check_faults(criterion, by_id, rubric, document, place)
            for key, message, advice in phrase_faults(criterion):
                yield document.fault((*place, *key), message, advice)
            if cycle := _cycle(criterion, by_id):
                yield document.fault((*place, "id"), f"criteria wait for each other: {' → '.join(cycle)}", "take one of the references out")
    yield from _consent_faults(rubric, by_id, document)
    yield from _rubric_faults(rubric, by_id, document)


def _consent_faults(rubric: Rubric, by_id: Mapping[str, Criterion], document: Document) -> Iterator[Fault]:
    if rubric.consent is None:
        return
    for key, name in (("criterion", rubric.consent.criterion), *(("withdrawn_by", name) for name in rubric.consent.withdrawn_by)):
        if name not in by_id:
            yield document.fault(("consent", key), f"consent: no criterion is called {name!r}", f"there are: {', '.join(sorted(by_id))}")
    asked = by_id.get(rubric.consent.criterion)
    for answer in rubric.consent.given if asked else ():
        if asked and answer not in asked.possible_answers():
            known = ", ".join(asked.possible_answers()) or f"none: check: {asked.check} has no answers"
            yield document.fault(("consent", "given"), f"consent: {asked.id} has no answer {answer!r}", f"there are: {known}")


def _condition_faults(criterion: Criterion, by_id: Mapping[str, Criterion], document: Document, place: Location) -> Iterator[Fault]:
    for number, condition in enumerate(criterion.when):
        parent = by_id.get(condition.criterion or "")
        for answer in condition.answers if parent else ():
            if parent and answer not in parent.possible_answers():
                known = ", ".join(parent.possible_answers()) or f"none: check: {parent.check} has no answers"
                yield document.fault(
                    (*place, "when", number, "answer"), f"when: {parent.id} has no answer {answer!r}", f"there are: {known}"
                )
        for name in condition.disposition or ():
            if name not in set(Disposition):
                known = ", ".join(Disposition)
                yield document.fault(
                    (*place, "when", number, "disposition"), f"when: no disposition is called {name!r}", f"there are: {known}"
                )


def _check_faults(
    criterion: Criterion, by_id: Mapping[str, Criterion], rubric: Rubric, document: Document, place: Location
) -> Iterator[Fault]:
    """What one check's keys may say."""
    if isinstance(criterion, MetricCriterion) and criterion.metric not in Metrics.__dataclass_fields__:
        known = ", ".join(sorted(Metrics.__dataclass_fields__))
        yield document.fault((*place, "metric"), f"metric: no metric is called {criterion.metric!r}", f"there are: {known}")
    answers = criterion.possible_answers()
    for name in criterion.credits:
        if name not in answers:
            yield document.fault((*place, "levels", name), f"levels: there is no answer {name!r}", f"there are: {', '.join(answers)}")
    if isinstance(criterion, SurveyCriterion):
        for number, name in enumerate(criterion.reason_when):
            if name not in answers:
                yield document.fault(
                    (*place, "reason_when", number), f"reason_when: there is no answer {name!r}", f"there are: {', '.join(answers)}"
                )
    captured = by_id.get(criterion.repeats or "") if isinstance(criterion, CaptureCriterion) else None
    if captured and captured.check != "capture":
        yield document.fault((*place, "repeats"), f"repeats: {captured.id} captures nothing", "name a criterion with check: capture")
    if isinstance(criterion, MetadataCriterion):
        yield from _call_time_faults(criterion, rubric, document, place)
    for key in ("deduct", "severity", "cap"):
        if getattr(criterion, key) is not None and rubric.scoring == "points":
            yield document.fault((*place, key), f"{key} has no effect here", "write `scoring: deductions` at the top, or take it out")
    if criterion.bonus and rubric.scoring == "deductions":
        yield document.fault((*place, "bonus"), "bonus has no effect where points are taken off", "take it out")
    if criterion.bonus and criterion.critical:
        yield document.fault((*place, "bonus"), "a bonus cannot be critical", "take one of the two out")


def _call_time_faults(criterion: MetadataCriterion, rubric: Rubric, document: Document, place: Location) -> Iterator[Fault]:
    if criterion.not_on_holidays and rubric.country is None:
        yield document.fault(
            (*place, "not_on_holidays"), "not_on_holidays needs to know whose holidays", "give the rubric a `country`, as CN"
        )
    for number, window in enumerate(criterion.call_windows):
        if window.season and window.season not in rubric.seasons:
            known = ", ".join(rubric.seasons) or "none; give the rubric `seasons`"
            yield document.fault(
                (*place, "call_windows", number, "season"), f"no season is called {window.season!r}", f"there are: {known}"
            )


def _rubric_faults(rubric: Rubric, by_id: Mapping[str, Criterion], document: Document) -> Iterator[Fault]:
    try:
        ZoneInfo(rubric.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield document.fault(("timezone",), f"{rubric.timezone!r} is no time zone", "write one such as Asia/Shanghai")
    if rubric.country and not _has_holidays(rubric.country):
        yield document.fault(
            ("country",), f"the holidays of {rubric.country!r} are not known", "write a country code such as CN, PL, SE, GB"
        )
    sections = [section.id for section in rubric.sections]
    for number, name in enumerate(sections):
        if name in sections[:number]:
            yield document.fault(("sections", number, "id"), f"section {name!r} stands twice", "give each its own id")
    for n, index in enumerate(rubric.indices):
        for number, item in enumerate(index.items):
            if item not in by_id or by_id[item].check != "survey":
                surveys = ", ".join(c.id for c in rubric.criteria if c.check == "survey") or "none"
                yield document.fault(("indices", n, "items", number), f"no survey criterion is called {item!r}", f"there are: {surveys}")
    captures = {criterion.id for criterion in rubric.criteria if criterion.check == "capture"}
    for n, contact in enumerate(rubric.contacts):
        anchor = contact.counted_from
        if anchor.capture and anchor.capture not in captures:
            known = ", ".join(sorted(captures)) or "none"
            yield document.fault(
                ("contacts", n, "counted_from"), f"no capture criterion is called {anchor.capture!r}", f"there are: {known}"
            )
        if anchor.criterion and anchor.criterion not in by_id:
            yield document.fault(
                ("contacts", n, "counted_from"), f"no criterion is called {anchor.criterion!r}", f"there are: {', '.join(sorted(by_id))}"
            )


def _has_holidays(country: str) -> bool:
    # The table of names alone: listing the countries would load every calendar.
    from holidays.registry import COUNTRIES

    return any(country in codes for _, *codes in COUNTRIES.values())


def phrase_faults(criterion: Criterion) -> Iterator[tuple[Location, str, str]]:
    """Phrases of a criterion that cannot be compiled: place within it, message and advice."""
    for place, phrases, mode in criterion.phrase_lists():
        yield from compile_faults(place, phrases, mode)


def list_faults(shared: ExampleList) -> Iterator[tuple[Location, str, str]]:
    """The same for a list file."""
    for key in ("phrases", "whole_turn", "take_back"):
        yield from compile_faults((key,), getattr(shared, key))


def compile_faults(place: Location, phrases: PhraseLists, mode: MatchMode = "tolerant") -> Iterator[tuple[Location, str, str]]:
    """Phrases that do not parse: place, message and advice."""
    for language, texts in phrases.items():
        for number, text in enumerate(texts):
            try:
                check_phrase(text, language, mode=mode)
            except InputRefused as error:
                yield (*place, language, number), error.message, error.advice


def situation_faults(situations: Situations) -> Iterator[tuple[Location, str, str]]:
    """The same for situations.yaml."""
    for name in Situations.model_fields:
        rule = getattr(situations, name)
        yield from compile_faults((name, "phrases"), rule.phrases)
        yield from compile_faults((name, "unlike"), rule.unlike)


def dependencies(criterion: Criterion) -> tuple[str, ...]:
    """Criteria that must be judged before this one."""
    return tuple(name for _, name in criterion.references())


def _cycle(start: Criterion, by_id: Mapping[str, Criterion]) -> list[str]:
    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail, name] if name == start.id else []
        for needed in dependencies(by_id[name]):
            if needed in by_id and (found := visit(needed, [*trail, name])):
                return found
        return []

    return visit(start.id, [])
