"""The rubric language as types: what a rubric file may say.

Strict and closed: an unknown key is a fault. Reading YAML, resolving lists and locating faults is load.py; what the checks mean is checks.py and
docs/rubric-language.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Language = Literal["zh", "en", "pl", "sv"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "pl", "sv")
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PhraseLists = dict[Language, tuple[str, ...]]
Texts = dict[Language, str]
Status = Literal["draft", "trial", "stable"]
Situation = Literal["agent_absent", "voicemail", "wrong_person", "customer_busy", "customer_ended_first", "customer_hung_up"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Extent(_Part):
    """How far a window reaches: seconds or turns of the party searched, whichever reaches further."""

    seconds: float | None = Field(None, gt=0)
    turns: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _says_something(self) -> Extent:
        if self.seconds is None and self.turns is None:
            raise ValueError("give `seconds`, `turns` or both")
        return self


class Window(_Part):
    """The part of the call that is searched: counted from the party's first words, or back from its last."""

    first: Extent | None = None
    last: Extent | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Window:
        if (self.first is None) == (self.last is None):
            raise ValueError("give either `first` or `last`")
        return self


class ExampleList(_Part):
    """A shared list file.

    `like`/`unlike`: examples that a meaning is fitted on (whole utterances; may be grouped into families). `phrases`, `whole_turn`,
    `take_back`: phrases that a criterion naming the file in `lists` takes over as its own phrases, whole_turn and unlike.
    """

    id: Identifier
    about: Texts = {}
    like: dict[Language, tuple[str, ...] | dict[str, tuple[str, ...]]] = {}
    unlike: PhraseLists = {}
    against: tuple[str, ...] = Field((), description="lists whose `like` counts as `unlike` here")
    phrases: PhraseLists = {}
    whole_turn: PhraseLists = {}
    take_back: PhraseLists = {}

    def likes(self, language: Language | None = None) -> tuple[str, ...]:
        """Every positive example, of one language or all."""
        found: list[str] = []
        for key, examples in self.like.items():
            if language in (None, key):
                found.extend(examples if isinstance(examples, tuple) else (text for family in examples.values() for text in family))
        return tuple(found)

    def unlikes(self) -> tuple[str, ...]:
        """Every near miss."""
        return tuple(text for examples in self.unlike.values() for text in examples)


class Meaning(_Part):
    """Match by meaning: an utterance as probable as `at_least` (0–1) to be one of the list's."""

    list: str
    at_least: float = Field(0.5, gt=0, lt=1)
    examples: ExampleList | None = Field(None, description="filled in from the list file")


class Condition(_Part):
    """A condition of `when`: all must hold."""

    criterion: Identifier | None = None
    outcome: Literal["met", "not_met", "not_applicable"] | None = None
    answer: str | None = None
    disposition: tuple[str, ...] | None = None
    metadata: str | None = None
    is_: str | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Condition:
        subjects = [name for name in ("criterion", "metadata", "disposition") if getattr(self, name)]
        if len(subjects) != 1:
            raise ValueError("a condition asks about one of `criterion`, `metadata`, `disposition`")
        if self.criterion is None and (self.outcome or self.answer):
            raise ValueError("`outcome` and `answer` go with `criterion`")
        if self.metadata and self.is_ is None and self.in_ is None:
            raise ValueError("`metadata` goes with `is` or `in`")
        return self


class Criterion(_Part):
    """One line of the scorecard. Which keys a check reads is in docs/rubric-language.md."""

    id: Identifier
    title: Texts = {}
    advice: Texts = {}
    check: Literal["phrase", "question", "forbidden", "metric", "sentiment", "manual", "all", "any", "not"]
    status: Status = "draft"
    who: Literal["agent", "customer"] = "agent"
    within: Window | None = None
    before: Identifier | None = None
    after: Identifier | None = None
    lists: tuple[str, ...] = Field((), description="files whose phrases are added to this criterion's")
    phrases: PhraseLists = {}
    groups: dict[Identifier, PhraseLists] = {}
    need: Literal["one", "all"] | Annotated[int, Field(ge=1)] = "one"
    whole_turn: PhraseLists = Field({}, description="phrases that count only when the utterance is nothing else")
    unlike: PhraseLists = Field({}, description="phrases that take a hit back when they cover it")
    meaning: Meaning | None = None
    match: Literal["exact", "tolerant", "strict", "regex"] = "tolerant"
    answers: dict[Identifier, PhraseLists] = {}
    except_: tuple[Literal["quoting", "asking_to_repeat"], ...] = Field((), alias="except")
    metric: str | None = None
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    of: tuple[Identifier, ...] = ()
    levels: dict[Identifier, float] = {}
    when: tuple[Condition, ...] = ()
    not_applicable_when: tuple[Situation, ...] = ()
    excused_when: tuple[Situation, ...] = Field((), description="like not_applicable_when, but only if the criterion is not met anyway")
    weight: float = Field(1.0, ge=0, allow_inf_nan=False)
    critical: bool = False

    @model_validator(mode="after")
    def _has_what_its_check_reads(self) -> Criterion:
        wanted = {
            "phrase": bool(self.phrases or self.lists or self.groups or self.meaning),
            "question": bool(self.phrases or self.lists or self.meaning),
            "forbidden": bool(self.phrases or self.lists or self.whole_turn or self.meaning),
            "metric": bool(self.metric) and (self.at_least is not None or self.at_most is not None),
            "all": bool(self.of),
            "any": bool(self.of),
            "not": len(self.of) == 1,
        }
        if not wanted.get(self.check, True):
            needs = {
                "phrase": "`phrases`, `groups` or `meaning`",
                "question": "`phrases` or `meaning`",
                "forbidden": "`phrases`, `whole_turn` or `meaning`",
                "metric": "`metric` with `at_least` or `at_most`",
                "all": "`of`",
                "any": "`of`",
                "not": "`of` with one criterion",
            }
            raise ValueError(f"check: {self.check} needs {needs[self.check]}")
        if isinstance(self.need, int) and self.need > max(1, len(self.groups)):
            raise ValueError(f"`need: {self.need}` is more than the {len(self.groups)} groups")
        return self

    def languages(self) -> frozenset[Language]:
        """Languages the criterion can be judged in."""
        spoken = {language for language, _ in self.phrase_texts()}
        if self.meaning and self.meaning.examples:
            spoken |= set(self.meaning.examples.like)
        return frozenset(spoken)

    def phrase_texts(self) -> tuple[tuple[Language, str], ...]:
        """Every phrase of the criterion with its language."""
        lists = [self.phrases, self.whole_turn, self.unlike, *self.groups.values(), *self.answers.values()]
        return tuple((language, text) for phrases in lists for language, texts in phrases.items() for text in texts)


class Section(_Part):
    """A part of the scorecard, in the order of the call."""

    id: Identifier
    title: Texts = {}
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class AppliesTo(_Part):
    """Which calls a rubric is for, when the metadata name none. Every key given must equal the call's."""

    direction: Literal["inbound", "outbound"] | None = None
    campaign: str | None = None
    language: Language | None = None
    team: str | None = None


class SituationRule(_Part):
    """How a situation of the call is recognised from one party's words (rubrics/situations.yaml)."""

    who: Literal["agent", "customer", "other"]
    within: Window | None = None
    phrases: PhraseLists = {}
    unlike: PhraseLists = {}
    meaning: Meaning | None = None


class Situations(_Part):
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


class Rubric(_Part):
    """A scorecard with everything it refers to resolved."""

    id: Identifier
    version: int = Field(ge=1)
    title: Texts = {}
    applies_to: AppliesTo = AppliesTo()
    pass_mark: float = Field(80, ge=0, le=100)
    min_coverage: float = Field(0.5, ge=0, le=1)
    names: dict[Literal["company"], tuple[str, ...]] = {}
    sections: tuple[Section, ...] = Field(min_length=1)
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
        return tuple(language for language in LANGUAGES if language in spoken)
