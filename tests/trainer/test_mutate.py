"""How well cases guard a rubric: mutants made, and holes found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.mutate import MUTATIONS, mutate
from qa_pipeline.trainer.publish import open_workbench
from tests.rubric.built_rubrics import rubric
from tests.trainer.desk import CASES, desk, edit, service_folder

WHEN = [{"metadata": "team", "is": "red"}]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return desk(tmp_path, service_folder(tmp_path / "rubrics"))


def noticed(settings: Settings) -> dict[tuple[str, str], str | None]:
    return {(m.criterion_id, m.mutation): m.noticed_by for m in mutate(open_workbench(settings), "service")}


def test_every_mutant_names_the_first_case_that_notices_it(settings: Settings) -> None:
    assert noticed(settings) == {
        ("greeting", "phrases emptied"): "a good call",
        # first 1 turn becomes last 1 turn: in every case the greeting is in both, or in neither.
        ("greeting", "window moved"): "the customer drives",
        ("greeting", "role exchanged"): "a good call",
        ("convenience", "phrases emptied"): "a good call",
        ("convenience", "role exchanged"): "a good call",
        ("callback", "phrases emptied"): "the customer drives",
        ("callback", "role exchanged"): "the customer drives",
        ("callback", "when dropped"): "a good call",
        ("rude", "phrases emptied"): "all wrong",
        ("rude", "role exchanged"): "all wrong",
    } | {("greeting", "window moved"): None}


def test_a_hole_is_found_and_closed_by_a_case(settings: Settings) -> None:
    path = settings.rubrics / "service.cases.yaml"
    path.write_text(CASES + "- name: too late\n  language: en\n  dialogue: |\n    agent: Yes.\n    customer: Hi.\n    agent: Hello there.\n"
                    "  expected: {greeting: not_met}\n", "utf-8")  # fmt: skip
    assert noticed(settings)["greeting", "window moved"] == "too late"
    assert None not in noticed(settings).values()


def test_drafts_are_not_spoilt(settings: Settings) -> None:
    edit(settings.rubrics / "service.yaml", "id: rude\n        status: stable", "id: rude\n        status: draft")
    assert not [key for key in noticed(settings) if key[0] == "rude"]


def spoilt(mutation: str, **criterion: Any) -> dict[str, Any] | None:
    found = rubric({"id": "a", **criterion}).criteria[0]
    update = MUTATIONS[mutation](found)
    if update is None:
        return None
    changed: Criterion = found.model_copy(update=update)
    # Spoilt, but still a criterion that the schema allows to be scored.
    assert changed.check
    return {key: value for key, value in changed.model_dump(by_alias=True).items() if value != found.model_dump(by_alias=True)[key]}


SAY = {"check": "phrase", "phrases": {"en": ["hello", "hi"], "zh": ["您好"]}}
NOTHING = ("qxqzvk",)


@pytest.mark.parametrize(
    ("mutation", "criterion", "changed"),
    [
        ("phrases emptied", SAY, {"phrases": {"en": NOTHING, "zh": NOTHING}}),
        ("phrases emptied", {"check": "forbidden", "whole_turn": {"en": ["what"]}}, {"whole_turn": {"en": NOTHING}}),
        ("phrases emptied", {"check": "phrase", "groups": {"g": {"en": ["hi"]}}}, {"groups": {"g": {"en": NOTHING}}}),
        (
            "phrases emptied", {"check": "capture", "capture": "reason", "values": {"price": {"en": ["dear"]}}},
            {"values": {"price": {"en": NOTHING}}},
        ),
        ("phrases emptied", {"check": "capture", "capture": "number"}, None),
        ("window moved", {**SAY, "within": {"first": {"turns": 2}}},
         {"within": {"first": None, "last": {"seconds": None, "turns": 2}}}),
        ("window moved", {**SAY, "before": "b"}, {"before": None, "after": "b"}),
        ("window moved", SAY, None),
        ("role exchanged", SAY, {"who": "customer"}),
        ("role exchanged", {**SAY, "who": "customer"}, {"who": "agent"}),
        ("role exchanged", {**SAY, "who": "any"}, None),
        ("role exchanged", {"check": "metric", "metric": "turns", "at_least": 1}, None),
        ("limit turned round", {"check": "metric", "metric": "turns", "at_least": 2}, {"at_least": None, "at_most": 2.0}),
        ("limit turned round", {"check": "metadata", "column": "ring_seconds", "at_most": 9}, {"at_least": 9.0, "at_most": None}),
        ("limit turned round", {"check": "metadata", "column": "team", "in": ["red"]}, {"is": "qxqzvk", "in": None}),
        ("limit turned round", {"check": "sequence", "of": ["b", "c"]}, {"of": ("c", "b")}),
        ("limit turned round", {"check": "all", "of": ["b", "c"]}, {"check": "any"}),
        ("limit turned round", {"check": "any", "of": ["b", "c"]}, {"check": "all"}),
        ("limit turned round", {"check": "not", "of": ["b"]}, {"check": "all"}),
        ("limit turned round", {"check": "all", "of": ["b"]}, None),
        ("limit turned round", SAY, None),
        ("when dropped", {**SAY, "when": WHEN}, {"when": ()}),
        ("when dropped", SAY, None),
    ],
)  # fmt: skip
def test_a_mutation_spoils_one_thing(mutation: str, criterion: dict[str, Any], changed: dict[str, Any] | None) -> None:
    assert spoilt(mutation, **criterion) == changed
