"""What the criteria of several checks share: the keys that every check reads (AnyCriterion), those that say whose words count and where
(PlacedCriterion), what takes them back or is known by its meaning (SearchingCriterion), which phrases are looked for (WordedCriterion), and the criteria
that others follow from (CombiningCriterion).
"""

# Annotations are not postponed here: pydantic would evaluate each anew for every type that inherits it.
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qa_pipeline.phrases.grammar import MatchMode
from qa_pipeline.rubric.atoms import AnswerName, Identifier, Language, Location, Part, PhraseLists, Texts
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.windows import Window

Status = Literal["draft", "trial", "assist", "stable"]
Situation = Literal["agent_absent", "voicemail", "wrong_person", "customer_busy", "customer_ended_first", "customer_hung_up"]
Severity = Literal["light", "middle", "heavy"]
Party = Literal["agent", "customer", "any"]
Credits = dict[AnswerName, Annotated[float, Field(ge=0, le=1)]]
"""Answer → credit between 0 and 1."""


class Condition(Part):
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
    def _asks_one_thing(self) -> Self:
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


class AnyCriterion(Part):
    """One line of the scorecard: the keys that every check reads."""

    needs: ClassVar[str] = ""
    """What a criterion of this check cannot be without, as its fault says it."""

    id: Identifier
    title: Texts = {}
    advice: Texts = {}
    check: str
    status: Status = "draft"
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
    def _caps_what_it_takes_off(self) -> Self:
        if self.cap is not None and self.deduct is None and self.severity is None:
            raise ValueError("`cap` goes with `deduct` or `severity`")
        return self

    def references(self) -> Iterator[tuple[Location, str]]:
        """Criteria that must be judged before this one: the key that names each, and its id."""
        for number, condition in enumerate(self.when):
            if condition.criterion:
                yield ("when", number, "criterion"), condition.criterion

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield from ()

    def phrase_texts(self) -> tuple[tuple[Language, str], ...]:
        """Every phrase of the criterion with its language."""
        return tuple((language, text) for _, lists, _ in self.phrase_lists() for language, texts in lists.items() for text in texts)

    def languages(self) -> frozenset[Language]:
        """Languages that the criterion has words in."""
        return frozenset()

    def possible_answers(self) -> tuple[str, ...]:
        """Answers that `when` and `levels` may ask about; empty where the check has none."""
        return ()

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers; empty where the check has no answers."""
        return {}

    def lacking(self) -> ValueError:
        """The fault of a criterion without what its check needs."""
        return ValueError(f"check: {self.check} needs {self.needs}")


class PlacedCriterion(AnyCriterion):
    """A check of words: the keys that say whose words count, and where in the call."""

    who: Party | None = Field(None, description="whose words; the agent's, for captures anybody's")
    within: Window | None = None
    before: Identifier | None = None
    after: Identifier | None = None

    @property
    def party(self) -> Party:
        """Whose words the check looks at."""
        return self.who or "agent"

    def references(self) -> Iterator[tuple[Location, str]]:
        """Criteria that must be judged before this one: the key that names each, and its id."""
        for key, name in (("before", self.before), ("after", self.after)):
            if name:
                yield (key,), name
        yield from super().references()


class SearchingCriterion(PlacedCriterion):
    """A check that looks for words: what it takes back or knows by its meaning."""

    unlike: PhraseLists = Field({}, description="phrases that take a hit back when they cover it")
    meaning: Meaning | None = None
    second_look: Texts = Field({}, description="language → what a language model is asked where the finding is unsure: whether it was said")

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield ("unlike",), self.unlike, "tolerant"

    def languages(self) -> frozenset[Language]:
        """Languages the criterion can be judged in: those of its phrases and of the examples of its meaning."""
        spoken = {language for language, _ in self.phrase_texts()}
        if self.meaning and self.meaning.examples:
            spoken |= set(self.meaning.examples.like)
        return frozenset(spoken)


class WordedCriterion(SearchingCriterion):
    """A check that looks for phrases."""

    lists: tuple[str, ...] = Field((), description="files whose phrases are added to this criterion's")
    phrases: PhraseLists = {}
    match: Literal["exact", "tolerant", "strict", "regex", "meaning"] = "tolerant"

    @model_validator(mode="after")
    def _has_the_meaning_it_matches(self) -> Self:
        if self.match == "meaning" and self.meaning is None:
            raise ValueError("match: meaning needs `meaning`")
        return self

    @property
    def has_words(self) -> bool:
        """Whether it says what to look for."""
        return bool(self.phrases or self.lists or self.meaning)

    @property
    def match_mode(self) -> MatchMode:
        """How its phrases are matched."""
        return "tolerant" if self.match == "meaning" else self.match

    def phrase_lists(self) -> Iterator[tuple[Location, PhraseLists, MatchMode]]:
        """Every key that holds phrases, with how they are matched."""
        yield ("phrases",), self.phrases, self.match_mode
        yield from super().phrase_lists()


class CombiningCriterion(AnyCriterion):
    """A check that follows from other criteria."""

    of: tuple[Identifier, ...] = ()

    def references(self) -> Iterator[tuple[Location, str]]:
        """Criteria that must be judged before this one: the key that names each, and its id."""
        for number, name in enumerate(self.of):
            yield ("of", number), name
        yield from super().references()
