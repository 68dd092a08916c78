"""How well a rubric's cases guard it: each stable criterion is spoilt in every way its check allows, and some case must notice.

A mutant that no case notices is a hole: the same slip by a trainer's hand would pass the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.rubric.schema import CallWindow, Criterion, LevelBounds, PhraseLists, Rubric, Window
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
    update: dict[str, Any] = {}
    for key in ("phrases", "whole_turn"):
        if getattr(criterion, key):
            update[key] = _emptied(getattr(criterion, key))
    if criterion.groups:
        update["groups"] = {name: _emptied(phrases) for name, phrases in criterion.groups.items()}
    if criterion.capture == "reason":
        update["values"] = {name: _emptied(phrases) for name, phrases in criterion.values.items()}
    if criterion.meaning:
        # Its examples stay, so that the criterion can still be judged in their languages; but nothing is ever so probable.
        update["meaning"] = criterion.meaning.model_copy(update={"at_least": _CERTAIN})
    return update or None


def _emptied(phrases: PhraseLists) -> PhraseLists:
    return dict.fromkeys(phrases, (_NOTHING,))


def _window_moved(criterion: Criterion) -> dict[str, Any] | None:
    if criterion.within:
        return {"within": Window(first=criterion.within.last, last=criterion.within.first)}
    return {"before": criterion.after, "after": criterion.before} if criterion.before or criterion.after else None


def _role_exchanged(criterion: Criterion) -> dict[str, Any] | None:
    reads_words = criterion.check in ("phrase", "question", "forbidden", "capture", "survey", "semantic")
    return {"who": _OTHER_PARTY[criterion.party]} if reads_words and criterion.party in _OTHER_PARTY else None


def _limit_turned(criterion: Criterion) -> dict[str, Any] | None:
    if criterion.check == "metric" or (criterion.check == "metadata" and (criterion.at_least, criterion.at_most) != (None, None)):
        levels = {
            name: LevelBounds(credit=level.credit, at_least=level.at_most, at_most=level.at_least)
            if isinstance(level, LevelBounds)
            else level
            for name, level in criterion.levels.items()
        }
        return {"at_least": criterion.at_most, "at_most": criterion.at_least, "levels": levels}
    if criterion.check == "metadata":
        if criterion.call_windows:
            return {"call_windows": (CallWindow.model_validate_json('{"from": "02:00", "to": "02:01"}'),)}
        if criterion.not_on_holidays:
            return {"not_on_holidays": False, "call_windows": (CallWindow.model_validate_json("{}"),)}
        return {"is_": _NOTHING, "in_": None}
    if criterion.check == "sequence":
        return {"of": tuple(reversed(criterion.of))}
    other = {"all": "any", "any": "all", "not": "all"}.get(criterion.check)
    return {"check": other} if other and (len(criterion.of) > 1 or criterion.check == "not") else None


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
