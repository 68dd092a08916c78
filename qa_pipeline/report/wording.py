"""What the criteria that judged are called, and what they advise: of the very version that made a finding, known by the criterion's hash.

A criterion of the same id in another rubric, or in the file as it stands today, may say something else. Versions are read as they are kept beside the
results; those that are not kept (trials) from the rubrics folder, as far as they are still the same there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qa_pipeline.errors import RubricError
from qa_pipeline.languages.interface import shown
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import kept_text
from qa_pipeline.rubric.canonical import canonical_json
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionWords:
    """A criterion's title and advice by language. `is_draft`: it is tried and does not count."""

    title: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    is_draft: bool = False


def title_of(titles: Mapping[str, str], criterion: str, language: str | None = None) -> tuple[str | None, str]:
    """Language and title of a criterion, in a language or else that of the interface; None and its id in words where it has no title."""
    return shown(titles, language) or (None, criterion.replace("_", " "))


NOTHING_SAID = CriterionWords()
"""Of a criterion that is kept nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """`criteria`: by criterion_sha256. `order`: ids of the criteria that judged, in the order of their rubrics."""

    criteria: Mapping[str, CriterionWords]
    order: tuple[str, ...]


def load_wording(store: Store, settings: Settings, findings: Iterable[Mapping[str, Any]]) -> Wording:
    """The words of everything that judged."""
    used: dict[str, None] = {}
    rubrics: dict[str, str] = {}
    for row in findings:
        used.setdefault(row["criterion_id"])
        rubrics.setdefault(row["rubric_sha256"], row["rubric_id"])
    criteria: dict[str, CriterionWords] = {}
    order: list[str] = []
    for document in sorted((_read(text) for text in _texts(store, settings, rubrics)), key=lambda document: document.place):
        ids = [name for name, _, _ in document.criteria]
        for place, (criterion_id, digest, words) in enumerate(document.criteria):
            criteria[digest] = words
            if criterion_id in used and criterion_id not in order:
                # A criterion that another rubric has too keeps its place in the call: before what follows it there.
                following = [name for name in ids[place + 1 :] if name in order]
                order.insert(order.index(following[0]) if following else len(order), criterion_id)
    return Wording(criteria=criteria, order=(*order, *(name for name in used if name not in order)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A version of a rubric: where it stands among others, and its criteria in order, each with its hash and words."""

    place: tuple[bool, str, int]
    criteria: tuple[tuple[str, str, CriterionWords], ...]


def _texts(store: Store, settings: Settings, wanted: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The rubrics of some hashes as JSON, each with whether it is kept. `wanted`: hash → rubric id.

    Of one that is kept nowhere, the file of that name follows: what did not change in it since has its words.
    """
    missing = set()
    for digest, rubric_id in wanted.items():
        text = kept_text(store, digest)
        if text is None:
            missing.add(rubric_id)
        else:
            yield text, True
    for name in sorted(missing):
        try:
            yield canonical_json(load_rubric(settings.rubrics / f"{name}.yaml")), False
        except RubricError:
            # Its author is still at work on it; ids in words stand for the titles.
            continue


@lru_cache(maxsize=64)
def _read(given: tuple[str, bool]) -> _Document:
    text, is_kept = given
    document = json.loads(text)
    criteria = []
    for criterion in (one for section in document["sections"] for one in section["criteria"]):
        # As canonical_json writes a criterion: its hash is the one in the findings.
        written = json.dumps(criterion, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        words = CriterionWords(
            title=criterion.get("title") or {}, advice=criterion.get("advice") or {}, is_draft=criterion.get("status") == "draft"
        )
        criteria.append((criterion["id"], hashlib.sha256(written.encode()).hexdigest(), words))
    return _Document(place=(not is_kept, document["id"], document["version"]), criteria=tuple(criteria))
