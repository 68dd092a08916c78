"""Calls known to be good: a critical criterion that hits one of them is wrong until somebody says why it is right.

`rubrics/known_good.yaml`: `calls`, each a dialogue as in a case (or a stored `call`) with the `rubrics` it is good by; and `hits`, the reviewed list
of those that a critical criterion does hit, each with a reason. Calls without `rubrics` are good by any rubric: of those only `forbidden` criteria
are asked, because what one trade must say another never does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from qa_pipeline.call import Outcome
from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.atoms import Language
from qa_pipeline.rubric.cases import Case, Encode, StoredCall, dialogue_faults, heard_in
from qa_pipeline.rubric.faults import validation_faults
from qa_pipeline.scoring.score import Scorecard, score_many
from qa_pipeline.yaml_text import Document, read_document

KNOWN_GOOD_NAME = "known_good.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GoodCall(_Part):
    """A call that nothing is wrong with."""

    name: str
    language: Language
    dialogue: str | None = None
    call: str | None = None
    rubrics: tuple[str, ...] = ()
    metadata: dict[str, str | int | float] = {}

    @model_validator(mode="after")
    def _has_words(self) -> GoodCall:
        if (self.dialogue is None) == (self.call is None):
            raise ValueError("give either `dialogue` or `call`")
        return self

    def as_case(self) -> Case:
        """The call as a case that expects nothing."""
        return Case(name=self.name, language=self.language, dialogue=self.dialogue, call=self.call, metadata=self.metadata, expected={})


class KnownHit(_Part):
    """A hit that a person has looked at and let stand."""

    rubric: str
    criterion: str
    call: str
    reason: str


class KnownGood(_Part):
    """The file."""

    calls: tuple[GoodCall, ...] = ()
    hits: tuple[KnownHit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHit:
    """A critical criterion that hits a good call and is not listed."""

    criterion_id: str
    call: str
    reason: str
    evidence: str


def load_known_good(folder: Path) -> tuple[KnownGood, Document | None]:
    """The known-good calls beside the rubrics; none when the file is not there. Raises RubricError with every fault."""
    path = folder / KNOWN_GOOD_NAME
    if not path.is_file():
        return KnownGood(), None
    document = read_document(path)
    try:
        found = KnownGood.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise RubricError(f"{path.name} cannot be used.", faults=validation_faults(error, document)) from error
    names = [call.name for call in found.calls]
    faults = [fault for number, call in enumerate(found.calls) for fault in dialogue_faults(call.as_case(), document, ("calls", number))]
    faults += [
        document.fault(("hits", number, "call"), f"no known-good call is named {hit.call!r}", "check the name")
        for number, hit in enumerate(found.hits)
        if hit.call not in names
    ]
    if faults:
        raise RubricError(f"{path.name} cannot be used.", faults=faults)
    return found, document


def new_hits(scorecard: Scorecard, known: KnownGood, encode: Encode | None, stored: StoredCall | None = None) -> list[NewHit]:
    """Hits of a rubric's critical criteria on known-good calls, without those that are listed."""
    rubric = scorecard.rubric
    listed = {(hit.criterion, hit.call) for hit in known.hits if hit.rubric == rubric.id}
    found = []
    asked = [call for call in known.calls if (not call.rubrics or rubric.id in call.rubrics) and (call.call is None or stored is not None)]
    scores = score_many([heard_in(call.as_case(), rubric, encode, stored) for call in asked], scorecard)
    for call, scored in zip(asked, scores, strict=True):
        for finding in scored.findings:
            criterion = finding.criterion
            is_asked = criterion.critical and (bool(call.rubrics) or criterion.check == "forbidden")
            if is_asked and finding.outcome is Outcome.NOT_MET and (criterion.id, call.name) not in listed:
                evidence = "; ".join(f"{e.role.value} “{e.text}” for {e.expected!r}" for e in finding.evidence[:2])
                found.append(NewHit(criterion_id=criterion.id, call=call.name, reason=finding.reason, evidence=evidence))
    return found


def hit_faults(hits: Sequence[NewHit], path: Path) -> list[Fault]:
    """New hits as faults of a publication."""
    advice = f"mend the criterion, or list the hit under `hits` of {KNOWN_GOOD_NAME} with a reason"
    return [
        Fault(
            path=str(path),
            message=f"critical {hit.criterion_id} hits the known-good call {hit.call!r}: {hit.evidence or hit.reason}",
            advice=advice,
        )
        for hit in hits
    ]
