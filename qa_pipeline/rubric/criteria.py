"""Criteria: one type for each check, with the keys that the check reads and no others. Which type a criterion has is told by its `check`.

What several checks read is in shared_keys.py. Faults are put into a trainer's words by faults.py; what the checks mean is in scoring/ and
docs/rubric-language.md.
"""

# Annotations are not postponed here: pydantic would evaluate each anew for every type that inherits it.
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from qa_pipeline.languages.load import language_codes
from qa_pipeline.meaning.acts import Act
from qa_pipeline.phrases.grammar import MatchMode
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.atoms import AnswerName, Identifier, Language, Location, Part, PhraseLists
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.shared_keys import AnyCriterion, CombiningCriterion, Credits, Party, SearchingCriterion, WordedCriterion
from qa_pipeline.rubric.windows import CallWindow

# A supervisor listens to one suspect a day of an agent who says a thousand things.
SUSPECTS = 10.0
CaptureType = Literal["datetime", "number", "phone", "name", "reason", "text"]
AnswerType = Literal["yes_no", "three", "ten", "choice", "text"]
# Answers that surveys of a type can have; `choice` takes its own from `answers`.
SURVEY_ANSWERS: dict[str, tuple[str, ...]] = {
    "yes_no": ("yes", "no"),
    "three": ("satisfied", "average", "dissatisfied"),
    "ten": tuple(str(number) for number in range(1, 11)),
    "text": ("given",),
}


class LevelBounds(Part):
    """A level of a metric: its credit, and the values that reach it."""

    credit: float = Field(ge=0, le=1)
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)


class PhraseCriterion(WordedCriterion):
    """Phrases, groups of phrases or a meaning that must be said."""

    needs: ClassVar[str] = "`phrases`, `lists`, `groups` or `meaning`"

    check: Literal["phrase"]
    groups: dict[Identifier, PhraseLists] = {}
    need: Literal["one", "all"] | Annotated[int, Field(ge=1)] = "one"
    in_order: bool = Field(False, description="the groups must follow one another in the order written")
    within_words: int | None = Field(None, ge=1, description="the groups must lie within so many words (zh: syllables)")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.has_words and not self.groups:
            raise self.lacking()
        if isinstance(self.need, int) and self.need > max(1, len(self.groups)):
            raise ValueError(f"`need: {self.need}` is more than the {len(self.groups)} groups")
        if (self.in_order or self.within_words) and len(self.groups) < 2:
            raise ValueError("`in_order` and `within_words` go with two `groups` or more")
        return self

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from super().phrase_lists()
        for name, phrases in self.groups.items():
            yield ("groups", name), phrases, self.match_mode


class QuestionCriterion(WordedCriterion):
    """A question that must be asked; how it is answered is known to `when`."""

    needs: ClassVar[str] = "`phrases`, `lists` or `meaning`"

    check: Literal["question"]
    answers: dict[AnswerName, PhraseLists] = {}
    levels: Credits = Field({}, description="credit between 0 and 1 by answer")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.has_words:
            raise self.lacking()
        return self

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from super().phrase_lists()
        for name, phrases in self.answers.items():
            yield ("answers", name), phrases, "tolerant"

    def possible_answers(self) -> tuple[str, ...]:
        """Its own answers, and `unclear`."""
        return (*self.answers, "unclear")

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers."""
        return self.levels


class ForbiddenCriterion(WordedCriterion):
    """What must not be said."""

    needs: ClassVar[str] = "`phrases`, `lists`, `whole_turn`, `meaning` or `acts`"

    check: Literal["forbidden"]
    whole_turn: PhraseLists = Field({}, description="phrases that count only when the utterance is nothing else")
    except_: tuple[Literal["quoting", "asking_to_repeat", "noted_answer"], ...] = Field((), alias="except")
    acts: tuple[Act, ...] = Field(
        (), description="what the words do, in whatever wording, as a reader trained on written utterances tells it"
    )
    suspects: float = Field(
        SUSPECTS, gt=0, le=100, description="of 1,000 agents' utterances, how many may go to a person because `acts` suspects them"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.has_words and not self.whole_turn and not self.acts:
            raise self.lacking()
        if "suspects" in self.model_fields_set and not self.acts:
            raise ValueError("`suspects` goes with `acts`")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """`acts` and `suspects` only where there are some: a criterion without keeps the hash that it was published by."""
        found: dict[str, Any] = serialise(self)
        return found if self.acts else {name: value for name, value in found.items() if name not in ("acts", "suspects")}

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from super().phrase_lists()
        yield ("whole_turn",), self.whole_turn, "tolerant"

    def languages(self) -> frozenset[Language]:
        """Languages the criterion can be judged in: by acts alone, every one."""
        return super().languages() or (frozenset(language_codes()) if self.acts else frozenset())


class CaptureCriterion(WordedCriterion):
    """A value that must be said; with `repeats` one that must be said again."""

    needs: ClassVar[str] = "`capture`"

    check: Literal["capture"]
    capture: CaptureType
    values: dict[Identifier, PhraseLists] = Field({}, description="capture: reason: what the words are filed under")
    repeats: Identifier | None = Field(None, description="capture: the value must be the one that criterion captured (read-back)")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.capture == "reason" and not self.values:
            raise ValueError("capture: reason needs `values`")
        if self.capture == "text" and not (self.has_words or self.repeats):
            raise ValueError("capture: text needs `phrases`, after which the text is said")
        return self

    @property
    def party(self) -> Party:
        """Whose words the check looks at: anybody may give a value, the agent reads it back."""
        return self.who or ("agent" if self.repeats else "any")

    def references(self) -> Iterator[tuple[Location, str]]:
        """Criteria that must be judged before this one: the key that names each, and its id."""
        if self.repeats:
            yield ("repeats",), self.repeats
        yield from super().references()

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from super().phrase_lists()
        for name, phrases in self.values.items():
            yield ("values", name), phrases, "tolerant"

    def languages(self) -> frozenset[Language]:
        """Languages the criterion can be judged in: without phrases, every one."""
        return super().languages() if self.phrase_texts() else frozenset(language_codes())

    def possible_answers(self) -> tuple[str, ...]:
        """What a reason can be filed under."""
        return tuple(self.values) if self.capture == "reason" else ()


class SurveyCriterion(WordedCriterion):
    """An item of a questionnaire: it must be asked, and its answer is kept."""

    needs: ClassVar[str] = "`answered` and `phrases`, `lists` or `meaning`"

    check: Literal["survey"]
    answered: AnswerType = Field(description="survey: what kind of answer is wanted")
    answers: dict[AnswerName, PhraseLists] = {}
    reason_when: tuple[str, ...] = Field((), description="survey: answers after which the customer's reason is kept too")
    levels: Credits = Field({}, description="credit between 0 and 1 by answer")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.has_words:
            raise self.lacking()
        if self.answered == "choice" and not self.answers:
            raise ValueError("answered: choice needs `answers`")
        return self

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from super().phrase_lists()
        for name, phrases in self.answers.items():
            yield ("answers", name), phrases, "tolerant"

    def possible_answers(self) -> tuple[str, ...]:
        """Answers of the type, its own, and `unclear`."""
        return tuple(dict.fromkeys((*SURVEY_ANSWERS.get(self.answered, ()), *self.answers, "unclear")))

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers."""
        return self.levels


class SemanticCriterion(SearchingCriterion):
    """A meaning that must be said, whatever the words."""

    needs: ClassVar[str] = "`meaning`"

    check: Literal["semantic"]
    meaning: Meaning


class SequenceCriterion(CombiningCriterion):
    """Criteria that must be met in this order."""

    needs: ClassVar[str] = "`of` with two criteria or more"

    check: Literal["sequence"]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.of) < 2:
            raise self.lacking()
        return self


class CombinationCriterion(CombiningCriterion):
    """Criteria of which all must be met, any, or one not."""

    check: Literal["all", "any", "not"]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.check == "not" and len(self.of) != 1:
            raise ValueError("check: not needs `of` with one criterion")
        if not self.of:
            raise ValueError(f"check: {self.check} needs `of`")
        return self


class MetricCriterion(AnyCriterion):
    """A figure of the conversation within bounds."""

    needs: ClassVar[str] = "`metric` with `at_least`, `at_most` or `levels`"

    check: Literal["metric"]
    metric: str
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    levels: dict[AnswerName, LevelBounds] = Field({}, description="credit between 0 and 1 by value")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.metric or (self.at_least is None and self.at_most is None and not self.levels):
            raise self.lacking()
        return self


class MetadataCriterion(AnyCriterion):
    """What is known of a call beside its words: a column, or when it was made."""

    needs: ClassVar[str] = "`column` with `is`, `in`, `at_least` or `at_most`, or `call_windows`, or `not_on_holidays`"

    check: Literal["metadata"]
    column: str | None = Field(None, description="metadata: the column looked at")
    is_: str | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    call_windows: tuple[CallWindow, ...] = Field((), description="metadata: when the call may be made; one must hold")
    not_on_holidays: bool = Field(False, description="metadata: public holidays of the rubric's `country` are no time to call")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        has_test = any(wanted is not None for wanted in (self.is_, self.in_, self.at_least, self.at_most))
        if not (self.column is not None and has_test) and not self.call_windows and not self.not_on_holidays:
            raise self.lacking()
        return self


class SentimentCriterion(AnyCriterion):
    """How the customer's words feel over the call."""

    check: Literal["sentiment"]
    who: Party | None = Field(None, description="whose words; the agent's, for captures anybody's")
    levels: Credits = Field({}, description="credit between 0 and 1 by answer")

    def possible_answers(self) -> tuple[str, ...]:
        """The labels."""
        return ("positive", "neutral", "negative")

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers."""
        return self.levels


class ManualCriterion(AnyCriterion):
    """What a person decides."""

    check: Literal["manual"]
    levels: Credits = Field({}, description="what the reviewer chooses from, with its credit")

    def possible_answers(self) -> tuple[str, ...]:
        """What a reviewer can choose."""
        return tuple(self.levels)

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers."""
        return self.levels


Criterion = Annotated[
    PhraseCriterion
    | QuestionCriterion
    | ForbiddenCriterion
    | CaptureCriterion
    | SurveyCriterion
    | SequenceCriterion
    | MetricCriterion
    | SentimentCriterion
    | MetadataCriterion
    | SemanticCriterion
    | AskCriterion
    | ManualCriterion
    | CombinationCriterion,
    Field(discriminator="check"),
]
CRITERIA: dict[str, type[AnyCriterion]] = {
    check: kind for kind in get_args(get_args(Criterion)[0]) for check in get_args(kind.model_fields["check"].annotation)
}
"""The type of each check's criteria, by check."""


def keys_of(kind: type[AnyCriterion]) -> tuple[str, ...]:
    """The keys that criteria of a type may have, as files write them."""
    return tuple(field.alias or name for name, field in kind.model_fields.items())
