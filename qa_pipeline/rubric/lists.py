"""List files: phrases that criteria share, and examples that a meaning is fitted on."""

from __future__ import annotations

from pydantic import Field

from qa_pipeline.rubric.atoms import Identifier, Language, Part, PhraseLists, Texts


class ExampleList(Part):
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
        likes: list[str] = []
        for key, examples in self.like.items():
            if language in (None, key):
                likes.extend(examples if isinstance(examples, tuple) else (text for family in examples.values() for text in family))
        return tuple(likes)

    def unlikes(self) -> tuple[str, ...]:
        """Every near miss."""
        return tuple(text for examples in self.unlike.values() for text in examples)


class Meaning(Part):
    """Match by meaning: an utterance as probable as `at_least` (0–1) to be one of the list's."""

    list: str
    at_least: float = Field(0.5, gt=0, lt=1, description="`rubric calibrate` finds it from the cases")
    examples: ExampleList | None = Field(None, description="filled in from the list file")
