"""The schema that editors check rubrics by: it lets through what the program reads, and stops typical slips."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from qa_pipeline.rubric.json_schema import KINDS, json_schema, schema_text
from qa_pipeline.rubric.load import rubric_paths
from qa_pipeline.settings import packaged_folder
from qa_pipeline.trainer.template import TEMPLATES, create
from qa_pipeline.yaml_text import read_document

RUBRICS = packaged_folder("rubrics")


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(kind))


def complaints(data: Any, kind: str = "rubric") -> list[str]:
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator(kind).iter_errors(data)]


def service(**criterion: Any) -> dict[str, Any]:
    item = {"id": "a", "check": "phrase", "phrases": {"en": ["hello"]}, **criterion}
    return {"id": "service", "version": 1, "sections": [{"id": "all", "criteria": [{k: v for k, v in item.items() if v is not None}]}]}


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_schemas(kind: str) -> None:
    Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize("path", rubric_paths(RUBRICS), ids=lambda path: path.stem)
def test_every_shipped_rubric_fits(path: Path) -> None:
    assert complaints(read_document(path).data) == []


@pytest.mark.parametrize("path", sorted(RUBRICS.glob("*.cases.yaml")), ids=lambda path: path.stem)
def test_every_shipped_case_file_fits(path: Path) -> None:
    assert complaints(read_document(path).data, "cases") == []


def test_every_shipped_list_fits() -> None:
    found = {path.name: complaints(read_document(path).data, "list") for path in sorted((RUBRICS / "lists").glob("*.yaml"))}
    assert found and {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["zh", "en", "pl", "sv"])
def test_what_a_template_makes_fits(tmp_path: Path, template: str, language: Any) -> None:
    rubric, cases = create("mine", tmp_path, template=template, language=language, shipped=RUBRICS)
    assert complaints(read_document(rubric).data) == []
    assert complaints(read_document(cases).data, "cases") == []


@pytest.mark.parametrize(
    "criterion",
    [
        {},
        {"check": None, "phrases": None, "same_as": "followup.greeting", "weight": 5},
        {"within": {"first": {"seconds": 15, "turns": 2}}, "critical": "section", "need": "all"},
        {"check": "metric", "phrases": None, "metric": "turns", "levels": {"good": {"credit": 1, "at_most": 2}}},
        {"check": "metadata", "phrases": None, "call_windows": [{"days": ["mon"], "from": "10:00", "to": "11:30"}]},
        {"check": "forbidden", "except": ["quoting"]},
        {"check": "capture", "same_as": "message_taking.caller_name"},
        {"when": [{"criterion": "b", "answer": ["willing", "unclear"]}, {"metadata": "team", "in": ["red"]}]},
    ],
)
def test_what_the_language_allows_fits(criterion: dict[str, Any]) -> None:
    assert complaints(service(**criterion)) == []


@pytest.mark.parametrize(
    ("criterion", "at"),
    [
        ({"phrasse": {"en": ["hello"]}}, "phrasse"),
        ({"check": "phrases"}, "phrases"),
        ({"check": None}, "sections.0.criteria.0"),
        ({"phrases": {"de": ["hallo"]}}, "de"),
        ({"phrases": {"en": "hello"}}, "phrases.en"),
        ({"phrases": {"en": [True]}}, "True is not of type 'string'"),
        ({"metric": "turns"}, "'metric' was unexpected"),
        ({"check": "metric", "metric": "turns", "at_least": 1}, "'phrases' was unexpected"),
        ({"check": "capture"}, "is not valid under any of the given schemas"),
        ({"weight": -1}, "weight"),
        ({"weight": "10"}, "weight"),
        ({"status": "final"}, "status"),
        ({"id": "Greeting"}, "id"),
        ({"within": {"first": {"turns": 0}}}, "within"),
        ({"same_as": "followup"}, "same_as"),
    ],
)
def test_typical_slips_do_not_fit(criterion: dict[str, Any], at: str) -> None:
    found = complaints(service(**criterion))
    assert found
    assert any(at in text for text in found)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1"}, {"version": 0}, {"sections": []}, {"passmark": 80}, {"pass_mark": 120}, {"situations": {}}, {"background": {"id": "x"}},
        {"effective_from": "1.10.2026"}, {"scoring": "minus"},
    ],
    ids=str,
)  # fmt: skip
def test_slips_at_the_top_do_not_fit(change: dict[str, Any]) -> None:
    assert complaints({**service(), **change}) != []


def test_what_is_filled_in_is_not_offered() -> None:
    schema = json_schema()
    assert {"situations", "background"}.isdisjoint(schema["properties"])
    assert "examples" not in schema["$defs"]["Meaning"]["properties"]


@pytest.mark.parametrize(
    "case", [{"name": "a", "language": "en", "expected": {"x": "maybe"}}, {"language": "en", "expected": {}}, {"name": "a", "expect": {}}]
)
def test_slips_in_cases_do_not_fit(case: dict[str, Any]) -> None:
    assert complaints([case], "cases") != []


def test_the_schema_beside_the_rubrics_is_up_to_date() -> None:
    path = RUBRICS / "schema.json"
    assert path.read_text("utf-8") == schema_text(), "run `qa-pipeline rubric schema --write`"
    assert json.loads(schema_text()) == json_schema()
