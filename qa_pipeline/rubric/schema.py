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
# How a question can be answered: also numbers (1–10).
AnswerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
PhraseLists = dict[Language, tuple[str, ...]]
Texts = dict[Language, str]
Status = Literal["draft", "trial", "stable"]
Situation = Literal["agent_absent", "voicemail", "wrong_person", "customer_busy", "customer_ended_first", "customer_hung_up"]
Check = Literal[
    "phrase", "question", "forbidden", "capture", "survey", "sequence", "metric", "sentiment", "metadata", "semantic", "manual", "all", "any", "not"
]  # fmt: skip
CaptureType = Literal["datetime", "number", "phone", "name", "reason", "text"]
AnswerType = Literal["yes_no", "three", "ten", "choice", "text"]
Severity = Literal["light", "middle", "heavy"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
ISODate = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
# Answers that surveys of a type can have; `choice` takes its own from `answers`.
SURVEY_ANSWERS: dict[str, tuple[str, ...]] = {
    "yes_no": ("yes", "no"),
    "three": ("satisfied", "average", "dissatisfied"),
    "ten": tuple(str(number) for number in range(1, 11)),
    "text": ("given",),
}


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
    at_least: float = Field(0.5, gt=0, lt=1, description="`rubric calibrate` finds it from the cases")
    examples: ExampleList | None = Field(None, description="filled in from the list file")


class Condition(_Part):
    """A condition of `when`: all must hold."""

    criterion: Identifier | None = None
    outcome: Literal["met", "not_met", "not_applicable"] | None = None
    answer: str | tuple[str, ...] | None = None
    disposition: tuple[str, ...] | None = None
    metadata: str | None = None
    is_: str | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Condition:
        subjects = [name for name in ("criterion", "metadata", "disposition") if getattr(self, name)]
        if len(subjects) != 1:
            raise ValueError("a condition asks about one of `criterion`, `metadata`, `disposition`")
        if self.criterion is None and (self.outcome or self.answer):
            raise ValueError("`outcome` and `answer` go with `criterion`")
        if self.criterion and not (self.outcome or self.answer):
            raise ValueError("`criterion` goes with `outcome` or `answer`")
        limits = (self.is_, self.in_, self.at_least, self.at_most)
        if self.metadata and all(limit is None for limit in limits):
            raise ValueError("`metadata` goes with `is`, `in`, `at_least` or `at_most`")
        if not self.metadata and any(limit is not None for limit in limits):
            raise ValueError("`is`, `in`, `at_least` and `at_most` go with `metadata`")
        return self

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers asked for, if any."""
        return (self.answer,) if isinstance(self.answer, str) else self.answer or ()


class CallWindow(_Part):
    """When a call may be made. Every key given must hold; times are in the rubric's `timezone`, `to` exclusive."""

    days: tuple[Day, ...] = ()
    season: Identifier | None = Field(None, description="a name from the rubric's `seasons`")
    from_: TimeOfDay = Field("00:00", alias="from")
    to: TimeOfDay = "23:59"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> CallWindow:
        if self.from_ >= self.to:
            raise ValueError(f"`from` ({self.from_}) is not before `to` ({self.to})")
        return self


class Season(_Part):
    """Part of a year, both days included; may run over the end of the year."""

    from_: MonthDay = Field(alias="from")
    to: MonthDay


class LevelBounds(_Part):
    """A level of a metric: its credit, and the values that reach it."""

    credit: float = Field(ge=0, le=1)
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)


Credit = Annotated[float, Field(ge=0, le=1)]


class Criterion(_Part):
    """One line of the scorecard. Which keys a check reads is in docs/rubric-language.md and in CHECK_KEYS."""

    id: Identifier
    title: Texts = {}
    advice: Texts = {}
    check: Check
    status: Status = "draft"
    who: Literal["agent", "customer", "any"] | None = Field(None, description="whose words; the agent's, for captures anybody's")
    within: Window | None = None
    before: Identifier | None = None
    after: Identifier | None = None
    lists: tuple[str, ...] = Field((), description="files whose phrases are added to this criterion's")
    phrases: PhraseLists = {}
    groups: dict[Identifier, PhraseLists] = {}
    need: Literal["one", "all"] | Annotated[int, Field(ge=1)] = "one"
    in_order: bool = Field(False, description="the groups must follow one another in the order written")
    within_words: int | None = Field(None, ge=1, description="the groups must lie within so many words (zh: syllables)")
    whole_turn: PhraseLists = Field({}, description="phrases that count only when the utterance is nothing else")
    unlike: PhraseLists = Field({}, description="phrases that take a hit back when they cover it")
    meaning: Meaning | None = None
    match: Literal["exact", "tolerant", "strict", "regex", "meaning"] = "tolerant"
    answers: dict[AnswerName, PhraseLists] = {}
    except_: tuple[Literal["quoting", "asking_to_repeat"], ...] = Field((), alias="except")
    capture: CaptureType | None = None
    values: dict[Identifier, PhraseLists] = Field({}, description="capture: reason: what the words are filed under")
    repeats: Identifier | None = Field(None, description="capture: the value must be the one that criterion captured (read-back)")
    answered: AnswerType | None = Field(None, description="survey: what kind of answer is wanted")
    reason_when: tuple[str, ...] = Field((), description="survey: answers after which the customer's reason is kept too")
    metric: str | None = None
    column: str | None = Field(None, description="metadata: the column looked at")
    is_: str | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    call_windows: tuple[CallWindow, ...] = Field((), description="metadata: when the call may be made; one must hold")
    not_on_holidays: bool = Field(False, description="metadata: public holidays of the rubric's `country` are no time to call")
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    of: tuple[Identifier, ...] = ()
    levels: dict[AnswerName, Credit | LevelBounds] = Field({}, description="credit between 0 and 1 by answer, or by value of a metric")
    when: tuple[Condition, ...] = ()
    not_applicable_when: tuple[Situation, ...] = ()
    excused_when: tuple[Situation, ...] = Field((), description="like not_applicable_when, but only if the criterion is not met anyway")
    weight: float = Field(1.0, ge=0, allow_inf_nan=False)
    critical: bool | Literal["section"] = Field(False, description="true: not met fails the call; section: it takes the section's points")
    bonus: bool = Field(False, description="adds points, but is not missed when it is not met")
    deduct: float | None = Field(None, gt=0, allow_inf_nan=False, description="points taken off per occurrence (`scoring: deductions`)")
    cap: float | None = Field(None, gt=0, allow_inf_nan=False, description="most points this criterion takes off")
    severity: Severity | None = None

    @model_validator(mode="after")
    def _has_what_its_check_reads(self) -> Criterion:
        has_words = bool(self.phrases or self.lists or self.meaning)
        has_limit = self.at_least is not None or self.at_most is not None
        wanted: dict[str, tuple[bool, str]] = {
            "phrase": (has_words or bool(self.groups), "`phrases`, `lists`, `groups` or `meaning`"),
            "question": (has_words, "`phrases`, `lists` or `meaning`"),
            "forbidden": (has_words or bool(self.whole_turn), "`phrases`, `lists`, `whole_turn` or `meaning`"),
            "capture": (self.capture is not None, "`capture`"),
            "survey": (has_words and self.answered is not None, "`answered` and `phrases`, `lists` or `meaning`"),
            "sequence": (len(self.of) > 1, "`of` with two criteria or more"),
            "metric": (bool(self.metric) and (has_limit or bool(self.levels)), "`metric` with `at_least`, `at_most` or `levels`"),
            "metadata": (
                self._has_metadata_test(),
                "`column` with `is`, `in`, `at_least` or `at_most`, or `call_windows`, or `not_on_holidays`",
            ),
            "semantic": (self.meaning is not None, "`meaning`"),
            "all": (bool(self.of), "`of`"),
            "any": (bool(self.of), "`of`"),
            "not": (len(self.of) == 1, "`of` with one criterion"),
        }
        is_complete, needs = wanted.get(self.check, (True, ""))
        if not is_complete:
            raise ValueError(f"check: {self.check} needs {needs}")
        given = {name for name in type(self).model_fields if name in self.model_fields_set}
        if stray := sorted(given - COMMON_KEYS - CHECK_KEYS[self.check]):
            names = ", ".join(f"`{name.rstrip('_')}`" for name in stray)
            raise ValueError(f"check: {self.check} does not read {names}")
        if isinstance(self.need, int) and self.need > max(1, len(self.groups)):
            raise ValueError(f"`need: {self.need}` is more than the {len(self.groups)} groups")
        if (self.in_order or self.within_words) and len(self.groups) < 2:
            raise ValueError("`in_order` and `within_words` go with two `groups` or more")
        if self.capture == "reason" and not self.values:
            raise ValueError("capture: reason needs `values`")
        if self.capture == "text" and not (has_words or self.repeats):
            raise ValueError("capture: text needs `phrases`, after which the text is said")
        if self.answered == "choice" and not self.answers:
            raise ValueError("answered: choice needs `answers`")
        if self.match == "meaning" and self.meaning is None:
            raise ValueError("match: meaning needs `meaning`")
        if self.cap is not None and self.deduct is None and self.severity is None:
            raise ValueError("`cap` goes with `deduct` or `severity`")
        return self

    @property
    def party(self) -> Literal["agent", "customer", "any"]:
        """Whose words the check looks at."""
        if self.who is not None:
            return self.who
        if self.check == "capture":
            return "agent" if self.repeats else "any"
        return "agent"

    def _has_metadata_test(self) -> bool:
        of_a_column = any(limit is not None for limit in (self.is_, self.in_, self.at_least, self.at_most))
        return (self.column is not None and of_a_column) or bool(self.call_windows) or self.not_on_holidays

    def languages(self) -> frozenset[Language]:
        """Languages the criterion can be judged in."""
        if self.check == "capture" and not self.phrase_texts():
            return frozenset(LANGUAGES)
        spoken = {language for language, _ in self.phrase_texts()}
        if self.meaning and self.meaning.examples:
            spoken |= set(self.meaning.examples.like)
        return frozenset(spoken)

    def phrase_texts(self) -> tuple[tuple[Language, str], ...]:
        """Every phrase of the criterion with its language."""
        lists = [self.phrases, self.whole_turn, self.unlike, *self.groups.values(), *self.answers.values(), *self.values.values()]
        return tuple((language, text) for phrases in lists for language, texts in phrases.items() for text in texts)

    def possible_answers(self) -> tuple[str, ...]:
        """Answers that `when` and `levels` may ask about; empty where the check has none."""
        if self.check == "survey":
            return tuple(dict.fromkeys((*SURVEY_ANSWERS.get(self.answered or "", ()), *self.answers, "unclear")))
        if self.check == "question":
            return (*self.answers, "unclear")
        if self.check == "sentiment":
            return ("positive", "neutral", "negative")
        if self.check == "manual":
            return tuple(self.levels)
        return tuple(self.values) if self.capture == "reason" else ()


# Keys every check reads, and those only some do: a key that would have no effect is a fault, not a surprise.
COMMON_KEYS = frozenset(
    [
        "id",
        "title",
        "advice",
        "check",
        "status",
        "when",
        "not_applicable_when",
        "excused_when",
        "weight",
        "critical",
        "bonus",
        "deduct",
        "cap",
        "severity",
    ]
)
_WINDOW = frozenset(["who", "within", "before", "after"])
_WORDS = frozenset(["lists", "phrases", "unlike", "meaning", "match"])
CHECK_KEYS: dict[str, frozenset[str]] = {
    "phrase": _WINDOW | _WORDS | {"groups", "need", "in_order", "within_words"},
    "question": _WINDOW | _WORDS | {"answers", "levels"},
    "forbidden": _WINDOW | _WORDS | {"whole_turn", "except_"},
    "capture": _WINDOW | _WORDS | {"capture", "values", "repeats"},
    "survey": _WINDOW | _WORDS | {"answered", "answers", "reason_when", "levels"},
    "sequence": frozenset({"of"}),
    "metric": frozenset({"metric", "at_least", "at_most", "levels"}),
    "sentiment": frozenset({"who", "levels"}),
    "metadata": frozenset({"column", "is_", "in_", "at_least", "at_most", "call_windows", "not_on_holidays"}),
    "semantic": _WINDOW | {"meaning", "unlike"},
    "manual": frozenset({"levels"}),
    "all": frozenset({"of"}),
    "any": frozenset({"of"}),
    "not": frozenset({"of"}),
}


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


class Index(_Part):
    """A figure over the answers of survey criteria. An answer counts `values[answer]`, a number its value × `times`; an item that was not
    answered counts nothing. The index of a call is the mean (or sum) over its items; that of a group of calls the mean over the calls.
    """

    id: Identifier
    title: Texts = {}
    items: tuple[Identifier, ...] = Field(min_length=1)
    values: dict[str, float] = {}
    times: float = Field(10, allow_inf_nan=False, description="factor of answers 1–10")
    combine: Literal["mean", "sum"] = "mean"


class Anchor(_Part):
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


class Contact(_Part):
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


class Rubric(_Part):
    """A scorecard with everything it refers to resolved."""

    id: Identifier
    version: int = Field(ge=1)
    title: Texts = {}
    about: Texts = {}
    effective_from: ISODate | None = Field(None, description="calls that began before this day are scored by the version before")
    applies_to: AppliesTo = AppliesTo()
    pass_mark: float = Field(80, ge=0, le=100)
    min_coverage: float = Field(0.5, ge=0, le=1)
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
