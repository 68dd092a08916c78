"""How well a rubric's cases guard it: each stable criterion is spoilt in every way its check allows, and some case must notice.

A mutant that no case notices is a hole: the same slip by a trainer's hand would pass the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.rubric.criteria import (
    CaptureCriterion,
    CombinationCriterion,
    Criterion,
    ForbiddenCriterion,
    LevelBounds,
    MetadataCriterion,
    MetricCriterion,
    PhraseCriterion,
    SequenceCriterion,
)
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import SearchingCriterion, WordedCriterion
from qa_pipeline.rubric.windows import CallWindow, Window
from qa_pipeline.scoring.cases import compare
from qa_pipeline.scoring.score import Scorecard, score_many
from qa_pipeline.trainer.publish import Workbench

# No call has this word.
_NOTHING = "qxqzvk"
_CERTAIN = 0.999999
_OTHER_PARTY = {"agent": "customer", "customer": "agent"}
Mutation = Callable[[Criterion], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One criterion spoilt in one way. `noticed_by`: the first case that differs; None when none does."""

    rubric_id: str
    criterion_id: str
    mutation: str
    noticed_by: str | None


def _without_phrases(criterion: Criterion) -> dict[str, Any] | None:
    if not isinstance(criterion, SearchingCriterion):
        return None
    update: dict[str, Any] = {}
    if isinstance(criterion, WordedCriterion) and criterion.phrases:
        update["phrases"] = _emptied(criterion.phrases)
    if isinstance(criterion, ForbiddenCriterion) and criterion.whole_turn:
        update["whole_turn"] = _emptied(criterion.whole_turn)
    if isinstance(criterion, PhraseCriterion) and criterion.groups:
        update["groups"] = {name: _emptied(phrases) for name, phrases in criterion.groups.items()}
    if isinstance(criterion, CaptureCriterion) and criterion.capture == "reason":
        update["values"] = {name: _emptied(phrases) for name, phrases in criterion.values.items()}
    if criterion.meaning:
        # Its examples stay, so that the criterion can still be judged in their languages; but nothing is ever so probable.
        update["meaning"] = criterion.meaning.model_copy(update={"at_least": _CERTAIN})
    return update or None


def _emptied(phrases: PhraseLists) -> PhraseLists:
    return dict.fromkeys(phrases, (_NOTHING,))


def _window_moved(criterion: Criterion) -> dict[str, Any] | None:
    if not isinstance(criterion, SearchingCriterion):
        return None
    if criterion.within:
        return {"within": Window(first=criterion.within.last, last=criterion.within.first)}
    return {"before": criterion.after, "after": criterion.before} if criterion.before or criterion.after else None


def _role_exchanged(criterion: Criterion) -> dict[str, Any] | None:
    other = _OTHER_PARTY.get(criterion.party) if isinstance(criterion, SearchingCriterion) else None
    return {"who": other} if other else None


def _limit_turned(criterion: Criterion) -> dict[str, Any] | None:
    match criterion:
        case MetricCriterion():
            levels = {
                name: LevelBounds(credit=level.credit, at_least=level.at_most, at_most=level.at_least)
                for name, level in criterion.levels.items()
            }
            return {"at_least": criterion.at_most, "at_most": criterion.at_least, "levels": levels}
        case MetadataCriterion():
            return _metadata_turned(criterion)
        case SequenceCriterion():
            return {"of": tuple(reversed(criterion.of))}
        case CombinationCriterion() if len(criterion.of) > 1 or criterion.check == "not":
            return {"check": {"all": "any", "any": "all", "not": "all"}[criterion.check]}
        case _:
            return None


def _metadata_turned(criterion: MetadataCriterion) -> dict[str, Any]:
    if criterion.at_least is not None or criterion.at_most is not None:
        return {"at_least": criterion.at_most, "at_most": criterion.at_least}
    if criterion.call_windows:
        return {"call_windows": (CallWindow.model_validate_json('{"from": "02:00", "to": "02:01"}'),)}
    if criterion.not_on_holidays:
        return {"not_on_holidays": False, "call_windows": (CallWindow.model_validate_json("{}"),)}
    return {"is_": _NOTHING, "in_": None}


def _when_dropped(criterion: Criterion) -> dict[str, Any] | None:
    return {"when": ()} if criterion.when else None


MUTATIONS: dict[str, Mutation] = {
    "phrases emptied": _without_phrases,
    "window moved": _window_moved,
    "role exchanged": _role_exchanged,
    "limit turned round": _limit_turned,
    "when dropped": _when_dropped,
}


def mutate(bench: Workbench, name: str) -> Iterator[Mutant]:
    """Try every mutant of a rubric's stable criteria on its cases. Cases that miss already notice nothing."""
    scorecard, encode = bench.scorecards[name], bench.encode_for(name)
    cases = [case for case in bench.cases[name] if case.call is None]
    heard = [heard_in(case, scorecard.rubric, encode) for case in cases]
    passing = [i for i, scored in enumerate(score_many(heard, scorecard)) if not compare(cases[i], scored).misses]
    cases, heard = [cases[i] for i in passing], [heard[i] for i in passing]
    for criterion in scorecard.rubric.criteria:
        if criterion.status != "stable":
            continue
        for mutation, spoil in MUTATIONS.items():
            update = spoil(criterion)
            if update is None:
                continue
            scores = score_many(heard, _spoilt(scorecard, criterion, update))
            noticed = next((case.name for case, scored in zip(cases, scores, strict=True) if compare(case, scored).misses), None)
            yield Mutant(rubric_id=name, criterion_id=criterion.id, mutation=mutation, noticed_by=noticed)


def _spoilt(scorecard: Scorecard, criterion: Criterion, update: Mapping[str, Any]) -> Scorecard:
    changed = criterion.model_copy(update=dict(update))
    sections = tuple(
        section.model_copy(update={"criteria": tuple(changed if c.id == criterion.id else c for c in section.criteria)})
        for section in scorecard.rubric.sections
    )
    rubric: Rubric = scorecard.rubric.model_copy(update={"sections": sections})
    # The hashes stay the original's: nothing of a mutant is kept.
    return replace(scorecard, rubric=rubric, languages={**scorecard.languages, criterion.id: changed.languages()})
