"""What criteria are called, advise and weigh: of the newest version of each rubric that scores here were made by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from qa_pipeline.reading.log import version_of
from qa_pipeline.reading.summary import CriterionKey
from qa_pipeline.report.wording import title_of
from qa_pipeline.results.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCriterion:
    """A criterion as its rubric has it now. `title`, `advice`: by language. `weight`: points at stake, or what a fault takes off. `place`: in the rubric.

    `is_counted`: it is part of the score. `is_described`: it says what a call was like, and judges nobody.
    """

    key: CriterionKey
    title: Mapping[str, str]
    advice: Mapping[str, str]
    weight: float
    is_critical: bool
    is_draft: bool
    is_counted: bool
    is_described: bool
    place: int


def known_criteria(store: Store) -> Mapping[CriterionKey, KnownCriterion]:
    """All criteria, rubric by rubric in their order. Read anew when another version was published."""
    return _read(store, version_of(store, "rubrics"))


@lru_cache(maxsize=4)
def _read(store: Store, version: int) -> Mapping[CriterionKey, KnownCriterion]:
    rows = store.read("rubrics", columns=["rubric_id", "version", "resolved"]).to_pylist() if version >= 0 else []
    newest = {row["rubric_id"]: row for row in sorted(rows, key=lambda row: row["version"])}
    found = {}
    for rubric_id in sorted(newest):
        document = json.loads(newest[rubric_id]["resolved"])
        takes_off = document.get("severities") or {}
        for place, criterion in enumerate(one for section in document["sections"] for one in section["criteria"]):
            key = (rubric_id, criterion["id"])
            each = criterion.get("deduct") or takes_off.get(criterion.get("severity"))
            found[key] = KnownCriterion(
                key=key,
                title=criterion.get("title") or {},
                advice=criterion.get("advice") or {},
                weight=float(each if document.get("scoring") == "deductions" and each else criterion.get("weight") or 0),
                is_critical=criterion.get("critical") is True,
                is_draft=criterion.get("status") == "draft",
                is_counted=criterion.get("status") == "stable",
                is_described=criterion.get("check") == "sentiment",
                place=place,
            )
    return found


def title_among(titles: Mapping[CriterionKey, str], rubric_id: str | None, criterion_id: str) -> str:
    """What a criterion of a rubric is called; where that is not known, as the first rubric that has one of the id calls it, else its id.

    One id is called one thing in one rubric and another in the next.
    """
    found = titles.get((rubric_id, criterion_id)) if rubric_id is not None else None
    return found or next((title for (_, name), title in titles.items() if name == criterion_id), criterion_id)


def titles_in(known: Mapping[CriterionKey, KnownCriterion], language: str) -> dict[CriterionKey, str]:
    """What criteria are called in a language, else in that of the interface."""
    return {key: title_of(one.title, key[1], language)[1] for key, one in known.items()}
