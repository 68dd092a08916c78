"""A resolved rubric as JSON that is the same text for the same content; hashes of it; and the rubric that such a text stands for."""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from pydantic import BaseModel

from qa_pipeline.rubric.criteria import CRITERIA, Criterion, keys_of
from qa_pipeline.rubric.schema import Rubric

# What the canonical form says of every criterion, whether its check reads it or not: so it was when all checks were one type, and the hashes of
# published rubrics hold it. Keys that came later are given where a check reads them, so that a new check changes no hash.
_SAID_OF_ALL: dict[str, Any] = {
    "who": None, "within": None, "before": None, "after": None, "lists": [], "phrases": {}, "groups": {}, "need": "one", "in_order": False,
    "within_words": None, "whole_turn": {}, "unlike": {}, "meaning": None, "match": "tolerant", "answers": {}, "except": [], "capture": None,
    "values": {}, "repeats": None, "answered": None, "reason_when": [], "metric": None, "column": None, "is": None, "in": None,
    "call_windows": [], "not_on_holidays": False, "at_least": None, "at_most": None, "of": [], "levels": {},
}  # fmt: skip
# Keys of a rubric that came later: left out where nobody wrote them, so that the hashes of those that do not use them stay.
_LATER = ("min_certainty", "consent")
# And keys of criteria, of checks that were there before them.
_LATER_OF_CRITERIA = ("second_look",)
P = ParamSpec("P")


def once_for_each(work: Callable[P, str]) -> Callable[P, str]:
    """Let a hash be worked out once for the same parts of rubrics, as long as they live: those of the shipped ones take a second, and each run asks again.

    Parts, which are frozen, are known by being the same object; whatever else is given, by what it says.
    """
    known: dict[tuple[object, ...], tuple[str, list[weakref.ref[BaseModel]]]] = {}

    @wraps(work)
    def remembered(*given: P.args, **options: P.kwargs) -> str:
        key = tuple(id(one) if isinstance(one, BaseModel) else one for one in (*given, *options.items()))
        if (found := known.get(key)) is None:
            # Whichever goes first takes the answer along, before another object may have its number.
            parts = [weakref.ref(one, lambda _: known.pop(key, None)) for one in given if isinstance(one, BaseModel)]
            found = known[key] = work(*given, **options), parts
        return found[0]

    return remembered


def canonical_json(part: Rubric | Criterion) -> str:
    """A resolved rubric or criterion as JSON: the same content always the same text."""
    data = json.loads(part.model_dump_json(by_alias=True))
    if isinstance(part, Rubric):
        data = {key: value for key, value in data.items() if value is not None or key not in _LATER}
        for section in data["sections"]:
            section["criteria"] = [_said(criterion) for criterion in section["criteria"]]
    else:
        data = _said(data)
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def rubric_sha256(rubric: Rubric) -> str:
    """Hash of the resolved rubric in canonical form: lists included, comments and layout not."""
    return _digest(rubric)


def criterion_sha256(criterion: Criterion) -> str:
    """Hash of one resolved criterion: a decision belongs to it."""
    return _digest(criterion)


def revive(resolved: str) -> Rubric:
    """A rubric from its canonical JSON. Raises pydantic's ValidationError for a language that this program does not read."""
    data = json.loads(resolved)
    for section in data["sections"]:
        section["criteria"] = [_as_read(criterion) for criterion in section["criteria"]]
    return Rubric.model_validate_json(json.dumps(data))


def _said(criterion: dict[str, Any]) -> dict[str, Any]:
    """What the canonical form says of a criterion."""
    return _SAID_OF_ALL | {key: value for key, value in criterion.items() if value or key not in _LATER_OF_CRITERIA}


def _as_read(criterion: dict[str, Any]) -> dict[str, Any]:
    """What the canonical form says of a criterion, without what its check does not read."""
    kind = CRITERIA.get(str(criterion["check"]))
    return {key: criterion[key] for key in keys_of(kind) if key in criterion} if kind else criterion


@once_for_each
def _digest(part: Rubric | Criterion) -> str:
    return hashlib.sha256(canonical_json(part).encode()).hexdigest()
