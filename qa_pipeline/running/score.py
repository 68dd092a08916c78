"""Conversations → scores and failures. What fresh calls, stored calls and corrected calls are all scored by, here or in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.call import Conversation
from qa_pipeline.results.scored import ScoreTables, join_tables, score_tables
from qa_pipeline.running.failures import Failure, scoring_failure
from qa_pipeline.scoring.meanings import needs_vectors
from qa_pipeline.scoring.score import Score, Scorecard, score_many


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one conversation is scored by. `rubric`: its key; `earlier`: id of the score that counts now by the same rubric, if its verdicts are compared."""

    rubric: str
    purpose: str
    earlier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """What all scoring of a run has in common."""

    scorecards: Mapping[str, Scorecard]
    run_id: str
    timezone: str
    cache: Path

    @property
    def needs_vectors(self) -> bool:
        """Whether any rubric asks for the meaning of what is said."""
        return any(needs_vectors(scorecard.rubric) for scorecard in self.scorecards.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came of some conversations. `changed`, `unchanged`: of those whose earlier verdicts were compared."""

    tables: ScoreTables | None = None
    changed: int = 0
    unchanged: int = 0
    failures: tuple[Failure, ...] = ()


def score_assigned(
    conversations: Sequence[Conversation],
    assignments: Sequence[Assignment],
    scoring: Scoring,
    earlier: Mapping[int, Mapping[str, str]] | None = None,
) -> Scored:
    """Score conversations, each as assigned. `earlier`: place → verdicts that count now, by criterion, to compare with."""
    outcomes: dict[int, Score | Failure] = {}
    for name in dict.fromkeys(assignment.rubric for assignment in assignments):
        places = [place for place, assignment in enumerate(assignments) if assignment.rubric == name]
        together = _score_together([conversations[place] for place in places], name, scoring.scorecards)
        outcomes.update(zip(places, together, strict=True))
    scores = {place: outcome for place, outcome in sorted(outcomes.items()) if isinstance(outcome, Score)}
    compared = [_differs(score, verdicts) for place, score in scores.items() if (verdicts := (earlier or {}).get(place))]
    purposes = [assignments[place].purpose for place in scores]
    tables = score_tables(list(scores.values()), purposes=purposes, run_id=scoring.run_id, timezone=scoring.timezone) if scores else None
    return Scored(
        tables=tables,
        changed=sum(compared),
        unchanged=len(compared) - sum(compared),
        failures=tuple(outcome for _, outcome in sorted(outcomes.items()) if isinstance(outcome, Failure)),
    )


def join_scored(parts: Iterable[Scored]) -> Scored:
    """Several as one, in the order given."""
    joined = list(parts)
    tables = [part.tables for part in joined if part.tables]
    return Scored(
        tables=join_tables(tables) if tables else None,
        changed=sum(part.changed for part in joined),
        unchanged=sum(part.unchanged for part in joined),
        failures=tuple(failure for part in joined for failure in part.failures),
    )


def _score_together(conversations: Sequence[Conversation], name: str, scorecards: Mapping[str, Scorecard]) -> Sequence[Score | Failure]:
    """Scores by one rubric; together they take a tenth of the time. A call that cannot be scored costs itself only."""
    try:
        return score_many(conversations, scorecards[name])
    except Exception as error:  # noqa: BLE001  # the boundary of one call, as in isolation.py: the others go on, a failures row tells of it
        if len(conversations) > 1:
            return [outcome for conversation in conversations for outcome in _score_together([conversation], name, scorecards)]
        (guilty,) = conversations
        return [scoring_failure(guilty.call, type(error).__name__, "could not be scored.", "Please report it with the name of the error.")]


def _differs(score: Score, verdicts: Mapping[str, str]) -> bool:
    """Whether a verdict differs from the one that counted. Criteria that are new say nothing."""
    return any(verdicts.get(finding.criterion.id, finding.outcome.value) != finding.outcome.value for finding in score.findings)
