"""JSON Schema of rubric files, for editors that complete and check YAML while it is typed (rubrics/schema.json is generated from here)."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from qa_pipeline.rubric.cases import Case
from qa_pipeline.rubric.criteria import CRITERIA
from qa_pipeline.rubric.lists import ExampleList
from qa_pipeline.rubric.schema import Rubric

# Filled in when a rubric is loaded; nobody writes them.
_FILLED_IN = {"Rubric": ("situations", "background"), "Meaning": ("examples",)}
_DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
_SAME_AS = {
    "type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$",
    "description": "RUBRIC.CRITERION: takes over what that criterion says; keys written here win",
}  # fmt: skip
KINDS = ("rubric", "cases", "list")


def json_schema(kind: str = "rubric") -> dict[str, Any]:
    """The schema of one kind of file: rubric, cases, list."""
    if kind == "cases":
        return {**_DIALECT, **TypeAdapter(tuple[Case, ...]).json_schema()}
    if kind == "list":
        return {**_DIALECT, **ExampleList.model_json_schema()}
    schema = Rubric.model_json_schema(by_alias=True)
    parts = schema["$defs"]
    for name, keys in _FILLED_IN.items():
        part = schema if name == "Rubric" else parts[name]
        for key in keys:
            part["properties"].pop(key, None)
    for unused in ("Situations", "SituationRule", "ExampleList"):
        parts.pop(unused, None)
    parts["Section"]["properties"]["criteria"]["items"] = {"$ref": "#/$defs/Criterion"}
    parts["Criterion"] = _criterion(parts)
    return {**_DIALECT, **schema}


def _criterion(parts: dict[str, Any]) -> dict[str, Any]:
    """A criterion: by its check, with that check's keys only; without one it takes over another's, and any key may be written."""
    every: dict[str, Any] = {}
    for kind in dict.fromkeys(CRITERIA.values()):
        part = parts[kind.__name__]
        part["properties"]["same_as"] = _SAME_AS
        # What is taken over may give what a check cannot be without.
        wanted = [key for key in part.pop("required") if key not in ("id", "check")]
        if wanted:
            part["anyOf"] = [{"required": wanted}, {"required": ["same_as"]}]
        for key, value in part["properties"].items():
            every.setdefault(key, []).append(value)
    keys = {key: _one_of(values) for key, values in every.items() if key != "check"}
    parts["AnyKeys"] = {"properties": keys | {"check": {"enum": list(CRITERIA)}}, "additionalProperties": False}
    for kind in dict.fromkeys(CRITERIA.values()):
        own = parts[kind.__name__]["properties"]
        # What all say alike is written once.
        own.update({key: {"$ref": f"#/$defs/AnyKeys/properties/{key}"} for key in own if key in keys and keys[key] == own[key]})
    by_check = [
        _then({"properties": {"check": {"const": check}}, "required": ["check"]}, kind.__name__) for check, kind in CRITERIA.items()
    ]
    return {
        "type": "object",
        "required": ["id"],
        "properties": {"check": {"enum": list(CRITERIA)}},
        "anyOf": [{"required": ["check"]}, {"required": ["same_as"]}],
        "allOf": [*by_check, _then({"not": {"required": ["check"]}}, "AnyKeys")],
    }


def _then(condition: dict[str, Any], name: str) -> dict[str, Any]:
    return {"if": condition, "then": {"$ref": f"#/$defs/{name}"}}


def _one_of(values: list[dict[str, Any]]) -> dict[str, Any]:
    """What any of some checks lets a key be."""
    different = list({json.dumps(value, sort_keys=True): value for value in values}.values())
    return different[0] if len(different) == 1 else {"anyOf": different}


def schema_text(kind: str = "rubric") -> str:
    """The schema as the file's text."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
