"""Words that phrases treat specially, and what the slots of phrases stand for: what phrases/ reads of a language's folder."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from qa_pipeline.languages.patterns import Words
from qa_pipeline.languages.tables import Table


class Slots(BaseModel):
    """What a slot stands for: wordings that are phrases themselves. A phrase cannot use a slot that stands for nothing; names have files of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    daytime: tuple[str, ...] = ()
    duration: tuple[str, ...] = ()
    date: tuple[str, ...] = ()


class PhraseWords(Table):
    """Tokens as they stand in `norm` (text/normalise.py).

    `light`: they carry little of a phrase's meaning, and cost less where they are missing or misheard; `fillers`: they may stand in between;
    `degree`: they may stand between a negation and what it denies. `alike`: characters or words, as they are written, that are taken for one
    another whatever is meant (您/你).
    """

    FILE: ClassVar[str] = "phrases.yaml"
    light: Words = ()
    fillers: Words = ()
    degree: Words = ()
    alike: Words = ()
    slots: Slots = Field(default_factory=Slots)
