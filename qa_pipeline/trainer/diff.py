"""Two judgements of the same stored calls, and what differs: by two rubrics before one is published, or by scoring of then and of now (scoring_diff.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from statistics import mean
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from qa_pipeline.call import Call, Conversation, Outcome
from qa_pipeline.errors import RubricError
from qa_pipeline.reading.stored import conversations_of_days
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.verdicts import Said
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.score import Score, Scorecard, score_many
from qa_pipeline.trainer.explain import moment

_MOST_SHOWN = 3
# Calls scored together: enough to be fast, few enough for a progress bar to move.
_LOT = 100
_NOBODY: Mapping[tuple[str, str], Said] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCriterion:
    """One criterion's verdict, as far as it is compared."""

    outcome: Outcome
    answer: str | None
    reason: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One judgement of a call, made now or stored. `criteria`: verdicts by criterion."""

    percent: float | None
    passed: bool | None
    critical_failed: bool
    criteria: Mapping[str, JudgedCriterion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One criterion that comes out otherwise in one call. `before`/`after` None: the rubric does not have the criterion.

    `said`: what a person said that it is; None where nobody looked.
    """

    call_id: str
    agent_id: str | None
    criterion_id: str
    before: Outcome | None
    after: Outcome | None
    answer_before: str | None
    answer_after: str | None
    reason_before: str
    reason_after: str
    evidence: tuple[str, ...]
    said: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How many verdicts of people either judgement agrees with. Counts add. `gained`: agreed with only now; `lost`: not any more."""

    verdicts: int = 0
    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            verdicts=self.verdicts + other.verdicts,
            before=self.before + other.before,
            after=self.after + other.after,
            gained=self.gained + other.gained,
            lost=self.lost + other.lost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEffect:
    """What becomes of one call's score."""

    call_id: str
    agent_id: str | None
    team: str | None
    call_date: date | None
    percent_before: float | None
    percent_after: float | None
    passed_before: bool | None
    passed_after: bool | None
    critical_before: bool
    critical_after: bool
    changes: tuple[Change, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything differs; a criterion made critical changes who passes and no outcome."""
        before = (self.percent_before, self.passed_before, self.critical_before)
        return bool(self.changes) or before != (self.percent_after, self.passed_after, self.critical_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEffect:
    """What becomes of one agent's scores. Means are None where no call has a percent."""

    agent_id: str
    calls: int
    changed: int
    mean_before: float | None
    mean_after: float | None
    passed_before: int
    passed_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two rubrics over the same calls. `agreement`: with what people said, by criterion; nothing of criteria that nobody looked at."""

    old: str
    new: str
    criteria: tuple[str, ...]
    effects: tuple[CallEffect, ...]
    transitions: Mapping[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    agreement: Mapping[str, Agreement] = field(default_factory=dict)

    @property
    def agreed(self) -> Agreement:
        """With people, over all criteria."""
        return sum(self.agreement.values(), Agreement())

    @property
    def changed(self) -> tuple[CallEffect, ...]:
        """Calls in which something differs."""
        return tuple(effect for effect in self.effects if effect.is_changed)

    @property
    def agents(self) -> tuple[AgentEffect, ...]:
        """Agents by name."""
        by_agent: dict[str, list[CallEffect]] = {}
        for effect in self.effects:
            by_agent.setdefault(effect.agent_id or "unknown", []).append(effect)
        return tuple(_agent(name, effects) for name, effects in sorted(by_agent.items()))

    @property
    def totals(self) -> AgentEffect:
        """All calls together."""
        return _agent("all", list(self.effects))


def diff(
    conversations: Iterable[Conversation], old: Scorecard, new: Scorecard, *, people: Mapping[tuple[str, str], Said] = _NOBODY
) -> Diff:
    """Score conversations by both rubrics and compare. `people`: what people said, by call and criterion (review/verdicts.py)."""
    ordered = dict.fromkeys((*(c.id for c in new.rubric.criteria), *(c.id for c in old.rubric.criteria)))
    pairs = _scored_by_both(conversations, old, new)
    return compare(pairs, old=label(old), new=label(new), criteria=tuple(ordered), timezone=new.rubric.timezone, people=people)


def _scored_by_both(conversations: Iterable[Conversation], old: Scorecard, new: Scorecard) -> Iterator[tuple[Conversation, Judged, Judged]]:
    remaining = iter(conversations)
    while lot := list(islice(remaining, _LOT)):
        for conversation, before, after in zip(lot, score_many(lot, old), score_many(lot, new), strict=True):
            yield conversation, judged(before), judged(after)


def compare(
    pairs: Iterable[tuple[Conversation, Judged, Judged]],
    *,
    old: str,
    new: str,
    criteria: tuple[str, ...],
    timezone: str,
    people: Mapping[tuple[str, str], Said] = _NOBODY,
) -> Diff:
    """What differs between two judgements of each call. `old`, `new`: what they are called; `criteria`: in which order they are shown."""
    effects = []
    transitions: dict[str, Counter[tuple[str, str]]] = {}
    agreement: dict[str, Agreement] = {}
    for conversation, before, after in pairs:
        said = {name: people[key] for name in criteria if (key := (conversation.call.call_id, name)) in people}
        for criterion_id, verdict in said.items():
            one = _agreement(verdict, before.criteria.get(criterion_id), after.criteria.get(criterion_id))
            agreement[criterion_id] = agreement.get(criterion_id, Agreement()) + one
        effect = _effect(conversation, before, after, timezone, said)
        effects.append(effect)
        for change in effect.changes:
            names = tuple(outcome.value if outcome else "–" for outcome in (change.before, change.after))
            transitions.setdefault(change.criterion_id, Counter())[names[0], names[1]] += 1
    return Diff(old=old, new=new, criteria=criteria, effects=tuple(effects), transitions=transitions, agreement=agreement)


def _agreement(said: Said, before: JudgedCriterion | None, after: JudgedCriterion | None) -> Agreement:
    was, is_now = (said.agrees(one.outcome, one.answer) if one else False for one in (before, after))
    return Agreement(verdicts=1, before=was, after=is_now, gained=is_now and not was, lost=was and not is_now)


def judged(score: Score) -> Judged:
    """What a score says, as far as it is compared."""
    criteria = {
        f.criterion.id: JudgedCriterion(outcome=f.outcome, answer=f.answer, reason=f.reason, evidence=f.evidence) for f in score.findings
    }
    return Judged(percent=score.percent, passed=score.passed, critical_failed=score.critical_failed, criteria=criteria)


def calls_to_compare(
    store: Store, engine: Engine, viewer: Viewer, old: Scorecard, new: Scorecard, *, since: date | None, until: date | None, every: bool
) -> list[str]:
    """Conversations that either rubric has scored (`every`: all that are stored), in the order of their days, without calls that are held back from `viewer`.

    `engine`: of the index. Raises RubricError when there are none.
    """
    rubrics = None if every else (old.rubric.id, new.rubric.id)
    found = list(conversations_of_days(store, viewer, since=since, until=until, scored_by=rubrics, engine=engine))
    if not found:
        raise RubricError(
            f"No stored call was scored by {old.rubric.id} or {new.rubric.id} in that time.",
            advice="Give other dates, or --all to compare over every stored call.",
        )
    return found


def label(scorecard: Scorecard) -> str:
    """A rubric with its version, and the hash that tells it from another of the same name."""
    return f"{scorecard.rubric.id} version {scorecard.rubric.version} ({scorecard.sha256[:8]})"


def _effect(conversation: Conversation, before: Judged, after: Judged, timezone: str, said: Mapping[str, Said]) -> CallEffect:
    call = conversation.call
    return CallEffect(
        call_id=call.call_id,
        agent_id=call.agent_id,
        team=call.team,
        call_date=call.started_at.astimezone(ZoneInfo(timezone)).date() if call.started_at else None,
        percent_before=before.percent,
        percent_after=after.percent,
        passed_before=before.passed,
        passed_after=after.passed,
        critical_before=before.critical_failed,
        critical_after=after.critical_failed,
        changes=_changes(call, before.criteria, after.criteria, said),
    )


def _changes(
    call: Call, old: Mapping[str, JudgedCriterion], new: Mapping[str, JudgedCriterion], said: Mapping[str, Said]
) -> tuple[Change, ...]:
    found = []
    for criterion_id in dict.fromkeys((*new, *old)):
        a, b = old.get(criterion_id), new.get(criterion_id)
        if a and b and (a.outcome, a.answer) == (b.outcome, b.answer):
            continue
        found.append(
            Change(
                call_id=call.call_id,
                agent_id=call.agent_id,
                criterion_id=criterion_id,
                before=a.outcome if a else None,
                after=b.outcome if b else None,
                answer_before=a.answer if a else None,
                answer_after=b.answer if b else None,
                reason_before=a.reason if a else "Not in this rubric.",
                reason_after=b.reason if b else "Not in this rubric.",
                evidence=_evidence(a, b),
                said=said[criterion_id].outcome if criterion_id in said else None,
            )
        )
    return tuple(found)


def _evidence(before: JudgedCriterion | None, after: JudgedCriterion | None) -> tuple[str, ...]:
    """What either verdict stands on, in words with times."""
    lines = []
    for name, finding in (("before", before), ("after", after)):
        for e in finding.evidence[:_MOST_SHOWN] if finding else ():
            lines.append(f"{name}: {e.kind} {moment(e.start_ms)} {e.role.value} “{e.text}” ({e.similarity:.2f} {e.expected})")
    return tuple(lines)


def _agent(name: str, effects: list[CallEffect]) -> AgentEffect:
    before = [e.percent_before for e in effects if e.percent_before is not None]
    after = [e.percent_after for e in effects if e.percent_after is not None]
    return AgentEffect(
        agent_id=name,
        calls=len(effects),
        changed=sum(e.is_changed for e in effects),
        mean_before=mean(before) if before else None,
        mean_after=mean(after) if after else None,
        passed_before=sum(e.passed_before is True for e in effects),
        passed_after=sum(e.passed_after is True for e in effects),
    )
