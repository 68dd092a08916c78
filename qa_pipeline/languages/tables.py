"""The types of a language's files: one class a file, every field with what it holds. A file says only what its language needs.

Strict and closed, as rubrics are: an unknown key is a fault.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

HAN: Final = "han"
Texts = tuple[str, ...]


class Table(BaseModel):
    """One file of a language."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    FILE: ClassVar[str]


class Language(Table):
    """What a language is called and how it is written.

    `script`: `han` where a unit is a character and nothing stands between units, `letters` where it is a word. `rank`: place in lists.
    """

    FILE: ClassVar[str] = "language.yaml"
    code: str
    name: str
    script: Literal["han", "letters"]
    rank: int
