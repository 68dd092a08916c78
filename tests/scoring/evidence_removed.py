"""Right for the right reason: the evidence of a verdict is taken out of the dialogue, and the outcome must change. `python -m tests.scoring.evidence_removed`.

Of every case and known-good call each finding that rests on words (met, forbidden speech, what follows from a situation) is judged again without
the utterances of its evidence, and again without what it then rests on, until the outcome changes, or the situation is another. What never does was not found by what it shows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from ruamel.yaml import YAML

from qa_pipeline.call import Conversation, Outcome
from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.reasons import reason_text
from qa_pipeline.scoring.score import Scorecard, judge_call
from qa_pipeline.scoring.verdict import Verdict
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import Workbench, open_workbench

EXCEPTIONS = Path(__file__).with_name("evidence_removed.yaml")
# As often as anything is said in a case.
_MOST_ROUNDS = 12
# Evidence of these illustrates a figure and decides nothing.
_ILLUSTRATED = frozenset(("sentiment", "metric", "metadata"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A finding that comes out the same whatever of its evidence is taken out."""

    case: str
    criterion: str
    outcome: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    case: str
    criterion: str
    outcome: Outcome
    heard: Conversation
    verdict: Verdict


def kept_without_evidence(bench: Workbench, name: str) -> tuple[int, list[Kept]]:
    """How many findings of a rubric's cases rest on words, and those that do not change without them."""
    scorecard, encode = bench.scorecards[name], bench.encode_for(name)
    cases = [case for case in bench.cases[name] if case.call is None]
    heard = [heard_in(case, scorecard.rubric, encode) for case in cases]
    waiting = [
        _Open(
            case=f"{name}/{case.language}/{case.name}", criterion=criterion.id, outcome=verdict.outcome, heard=conversation, verdict=verdict
        )
        for case, conversation, search in zip(cases, heard, scorecard.searches(heard), strict=True)
        for criterion, verdict in _verdicts(search, scorecard, None)
        if rests_on_words(criterion, verdict)
    ]
    count = len(waiting)
    stuck: list[Kept] = []
    for _ in range(_MOST_ROUNDS):
        waiting, more = _again(waiting, scorecard)
        stuck += more
        if not waiting:
            break
    return count, [*stuck, *map(_kept, waiting)]


def _again(waiting: Sequence[_Open], scorecard: Scorecard) -> tuple[list[_Open], list[Kept]]:
    """Those that still come out the same, for what is left; and those that do with nothing left."""
    # Several verdicts of a case rest on the same words: what is left without them is judged once, by the criteria that are asked for.
    left: dict[tuple[object, ...], list[_Open]] = {}
    for one in waiting:
        without = replace(one, heard=without_evidence(one.heard, one.verdict.evidence))
        left.setdefault(_left(without), []).append(without)
    still, stuck = [], []
    searches = scorecard.searches([several[0].heard for several in left.values()])
    for several, search in zip(left.values(), searches, strict=True):
        judged = {
            criterion.id: (criterion, verdict) for criterion, verdict in _verdicts(search, scorecard, {one.criterion for one in several})
        }
        for one in several:
            criterion, verdict = judged[one.criterion]
            if verdict.outcome is not one.outcome or situation_of(verdict) != situation_of(one.verdict):
                continue
            now = replace(one, verdict=verdict)
            if rests_on_words(criterion, verdict):
                still.append(now)
            else:
                stuck.append(_kept(now))
    return still, stuck


def _verdicts(search: Search, scorecard: Scorecard, only: Set[str] | None) -> Iterator[tuple[Criterion, Verdict]]:
    """What criteria come to, however sure that is: a verdict that is withheld rests on words as well."""
    verdicts = judge_call(search, scorecard, only=only).verdicts
    return ((criterion, verdicts[criterion.id]) for criterion in scorecard.rubric.criteria if criterion.id in verdicts)


def _left(one: _Open) -> tuple[object, ...]:
    """What is the same for findings of one case that have the same utterances left."""
    return (one.case, *((u.start_ms, u.role, u.text) for u in one.heard.utterances))


def _kept(one: _Open) -> Kept:
    return Kept(
        case=one.case,
        criterion=one.criterion,
        outcome=one.outcome.value,
        last=reason_text(one.verdict.reason_code, one.verdict.reason_args),
    )


def situation_of(verdict: Verdict) -> str | None:
    """The situation by which a criterion does not apply, if so."""
    return verdict.reason_args.get("situation")


def rests_on_words(criterion: Criterion, verdict: Verdict) -> bool:
    """Whether a verdict is what it is because something was said."""
    # What follows from a parent is walked at the parent: without its words the condition fails all the same.
    follows = verdict.reason_code in ("parent", "condition")
    return criterion.check not in _ILLUSTRATED and not follows and bool(_deciding(verdict.evidence))


def _deciding(evidence: Sequence[Evidence]) -> list[Evidence]:
    return [e for e in evidence if e.kind in ("hit", "cause")]


def without_evidence(heard: Conversation, evidence: Sequence[Evidence]) -> Conversation:
    """The conversation without the utterances in which the deciding evidence was said."""
    gone: set[int] = set()
    for e in _deciding(evidence):
        gone.add(e.utterance)
        if e.end_ms is not None:
            gone |= {
                u.utterance
                for u in heard.utterances
                if u.role is e.role and u.utterance > e.utterance and u.start_ms is not None and u.start_ms < e.end_ms
            }
    return replace(
        heard,
        utterances=tuple(u for u in heard.utterances if u.utterance not in gone),
        vectors={number: vector for number, vector in heard.vectors.items() if number not in gone},
    )


def exceptions() -> dict[str, str]:
    """Findings that may stay, with the reason: CASE: CRITERION → why."""
    found: dict[str, str] = YAML(typ="safe").load(EXCEPTIONS.read_text("utf-8")) or {}
    return found


def main() -> None:
    """Print what stays, by rubric."""
    bench = open_workbench(load_settings())
    total = 0
    for name in bench.scorecards:
        count, kept = kept_without_evidence(bench, name)
        total += count
        for one in kept:
            sys.stdout.write(f"{one.case}: {one.criterion}: {one.outcome} stays: {one.last}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{total} findings rest on words.\n")


if __name__ == "__main__":
    main()
