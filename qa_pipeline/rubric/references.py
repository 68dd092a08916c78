"""Faults of a rubric beyond its YAML: keys and values the language does not have, and parts that refer to what is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from qa_pipeline.call import Disposition, Metrics
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.phrases.grammar import MatchMode, check_phrase
from qa_pipeline.rubric.schema import CHECK_KEYS, COMMON_KEYS, Criterion, ExampleList, LevelBounds, PhraseLists, Rubric, Situations
from qa_pipeline.yaml_text import Document

Location = tuple[str | int, ...]
_WORDS_FOR_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list, as [a, b]",
    "list_type": "a list, as [a, b]",
    "dict_type": "a mapping, as {key: value}",
    "model_type": "a mapping, as {key: value}",
    "model_attributes_type": "a mapping, as {key: value}",
}


def validation_faults(error: ValidationError, document: Document) -> list[Fault]:
    """What pydantic refused, in a trainer's words: found, wanted, what to do. One fault a place."""
    faults: dict[tuple[int | None, int | None], Fault] = {}
    for item in error.errors():
        location = tuple(part for part in item["loc"] if not _is_branch(part, document, item["loc"]))
        where = ".".join(str(part) for part in location) or "the file"
        found = item.get("input")
        if item["type"] == "too_short" and found:
            # Its items have faults of their own, which are told.
            continue
        message, advice = f"{where}: {item['msg'].removeprefix('Value error, ')}", ""
        if item["type"] == "extra_forbidden":
            key = str(location[-1])
            message, advice = f"{where}: no key is called {key!r} here", _nearest(key, _keys_at(location))
        elif item["type"] == "missing":
            message, advice = f"{where} is missing", "add it"
        elif item["type"] in _WORDS_FOR_TYPES:
            wanted = _WORDS_FOR_TYPES[item["type"]]
            message = f"{where}: found {_shown(found)}, wanted {wanted}"
            if wanted == "text" and isinstance(found, bool | int | float):
                advice = f'quote it: "{str(found).lower() if isinstance(found, bool) else found}"'
            elif wanted in ("a number", "a whole number") and isinstance(found, str):
                advice = "write the number without quotes"
        elif item["type"] == "literal_error":
            message = f"{where}: found {_shown(found)}, wanted {item['ctx']['expected']}"
            advice = _nearest(str(found), [word.strip("' ") for word in item["ctx"]["expected"].replace(" or ", ",").split(",")])
        elif item["type"] == "string_pattern_mismatch":
            message = f"{where}: found {_shown(found)}, which does not have the form {item['ctx']['pattern']}"
            advice = "ids are lower-case letters, digits and _" if "a-z" in item["ctx"]["pattern"] else "check it"
        elif item["type"] == "literal_error" or (item["type"] == "invalid_key"):
            advice = "languages are zh, en, pl, sv"
        fault = document.fault(location, message, advice)
        faults.setdefault((fault.line, fault.column), fault)
    return list(faults.values())


def _is_branch(part: str | int, document: Document, location: Sequence[str | int]) -> bool:
    """Whether a part of pydantic's location names an alternative of a union (`literal[…]`, `constrained-int`), not something in the file."""
    if isinstance(part, int):
        return False
    return any(mark in part for mark in "[(") or part in (
        "str",
        "int",
        "float",
        "bool",
        "LevelBounds",
        "constrained-int",
        "constrained-float",
    )


def _keys_at(location: Location) -> Iterable[str]:
    if "criteria" in location:
        return {key.rstrip("_") for keys in (COMMON_KEYS, *CHECK_KEYS.values()) for key in keys}
    return Rubric.model_fields.keys()


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "docs/rubric-language.md lists the keys"


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"


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
            for key, name in _named(criterion):
                if name not in by_id:
                    yield document.fault((*place, *key), f"{key[0]}: no criterion is called {name!r}", there_are)
            yield from _condition_faults(criterion, by_id, rubric, document, place)
            yield from _check_faults(criterion, by_id, rubric, document, place)
            for key, message, advice in phrase_faults(criterion):
                yield document.fault((*place, *key), message, advice)
            if cycle := _cycle(criterion, by_id):
                yield document.fault((*place, "id"), f"criteria wait for each other: {' → '.join(cycle)}", "take one of the references out")
    yield from _rubric_faults(rubric, by_id, document)


def _named(criterion: Criterion) -> Iterator[tuple[Location, str]]:
    for key in ("before", "after", "repeats"):
        if name := getattr(criterion, key):
            yield (key,), name
    for number, name in enumerate(criterion.of):
        yield ("of", number), name
    for number, condition in enumerate(criterion.when):
        if condition.criterion:
            yield ("when", number, "criterion"), condition.criterion


def _condition_faults(
    criterion: Criterion, by_id: dict[str, Criterion], rubric: Rubric, document: Document, place: Location
) -> Iterator[Fault]:
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
    criterion: Criterion, by_id: dict[str, Criterion], rubric: Rubric, document: Document, place: Location
) -> Iterator[Fault]:
    """What one check's keys may say."""
    if criterion.metric and criterion.metric not in Metrics.__dataclass_fields__:
        known = ", ".join(sorted(Metrics.__dataclass_fields__))
        yield document.fault((*place, "metric"), f"metric: no metric is called {criterion.metric!r}", f"there are: {known}")
    for name, level in criterion.levels.items():
        if isinstance(level, LevelBounds) != (criterion.check == "metric"):
            wanted = "{credit: 0.5, at_most: 3}" if criterion.check == "metric" else "a number from 0 to 1"
            yield document.fault((*place, "levels", name), f"levels: {name} is not of the form this check reads", f"write {wanted}")
        elif criterion.check in ("question", "survey", "sentiment") and name not in criterion.possible_answers():
            known = ", ".join(criterion.possible_answers())
            yield document.fault((*place, "levels", name), f"levels: there is no answer {name!r}", f"there are: {known}")
    for number, name in enumerate(criterion.reason_when):
        if name not in criterion.possible_answers():
            known = ", ".join(criterion.possible_answers())
            yield document.fault((*place, "reason_when", number), f"reason_when: there is no answer {name!r}", f"there are: {known}")
    if criterion.repeats in by_id and by_id[criterion.repeats].check != "capture":
        yield document.fault((*place, "repeats"), f"repeats: {criterion.repeats} captures nothing", "name a criterion with check: capture")
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
    for key in ("deduct", "severity", "cap"):
        if getattr(criterion, key) is not None and rubric.scoring == "points":
            yield document.fault((*place, key), f"{key} has no effect here", "write `scoring: deductions` at the top, or take it out")
    if criterion.bonus and rubric.scoring == "deductions":
        yield document.fault((*place, "bonus"), "bonus has no effect where points are taken off", "take it out")
    if criterion.bonus and criterion.critical:
        yield document.fault((*place, "bonus"), "a bonus cannot be critical", "take one of the two out")


def _rubric_faults(rubric: Rubric, by_id: dict[str, Criterion], document: Document) -> Iterator[Fault]:
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
    mode: MatchMode = criterion.match if criterion.match != "meaning" else "tolerant"
    yield from compile_faults(("phrases",), criterion.phrases, mode)
    for name, phrases in criterion.groups.items():
        yield from compile_faults(("groups", name), phrases, mode)
    yield from compile_faults(("whole_turn",), criterion.whole_turn)
    yield from compile_faults(("unlike",), criterion.unlike)
    for key in ("answers", "values"):
        for name, phrases in getattr(criterion, key).items():
            yield from compile_faults((key, name), phrases)


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
    return tuple(name for _, name in _named(criterion))


def _cycle(start: Criterion, by_id: dict[str, Criterion]) -> list[str]:
    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail, name] if name == start.id else []
        for needed in dependencies(by_id[name]):
            if needed in by_id and (found := visit(needed, [*trail, name])):
                return found
        return []

    return visit(start.id, [])
