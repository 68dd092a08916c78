"""What a check is given and what it says: Context in, Verdict out. Shared by the modules of checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from qa_pipeline.call import Outcome, Role
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.time_tables import Times
from qa_pipeline.meaning.acts import Strictness
from qa_pipeline.rubric.atoms import Language
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import PlacedCriterion
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.situations import Facts
from qa_pipeline.scoring.windows import Searched

# The column of the metadata that says in which zone a call was made.
ZONE_COLUMN = "timezone"
ROLES: dict[str, tuple[Role, ...]] = {"agent": (Role.AGENT,), "customer": (Role.CUSTOMER,), "any": (Role.AGENT, Role.CUSTOMER)}
Support: TypeAlias = tuple[Literal["criterion", "situation", "disposition"], str]
"""What a verdict follows from: a criterion or a situation by its name, or the disposition, which has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A value taken from the call. `value_type`: datetime, datetime_after, date, daypart, spoken, number, phone, name, reason, text, or the type
    of a survey's answer; `text`: the words it was taken from; `start_ms`: when they were said.
    """

    name: str
    value: str
    value_type: str
    text: str
    start_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found. `reason_code` with `reason_args` fills a sentence of reasons.py. `credit` 0–1: where a level says so.

    `places`: how many places of the call speak for it; `rests_on`: what it follows from where it was not looked for itself: it is never surer than that;
    `agreement`: of what a language model answered, how many answers are this one, and how many were asked for;
    `otherwise`: of words that only other readings of the recogniser have, its belief in those, 0–1;
    `despite`: what would have made it not applicable, had the question not plainly been asked.
    """

    outcome: Outcome
    reason_code: str
    reason_args: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    searched: Searched | None = None
    answer: str | None = None
    occurrences: int = 0
    credit: float | None = None
    captures: tuple[Capture, ...] = ()
    places: int = 1
    rests_on: tuple[Support, ...] = ()
    agreement: tuple[int, int] | None = None
    otherwise: float | None = None
    despite: tuple[Support, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check may look at. `verdicts`: those of criteria judged before; `languages`: those each criterion can be judged in; `strictness`: of the
    reader of acts; `answered_by`: the language model whose answers count, None where nobody is asked; `overruled`: what a second look put in the place of a
    check's own reading (second_look.py); `contradicted`: criteria whose reading the rest of the call speaks against, with the utterances in which it does; `proved`:
    what was not found, and what follows from it proves (coherence.py).
    """

    rubric: Rubric
    search: Search
    facts: Facts
    verdicts: Mapping[str, Verdict]
    languages: Mapping[str, frozenset[Language]] = field(default_factory=dict)
    strictness: Strictness | None = None
    answered_by: str | None = None
    overruled: Mapping[str, Verdict] = field(default_factory=dict)
    contradicted: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    proved: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def began(self) -> datetime | None:
        """When the call began, in the zone that its parties speak of: the call's own, else the rubric's, else that of its language."""
        call = self.search.conversation.call
        return call.started_at.astimezone(ZoneInfo(self._zone)) if call.started_at else None

    @property
    def _zone(self) -> str:
        own = self.search.conversation.call.extra.get(ZONE_COLUMN)
        if own is not None and own in known_zones():
            return own
        language = self.search.language
        of_language = table(language, Times).zone if language in language_codes() else None
        is_told = "timezone" in self.rubric.model_fields_set
        return self.rubric.timezone if is_told or of_language is None else of_language


@cache
def known_zones() -> frozenset[str]:
    """The zones there are, read once: the list comes from hundreds of files, which takes longer than scoring a call."""
    return frozenset(available_timezones())


def search_window(criterion: PlacedCriterion, context: Context) -> Searched:
    """The utterances a criterion looks at."""
    before = _first_hit(context, criterion.before)
    after = _first_hit(context, criterion.after)
    return context.search.select(ROLES[criterion.party], criterion.within, before=before, after=after)


def _first_hit(context: Context, criterion_id: str | None) -> int | None:
    if criterion_id is None or criterion_id not in context.verdicts:
        return None
    return first_hit(context.verdicts[criterion_id])


def first_hit(verdict: Verdict) -> int | None:
    """Number of the first utterance in which what was looked for was said."""
    return min((e.utterance for e in verdict.evidence if e.kind == "hit"), default=None)


def as_heard(evidence: Evidence) -> Evidence:
    """A hit of a part, shown as what was heard where the whole was not found."""
    return replace(evidence, kind="heard")


def as_causes(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What another verdict, a situation or the disposition was found by, as the cause of what follows from it."""
    return tuple(replace(e, kind="cause") for e in evidence if e.kind != "heard")


def in_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence in order of time."""
    return tuple(sorted(evidence, key=lambda e: (e.utterance, e.start_ms if e.start_ms is not None else 0)))
