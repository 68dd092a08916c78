"""The smallest parts of rubric files: names, languages, texts and phrases by language; and what every larger part is: frozen, closed, strict."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["zh", "en", "pl", "sv"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "pl", "sv")
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# How a question can be answered: also numbers (1–10).
AnswerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
PhraseLists = dict[Language, tuple[str, ...]]
Texts = dict[Language, str]
Location = tuple[str | int, ...]
"""Keys and indexes that lead to a place in a file."""


class Part(BaseModel):
    """A part of a rubric file. An unknown key is a fault, and nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
