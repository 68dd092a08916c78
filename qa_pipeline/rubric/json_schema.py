"""JSON Schema of rubric files, for editors that complete and check YAML while it is typed (rubrics/schema.json is generated from here)."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from qa_pipeline.rubric.cases import Case
from qa_pipeline.rubric.schema import CHECK_KEYS, COMMON_KEYS, ExampleList, Rubric

# Filled in when a rubric is loaded; nobody writes them.
_FILLED_IN = {"Rubric": ("situations", "background"), "Meaning": ("examples",)}
_ALIASES = {"except_": "except", "is_": "is", "in_": "in"}
KINDS = ("rubric", "cases", "list")


def json_schema(kind: str = "rubric") -> dict[str, Any]:
    """The schema of one kind of file: rubric, cases, list."""
    if kind == "cases":
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TypeAdapter(tuple[Case, ...]).json_schema()}
    if kind == "list":
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ExampleList.model_json_schema()}
    schema = Rubric.model_json_schema(by_alias=True)
    for name, keys in _FILLED_IN.items():
        part = schema if name == "Rubric" else schema["$defs"][name]
        for key in keys:
            part["properties"].pop(key, None)
    for unused in ("Situations", "SituationRule", "ExampleList"):
        schema["$defs"].pop(unused, None)
    criterion = schema["$defs"]["Criterion"]
    criterion["properties"]["same_as"] = {
        "type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$",
        "description": "RUBRIC.CRITERION: takes over what that criterion says; keys written here win",
    }  # fmt: skip
    criterion["required"] = ["id"]
    criterion["anyOf"] = [{"required": ["check"]}, {"required": ["same_as"]}]
    criterion["allOf"] = [_keys_of(check, criterion) for check in CHECK_KEYS]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _keys_of(check: str, criterion: dict[str, Any]) -> dict[str, Any]:
    """A check allows its own keys only."""
    read = {_ALIASES.get(key, key) for key in COMMON_KEYS | CHECK_KEYS[check]} | {"same_as"}
    stray = {key: False for key in criterion["properties"] if key not in read}
    return {"if": {"properties": {"check": {"const": check}}, "required": ["check"]}, "then": {"properties": stray}}


def schema_text(kind: str = "rubric") -> str:
    """The schema as the file's text."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
