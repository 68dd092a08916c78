"""Cases beside a rubric (NAME.cases.yaml): dialogues with the outcomes they must have, and running them.

A case: `name`, `language`, `dialogue` (lines `0:03 agent: …`), `expected` (criterion → outcome), optionally `metadata` (columns of the call),
`disposition`, `evidence` (criterion → words that the evidence must contain), `sentiment` (value and label), `ends_cut`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.meanings import Heads
from qa_pipeline.rubric.schema import Language, Rubric
from qa_pipeline.rubric.score import prepare, score
from qa_pipeline.testing import conversation, with_vectors

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class Case(BaseModel):
    """One dialogue with what it must give."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name: str
    language: Language
    dialogue: str
    expected: dict[str, str]
    metadata: dict[str, str] = {}
    evidence: dict[str, str] = {}
    disposition: str | None = None
    sentiment: tuple[float, str] | None = None
    role_confidence: float = 1.0
    ends_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case and what differed, as sentences that say what was heard, expected and how near it came."""

    case: Case
    misses: tuple[str, ...]


def cases_path(rubric_path: Path) -> Path:
    """Where a rubric's cases lie."""
    return rubric_path.with_name(f"{rubric_path.stem}.cases.yaml")


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a case file; none when it does not exist. Raises RubricError with every fault."""
    if not path.is_file():
        return ()
    try:
        data = YAML(typ="safe").load(path.read_text("utf-8"))
        return TypeAdapter(tuple[Case, ...]).validate_json(json.dumps(data))
    except ValidationError as error:
        faults = [Fault(path=str(path), message=f"case {'.'.join(map(str, e['loc']))}: {e['msg']}") for e in error.errors()]
        raise RubricError(f"{path.name} cannot be used.", faults=faults) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise RubricError(f"{path.name} cannot be read: {error}") from error


def run_case(case: Case, rubric: Rubric, heads: Heads, encode: Encode | None) -> CaseResult:
    """Score a case's dialogue and compare. Without `encode`, meanings match nothing."""
    columns: dict[str, Any] = dict(case.metadata)
    heard = conversation(
        case.dialogue,
        language=case.language,
        role_confidence=case.role_confidence,
        sentiment=case.sentiment,
        ends_cut=case.ends_cut,
        **columns,
    )
    if encode is not None:
        heard = with_vectors(heard, encode)
    scored = score(heard, prepare(rubric, heads))
    found = {finding.criterion.id: finding for finding in scored.findings}
    misses = []
    for criterion, outcome in case.expected.items():
        if criterion not in found:
            misses.append(f"{criterion}: the rubric has no such criterion")
        elif found[criterion].outcome.value != outcome:
            finding = found[criterion]
            near = (
                "; ".join(f"{e.kind} {e.text!r} for {e.expected!r} at {e.similarity:.2f}" for e in finding.evidence[:3]) or "nothing heard"
            )
            misses.append(f"{criterion}: {finding.outcome.value}, expected {outcome}: {finding.reason} {near}")
    for criterion, words in case.evidence.items():
        if not any(words in e.text for e in found[criterion].evidence):
            misses.append(f"{criterion}: the evidence does not contain {words!r}")
    if case.disposition and (scored.disposition is None or scored.disposition.value != case.disposition):
        misses.append(f"disposition: {scored.disposition}, expected {case.disposition}")
    return CaseResult(case=case, misses=tuple(misses))


def missing_cases(rubric: Rubric, cases: Sequence[Case]) -> list[str]:
    """What the cases of stable criteria lack: a met, a not_met, and where it can be, a not_applicable one."""
    lacking = []
    for criterion in rubric.criteria:
        if criterion.status != "stable":
            continue
        seen = {case.expected.get(criterion.id) for case in cases}
        wanted = {"met", "not_met"}
        if criterion.when or criterion.excused_when:
            wanted.add("not_applicable")
        lacking += [f"criterion {criterion.id} is stable but has no case expecting {outcome}" for outcome in sorted(wanted - seen)]
    return lacking
