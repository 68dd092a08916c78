"""The rubric document as types: what a rubric file and situations.yaml may say.

Its criteria are in criteria.py. Strict and closed: an unknown key is a fault. Reading YAML, resolving lists and locating faults is load.py; what it all
means is in scoring/ and docs/rubric-language.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qa_pipeline.languages.load import language_codes
from qa_pipeline.rubric.atoms import Identifier, Language, Part, PhraseLists, Texts
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.lists import ExampleList, Meaning
from qa_pipeline.rubric.shared_keys import Severity
from qa_pipeline.rubric.windows import Season, Window

ISODate = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Section(Part):
    """A part of the scorecard, in the order of the call."""

    id: Identifier
    title: Texts = {}
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class AppliesTo(Part):
    """Which calls a rubric is for, when the metadata name none. Every key given must equal the call's."""

    direction: Literal["inbound", "outbound"] | None = None
    campaign: str | None = None
    language: Language | None = None
    team: str | None = None


class SituationRule(Part):
    """How a situation of the call is recognised from one party's words (rubrics/situations.yaml)."""

    who: Literal["agent", "customer", "other"]
    within: Window | None = None
    phrases: PhraseLists = {}
    unlike: PhraseLists = {}
    meaning: Meaning | None = None


class Situations(Part):
    """What the situations are recognised by; shared by all rubrics and part of each one's hash."""

    voicemail: SituationRule
    wrong_person: SituationRule
    customer_busy: SituationRule
    customer_ends: SituationRule
    agent_ends: SituationRule
    opted_out: SituationRule
    refused: SituationRule
    call_back: SituationRule
    line_check: SituationRule
    first_question: SituationRule


class Index(Part):
    """A figure over the answers of survey criteria. An answer counts `values[answer]`, a number its value × `times`; an item that was not
    answered counts nothing. The index of a call is the mean (or sum) over its items; that of a group of calls the mean over the calls.
    """

    id: Identifier
    title: Texts = {}
    items: tuple[Identifier, ...] = Field(min_length=1)
    values: dict[str, float] = {}
    times: float = Field(10, allow_inf_nan=False, description="factor of answers 1–10")
    combine: Literal["mean", "sum"] = "mean"


class Anchor(Part):
    """What a later contact is counted from: a captured time, a metadata column with a time, or the call in which a criterion came out so."""

    capture: Identifier | None = None
    metadata: str | None = None
    criterion: Identifier | None = None
    outcome: Literal["met", "not_met"] = "met"
    answer: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Anchor:
        if sum(value is not None for value in (self.capture, self.metadata, self.criterion)) != 1:
            raise ValueError("give one of `capture`, `metadata`, `criterion`")
        return self


class Contact(Part):
    """A promise over several contacts of one customer: after `counted_from` another call must begin in time (contacts report)."""

    id: Identifier
    title: Texts = {}
    counted_from: Anchor
    on_day: int | None = Field(None, ge=0, description="on this calendar day after the anchor's, in the rubric's `timezone`")
    from_hours: float = Field(0, allow_inf_nan=False, description="not earlier than so many hours after the anchor")
    to_hours: float | None = Field(None, allow_inf_nan=False, description="not later than so many hours after the anchor")
    rubrics: tuple[Identifier, ...] = Field((), description="only calls scored by these rubrics count; empty: any call")

    @model_validator(mode="after")
    def _has_a_limit(self) -> Contact:
        if (self.on_day is None) == (self.to_hours is None):
            raise ValueError("give either `on_day` or `to_hours`")
        return self


class Consent(Part):
    """The consent that calls of this rubric need. `given`: answers of the criterion that are one; without any, that it is met is enough.

    `withdrawn_by`: criteria that take it back where they are met.
    """

    criterion: Identifier
    given: tuple[str, ...] = ()
    withdrawn_by: tuple[Identifier, ...] = ()
    holds_back: bool = Field(True, description="a call without it is kept from people until somebody decides; false: it is only listed")


class Rubric(Part):
    """A scorecard with everything it refers to resolved."""

    id: Identifier
    version: int = Field(ge=1)
    title: Texts = {}
    about: Texts = {}
    effective_from: ISODate | None = Field(None, description="calls that began before this day are scored by the version before")
    applies_to: AppliesTo = AppliesTo()
    pass_mark: float = Field(80, ge=0, le=100)
    min_coverage: float = Field(0.5, ge=0, le=1)
    min_certainty: float | None = Field(
        None, ge=0, le=1, description="a finding less sure than this is undetermined; without, less sure than usual"
    )
    scoring: Literal["points", "deductions"] = "points"
    severities: dict[Severity, Annotated[float, Field(gt=0)]] = Field(
        {"light": 2.0, "middle": 5.0, "heavy": 10.0}, description="points taken off per occurrence where a criterion names a severity"
    )
    timezone: str = Field("Asia/Shanghai", description="zone in which call windows, spoken times and days are read")
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="whose public holidays `not_on_holidays` means")
    seasons: dict[Identifier, Season] = {}
    names: dict[Literal["company"], tuple[str, ...]] = {}
    sections: tuple[Section, ...] = Field(min_length=1)
    indices: tuple[Index, ...] = ()
    contacts: tuple[Contact, ...] = ()
    consent: Consent | None = Field(None, description="the consent that its calls need")
    situations: Situations | None = Field(None, description="filled in from situations.yaml")
    background: ExampleList | None = Field(None, description="filled in from lists/background.yaml")

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria in order."""
        return tuple(criterion for section in self.sections for criterion in section.criteria)

    def section_of(self, criterion_id: str) -> str:
        """The section a criterion stands in."""
        return next(section.id for section in self.sections if any(c.id == criterion_id for c in section.criteria))

    @property
    def languages(self) -> tuple[Language, ...]:
        """Languages any criterion has phrases for."""
        spoken = {language for criterion in self.criteria for language, _ in criterion.phrase_texts()}
        return tuple(language for language in language_codes() if language in spoken)
