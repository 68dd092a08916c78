"""A rubric tried on one dialogue, as plain values to show: each line with what was found in it, each criterion with what made it come out so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_pipeline.call import Outcome, Role
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.score import Finding, Score

_HITS = ("hit", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedLine:
    """A line of the dialogue. `criteria`: what was found in it."""

    start_ms: int | None
    role: Role
    text: str
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedCriterion:
    """A criterion. `hits`: what it was found by; `nearest`: what came nearest where nothing was; `sure_percent`: 0–100, None where none was reckoned."""

    criterion_id: str
    status: str
    outcome: Outcome
    answer: str | None
    reason: str
    points: float | None
    max_points: float
    sure_percent: float | None
    hits: tuple[Evidence, ...]
    nearest: tuple[Evidence, ...]
    captures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a rubric makes of a dialogue. `percent` None: too little could be judged."""

    rubric_id: str
    version: int
    language: str | None
    percent: float | None
    passed: bool | None
    disposition: str | None
    lines: tuple[TriedLine, ...]
    criteria: tuple[TriedCriterion, ...]


def tried(scored: Score) -> Tried:
    """A score as values to show."""
    found: dict[int, list[str]] = {}
    for finding in scored.findings:
        for evidence in finding.evidence:
            if evidence.kind in _HITS:
                found.setdefault(evidence.utterance, []).append(finding.criterion.id)
    conversation = scored.conversation
    return Tried(
        rubric_id=scored.rubric.id,
        version=scored.rubric.version,
        language=conversation.language,
        percent=scored.percent,
        passed=scored.passed,
        disposition=scored.disposition.value if scored.disposition else None,
        lines=tuple(
            TriedLine(start_ms=u.start_ms, role=u.role, text=u.text, criteria=tuple(dict.fromkeys(found.get(u.utterance, ()))))
            for u in conversation.utterances
        ),
        criteria=tuple(map(_criterion, scored.findings)),
    )


def _criterion(finding: Finding) -> TriedCriterion:
    return TriedCriterion(
        criterion_id=finding.criterion.id,
        status=finding.criterion.status,
        outcome=finding.outcome,
        answer=finding.answer,
        reason=finding.reason,
        points=finding.points,
        max_points=finding.max_points,
        sure_percent=100 * finding.certainty.share if finding.certainty else None,
        hits=_of(finding.evidence, is_hit=True),
        nearest=_of(finding.evidence, is_hit=False),
        captures=tuple((capture.name, str(capture.value)) for capture in finding.captures),
    )


def _of(evidence: Sequence[Evidence], *, is_hit: bool) -> tuple[Evidence, ...]:
    return tuple(one for one in evidence if (one.kind in _HITS) is is_hit)
