"""Rubrics for tests: built from plain dicts, or from the files that are shipped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qa_pipeline.call import Conversation
from qa_pipeline.rubric.load import load_rubric, load_rubrics
from qa_pipeline.rubric.schema import Rubric, Situations
from qa_pipeline.scoring.meanings import Heads
from qa_pipeline.scoring.score import Finding, Score, prepare, score
from qa_pipeline.settings import packaged_folder

# Criteria whose outcome is known whatever is said, in a call with no metadata and no sentiment.
MET = {"check": "metric", "metric": "turns", "at_least": 1}
NOT_MET = {"check": "metric", "metric": "turns", "at_least": 1000}
UNDETERMINED = {"check": "metric", "metric": "customer_sentiment", "at_least": 0}
NOT_APPLICABLE = {"check": "metric", "metric": "turns", "at_least": 1, "when": [{"metadata": "team", "is": "nobody"}]}


def rubric(*criteria: Mapping[str, Any], situations: Situations | None = None, **top: Any) -> Rubric:
    """A rubric of one section; criteria are stable and called c0, c1, … where they do not say otherwise."""
    items = [{"id": f"c{number}", "status": "stable", **criterion} for number, criterion in enumerate(criteria)]
    data = {"id": "tested", "version": 1, "sections": [{"id": "all", "criteria": items}], **top}
    return Rubric.model_validate_json(json.dumps(data)).model_copy(update={"situations": situations})


def scored(
    spoken: Conversation, *criteria: Mapping[str, Any], heads: Heads | None = None, situations: Situations | None = None, **top: Any
) -> Score:
    """Score a conversation by a rubric of these criteria."""
    return score(spoken, prepare(rubric(*criteria, situations=situations, **top), heads or {}))


def finding(spoken: Conversation, criterion: Mapping[str, Any], **options: Any) -> Finding:
    """The finding of one criterion."""
    return scored(spoken, criterion, **options).findings[0]


@cache
def shipped(name: str) -> Rubric:
    """A rubric of the package."""
    return load_rubric(packaged_folder("rubrics") / f"{name}.yaml")


@cache
def all_shipped() -> Mapping[str, Rubric]:
    """Every rubric of the package by its name: reading them takes longer than most tests."""
    return MappingProxyType(load_rubrics(packaged_folder("rubrics")))


def shipped_situations() -> Situations:
    """The situations of the package."""
    found = shipped("hotline").situations
    assert found is not None
    return found


def copy_shipped(name: str, folder: Path) -> Path:
    """A folder with one rubric of the package and what it refers to: reading all of them takes most of a command's time."""
    source = packaged_folder("rubrics")
    others = {path.name for path in source.glob("*.yaml")} - {f"{name}.yaml", "situations.yaml"}
    return Path(shutil.copytree(source, folder, ignore=lambda _folder, names: others & set(names)))


SITUATION_NAMES = tuple(Situations.model_fields)


def write_folder(folder: Path, **files: str) -> Path:
    """A folder of rubrics with situations that never hold and an empty background; `files`: NAME → text of NAME.yaml."""
    (folder / "lists").mkdir(parents=True, exist_ok=True)
    (folder / "situations.yaml").write_text("".join(f"{name}: {{who: customer}}\n" for name in SITUATION_NAMES), "utf-8")
    (folder / "lists" / "background.yaml").write_text("id: background\nunlike: {en: [it rains]}\n", "utf-8")
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder
