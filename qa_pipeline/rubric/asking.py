"""check: ask — a question in plain language that a language model answers: its keys, and what it is known by.

What is put to the model is in scoring/prompts.py, what is made of its answers in scoring/ask.py.
"""

# Annotations are not postponed here: pydantic would evaluate each anew for every type that inherits it.
import hashlib
import json
from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from qa_pipeline.languages.load import language_codes
from qa_pipeline.rubric.atoms import AnswerName, Identifier, Language, Location, PhraseLists, Texts
from qa_pipeline.rubric.shared_keys import Credits, PlacedCriterion

AnswersWanted = Literal["yes_no", "choice", "value"]
DOES_NOT_APPLY = "does_not_apply"
CANNOT_TELL = "cannot_tell"
"""What a model may always answer; no answer of a criterion is called so."""
WRITTEN = "written"
"""The model of replies that somebody wrote into a case: they count whichever model is asked, in every wording."""
# Answers of the kinds that have their own, the one that meets first and the one that says that nothing was said last.
_OWN_ANSWERS: dict[str, tuple[str, ...]] = {"yes_no": ("yes", "no"), "value": ("given", "not_given")}
# How often a question is put at most: so many wordings there are.
MOST_PHRASINGS = 3


class AskCriterion(PlacedCriterion):
    """A question in plain language about the call; its answer must be proved by words of the call."""

    needs: ClassVar[str] = "`question`"

    check: Literal["ask"]
    question: Texts = Field(min_length=1, description="language → what is asked about the call, as a person would ask it")
    applies: Texts = Field({}, description="language → which calls the question is about; of others it is not applicable")
    answered: AnswersWanted = "yes_no"
    answers: dict[AnswerName, Texts] = Field({}, description="answered: choice: answer → language → what it means")
    met_by: tuple[AnswerName, ...] = Field((), description="answers that are met; yes, or given, where nothing is said")
    absent: AnswerName | None = Field(
        None, description="answered: choice: the answer that says that nothing of it was said, which no words prove"
    )
    like: PhraseLists = Field({}, description="things said that would be enough")
    unlike: PhraseLists = Field({}, description="things said that would not")
    phrasings: int = Field(
        MOST_PHRASINGS, ge=1, le=MOST_PHRASINGS, description="in how many wordings it is put; how far they agree is its certainty"
    )
    at_least: float | None = Field(
        None, ge=0, le=1, description="certainty below which its finding is withheld; the rubric's where nothing is said"
    )
    settled_by: tuple[Identifier, ...] = Field((), description="criteria of which one met is enough: then nobody is asked")
    levels: Credits = Field({}, description="credit between 0 and 1 by answer")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.answered == "choice":
            if len(self.answers) < 2:
                raise ValueError("a choice needs two `answers` or more")
            if not self.met_by and not any(self.levels.values()):
                raise ValueError("a choice needs `met_by`, or `levels` of which one has credit")
        elif self.answers or self.absent:
            raise ValueError("`answers` and `absent` go with `answered: choice`")
        if reserved := {DOES_NOT_APPLY, CANNOT_TELL} & set(self.answers):
            raise ValueError(f"the answer {min(reserved)} is given by the model where it has no other; call yours otherwise")
        known = self.possible_answers()
        for name in (*self.met_by, *((self.absent,) if self.absent else ())):
            if name not in known:
                raise ValueError(f"there is no answer {name!r}; there are: {', '.join(known)}")
        if self.absent_answer in self.met_answers:
            raise ValueError(f"`absent` is met here ({self.absent_answer}): what no words prove cannot be")
        return self

    def references(self) -> Iterator[tuple[Location, str]]:
        """Criteria that must be judged before this one: the key that names each, and its id."""
        for number, name in enumerate(self.settled_by):
            yield ("settled_by", number), name
        yield from super().references()

    def languages(self) -> frozenset[Language]:
        """Every one: a model reads languages that the question is not written in."""
        return frozenset(language_codes())

    def possible_answers(self) -> tuple[str, ...]:
        """What it can be answered by."""
        return tuple(self.answers) or _OWN_ANSWERS.get(self.answered, ())

    @property
    def credits(self) -> Credits:
        """The credit that `levels` gives answers."""
        return self.levels

    @property
    def met_answers(self) -> frozenset[str]:
        """The answers that are met."""
        if self.met_by:
            return frozenset(self.met_by)
        credited = {name for name, credit in self.levels.items() if credit > 0}
        return frozenset(credited) if credited else frozenset(self.possible_answers()[:1])

    @property
    def absent_answer(self) -> str | None:
        """The answer that says that nothing of the kind was said: what was searched stands for it, and no quote."""
        return self.absent if self.answered == "choice" else self.possible_answers()[-1]

    @property
    def question_sha256(self) -> str:
        """Hash of what is asked: an answer belongs to it. Weight, status, levels and the like may change without asking anew."""
        asked = self.model_dump(mode="json", include={"question", "applies", "answered", "answers", "absent", "like", "unlike", "who"})
        return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
