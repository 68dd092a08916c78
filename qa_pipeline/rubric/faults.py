"""What pydantic refuses in a file, in a trainer's words: found, wanted, what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from qa_pipeline.errors import Fault
from qa_pipeline.rubric.atoms import Location
from qa_pipeline.rubric.criteria import CRITERIA, keys_of
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.yaml_text import Document

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
# How pydantic calls the alternatives of unions in its locations, besides `literal[…]` and the like.
_ALTERNATIVES = frozenset(("str", "int", "float", "bool", "constrained-int"))
# What people write for true and false.
_TRUTHS = {
    **dict.fromkeys(("yes", "y", "on", "true", "1"), "true"),
    **dict.fromkeys(("no", "n", "off", "false", "0"), "false"),
}  # fmt: skip
_CRITERION_KEYS = frozenset(key for kind in CRITERIA.values() for key in keys_of(kind))
# Pydantic's words for a criterion whose check is missing or none of ours.
_NO_CHECK = ("union_tag_not_found", "union_tag_invalid")


def validation_faults(error: ValidationError, document: Document) -> list[Fault]:
    """Faults of what pydantic refused. One fault a place."""
    faults: dict[tuple[int | None, int | None], Fault] = {}
    for item in error.errors():
        for location, message, advice in _located(item, tuple(item["loc"])):
            fault = document.fault(location, message, advice)
            faults.setdefault((fault.line, fault.column), fault)
    return list(faults.values())


Located = tuple[Location, str, str]


def _located(item: Mapping[str, Any], loc: Location) -> Iterator[Located]:
    """Place, message and advice of one error; more where a criterion has no check to be read by."""
    location, check = _place(loc)
    found, kind, context = item.get("input"), item["type"], item.get("ctx", {})
    if kind == "extra_forbidden" and location[-1:] != loc[-1:]:
        # A key that somebody wrote is no alternative of a union, whatever brackets are in it.
        location = (*location, loc[-1])
    where = ".".join(str(part) for part in location) or "the file"
    if kind == "too_short" and found:
        # Its items have faults of their own.
        return
    if kind in _NO_CHECK:
        yield from _without_check(location, found)
    elif kind == "extra_forbidden":
        key = str(location[-1])
        if check and len(location) == _DEPTH and key in _CRITERION_KEYS:
            readers = ", ".join(name for name, reader in CRITERIA.items() if key in keys_of(reader))
            yield location, f"{_joined(location[:-1])}: check: {check} does not read `{key}`", f"take it out; it is read by {readers}"
        else:
            yield location, f"{where}: no key is called {key!r} here", _nearest(key, _keys_at(location))
    elif kind == "missing":
        if check and len(location) == _DEPTH and location[-1] != "id":
            yield location[:-1], f"{_joined(location[:-1])}: check: {check} needs {CRITERIA[check].needs}", ""
        else:
            yield location, f"{where} is missing", "add it"
    elif kind in _WORDS_FOR_TYPES:
        yield location, *_of_wrong_type(where, location, found, _WORDS_FOR_TYPES[kind])
    elif kind == "literal_error":
        yield location, *_none_of(where, found, context["expected"])
    elif kind == "string_pattern_mismatch":
        advice = "ids are lower-case letters, digits and _" if "a-z" in context["pattern"] else "check it"
        yield location, f"{where}: found {_shown(found)}, which does not have the form {context['pattern']}", advice
    else:
        yield location, f"{where}: {item['msg'].removeprefix('Value error, ')}", ""


# Parts of the location of a criterion's key: sections, number, criteria, number, key.
_DEPTH = 5


def _place(loc: Location) -> tuple[Location, str | None]:
    """Where in the file an error is, without the alternatives of unions that pydantic names on the way; and the criterion's check."""
    check = str(loc[4]) if len(loc) > 4 and loc[0] == "sections" and loc[2] == "criteria" else None
    parts = (*loc[:4], *loc[5:]) if check else loc
    return tuple(part for part in parts if isinstance(part, int) or not (part in _ALTERNATIVES or "[" in part or "(" in part)), check


def _without_check(location: Location, found: Any) -> Iterator[Located]:
    """Faults of a criterion whose check is missing or unknown: of its check, and those that it has whatever its check."""
    where = f"{_joined(location)}.check"
    data = found if isinstance(found, dict) else {}
    if "check" not in data:
        yield (*location, "check"), f"{where} is missing", "add it"
    else:
        names = [repr(name) for name in CRITERIA]
        yield (*location, "check"), *_none_of(where, data["check"], f"{', '.join(names[:-1])} or {names[-1]}")
    seen = set()
    for check, kind in CRITERIA.items():
        try:
            kind.model_validate_json(json.dumps({**data, "check": check}))
        except ValidationError as error:
            for item in error.errors():
                key = str(item["loc"][0]) if item["loc"] else ""
                # What only this check says: its own needs, keys of others, levels and answers of its own form.
                if key in ("", "levels", "answers") or (item["type"], key in _CRITERION_KEYS) == ("extra_forbidden", True):
                    continue
                if item["loc"] not in seen and (item["type"] != "missing" or key == "id"):
                    seen.add(item["loc"])
                    yield from _located(item, (*location, check, *item["loc"]))


def _of_wrong_type(where: str, location: Location, found: object, wanted: str) -> tuple[str, str]:
    if location[-2:-1] == ("levels",) and isinstance(found, int | float | dict) and not isinstance(found, bool):
        form = "a number from 0 to 1" if wanted == "a number" else "{credit: 0.5, at_most: 3}"
        return f"levels: {location[-1]} is not of the form this check reads", f"write {form}"
    advice = ""
    if wanted == "text" and isinstance(found, bool | int | float):
        advice = f'quote it: "{str(found).lower() if isinstance(found, bool) else found}"'
    elif wanted == "true or false" and str(found).lower() in _TRUTHS:
        advice = f"write {_TRUTHS[str(found).lower()]}, without quotes"
    elif wanted in ("a number", "a whole number") and isinstance(found, str):
        advice = "write the number without quotes"
    return f"{where}: found {_shown(found)}, wanted {wanted}", advice


def _none_of(where: str, found: object, expected: str) -> tuple[str, str]:
    known = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    return f"{where}: found {_shown(found)}, wanted {expected}", _nearest(str(found), known)


def _joined(location: Location) -> str:
    return ".".join(str(part) for part in location)


def _keys_at(location: Location) -> Iterable[str]:
    """The keys that the part of a rubric has in which a key stands: nobody is sent to a key of another part."""
    parts: set[type[BaseModel]] = {Rubric}
    for step in location[:-1]:
        if isinstance(step, str):
            parts = {
                part
                for owner in parts
                for name, field in owner.model_fields.items()
                if step in (name, field.alias)
                for part in _models(field.annotation)
            }
    return {field.alias or name for part in parts for name, field in part.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The types of parts in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "docs/rubric-language.md lists the keys"


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"
