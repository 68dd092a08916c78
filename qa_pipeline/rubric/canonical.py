"""A resolved rubric as JSON that is the same text for the same content; hashes of it; and the rubric that such a text stands for."""

from __future__ import annotations

import hashlib
import json
import weakref
from typing import Any

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


class HashesOf:
    """Hashes of parts of rubrics, kept as long as the parts live: those of the shipped ones take a second to work out, and each run asks again.

    Parts, which are frozen, are known by being the same object; whatever else a hash is of, by what it says.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[str, list[weakref.ref[BaseModel]]]] = {}

    def known(self, *given: BaseModel | str) -> str | None:
        """The hash kept for these, or None."""
        found = self._known.get(_numbers(given))
        return found[0] if found else None

    def keep(self, value: str, *given: BaseModel | str) -> str:
        """Keep and give back the hash of these."""
        key = _numbers(given)
        # Whichever goes first takes the hash along, before another object may have its number.
        parts = [weakref.ref(one, lambda _: self._known.pop(key, None)) for one in given if isinstance(one, BaseModel)]
        self._known[key] = value, parts
        return value


def _numbers(given: tuple[BaseModel | str, ...]) -> tuple[object, ...]:
    return tuple(id(one) if isinstance(one, BaseModel) else one for one in given)


_DIGESTS = HashesOf()


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


def _digest(part: Rubric | Criterion) -> str:
    return _DIGESTS.known(part) or _DIGESTS.keep(hashlib.sha256(canonical_json(part).encode()).hexdigest(), part)
